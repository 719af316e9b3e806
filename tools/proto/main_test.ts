import assert from "node:assert/strict";
import { generate, targetOf } from "./main.ts";

Deno.test("the generated code matches the output of protoc and ts-proto for proto/", async () => {
  const files = await generate();
  if (files === undefined) {
    console.error("skipped: protoc is not installed; `deno task setup` installs it");
    return;
  }
  for (const [name, text] of files) {
    const committed = await Deno.readTextFile(targetOf(name));
    assert.ok(text === committed, `${name} is stale; run \`deno task proto\``);
  }
});
