import assert from "node:assert/strict";
import fc from "fast-check";
import { ChunkFrame } from "./chunk_frame.ts";

Deno.test("ChunkFrame puts pieces of any sizes into chunks with their sizes", () => {
  const piece = fc.uint8Array({ minLength: 1, maxLength: 3000 });
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const frame = new ChunkFrame();
    for (const bytes of pieces) {
      const chunk = frame.put(bytes);
      const lineEnd = chunk.indexOf(10);
      const size = new TextDecoder().decode(chunk.subarray(0, lineEnd + 1));
      assert.match(size, /^[0-9a-f]+\r\n$/);
      assert.equal(parseInt(size, 16), bytes.length);
      const rest = chunk.subarray(lineEnd + 1);
      assert.deepEqual([...rest], [...bytes, 13, 10]);
    }
  }));
});
