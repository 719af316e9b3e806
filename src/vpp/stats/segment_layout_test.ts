import assert from "node:assert/strict";
import { fuzz, rounds } from "../../../tests/support/fakes/fuzz.ts";
import {
  decodeEntry,
  decodeHeader,
  encodeName,
  ENTRY_BYTES,
  findEntry,
  HEADER_BYTES,
  isEntry,
  scalarValue,
} from "./segment_layout.ts";

function bitsOf(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0]!;
}

function entry(type: number, name: string, bits = 0n): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setBigUint64(8, bits, true);
  bytes.set(new TextEncoder().encode(name).subarray(0, 128), 16);
  return bytes;
}

Deno.test("scalarValue() accepts integers and doubles only", () => {
  const cases: [bigint, number | undefined][] = [
    [0n, 0],
    [1n, 1],
    [1795197539n, 1795197539],
    [2n ** 53n - 1n, 2 ** 53 - 1],
    [bitsOf(1), 1],
    [bitsOf(0.25), 0.25],
    [bitsOf(1795197539), 1795197539],
    [bitsOf(1795197539.5), 1795197539.5],
    [bitsOf(1e300), 1e300],
    [bitsOf(-1), undefined],
    [bitsOf(-0), 0],
    [bitsOf(Infinity), undefined],
    [bitsOf(NaN), undefined],
    [2n ** 64n - 1n, undefined],
  ];
  for (const [bits, wanted] of cases) {
    assert.equal(Object.is(scalarValue(bits), -0) ? 0 : scalarValue(bits), wanted, `${bits}`);
  }
});

Deno.test("findEntry() finds only the exact name with the requested type", () => {
  const long = "n".repeat(128);
  const names: [number, string][] = [
    [2, "first session packets"],
    [3, "first session packet"],
    [5, ""],
    [2, "first session packet"],
    [2, "first session packet"],
    [1, "/sys/boottime"],
    [2, long],
    [2, long.slice(1)],
  ];
  const entries = new Uint8Array(names.length * ENTRY_BYTES + 100);
  names.forEach(([type, name], i) => entries.set(entry(type, name), i * ENTRY_BYTES));
  const find = (name: string, ...types: number[]) =>
    findEntry(entries, { name: encodeName(name), types });
  assert.equal(find("first session packet", 2), 3);
  assert.equal(find("first session packet", 3), 1);
  assert.equal(find("first session", 2), -1);
  assert.equal(find("/sys/boottime", 9, 1), 5);
  assert.equal(find("/sys/boottime", 2), -1);
  assert.equal(find(long.slice(1), 2), 7);
  assert.equal(find(long, 2), -1, "a name without its final NUL does not match");
  assert.equal(find("n".repeat(1000), 2), -1);
  assert.equal(decodeEntry(entries, 6 * ENTRY_BYTES).name, long);
  assert.equal(
    findEntry(new Uint8Array(ENTRY_BYTES - 1), { name: encodeName(""), types: [0] }),
    -1,
  );
});

Deno.test("decodeHeader() reads a header of VPP", () => {
  const bytes = new Uint8Array(HEADER_BYTES + 3).subarray(3);
  bytes.set(Uint8Array.of(2), 0);
  bytes.set(Uint8Array.of(7, 1), 16);
  assert.deepEqual(decodeHeader(bytes), { version: 2, epoch: 263n, inProgress: false });
  bytes.set(Uint8Array.of(1), 31);
  assert.equal(decodeHeader(bytes).inProgress, true);
});

Deno.test("a directory of arbitrary bytes is read without a throw, and a name is found at its place", () => {
  const { seed, below } = fuzz(31);
  const wanted = { name: encodeName("/sys/boottime"), types: [1, 9] };
  const entries = new Uint8Array(5 * ENTRY_BYTES + 50);
  let found = 0;
  for (let round = rounds(20_000); round > 0; round--) {
    for (let i = 0; i < 40; i++) entries[below(entries.length)] = below(256);
    const place = below(5);
    if (below(2) === 0) entries.set(entry(1, "/sys/boottime"), place * ENTRY_BYTES);
    const at = findEntry(entries, wanted);
    for (let i = 0; i < 5; i++) {
      const { type, name, bits } = decodeEntry(entries, i * ENTRY_BYTES);
      const value = scalarValue(bits);
      assert.ok(value === undefined || (Number.isFinite(value) && value >= 0));
      const is = name === "/sys/boottime" && wanted.types.includes(type);
      assert.equal(isEntry(entries, i * ENTRY_BYTES, wanted), is, `seed ${seed}`);
      if (is && i === at) found++;
    }
  }
  assert.ok(found > rounds(4000));
});
