import assert from "node:assert/strict";
import fc from "fast-check";
import { DASHBOARD_LIMITS, MAX_HEAD_BYTES } from "./limits.ts";
import { parseHead, type RequestHead } from "./request_head.ts";

const { methods } = DASHBOARD_LIMITS;
const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const parse = (text: string) => parseHead(bytesOf(text), { methods });

/** The request; fails for anything else. */
function read(text: string): RequestHead {
  const head = parse(text);
  assert.ok(head.kind === "request", `${JSON.stringify(text)}: ${JSON.stringify(head)}`);
  return head;
}

const HOST = "Host: a\r\n";

Deno.test("parseHead() reads requests as clients write them", () => {
  const cases: [string, Partial<RequestHead>][] = [
    [`GET /metrics HTTP/1.1\r\n${HOST}\r\n`, { path: "/metrics" }],
    [`GET /a/../b%20c?x=1?y&z=%25 HTTP/1.1\r\n${HOST}\r\n`, {
      path: "/a/../b%20c",
      query: "x=1?y&z=%25",
    }],
    [`GET /? HTTP/1.1\r\n${HOST}\r\n`, { path: "/" }],
    [`HEAD / HTTP/1.1\r\nhOST: [::1]:8080\r\n\r\n`, { method: "HEAD" }],
    [`PUT / HTTP/1.1\r\nHost:\t_name_.x:1 \r\n\r\n`, { method: "PUT" }],
    ["GET / HTTP/1.0\r\n\r\n", { keepAlive: false, http11: false }],
    [`GET / HTTP/1.1\r\n${HOST}Connection: Close\r\n\r\n`, { keepAlive: false }],
    [`GET / HTTP/1.1\r\n${HOST}Connection: te, close\r\n\r\n`, { keepAlive: false }],
    [`GET / HTTP/1.1\r\n${HOST}Connection: close-to\r\n\r\n`, {}],
    [`POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`, {
      method: "POST",
      body: { kind: "length", bytes: 3 },
    }],
    [`GET / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`, {}],
    [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: Chunked\r\n\r\n`, {
      method: "POST",
      body: { kind: "chunked" },
    }],
    [`POST / HTTP/1.1\r\n${HOST}Expect: 100-Continue\r\n\r\n`, {
      method: "POST",
      expectsContinue: true,
    }],
    ["POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", {
      method: "POST",
      http11: false,
      keepAlive: false,
    }],
  ];
  for (const [text, want] of cases) {
    const { kind: _, headers: _headers, size, ...rest } = read(text);
    assert.deepEqual(rest, {
      method: "GET",
      path: "/",
      query: "",
      keepAlive: true,
      http11: true,
      body: { kind: "none" },
      expectsContinue: false,
      ...want,
    }, text);
    assert.equal(text.slice(size), text.endsWith("abc") ? "abc" : "");
  }
});

Deno.test("parseHead() gives header fields by lower-case name, trimmed, those of a name joined", () => {
  const { headers } = read(
    `GET / HTTP/1.1\r\n${HOST}X-A: \t1 \r\nx-a:2\r\nCookie: a=1\r\nCOOKIE: b=2\r\nY:\r\nZ: \xe9\r\n\r\n`,
  );
  assert.deepEqual(Object.fromEntries(headers), {
    host: "a",
    "x-a": "1, 2",
    cookie: "a=1; b=2",
    y: "",
    z: "\xe9",
  });
});

Deno.test("parseHead() waits for the whole head, wherever it is cut", () => {
  const text = `GET /metrics HTTP/1.1\r\n${HOST}X: \r\n\r\n`;
  for (let end = 0; end < text.length; end++) {
    assert.deepEqual(parse(text.slice(0, end)), { kind: "incomplete" }, `cut at ${end}`);
    const all = parseHead(bytesOf(text), { methods, searched: end });
    assert.equal(all.kind, "request", `went on at ${end}`);
    const bad = parseHead(bytesOf(`${text.slice(0, end)}\n`), { methods, searched: end });
    assert.deepEqual(
      bad.kind,
      text[end - 1] === "\r" ? parse(`${text.slice(0, end)}\n`).kind : "bad",
      `a line feed at ${end}`,
    );
  }
  assert.equal(parse(`${text}GET`).kind, "request");
});

Deno.test("parseHead() refuses what is malformed, what could hide another request, and what it does not support", () => {
  const field = (line: string) => `POST / HTTP/1.1\r\n${HOST}${line}\r\n\r\n`;
  const target = (text: string) => `GET ${text} HTTP/1.1\r\n${HOST}\r\n`;
  const cases: [string, number][] = [
    ["\r\n\r\n", 400],
    ["GET /\r\n\r\n", 400],
    ["GET  / HTTP/1.1\r\n\r\n", 400],
    ["GET / HTTP/1.1 \r\n\r\n", 400],
    [target("/\u0001"), 400],
    [target("metrics"), 400],
    [target("http://a/x"), 400],
    [target("*"), 400],
    [target("a:1"), 400],
    [target("/#x"), 400],
    [target("/%00"), 400],
    [target("/?%00"), 400],
    [target("/%"), 400],
    [target("/%zz"), 400],
    [target("/\xe9"), 400],
    ["GET / HTTP/1.1\r\n\r\n", 400],
    [`GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
    ["GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400],
    [field("no field"), 400],
    [field(" folded: 1"), 400],
    [field("X: a\r\n b"), 400],
    [field("X: a\r\n\tb"), 400],
    [field(": 1"), 400],
    [field("X : 1"), 400],
    [field("X: a\0b"), 400],
    [field("X: a\x7fb"), 400],
    [field("X: a\rb"), 400],
    [field("X: a\nY: b"), 400],
    ["GET / HTTP/1.1\nHost: a\n\n", 400],
    [`GET / HTTP/1.1\r\n${HOST}\n`, 400],
    [field("Content-Length: 3\r\nTransfer-Encoding: chunked"), 400],
    [field("Content-Length: 3\r\nContent-Length: 4"), 400],
    [field("Content-Length: 3\r\nContent-Length: 3"), 400],
    [field("Content-Length: 3, 3"), 400],
    [field("Content-Length: +3"), 400],
    [field("Content-Length: 0x3"), 400],
    [field("Content-Length: "), 400],
    [field("Content-Length: -1"), 400],
    [field("Content-Length: 99999999999999999999"), 400],
    [field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400],
    [field("Transfer-Encoding: chunked, identity"), 400],
    [field("Transfer-Encoding: identity"), 400],
    [field("Transfer-Encoding:"), 400],
    [field("Transfer-Encoding: gzip, chunked"), 501],
    ["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    [field("Expect: a miracle"), 417],
    ["OPTIONS * HTTP/1.1\r\n\r\n", 405],
    ["CONNECT a:1 HTTP/1.1\r\n\r\n", 405],
    ["TRACE / HTTP/1.1\r\n\r\n", 405],
    ["BREW / HTTP/1.1\r\n\r\n", 501],
    ["get / HTTP/1.1\r\n\r\n", 501],
    ["GET / HTTP/2.0\r\n\r\n", 505],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ["\u0016\u0003\u0001 a TLS hello\r\n\r\n", 400],
    [`GET /${"x".repeat(MAX_HEAD_BYTES)} HTTP/1.1\r\n\r\n`, 414],
    ["x".repeat(MAX_HEAD_BYTES), 431],
  ];
  for (const [text, status] of cases) {
    assert.deepEqual(parse(text), { kind: "bad", status }, JSON.stringify(text.slice(0, 80)));
  }
  const get = parseHead(bytesOf(field("X: 1")), { methods: ["GET"] });
  assert.deepEqual(get, { kind: "bad", status: 405 }, "not of this listener");
});

Deno.test("parseHead() takes a head of the limit, and not one byte more", () => {
  const frame = `GET / HTTP/1.1\r\n${HOST}X: \r\n\r\n`;
  const head = (size: number) => frame.replace("X: ", `X: ${"x".repeat(size - frame.length)}`);
  assert.equal(parse(head(MAX_HEAD_BYTES)).kind, "request");
  assert.deepEqual(parse(head(MAX_HEAD_BYTES + 1)), { kind: "bad", status: 431 });
});

Deno.test("parseHead() has an answer to any bytes, the same one however they arrive", () => {
  const piece = fc.constantFrom(
    ...["GET", " ", "/", "HTTP/1.1", "\r\n", "\n", "\r", ":", "x", "\t", "\0", "é", "Host: a"],
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
    const bytes = bytesOf(pieces.join(""));
    const head = parseHead(bytes, { methods });
    if (head.kind === "request") assert.ok(head.size <= bytes.length);
    let searched = 0;
    for (let end = 1; end <= bytes.length; end++) {
      const part = parseHead(bytes.subarray(0, end), { methods, searched });
      if (part.kind !== "incomplete") {
        assert.deepEqual(part, head);
        return;
      }
      searched = end;
    }
    assert.deepEqual(head, { kind: "incomplete" });
  }));
  parse(`GET / HTTP/1.1\r\nX:${" ".repeat(16_000)}x\r\n\r\n`);
});
