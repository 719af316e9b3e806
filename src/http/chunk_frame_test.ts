import assert from "node:assert/strict";
import fc from "fast-check";
import { ChunkFrame, FRAME_BYTES } from "./chunk_frame.ts";

/** Everything that is sent for a text. */
function framed(text: string, chunked: boolean): Uint8Array[] {
  const frame = new ChunkFrame(chunked);
  const sent: Uint8Array[] = [];
  for (let at = 0; at < text.length;) {
    const { bytes, read } = frame.put(text.slice(at));
    assert.ok(read > 0, "it goes on");
    sent.push(bytes.slice());
    at += read;
  }
  return sent;
}

const decode = (parts: readonly Uint8Array[]) =>
  new TextDecoder().decode(new Uint8Array(parts.flatMap((part) => [...part])));

Deno.test("ChunkFrame sends a text as it is, or each part of it with its size", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    assert.equal(decode(framed(text, false)), text);
    const chunks = framed(text, true);
    const bytes = new TextEncoder().encode(text).length.toString(16).padStart(5, "0");
    assert.equal(decode(chunks), text === "" ? "" : `${bytes}\r\n${text}\r\n`);
  }));
});

Deno.test("ChunkFrame splits long text into parts, and never splits a character", () => {
  for (const text of ["x".repeat(FRAME_BYTES + 1), "😀".repeat(FRAME_BYTES / 3)]) {
    const parts = framed(text, false);
    assert.ok(parts.length > 1);
    assert.equal(decode(parts), text);
    const chunks = decode(framed(text, true)).matchAll(/([0-9a-f]{5})\r\n([x😀]+)\r\n/gu);
    let all = "";
    for (const [, size, part] of chunks) {
      assert.equal(parseInt(size!, 16), new TextEncoder().encode(part).length);
      all += part;
    }
    assert.equal(all, text);
  }
});
