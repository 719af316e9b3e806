import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_BODY_BYTES, MAX_RAW_BODY_BYTES } from "./body.ts";
import { HttpResponse, MAX_HEADER_BYTES } from "./response.ts";

interface Reading {
  readonly progress: string;
  readonly status: number;
  readonly body: string;
  readonly problem: string;
}

interface ReadOptions {
  readonly head?: boolean;
  readonly wantsBody?: boolean;
  /** Positions at which the bytes are cut; default: none. */
  readonly cuts?: readonly number[];
  /** False: the server has not closed. Default: true, when the answer is not complete before. */
  readonly end?: boolean;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function read(answer: string | Uint8Array, options: ReadOptions = {}): Reading {
  const { head = false, wantsBody = true, cuts = [], end = true } = options;
  const bytes = typeof answer === "string" ? bytesOf(answer) : answer;
  const response = new HttpResponse({ head, wantsBody: () => wantsBody });
  let progress = "more";
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    // A buffer of its own, wiped afterwards: the parser must not keep references to it.
    const chunk = bytes.slice(at, cut);
    progress = response.feed(chunk);
    chunk.fill(0xff);
    at = cut;
  }
  if (progress === "more" && end) progress = response.end();
  return {
    progress,
    status: response.status,
    body: String.fromCharCode(...response.body),
    problem: response.problem,
  };
}

