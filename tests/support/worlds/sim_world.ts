/**
 * The real connection, client and reconciler at the socket of a simulated VPP. The clock stands
 * still while bytes are in transit, so a second of waiting takes no time, and its events are known
 * exactly.
 */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { MonotonicMs } from "../../../src/base/instant.ts";
import { type Simulator, startSimulator } from "../../../src/sim/api_server.ts";
import { control } from "../../../src/sim/control.ts";
import type { Release } from "../../../src/sim/plugin/release.ts";
import { createVppConnection } from "../../../src/vpp/api/connection.ts";
import { desiredServers } from "../../../src/vpp/lb/unweighted.ts";
import type { DesiredVip, LbCapabilities } from "../../../src/vpp/lb/model.ts";
import { vipKeyText } from "../../../src/vpp/lb/model.ts";
import { Reconciler } from "../../../src/vpp/sync/reconcile.ts";
import { FakeClock, settle } from "../fakes/fake_clock.ts";
import { lbView } from "../judges/lb_view.ts";
import { readUntil, until } from "../judges/until.ts";
import { FakeSource } from "./reconcile_world.ts";
import { RecordingLogger } from "../fakes/recording_logger.ts";

/** Quiet turns of the event loop after which, most likely, no bytes are in transit. */
const QUIET_TURNS = 30;
/** The same before time moves: to the deadline of an answer that may be on its way after all. */
const SURELY_QUIET_TURNS = 6;

