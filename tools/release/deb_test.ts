import assert from "node:assert/strict";
import { removeFormer } from "./deb.ts";

Deno.test("removeFormer() removes packages of its names and architecture alone", async () => {
  const out = await Deno.makeTempDir({ prefix: "maglev-test-" });
  try {
    const others = ["a_1_arm64.deb", "a_1_amd64.tar.gz", "ab_1_amd64.deb", "maglev_shim.so"];
    for (const name of [...others, "a_1_amd64.deb", "a_2+git9_amd64.deb", "b_1_amd64.deb"]) {
      await Deno.writeTextFile(`${out}/${name}`, "");
    }
    await removeFormer(["a", "b"], { out, architecture: "amd64" });
    const left = [...Deno.readDirSync(out)].map(({ name }) => name);
    assert.deepEqual(left.sort(), others.sort());
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});
