import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fakes/fake_clock.ts";
import { ConnectionStream } from "./connection_stream.ts";
import { PING_INTERVAL_MS, STREAM_EXEMPT_BYTES, STREAM_QUEUE_BYTES } from "./limits.ts";
import type { EventStream, StreamEnd } from "./ports.ts";

/** A socket that takes what the test lets it take. */
class ManualSocket {
  readonly written: Uint8Array[] = [];
  #pending: PromiseWithResolvers<number> | undefined;

  write(bytes: Uint8Array): Promise<number> {
    assert.equal(this.#pending, undefined, "one write at a time");
    this.written.push(bytes);
    this.#pending = Promise.withResolvers();
    return this.#pending.promise;
  }

  /** The pending write took `count` bytes; default: all. */
  async take(count = this.written.at(-1)!.length): Promise<void> {
    const pending = this.#pending!;
    this.#pending = undefined;
    pending.resolve(count);
    await settle();
  }

  async fail(): Promise<void> {
    this.#pending!.reject(new Deno.errors.ConnectionReset());
    this.#pending = undefined;
    await settle();
  }

  get text(): string {
    return this.written.map((bytes) => new TextDecoder().decode(bytes)).join("|");
  }
}

function open(
  start: (stream: EventStream) => void = () => {},
  defer?: (fn: () => void) => void,
) {
  const conn = new ManualSocket();
  const clock = new FakeClock();
  const stream = new ConnectionStream({ conn, clock, defer });
  stream.start({ retryMs: 2000, start });
  const ends: StreamEnd[] = [];
  stream.ended.then((end) => ends.push(end));
  return { conn, clock, stream, ends };
}

const RETRY = "retry: 2000\n\n";
const bytes = (size: number) => new Uint8Array(size);

Deno.test("ConnectionStream sends retry, then events: the caller's bytes, or several joined when they waited", async () => {
  const { conn, stream } = open();
  const event = new TextEncoder().encode("data: 1\n\n");
  assert.ok(stream.send(event) && stream.send(event));
  assert.equal(stream.queuedBytes, RETRY.length + 18);
  await conn.take();
  assert.equal(conn.text, `${RETRY}|data: 1\n\ndata: 1\n\n`);
  await conn.take(4);
  assert.equal(new TextDecoder().decode(conn.written.at(-1)), ": 1\n\ndata: 1\n\n", "the rest");
  await conn.take();
  assert.equal(stream.queuedBytes, 0);
  stream.send(event);
  assert.equal(conn.written.at(-1), event, "not copied");
  stream.finish("closed");
});

Deno.test("ConnectionStream writes once what is sent before it may begin", async () => {
  const due: (() => void)[] = [];
  const run = () => due.splice(0).forEach((fn) => fn());
  const { conn, stream, ends, clock } = open(() => {}, (fn) => due.push(fn));
  const event = new TextEncoder().encode("data: 1\n\n");
  stream.send(event);
  assert.deepEqual([conn.written.length, due.length], [0, 1]);
  run();
  assert.equal(conn.text, `${RETRY}data: 1\n\n`);
  // While it writes nothing is put off: the rest follows immediately.
  stream.send(event);
  assert.equal(due.length, 0);
  await conn.take();
  assert.equal(conn.written.at(-1), event);
  await conn.take();
  // A ping is not sent next to events, and an end waits for them.
  stream.send(event);
  clock.advance(PING_INTERVAL_MS);
  stream.close();
  run();
  assert.equal(conn.written.at(-1), event);
  await conn.take();
  await settle();
  assert.deepEqual(ends, ["closed"]);
  const gone = open(() => {}, (fn) => due.push(fn));
  gone.stream.finish("gone");
  run();
  assert.equal(gone.conn.written.length, 0);
});

Deno.test("ConnectionStream drops a client with more than 64 KiB in the queue, counted in bytes", async () => {
  for (const size of [10, 1000, STREAM_QUEUE_BYTES]) {
    const { conn, stream } = open();
    await conn.take();
    let sent = 0;
    while (stream.send(bytes(size))) sent += size;
    assert.ok(sent <= STREAM_QUEUE_BYTES && sent + size > STREAM_QUEUE_BYTES, `${sent}`);
    assert.equal(await stream.ended, "slow");
    assert.equal(stream.queuedBytes, 0);
    assert.equal(stream.send(bytes(1)), false);
  }
  const many = open();
  await many.conn.take();
  for (let i = 0; i < 60_000; i++) {
    assert.ok(many.stream.send(bytes(1)), "the number does not count");
  }
  many.stream.finish("closed");
});

Deno.test("ConnectionStream does not count a replay and events that never fit, up to 4 MiB", async () => {
  const { conn, stream } = open((stream) => {
    for (let i = 0; i < 20; i++) assert.ok(stream.send(bytes(10_000)));
  });
  assert.ok(stream.send(bytes(STREAM_QUEUE_BYTES)));
  assert.ok(stream.send(bytes(100_000)));
  await conn.take();
  for (let left = 300_000; left > 0; left -= conn.written.at(-1)!.length) await conn.take();
  while (stream.queuedBytes > 0) await conn.take();
  let sent = 0;
  while (stream.send(bytes(1000))) sent += 1000;
  assert.equal(sent, 65_000, "the exemption ends with what it was for");
  const flood = open();
  sent = 0;
  while (flood.stream.send(bytes(100_000))) sent += 100_000;
  assert.ok(sent <= STREAM_EXEMPT_BYTES && sent > STREAM_EXEMPT_BYTES - 200_000);
  assert.equal(await flood.stream.ended, "slow");
});

Deno.test("ConnectionStream pings every 15 s, and drops a client that takes nothing from one ping to the next", async () => {
  const { conn, clock, stream } = open();
  await conn.take();
  for (let i = 1; i <= 3; i++) {
    clock.advance(PING_INTERVAL_MS - 1);
    assert.equal(conn.written.length, i);
    clock.advance(1);
    assert.equal(new TextDecoder().decode(conn.written.at(-1)), ": ping\n\n");
    await conn.take();
  }
  stream.send(bytes(100));
  await conn.take(10);
  clock.advance(PING_INTERVAL_MS);
  await conn.take(10);
  clock.advance(PING_INTERVAL_MS);
  assert.ok(stream.send(bytes(100)), "it is slow, but it moves");
  clock.advance(PING_INTERVAL_MS);
  assert.equal(await stream.ended, "slow");
  assert.equal(clock.timers, 0);
});

Deno.test("ConnectionStream ends once: closed after what is queued, gone when the socket fails", async () => {
  const closed = open();
  closed.stream.send(bytes(10));
  closed.stream.close();
  assert.equal(closed.stream.send(bytes(10)), false);
  await closed.conn.take();
  assert.deepEqual(closed.ends, []);
  await closed.conn.take();
  assert.equal(await closed.stream.ended, "closed");
  closed.stream.close();
  closed.stream.finish("gone");
  await settle();
  assert.deepEqual([closed.ends, closed.clock.timers], [["closed"], 0]);
  const gone = open();
  await gone.conn.fail();
  assert.equal(await gone.stream.ended, "gone");
  const atOnce = open((stream) => stream.close());
  await atOnce.conn.take();
  assert.equal(await atOnce.stream.ended, "closed");
});
