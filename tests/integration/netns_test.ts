/**
 * The engine in network namespaces of the test's own. Goal: only a true answer is a pass, and
 * nothing of a probe leaves its namespace. Method: a responder inside answers well, badly or as
 * somebody else; outside, the same addresses are unreachable.
 */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import type { HealthcheckConfig } from "../../src/config/model.ts";
import type { ProbeOutcome, VoidProbe } from "../../src/probe/ports.ts";
import { WorkerPool } from "../../src/probe/worker_pool.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { healthcheck, http, TCP } from "../support/healthcheck.ts";
import {
  HTTP_PORT,
  NET4,
  NET6,
  netnsTest,
  TestNamespace,
  withNamespace,
} from "../support/netns.ts";
import { RecordingLogger } from "../support/recording_logger.ts";

const ICMP: Partial<HealthcheckConfig> = { params: { type: "icmp" }, port: 0 };
const PACE = { intervalMs: 200, fastIntervalMs: 200, downIntervalMs: 200, timeoutMs: 150 };

/** A pool whose outcomes are kept by the name of the target. */
class Engine {
  readonly log = new RecordingLogger();
  readonly outcomes = new Map<string, ProbeOutcome[]>();
  readonly voids: VoidProbe[] = [];
  readonly #names: string[] = [];
  readonly #pool: WorkerPool;

  constructor(workers = 1) {
    this.#pool = new WorkerPool({ clock: new SystemClock(), log: this.log, workers });
    this.#pool.onOutcomes = (list) => {
      for (const outcome of list) this.outcomes.get(this.#names[outcome.id]!)!.push(outcome);
    };
    this.#pool.onVoid = (probe) => this.voids.push(probe);
  }

  start(name: string, address: string, check: Partial<HealthcheckConfig>, netns: string): void {
    const id = this.#names.push(name) - 1;
    this.outcomes.set(name, []);
    this.#pool.start({
      id,
      generation: 1,
      backend: name,
      address: parseIp(address)!,
      healthcheck: healthcheck({ ...PACE, ...check }),
      netns,
      firstDelayMs: id,
    });
  }

  /** Distinct verdicts of a target, from outcome `from` on. */
  verdicts(name: string, from = 0): string[] {
    const texts = this.outcomes.get(name)!.slice(from).map(({ result }) =>
      result.detail === "" ? result.code : `${result.code} ${result.detail}`
    );
    return [...new Set(texts)];
  }

  async each(count: number): Promise<void> {
    await until(() => [...this.outcomes.values()].every(({ length }) => length >= count));
  }

  /** Waits until the last verdict of a target is `verdict`. */
  async says(name: string, verdict: RegExp): Promise<void> {
    await until(() => verdict.test(this.verdicts(name, -1)[0] ?? ""), () => this.verdicts(name));
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

async function until(condition: () => boolean, state: () => unknown = () => ""): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await new Promise((r) => setTimeout(r, 10));
  assert.ok(condition(), `it did not come to that within 10 s: ${state()}`);
}

async function withEngine(fn: (engine: Engine) => Promise<void>, workers = 1): Promise<void> {
  const engine = new Engine(workers);
  try {
    await fn(engine);
  } finally {
    await engine.close();
  }
}

const NO_REPLY = "L4TOUT no echo reply within the timeout";

/** By the last number of the address; see icmp_responder.py. */
const EXPECTED: readonly [number: number, what: string, v4: string, v6: string][] = [
  [1, "good", "L4OK", "L4OK"],
  [2, "lost", NO_REPLY, NO_REPLY],
  [3, "three times", "L4OK", "L4OK"],
  [4, "late", NO_REPLY, NO_REPLY],
  [5, "foreign identifier", NO_REPLY, NO_REPLY],
  [6, "forged payload", NO_REPLY, NO_REPLY],
  [7, "from another address", NO_REPLY, NO_REPLY],
  [8, "wrong sequence", NO_REPLY, NO_REPLY],
  [9, "an error", "L4CON host unreachable", "L4CON host unreachable"],
  [10, "cut payload", NO_REPLY, NO_REPLY],
  [11, "bad checksum", NO_REPLY, NO_REPLY],
  [12, "an error about another", NO_REPLY, NO_REPLY],
  [13, "garbage, then good", "L4OK", "L4OK"],
  [14, "longer payload", NO_REPLY, NO_REPLY],
];

netnsTest("ICMP takes a true answer for a pass, and nothing else", async () => {
  await withNamespace(async (namespace) => {
    await namespace.respond(PACE.timeoutMs + 60);
    await withEngine(async (engine) => {
      for (const [number] of EXPECTED) {
        engine.start(`v4 ${number}`, `${NET4}${number}`, ICMP, namespace.name);
        engine.start(`v6 ${number}`, `${NET6}${number.toString(16)}`, ICMP, namespace.name);
      }
      await engine.each(8);
      for (const [number, what, v4, v6] of EXPECTED) {
        assert.deepEqual(engine.verdicts(`v4 ${number}`), [v4], what);
        assert.deepEqual(engine.verdicts(`v6 ${number}`), [v6], what);
      }
      assert.deepEqual(engine.voids, []);
      const good = engine.outcomes.get("v4 1")!;
      assert.ok(good.every(({ result }) => result.durationMs >= 0 && result.durationMs < 150));
      assert.ok(good.some(({ result }) => result.durationMs > 0));
    });
  });
});

