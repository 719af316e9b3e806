/**
 * Watchers of a daemon's events, each with a connection of its own. Writes a line when all have
 * received the present state. Later messages are decoded at the next line. For a line `count` on
 * its standard input it writes the number of events since the last `received`, and for `received`
 * the events themselves. Ends with its standard input.
 * Arguments: address, watchers, and events that make up the present state.
 */
import { Event, WatchRequest } from "../../src/grpc/gen/maglev.ts";
import { create, decode, encode } from "../../src/grpc/messages/codec.ts";
import { FineClock } from "./fine_clock.ts";
import { GrpcConnection } from "./grpc_connection.ts";
import { linesOf } from "./lines.ts";

const clock = new FineClock();

const address = Deno.args[0]!;
const [watchers, replayed] = Deno.args.slice(1).map(Number) as [number, number];

/** By watcher: events of the present state, and events since the last line. */
const replays = new Uint32Array(watchers);
const counts = new Uint32Array(watchers);
let behind = replayed === 0 ? 0 : watchers;
let [dropped, ended] = [0, 0];
/** From each event's own time to its end in a watcher, in milliseconds. */
let latencies: number[] = [];

function print(record: object): void {
  console.log(JSON.stringify(record));
}

/** Messages of which only the time was taken: decoding one would delay what is read next. */
const pending: { readonly watcher: number; readonly message: Uint8Array; readonly atMs: number }[] =
  [];

function take(watcher: number, message: Uint8Array): void {
  const atMs = clock.wallMs();
  if (behind > 0) count({ watcher, message, atMs });
  else pending.push({ watcher, message: message.slice(), atMs });
}

function count({ watcher, message, atMs }: typeof pending[number]): void {
  const { event } = decode(Event, message);
  if (event?.$case === "log" && event.value.msg === "events-dropped") {
    const count = event.value.attributes.find(({ key }) => key === "count")?.value;
    dropped += Number(count);
    return;
  }
  if (event?.$case !== "backend" && event?.$case !== "frontend") return;
  const { transition } = event.value;
  if (transition?.from === transition?.to) {
    if (++replays[watcher]! === replayed && --behind === 0) print({ event: "all-replayed" });
    return;
  }
  counts[watcher]!++;
  latencies.push(atMs - Number(transition!.atUnixNs) / 1e6);
}

const request = encode(WatchRequest, create(WatchRequest, { backend: true, frontend: true }));
const connections: GrpcConnection[] = [];
for (let watcher = 0; watcher < watchers; watcher++) {
  const connection = await GrpcConnection.open(address);
  connections.push(connection);
  connection.call("/maglev.Maglev/WatchEvents", {
    request,
    onMessage: (message) => take(watcher, message),
    onEnd: () => ended++,
  });
}
if (behind === 0) print({ event: "all-replayed" });

for await (const line of linesOf(Deno.stdin.readable)) {
  for (const one of pending.splice(0)) count(one);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (line === "count") {
    print({ event: "count", total });
    continue;
  }
  const ms = latencies.sort((a, b) => a - b);
  const at = (share: number) => ms[Math.min(ms.length - 1, Math.floor(share * ms.length))] ?? null;
  print({
    event: "received",
    least: Math.min(...counts),
    most: Math.max(...counts),
    total,
    dropped,
    ended,
    latencyMs: { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) },
  });
  latencies = [];
  dropped = 0;
  counts.fill(0);
}
for (const connection of connections) await connection.close();
