/**
 * Requests with bodies, and all kinds of answers, over a socket. Goal: what a handler sees is what
 * was sent, and nothing that a client sends makes the server take one request for two.
 */
import assert from "node:assert/strict";
import { inHttpWorld, readAll, readTo, send } from "../../tests/support/worlds/http_world.ts";
import type { HttpWorld } from "../../tests/support/worlds/http_world.ts";
import { statusAnswer } from "./answer_head.ts";
import {
  BODY_DEADLINE_MS,
  DASHBOARD_LIMITS,
  FAIR_MS,
  HEAD_DEADLINE_MS,
  LINGER_MS,
} from "./limits.ts";
import { type HttpAnswer, HttpRefusal, type HttpRequest } from "./ports.ts";

const HOST = "Host: a\r\n";

const whole = (body: string, status = 200, headers = {}): HttpAnswer => ({
  kind: "whole",
  status,
  headers,
  body: new TextEncoder().encode(body),
});

interface Seen {
  /** Requests that reached the handler. */
  readonly requests: HttpRequest[];
  readonly failures: unknown[];
}

async function inWorld(fn: (world: HttpWorld & Seen) => Promise<void>): Promise<void> {
  const requests: HttpRequest[] = [];
  const failures: unknown[] = [];
  const answer = async (request: HttpRequest): Promise<HttpAnswer> => {
    requests.push(request);
    switch (request.path) {
      case "/echo": {
        const body = await request.body();
        assert.equal(await request.body(), body, "it is read once");
        return whole(new TextDecoder().decode(body));
      }
      case "/ignored":
        return whole("not read");
      case "/refused":
        throw new HttpRefusal(403, "Not from there");
      case "/broken":
        throw new Error("a secret");
      case "/injected":
        return whole("", 302, { Location: "x\r\nSet-Cookie: a=1" });
      case "/unchanged":
        return whole("", 304, { ETag: '"1"' });
      case "/nothing":
        return whole("", 204);
      case "/large":
        return whole("x".repeat(200_000));
      default:
        return statusAnswer(404);
    }
  };
  await inHttpWorld({
    limits: DASHBOARD_LIMITS,
    handle: () => answer,
    failed: (error) => failures.push(error),
  }, (world) => fn({ ...world, requests, failures }));
}

const CLOSE = `${HOST}Connection: close\r\n`;
const bodyOf = (answer: string) => answer.slice(answer.indexOf("\r\n\r\n") + 4);

Deno.test("HttpServer hands requests to the handler as they were sent, with the peer's address", async () => {
  await inWorld(async ({ exchange, requests }) => {
    const answer = await exchange(`GET /a%2fb/../c?d=%20 HTTP/1.1\r\n${CLOSE}X-Y: 1\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 404 Not Found\r\n.*Cache-Control: no-store\r\n/s);
    assert.match(answer, /\r\nDate: \w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT\r\n/);
    assert.equal(bodyOf(answer), "Not Found\n");
    const { method, path, query, headers, peer, encrypted } = requests[0]!;
    assert.deepEqual([method, path, query, encrypted], ["GET", "/a%2fb/../c", "d=%20", false]);
    assert.equal(headers.get("x-y"), "1");
    assert.ok(peer.kind === "tcp" && peer.host === "127.0.0.1" && peer.port > 0);
  });
});

Deno.test("HttpServer sends whole answers with their length, and HEAD, 204 and 304 without a body", async () => {
  await inWorld(async ({ exchange }) => {
    const get = (path: string, method = "GET") =>
      exchange(`${method} ${path} HTTP/1.1\r\n${CLOSE}\r\n`);
    assert.match(await get("/large"), /\r\nContent-Length: 200000\r\n.*\r\n\r\nx{200000}$/s);
    assert.match(await get("/large", "HEAD"), /\r\nContent-Length: 200000\r\n.*\r\n\r\n$/s);
    assert.match(await get("/unchanged"), /^HTTP\/1\.1 304 Not Modified\r\nETag: "1"\r\n/);
    for (const path of ["/unchanged", "/nothing"]) {
      const answer = await get(path);
      assert.ok(!answer.includes("Content-Length") && answer.endsWith("\r\n\r\n"), answer);
    }
  });
});

Deno.test("HttpServer receives bodies with a length and in chunks, and goes on after them", async () => {
  await inWorld(async ({ connect, requests }) => {
    const conn = await connect();
    const largest = "y".repeat(DASHBOARD_LIMITS.bodyBytes);
    const posts: [request: string, body: string][] = [
      [`Content-Length: 3\r\n\r\nabc`, "abc"],
      [`Content-Length: 0\r\n\r\n`, ""],
      [`Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\nT: 1\r\n\r\n`, "abc"],
      [`Content-Length: ${largest.length}\r\n\r\n${largest}`, largest],
    ];
    for (const [rest, body] of posts) {
      await send(conn, `POST /echo HTTP/1.1\r\n${HOST}${rest}`);
      const answer = await readTo(conn, `\r\n\r\n${body}`);
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
      assert.ok(!answer.includes("Connection: close"));
    }
    const all = posts.map(([rest]) => `PUT /echo HTTP/1.1\r\n${HOST}${rest}`).join("");
    await send(conn, `${all}GET /nothing HTTP/1.1\r\n${CLOSE}\r\n`);
    assert.equal((await readAll(conn)).split("HTTP/1.1 2").length - 1, posts.length + 1);
    assert.equal(requests.length, 2 * posts.length + 1);
  });
});

Deno.test("HttpServer sends 100 Continue when the body is wanted, and not when it is refused", async () => {
  await inWorld(async ({ connect, exchange }) => {
    const expect = (path: string, length: number) =>
      `POST ${path} HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    const conn = await connect();
    await send(conn, expect("/echo", 3));
    await readTo(conn, "HTTP/1.1 100 Continue\r\n\r\n");
    await send(conn, "abc");
    await readTo(conn, "\r\n\r\nabc");
    for (const [path, length, status] of [["/echo", 65_537, 413], ["/ignored", 3, 200]] as const) {
      const refused = await connect();
      await send(refused, expect(path, length));
      const answer = await readAll(refused);
      assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), answer);
      refused.close();
    }
    const other = await exchange(
      `POST /echo HTTP/1.1\r\n${HOST}Expect: 200-ok\r\nContent-Length: 3\r\n\r\nabc`,
    );
    assert.ok(other.startsWith("HTTP/1.1 417 "), other);
  });
});

