/**
 * Goal: a prefix is announced exactly when VPP can serve it. Method: a checker, a reconciler over
 * the simulator's plugin, and an announcer with its file in a real folder.
 */
import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import { FAIL, PASS } from "../../../tests/support/fakes/fake_probe_engine.ts";
import { type SmallConfig, smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { readUntil, until } from "../../../tests/support/judges/until.ts";
import { withFolder } from "../../../tests/support/servers/daemon.ts";
import { setUp } from "../../../tests/support/worlds/checker_fixture.ts";
import { actual, desired, ip } from "../../../tests/support/fakes/vips.ts";
import { PluginLb } from "../../../tests/support/worlds/plugin_lb.ts";
import { FakeConnection } from "../../../tests/support/worlds/reconcile_world.ts";
import { VPP_AWAY_MS } from "../../announce/announcer.ts";
import type { FrontendView, PenaltyStore, WeightsSent } from "../../checker/ports.ts";
import type { AnnounceFileConfig, Config } from "../../config/model.ts";
import { vipKeyOf, vppLbOf } from "../../vpp/lb/desired.ts";
import { type ActualVip, vipKeyText, VPP_ENCAPS } from "../../vpp/lb/model.ts";
import { type Withheld, withheldVip } from "../../vpp/sync/guard/withheld.ts";
import { Reconciler, WITHDRAWAL_MS } from "../../vpp/sync/reconcile.ts";
import { SentWeights } from "../../vpp/sync/sent_weights.ts";
import { desiredSource } from "../desired_source.ts";
import { folderIo } from "../../system/state_file.ts";
import { BorderCounts, createAnnouncer, VppProgress } from "./source.ts";

const HYSTERESIS_MS = 10_000;
const MAX_DELAY_MS = 30_000;

/** Settings of all frontends. */
interface Announcing extends SmallConfig {
  readonly minUp?: number;
  readonly hysteresisMs?: number;
  readonly onVppAway?: AnnounceFileConfig["onVppAway"];
}

/** All frontends have `announce`. */
function announcing(
  { minUp = 1, hysteresisMs = HYSTERESIS_MS, onVppAway = "keep", ...small }: Announcing,
  file: string,
): Config {
  const config = smallConfig({ newFlowsTableLength: 1024, ...small });
  const announce = { minUp, hysteresisMs };
  return {
    ...config,
    announce: { file, format: "text", onStop: "keep", onVppAway },
    vppLb: { ...config.vppLb!, startupMaxDelayMs: MAX_DELAY_MS },
    frontends: new Map(
      [...config.frontends].map(([name, frontend]) => [name, { ...frontend, announce }]),
    ),
  };
}

interface World extends ReturnType<typeof setUp> {
  /** Path of the announced prefixes. */
  readonly file: string;
  readonly lb: PluginLb;
  readonly announced: (frontend: string) => boolean | undefined;
  /** Time passes, second by second, with a probe of each kind in each. */
  pass(seconds: number, probe?: () => void): Promise<void>;
  /** The connection to VPP ends. */
  lose(): void;
  connect(lb: PluginLb): Promise<void>;
  /** Waits until the file has this text. */
  written(text: string): Promise<void>;
}

/** Runs `fn` in a started world; `found`: the text of the file at the start. */
async function inWorld(
  { found, atStart, penalties, ...small }: Announcing & {
    readonly found: string;
    /** A VPP that is found with VIPs. */
    readonly atStart?: PluginLb;
    readonly penalties?: PenaltyStore;
  },
  fn: (world: World) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const file = `${folder}/announce`;
    await Deno.writeTextFile(file, found);
    const sent = new SentWeights();
    const weightsSent: WeightsSent = {
      of: (frontend) => sent.of(vipKeyOf(frontend)),
      isProgrammed: (frontend) => sent.isOwn(vipKeyOf(frontend)),
    };
    const options = penalties === undefined ? { weightsSent } : { weightsSent, penalties };
    const all = setUp(announcing(small, file), options);
    const { checker, clock, logger } = all;
    const connection = new FakeConnection();
    const reconciler: Reconciler = new Reconciler({
      connection,
      source: desiredSource(checker),
      clock,
      logger,
      lbConfig: () => vppLbOf(checker.current.config),
      pace: { readEveryMs: 0, recreateEveryMs: 0 },
      sent,
      onStats: (report) => {
        checker.weightsKnown("sent");
        progress.synchronised(report);
      },
    });
    sent.onFound = () => checker.weightsKnown("found");
    const progress = new VppProgress(connection, () => reconciler.warmedUp);
    checker.subscribe((event) => event.kind === "program" && reconciler.transition(event));
    const announcer = createAnnouncer({
      checker,
      clock,
      logger,
      isLameduck: () => false,
      folder: folderIo,
      vpp: {
        sent,
        ...progress,
        vip: (key) => reconciler.vip(key),
        withheld: () => reconciler.withheld(),
      },
    });
    progress.follow(() => announcer.updateSoon());
    checker.subscribe(({ kind }) => kind === "reload" && reconciler.reload(announcer.written));
    let lb = atStart ?? new PluginLb();
    reconciler.start();
    connection.connect(lb);
    checker.start();
    announcer.start();
    await until(() => announcer.stale !== undefined, { what: "the file was read" });
    await settle();
    await fn({
      ...all,
      file,
      lb,
      announced: (frontend) => announcer.announced(frontend),
      async pass(seconds, probe = () => {}) {
        for (let second = 0; second < seconds; second++) {
          probe();
          await clock.advanceAsync(1000);
          await settle();
        }
      },
      lose() {
        lb.lose();
        connection.disconnect();
      },
      async connect(next) {
        lb = next;
        connection.connect(lb);
        await settle();
      },
      async written(text) {
        const read = () => Deno.readTextFile(file);
        await readUntil(read, (now) => now === text, { what: `the file has ${text || "nothing"}` });
      },
    });
    checker.stop();
    await reconciler.stop();
    await announcer.stop();
  });
}

