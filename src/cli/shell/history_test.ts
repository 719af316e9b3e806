/** The history on a real disk: several shells, a file that is too long, one that cannot be used. */
import assert from "node:assert/strict";
import { SystemClock } from "../../system/system_clock.ts";
import { History, historyPath, MAX_HISTORY } from "./history.ts";

async function inFolder(
  fn: (
    path: string,
    open: () => Promise<{ history: History; warnings: string[] }>,
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "maglevc-history-" });
  const path = `${folder}/state/maglevc/history`;
  const open = async () => {
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const history = new History({ path, clock: new SystemClock(), warn });
    await history.load();
    return { history, warnings };
  };
  try {
    await fn(path, open);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("lines return in the next shell, readable for their owner only", async () => {
  await inFolder(async (path, open) => {
    const { history } = await open();
    for (const line of ["show version", "show version ", " secret", "", "sh ba"]) {
      await history.add(line);
    }
    assert.deepEqual(history.lines, ["show version", "sh ba"]);
    assert.deepEqual((await open()).history.lines, ["show version", "sh ba"]);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    assert.equal((await Deno.stat(path.replace("/history", ""))).mode! & 0o777, 0o700);
  });
});

Deno.test("a file that is readable by others becomes private", async () => {
  await inFolder(async (path, open) => {
    await (await open()).history.add("a");
    await Deno.chmod(path, 0o644);
    assert.deepEqual((await open()).history.lines, ["a"]);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  });
});

Deno.test("concurrent shells lose no lines of each other", async () => {
  await inFolder(async (path, open) => {
    const shells = await Promise.all(Array.from({ length: 4 }, open));
    await Promise.all(shells.map(async ({ history }, shell) => {
      for (let i = 0; i < 50; i++) await history.add(`shell ${shell} line ${i}`);
    }));
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
    assert.equal(new Set(lines).size, 200);
    assert.deepEqual(shells.flatMap(({ warnings }) => warnings), []);
  });
});

Deno.test("the history is bounded, in memory and on the disk, and keeps the newest", async () => {
  await inFolder(async (path, open) => {
    const { history } = await open();
    await history.add("first");
    const many = Array.from({ length: 2 * MAX_HISTORY + 5 }, (_, i) => `line ${i}`);
    await Deno.writeTextFile(path, many.map((line) => `${line}\n`).join(""));
    const again = await open();
    assert.deepEqual(again.history.lines, many.slice(-MAX_HISTORY));
    assert.equal((await Deno.readTextFile(path)).split("\n").length, MAX_HISTORY + 1);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    // A shell that had the old file open by name writes to the new one.
    await history.add("late");
    assert.equal((await open()).history.lines.at(-1), "late");
    // A shell that never ends shortens the file too.
    for (let i = 0; i < 2 * MAX_HISTORY; i++) await again.history.add(`more ${i}`);
    assert.ok((await Deno.readTextFile(path)).split("\n").length <= 2 * MAX_HISTORY + 1);
  });
});

Deno.test("invalid lines of the file are skipped", async () => {
  await inFolder(async (path, open) => {
    await (await open()).history.add("good");
    const hostile = ["a\x1b[2Jb", "a\x9b2Jb", "a\u202eb", "a\u200bb", "a\x7fb", "x".repeat(9000)];
    const bytes = `${hostile.join("\n")}\nlast\n`;
    await Deno.writeTextFile(path, bytes, { append: true });
    await Deno.writeFile(path, Uint8Array.of(0xff, 0xfe, 0x0a), { append: true });
    const { lines } = (await open()).history;
    assert.deepEqual(lines.slice(0, 2), ["good", "last"]);
  });
});

Deno.test("a lock that is never released does not block other shells", async () => {
  await inFolder(async (path, open) => {
    await (await open()).history.add("first");
    using other = await Deno.open(path);
    await other.lock(true);
    let waits = 0;
    const clock = {
      ...new SystemClock(),
      after(_: number, fn: () => void) {
        waits++;
        queueMicrotask(fn);
        return { cancel() {} };
      },
    } as unknown as SystemClock;
    const history = new History({ path, clock, warn: (message) => assert.fail(message) });
    await history.add("second");
    assert.equal(waits, 20);
    assert.equal(await Deno.readTextFile(path), "first\nsecond\n");
  });
});

Deno.test("a last line without an end stays a line of its own", async () => {
  await inFolder(async (path, open) => {
    await (await open()).history.add("first");
    await Deno.writeTextFile(path, "torn", { append: true });
    await (await open()).history.add("next");
    assert.equal(await Deno.readTextFile(path), "first\ntorn\nnext\n");
  });
});

Deno.test("a history that cannot be kept causes one warning, and lines stay in memory", async () => {
  await inFolder(async (path, open) => {
    await Deno.mkdir(path.replace("/maglevc/history", ""), { recursive: true });
    await Deno.writeTextFile(path.replace("/history", ""), "no folder");
    const { history, warnings } = await open();
    await history.add("a");
    await history.add("b");
    assert.deepEqual(history.lines, ["a", "b"]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^cannot keep the history in .*\/history: /);
  });
});

Deno.test("historyPath() follows the folder specification of freedesktop.org", () => {
  const path = (env: Record<string, string>) => historyPath((name) => env[name]);
  assert.equal(path({ XDG_STATE_HOME: "/s", HOME: "/h" }), "/s/maglevc/history");
  assert.equal(path({ HOME: "/h" }), "/h/.local/state/maglevc/history");
  assert.equal(path({ XDG_STATE_HOME: "s", HOME: "/h" }), "/h/.local/state/maglevc/history");
  assert.equal(path({}), undefined);
});
