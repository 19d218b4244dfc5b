// Edge's pixel and click on the Workers runtime: the same choice of variant (sha256 viewer key, md5 bucket, weights in
// basis points), the same status codes, headers and bytes. It records nothing: a Worker has no local log to append to,
// so each request costs it less work than it costs Edge.

const experiments = new Map([
  ["demo-ab", { uid: "exp_demo_ab", variants: [{ id: "a", weight: 5000 }, { id: "b", weight: 5000 }] }],
]);

const encoder = new TextEncoder();

// 43 bytes, GIF89a, one transparent pixel.
const gif = Uint8Array.from(atob("R0lGODlhAQABAPAAAP///wAAACH5BAUAAAAALAAAAAABAAEAAAICRAEAOw=="), c => c.charCodeAt(0));

const commonHeaders = {
  "Cache-Control": "no-cache, no-store, must-revalidate, private, max-age=0",
  "Pragma": "no-cache",
  "Expires": "0",
  "X-Content-Type-Options": "nosniff",
  "X-Robots-Tag": "noindex",
};

const pixelHeaders = new Headers({
  ...commonHeaders,
  "Content-Type": "image/gif",
  "Content-Length": String(gif.byteLength),
  "Cross-Origin-Resource-Policy": "cross-origin",
  "Access-Control-Allow-Origin": "*",
});

const route = /^\/s\/([a-z0-9-]{3,60})\/(pixel\.gif|click|resolve)$/;

/** workerd names the peer "address:port" where Cloudflare's network puts facts about the connection. */
function clientAddress(request) {
  const peer = request.cf?.clientIp ?? "";
  return peer.slice(0, peer.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}

/** First 16 hex digits of SHA-256 over address and user agent. */
async function viewerKey(address, userAgent) {
  const digest = new DataView(await crypto.subtle.digest("SHA-256", encoder.encode(address + userAgent)));
  return digest.getBigUint64(0).toString(16).padStart(16, "0");
}

/** First 32 bits of MD5 over experiment and viewer, modulo 10000: walk the weights, the last variant takes the rest. */
async function chooseVariant(experiment, key) {
  const digest = new DataView(await crypto.subtle.digest("MD5", encoder.encode(`${experiment.uid}:${key}`)));
  const bucket = digest.getUint32(0) % 10000;
  let upTo = 0;
  for (const variant of experiment.variants) {
    upTo += variant.weight;
    if (bucket < upTo) {
      return variant;
    }
  }
  return experiment.variants[experiment.variants.length - 1];
}

export default {
  async fetch(request, environment) {
    const match = route.exec(new URL(request.url).pathname);
    const experiment = match && experiments.get(match[1]);
    if (!experiment) {
      return new Response(null, { status: 404 });
    }

    const key = await viewerKey(clientAddress(request), request.headers.get("User-Agent") ?? "");
    const variant = await chooseVariant(experiment, key);
    switch (match[2]) {
      case "pixel.gif":
        return new Response(gif, { headers: pixelHeaders });
      case "click":
        return new Response(null, { status: 302, headers: { ...commonHeaders, Location: environment.DESTINATION } });
      default:
        return Response.json({ variantId: variant.id });
    }
  },
};
