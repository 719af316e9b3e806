import assert from "node:assert/strict";
import { withFolder } from "../../tests/support/servers/daemon.ts";
import { readConfig } from "./config.ts";
import { readConfigInWorker, SHORT_BYTES } from "./config_in_worker.ts";

const OFF = { vppApiAddr: "" };

/** A configuration of `count` static backends, all in one pool. */
function textOf(count: number): string {
  const names = Array.from({ length: count }, (_, i) => `b${i}`);
  return [
    "maglev:",
    "  backends:",
    ...names.map((name, i) => `    ${name}: { address: 10.1.${i >> 8}.${i & 255} }`),
    "  frontends:",
    "    web:",
    "      address: 192.0.2.1",
    "      pools:",
    "        - name: all",
    "          backends:",
    ...names.map((name) => `            ${name}: { weight: 5 }`),
    "",
  ].join("\n");
}

Deno.test("readConfigInWorker: a long file is read in a worker, to the same result", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/maglev.yaml`;
    const good = textOf(1000);
    for (const text of [good, good.replace("weight: 5", "weight: 500"), "a: [", good.trimEnd()]) {
      await Deno.writeTextFile(path, text);
      const { signal } = new AbortController();
      let turns = 0;
      let going = true;
      const count = () => {
        turns++;
        if (going) setTimeout(count, 0);
      };
      count();
      const aside = await readConfigInWorker(path, { ...OFF, size: SHORT_BYTES + 1, signal });
      going = false;
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.ok(turns > 10, `others had ${turns} turns`);
      assert.deepEqual(aside, await readConfig(path, OFF));
      assert.deepEqual(
        await readConfigInWorker(path, { ...OFF, size: SHORT_BYTES, signal }),
        aside,
      );
    }
  });
});

Deno.test("readConfigInWorker rejects immediately with the reason of its signal", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(path, textOf(3000));
    const control = new AbortController();
    const options = { ...OFF, size: SHORT_BYTES + 1, signal: control.signal };
    const reading = readConfigInWorker(path, options);
    control.abort("too late");
    await assert.rejects(reading, (reason) => reason === "too late");
    await assert.rejects(readConfigInWorker(path, options), (reason) => reason === "too late");
  });
});

Deno.test("readConfigInWorker: what is equal to the configuration in force is its objects", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/maglev.yaml`;
    const text = textOf(2500);
    await Deno.writeTextFile(path, text);
    const first = await readConfig(path, OFF);
    assert.ok(first.kind === "ok");
    const inForce = { config: first.config, text: first.text };
    const lines = text.split("\n");
    const turned = [...lines.slice(0, 9), lines[10], lines[9], ...lines.slice(11)].join("\n");
    const others: readonly [string, string][] = [
      [text, ""],
      [`${text}# a comment\n`, ""],
      [text.replace("b7: { address: 10.1.0.7 }", "b7: { address: 10.2.0.7 }"), "b7"],
      [turned, ""],
      [text.replace("    b9: { address: 10.1.0.9 }", "    b9: { address: 10.1.0.9, }"), ""],
      [text.replace("  backends:", "  backends:\n    new: { address: 10.3.0.1 }"), "new"],
      [text.replace("{ weight: 5 }", "{ weight: 6 }"), "web"],
      [text.replace("    web:", "    other:"), "other"],
    ];
    for (const [next, changed] of others) {
      await Deno.writeTextFile(path, next);
      const { signal } = new AbortController();
      const aside = await readConfigInWorker(path, { ...OFF, size: next.length, signal, inForce });
      assert.deepEqual(aside, await readConfig(path, OFF));
      assert.ok(aside.kind === "ok");
      const own = (["backends", "frontends"] as const).flatMap((section) =>
        [...aside.config[section].values()].filter((each) =>
          inForce.config[section].get(each.name) !== each
        )
      );
      assert.deepEqual(own.map(({ name }) => name), changed === "" ? [] : [changed]);
      if (next !== text) continue;
      assert.equal(aside.config.backends, inForce.config.backends);
      assert.equal(aside.config.frontends, inForce.config.frontends);
    }
  });
});
