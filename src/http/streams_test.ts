/**
 * Streams of events over sockets. Goal: many readers cost the server one encoding, a reader that
 * does not read harms only itself, and streams and short requests do not take each other's places.
 */
import assert from "node:assert/strict";
import {
  type HttpWorld,
  inHttpWorld,
  readAll,
  readTo,
  send,
} from "../../tests/support/worlds/http_world.ts";
import { statusAnswer, textAnswer } from "./answer_head.ts";
import {
  DASHBOARD_LIMITS,
  type HttpLimits,
  LINGER_MS,
  METRICS_LIMITS,
  PING_INTERVAL_MS,
} from "./limits.ts";
import type { EventStream, HttpAnswer, HttpRequest, StreamEnd } from "./ports.ts";

const CLOSE = "Host: a\r\nConnection: close\r\n\r\n";
const GET_EVENTS = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";
const eventsOf = (group: string) => `GET /events HTTP/1.1\r\nHost: a\r\nX-Group: ${group}\r\n\r\n`;
const RETRY = "retry: 2000\n\n";

interface Streams {
  readonly streams: EventStream[];
  readonly ends: StreamEnd[];
  /** A reader that has received the head and `retry`. */
  open(group?: string): Promise<Deno.Conn>;
}

function inWorld(
  limits: HttpLimits,
  fn: (world: HttpWorld & Streams) => Promise<void>,
): Promise<void> {
  const streams: EventStream[] = [];
  const ends: StreamEnd[] = [];
  const start = (stream: EventStream) => {
    streams.push(stream);
    stream.ended.then((end) => ends.push(end));
  };
  const answer = ({ path, headers }: HttpRequest): Promise<HttpAnswer> => {
    if (path === "/healthz") return Promise.resolve(textAnswer(200, "alive"));
    if (path !== "/events") return Promise.resolve(statusAnswer(404));
    const group = headers.get("x-group");
    return Promise.resolve({
      kind: "stream",
      ...group !== undefined && { group },
      retryMs: 2000,
      start,
      headers: { "X-A": "1" },
    });
  };
  return inHttpWorld({ limits, handle: () => answer }, (world) => {
    const open = async (group?: string) => {
      const conn = await world.connect();
      await send(conn, group === undefined ? GET_EVENTS : eventsOf(group));
      await readTo(conn, RETRY);
      return conn;
    };
    return fn({ ...world, streams, ends, open });
  });
}

Deno.test("HttpServer streams events: head, retry, events of all readers, pings; HEAD gets the head alone", async () => {
  await inWorld(DASHBOARD_LIMITS, async ({ clock, connect, exchange, open, streams, until }) => {
    const first = await connect();
    await send(first, GET_EVENTS);
    const head = await readTo(first, RETRY);
    assert.match(head, /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/event-stream\r\n/);
    assert.match(head, /\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n.*X-A: 1\r\n/s);
    assert.ok(!head.includes("Transfer-Encoding") && head.includes("Connection: close\r\n"));
    const second = await open();
    const event = new TextEncoder().encode("data: 1\n\n");
    for (const stream of streams) assert.ok(stream.send(event));
    assert.equal(await readTo(first, "\n\n"), "data: 1\n\n");
    assert.equal(await readTo(second, "\n\n"), "data: 1\n\n");
    await until(() => streams.every(({ queuedBytes }) => queuedBytes === 0));
    clock.advance(PING_INTERVAL_MS);
    assert.equal(await readTo(second, "\n\n"), ": ping\n\n");
    streams[0]!.send(event);
    streams[0]!.close();
    assert.equal(await readAll(first), ": ping\n\ndata: 1\n\n");
    const only = await exchange(`HEAD /events HTTP/1.1\r\n${CLOSE}`);
    assert.ok(only.includes("text/event-stream") && only.endsWith("\r\n\r\n"), only);
    assert.equal(streams.length, 2);
  });
});

Deno.test("HttpServer ends a stream whose client goes, half closes or goes on sending, and all when it stops", async () => {
  const all: StreamEnd[] = [];
  await inWorld(DASHBOARD_LIMITS, async ({ open, ends, server, until, streams }) => {
    (await open()).close();
    await until(() => ends.length === 1);
    await (await open()).closeWrite();
    await until(() => ends.length === 2);
    await send(await open(), "x".repeat(1000));
    await until(() => ends.length === 3 && server.streams === 0);
    assert.deepEqual(ends, ["gone", "gone", "gone"]);
    await open();
    streams.at(-1)!.ended.then((end) => all.push(end));
  });
  assert.deepEqual(all, ["closed"]);
});

