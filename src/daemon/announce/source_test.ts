/**
 * Goal: a prefix is announced exactly when VPP can serve it. Method: a checker, a reconciler over
 * the simulator's plugin, and an announcer with its file in a real folder.
 */
import assert from "node:assert/strict";
import { settle } from "../../../tests/support/fakes/fake_clock.ts";
import { FAIL, PASS } from "../../../tests/support/fakes/fake_probe_engine.ts";
import { type SmallConfig, smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { until } from "../../../tests/support/judges/until.ts";
import { withFolder } from "../../../tests/support/servers/daemon.ts";
import { setUp } from "../../../tests/support/worlds/checker_fixture.ts";
import { ip } from "../../../tests/support/fakes/vips.ts";
import { PluginLb } from "../../../tests/support/worlds/plugin_lb.ts";
import { FakeConnection } from "../../../tests/support/worlds/reconcile_world.ts";
import type { Config, FrontendConfig } from "../../config/model.ts";
import { vipKeyOf, vppLbOf } from "../../vpp/lb/desired.ts";
import { VPP_ENCAPS } from "../../vpp/lb/model.ts";
import { Reconciler } from "../../vpp/sync/reconcile.ts";
import { SentWeights } from "../../vpp/sync/sent_weights.ts";
import { desiredSource } from "../desired_source.ts";
import { createAnnouncer, VppProgress } from "./source.ts";

const HYSTERESIS_MS = 10_000;
const MAX_DELAY_MS = 30_000;

/** All frontends have `announce` with `min-up: 1`. */
function announcing(small: SmallConfig, file: string): Config {
  const config = smallConfig({ newFlowsTableLength: 1024, ...small });
  const announce = { minUp: 1, hysteresisMs: HYSTERESIS_MS };
  return {
    ...config,
    announce: { file, format: "text", onStop: "keep", onVppAway: "keep" },
    vppLb: { ...config.vppLb!, startupMaxDelayMs: MAX_DELAY_MS },
    frontends: new Map(
      [...config.frontends].map(([name, frontend]) => [name, { ...frontend, announce }]),
    ),
  };
}

interface World extends ReturnType<typeof setUp> {
  readonly lb: PluginLb;
  readonly announced: (frontend: string) => boolean | undefined;
  /** Time passes, second by second, with a probe of each kind in each. */
  pass(seconds: number, probe?: () => void): Promise<void>;
}

/** Runs `fn` in a started world; `found`: the text of the file at the start. */
async function inWorld(
  { found, ...small }: SmallConfig & { readonly found: string },
  fn: (world: World) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const file = `${folder}/announce`;
    await Deno.writeTextFile(file, found);
    const sent = new SentWeights();
    const weightsSent = (frontend: FrontendConfig) => sent.of(vipKeyOf(frontend));
    const all = setUp(announcing(small, file), { weightsSent });
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
      onStats: (report) => progress.synchronised(report),
    });
    const progress = new VppProgress(connection, () => reconciler.warmedUp);
    checker.subscribe((event) => event.kind === "program" && reconciler.transition(event));
    const announcer = createAnnouncer({
      checker,
      clock,
      logger,
      isLameduck: () => false,
      vpp: {
        sent,
        ...progress,
        vip: (key) => reconciler.vip(key),
        withheld: () => reconciler.withheld(),
      },
    });
    progress.follow(() => announcer.updateSoon());
    const lb = new PluginLb();
    reconciler.start();
    connection.connect(lb);
    checker.start();
    announcer.start();
    await until(() => announcer.stale !== undefined, { what: "the file was read" });
    await settle();
    await fn({
      ...all,
      lb,
      announced: (frontend) => announcer.announced(frontend),
      async pass(seconds, probe = () => {}) {
        for (let second = 0; second < seconds; second++) {
          probe();
          await clock.advanceAsync(1000);
          await settle();
        }
      },
    });
    checker.stop();
    await reconciler.stop();
    await announcer.stop();
  });
}

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
