import assert from "node:assert/strict";
import { bytesOfText, bytesProblem, MAX_TEXT_BYTES } from "./bytes_text.ts";

Deno.test("bytesOfText() encodes a text as UTF-8, and reads digits after hex:", () => {
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ["PING\r\n", [0x50, 0x49, 0x4e, 0x47, 13, 10]],
    ["é", [0xc3, 0xa9]],
    ["hex:00ff", [0, 255]],
    ["hex: 00 FF 0a", [0, 255, 10]],
    ["Hex:00", [0x48, 0x65, 0x78, 0x3a, 0x30, 0x30]],
  ];
  for (const [text, bytes] of cases) {
    assert.deepEqual([...bytesOfText(text)], bytes, text);
    assert.equal(bytesProblem(text), undefined, text);
  }
});

Deno.test("bytesProblem() refuses what cannot be sent", () => {
  const digits = /pairs of hexadecimal digits/;
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /must not be empty/],
    ["hex:", digits],
    ["hex:0", digits],
    ["hex:0g", digits],
    ["hex:0x00", digits],
    ["\ud800", /surrogate/],
    ["x".repeat(MAX_TEXT_BYTES + 1), /has 4097 bytes; at most 4096 are allowed/],
    [`hex:${"00".repeat(MAX_TEXT_BYTES + 1)}`, /has 4097 bytes/],
  ];
  for (const [text, problem] of cases) assert.match(bytesProblem(text) ?? "", problem, text);
});

Deno.test("bytesProblem() shows no part of the text, which may be a password", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["hex:41 SECRET", /place 3 /],
    ["hex:c0ffee", /^$/],
    ["hex:c0ffe", /number is 5, which is odd/],
    ["hex:", /nothing follows/],
  ];
  for (const [text, problem] of cases) {
    const found = bytesProblem(text) ?? "";
    assert.match(found, problem);
    assert.doesNotMatch(found, /SECRET|c0ff/);
  }
});
