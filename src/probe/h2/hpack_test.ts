import assert from "node:assert/strict";
import { fuzz, mutateBytes, rounds } from "../../../tests/support/fakes/fuzz.ts";
import { type Field, headerBlock, HeaderReader } from "./hpack.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(/\s/g, ""));

/** Responses of RFC 7541, C.6 (Huffman) with their fields; its table of 256 bytes is set first. */
const RESPONSES: readonly (readonly [string, readonly Field[]])[] = [
  [
    `3fe101
     4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
     2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
    [
      [":status", "302"],
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
      ["location", "https://www.example.com"],
    ],
  ],
  [
    "4883 640e ffc1 c0bf",
    [
      [":status", "307"],
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
      ["location", "https://www.example.com"],
    ],
  ],
  [
    `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
     77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
     9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    [
      [":status", "200"],
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
      ["location", "https://www.example.com"],
      ["content-encoding", "gzip"],
      ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
    ],
  ],
];

Deno.test("HeaderReader reads the responses of RFC 7541, whose table evicts", () => {
  const reader = new HeaderReader();
  for (const [block, fields] of RESPONSES) assert.deepEqual(reader.read(hex(block)), fields);
});

Deno.test("HeaderReader reads what headerBlock() writes", () => {
  const fields: Field[] = [[":status", "200"], ["x", ""], ["long", "v".repeat(20_000)]];
  for (const length of [126, 127, 128, 254, 255]) fields.push(["n".repeat(length), "v"]);
  assert.deepEqual(new HeaderReader().read(headerBlock(fields)), fields);
});

Deno.test("HeaderReader refuses malformed blocks", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["index 0", "80"],
    ["an index beyond both tables", "be"],
    ["a name beyond both tables", "7e 01 61"],
    ["a cut integer", "ff"],
    ["an endless integer", "ff ff ff ff ff 0f"],
    ["a cut name", "00 02 61"],
    ["no value", "00 01 61"],
    ["a table larger than allowed", "3f e2 1f"],
    ["a table size after a field", "88 20"],
    ["a Huffman code filled with zeros", "48 81 00"],
    ["a Huffman code filled with a byte", "48 82 07 ff"],
    ["the end mark", "48 84 ff ff ff ff"],
  ];
  for (const [what, block] of cases) {
    assert.equal(new HeaderReader().read(hex(block)), undefined, what);
  }
});

Deno.test("HeaderReader survives any change of a block", () => {
  const { seed, below } = fuzz(7541);
  for (let round = 0; round < rounds(2000); round++) {
    const reader = new HeaderReader();
    for (const [block] of RESPONSES) {
      const fields = reader.read(mutateBytes(hex(block), below));
      const size = JSON.stringify(fields ?? []).length;
      assert.ok(size < 100_000, `seed ${seed}, round ${round}: ${size} bytes`);
    }
  }
});
