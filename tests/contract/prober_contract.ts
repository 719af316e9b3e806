/** The contract of every ProbeEngine, whether it probes servers or a test supplies the results. */
import assert from "node:assert/strict";
import type { IpAddress } from "../../src/base/address.ts";
import { parseIp } from "../../src/base/address.ts";
import type { HealthcheckConfig } from "../../src/config/model.ts";
import type { ProbeEngine, ProbeOutcome, VoidProbe } from "../../src/probe/ports.ts";
import { until } from "../support/judges/until.ts";
import { healthcheck } from "../support/worlds/healthcheck.ts";

/** A TCP server accepts connections there. */
export const UP = parseIp("127.0.0.1")!;
/** The same port is closed there. */
export const DOWN = parseIp("127.0.0.2")!;
/** An address for documentation (RFC 5737), which this host does not have. */
export const FOREIGN = parseIp("203.0.113.77")!;

/** An engine without targets. */
export interface ProberHarness {
  readonly engine: ProbeEngine;
  /** Port of the server. */
  readonly port: number;
  /** Lets time for probes pass. */
  probe(): Promise<void>;
  dispose(): Promise<void>;
}

/** One implementation. */
export interface ProberCase {
  readonly name: string;
  readonly open: () => Promise<ProberHarness>;
}

const PACE = { intervalMs: 20, fastIntervalMs: 20, downIntervalMs: 20, timeoutMs: 2000 };

interface Start {
  readonly id: number;
  readonly generation: number;
}

/** An engine, and everything that it reported. */
class Watched {
  readonly outcomes: ProbeOutcome[] = [];
  readonly voids: VoidProbe[] = [];
  readonly starts: Start[] = [];
  readonly #harness: ProberHarness;

  constructor(harness: ProberHarness) {
    this.#harness = harness;
    this.engine.onOutcomes = (outcomes) => this.outcomes.push(...outcomes);
    this.engine.onVoid = (probe) => this.voids.push(probe);
    this.engine.onStart = ({ id, generation }) => this.starts.push({ id, generation });
  }

  get engine(): ProbeEngine {
    return this.#harness.engine;
  }

