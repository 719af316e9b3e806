import assert from "node:assert/strict";
import fc from "fast-check";
import { MaglevError } from "../../base/errors.ts";
import { encodeFrame, FrameDecoder } from "./frame.ts";

function decodeAll(chunks: readonly Uint8Array[], decoder = new FrameDecoder()): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (const chunk of chunks) decoder.push(chunk, (message) => messages.push(message.slice()));
  return messages;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const MESSAGES = [[], [1], [2, 3, 4, 5], Array.from({ length: 40 }, (_, i) => i)]
  .map((bytes) => Uint8Array.from(bytes));
const STREAM = join(MESSAGES.map((message) => encodeFrame(message)));

Deno.test("encodeFrame puts the length big-endian into bytes 8 to 11", () => {
  const frame = encodeFrame(new Uint8Array(0x1_02_03));
  assert.deepEqual([...frame.subarray(0, 16)], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0]);
});

Deno.test("FrameDecoder returns all messages of one chunk, including empty ones", () => {
  assert.deepEqual(decodeAll([STREAM]), MESSAGES);
});

Deno.test("FrameDecoder joins a stream that is split at any byte", () => {
  for (let at = 0; at <= STREAM.length; at++) {
    assert.deepEqual(decodeAll([STREAM.subarray(0, at), STREAM.subarray(at)]), MESSAGES, `${at}`);
  }
});

Deno.test("FrameDecoder joins a stream of single bytes, and is idle only between frames", () => {
  const decoder = new FrameDecoder();
  const chunks = [...STREAM].map((byte) => Uint8Array.of(byte));
  assert.equal(decoder.idle, true);
  assert.deepEqual(decodeAll(chunks.slice(0, -1), decoder), MESSAGES.slice(0, -1));
  assert.equal(decoder.idle, false);
  assert.deepEqual(decodeAll(chunks.slice(-1), decoder), MESSAGES.slice(-1));
  assert.equal(decoder.idle, true);
});

Deno.test("FrameDecoder.needed lets a caller read exactly one frame", () => {
  const decoder = new FrameDecoder();
  const messages: Uint8Array[] = [];
  let at = 0;
  while (messages.length < 3) {
    const chunk = STREAM.subarray(at, at + Math.min(decoder.needed, 3));
    at += chunk.length;
    decoder.push(chunk, (message) => messages.push(message.slice()));
  }
  assert.deepEqual(messages, MESSAGES.slice(0, 3));
  assert.equal(at, STREAM.length - encodeFrame(MESSAGES[3]!).length);
});

Deno.test("FrameDecoder accepts a message of exactly the limit and rejects one byte more", () => {
  const decoder = new FrameDecoder({ maxMessageBytes: 100 });
  assert.equal(decodeAll([encodeFrame(new Uint8Array(100))], decoder)[0]?.length, 100);
  assert.throws(
    () => decodeAll([encodeFrame(new Uint8Array(101))], decoder),
    (error) => error instanceof MaglevError && error.code === "internal",
  );
});

Deno.test("FrameDecoder ignores all header fields but the length", () => {
  const frame = encodeFrame(Uint8Array.of(7));
  frame.set([0xc0, 0x24, 0x05, 0x30, 1, 0, 0, 0], 0);
  frame.set([0, 0, 0, 9], 12);
  assert.deepEqual(decodeAll([frame, frame]), [Uint8Array.of(7), Uint8Array.of(7)]);
});

Deno.test("FrameDecoder allocates by the bytes received, not by the header's length", () => {
  const header = encodeFrame(new Uint8Array(0));
  header.set([3, 0xff, 0xff, 0xff], 8);
  const decoder = new FrameDecoder();
  const before = Deno.memoryUsage().external;
  decodeAll([header, new Uint8Array(10)], decoder);
  assert.ok(Deno.memoryUsage().external - before < 16 * 1024 * 1024);
});

Deno.test("FrameDecoder gathers a message of 8 MiB from 2,048 pieces", () => {
  const message = new Uint8Array(8 * 1024 * 1024).map((_, i) => i * 7);
  const frame = encodeFrame(message);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < frame.length; at += 4096) chunks.push(frame.subarray(at, at + 4096));
  const [got] = decodeAll(chunks);
  assert.ok(got !== undefined && got.length === message.length);
  assert.ok(got.every((byte, i) => byte === message[i]));
});

Deno.test("FrameDecoder returns the same messages for any split of the stream", () => {
  const cuts = fc.array(fc.nat({ max: STREAM.length }), { maxLength: 12 });
  fc.assert(fc.property(cuts, (at) => {
    const edges = [0, ...at.sort((a, b) => a - b), STREAM.length];
    const chunks = edges.slice(1).map((edge, i) => STREAM.slice(edges[i], edge));
    assert.deepEqual(decodeAll(chunks), MESSAGES);
  }));
});

Deno.test("FrameDecoder returns messages or throws MaglevError for arbitrary bytes", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
    try {
      decodeAll(chunks);
    } catch (error) {
      assert.ok(error instanceof MaglevError, String(error));
    }
  }));
});
