/**
 * Sends the probes: each VIP on its own grid, several in flight. An answer that is slow delays no
 * other probe. The number in flight is bounded; a probe beyond the bound is counted as not sent.
 *
 * The prober watches itself, so that it never takes its own standstill (SIGSTOP, suspend, a machine
 * without time for it) for an outage. Probes that it could not send are reported as missed. Timeouts
 * count only time in which it ran, and answers that arrived meanwhile are read before one expires.
 */
import type { Clock, Prng, Timer } from "../base/ports.ts";
import { Cancellation } from "../probe/prober.ts";
import { Grid, maxInFlight } from "./grid.ts";
import { ProberFigures } from "./prober_figures.ts";
import type { ProbeResult, SentProbe, VipRecord } from "./record/vip_record.ts";
import type { Timeline } from "./timeline.ts";
import type { VipProbe } from "./vip_probe.ts";

/** The prober looks at the clock at least this often, in milliseconds. */
const BEAT_MS = 50;
/** Milliseconds without a look that are a standstill. */
const STANDSTILL_MS = 250;
/** After a standstill a probe that expired gets this much longer: its answer may wait to be read. */
const SECOND_LOOK_MS = 50;
/** After a standstill of this length servers may have given up a connection by themselves. */
const GIVEN_UP_MS = 1000;

const STOOD_STILL = "the prober stood still";

/** A VIP that is probed. */
export interface Lane {
  readonly probe: VipProbe;
  /** Where results go; may be replaced, and those of probes in flight then go to the old one. */
  record: VipRecord;
}

export interface ProberOptions {
  readonly lanes: readonly Lane[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "after">;
  readonly timeline: Pick<Timeline, "nowMs">;
  readonly prng: Prng;
}

interface Flight {
  readonly lane: LaneState;
  readonly record: VipRecord;
  readonly probe: SentProbe;
  readonly cancellation: Cancellation;
  /** #stoodMs when it was sent. */
  readonly stoodMs: number;
  timer: Timer;
  lookedAgain: boolean;
}

interface LaneState {
  readonly lane: Lane;
  readonly grid: Grid;
  readonly inFlightMax: number;
  timer: Timer | undefined;
  inFlight: number;
}

export class Prober {
  figures = new ProberFigures();
  readonly #options: ProberOptions;
  readonly #states: readonly LaneState[];
  readonly #spare: Cancellation[] = [];
  #beat: Timer | undefined;
  #lookMs: number;
  /** Milliseconds of all standstills. */
  #stoodMs = 0;
  #inFlight = 0;
  #state: "idle" | "running" | "paused" | "ended" = "idle";
  /** At the end: no probe is in flight. */
  readonly #landed = Promise.withResolvers<void>();

