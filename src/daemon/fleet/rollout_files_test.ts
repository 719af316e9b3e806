/** The configuration files of a daemon in a rollout, on a real disk. */
import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { FakeProbeEngine } from "../../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { withFolder } from "../../../tests/support/servers/daemon.ts";
import { loadConfig } from "../../config/load.ts";
import { folderIo } from "../../system/state_file.ts";
import { Reloader } from "../reload.ts";
import { wireDaemon } from "../wire.ts";
import { formerName, RolloutFiles } from "./rollout_files.ts";

function text(...names: readonly string[]): string {
  return "maglev:\n  backends: { a: { address: 127.0.0.1 }, b: { address: 127.0.0.2 } }\n" +
    "  frontends:\n" +
    names.map((name, i) =>
      `    ${name}: { address: 192.0.2.${i + 1}, pools: [ { name: p, backends: { a: {} } } ] }\n`
    ).join("");
}

async function inWorld(
  fn: (world: {
    readonly files: RolloutFiles;
    readonly reloader: Reloader;
    readonly write: (text: string) => Promise<string>;
    readonly names: () => readonly string[];
    readonly state: string;
    /** The result of a call, while time goes on. */
    readonly done: <T>(call: Promise<T>) => Promise<T>;
  }) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const path = `${folder}/maglev.yaml`;
    const state = `${folder}/state`;
    await Deno.writeTextFile(path, text("web", "api"));
    const loaded = await loadConfig(path);
    assert.ok(loaded.kind === "ok");
    const clock = new FakeClock({ wallMs: Date.now() + 3_600_000 });
    const logger = new RecordingLogger();
    const daemon = wireDaemon({
      config: loaded.config,
      vppApiAddr: "",
      vppStatsAddr: "",
      clock,
      logger,
      engine: new FakeProbeEngine(),
      announceFolder: folderIo,
    });
    daemon.start();
    const { hash, bytes } = loaded;
    const reloader = new Reloader({
      path,
      vppApiAddr: "",
      daemon,
      logger,
      clock,
      hostCheck: { problem: () => undefined },
      initial: { loadedAtMs: wall(1), hash, text: bytes },
    });
    const { checker } = daemon;
    const files = new RolloutFiles({ reloader, path, folder: state, checker, vpp: undefined });
    const done = async <T>(call: Promise<T>): Promise<T> => {
      let isOver = false;
      void call.finally(() => isOver = true);
      for (let turn = 0; turn < 10_000 && !isOver; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        clock.advance(1);
      }
      return await call;
    };
    const write = async (next: string) => {
      await Deno.writeTextFile(path, next);
      const found = await files.fileHash();
      return "hash" in found ? found.hash : assert.fail(found.problem);
    };
    const names = () => [...checker.snapshot().frontends.keys()];
    await fn({ files, reloader, write, names, state, done });
    reloader.close();
    await daemon.stop();
  });
}

const ALWAYS = () => true;

Deno.test("a rollout's plan is that of the file, with what it removes and moves", async () => {
  await inWorld(async ({ files, write, done }) => {
    const before = await files.fileHash();
    assert.deepEqual(before, { hash: files.hash() });
    const hash = await write(text("web", "dns"));
    assert.notEqual(hash, files.hash());
    const plan = await done(files.plan());
    assert.ok(plan.kind === "planned");
    assert.equal(plan.hash, hash);
    const removed = plan.vips.filter(({ isRemoved }) => isRemoved).map(({ frontend }) => frontend);
    // The VIP of api has another frontend now.
    assert.deepEqual(removed, []);
    await write(text("web"));
    const smaller = await done(files.plan());
    assert.ok(smaller.kind === "planned");
    assert.deepEqual(
      smaller.vips.filter(({ isRemoved }) => isRemoved).map((each) => each.frontend),
      [
        "api",
      ],
    );
    await write("maglev: [");
    assert.deepEqual(await done(files.plan()), {
      kind: "invalid",
      reason: "its file is refused; `config check` on it has the reason",
    });
  });
});