export class SimWorld implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly logger = new RecordingLogger();
  readonly source = new FakeSource();
  readonly simulator: Simulator;
  readonly connection;
  readonly reconciler: Reconciler;
  /** Capabilities of the simulated VPP. */
  readonly can: LbCapabilities;
  readonly #folder: string;
  /** `192.0.2.1/32 6 80` → every `10.0.0.1 100` that was ever wanted of it. */
  readonly #everWanted = new Map<string, Set<string>>();

  private constructor(simulator: Simulator, inner: Inner) {
    const { clock, folder, can } = inner;
    this.simulator = simulator;
    this.clock = clock;
    this.can = can;
    this.#folder = folder;
    this.connection = createVppConnection({
      apiAddress: simulator.path,
      clock,
      logger: this.logger,
      observer: { message: () => {} },
    });
    this.reconciler = new Reconciler({
      connection: this.connection,
      source: this.source,
      clock,
      logger: this.logger,
      lbConfig: () => ({ syncIntervalMs: 30_000, startupMinDelayMs: 0, startupMaxDelayMs: 0 }),
    });
  }

  /** A simulator and what is to be connected to it, not started. */
  static async open(release: Release = "main"): Promise<SimWorld> {
    const folder = Deno.makeTempDirSync({ prefix: "sim-world-" });
    const clock = new FakeClock();
    const simulator = await startSimulator({ path: `${folder}/api.sock`, clock, release });
    return new SimWorld(simulator, { clock, folder, can: { weights: release === "main" } });
  }

  start(): void {
    this.reconciler.start();
    this.connection.start();
  }

  /** Carries out a line of the simulator's control interface, which must be right. */
  async control(line: string): Promise<void> {
    const answer = await control(line, this.simulator);
    assert.doesNotMatch(answer, /^(usage|unknown)/, line);
  }

  /** Changes what is wanted, without a word to the reconciler; frontends are named by VIP. */
  wish(vips: readonly DesiredVip[]): void {
    this.source.vips.clear();
    for (const vip of vips) this.#want(vip);
  }

  /** Changes what is wanted of one VIP, as a backend's transition does. */
  transition(vip: DesiredVip): void {
    this.#want(vip);
    const conf = this.source.lbConf();
    this.reconciler.program([{ frontend: vipKeyText(vip), vip }], { trigger: "transition", conf });
  }

  /** Lets everything arrive that is on its way. */
  quiet(): Promise<void> {
    return this.#quiet(QUIET_TURNS, () => new Promise((resolve) => void setImmediate(resolve)));
  }

  /** The same with more patience: turns that take a millisecond. */
  surelyQuiet(): Promise<void> {
    const turn = () => new Promise<void>((resolve) => void setTimeout(resolve, 1));
    return this.#quiet(SURELY_QUIET_TURNS, turn);
  }

  async #quiet(enough: number, turn: () => Promise<void>): Promise<void> {
    let before = "";
    for (let turns = 0; turns < enough; turns++) {
      await turn();
      await settle();
      this.checkNothingWrong();
      const now = this.#fingerprint();
      if (now !== before) turns = 0;
      before = now;
    }
  }

  /** Lets `ms` pass, and everything arrive on the way. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + ms;
    await this.quiet();
    for (let next = await this.#next(); next !== undefined && next <= endMs;) {
      this.clock.advance(next - this.clock.monotonicMs());
      await this.quiet();
      next = await this.#next();
    }
    this.clock.advance(endMs - this.clock.monotonicMs());
  }

  /** How many ms it takes until VPP has what is wanted; fails when that is more than `mostMs`. */
  async back(mostMs: number): Promise<number> {
    const fromMs = this.clock.monotonicMs();
    await this.quiet();
    while (!this.asWanted()) {
      // A busy machine may owe an answer that comes before the next timer is due.
      const { next } = await readUntil(
        async () => ({
          next: await this.#next(),
          connection: this.connection.state.kind,
          has: lbView(this.simulator),
        }),
        ({ next = Infinity }) => this.asWanted() || next - fromMs <= mostMs,
        { what: `VPP has what is wanted within ${mostMs} ms of its time` },
      );
      if (this.asWanted()) break;
      this.clock.advance(next! - this.clock.monotonicMs());
      await this.quiet();
    }
    return this.clock.monotonicMs() - fromMs;
  }

  /** True when it is connected and VPP has what is wanted. */
  asWanted(): boolean {
    return this.connection.state.kind === "connected" && this.reconciler.lbState() !== undefined &&
      textOf(Object.entries(lbView(this.simulator))) === textOf(this.#wanted());
  }

  /** Fails when VPP has an entry that was never desired. */
  checkNothingWrong(): void {
    for (const [key, servers] of Object.entries(lbView(this.simulator))) {
      const ever = this.#everWanted.get(key);
      assert.ok(ever !== undefined, `VPP has ${key}`);
      for (const server of servers) assert.ok(ever.has(server), `${key} has ${server}`);
    }
  }

  /** Ends everything and fails when something of it is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.reconciler.stop();
    await this.connection.stop();
    await until(() => this.simulator.clients === 0, { what: "no connection is left" });
    await this.simulator.stop();
    assert.equal(this.clock.timers, 0, "timers left");
    Deno.removeSync(this.#folder, { recursive: true });
  }

  /** When the next timer is due, after everything arrived. */
  async #next(): Promise<MonotonicMs | undefined> {
    await this.surelyQuiet();
    return this.clock.nextDueMs;
  }

  #want(vip: DesiredVip): void {
    const key = vipKeyText(vip);
    this.source.vips.set(key, vip);
    const ever = this.#everWanted.get(key) ?? new Set();
    for (const server of this.#servers(vip)) ever.add(server);
    this.#everWanted.set(key, ever);
  }

  #servers(vip: DesiredVip): string[] {
    const { servers } = desiredServers(vip, this.can);
    return servers.map(({ address, weight }) => `${address.text} ${weight}`).sort();
  }

  #wanted(): [string, string[]][] {
    const vips = [...this.source.vips.values()];
    return vips.map((vip) => [vipKeyText(vip), this.#servers(vip)]);
  }

  /** Changes whenever anything happens. */
  #fingerprint(): string {
    const { simulator, logger, connection, clock } = this;
    const requests = [...simulator.requests.values()].reduce((sum, count) => sum + count, 0);
    const { records } = logger;
    const what = [requests, records.length, clock.timers, simulator.clients, connection.state.kind];
    return what.join(" ");
  }
}

interface Inner {
  readonly clock: FakeClock;
  readonly folder: string;
  readonly can: LbCapabilities;
}

function textOf(view: readonly [string, readonly string[]][]): string {
  return JSON.stringify([...view].sort(([a], [b]) => (a < b ? -1 : 1)));
}
