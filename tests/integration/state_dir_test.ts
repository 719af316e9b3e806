/**
 * Operators' intents after the end of the process. The acknowledging process is killed with SIGKILL
 * immediately after the reply; then a real maglevd, with exactly the documented permissions, starts
 * with an empty VPP.
 */
import assert from "node:assert/strict";
import { decodeIntents } from "../../src/intent/file.ts";
import type { Action } from "../support/servers/acting_daemon.ts";
import { vppHas } from "../support/judges/lb_view.ts";
import { onStage, type Stage } from "../support/worlds/stage.ts";

const VIP = "192.0.2.1/32 6 80";
const [A, B] = ["127.0.44.1", "127.0.44.2"] as const;
const WEB = { web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 100 } } } };
const ACTOR = new URL("../support/servers/acting_daemon.ts", import.meta.url).pathname;

/** Acts in a separate process, which is killed as soon as it reports success. */
async function actAndDie(configPath: string, stateDir: string, action: Action): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--frozen", ACTOR, configPath, stateDir, JSON.stringify(action)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let said = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += part;
    if (said.includes("done\n")) child.kill("SIGKILL");
  }
  const { signal } = await child.status;
  assert.deepEqual([said, signal], ["done\n", "SIGKILL"]);
}

function stateDirOf({ configPath }: Stage): string {
  return configPath.replace(/[^/]*$/, "state");
}

Deno.test("kill -9 right after an acknowledged action: it is in force before anything reaches VPP", async () => {
  await onStage([A, B], async (stage) => {
    const { configPath, configure, simulator, start } = stage;
    const stateDir = stateDirOf(stage);
    await configure(WEB);
    const weight = {
      kind: "weight",
      frontend: "web",
      pool: "main",
      backend: "b1",
      weight: 7,
    } as const;
    await actAndDie(configPath, stateDir, { kind: "disable", backend: "b0" });
    await actAndDie(configPath, stateDir, weight);
    const daemon = start({ stateDir });
    await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 7`] });
    const restored = daemon.lines.filter(({ msg }) => msg === "operator-intent-restored");
    assert.deepEqual(
      restored.map((line) => [line.intent, line.backend, line.weight, line.identity, line.reason]),
      [["disable", "b0", undefined, "test", "drill"], ["weight", "b1", 7, "test", "drill"]],
    );
    for (const line of daemon.lines.filter(({ msg }) => msg.startsWith("vpp-lbsync-as-"))) {
      assert.ok(line.address === B || line.weight === 0, JSON.stringify(line));
    }
    assert.equal(daemon.lines.some(({ backend, to }) => backend === "b0" && to === "up"), false);

    // The same file again ends nothing; the file's own edit of that weight ends it.
    daemon.process.signal("SIGHUP");
    await daemon.seen((line) => line.msg === "config-reload" && line["ended-intents"] === 0);
    await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 7`] });
    const mark = daemon.mark;
    await configure({ web: { ...WEB.web, pools: { main: { b0: 100, b1: 90 } } } });
    daemon.process.signal("SIGHUP");
    await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 90`] });
    const dropped = await daemon.seen((line) => line.msg === "operator-intent-dropped", {
      from: mark,
    });
    assert.match(String(dropped.message), /the file's weight changed from 100 to 90/);
    await daemon.seen((line) => line.msg === "config-reload" && line.ok === true, { from: mark });
    daemon.process.signal("SIGKILL");
    await daemon.process.ended;
    const text = await Deno.readTextFile(`${stateDir}/intents.json`);
    const decoded = decodeIntents(text);
    assert.ok(decoded.kind === "ok");
    assert.deepEqual(
      decoded.intents.map((each) => [each.kind, each.kind !== "lameduck" && each.backend]),
      [
        ["disable", "b0"],
      ],
    );
  });
});

Deno.test("an unusable state directory is reported, and never prevents the start", async () => {
  await onStage([A, B], async (stage) => {
    const { configure, simulator, start } = stage;
    const stateDir = stateDirOf(stage);
    await configure(WEB);
    await Deno.mkdir(stateDir);
    await Deno.writeTextFile(`${stateDir}/intents.json`, '{"format":"maglevd operator inte');
    const torn = start({ stateDir });
    const warning = await torn.seen((line) => line.msg === "operator-intent-file-unusable");
    assert.equal(warning.level, "WARN");
    assert.match(String(warning.err), /^not JSON, or truncated$/);
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 100`] });
    assert.equal(await torn.stop(), 0);
    const names = [...Deno.readDirSync(stateDir)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["history-0000000000000001.log", "intents.json", String(warning.kept)]);

    // Nothing can be made there, by anybody.
    const nowhere = start({ stateDir: "/proc/maglevd-state" });
    const error = await nowhere.seen((line) => line.msg === "operator-intent-not-stored");
    assert.deepEqual([error.level, error.folder], ["ERROR", "/proc/maglevd-state"]);
    await nowhere.transition("b1", "up");
    assert.equal(await nowhere.stop(), 0);
    assert.equal(nowhere.process.errors, "");
  });
});

Deno.test("without --state-dir nothing is written, and the start reports it", async () => {
  await onStage([A, B], async ({ configure, start }) => {
    await configure(WEB);
    const daemon = start();
    const line = await daemon.seen(({ msg }) => msg === "maglevd-start");
    assert.equal(line.state, "off");
    await daemon.transition("b0", "up");
    assert.equal(await daemon.stop(), 0);
    assert.equal(daemon.lines.some(({ msg }) => msg.startsWith("operator-intent")), false);
  });
});