Deno.test("servers are counted again only in a frontend where something changed", () => {
  const names = Array.from({ length: 100 }, (_, at) => `web${at}`);
  const config = announcing({
    backends: { a: {}, b: {} },
    frontends: Object.fromEntries(names.map((name) => [name, { pools: "a b" }])),
  }, "/announce");
  const { checker, engine } = setUp(config);
  checker.start();
  engine.report({ a: PASS, b: PASS });
  let reads = 0;
  const counting = (view: FrontendView): FrontendView => ({
    ...view,
    get servers() {
      reads++;
      return view.servers;
    },
  });
  const views = [...checker.current.frontends.values()].map(counting);
  checker.stop();
  const sent = new SentWeights();
  const vips = new Map<string, ActualVip>();
  let withheld: readonly Withheld[] = [];
  const counts = new BorderCounts({
    sent,
    programmed: () => true,
    warmedUp: () => true,
    vip: (key) => vips.get(vipKeyText(key)),
    withheld: () => withheld,
  });
  const readsOf = (change: () => void) => {
    change();
    reads = 0;
    const borders = counts.borders(views);
    return [reads, borders[7]!.serving, borders[7]!.acknowledged];
  };
  const vip = desired("192.0.2.8", "10.0.0.1=100 10.0.0.2=100");
  assert.equal(views[7]!.config.address.text, vip.address.text);
  assert.deepEqual(readsOf(() => {}), [100, 0, 0]);
  assert.deepEqual(readsOf(() => {}), [0, 0, 0]);
  assert.deepEqual(readsOf(() => sent.sent(vip, new Set())), [1, 2, 0]);
  const known = (servers: string) => vips.set(vipKeyText(vip), actual("192.0.2.8", servers));
  assert.deepEqual(readsOf(() => known("10.0.0.1=100 10.0.0.2=0")), [1, 2, 1]);
  const list = [{ kind: "chain", of: withheldVip(vip), message: "", fields: {} }] as const;
  assert.deepEqual(readsOf(() => withheld = list), [1, 1, 1]);
  assert.deepEqual(readsOf(() => known("10.0.0.1=100 10.0.0.2=100")), [1, 2, 2]);
  const servers = [{ address: ip("10.0.0.1"), weight: 0, flush: false, reserve: 100 }];
  assert.deepEqual(readsOf(() => views[7] = counting({ ...views[7]!, servers })), [1, 1, 1]);
  assert.deepEqual(readsOf(() => views[7] = counting({ ...views[7]!, servers: [] })), [1, 0, 0]);
  assert.deepEqual(readsOf(() => {}), [0, 0, 0]);
});

Deno.test("a frontend that the prober is blind to delays no other prefix longer than warm-up", async () => {
  const small = {
    backends: { a: {}, b: {} },
    frontends: { web: { pools: "a" }, dns: { pools: "b" } },
    found: "192.0.2.1/32\n192.0.2.2/32\n",
  };
  await inWorld(small, async ({ announced, engine, pass }) => {
    const probe = () => {
      engine.report({ a: FAIL });
      engine.reportVoid("b");
    };
    await pass(MAX_DELAY_MS / 1000 - 1, probe);
    assert.equal(announced("web"), undefined, "undecided");
    await pass(2, probe);
    assert.equal(announced("web"), false);
  });
});

