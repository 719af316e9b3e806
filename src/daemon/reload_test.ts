import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { FakeProbeEngine } from "../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { RecordingLogger } from "../../tests/support/fakes/recording_logger.ts";
import { withFolder } from "../../tests/support/servers/daemon.ts";
import { loadConfig } from "../config/load.ts";
import { READ_DEADLINE_MS, Reloader, SETTLED_MS } from "./reload.ts";
import { folderIo } from "../system/state_file.ts";
import { type Daemon, wireDaemon } from "./wire.ts";

const HEAD = "maglev:\n  backends:\n    a: { address: 127.0.0.1 }\n    b: { address: 127.0.0.2 }\n";

function frontends(...names: string[]): string {
  return `${HEAD}  frontends:\n` +
    names.map((name, i) =>
      `    ${name}: { address: 192.0.2.${
        i + 1
      }, pools: [ { name: p, backends: { a: {}, b: {} } } ] }\n`
    ).join("");
}

interface World {
  readonly path: string;
  readonly clock: FakeClock;
  readonly daemon: Daemon;
  readonly reloader: Reloader;
  readonly logger: RecordingLogger;
  /** Result of the descriptor check; settable. */
  problem: string | undefined;
  /** Warnings of the host; settable. */
  warnings: readonly string[];
  /** Names of the frontends in force. */
  names(): string[];
  /** Requests a reload and advances time until it has a result. */
  reload(planHash?: string): Promise<{ ok: boolean; errors: string[] }>;
}

async function inWorld(fn: (world: World) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(path, frontends("web", "api"));
    const loaded = await loadConfig(path);
    assert.ok(loaded.kind === "ok");
    // Well after the file was written, so that it counts as settled.
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
    const world: World = {
      path,
      clock,
      daemon,
      logger,
      problem: undefined,
      warnings: [],
      reloader: new Reloader({
        path,
        vppApiAddr: "",
        daemon,
        logger,
        clock,
        hostCheck: { problem: () => world.problem, warnings: () => world.warnings },
        initial: { loadedAtMs: wall(1), hash: loaded.hash },
      }),
      names: () => [...daemon.checker.snapshot().frontends.keys()],
      async reload(planHash) {
        const from = logger.records.length;
        const reloads = () =>
          logger.records.slice(from).filter(({ event }) => event === "config-reload");
        world.reloader.reload("test", planHash).catch(() => {});
        await until(() => reloads().length > 0, clock);
        return {
          ok: reloads()[0]!.fields.ok === true,
          errors: logger.records.slice(from).filter(({ event }) => event === "config-error")
            .map(({ fields }) => String(fields.message)),
        };
      },
    };
    await fn(world);
    world.reloader.close();
    await daemon.stop();
  });
}

/** A file with `max-removal`. */
function guarded(maxRemoval: number, ...names: string[]): string {
  const sources = "ipv4-src-address: 10.0.0.1, ipv6-src-address: 2001:db8::1";
  return frontends(...names).replace(
    "maglev:\n",
    `maglev:\n  vpp: { lb: { ${sources}, max-removal: ${maxRemoval} } }\n`,
  );
}

/** The hash of the plan for the file as it is. */
async function planHash({ reloader, clock }: World): Promise<string> {
  let hash: string | undefined;
  reloader.plan(new AbortController().signal).then((plan) => hash = plan.planHash);
  await until(() => hash !== undefined, clock);
  return hash!;
}

