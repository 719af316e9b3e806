import assert from "node:assert/strict";
import { fileProblem, NOT_REGULAR, readRegularFile, readRegularText } from "./read_file.ts";

async function problemOf(path: string, options: Partial<Parameters<typeof readRegularFile>[1]>) {
  try {
    await readRegularFile(path, { maxBytes: 5, ...options });
    return undefined;
  } catch (error) {
    return fileProblem(error);
  }
}

Deno.test("readRegularFile() reads files up to the limit, and refuses all else with a reason", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/file`;
    assert.equal(await problemOf(path, {}), "no such file");
    await Deno.writeTextFile(path, "12345");
    assert.equal(await readRegularText(path, { maxBytes: 5 }), "12345");
    assert.equal(await problemOf(path, { maxBytes: 4 }), "it has more than 4 bytes");
    assert.equal(await problemOf(folder, {}), NOT_REGULAR);
    assert.equal(await problemOf("/dev/zero", {}), NOT_REGULAR);
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    assert.equal(await problemOf(`${folder}/pipe`, {}), NOT_REGULAR);
    await Deno.symlink(path, `${folder}/link`);
    assert.equal(await problemOf(`${folder}/link`, {}), undefined);
    assert.equal(await problemOf(`${folder}/link`, { followLinks: false }), NOT_REGULAR);
    for (const [mode, refused] of [[0o660, false], [0o604, true], [0o602, true]] as const) {
      await Deno.chmod(path, mode);
      const reason = `readable or writable by others; run \`chmod o= ${path}\``;
      assert.equal(await problemOf(path, { secret: true }), refused ? reason : undefined);
      assert.equal(await problemOf(path, {}), undefined);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
