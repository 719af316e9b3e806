import assert from "node:assert/strict";
import fc from "fast-check";
import { BodyDecoder } from "./body_decoder.ts";
import { HttpRefusal } from "./ports.ts";
import type { BodyFraming } from "./request_head.ts";

const CHUNKED: BodyFraming = { kind: "chunked" };
const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** The body and what follows it; undefined when it is not complete. */
function decode(
  text: string,
  { framing = CHUNKED, step = text.length, maxBytes = 100 }: {
    framing?: BodyFraming;
    step?: number;
    maxBytes?: number;
  } = {},
): [body: string, rest: string] | undefined {
  const decoder = new BodyDecoder(framing, { maxBytes });
  const bytes = bytesOf(text);
  let used = 0;
  for (let end = 0; end < bytes.length && !decoder.complete;) {
    end = Math.min(bytes.length, end + step);
    used += decoder.push(bytes.subarray(used, end));
  }
  return decoder.complete ? [textOf(decoder.body), text.slice(used)] : undefined;
}

const refusedWith = (status: number) => (error: unknown) => {
  assert.ok(error instanceof HttpRefusal);
  assert.equal(error.status, status);
  return true;
};

Deno.test("BodyDecoder takes as many bytes as the length gives, and leaves the rest", () => {
  assert.deepEqual(decode("abcGET", { framing: { kind: "length", bytes: 3 } }), ["abc", "GET"]);
  assert.equal(decode("ab", { framing: { kind: "length", bytes: 3 } }), undefined);
  assert.throws(() => decode("", { framing: { kind: "length", bytes: 101 } }), refusedWith(413));
  assert.ok(new BodyDecoder({ kind: "none" }, { maxBytes: 0 }).complete);
});

Deno.test("BodyDecoder joins chunks, with extensions and trailers that are ignored", () => {
  for (let step = 1; step < 40; step++) {
    assert.deepEqual(decode("3\r\nabc\r\n00a\r\n0123456789\r\n0\r\n\r\nGET", { step }), [
      "abc0123456789",
      "GET",
    ]);
    assert.deepEqual(decode('1 ;x="y"\r\n\n\r\n0;z\r\nX: 1\r\nY:\r\n\r\n', { step }), ["\n", ""]);
  }
});

Deno.test("BodyDecoder refuses chunks that another reader could cut elsewhere, and too many bytes", () => {
  const malformed = [
    "3\nabc\r\n0\r\n\r\n",
    "3\r\nabc\n0\r\n\r\n",
    "3\r\nabcd\r\n0\r\n\r\n",
    "3\r\nabc0\r\n\r\n",
    "0x3\r\nabc\r\n0\r\n\r\n",
    "-3\r\nabc\r\n0\r\n\r\n",
    "+3\r\nabc\r\n0\r\n\r\n",
    " 3\r\nabc\r\n0\r\n\r\n",
    "\r\nabc\r\n0\r\n\r\n",
    "123456789\r\n",
    "3;\0\r\nabc\r\n0\r\n\r\n",
    "3;a\rb\r\nabc\r\n0\r\n\r\n",
    "0\r\nno field\r\n\r\n",
    "0\r\n folded: 1\r\n\r\n",
    "0\r\n\n",
    "\n",
    `3;${"x".repeat(300)}`,
    `3;${"x".repeat(300)}\r\n`,
    `0\r\n${`X: ${"x".repeat(200)}\r\n`.repeat(30)}\r\n`,
  ];
  for (const text of malformed) {
    for (const step of [1, 1000]) {
      assert.throws(
        () => decode(text, { step: Math.min(step, text.length) }),
        refusedWith(400),
        JSON.stringify(text),
      );
    }
  }
  assert.throws(() => decode("65\r\n"), refusedWith(413));
  assert.throws(() => decode("64\r\n" + "x".repeat(100) + "\r\n1\r\n"), refusedWith(413));
  assert.equal(decode("64\r\n" + "x".repeat(100) + "\r\n0\r\n\r\n")?.[0].length, 100);
});

Deno.test("BodyDecoder gives back any body, however it is cut into chunks and reads", () => {
  const chunks = fc.array(fc.string({ minLength: 1, unit: "binary-ascii" }), { maxLength: 8 });
  fc.assert(fc.property(chunks, fc.integer({ min: 1, max: 30 }), (parts, step) => {
    const text = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("");
    const decoded = decode(`${text}0\r\n\r\nnext`, { step, maxBytes: 1000 });
    assert.deepEqual(decoded && [decoded[0], decoded[1]], [parts.join(""), "next"]);
  }));
});