/** Lets file operations happen, and moves the fake clock a little with each turn. */
async function until(done: () => boolean, clock: FakeClock): Promise<void> {
  for (let turn = 0; turn < 10_000 && !done(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    clock.advance(1);
  }
  assert.ok(done(), "it did not come to an end");
}

Deno.test("Reloader puts a valid file into force", async () => {
  await inWorld(async (world) => {
    await Deno.writeTextFile(world.path, frontends("web", "shop"));
    assert.deepEqual(await world.reload(), { ok: true, errors: [] });
    assert.deepEqual(world.names(), ["web", "shop"]);
  });
});

Deno.test("Reloader keeps every VIP when the file is cut off anywhere within a line", async () => {
  await inWorld(async (world) => {
    const text = frontends("web", "api", "shop");
    for (let end = 1; end < text.length; end += 7) {
      if (text[end - 1] === "\n") continue;
      await Deno.writeTextFile(world.path, text.slice(0, end));
      const { ok, errors } = await world.reload();
      assert.ok(!ok && errors.length > 0, `cut at ${end}`);
      assert.deepEqual(world.names(), ["web", "api"]);
    }
  });
});

Deno.test("Reloader never removes all frontends in one reload", async () => {
  await inWorld(async (world) => {
    for (
      const text of [HEAD, `${HEAD}  frontends:\n`, `${HEAD}  frontends: {}\n`, "maglev: {}\n"]
    ) {
      await Deno.writeTextFile(world.path, text);
      const { ok, errors } = await world.reload();
      assert.equal(ok, false, text);
      assert.match(errors[0]!, /no frontends, and 2 are in force/);
      assert.deepEqual(world.names(), ["web", "api"]);
    }
  });
});

Deno.test("Reloader waits until the file has been left alone", async () => {
  await inWorld(async (world) => {
    const startMs = world.clock.wallMs();
    await Deno.writeTextFile(world.path, frontends("web"));
    await Deno.utime(world.path, startMs / 1000, startMs / 1000);
    const { ok } = await world.reload();
    assert.ok(ok);
    assert.ok(world.clock.wallMs() - startMs >= SETTLED_MS);
  });
});

Deno.test("Reloader refuses a non-regular file immediately, and reads a valid one next", async () => {
  await inWorld(async (world) => {
    await Deno.remove(world.path);
    const { code } = await new Deno.Command("mkfifo", { args: [world.path] }).output();
    assert.equal(code, 0);
    assert.deepEqual(await world.reload(), { ok: false, errors: ["not a regular file"] });
    await Deno.remove(world.path);
    const gone = await world.reload();
    assert.match(gone.errors[0]!, /no such file/);
    await Deno.writeTextFile(world.path, frontends("api"));
    assert.ok((await world.reload()).ok);
    assert.deepEqual(world.names(), ["api"]);
    assert.ok(world.clock.monotonicMs() < READ_DEADLINE_MS);
  });
});

Deno.test("Reloader refuses a file that needs more descriptors than are available", async () => {
  await inWorld(async (world) => {
    await Deno.writeTextFile(world.path, frontends("web"));
    world.problem = "too few";
    assert.deepEqual(await world.reload(), { ok: false, errors: ["too few"] });
    assert.deepEqual(world.names(), ["web", "api"]);
  });
});

Deno.test("Reloader merges the requests during a reload into one more reload", async () => {
  await inWorld(async (world) => {
    for (let i = 0; i < 100; i++) world.reloader.reload("test").catch(() => {});
    await Deno.writeTextFile(world.path, frontends("last"));
    const reloads = () => world.logger.records.filter(({ event }) => event === "config-reload");
    await until(() => reloads().length >= 2, world.clock);
    await until(() => world.names().join() === "last", world.clock);
    assert.equal(reloads().length, 2);
    const reported = reloads().map(({ fields }) => typeof fields["moved-at-once"] === "number");
    assert.deepEqual(reported, [false, true], "the first one's report held nothing up");
  });
});

Deno.test("Reloader puts nothing into force after close()", async () => {
  await inWorld(async (world) => {
    await Deno.writeTextFile(world.path, frontends("late"));
    world.reloader.reload("test").catch(() => {});
    world.reloader.close();
    for (let turn = 0; turn < 50; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      world.clock.advance(10);
    }
    assert.deepEqual(world.names(), ["web", "api"]);
  });
});

Deno.test("the hash and the time of the configuration are those of the text in force", async () => {
  await inWorld(async ({ path, reloader, reload, clock }) => {
    const sha256sum = async () => {
      const { stdout } = await new Deno.Command("sha256sum", { args: [path] }).output();
      return new TextDecoder().decode(stdout).split(" ")[0];
    };
    const first = { file: path, loadedAtMs: 1, hash: await sha256sum(), refusal: "" };
    assert.deepEqual(reloader.inForce, first);
    await Deno.writeTextFile(path, "maglev: [");
    assert.equal((await reload()).ok, false);
    const { refusal, ...inForce } = reloader.inForce;
    assert.deepEqual({ ...inForce, refusal: "" }, first, "what was refused changes nothing");
    assert.match(refusal, /^line \d+, /);
    await Deno.writeTextFile(path, frontends("web", "api", "new"));
    assert.equal((await reload()).ok, true);
    assert.equal(reloader.inForce.refusal, "");
    const { loadedAtMs, hash } = reloader.inForce;
    assert.equal(hash, await sha256sum());
    assert.notEqual(hash, first.hash);
    assert.ok(Math.abs(loadedAtMs - clock.wallMs()) < 60_000);
  });
});

Deno.test("a reload and a check return the host's warnings, and continue", async () => {
  await inWorld(async (world) => {
    world.warnings = ["probes may need more local ports"];
    const { ok, warnings } = await world.reloader.check();
    assert.equal(ok, true);
    assert.deepEqual(warnings.map(({ text }) => text), [
      `${world.path}: warning: probes may need more local ports`,
    ]);
    assert.equal((await world.reload()).ok, true);
    const logged = world.logger.of("config-warning").map(({ message }) => message);
    assert.deepEqual(logged, ["probes may need more local ports"]);
  });
});

Deno.test("a reload that names a plan applies that plan and no other", async () => {
  await inWorld(async (world) => {
    const { path, daemon: { checker } } = world;
    await Deno.writeTextFile(path, frontends("web", "api", "shop"));
    const first = await planHash(world);
    assert.match(first, /^[0-9a-f]{64}$/);
    assert.equal(await planHash(world), first, "a plan changes nothing");

    await Deno.writeTextFile(path, frontends("web", "api", "mail"));
    const refused = await world.reload(first);
    assert.equal(refused.ok, false);
    assert.match(refused.errors[0]!, /not the plan that was asked for/);
    assert.deepEqual(world.names(), ["web", "api"], "another file");

    await Deno.writeTextFile(path, frontends("web", "api", "shop"));
    assert.ok(checker.disableBackend("a", { by: { peer: "test", identity: "" } }).ok);
    assert.equal((await world.reload(first)).ok, false, "a server without weight");
    const second = await planHash(world);
    assert.notEqual(second, first);
    assert.deepEqual(await world.reload(second), { ok: true, errors: [] });
    assert.deepEqual(world.names(), ["web", "api", "shop"]);
    assert.equal((await world.reload(second)).ok, false, "another configuration in force");
  });
});

Deno.test("plans that are named at the same time are not merged with one another", async () => {
  await inWorld(async (world) => {
    await Deno.writeTextFile(world.path, frontends("web", "shop"));
    const hash = await planHash(world);
    const wrong = "0".repeat(64);
    const answers: string[] = [];
    for (const each of [wrong, hash, wrong]) {
      world.reloader.reload("test", each).then(({ verdict: { ok } }) => answers.push(String(ok)));
    }
    await until(() => answers.length === 3, world.clock);
    assert.deepEqual(answers, ["false", "true", "false"]);
  });
});

Deno.test("max-removal refuses a reload without a plan, by the value in force", async () => {
  await inWorld(async (world) => {
    const { path } = world;
    await Deno.writeTextFile(path, guarded(50, "web", "api", "shop", "mail"));
    assert.equal((await world.reload()).ok, true, "it removes nothing");
    await Deno.writeTextFile(path, guarded(50, "web", "api"));
    assert.equal((await world.reload()).ok, true, "it removes half of them");
    await Deno.writeTextFile(path, guarded(50, "web", "api", "shop", "mail"));
    assert.equal((await world.reload()).ok, true);

    await Deno.writeTextFile(path, guarded(100, "web"));
    const refused = await world.reload();
    assert.equal(refused.ok, false);
    assert.match(
      refused.errors[0]!,
      /it removes 3 of 4 VIPs and 6 of 8 servers, more than max-removal \(50 %\) allows/,
    );
    assert.deepEqual(world.names(), ["web", "api", "shop", "mail"]);
    assert.equal((await world.reload(await planHash(world))).ok, true);
    assert.deepEqual(world.names(), ["web"]);
  });
});
