import assert from "node:assert/strict";
import { OutputError, writeText } from "./output.ts";

/** A stream that accepts as many bytes as the next of `takes`, or throws it. */
function stream(...takes: (number | Error)[]) {
  const written: number[] = [];
  return {
    written,
    writeSync(bytes: Uint8Array) {
      const take = takes.shift() ?? bytes.length;
      if (take instanceof Error) throw take;
      written.push(...bytes.subarray(0, take));
      return Math.min(take, bytes.length);
    },
    get text() {
      return new TextDecoder().decode(Uint8Array.from(written));
    },
  };
}

Deno.test("writeText() writes all, in pieces if need be", () => {
  const out = stream(1, 2, new Deno.errors.WouldBlock("later"), 1);
  writeText(out, "añb\n");
  assert.equal(out.text, "añb\n");
});

Deno.test("writeText() distinguishes a closed pipe from a full disk", () => {
  const reason = (error: Error) => {
    try {
      writeText(stream(error), "x");
    } catch (caught) {
      assert.ok(caught instanceof OutputError);
      return caught.reason;
    }
    assert.fail("nothing was thrown");
  };
  assert.equal(reason(new Deno.errors.BrokenPipe("Broken pipe (os error 32)")), undefined);
  const full = new Error("No space left on device (os error 28)");
  assert.equal(reason(full), "No space left on device");
});
