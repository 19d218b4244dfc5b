// Edge's pixel and click on Node with fastify: the same choice of variant (sha256 viewer key, md5 bucket, weights in basis points), the same headers, and the
// event as a line of a log that is written in blocks. compare.sh gives port, destination and file: node server.js PORT DESTINATION LOG

"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const fastify = require("fastify");

const [port, destination, logFile] = process.argv.slice(2);

const experiments = new Map([
  ["demo-ab", { uid: "exp_demo_ab", variants: [{ id: "a", weight: 5000 }, { id: "b", weight: 5000 }] }],
]);

// 43 bytes, GIF89a, one transparent pixel.
const gif = Buffer.from("R0lGODlhAQABAPAAAP///wAAACH5BAUAAAAALAAAAAABAAEAAAICRAEAOw==", "base64");

const commonHeaders = {
  "Cache-Control": "no-cache, no-store, must-revalidate, private, max-age=0",
  "Pragma": "no-cache",
  "Expires": "0",
  "X-Content-Type-Options": "nosniff",
  "X-Robots-Tag": "noindex",
};

const pixelHeaders = {
  ...commonHeaders,
  "Content-Type": "image/gif",
  "Cross-Origin-Resource-Policy": "cross-origin",
  "Access-Control-Allow-Origin": "*",
};

/** Lines that are written in blocks of 64 KiB, or after a second. */
class BufferedLog {
  static #blockChars = 64 * 1024;
  #stream;
  #lines = "";

  constructor(file) {
    this.#stream = fs.createWriteStream(file, { flags: "a" });
    setInterval(() => this.#write(), 1000);
  }

  append(line) {
    this.#lines += line + "\n";
    if (this.#lines.length >= BufferedLog.#blockChars) {
      this.#write();
    }
  }

  #write() {
    if (this.#lines.length > 0) {
      this.#stream.write(this.#lines);
      this.#lines = "";
    }
  }
}

const log = new BufferedLog(logFile);

// crypto.hash, which Node has since 20.12, makes no object.
const digest = crypto.hash ?? ((algorithm, text) => crypto.createHash(algorithm).update(text).digest("hex"));

/** First 16 hex digits of SHA-256 over address and user agent. */
function viewerKey(address, userAgent) {
  return digest("sha256", address + userAgent).slice(0, 16);
}

/** First 32 bits of MD5 over experiment and viewer, modulo 10000: walk the weights, the last variant takes the rest. */
function chooseVariant(experiment, request) {
  const key = viewerKey(request.ip, request.headers["user-agent"] ?? "");
  const bucket = parseInt(digest("md5", `${experiment.uid}:${key}`).slice(0, 8), 16) % 10000;
  let upTo = 0;
  for (const variant of experiment.variants) {
    upTo += variant.weight;
    if (bucket < upTo) {
      return variant;
    }
  }
  return experiment.variants[experiment.variants.length - 1];
}

function record(request, experiment, variant) {
  log.append(JSON.stringify({
    id: crypto.randomUUID(),
    received_at: new Date().toISOString(),
    address: request.ip,
    method: request.method,
    path: request.url,
    user_agent: request.headers["user-agent"],
    referrer: request.headers.referer,
    experiment: experiment.uid,
    variant: variant.id,
  }));
}

/** Answers for a known experiment, 404 for any other. */
function forExperiment(answer) {
  return (request, reply) => {
    const experiment = experiments.get(request.params.slug);
    if (experiment) {
      answer(request, reply, experiment);
    } else {
      reply.code(404).send();
    }
  };
}

const server = fastify();

server.get("/s/:slug/pixel.gif", forExperiment((request, reply, experiment) => {
  record(request, experiment, chooseVariant(experiment, request));
  reply.headers(pixelHeaders).send(gif);
}));

server.get("/s/:slug/click", forExperiment((request, reply, experiment) => {
  record(request, experiment, chooseVariant(experiment, request));
  reply.code(302).headers(commonHeaders).header("Location", destination).send();
}));

server.get("/s/:slug/resolve", forExperiment((request, reply, experiment) => {
  reply.send({ variantId: chooseVariant(experiment, request).id });
}));

server.listen({ host: "127.0.0.1", port: Number(port) });