Deno.test("HttpServer refuses bodies that are too large, malformed or cut off, to the last byte sent", async () => {
  await inWorld(async ({ exchange, connect }) => {
    const post = (rest: string) => exchange(`POST /echo HTTP/1.1\r\n${HOST}${rest}`);
    const large = "z".repeat(60_000);
    const length = await post(`Content-Length: 9999999\r\n\r\n${large}`);
    assert.match(length, /^HTTP\/1\.1 413 .*Connection: close\r\n.*more than 65536 bytes/s);
    const chunks = await post(
      `Transfer-Encoding: chunked\r\n\r\nea60\r\n${large}\r\nea60\r\n${large}\r\n0\r\n\r\n`,
    );
    assert.match(chunks, /^HTTP\/1\.1 413 /);
    assert.match(await post("Transfer-Encoding: chunked\r\n\r\n3\nabc\n"), /^HTTP\/1\.1 400 /);
    const cut = await connect();
    await send(cut, `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nab`);
    await cut.closeWrite();
    assert.match(await readAll(cut), /^HTTP\/1\.1 400 .*not complete/s);
  });
});

Deno.test("HttpServer answers 408 to a body that takes too long, and hangs up on a head that does", async () => {
  await inWorld(async ({ clock, connect, until, server, requests }) => {
    const body = await connect();
    await send(body, `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\na`);
    await until(() => requests.length === 1);
    const head = await connect();
    await send(head, `POST /echo HTTP/1.1\r\n${HOST}Content-`);
    await until(() => server.connections === 2);
    clock.advance(HEAD_DEADLINE_MS);
    assert.equal(await readAll(head), "");
    // A byte now and then does not move the deadline.
    await send(body, "b");
    await new Promise((go) => setTimeout(go, 20));
    clock.advance(BODY_DEADLINE_MS - HEAD_DEADLINE_MS);
    assert.match(await readAll(body), /^HTTP\/1\.1 408 .*not sent in time/s);
    clock.advance(LINGER_MS);
    await until(() => server.connections === 0);
  });
});

Deno.test("HttpServer: a newcomer takes the place of a body that is slow", async () => {
  await inWorld(async ({ clock, connect, exchange, until, requests }) => {
    for (let i = 0; i < DASHBOARD_LIMITS.connections; i++) {
      await send(await connect(), `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\na`);
    }
    await until(() => requests.length === DASHBOARD_LIMITS.connections);
    assert.equal(await exchange(`GET /nothing HTTP/1.1\r\n${CLOSE}\r\n`), "", "too early");
    clock.advance(FAIR_MS);
    assert.match(await exchange(`GET /nothing HTTP/1.1\r\n${CLOSE}\r\n`), /^HTTP\/1\.1 204 /);
  });
});

