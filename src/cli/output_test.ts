import assert from "node:assert/strict";
import { complain } from "./output.ts";

Deno.test("complain() writes one printable line and never fails", () => {
  const written: string[] = [];
  complain({
    writeSync(bytes) {
      written.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
  }, "a\nb\x1b[2J");
  assert.deepEqual(written, ["maglevc: a\\nb\\x1b[2J\n"]);
  const full = () => {
    throw new Error("full");
  };
  complain({ writeSync: full }, "x");
});
