/**
 * One of three probe workers dies of an error, with real probes of every kind in flight. Goal: its
 * backends are probed again within a second, at ten times the pace, and none goes down; the other
 * workers are not affected. Method: all servers are up at the time of the death, and the interval
 * is so long that no probe is due in the second after it.
 */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import type { HealthcheckConfig } from "../../src/config/model.ts";
import type { ProbeOutcome, VoidProbe } from "../../src/probe/ports.ts";
import { WorkerPool } from "../../src/probe/engine/worker_pool.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { certificates } from "../support/servers/certificates.ts";
import { healthcheck, http, TCP } from "../support/worlds/healthcheck.ts";
import { icmpTest } from "../support/servers/icmp_test_case.ts";
import { answerWith } from "../support/servers/nasty_servers.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import { until } from "../support/judges/until.ts";
import { tlsServer } from "../support/servers/tls_servers.ts";

const WORKERS = 3;
const PACE = { intervalMs: 10_000, fastIntervalMs: 20, downIntervalMs: 10_000, timeoutMs: 5000 };
/** By then all targets are at the slow pace, on a busy machine too. */
const CRASH_MS = 3000;
/** A machine that does other work besides may need longer for a thread. */
const ATTEMPTS = 3;

interface Crash {
  /** Targets that were probed in the second after it, in order. */
  readonly probed: readonly number[];
  readonly outcomes: readonly ProbeOutcome[];
  readonly voids: readonly VoidProbe[];
  readonly errors: readonly unknown[];
}

/** Starts one target of each check for each worker, lets the first worker die, and looks on. */
async function crash(checks: readonly Partial<HealthcheckConfig>[]): Promise<Crash> {
  const outcomes: ProbeOutcome[] = [];
  const voids: VoidProbe[] = [];
  const log = new RecordingLogger();
  let spawned = 0;
  const pool = new WorkerPool({
    clock: new SystemClock(),
    log,
    workers: WORKERS,
    spawn() {
      const file = spawned++ === 0
        ? "../support/fakes/crashing_worker.ts"
        : "../../src/probe/engine/worker.ts";
      return new Worker(new URL(file, import.meta.url), { type: "module", name: `${CRASH_MS}` });
    },
  });
  pool.onOutcomes = (list) => void outcomes.push(...list);
  pool.onVoid = (probe) => void voids.push(probe);
  try {
    for (let id = 0; id < WORKERS * checks.length; id++) {
      pool.start({
        id,
        generation: 1,
        backend: `b${id}`,
        address: parseIp("127.0.0.1")!,
        healthcheck: healthcheck({ ...PACE, ...checks[Math.floor(id / WORKERS)] }),
        netns: "",
        firstDelayMs: 0,
      });
    }
    await until(() => log.of("probe-worker").length > 0);
    const mark = outcomes.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const probed = [...new Set(outcomes.slice(mark).map(({ id }) => id))].sort((a, b) => a - b);
    return { probed, outcomes, voids, errors: log.of("probe-worker").map(({ err }) => err) };
  } finally {
    await pool.close();
  }
}

icmpTest(
  "backends of a worker that dies are probed again within a second, and stay up",
  async () => {
    const { ca, of } = await certificates();
    const plain = answerWith(["HTTP/1.1 200 OK\r\n\r\n"]);
    const secure = await tlsServer(of("good"));
    const tls = {
      serverName: "good.test",
      insecureSkipVerify: false,
      alpn: [],
      ca: { path: "", pem: ca },
    };
    const checks: Partial<HealthcheckConfig>[] = [
      { port: plain.port, params: TCP },
      { port: plain.port, params: http() },
      { port: secure.port, params: { type: "tcp", ssl: true, ...tls } },
      { port: secure.port, params: { ...http(), ...tls, type: "https" } },
      { port: 0, params: { type: "icmp" } },
    ];
    try {
      const orphans = checks.map((_, i) => i * WORKERS);
      for (let attempt = 1;; attempt++) {
        const { probed, outcomes, voids, errors } = await crash(checks);
        assert.match(String(errors[0]), /a bug in the worker/);
        for (const { id, result } of outcomes) assert.ok(result.ok, `${id}: ${result.detail}`);
        assert.deepEqual(voids, []);
        const all = new Set(outcomes.map(({ id }) => id));
        assert.equal(all.size, WORKERS * checks.length, "all were probed before");
        if (attempt < ATTEMPTS && probed.length < orphans.length) continue;
        assert.deepEqual(probed, orphans, "those of the dead worker, and nobody else");
        break;
      }
    } finally {
      await plain.close();
      await secure.close();
    }
  },
);
