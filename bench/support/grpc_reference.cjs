/**
 * What maglevd's gRPC is measured beside: an ordinary server of @grpc/grpc-js on Node, with the
 * messages of maglev.proto. It answers GetBackend with the message that it is given, and tells
 * everyone who watches so many events a second from the first watcher's `go` on: the first line on
 * its standard input is `RATE SECONDS`, and begins that; it says `made` with their number after it.
 * Ends with its standard input. Arguments: maglev.proto, and an answer of GetBackend in hex.
 * NODE_PATH names a folder of modules with @grpc/grpc-js.
 */
"use strict";
const { createRequire } = require("node:module");
const readline = require("node:readline");
const grpc = require("@grpc/grpc-js");
const loader = createRequire(require.resolve("@grpc/grpc-js"))("@grpc/proto-loader");

const [, , proto, answerHex] = process.argv;
const definition = loader.loadSync(proto, { longs: Number });
const service = definition["maglev.Maglev"];
const answer = service.GetBackend.responseDeserialize(Buffer.from(answerHex, "hex"));
const watchers = new Set();

const server = new grpc.Server();
server.addService(service, {
  getBackend: (_call, callback) => callback(null, answer),
  watchEvents(call) {
    watchers.add(call);
    call.on("cancelled", () => watchers.delete(call));
    call.sendMetadata(new grpc.Metadata());
  },
});

function print(record) {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

/** Tells everybody, at random instants. */
function tell(rate, seconds) {
  const endMs = performance.now() + 1000 * seconds;
  let made = 0;
  const next = () => {
    if (performance.now() >= endMs) return print({ event: "made", made });
    const atUnixNs = Math.round((performance.timeOrigin + performance.now()) * 1e6);
    const result = { ok: true, layer: "L4", code: "L4OK", durationNs: 250_000 };
    const transition = { from: "unknown", to: "up", atUnixNs, result };
    const event = { backend: { name: `backend${made}`, transition } };
    for (const call of watchers) call.write(event);
    made++;
    setTimeout(next, -Math.log(1 - Math.random()) * 1000 / rate);
  };
  next();
}

server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  print({ event: "listening", port });
});
const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [rate, seconds] = line.split(" ").map(Number);
  tell(rate, seconds);
});
lines.on("close", () => process.exit(0));
