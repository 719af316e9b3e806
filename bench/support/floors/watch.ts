/**
 * A server of @grpc/grpc-js that sends events to all that call WatchEvents, and nothing else; each
 * event is encoded once. A line `RATE SECONDS` on its standard input begins, and it writes the
 * number of events afterwards. Ends with its standard input.
 */
import { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";
import { Event } from "../../../src/grpc/gen/maglev.ts";
import { create, encode } from "../../../src/grpc/messages/codec.ts";
import { FineClock } from "../fine_clock.ts";
import { linesOf } from "../lines.ts";

const clock = new FineClock();
const watchers = new Set<grpc.ServerWritableStream<Uint8Array, Uint8Array>>();
const same = (bytes: Uint8Array) => Buffer.from(bytes);
const method = {
  path: "/maglev.Maglev/WatchEvents",
  requestStream: false,
  responseStream: true,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
} as const;

const server = new grpc.Server();
server.addService({ watchEvents: method }, {
  watchEvents(call: grpc.ServerWritableStream<Uint8Array, Uint8Array>) {
    watchers.add(call);
    call.sendMetadata(new grpc.Metadata());
  },
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(JSON.stringify({ event: "listening", port }));
});

function send(name: string): void {
  const transition = {
    from: "unknown",
    to: "up",
    atUnixNs: BigInt(Math.round(clock.wallMs() * 1000)) * 1000n,
    result: { ok: true, layer: "L4", code: "L4OK", detail: "", durationNs: 250_000n },
  };
  const event = { $case: "backend", value: { name, transition } } as const;
  const bytes = Buffer.from(encode(Event, create(Event, { event })));
  for (const call of watchers) call.write(bytes);
}

for await (const line of linesOf(Deno.stdin.readable)) {
  const [rate, seconds] = line.split(" ").map(Number) as [number, number];
  const endMs = performance.now() + 1000 * seconds;
  let made = 0;
  for (; performance.now() < endMs; made++) {
    send(`backend${made}`);
    const pauseMs = -Math.log(1 - Math.random()) * 1000 / rate;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  console.log(JSON.stringify({ event: "made", made }));
}
Deno.exit(0);
