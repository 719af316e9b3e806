/** The targets of `make` from vpp-maglev, as tasks of deno.json. */
import assert from "node:assert/strict";
import { withFolder } from "../support/servers/daemon.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const hasMake = await new Deno.Command("make", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);
const ignore = !hasMake;
const note = ignore ? " (skipped: make is not installed)" : "";

async function make(args: readonly string[], folder = ROOT) {
  const { code, stdout, stderr } = await new Deno.Command("make", {
    args: ["--no-print-directory", "-C", folder, ...args],
    env: { MAKEFLAGS: "", MAKELEVEL: "", DENO: "deno" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test({
  name: `make, make test, make lint, make proto, make docs and make pkg-deb run the tasks${note}`,
  ignore,
  async fn() {
    const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
    const targets: [string[], string][] = [
      [[], "setup"],
      [["build"], "setup"],
      ...["test", "lint", "proto", "docs"].map((name): [string[], string] => [[name], name]),
      [["pkg-deb"], "deb"],
    ];
    for (const [target, task] of targets) {
      const { code, stdout } = await make(["--dry-run", ...target]);
      assert.deepEqual([code, stdout], [0, `deno task ${task}\n`]);
      assert.ok(task in tasks, task);
    }
  },
});

Deno.test({
  name: `make clean removes built files${note}`,
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      await Deno.copyFile(`${ROOT}Makefile`, `${folder}/Makefile`);
      await Deno.mkdir(`${folder}/build/deep`, { recursive: true });
      assert.equal((await make(["clean"], folder)).code, 0);
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["Makefile"]);
    }),
});
