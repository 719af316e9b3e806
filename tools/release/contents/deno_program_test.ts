import assert from "node:assert/strict";
import { DENO_VERSION, requirePinned, V8_VERSION } from "./deno_program.ts";

const ROOT = new URL("../../../", import.meta.url);

Deno.test("requirePinned() takes the program that runs this, and no other version", async () => {
  await requirePinned(Deno.execPath());
  assert.equal(Deno.version.v8, `${V8_VERSION}-rusty`);
  const path = await Deno.makeTempFile({ prefix: "maglev-test-" });
  try {
    const refused = async (text: string, reason: RegExp) => {
      await Deno.writeTextFile(path, text);
      await assert.rejects(requirePinned(path), reason);
    };
    const own = `\0Deno/0.80.0\0Deno/${DENO_VERSION}+0123456\0`;
    await refused("#!/bin/sh\n", /: not a deno program; expected Deno \d/);
    await refused(own, /: not a deno program/);
    await refused(
      `\0Deno/9.0.1+0123456${V8_VERSION}-rusty`,
      /: Deno 9\.0\.1 with V8 .*; expected /,
    );
    await refused(`${own}14.0.1.2-rusty`, /: Deno \S+ with V8 14\.0\.1\.2; expected /);
    await Deno.writeTextFile(path, `${own}${V8_VERSION}-rusty`);
    await requirePinned(path);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("Makefile, launcher and documents name the Deno that releases contain", async () => {
  const names = ["Makefile", "README.md", "tools/release/launcher.sh"].concat(
    [...Deno.readDirSync(new URL("docs/", ROOT))].map(({ name }) => `docs/${name}`)
      .filter((name) => name.endsWith(".md")),
  );
  const found: string[] = [];
  for (const name of names) {
    const text = await Deno.readTextFile(new URL(name, ROOT));
    found.push(...[...text.matchAll(/\bdeno@([\w.]+)/g)].map(([, version]) => version!));
  }
  assert.deepEqual([...new Set(found)], [DENO_VERSION]);
  assert.ok(found.length >= 5);
});
