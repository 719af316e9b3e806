/**
 * Goal: whenever the process or the machine ends, the file is whole, and what was acknowledged is
 * there. Method: a folder that loses its power after each number of operations, and then may have
 * any part of what was not synced; and the same calls on a real folder.
 */
import assert from "node:assert/strict";
import { CrashFolder } from "../../tests/support/judges/crash_folder.ts";
import { withFolder } from "../../tests/support/servers/daemon.ts";
import { type FolderIo, folderIo, StateFile } from "./state_file.ts";

const NAME = "intents.json";

function fileIn(io: FolderIo, maxBytes = 1000): StateFile {
  return new StateFile({ io, name: NAME, maxBytes, maxKept: 2 });
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array | undefined) => content && new TextDecoder().decode(content);

Deno.test("StateFile: at a loss of power at any instant the file is the old or the new one, whole", async () => {
  let acknowledged = false;
  for (let left = 0; !acknowledged; left++) {
    assert.ok(left < 20, "it ends");
    const folder = new CrashFolder();
    folder.put(NAME, "old");
    folder.left = left;
    acknowledged = await fileIn(folder).write(bytes("new")).then(() => true, () => false);
    const allowed = acknowledged ? ["new"] : ["old", "new"];
    for (const found of folder.afterPowerLoss(NAME)) {
      assert.ok(found !== undefined && allowed.includes(found), `after ${folder.calls}: ${found}`);
    }
    // A process that was killed leaves what programs see; the next one can go on from there.
    folder.left = Infinity;
    assert.ok(["old", "new"].includes(text(await fileIn(folder).read())!));
    await fileIn(folder).write(bytes("next"));
    assert.deepEqual(folder.content, { [NAME]: "next" });
  }
});

Deno.test("StateFile: a failed write leaves only the old file, and rejects with the reason", async () => {
  const folder = new CrashFolder();
  folder.put(NAME, "old");
  folder.failure = new Error("No space left on device");
  await assert.rejects(fileIn(folder).write(bytes("new")), /No space left/);
  assert.deepEqual(folder.content, { [NAME]: "old" });
  await assert.rejects(fileIn(folder, 2).write(bytes("new")), /3 bytes: at most 2/);
});

Deno.test("StateFile.putAside keeps a bounded number, the newest", async () => {
  const folder = new CrashFolder();
  folder.put("intents.json.backup", "somebody's own");
  for (const stamp of ["100", "200", "300", "400"]) {
    folder.put(NAME, `bad ${stamp}`);
    assert.equal(await fileIn(folder).putAside(stamp), `${NAME}.bad-${stamp}`);
  }
  assert.deepEqual(folder.content, {
    "intents.json.backup": "somebody's own",
    [`${NAME}.bad-300`]: "bad 300",
    [`${NAME}.bad-400`]: "bad 400",
  });
});

Deno.test("a real folder is created for its owner alone, read and written", async () => {
  await withFolder(async (parent) => {
    const path = `${parent}/state`;
    const file = fileIn(folderIo(path));
    assert.equal(await file.read(), undefined);
    await file.write(bytes("one"));
    await file.write(bytes("two"));
    assert.equal(text(await file.read()), "two");
    assert.deepEqual([...Deno.readDirSync(path)].map(({ name }) => name), [NAME]);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o700);
    assert.equal(Deno.statSync(`${path}/${NAME}`).mode! & 0o777, 0o600);
    await file.putAside("7");
    assert.deepEqual([...Deno.readDirSync(path)].map(({ name }) => name), [`${NAME}.bad-7`]);
  });
});

Deno.test("a real folder for all to read is that under any umask", async () => {
  await withFolder(async (parent) => {
    const before = Deno.umask(0o077);
    try {
      const path = `${parent}/run`;
      await fileIn(folderIo(path, { readableByAll: true })).write(bytes("one"));
      assert.equal(Deno.statSync(path).mode! & 0o777, 0o755);
      assert.equal(Deno.statSync(`${path}/${NAME}`).mode! & 0o777, 0o644);
    } finally {
      Deno.umask(before);
    }
  });
});

Deno.test("a real folder: the file and then the folder are synced", async () => {
  const { sync } = Deno.FsFile.prototype;
  const synced: boolean[] = [];
  Deno.FsFile.prototype.sync = async function () {
    synced.push((await this.stat()).isDirectory);
    return await sync.call(this);
  };
  try {
    await withFolder((path) => fileIn(folderIo(path)).write(bytes("one")));
  } finally {
    Deno.FsFile.prototype.sync = sync;
  }
  assert.deepEqual(synced, [false, true]);
});

Deno.test("a real folder: a file that is too long or not a regular file is refused without waiting", async () => {
  await withFolder(async (path) => {
    const file = fileIn(folderIo(path), 4);
    await Deno.writeTextFile(`${path}/${NAME}`, "12345");
    await assert.rejects(file.read(), /has more than 4 bytes/);
    await Deno.remove(`${path}/${NAME}`);
    await new Deno.Command("mkfifo", { args: [`${path}/${NAME}`] }).output();
    await assert.rejects(file.read(), /not a regular file/);
    await file.putAside("1");
    await Deno.mkdir(`${path}/${NAME}`);
    await assert.rejects(file.read(), /not a regular file/);
    await file.putAside("2");
    await Deno.symlink("/dev/zero", `${path}/${NAME}`);
    await assert.rejects(file.read(), /not a regular file/);
    await file.write(bytes("ok"));
    assert.equal(text(await file.read()), "ok");
  });
});

Deno.test("a real folder that cannot be created is an error with its reason", async () => {
  await withFolder(async (path) => {
    await Deno.writeTextFile(`${path}/file`, "");
    await assert.rejects(fileIn(folderIo(`${path}/file`)).write(bytes("x")), /[Nn]ot a directory/);
    await assert.rejects(fileIn(folderIo(`${path}/no/where`)).write(bytes("x")), /No such file/);
    await assert.rejects(fileIn(folderIo(`${path}/file`)).read(), /[Nn]ot a directory/);
  });
});

Deno.test("a real folder: append() creates a file for its owner alone, and adds to its end", async () => {
  await withFolder(async (path) => {
    const io = folderIo(path);
    await io.append("log", bytes("one\n"));
    await io.append("log", bytes("two\n"));
    assert.equal(text(await io.read("log", 100)), "one\ntwo\n");
    assert.equal(Deno.statSync(`${path}/log`).mode! & 0o777, 0o600);
  });
});

Deno.test("a real folder: a quarantined file that cannot be removed blocks nothing", async () => {
  await withFolder(async (path) => {
    const file = fileIn(folderIo(path));
    await Deno.mkdir(`${path}/${NAME}/full`, { recursive: true });
    assert.equal(await file.putAside("1"), `${NAME}.bad-1`);
    for (const stamp of ["2", "3", "4"]) {
      await file.write(bytes("torn"));
      assert.equal(await file.putAside(stamp), `${NAME}.bad-${stamp}`);
    }
    assert.equal(await file.putAside("5"), undefined, "there is none");
    const names = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["1", "3", "4"].map((stamp) => `${NAME}.bad-${stamp}`));
  });
});