Deno.test("the former file is kept, and comes back; the file on disk stays", async () => {
  await inWorld(async ({ files, write, done, names, state }) => {
    const former = files.hash();
    const hash = await write(text("web"));
    const plan = await done(files.plan());
    assert.ok(plan.kind === "planned");
    assert.deepEqual(await done(files.apply(plan.planHash, { hash, isAllowed: () => false })), {
      kind: "changed",
    });
    assert.equal(names().length, 2);
    assert.deepEqual(await done(files.apply(plan.planHash, { hash, isAllowed: ALWAYS })), {
      kind: "done",
    });
    assert.deepEqual([names(), files.hash()], [["web"], hash]);
    const kept = await Deno.readTextFile(`${state}/${formerName(hash)}`);
    assert.equal(kept, text("web", "api"));
    const { mode } = await Deno.stat(`${state}/${formerName(hash)}`);
    assert.equal(mode! & 0o777, 0o600);
    assert.deepEqual(await done(files.revert(hash, () => false)), { kind: "changed" });
    assert.deepEqual(await done(files.revert(hash, ALWAYS)), { kind: "done" });
    assert.deepEqual([names(), files.hash()], [["web", "api"], former]);
    assert.deepEqual(await files.fileHash(), { hash });
  });
});

Deno.test("one former file is kept, that of the last rollout", async () => {
  await inWorld(async ({ files, write, done, state }) => {
    const hashes: string[] = [];
    for (const next of [text("web"), text("web", "dns", "api")]) {
      const hash = await write(next);
      const plan = await done(files.plan());
      assert.ok(plan.kind === "planned");
      await done(files.apply(plan.planHash, { hash, isAllowed: ALWAYS }));
      hashes.push(hash);
    }
    assert.deepEqual([...Deno.readDirSync(state)].map(({ name }) => name), [
      formerName(hashes[1]!),
    ]);
    assert.deepEqual(await done(files.revert(hashes[0]!, ALWAYS)), {
      kind: "failed",
      reason: "it has no former file",
    });
  });
});

Deno.test("a file that is another one than planned is not put in force", async () => {
  await inWorld(async ({ files, write, done, names }) => {
    const hash = await write(text("web"));
    const plan = await done(files.plan());
    assert.ok(plan.kind === "planned");
    await write(text("other"));
    assert.deepEqual(await done(files.apply(plan.planHash, { hash, isAllowed: ALWAYS })), {
      kind: "changed",
    });
    assert.deepEqual(names(), ["web", "api"]);
  });
});

Deno.test("the condition has frontends that are down, and fingerprints that follow the file", async () => {
  await inWorld(async ({ files, write, done }) => {
    const before = files.condition();
    assert.deepEqual([before.down, before.isVppRight], [[], true]);
    const hash = await write(text("web"));
    const plan = await done(files.plan());
    assert.ok(plan.kind === "planned");
    await done(files.apply(plan.planHash, { hash, isAllowed: ALWAYS }));
    assert.notEqual(files.condition().prints.inputs, before.prints.inputs);
  });
});

Deno.test("a permission that ends while the file is read puts nothing in force", async () => {
  await inWorld(async ({ files, write, done, names }) => {
    const hash = await write(text("web"));
    const plan = await done(files.plan());
    assert.ok(plan.kind === "planned");
    let asked = 0;
    const isAllowed = () => asked++ === 0;
    assert.deepEqual(await done(files.apply(plan.planHash, { hash, isAllowed })), {
      kind: "changed",
    });
    assert.deepEqual([names(), asked], [["web", "api"], 2]);
  });
});

Deno.test("a reload by another way before that of the rollout does not replace the former file", async () => {
  await inWorld(async ({ files, reloader, write, done, state }) => {
    const hash = await write(text("web"));
    const plan = await done(files.plan());
    assert.ok(plan.kind === "planned");
    await done(reloader.reload("test"));
    await done(files.apply(plan.planHash, { hash, isAllowed: ALWAYS }));
    assert.throws(() => Deno.statSync(`${state}/${formerName(hash)}`), Deno.errors.NotFound);
  });
});
