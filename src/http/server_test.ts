/**
 * The metrics port against clients of all kinds. Goal: a valid client gets its page whatever the
 * others do; an invalid one is answered or disconnected, and leaves no resources. Method: raw
 * sockets on loopback, with a clock that the test moves.
 */
import assert from "node:assert/strict";
import type { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import {
  type HttpWorld,
  inHttpWorld,
  readAll,
  readTo,
} from "../../tests/support/worlds/http_world.ts";
import { SLICE_MS } from "../async/time_slices.ts";
import { statusAnswer } from "./answer_head.ts";
import {
  ANSWER_DEADLINE_MS,
  FAIR_MS,
  HEAD_DEADLINE_MS,
  IDLE_DEADLINE_MS,
  MAX_HEAD_BYTES,
  METRICS_LIMITS,
} from "./limits.ts";
import type { HttpAnswer, HttpRequest } from "./ports.ts";

const MAX_CONNECTIONS = METRICS_LIMITS.connections;

const bytesOf = (text: string) => new TextEncoder().encode(text);

const page = (pieces: Iterable<Uint8Array>, status = 200): HttpAnswer => ({
  kind: "pieces",
  status,
  headers: { "Content-Type": "text/plain" },
  pieces,
});

/** A page without end; `made` counts its pieces. */
const endless = { made: 0, left: false };

function* endlessBody(): Generator<Uint8Array> {
  try {
    for (;;) {
      endless.made++;
      yield bytesOf("x".repeat(65_536));
    }
  } finally {
    endless.left = true;
  }
}

/** Pieces that take a millisecond each; `hard.made` counts them. */
const hard = { made: 0 };

function* hardBody(clock: FakeClock): Generator<Uint8Array> {
  for (let i = 0; i < 20; i++) {
    clock.advance(1);
    hard.made++;
    yield bytesOf("x");
  }
}

/** Pieces of one buffer, as those of a page of metrics, larger than a client's queue in all. */
function* reusedBody(): Generator<Uint8Array> {
  const buffer = new Uint8Array(REUSED_BYTES);
  for (let i = 0; i < REUSED_PIECES; i++) yield buffer.fill(48 + i % 10);
}

const REUSED_BYTES = 100_000;
const REUSED_PIECES = 100;

function inWorld(fn: (world: HttpWorld) => Promise<void>): Promise<void> {
  const handle = (clock: FakeClock) => ({ path }: HttpRequest) => {
    if (path === "/page") return Promise.resolve(page(["one\n", "", "zwölf\n"].map(bytesOf)));
    if (path === "/sick") return Promise.resolve(page([bytesOf("no\n")], 503));
    if (path === "/endless") return Promise.resolve(page(endlessBody()));
    if (path === "/reused") return Promise.resolve(page(reusedBody()));
    if (path === "/hard") return Promise.resolve(page(hardBody(clock)));
    return Promise.resolve(statusAnswer(404));
  };
  return inHttpWorld({ limits: METRICS_LIMITS, handle }, fn);
}

Deno.test("HttpServer makes a piece while another one is written, and mixes none of them", async () => {
  const expected = Array.from(
    { length: REUSED_PIECES },
    (_, i) => `${i % 10}`.repeat(REUSED_BYTES),
  );
  for (const version of ["1.0", "1.1"]) {
    await inWorld(async ({ exchange }) => {
      const answer = await exchange(
        `GET /reused HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`,
      );
      const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
      const head = REUSED_BYTES.toString(16).padStart(5, "0");
      const chunks = expected.map((piece) => `${head}\r\n${piece}\r\n`).join("");
      assert.ok(body === (version === "1.0" ? expected.join("") : `${chunks}0\r\n\r\n`), version);
    });
  }
});

const CHUNKED = "\r\n\r\n00004\r\none\n\r\n00007\r\nzwölf\n\r\n0\r\n\r\n";

Deno.test("HttpServer sends pages in chunks, whole to HTTP/1.0, and only their head to HEAD", async () => {
  await inWorld(async ({ exchange }) => {
    const close = "Connection: close\r\n\r\n";
    const full = await exchange(`GET /page HTTP/1.1\r\nHost: a\r\n${close}`);
    assert.match(full, /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\n/);
    assert.ok(full.endsWith(CHUNKED), full);
    const old = await exchange("GET /page HTTP/1.0\r\n\r\n");
    assert.ok(old.endsWith("\r\n\r\none\nzwölf\n") && !old.includes("chunked"), old);
    const head = await exchange(`HEAD /page HTTP/1.1\r\nHost: a\r\n${close}`);
    assert.ok(head.startsWith("HTTP/1.1 200") && head.endsWith("\r\n\r\n"), head);
    assert.match(await exchange(`GET /sick HTTP/1.1\r\nHost: a\r\n${close}`), /^HTTP\/1\.1 503 /);
    assert.match(await exchange(`GET /none HTTP/1.1\r\nHost: a\r\n${close}`), /^HTTP\/1\.1 404 /);
  });
});

Deno.test("HttpServer answers several requests of a connection, sent one by one or together", async () => {
  await inWorld(async ({ connect }) => {
    const conn = await connect();
    const request = new TextEncoder().encode("GET /page HTTP/1.1\r\nHost: a\r\n\r\n");
    for (let i = 0; i < 3; i++) {
      await conn.write(request);
      assert.ok((await readTo(conn, CHUNKED)).startsWith("HTTP/1.1 200"));
    }
    await conn.write(new Uint8Array([...request, ...request]));
    const both = await readTo(conn, CHUNKED);
    if (both.split("HTTP/1.1 200").length < 3) await readTo(conn, CHUNKED);
  });
});

Deno.test("HttpServer refuses other methods, bad requests and long heads, with a complete response", async () => {
  await inWorld(async ({ exchange }) => {
    const long = `GET /page HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(3 * MAX_HEAD_BYTES)}\r\n\r\n`;
    const cases: [string, RegExp][] = [
      [
        "POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        /^HTTP\/1\.1 405 .*Allow: GET, HEAD\r\n/s,
      ],
      ["DELETE /none HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 405 /],
      ["nonsense\r\n\r\n", /^HTTP\/1\.1 400 /],
      ["GET / HTTP/3.0\r\n\r\n", /^HTTP\/1\.1 505 /],
      [long, /^HTTP\/1\.1 431 /],
    ];
    for (const [request, answer] of cases) {
      const answered = exchange(request);
      // The server lingers after a refusal; here the client closes first.
      const text = await answered;
      assert.match(text, answer);
      assert.match(text, /\r\nContent-Security-Policy: default-src 'none'/);
    }
  });
});

Deno.test("HttpServer closes connections that are silent, incomplete, or idle", async () => {
  await inWorld(async ({ clock, server, connect, until }) => {
    const silent = await connect();
    const slow = await connect();
    await slow.write(new TextEncoder().encode("GET /page HT"));
    const served = await connect();
    await served.write(new TextEncoder().encode("GET /page HTTP/1.1\r\nHost: a\r\n\r\n"));
    await readTo(served, CHUNKED);
    await until(() => clock.timers === 3);
    clock.advance(HEAD_DEADLINE_MS);
    assert.deepEqual([await readAll(silent), await readAll(slow)], ["", ""]);
    await until(() => server.connections === 1);
    clock.advance(IDLE_DEADLINE_MS - HEAD_DEADLINE_MS);
    assert.equal(await readAll(served), "");
    await until(() => server.connections === 0);
  });
});

Deno.test("HttpServer closes a connection that does not read, and stops making the page", async () => {
  await inWorld(async ({ clock, server, connect, until }) => {
    Object.assign(endless, { made: 0, left: false });
    const conn = await connect();
    await conn.write(new TextEncoder().encode("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n"));
    // Until the system's buffers are full.
    let made = -1;
    while (made !== endless.made || made === 0) {
      made = endless.made;
      await new Promise((go) => setTimeout(go, 50));
    }
    assert.equal(server.connections, 1);
    clock.advance(ANSWER_DEADLINE_MS);
    await until(() => server.connections === 0);
    assert.equal(endless.left, true);
    assert.ok(endless.made <= made + 1);
  });
});

Deno.test("HttpServer stops making a page when its client disconnects", async () => {
  await inWorld(async ({ server, connect, until }) => {
    Object.assign(endless, { made: 0, left: false });
    const conn = await connect();
    await conn.write(new TextEncoder().encode("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n"));
    await conn.read(new Uint8Array(1000));
    conn.close();
    await until(() => endless.left && server.connections === 0);
  });
});

Deno.test("HttpServer evicts the longest idle connection for a new one", async () => {
  await inWorld(async ({ server, connect, exchange, until }) => {
    const idle: Deno.Conn[] = [];
    for (let i = 0; i < MAX_CONNECTIONS; i++) idle.push(await connect());
    await until(() => server.connections === MAX_CONNECTIONS);
    const page = await exchange("GET /page HTTP/1.0\r\n\r\n");
    assert.ok(page.startsWith("HTTP/1.1 200"));
    assert.equal(await readAll(idle[0]!), "", "the oldest was hung up on");
    await idle[1]!.write(new TextEncoder().encode("GET /page HTTP/1.0\r\n\r\n"));
    assert.ok((await readAll(idle[1]!)).startsWith("HTTP/1.1 200"), "the next was not");
  });
});

Deno.test("HttpServer reads a request that has arrived before it evicts its connection", async () => {
  const limits = { ...METRICS_LIMITS, connections: 1 };
  const handle = () => () => Promise.resolve(statusAnswer(404));
  for (let round = 0; round < 10; round++) {
    await inHttpWorld({ limits, handle }, async ({ server, connect, until }) => {
      const first = await connect();
      await until(() => server.connections === 1);
      const writing = first.write(new TextEncoder().encode("GET /page HTTP/1.0\r\n\r\n"));
      const second = connect();
      // The process has no time for a while, so that both have arrived when it goes on.
      const endMs = performance.now() + 5;
      while (performance.now() < endMs);
      await writing;
      assert.match(await readAll(first), /^HTTP\/1\.1 404 /);
      await second;
    });
  }
});

Deno.test("HttpServer closes a new connection while all others are being served", async () => {
  await inWorld(async ({ server, connect, until }) => {
    const busy: Deno.Conn[] = [];
    for (let i = 0; i < MAX_CONNECTIONS; i++) {
      const conn = await connect();
      await conn.write(new TextEncoder().encode("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n"));
      busy.push(conn);
    }
    await until(() => server.connections === MAX_CONNECTIONS);
    for (const conn of busy) await conn.read(new Uint8Array(100));
    assert.equal(await readAll(await connect()), "");
    assert.equal(server.connections, MAX_CONNECTIONS);
  });
});

Deno.test("HttpServer evicts the slowest reader for a new connection", async () => {
  await inWorld(async ({ clock, server, connect, exchange, until }) => {
    const busy: Deno.Conn[] = [];
    for (let i = 0; i < MAX_CONNECTIONS; i++) {
      const conn = await connect();
      await conn.write(new TextEncoder().encode("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n"));
      await conn.read(new Uint8Array(10));
      busy.push(conn);
      clock.advance(i === 0 ? 10 : 0);
    }
    await until(() => server.connections === MAX_CONNECTIONS);
    clock.advance(FAIR_MS - 10);
    assert.ok((await exchange("GET /page HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 200"));
    await readAll(busy[0]!);
    // The newcomer's connection waits for it to go; this one takes its place.
    const last = await connect();
    await last.write(new TextEncoder().encode("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n"));
    await last.read(new Uint8Array(10));
    assert.equal(server.connections, MAX_CONNECTIONS);
    assert.equal(await readAll(await connect()), "", "nobody else has taken so long");
  });
});

Deno.test("HttpServer makes the pages of all connections for a few milliseconds at a time", async () => {
  await inWorld(async ({ clock, connect }) => {
    hard.made = 0;
    const CLIENTS = 40;
    const conns = await Promise.all(Array.from({ length: CLIENTS }, connect));
    let most = 0;
    let before = 0;
    let watching = true;
    // A slice of the rest of the daemon: how much was built since the last one?
    const look = () => {
      most = Math.max(most, hard.made - before);
      before = hard.made;
      if (watching) clock.after(0, look);
    };
    look();
    const pages = conns.map(async (conn) => {
      await conn.write(new TextEncoder().encode("GET /hard HTTP/1.0\r\n\r\n"));
      assert.ok((await readAll(conn)).endsWith("x".repeat(20)));
    });
    await Promise.all(pages);
    watching = false;
    assert.equal(hard.made, CLIENTS * 20);
    assert.ok(most <= 3 * SLICE_MS, `${most} ms in a row`);
  });
});

Deno.test("HttpServer: an idle connection keeps its place for a moment, and a newcomer waits for it", async () => {
  const limits = { ...METRICS_LIMITS, connections: 2, settleMs: 100 };
  const handle = () => () => Promise.resolve(statusAnswer(404));
  await inHttpWorld({ limits, handle }, async ({ clock, server, connect, exchange, until }) => {
    const idle = await connect();
    await until(() => server.connections === 1);
    clock.advance(60);
    const young = await connect();
    await until(() => server.connections === 2);
    const newcomer = exchange("GET /page HTTP/1.0\r\n\r\n");
    await until(() => clock.timers === 3);
    clock.advance(39);
    // A request that comes in this time is answered, and its connection is young again.
    await idle.write(new TextEncoder().encode("GET /page HTTP/1.1\r\nHost: a\r\n\r\n"));
    await readTo(idle, "Not Found\n");
    clock.advance(1);
    await until(() => clock.timers === 3);
    assert.equal(server.connections, 2);
    clock.advance(60);
    assert.equal(await readAll(young), "");
    assert.match(await newcomer, /^HTTP\/1\.1 404 /);
    assert.equal(server.connections, 2);
    // Stopping ends the wait of another one.
    const last = await connect();
    await until(() => clock.timers === 3);
    const stopping = server.stop();
    clock.advance(100);
    await stopping;
    assert.equal(await readAll(last), "");
  });
});
