import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checksum,
  decodeMessage,
  decodeQuoted,
  ECHO_BYTES,
  encodeEcho,
  errorText,
  type IpFamily,
} from "./packet.ts";

const TOKEN = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const ECHO = { id: 0x1234, seq: 0xfedc, token: TOKEN };

function request(family: IpFamily, echo = ECHO): Uint8Array {
  const bytes = new Uint8Array(ECHO_BYTES);
  assert.equal(encodeEcho(family, echo, bytes), ECHO_BYTES);
  return bytes;
}

/** The reply of a good host to a request. */
function replyTo(family: IpFamily, bytes: Uint8Array): Uint8Array {
  const reply = bytes.slice();
  reply[0] = family === 4 ? 0 : 129;
  return family === 4 ? summed(reply) : reply;
}

function summed(bytes: Uint8Array): Uint8Array {
  bytes[2] = bytes[3] = 0;
  const sum = checksum(bytes);
  bytes[2] = sum >> 8;
  bytes[3] = sum & 0xff;
  return bytes;
}

/** An error of `type` that quotes the first `length` bytes of what was sent to `destination`. */
function errorAbout(
  family: IpFamily,
  sent: Uint8Array,
  options: { type: number; code: number; destination: Uint8Array; options4?: number },
): Uint8Array {
  const { type, code, destination, options4 = 0 } = options;
  const header = new Uint8Array(family === 4 ? 20 + options4 : 40);
  header[0] = family === 4 ? 0x40 | header.length / 4 : 0x60;
  header[family === 4 ? 9 : 6] = family === 4 ? 1 : 58;
  header.set(destination, family === 4 ? 16 : 24);
  return summed(Uint8Array.of(type, code, 0, 0, 0, 0, 0, 0, ...header, ...sent));
}

const V4 = Uint8Array.of(198, 18, 0, 1);
const V6 = Uint8Array.from({ length: 16 }, (_, i) => i);

Deno.test("encodeEcho() writes what RFC 792 and RFC 4443 ask for", () => {
  const text = (bytes: Uint8Array) => bytes.toHex();
  const tail = `1234fedc6d61676c65766400${TOKEN.toHex()}`;
  assert.equal(text(request(6)), `80000000${tail}`);
  assert.equal(text(request(4)).slice(8), tail);
  assert.equal(text(request(4)).slice(0, 4), "0800");
  assert.equal(checksum(request(4)), 0, "the checksum includes itself");
});

Deno.test("checksum() is RFC 1071's, of an odd length too", () => {
  const hex = (text: string) => Uint8Array.fromHex(text);
  assert.equal(checksum(hex("0001f203f4f5f6f7")), 0x220d);
  assert.equal(checksum(hex("ff")), 0x00ff);
  assert.equal(checksum(new Uint8Array(0)), 0xffff);
  assert.equal(checksum(new Uint8Array(65_535).fill(0xff)), 0x00ff);
});

Deno.test("decodeMessage() reads back the answer to any request", () => {
  const word = fc.integer({ min: 0, max: 0xffff });
  const token = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(fc.property(fc.constantFrom(4, 6), word, word, token, (family, id, seq, token) => {
    const answer = replyTo(family, request(family, { id, seq, token: Uint8Array.from(token) }));
    assert.deepEqual(decodeMessage(family, answer, id), {
      kind: "reply",
      seq,
      token: Uint8Array.from(token),
    });
    assert.equal(decodeMessage(family, answer, id ^ 1), undefined, "another's");
  }));
});

