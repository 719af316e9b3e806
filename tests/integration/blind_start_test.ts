/**
 * Checker, reconciler and VPP's API connected as in the daemon, on probes that the test reports.
 * Checks the state of a simulated VPP while the prober is blind, and while an edited check has no
 * verdict.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Simulator, startSimulator } from "../../src/sim/api_server.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import type { Config } from "../../src/config/model.ts";
import { folderIo } from "../../src/system/state_file.ts";
import { type Daemon, wireDaemon } from "../../src/daemon/wire.ts";
import { WHO } from "../support/worlds/checker_fixture.ts";
import { withFolder } from "../support/servers/daemon.ts";
import { FakeProbeEngine, PASS } from "../support/fakes/fake_probe_engine.ts";
import { lbView, vppHas } from "../support/judges/lb_view.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import { type SmallConfig, smallConfig } from "../support/fakes/small_config.ts";

const SMALL: SmallConfig = {
  backends: { a: {}, b: {}, c: {} },
  frontends: { web: { pools: "a:100 b:50 | c:10" } },
  newFlowsTableLength: 1024,
};
const VIP = "192.0.2.1/32 6 80";
const MAX_MS = 300;
const SERVED = { [VIP]: ["10.0.0.1 100", "10.0.0.2 50", "10.0.0.3 0"] };

function configOf(small: SmallConfig = SMALL): Config {
  const config = smallConfig(small);
  return { ...config, vppLb: { ...config.vppLb!, startupMaxDelayMs: MAX_MS } };
}

interface Life {
  readonly daemon: Daemon;
  readonly engine: FakeProbeEngine;
  readonly logger: RecordingLogger;
}

async function live(simulator: Simulator, fn: (life: Life) => Promise<void>): Promise<void> {
  const engine = new FakeProbeEngine();
  const logger = new RecordingLogger();
  const clock = new SystemClock();
  const daemon = wireDaemon({
    config: configOf(),
    vppApiAddr: simulator.path,
    vppStatsAddr: "",
    clock,
    logger,
    engine,
    announceFolder: folderIo,
  });
  daemon.start();
  try {
    await fn({ daemon, engine, logger });
  } finally {
    await daemon.stop();
  }
}

/** A VPP that an earlier maglevd has programmed, with a and b served. */
async function onServedVpp(fn: (simulator: Simulator) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = `${folder}/api.sock`;
    const simulator = await startSimulator({ path, clock: new SystemClock() });
    try {
      await live(simulator, async ({ engine }) => {
        engine.report({ a: PASS, b: PASS, c: PASS });
        await vppHas(simulator, SERVED);
      });
      await fn(simulator);
    } finally {
      await simulator.stop();
    }
  });
}

Deno.test("a maglevd restarted while its prober is blind does not change VPP, even at startup-max-delay", async () => {
  await onServedVpp((simulator) =>
    live(simulator, async ({ daemon, engine, logger }) => {
      for (const name of ["a", "b", "c"]) engine.reportVoid(name);
      await sleep(3 * MAX_MS);
      assert.equal(logger.of("vpp-warmup-hold").at(-1)?.frontends, 1);
      assert.deepEqual(lbView(simulator), SERVED);
      assert.deepEqual(logger.of("vpp-lbsync-as-weight"), []);

      // Operators are obeyed all the same, and the other servers stay.
      daemon.checker.disableBackend("a", WHO);
      await vppHas(simulator, { [VIP]: ["10.0.0.1 0", "10.0.0.2 50", "10.0.0.3 0"] });

      // Sight comes back: results count.
      engine.takeDown("b");
      engine.report({ c: PASS });
      await vppHas(simulator, { [VIP]: ["10.0.0.1 0", "10.0.0.2 0", "10.0.0.3 10"] });
    })
  );
});

Deno.test("a maglevd restarted with one blind backend follows the others and keeps that one's weight", async () => {
  await onServedVpp((simulator) =>
    live(simulator, async ({ daemon, engine }) => {
      engine.report({ a: PASS, c: PASS });
      engine.reportVoid("b");
      await sleep(2 * MAX_MS);
      assert.equal(daemon.vpp!.reconciler.warmedUp, true);
      assert.deepEqual(lbView(simulator), SERVED);
      engine.takeDown("a");
      // The pool may still be served by b, so the standby pool is not raised as well.
      await vppHas(simulator, { [VIP]: ["10.0.0.1 0", "10.0.0.2 50", "10.0.0.3 0"] });
      engine.takeDown("b");
      await vppHas(simulator, { [VIP]: ["10.0.0.1 0", "10.0.0.2 0", "10.0.0.3 10"] });
    })
  );
});

Deno.test("an edited check changes nothing in VPP, and a VPP that restarts meanwhile gets the same state", async () => {
  await onServedVpp((simulator) =>
    live(simulator, async ({ daemon, engine, logger }) => {
      engine.report({ a: PASS, b: PASS, c: PASS });
      await vppHas(simulator, SERVED);
      logger.records.splice(0);
      const slow = { intervalMs: 60_000, fastIntervalMs: 60_000 };
      daemon.reload(configOf({ ...SMALL, healthchecks: { tcp: slow } }));
      assert.equal(daemon.checker.snapshot().backends.get("a")?.state, "unknown");
      await simulator.restart();
      await vppHas(simulator, SERVED);
      assert.deepEqual(logger.of("vpp-lbsync-as-weight"), []);
      engine.takeDown("a");
      await vppHas(simulator, { [VIP]: ["10.0.0.1 0", "10.0.0.2 50", "10.0.0.3 0"] });
    })
  );
});
