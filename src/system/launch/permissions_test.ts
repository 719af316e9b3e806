import assert from "node:assert/strict";
import { V8_FLAGS } from "./permissions.ts";

Deno.test("V8_FLAGS are flags that this Deno supports", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", `--v8-flags=${V8_FLAGS.join(",")}`],
      `data:text/javascript,console.log("started")`,
    ],
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(new TextDecoder().decode(stdout), "started\n");
  assert.equal(code, 0);
});