Deno.test("a prefix is announced after the hysteresis from VPP's acknowledgement", async () => {
  const small = { backends: { a: {} }, frontends: { web: { pools: "a" } }, found: "" };
  await inWorld(small, async ({ announced, engine, lb, pass }) => {
    lb.hold();
    const probe = () => engine.report({ a: PASS });
    await pass(20, probe);
    assert.ok(lb.waiting > 0, "VPP has answered nothing");
    assert.equal(announced("web"), false);
    lb.release();
    await pass(HYSTERESIS_MS / 1000 - 1, probe);
    assert.equal(announced("web"), false);
    await pass(2, probe);
    assert.equal(announced("web"), true);
  });
});

Deno.test("a prefix stays when another pool takes over while another frontend goes down", async () => {
  const small = {
    backends: { a: {}, b: {} },
    frontends: { api: { pools: "a" }, web: { pools: "a | b" }, old: { pools: "a | b" } },
    found: "",
  };
  await inWorld(small, async ({ announced, engine, pass }) => {
    await pass(HYSTERESIS_MS / 1000 + 5, () => engine.report({ a: PASS, b: PASS }));
    assert.deepEqual([announced("api"), announced("web"), announced("old")], [true, true, true]);
    await pass(3, () => engine.report({ a: FAIL, b: PASS }));
    assert.deepEqual([announced("api"), announced("web"), announced("old")], [false, true, true]);
  });
});

Deno.test("a prefix is withdrawn when another program put a NAT VIP in the place of its VIP", async () => {
  const small = { backends: { a: {} }, frontends: { web: { pools: "a" } }, found: "" };
  await inWorld(small, async ({ announced, engine, lb, pass }) => {
    const probe = () => engine.report({ a: PASS });
    await pass(HYSTERESIS_MS / 1000 + 5, probe);
    assert.equal(announced("web"), true);
    const name = { pfx: { address: ip("192.0.2.1"), len: 32 }, protocol: 6, port: 80 };
    lb.plugin.deleteVip(name);
    lb.plugin.addVip({
      ...name,
      encap: VPP_ENCAPS.indexOf("nat4"),
      dscp: 0,
      type: 0,
      targetPort: 8080,
      newFlowsTableLength: 64,
      srcIpSticky: false,
    });
    await pass(60, probe);
    assert.equal(announced("web"), false);
  });
});

Deno.test("a prefix whose servers VPP refuses is not announced, and another one is", async () => {
  const small = {
    backends: { a: {}, b: {} },
    frontends: { web: { pools: "a" }, dns: { pools: "b" } },
    found: "",
  };
  await inWorld(small, async ({ announced, engine, lb, pass }) => {
    lb.refuse = (text) => text.startsWith("as-add 192.0.2.1/32") ? -1 : undefined;
    const probe = () => engine.report({ a: PASS, b: PASS });
    await pass(30, probe);
    assert.deepEqual([announced("web"), announced("dns")], [false, true]);
    lb.refuse = () => undefined;
    await pass(60, probe);
    assert.equal(announced("web"), true);
  });
});

const PREFIX = "192.0.2.1/32\n";

/** A frontend that needs both of its servers; its prefix is announced. */
async function inWorldOfTwo(
  options: Partial<Announcing>,
  fn: (world: World) => Promise<void>,
): Promise<void> {
  const two = {
    healthchecks: { tcp: { rise: 1, fall: 1 } },
    backends: { a: {}, b: {} },
    frontends: { web: { pools: "a b" } },
    minUp: 2,
    hysteresisMs: 0,
    found: PREFIX,
  };
  await inWorld({ ...two, ...options }, async (world) => {
    world.engine.report({ a: PASS, b: PASS });
    await settle();
    assert.equal(world.announced("web"), true);
    await fn(world);
  });
}

Deno.test("announce: down is written before VPP answers, up after it has acknowledged", () =>
  inWorldOfTwo({}, async ({ lb, engine, announced, written }) => {
    lb.hold();
    engine.report({ b: FAIL });
    await settle();
    assert.ok(lb.waiting > 0);
    assert.equal(announced("web"), false);
    await written("");
    lb.release();
    await settle();
    lb.hold();
    engine.report({ b: PASS });
    await settle();
    assert.ok(lb.waiting > 0, "the weight is sent, and not answered");
    assert.equal(announced("web"), false);
    lb.release();
    await settle();
    assert.equal(announced("web"), true);
    await written(PREFIX);
  }));

Deno.test("announce: the hysteresis begins when VPP has acknowledged", () =>
  inWorldOfTwo({ hysteresisMs: 1000 }, async ({ lb, engine, clock, announced }) => {
    engine.report({ b: FAIL });
    await settle();
    lb.hold();
    engine.report({ b: PASS });
    await clock.advanceAsync(2000);
    lb.release();
    await settle();
    assert.equal(announced("web"), false);
    await clock.advanceAsync(999);
    assert.equal(announced("web"), false);
    await clock.advanceAsync(1);
    assert.equal(announced("web"), true);
  }));