  constructor(options: ProberOptions) {
    const { intervalMs, timeoutMs, timeline, prng } = options;
    this.#options = options;
    const startMs = timeline.nowMs();
    this.#lookMs = startMs;
    this.#states = options.lanes.map((lane) => {
      const grid = new Grid({ intervalMs, startMs, prng });
      const inFlightMax = maxInFlight(grid.periodMs, timeoutMs);
      return { lane, grid, inFlightMax, timer: undefined, inFlight: 0 };
    });
  }

  get paused(): boolean {
    return this.#state === "paused";
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  start(): void {
    this.#state = "running";
    this.#lookMs = this.#options.timeline.nowMs();
    this.#watch();
    for (const state of this.#states) this.#schedule(state, this.#lookMs);
  }

  /** Sends no probes until resume(); those in flight go on. The time between is a blind span. */
  pause(): void {
    if (this.#state !== "running") return;
    this.#state = "paused";
    const nowMs = this.#look();
    for (const { lane, timer } of this.#states) {
      timer?.cancel();
      lane.record.notSent(nowMs, "paused");
    }
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    const nowMs = this.#look();
    for (const state of this.#states) {
      state.grid.skipTo(nowMs);
      this.#schedule(state, nowMs);
    }
  }

  /** Sends no further probes; resolves when those in flight have a result, or after abandon(). */
  async end(): Promise<void> {
    this.#state = "ended";
    for (const { timer } of this.#states) timer?.cancel();
    if (this.#inFlight > 0) await this.#landed.promise;
    this.#beat?.cancel();
  }

  /** Probes in flight are no longer waited for. */
  abandon(): void {
    this.#landed.resolve();
  }

  #watch(): void {
    this.#beat = this.#options.clock.after(BEAT_MS, () => {
      this.#look();
      this.#watch();
    });
  }

  /** Reads the clock, and notices a standstill; called first whenever the prober runs. */
  #look(): number {
    const nowMs = this.#options.timeline.nowMs();
    const gapMs = nowMs - this.#lookMs - BEAT_MS;
    this.#lookMs = nowMs;
    if (gapMs >= STANDSTILL_MS) {
      this.#stoodMs += gapMs;
      this.figures.standstills++;
      this.figures.standstillMs += gapMs;
    }
    return nowMs;
  }

  #schedule(state: LaneState, nowMs: number): void {
    state.timer = this.#options.clock.after(state.grid.nextMs - nowMs, () => this.#tick(state));
  }

  #tick(state: LaneState): void {
    const nowMs = this.#look();
    // A timer may be early by a fraction of a millisecond.
    if (nowMs < state.grid.nextMs) return this.#schedule(state, nowMs);
    const { dueMs, missed } = state.grid.take(nowMs);
    if (missed !== undefined) {
      this.figures.notSent += missed.count;
      state.lane.record.notSent(missed.fromMs, STOOD_STILL);
    }
    if (state.inFlight >= state.inFlightMax) {
      this.figures.notSent++;
      state.lane.record.skipped++;
    } else {
      this.figures.sent++;
      this.figures.lateness.add(nowMs - dueMs);
      void this.#fly(state, nowMs);
    }
    this.#schedule(state, this.#options.timeline.nowMs());
  }

  async #fly(state: LaneState, nowMs: number): Promise<void> {
    const { record, probe } = state.lane;
    const cancellation = this.#spare.pop() ?? new Cancellation();
    const flight: Flight = {
      lane: state,
      record,
      probe: record.send(nowMs),
      cancellation,
      stoodMs: this.#stoodMs,
      timer: this.#options.clock.after(this.#options.timeoutMs, () => this.#expire(flight)),
      lookedAgain: false,
    };
    state.inFlight++;
    this.#inFlight++;
    const result = await probe.run(cancellation);
    this.#land(flight, result);
  }

  /** The timer of a probe fired; it expires once the prober has run for the whole timeout. */
  #expire(flight: Flight): void {
    const { clock, timeoutMs } = this.#options;
    const nowMs = this.#look();
    const stoodMs = this.#stoodMs - flight.stoodMs;
    if (stoodMs > 0 && !flight.lookedAgain) {
      flight.lookedAgain = true;
      const ranMs = nowMs - flight.probe.atMs - stoodMs;
      const restMs = Math.max(timeoutMs - ranMs, SECOND_LOOK_MS);
      flight.timer = clock.after(restMs, () => this.#expire(flight));
      return;
    }
    flight.cancellation.cancel();
  }

  #land(flight: Flight, found: ProbeResult): void {
    const { lane, record, probe, cancellation } = flight;
    flight.timer.cancel();
    const nowMs = this.#look();
    cancellation.rearm();
    this.#spare.push(cancellation);
    record.result(probe, this.#judged(flight, found, nowMs), nowMs);
    lane.inFlight--;
    this.#inFlight--;
    if (this.#state === "ended" && this.#inFlight === 0) this.#landed.resolve();
  }

  /** The result with its latency, as far as a standstill leaves it a meaning. */
  #judged({ probe, stoodMs }: Flight, found: ProbeResult, nowMs: number): ProbeResult {
    const stood = this.#stoodMs - stoodMs;
    if (found.kind === "ok") {
      return { ...found, latencyMs: stood > 0 ? undefined : nowMs - probe.atMs };
    }
    const givenUp = found.kind === "failed" && found.error !== "timeout" && stood >= GIVEN_UP_MS;
    return givenUp ? { kind: "void", reason: STOOD_STILL } : found;
  }
}
