import assert from "node:assert/strict";
import { FRONTEND_V8_FLAGS, V8_FLAGS } from "./permissions.ts";

for (const [name, flags] of Object.entries({ V8_FLAGS, FRONTEND_V8_FLAGS })) {
  Deno.test(`${name} are flags that this Deno supports`, async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", `--v8-flags=${flags.join(",")}`],
        `data:text/javascript,console.log("started")`,
      ],
    }).output();
    assert.equal(new TextDecoder().decode(stderr), "");
    assert.equal(new TextDecoder().decode(stdout), "started\n");
    assert.equal(code, 0);
  });
}