Deno.test("announce: over a restart of VPP all stays until the new one is programmed", () =>
  inWorldOfTwo({}, async ({ engine, clock, lose, connect, announced, written }) => {
    lose();
    engine.report({ b: FAIL });
    await clock.advanceAsync(10 * VPP_AWAY_MS);
    assert.equal(announced("web"), true, "on-vpp-away: keep");
    const next = new PluginLb();
    next.hold();
    await connect(next);
    assert.equal(announced("web"), true, "the new VPP has nothing yet");
    next.release();
    await settle();
    assert.equal(announced("web"), false, "it has one server of two");
    await written("");
    engine.report({ b: PASS });
    await settle();
    assert.equal(announced("web"), true);
  }));

Deno.test("announce: on-vpp-away: withdraw withdraws after 5 s, until VPP is programmed again", () =>
  inWorldOfTwo({ onVppAway: "withdraw" }, async (world) => {
    const { clock, lose, connect, announced, written } = world;
    lose();
    await clock.advanceAsync(VPP_AWAY_MS - 1);
    assert.equal(announced("web"), true);
    await clock.advanceAsync(1);
    assert.equal(announced("web"), false);
    await written("");
    const next = new PluginLb();
    next.hold();
    await connect(next);
    assert.equal(announced("web"), false, "connected, and not programmed");
    next.release();
    await settle();
    assert.equal(announced("web"), true);
    await written(PREFIX);
  }));

/** The text of the file at each moment when VPP is asked to remove a VIP. */
function removals({ lb, file }: World): readonly string[] {
  const texts: string[] = [];
  lb.refuse = (call) => {
    const isFile = () => Deno.statSync(file).isFile;
    if (call.startsWith("vip-del")) {
      texts.push(isFile() ? Deno.readTextFileSync(file) : "unwritable");
    }
    return undefined;
  };
  return texts;
}

Deno.test("announce: a reload that removes a frontend withdraws its prefix before VPP loses the VIP", () =>
  inWorldOfTwo({}, async (world) => {
    const { checker } = world;
    const texts = removals(world);
    checker.reload({ ...checker.current.config, frontends: new Map() });
    await until(() => texts.length > 0, { what: "the VIP is removed" });
    assert.deepEqual(texts, [""]);
  }));

Deno.test("announce: a file that cannot be written delays a removal by 1 s", () =>
  inWorldOfTwo({}, async (world) => {
    const { checker, clock, file } = world;
    const texts = removals(world);
    Deno.removeSync(file);
    Deno.mkdirSync(file);
    checker.reload({ ...checker.current.config, frontends: new Map() });
    await clock.advanceAsync(WITHDRAWAL_MS - 1);
    await settle();
    assert.deepEqual(texts, []);
    await clock.advanceAsync(1);
    await settle();
    assert.deepEqual(texts, ["unwritable"]);
  }));

Deno.test("announce: VPP restarts without a blind server's weight, a damped one serves, the prefix stays", async () => {
  const atMs = new FakeClock().wallMs();
  const kept = { backend: "a", address: "10.0.0.1", penalty: 3.9, atMs, heldMs: 0 };
  const damping = { halfLifeMs: 60_000, suppress: 2, reuse: 1, maxHoldMs: 600_000 };
  const atStart = new PluginLb();
  const vip = desired("192.0.2.1", "");
  await atStart.addVip(vip);
  await atStart.addServer(vip, ip("10.0.0.1"), 0);
  await atStart.addServer(vip, ip("10.0.0.2"), 50);
  const small = {
    healthchecks: { quick: { rise: 1, fall: 1, damping } },
    backends: { a: { healthcheck: "quick" }, b: { healthcheck: "quick" } },
    frontends: { web: { pools: "a:100 b:50" } },
    found: PREFIX,
    atStart,
    penalties: { kept: [kept], save: () => {} },
  };
  await inWorld(small, async ({ announced, checker, engine, pass, logger, connect, lose }) => {
    const probe = () => {
      engine.report({ a: PASS });
      engine.reportVoid("b");
    };
    const viewNow = () => checker.snapshot().frontends.get("web")!;
    await pass(40, probe);
    assert.deepEqual([announced("web"), viewNow().effectiveWeights], [true, [[0, 0]]]);
    const overridden = logger.of("damping-overridden").length;
    lose();
    const next = new PluginLb();
    await connect(next);
    await pass(1, probe);
    assert.match(next.writes.join(), /10\.0\.0\.1 100/);
    assert.deepEqual([viewNow().state, viewNow().effectiveWeights], ["up", [[100, 0]]]);
    assert.equal(logger.of("damping-overridden").length, overridden + 1);
    await pass(20, probe);
    assert.deepEqual([announced("web"), logger.of("frontend-withdrawn")], [true, []]);
  });
});
