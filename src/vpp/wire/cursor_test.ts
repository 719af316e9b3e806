import assert from "node:assert/strict";
import fc from "fast-check";
import { bytesOf, ipFromBytes, parseIp } from "../../base/address.ts";
import { MaglevError } from "../../base/errors.ts";
import { Reader, Writer } from "./cursor.ts";

/** Bytes that `write` makes, from a buffer that starts small so that it must grow. */
function written(write: (w: Writer) => void): number[] {
  const w = new Writer("test", 1);
  write(w);
  return [...w.finish()];
}

function invalid(error: unknown): boolean {
  return error instanceof MaglevError && error.code === "invalid-argument";
}

Deno.test("Writer writes every type big-endian and Reader reads it back", () => {
  const v4 = parseIp("192.0.2.1")!;
  const v6 = parseIp("2001:db8::1")!;
  const cases:
    readonly (readonly [(w: Writer) => void, number[], (r: Reader) => unknown, unknown])[] = [
      [(w) => w.u8(0xfe), [0xfe], (r) => r.u8(), 0xfe],
      [(w) => w.u16(0xfedc), [0xfe, 0xdc], (r) => r.u16(), 0xfedc],
      [(w) => w.u32(0xfedcba98), [0xfe, 0xdc, 0xba, 0x98], (r) => r.u32(), 0xfedcba98],
      [(w) => w.i8(-2), [0xfe], (r) => r.i8(), -2],
      [(w) => w.i16(-2), [0xff, 0xfe], (r) => r.i16(), -2],
      [(w) => w.i32(-81), [0xff, 0xff, 0xff, 0xaf], (r) => r.i32(), -81],
      [
        (w) => w.u64(0xfedcba9876543210n),
        [0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10],
        (r) => r.u64(),
        0xfedcba9876543210n,
      ],
      [(w) => w.i64(-2n), [255, 255, 255, 255, 255, 255, 255, 254], (r) => r.i64(), -2n],
      [(w) => w.f64(1.5), [0x3f, 0xf8, 0, 0, 0, 0, 0, 0], (r) => r.f64(), 1.5],
      [(w) => w.bool(true), [1], (r) => r.bool(), true],
      [(w) => w.fixedString("é", 4), [0xc3, 0xa9, 0, 0], (r) => r.fixedString(4), "é"],
      [(w) => w.string("ab"), [0, 0, 0, 2, 0x61, 0x62], (r) => r.string(), "ab"],
      [(w) => w.ip4(v4), [192, 0, 2, 1], (r) => r.ip4(), v4],
      [(w) => w.ip6(v6), [...bytesOf(v6)], (r) => r.ip6(), v6],
      [(w) => w.address(v4), [0, 192, 0, 2, 1, ...new Array(12).fill(0)], (r) => r.address(), v4],
      [(w) => w.address(v6), [1, ...bytesOf(v6)], (r) => r.address(), v6],
      [
        (w) => w.prefix({ address: v6, len: 128 }),
        [1, ...bytesOf(v6), 128],
        (r) => r.prefix(),
        { address: v6, len: 128 },
      ],
      [(w) => w.bytes(Uint8Array.of(9, 8), 2), [9, 8], (r) => r.bytes(2), Uint8Array.of(9, 8)],
    ];
  for (const [write, bytes, read, value] of cases) {
    assert.deepEqual(written(write), bytes, String(write));
    const reader = new Reader("test", Uint8Array.from(bytes));
    assert.deepEqual(read(reader), value, String(read));
    reader.end();
    const short = new Reader("test", Uint8Array.from(bytes.slice(0, -1)));
    assert.throws(() => read(short), MaglevError, `${read} of one byte too few`);
  }
});

Deno.test("Writer rejects values that do not fit", () => {
  const v4 = parseIp("192.0.2.1")!;
  const v6 = parseIp("2001:db8::1")!;
  const cases: readonly ((w: Writer) => void)[] = [
    (w) => w.u8(256),
    (w) => w.u8(-1),
    (w) => w.u8(1.5),
    (w) => w.u8(NaN),
    (w) => w.u16(65536),
    (w) => w.u32(2 ** 32),
    (w) => w.u32(-1),
    (w) => w.i8(128),
    (w) => w.i16(32768),
    (w) => w.i32(2 ** 31),
    (w) => w.u64(-1n),
    (w) => w.i64(2n ** 63n),
    (w) => w.fixedString("abcd", 4),
    (w) => w.fixedString("a\0b", 8),
    (w) => w.ip4(v6),
    (w) => w.ip6(v4),
    (w) => w.bytes(new Uint8Array(3), 4),
    (w) => w.exactly([1], 2),
  ];
  for (const write of cases) assert.throws(() => written(write), invalid, String(write));
});

Deno.test("Reader rejects impossible values", () => {
  const cases: readonly (readonly [number[], (r: Reader) => unknown])[] = [
    [[2], (r) => r.bool()],
    [[2, ...new Array(16).fill(0)], (r) => r.address()],
    [[0xff, 0xff, 0xff, 0xff, 1], (r) => r.string()],
    [[1, 2], (r) => r.list(3, (r) => r.u8())],
    [[1, 2], (r) => r.end()],
  ];
  for (const [bytes, read] of cases) {
    const reader = new Reader("test", Uint8Array.from(bytes));
    assert.throws(() => read(reader), /cannot decode test/, String(read));
  }
});

Deno.test("Reader.f64 reads at its offset in a view of a larger buffer", () => {
  const bytes = Uint8Array.of(9, 9, 9, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 9);
  assert.equal(new Reader("test", bytes.subarray(3, 11)).f64(), 1.5);
});

Deno.test("all strings and addresses survive the round trip", () => {
  const ip = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  ).map(ipFromBytes);
  fc.assert(fc.property(fc.string({ unit: "binary" }), ip, (text, address) => {
    const bytes = written((w) => {
      w.string(text);
      w.address(address);
    });
    const reader = new Reader("test", Uint8Array.from(bytes));
    assert.equal(reader.string(), text);
    assert.deepEqual(reader.address(), address);
    reader.end();
  }));
});
