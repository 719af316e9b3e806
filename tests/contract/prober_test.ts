/** Runs the contract of ProbeEngine against the pool of real workers and the tests' engine. */
import { setTimeout as sleep } from "node:timers/promises";
import { later } from "../../src/base/instant.ts";
import { WorkerPool } from "../../src/probe/engine/worker_pool.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { FAIL, FakeProbeEngine, PASS } from "../support/fakes/fake_probe_engine.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import { serve } from "../support/servers/nasty_servers.ts";
import { proberContract, type ProberHarness, UP } from "./prober_contract.ts";

proberContract({ name: "worker pool of 1", open: () => onServer(1) });
proberContract({ name: "worker pool of 2", open: () => onServer(2) });
proberContract({ name: "fake engine", open: () => Promise.resolve(fake()) });

/** Real workers and a server that accepts connections and closes them. */
function onServer(workers: number): Promise<ProberHarness> {
  const server = serve(() => Promise.resolve());
  return Promise.resolve({
    engine: new WorkerPool({ clock: new SystemClock(), log: new RecordingLogger(), workers }),
    port: server.port,
    probe: () => sleep(10),
    dispose: () => server.close(),
  });
}

/** A round of results, as a server on UP would give them. */
function fake(): ProberHarness {
  const engine = new FakeProbeEngine();
  const probe = () => {
    engine.nowMs = later(engine.nowMs, 20);
    const targets = [...engine.running.values()];
    const able = targets.filter(({ healthcheck }) => healthcheck.probeIpv4Src === undefined);
    for (const target of targets) if (!able.includes(target)) engine.reportVoid(target.backend);
    engine.report(Object.fromEntries(
      able.map(({ backend, address }) => [backend, address.text === UP.text ? PASS : FAIL]),
    ));
    return Promise.resolve();
  };
  return { engine, port: 1, probe, dispose: () => Promise.resolve() };
}