netnsTest("every kind of probe is made inside its namespace, and none outside", async () => {
  await withNamespace(async (namespace) => {
    await namespace.respond();
    await withEngine(async (engine) => {
      const kinds: [string, Partial<HealthcheckConfig>][] = [
        ["icmp", ICMP],
        ["tcp", { params: TCP, port: HTTP_PORT }],
        ["http", { params: http(), port: HTTP_PORT }],
      ];
      for (const [kind, check] of kinds) {
        engine.start(`${kind} inside`, `${NET4}1`, check, namespace.name);
        engine.start(`${kind} outside`, `${NET4}1`, check, "");
        engine.start(`${kind} home`, "127.0.0.1", check, "");
      }
      engine.start("icmp inside v6", `${NET6}1`, ICMP, namespace.name);
      engine.start("icmp outside v6", `${NET6}1`, ICMP, "");
      await engine.each(5);
      assert.deepEqual(engine.verdicts("icmp inside"), ["L4OK"]);
      assert.deepEqual(engine.verdicts("tcp inside"), ["L4OK"]);
      assert.deepEqual(engine.verdicts("http inside"), ["L7OK status 200"]);
      assert.deepEqual(engine.verdicts("icmp inside v6"), ["L4OK"]);
      assert.deepEqual(engine.verdicts("icmp outside"), ["L4CON no route to host"]);
      assert.deepEqual(engine.verdicts("tcp outside"), ["L4CON no route to host"]);
      assert.deepEqual(engine.verdicts("http outside"), ["L4CON no route to host"]);
      assert.deepEqual(engine.verdicts("icmp outside v6"), ["L4CON no route to host"]);
      // The kernel of our own namespace answers, and has no such server.
      assert.deepEqual(engine.verdicts("icmp home"), ["L4OK"]);
      assert.deepEqual(engine.verdicts("tcp home"), ["L4CON connection refused"]);
      assert.deepEqual(engine.log.of("probe-worker").map(({ action, netns }) => [action, netns]), [
        ["entered", namespace.name],
      ]);
    });
  });
});

netnsTest(
  "ICMP uses the source address it is given, and says when it is none of ours",
  async () => {
    await withNamespace(async (namespace) => {
      await withEngine(async (engine) => {
        const from = (v4: string, v6: string): Partial<HealthcheckConfig> => ({
          ...ICMP,
          probeIpv4Src: parseIp(v4),
          probeIpv6Src: parseIp(v6),
        });
        // Answers only from the address it was asked from come through this route.
        const good = from(`${NET4}2`, `${NET6}2`);
        const bad = from(`${NET4}99`, `${NET6}99`);
        engine.start("v4", `${NET4}1`, good, namespace.name);
        engine.start("v6", `${NET6}1`, good, namespace.name);
        engine.start("bad v4", `${NET4}1`, bad, namespace.name);
        engine.start("bad v6", `${NET6}1`, bad, namespace.name);
        await engine.each(3);
        assert.deepEqual(engine.verdicts("v4"), ["L4OK"]);
        assert.deepEqual(engine.verdicts("v6"), ["L4OK"]);
        const sentence = (source: string) => `L4CON source address ${source} is not on this host`;
        assert.deepEqual(engine.verdicts("bad v4"), [sentence(`${NET4}99`)]);
        assert.deepEqual(engine.verdicts("bad v6"), [sentence(`${NET6}99`)]);
      });
    });
  },
);

netnsTest("a namespace may come late, vanish, return and be replaced", async () => {
  await withNamespace(async (first) => {
    await first.remove();
    await withEngine(async (engine) => {
      engine.start("tcp", `${NET4}1`, { params: TCP, port: HTTP_PORT }, first.name);
      engine.start("icmp", `${NET4}1`, ICMP, first.name);
      await engine.says("tcp", /^L4CON network namespace .* does not exist/);
      await engine.says("icmp", /^L4CON network namespace .* does not exist/);

      const second = await TestNamespace.make(first.name);
      await second.respond();
      await engine.says("tcp", /^L4OK$/);
      await engine.says("icmp", /^L4OK$/);

      await second.remove();
      await engine.says("tcp", /^L4CON network namespace .* does not exist/);
      await engine.says("icmp", /^L4CON network namespace .* does not exist/);

      const third = await TestNamespace.make(first.name);
      await third.respond();
      await engine.says("tcp", /^L4OK$/);
      await engine.says("icmp", /^L4OK$/);

      // Replaced at once: nobody may notice but the log. The old one has nobody who answers.
      await third.remove();
      const mark = engine.log.of("probe-worker").length;
      const fourth = await TestNamespace.make(first.name);
      await fourth.respond();
      await until(() => engine.log.of("probe-worker").length >= mark + 2);
      await engine.says("tcp", /^L4OK$/);
      await engine.says("icmp", /^L4OK$/);
      const news = engine.log.of("probe-worker").map(({ action, error }) =>
        `${action}${error === undefined ? "" : `: ${String(error).replaceAll(first.name, "X")}`}`
      );
      const gone = "waiting: network namespace X does not exist (no /run/netns/X)";
      assert.deepEqual(news, [
        gone,
        "entered",
        "left: network namespace X has vanished",
        gone,
        "entered",
        "left: network namespace X was replaced by another of its name",
        "entered",
      ]);
      await fourth.remove();
    });
  });
});