Deno.test("HttpServer never takes a body that was not read for a request", async () => {
  await inWorld(async ({ exchange, requests }) => {
    const hidden = `GET /hidden HTTP/1.1\r\n${HOST}\r\n`;
    const answer = await exchange(
      `POST /ignored HTTP/1.1\r\n${HOST}Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n.*not read$/s);
    assert.deepEqual(requests.map(({ path }) => path), ["/ignored"]);
  });
});

Deno.test("HttpServer answers requests of doubtful length once, and closes", async () => {
  const hidden = `GET /hidden HTTP/1.1\r\n${HOST}\r\n`;
  const fields = [
    `Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n${hidden}`,
    `Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    `Content-Length: 0, ${hidden.length}\r\n\r\n${hidden}`,
    `Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n${hidden}`,
    `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    `Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${hidden}`,
    `Content-Length : 0\r\n\r\n${hidden}`,
    `X: a\r\n Content-Length: 9\r\n\r\n${hidden}`,
    `X: a\nContent-Length: 9\r\n\r\n${hidden}`,
    `X: a\rContent-Length: 9\r\n\r\n${hidden}`,
    `\n${hidden}`,
  ];
  await inWorld(async ({ exchange, requests }) => {
    for (const field of fields) {
      const answer = await exchange(`POST /echo HTTP/1.1\r\n${HOST}${field}`);
      assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n.*Connection: close\r\n/s, field);
      assert.equal(answer.split("HTTP/1.1 ").length, 2, field);
    }
    const line = await exchange(`GET http://b/ HTTP/1.1\r\n${HOST}\r\n${hidden}`);
    assert.match(line, /^HTTP\/1\.1 400 /);
    assert.deepEqual(requests, []);
  });
});

Deno.test("HttpServer turns a refusal into its status, and a defect of the handler into 500 without its words", async () => {
  await inWorld(async ({ exchange, failures }) => {
    const get = (path: string) => exchange(`GET ${path} HTTP/1.1\r\n${CLOSE}\r\n`);
    const refused = await get("/refused");
    assert.match(refused, /^HTTP\/1\.1 403 Forbidden\r\n/);
    assert.equal(bodyOf(refused), "Not from there\n");
    assert.deepEqual(failures, []);
    const broken = await get("/broken");
    assert.ok(broken.startsWith("HTTP/1.1 500 ") && !broken.includes("secret"), broken);
    const injected = await get("/injected");
    assert.ok(injected.startsWith("HTTP/1.1 500 ") && !injected.includes("Cookie"), injected);
    assert.equal(failures.length, 2);
  });
});

Deno.test("HttpServer runs the handler for one request of a connection at a time, however many are sent ahead", async () => {
  let running = 0;
  let most = 0;
  let total = 0;
  const handle = async () => {
    most = Math.max(most, ++running);
    total++;
    await new Promise((go) => setTimeout(go, 1));
    running--;
    return whole("x");
  };
  await inHttpWorld({ limits: DASHBOARD_LIMITS, handle: () => handle }, async (world) => {
    const conn = await world.connect();
    const request = `GET / HTTP/1.1\r\n${HOST}\r\n`;
    await send(conn, request.repeat(200) + request.replace(HOST, CLOSE));
    assert.equal((await readAll(conn)).split("HTTP/1.1 200").length - 1, 201);
    assert.deepEqual([most, total], [1, 201]);
  });
});

Deno.test("HttpServer waits for the rest of a refused request, but not for ever and not for any size", async () => {
  await inWorld(async ({ clock, connect, until, server }) => {
    const refused = `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 9999999\r\n\r\n`;
    const silent = await connect();
    await send(silent, refused);
    assert.match(await readAll(silent), /^HTTP\/1\.1 413 /);
    assert.equal(server.connections, 1, "it waits for the client to close");
    clock.advance(LINGER_MS);
    await until(() => server.connections === 0);
    const endless = await connect();
    await send(endless, refused);
    await readAll(endless);
    // No time passes here.
    await send(endless, "x".repeat(4_000_000));
    await until(() => server.connections === 0);
  });
});

Deno.test("HttpServer gives each further request of a connection the time of the first, from its first byte", async () => {
  await inWorld(async ({ clock, connect, requests, until }) => {
    const conn = await connect();
    await send(conn, `GET /nothing HTTP/1.1\r\n${HOST}\r\n`);
    await readTo(conn, "\r\n\r\n");
    clock.advance(2 * HEAD_DEADLINE_MS);
    await send(conn, "GET /nothing HT");
    await until(() => clock.nextDueMs === clock.monotonicMs() + HEAD_DEADLINE_MS);
    clock.advance(HEAD_DEADLINE_MS);
    assert.equal(await readAll(conn), "");
    assert.equal(requests.length, 1);
  });
});
