import assert from "node:assert/strict";
import { GENERATED, generateFrom, targetOf } from "./main.ts";

for (const proto of Object.keys(GENERATED)) {
  Deno.test(`src/grpc/gen/${GENERATED[proto]} is what proto/${proto} gives`, async () => {
    const committed = await Deno.readTextFile(targetOf(proto));
    assert.ok(await generateFrom(proto) === committed, "stale: run `deno task proto`");
  });
}
