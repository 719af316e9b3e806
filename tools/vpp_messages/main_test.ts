import assert from "node:assert/strict";
import { committedMessages, generateFrom } from "./main.ts";

const FOLDER = new URL("../../../shared/vpp/api", import.meta.url).pathname;

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const present = isFolder(FOLDER);

Deno.test({
  name: "messages.ts is what the definitions give" +
    (present ? "" : " (skipped: ../shared/vpp/api is absent)"),
  ignore: !present,
  async fn() {
    const text = await generateFrom(FOLDER);
    assert.ok(text === await committedMessages(), "stale: run `deno task vpp:codegen`");
  },
});

Deno.test("generateFrom refuses a folder without definitions", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    await assert.rejects(generateFrom(folder), /no \*\.api\.json in/);
  } finally {
    Deno.removeSync(folder);
  }
});
