// Connections that have had a pixel each and then stay open: node idle.js PORT COUNT PATH. Says "ready" when all have been answered.

"use strict";

const net = require("node:net");

const [port, count, path] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];
const atOnce = 100;
const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
let opened = 0;
let answered = 0;

function open() {
  if (opened === count) {
    return;
  }

  opened++;
  const socket = net.connect(port, "127.0.0.1", () => socket.write(request));
  socket.once("data", () => {
    if (++answered === count) {
      console.log("ready");
    }
    open();
  });
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("a connection was closed")));
}

function fail(error) {
  console.error(`idle.js: ${error.message} after ${answered} connections`);
  process.exit(1);
}

for (let i = 0; i < Math.min(atOnce, count); i++) {
  open();
}