  /** Starts target `id` of backend `b<id>` on an address. */
  start(
    { id, generation = 1, ...check }:
      & { id: number; generation?: number }
      & Partial<
        HealthcheckConfig
      >,
    address: IpAddress,
  ): void {
    this.engine.start({
      id,
      generation,
      backend: `b${id}`,
      address,
      healthcheck: healthcheck({ ...PACE, port: this.#harness.port, ...check }),
      netns: "",
      firstDelayMs: id,
    });
  }

  of(id: number): ProbeOutcome[] {
    return this.outcomes.filter((outcome) => outcome.id === id);
  }

  /** Lets probes go on until `condition`. */
  until(condition: () => boolean): Promise<void> {
    const holds = async () => {
      await this.#harness.probe();
      return condition();
    };
    return until(holds, { what: String(condition) });
  }

  /** Lets time for probes pass so often. */
  async rounds(count: number): Promise<void> {
    for (let round = 0; round < count; round++) await this.#harness.probe();
  }

  /** Lets `count` more probes of a target count, and returns all outcomes of that time. */
  async more(id: number, count: number): Promise<ProbeOutcome[]> {
    const mark = this.outcomes.length;
    const before = this.of(id).length;
    await this.until(() => this.of(id).length >= before + count);
    return this.outcomes.slice(mark);
  }

  /** Backends by namespace. */
  counts(): [string, number][] {
    return this.engine.probers().map(({ netns, backends }) => [netns, backends]);
  }
}

/** Registers the suite for one implementation. */
export function proberContract({ name, open }: ProberCase): void {
  function test(title: string, fn: (watched: Watched) => Promise<void>): void {
    Deno.test(`${name}: ${title}`, async () => {
      const harness = await open();
      try {
        await fn(new Watched(harness));
      } finally {
        await harness.engine.close();
        await harness.dispose();
      }
    });
  }

  test("each started target is probed repeatedly, with its id, generation and verdict", async (watched) => {
    const addresses = [UP, DOWN, UP];
    for (const [id, address] of addresses.entries()) watched.start({ id }, address);
    assert.equal(watched.outcomes.length, 0, "nothing is reported before start() returns");
    await watched.until(() => addresses.every((_, id) => watched.of(id).length >= 3));
    for (const { id, generation, result } of watched.outcomes) {
      const code = addresses[id] === UP ? "L4OK" : "L4CON";
      assert.deepEqual([generation, result.ok, result.layer, result.code], [
        1,
        code === "L4OK",
        "L4",
        code,
      ]);
    }
    for (const [id] of addresses.entries()) {
      const times = watched.of(id).map(({ atMs }) => atMs);
      assert.deepEqual(times, times.toSorted((a, b) => a - b), "in order of verdict");
    }
    assert.deepEqual(watched.counts(), [["", 3]]);
    assert.deepEqual(watched.voids, []);
  });

  test("start() of a started id replaces its target: only the new generation is reported", async (watched) => {
    watched.start({ id: 0 }, UP);
    await watched.more(0, 2);
    watched.start({ id: 0, generation: 2 }, DOWN);
    for (const { generation, result } of await watched.more(0, 3)) {
      assert.deepEqual([generation, result.ok], [2, false]);
    }
    assert.deepEqual(watched.counts(), [["", 1]]);
  });

  test("stop() ends the reports of that target only, and ignores unknown ids", async (watched) => {
    watched.start({ id: 0 }, UP);
    watched.start({ id: 1 }, UP);
    await watched.until(() => watched.of(0).length > 0 && watched.of(1).length > 0);
    for (const id of [0, 0, 99]) watched.engine.stop(id);
    const later = await watched.more(1, 4);
    assert.deepEqual(later.filter(({ id }) => id !== 1), []);
    assert.deepEqual(watched.counts(), [["", 1]]);
    // The id is free for another use.
    watched.start({ id: 0, generation: 2 }, DOWN);
    const outcomes = await watched.more(0, 2);
    assert.ok(outcomes.every(({ id, generation }) => id === 1 || generation === 2));
  });

  test("stop() ends the probes, not only their reports", async (watched) => {
    const { engine } = watched;
    watched.start({ id: 0 }, UP);
    await watched.more(0, 2);
    engine.stop(0);
    const { probes } = await engine.stats();
    await watched.rounds(20);
    const after = await engine.stats();
    assert.deepEqual([after.probes, after.inFlight], [probes, 0]);
  });

  test("readdress() probes the other address under the same generation", async (watched) => {
    watched.start({ id: 0 }, DOWN);
    await watched.more(0, 1);
    watched.engine.readdress(0, UP);
    await watched.until(() => watched.outcomes.at(-1)!.result.ok);
    const codes = [...new Set(watched.outcomes.map(({ result }) => result.code))];
    assert.deepEqual(codes, ["L4CON", "L4OK"]);
    assert.ok(watched.outcomes.every(({ generation }) => generation === 1));
  });

  test("a probe that this host cannot make is void; the next that counts ends that", async (watched) => {
    const { engine } = watched;
    watched.start({ id: 0, probeIpv4Src: FOREIGN }, UP);
    await watched.until(() => watched.voids.length >= 2);
    assert.equal(watched.outcomes.length, 0);
    for (const { id, generation, reason } of watched.voids) {
      assert.deepEqual([id, generation, reason], [0, 1, engine.voidReason("b0")]);
    }
    assert.match(engine.voidReason("b0")!, /./);
    assert.equal(engine.voidReason("b1"), undefined);
    watched.start({ id: 0, generation: 2 }, UP);
    await watched.more(0, 1);
    assert.equal(engine.voidReason("b0"), undefined);
    watched.start({ id: 1, probeIpv4Src: FOREIGN }, UP);
    await watched.until(() => engine.voidReason("b1") !== undefined);
    engine.stop(1);
    assert.equal(engine.voidReason("b1"), undefined, "a stopped target is forgotten");
  });

  test("trace() reports the start of each probe while it is on, and is off at first", async (watched) => {
    const { engine, starts } = watched;
    watched.start({ id: 0 }, UP);
    await watched.more(0, 2);
    assert.deepEqual(starts, []);
    engine.trace(true);
    await watched.until(() => starts.length >= 2);
    assert.deepEqual(starts[0], { id: 0, generation: 1 });
    engine.trace(false);
    // The answer comes after everything that was under way.
    await engine.stats();
    const count = starts.length;
    await watched.more(0, 3);
    assert.equal(starts.length, count);
  });

  test("stats() counts finished and void probes", async (watched) => {
    const { engine } = watched;
    assert.deepEqual([(await engine.stats()).probes, (await engine.stats()).voids], [0, 0]);
    watched.start({ id: 0 }, UP);
    watched.start({ id: 1, probeIpv4Src: FOREIGN }, UP);
    await watched.until(() => watched.of(0).length >= 2 && watched.voids.length >= 2);
    const reported = { probes: watched.of(0).length, voids: watched.voids.length };
    const { probes, voids } = await engine.stats();
    assert.ok(probes >= reported.probes, `${probes} probes`);
    assert.ok(voids >= reported.voids, `${voids} void`);
  });

  test("close() ends everything; it may be called again, and start() does nothing then", async (watched) => {
    const { engine, outcomes } = watched;
    watched.start({ id: 0 }, UP);
    await watched.more(0, 1);
    await engine.close();
    await engine.close();
    const count = outcomes.length;
    watched.start({ id: 1 }, UP);
    engine.stop(0);
    await watched.rounds(10);
    assert.deepEqual([outcomes.length, watched.counts()], [count, []]);
  });
}