Deno.test("decodeMessage() rejects answers that are cut, longer, marked or damaged", () => {
  for (const family of [4, 6] as const) {
    const good = replyTo(family, request(family));
    for (let length = 0; length < good.length; length++) {
      assert.equal(decodeMessage(family, good.slice(0, length), ECHO.id), undefined);
    }
    const longer = summed(Uint8Array.of(...good, 0, 0));
    assert.equal(decodeMessage(family, longer, ECHO.id), undefined);
    const coded = good.slice();
    coded[1] = 1;
    assert.equal(decodeMessage(family, family === 4 ? summed(coded) : coded, ECHO.id), undefined);
    const unlabelled = good.slice();
    unlabelled[8]! ^= 1;
    assert.equal(decodeMessage(family, summed(unlabelled), ECHO.id), undefined);
    assert.equal(decodeMessage(family, request(family), ECHO.id), undefined, "a request");
  }
  const harmed = replyTo(4, request(4));
  harmed[30]! ^= 1;
  assert.equal(decodeMessage(4, harmed, ECHO.id), undefined, "the checksum shows it");
});

Deno.test("decodeMessage() finds our request in an error that quotes it", () => {
  const cases: [IpFamily, Uint8Array, number, number, number][] = [
    [4, V4, 3, 1, 0],
    [4, V4, 11, 0, 8],
    [6, V6, 1, 3, 0],
    [6, V6, 3, 0, 0],
  ];
  for (const [family, destination, type, code, options4] of cases) {
    const error = errorAbout(family, request(family), { type, code, destination, options4 });
    const message = { kind: "error", seq: ECHO.seq, destination, type, code };
    assert.deepEqual(decodeMessage(family, error, ECHO.id), { ...message, token: TOKEN });
    const short = errorAbout(family, request(family).subarray(0, 8), { type, code, destination });
    assert.deepEqual(decodeMessage(family, short, ECHO.id), { ...message, token: undefined });
    assert.equal(decodeMessage(family, error, ECHO.id + 1), undefined, "another's");
    const reply = errorAbout(family, replyTo(family, request(family)), { type, code, destination });
    assert.equal(decodeMessage(family, reply, ECHO.id), undefined, "not about a request");
    const other = error.slice();
    other[8 + (family === 4 ? 9 : 6)] = 17;
    assert.equal(decodeMessage(family, other, ECHO.id), undefined, "about UDP");
  }
  const big = errorAbout(6, request(6), { type: 2, code: 0, destination: V6 });
  assert.equal(decodeMessage(6, big, ECHO.id), undefined, "packet too big ends no probe");
});

Deno.test("decodeMessage() and decodeQuoted() survive anything", () => {
  const bytes = fc.uint8Array({ maxLength: 120 });
  fc.assert(fc.property(fc.constantFrom(4, 6), bytes, fc.nat(255), (family, noise, type) => {
    const packet = Uint8Array.from(noise);
    decodeMessage(family, packet, ECHO.id);
    decodeQuoted(family, packet, { id: ECHO.id, type, code: 0 });
    const known = [0, 1, 3, 4, 11, 12, 129];
    if (packet.length > 0) packet[0] = known[type % known.length]!;
    const message = decodeMessage(family, packet, ECHO.id);
    assert.ok(message === undefined || message.kind === "error", "noise is never an answer");
  }));
});

Deno.test("decodeMessage() survives an error whose quotation was tampered with", () => {
  const error = errorAbout(4, request(4), { type: 3, code: 1, destination: V4 });
  fc.assert(fc.property(fc.nat(error.length - 1), fc.nat(255), fc.nat(80), (at, byte, length) => {
    const packet = error.slice(0, length);
    if (at < packet.length) packet[at] = byte;
    decodeMessage(4, packet, ECHO.id);
  }));
});

Deno.test("errorText() has a text for exactly the errors that end a probe", () => {
  assert.equal(errorText(4, 3, 1), "host unreachable");
  assert.equal(errorText(4, 3, 99), "unreachable, code 99");
  assert.equal(errorText(4, 1, 0), undefined);
  assert.equal(errorText(6, 1, 0), "no route to host");
  assert.equal(errorText(6, 3, 0), errorText(4, 11, 0));
  assert.equal(errorText(6, 129, 0), undefined);
});
