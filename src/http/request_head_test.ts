import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_HEAD_BYTES, parseHead } from "./request_head.ts";

const parse = (text: string) => parseHead(new TextEncoder().encode(text));

Deno.test("parseHead() reads requests as clients write them", () => {
  const cases: [
    string,
    { path: string; method?: string; keepAlive?: boolean; http11?: boolean },
  ][] = [
    ["GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", { path: "/metrics" }],
    ["GET /metrics?x=1#y HTTP/1.1\r\n\r\n", { path: "/metrics" }],
    ["GET http://a:1/readyz HTTP/1.1\r\nHost: a\r\n\r\n", { path: "/readyz" }],
    ["GET http://a HTTP/1.1\r\n\r\n", { path: "/" }],
    ["HEAD / HTTP/1.1\nHost: a\n\n", { path: "/", method: "HEAD" }],
    ["GET / HTTP/1.0\r\n\r\n", { path: "/", keepAlive: false, http11: false }],
    ["GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", { path: "/", keepAlive: false }],
    ["GET / HTTP/1.1\r\nConnection: te, close\r\n\r\n", { path: "/", keepAlive: false }],
    ["GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", { path: "/", keepAlive: false }],
    ["GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", { path: "/" }],
    ["GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", { path: "/", keepAlive: false }],
    ["OPTIONS * HTTP/1.1\r\n\r\n", { path: "*", method: "OPTIONS" }],
  ];
  for (const [text, want] of cases) {
    const head = parse(text);
    assert.ok(head.kind === "request", text);
    const { method, path, keepAlive, http11, size } = head;
    assert.deepEqual(
      { method, path, keepAlive, http11 },
      { method: "GET", keepAlive: true, http11: true, ...want },
      text,
    );
    assert.equal(text.slice(size), text.endsWith("abc") ? "abc" : "");
  }
});

Deno.test("parseHead() waits for the whole head, cut anywhere", () => {
  const text = "GET /metrics HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n";
  for (let end = 0; end < text.length; end++) {
    assert.deepEqual(parse(text.slice(0, end)), { kind: "incomplete" }, `cut at ${end}`);
  }
  assert.equal(parse(`${text}GET`).kind, "request");
});

Deno.test("parseHead() refuses invalid requests, long ones, and other versions of HTTP", () => {
  const cases: [string, number][] = [
    ["\r\n\r\n", 400],
    ["GET /\r\n\r\n", 400],
    ["GET  / HTTP/1.1\r\n\r\n", 400],
    ["GET / HTTP/1.1 \r\n\r\n", 400],
    ["GET /\u0001 HTTP/1.1\r\n\r\n", 400],
    ["GET metrics HTTP/1.1\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nno field\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\n folded: 1\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\n: 1\r\n\r\n", 400],
    ["GET / HTTP/2.0\r\n\r\n", 505],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ["\u0016\u0003\u0001 a TLS hello\n\n", 400],
    [`GET /${"x".repeat(MAX_HEAD_BYTES)} HTTP/1.1\r\n\r\n`, 431],
    ["x".repeat(MAX_HEAD_BYTES), 431],
  ];
  for (const [text, status] of cases) {
    assert.deepEqual(parse(text), { kind: "bad", status }, JSON.stringify(text.slice(0, 40)));
  }
});

Deno.test("parseHead() accepts a head at the limit, but not one byte more", () => {
  const frame = "GET / HTTP/1.1\r\nX: \r\n\r\n";
  const head = (size: number) => `GET / HTTP/1.1\r\nX: ${"x".repeat(size - frame.length)}\r\n\r\n`;
  assert.equal(parse(head(MAX_HEAD_BYTES)).kind, "request");
  assert.deepEqual(parse(head(MAX_HEAD_BYTES + 1)), { kind: "bad", status: 431 });
});

Deno.test("parseHead() returns quickly for any bytes", () => {
  const piece = fc.constantFrom(
    "GET",
    " ",
    "/",
    "HTTP/1.1",
    "\r\n",
    "\n",
    ":",
    "x",
    "\t",
    "\0",
    "é",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
    const head = parse(pieces.join(""));
    if (head.kind === "request") {
      assert.ok(head.size <= new TextEncoder().encode(pieces.join("")).length);
    }
  }));
  parse(`GET / HTTP/1.1\r\nX:${" ".repeat(8000)}x\r\n\r\n`);
});