/** Complete answers with their status and body. */
const GOOD: [name: string, answer: string, status: number, body: string][] = [
  ["plain", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"],
  ["HTTP/1.0 until close", "HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello"],
  ["no reason phrase", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, ""],
  ["empty reason phrase", "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", 404, ""],
  ["bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok"],
  ["blank before colon", "HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok", 200, "ok"],
  ["folded header", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok", 200, "ok"],
  ["same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", 200, "ok"],
  ["more than announced", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay", 200, "ok"],
  [
    "chunked",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "3\r\nhel\r\n02 ; x=y\r\nlo\r\n0\r\nTrailer: x\r\n\r\n",
    200,
    "hello",
  ],
  [
    "chunked beats Content-Length",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\ntransfer-encoding: , Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
    200,
    "0123456789",
  ],
  [
    "identity is no coding",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nabc",
    200,
    "abc",
  ],
  [
    "interim answers",
    "HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    200,
    "ok",
  ],
  ["no content", "HTTP/1.1 204 No Content\r\n\r\nstray", 204, ""],
  ["not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, ""],
  ["101 is final", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x01\x02", 101, ""],
];

const SPEAKS_TLS = "the server speaks TLS, not plain HTTP; use `type: https`";
const SPEAKS_HTTP2 = "the server speaks HTTP/2 only; use `http2: true`";

/** Invalid responses, with their messages. */
const BROKEN: [name: string, answer: string, problem: string][] = [
  ["nothing", "", "closed without an answer"],
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "no HTTP/1 answer"],
  ["TLS alert, no line end", "\x15\x03\x01\x00\x02\x02\x46", SPEAKS_TLS],
  ["TLS alert with a line end in it", "\x15\x03\x03\x00\x02\x02\x0a", SPEAKS_TLS],
  ["TLS handshake", "\x16\x03\x03\x00\x7a\x02\x00", SPEAKS_TLS],
  ["cut TLS alert", "\x15\x03", "no HTTP/1 answer"],
  ["HTTP/2 settings", "\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64", SPEAKS_HTTP2],
  ["HTTP/2, empty settings", "\0\0\0\x04\0\0\0\0\0", SPEAKS_HTTP2],
  ["HTTP/2, goodbye", "\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01", SPEAKS_HTTP2],
  ["zeros", "\0\0\0\0\0\0\0\0\0\0", "no HTTP/1 answer"],
  ["a TLS version of the future", "\x15\x04\0\0", "no HTTP/1 answer"],
  [
    "chunked twice",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, applied twice",
  ],
  [
    "chunked twice, in two lines",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, applied twice",
  ],
  [
    "a coding before chunked",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a transfer coding (gzip) that the request did not offer",
  ],
  [
    "a coding after chunked",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, x-gzip\r\n\r\nabc",
    "a transfer coding (x-gzip) that the request did not offer",
  ],
  [
    "an unknown coding",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nabc",
    "a transfer coding (unknown) that the request did not offer",
  ],
  ["HTTP/2", "HTTP/2 200\r\n\r\n", "no HTTP/1 answer"],
  ["letters for a status", "HTTP/1.1 OK\r\n\r\n", "no HTTP/1 answer"],
  ["two digits", "HTTP/1.1 20 OK\r\n\r\n", "no HTTP/1 answer"],
  ["four digits", "HTTP/1.1 2000 OK\r\n\r\n", "no HTTP/1 answer"],
  ["status below 100", "HTTP/1.1 099 No\r\n\r\n", "no HTTP/1 answer"],
  ["blank line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", "no HTTP/1 answer"],
  ["cut status line", "HTTP/1.1 20", "closed before the headers were complete"],
  ["cut headers", "HTTP/1.1 200 OK\r\nServer: x\r\n", "closed before the headers were complete"],
  ["only interim", "HTTP/1.1 100 Continue\r\n\r\n", "closed before the headers were complete"],
  ["line without colon", "HTTP/1.1 200 OK\r\ngarbage\r\n\r\n", "a header line without a name"],
  ["no name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", "a header line without a name"],
  ["NUL", "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", "a NUL byte in the headers"],
  [
    "length in words",
    "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
    "a Content-Length that is not a number",
  ],
  [
    "negative length",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "a Content-Length that is not a number",
  ],
  [
    "two lengths",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "two different Content-Lengths",
  ],
  [
    "cut body",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    "closed after 5 of 9 bytes of the body",
  ],
  [
    "cut chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "closed before the last chunk of the body",
  ],
  [
    "no chunk size",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n",
    "a chunk without a size",
  ],
  [
    "chunk longer than said",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
    "a chunk longer than its size",
  ],
];

Deno.test("HttpResponse reads complete answers, cut at each byte", () => {
  for (const [name, answer, status, body] of GOOD) {
    for (let cut = 0; cut <= answer.length; cut++) {
      const reading = read(answer, { cuts: [cut] });
      assert.deepEqual(reading, { progress: "done", status, body, problem: "" }, `${name} ${cut}`);
    }
  }
});

Deno.test("HttpResponse names the problem of a broken answer, cut at each byte", () => {
  for (const [name, answer, problem] of BROKEN) {
    for (let cut = 0; cut <= answer.length; cut++) {
      const reading = read(answer, { cuts: [cut] });
      assert.equal(reading.problem, problem, `${name} ${cut}`);
      assert.equal(reading.progress, "broken");
    }
  }
});

Deno.test("HttpResponse is independent of how an answer is cut", () => {
  const answer = fc.constantFrom(...GOOD.map((g) => g[1]), ...BROKEN.map((b) => b[1]));
  fc.assert(fc.property(answer, fc.array(fc.nat(200), { maxLength: 40 }), (text, positions) => {
    const cuts = positions.filter((at) => at < text.length).sort((a, b) => a - b);
    assert.deepEqual(read(text, { cuts }), read(text));
  }));
});

Deno.test("HttpResponse survives any bytes, and an answer with any one byte changed", () => {
  const answer = fc.constantFrom(...GOOD.map((g) => g[1]));
  fc.assert(fc.property(answer, fc.nat(), fc.nat(255), (text, at, byte) => {
    const bytes = bytesOf(text);
    bytes[at % bytes.length] = byte;
    const { progress, status, problem } = read(bytes);
    assert.equal(progress, problem === "" ? "done" : "broken");
    if (progress === "done") assert.ok(status >= 100 && status <= 999);
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assert.equal(read(bytes).progress, "broken");
  }));
});

Deno.test("HttpResponse does not read a body that is not needed", () => {
  const endless = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n";
  assert.equal(read(endless, { wantsBody: false, end: false }).progress, "done");
  assert.equal(read(endless, { end: false }).progress, "more");
  assert.equal(read(endless, { head: true, end: false }).progress, "done");
  assert.equal(read("HTTP/1.1 200 OK\r\n\r\n", { end: false }).progress, "more");
});

Deno.test("HttpResponse calls wantsBody with the final status", () => {
  const asked: number[] = [];
  const response = new HttpResponse({
    head: false,
    wantsBody: (status) => {
      asked.push(status);
      return false;
    },
  });
  response.feed(bytesOf("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\n"));
  assert.deepEqual(asked, [503]);
});

Deno.test("HttpResponse bounds the headers: at the limit and one beyond", () => {
  const frame = "HTTP/1.1 200 OK\r\nX: \r\n\r\n".length;
  const answer = (extra: number) =>
    `HTTP/1.1 200 OK\r\nX: ${"x".repeat(MAX_HEADER_BYTES - frame + extra)}\r\n\r\n`;
  assert.equal(read(answer(0)).progress, "done");
  assert.equal(read(answer(1)).problem, "more than 64 KiB of headers");
  // A line without end is given up as soon as it is too long, not when it ends.
  const endless = "HTTP/1.1 200 " + "x".repeat(MAX_HEADER_BYTES);
  assert.equal(read(endless, { end: false }).progress, "broken");
  const interim = "HTTP/1.1 100 Continue\r\n\r\n";
  const final = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  // Interim answers are bounded by the same bytes, not by their number.
  const most = Math.floor((MAX_HEADER_BYTES - final.length) / interim.length);
  assert.equal(read(interim.repeat(9) + final).progress, "done");
  assert.equal(read(interim.repeat(most) + final).progress, "done");
  assert.equal(read(interim.repeat(most + 1) + final).problem, "more than 64 KiB of headers");
});

Deno.test("HttpResponse bounds the body, in each framing: below the limit, at it, beyond", () => {
  const framings: [name: string, frame: (body: string) => string][] = [
    ["close", (body) => `HTTP/1.1 200 OK\r\n\r\n${body}`],
    ["length", (body) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`],
    [
      "chunked",
      (body) =>
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
        `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    ],
  ];
  for (const [name, frame] of framings) {
    for (const extra of [-1, 0, 1, 100_000]) {
      const answer = frame("x".repeat(MAX_BODY_BYTES + extra));
      const cuts = Array.from({ length: Math.floor(answer.length / 5000) }, (_, i) => 5000 * i);
      const { progress, problem, body } = readLong(answer, cuts);
      assert.equal(progress, "done", `${name} ${extra} ${problem}`);
      assert.equal(body, Math.min(MAX_BODY_BYTES, MAX_BODY_BYTES + extra), `${name} ${extra}`);
    }
  }
});

Deno.test("HttpResponse bounds the framing of a chunked body", () => {
  const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const longLine = head + "1;" + "x".repeat(1100);
  assert.equal(read(longLine, { end: false }).problem, "a chunk with an endless size line");
  const chunk = `1;${"x".repeat(1000)}\r\nx\r\n`;
  const answer = head + chunk.repeat(Math.ceil(MAX_RAW_BODY_BYTES / chunk.length) + 1);
  const cuts = Array.from({ length: Math.floor(answer.length / 5000) }, (_, i) => 5000 * i);
  assert.equal(readLong(answer, cuts).problem, "a body of hardly anything but framing");
});

/** read() for bodies too long to make a string of. */
function readLong(answer: string, cuts: readonly number[]) {
  const response = new HttpResponse({ head: false, wantsBody: () => true });
  const bytes = bytesOf(answer);
  let progress = "more";
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    progress = response.feed(bytes.subarray(at, cut));
    at = cut;
  }
  if (progress === "more") progress = response.end();
  return { progress, problem: response.problem, body: response.body.length };
}