Deno.test("HttpServer drops a stream's client that does not read, and the others receive everything", async () => {
  await inWorld(DASHBOARD_LIMITS, async ({ open, ends, streams, until, server }) => {
    const stuck = await open();
    const reader = await open();
    const event = new TextEncoder().encode(`data: ${"x".repeat(8000)}\n\n`);
    let [sent, received] = [0, 0];
    const reading = (async () => {
      const into = new Uint8Array(65_536);
      for (;;) {
        const count = await reader.read(into).catch(() => null);
        if (count === null) return;
        received += count;
      }
    })();
    for (let round = 0; round < 5000 && ends.length === 0; round++) {
      streams[0]!.send(event);
      assert.ok(streams[0]!.queuedBytes <= 65_536);
      assert.ok(streams[1]!.send(event), "nobody waits for the other one");
      sent += event.length;
      // The system's buffers take some megabytes first.
      await until(() => streams[1]!.queuedBytes < 32_768);
    }
    assert.deepEqual(ends, ["slow"]);
    await until(() => received === sent && server.streams === 1);
    stuck.close();
    streams[1]!.close();
    await reading;
  });
});

Deno.test("HttpServer answers 503 to a stream too many, and evicts none", async () => {
  const limits = { ...DASHBOARD_LIMITS, settleMs: 0, streams: 5, connections: 3 };
  await inWorld(limits, async ({ open, exchange, connect, server, streams, until, ends }) => {
    const readers = [];
    for (let i = 0; i < limits.streams; i++) readers.push(await open());
    const refused = await exchange(GET_EVENTS);
    assert.match(refused, /^HTTP\/1\.1 503 Service Unavailable\r\n.*Retry-After: 5\r\n/s);
    // Idle connections give way to each other and not to streams, nor streams to them.
    const idle = [];
    for (let i = 0; i < 10; i++) idle.push(await connect());
    await until(() => server.connections === limits.connections);
    assert.match(await exchange(`GET /healthz HTTP/1.1\r\n${CLOSE}`), /^HTTP\/1\.1 200 /);
    assert.deepEqual([server.streams, streams.length, ends], [limits.streams, limits.streams, []]);
    const event = new TextEncoder().encode("data: 1\n\n");
    for (const stream of streams) assert.ok(stream.send(event));
    for (const reader of readers) assert.equal(await readTo(reader, "\n\n"), "data: 1\n\n");
    // A place that is free again is given again.
    readers[0]!.close();
    await until(() => server.streams === limits.streams - 1);
    await open();
  });
});

Deno.test("the dashboard's listener has 512 streams and 256 short connections, the metrics port 0", async () => {
  const { streams, connections } = DASHBOARD_LIMITS;
  assert.deepEqual([streams, connections, METRICS_LIMITS.streams], [512, 256, 0]);
  const limits = { ...DASHBOARD_LIMITS, settleMs: 0 };
  await inWorld(limits, async ({ open, exchange, connect, server, until }) => {
    for (let i = 0; i < 512; i++) await open();
    for (let i = 0; i < 256; i++) await connect();
    await until(() => server.connections === 256);
    assert.match(await exchange(GET_EVENTS), /^HTTP\/1\.1 503 /);
    assert.match(await exchange(`GET /healthz HTTP/1.1\r\n${CLOSE}`), /^HTTP\/1\.1 200 /);
    assert.equal(server.streams, 512);
  });
});

Deno.test("HttpServer reports a start() that throws, and closes that stream alone", async () => {
  const failures: unknown[] = [];
  const start = () => {
    throw new Error("a defect");
  };
  const handle = () => () => Promise.resolve({ kind: "stream", retryMs: 1, start } as const);
  const failed = (error: unknown) => failures.push(error);
  await inHttpWorld({ limits: DASHBOARD_LIMITS, handle, failed }, async (world) => {
    const answer = await world.exchange(GET_EVENTS);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.equal(failures.length, 1);
    await world.until(() => world.clock.timers === 1);
    world.clock.advance(LINGER_MS);
    await world.until(() => world.server.streams === 0);
  });
});

Deno.test("HttpServer lets one client have as many streams as it leaves free, and others the rest", async () => {
  const limits = { ...DASHBOARD_LIMITS, streams: 16 };
  await inWorld(limits, async ({ connect, open, server, until }) => {
    /** Opens streams of a group until one is refused; how many there are. */
    const fill = async (group: string) => {
      const conns: Deno.Conn[] = [];
      for (;;) {
        const conn = await connect();
        await send(conn, eventsOf(group));
        const into = new Uint8Array(4096);
        const text = new TextDecoder().decode(into.subarray(0, (await conn.read(into))!));
        if (!text.startsWith("HTTP/1.1 200")) {
          assert.match(text, /^HTTP\/1\.1 503 .*\r\nRetry-After: 5\r\n/s);
          return conns;
        }
        conns.push(conn);
      }
    };
    const first = await fill("a");
    assert.equal(first.length, 8);
    const counts = [];
    for (const group of ["b", "c", "d", "e"]) counts.push((await fill(group)).length);
    assert.deepEqual(counts, [4, 2, 1, 1]);
    assert.equal(server.streams, 16);
    // A stream that ends gives its place back, to all.
    for (const conn of first) conn.close();
    await until(() => server.streams === 8);
    await open("f");
    await open();
    assert.equal(server.streams, 10);
  });
});
