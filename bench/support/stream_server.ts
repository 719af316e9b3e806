/**
 * The HTTP server with the dashboard's limits, as a process to be measured: `/events` is a stream,
 * and all streams get one event of some 200 bytes `rate` times a second, each with the instant at
 * which it was sent in milliseconds of Unix time. Prints its port. Ends with its standard input.
 * Argument: rate.
 */
import { textAnswer } from "../../src/http/answer_head.ts";
import { DASHBOARD_LIMITS } from "../../src/http/limits.ts";
import type { EventStream } from "../../src/http/ports.ts";
import { HttpServer } from "../../src/http/server.ts";
import { SystemClock } from "../../src/system/system_clock.ts";

const [rate] = Deno.args.map(Number) as [number];
const streams = new Set<EventStream>();

function start(stream: EventStream): void {
  streams.add(stream);
  stream.ended.then(() => streams.delete(stream));
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const server = new HttpServer({
  listeners: [listener],
  clock: new SystemClock(),
  limits: DASHBOARD_LIMITS,
  encrypted: false,
  handle: ({ path }) =>
    Promise.resolve(
      path === "/events" ? { kind: "stream", retryMs: 2000, start } : textAnswer(200, "alive"),
    ),
  failed: (error) => {
    throw error;
  },
});
server.start();

const encoder = new TextEncoder();
const { port } = listener.addr as Deno.NetAddr;
console.log(JSON.stringify({ event: "listening", port }));

/** As long as an event of a backend is. */
const PADDING = "x".repeat(150);
const startMs = performance.now();
let due = 0;
const ticking = setInterval(() => {
  const nowMs = performance.now();
  for (; due < ((nowMs - startMs) / 1000) * rate; due++) {
    const sentMs = performance.timeOrigin + performance.now();
    const text = `id: 1-${due}\nevent: backend\ndata: {"t":${
      sentMs.toFixed(3)
    },"x":"${PADDING}"}\n\n`;
    const bytes = encoder.encode(text);
    for (const stream of streams) stream.send(bytes);
  }
}, Math.max(1, 1000 / rate));

await Deno.stdin.readable.pipeTo(new WritableStream());
clearInterval(ticking);
await server.stop();
