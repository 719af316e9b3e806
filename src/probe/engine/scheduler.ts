/**
 * Paces the probes of one worker. Each target waits for exactly one instant: the start of its
 * next probe, the deadline of the running one, or the cleanup limit of a cancelled one. Starts may
 * have to wait but ends must not, so there are two heaps, served by one timer. The timer fires at
 * most once per TICK_MS and handles all that is due together, which saves a turn of the event loop
 * per probe.
 *
 * Probes are paced from start to start by a rise/fall counter. It is stepped here as well as in
 * the checker, so that a busy main thread does not delay probes.
 *
 * A late prober must not take a server down. While a probe is in flight the timer never sleeps
 * longer than HEARTBEAT_MS, so that each stall of this thread and each backlog of results is
 * detected. A failure during a long stall is void. After a shorter stall deadlines wait until
 * pending results are delivered.
 */
import type { SchedulerOptions, SchedulerStats, Void } from "./reports.ts";
import { invariant } from "../../base/assert.ts";
import {
  earliest,
  FAR_PAST_MS,
  later,
  latest,
  type MonotonicMs,
  NEVER_MS,
} from "../../base/instant.ts";
import type { Timer } from "../../base/ports.ts";
import { stepCounter } from "../../health/counter.ts";
import { nextIntervalMs, phaseOf } from "../../health/interval.ts";
import { Backlog } from "./backlog.ts";
import { EarlyStarts } from "./early_starts.ts";
import { DueHeap } from "../../async/due_heap.ts";
import type { IsolationJudge } from "../isolation/isolation.ts";
import { LatenessHistogram, StallMemory, voidThresholdMs } from "./lateness.ts";
import { inconclusive, isProof, type Verdict } from "../outcome.ts";
import { Cancellation } from "../prober.ts";
import { turnsUntil } from "../turns.ts";
import {
  EARLY_MS,
  isDue,
  mayRepeat,
  type ScheduledTarget,
  type Slot,
  slotOf,
  turns,
} from "./slot.ts";
import { mostStarts, startsOf } from "./start_budget.ts";
import {
  EARLY_IN_FLIGHT,
  ENDING_MS,
  HEARTBEAT_MS,
  LATE_ROUND_MS,
  MOST_HELD_MS,
  OVERSLEPT_MS,
  RUSH_MS,
  SPREAD_AGAIN_MS,
  TICK_MS,
} from "./times.ts";

/** Probes targets until they are stopped. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #slots = new Map<number, Slot>();
  /** Targets that wait for the start of a probe. */
  readonly #starts = new DueHeap<Slot>();
  /** Targets with a running probe, by its deadline. */
  readonly #ends = new DueHeap<Slot>();
  /** Targets whose first probe may start ahead of its place; some may have started or stopped. */
  readonly #early = new EarlyStarts<Slot>();
  /** Stalls of this thread. */
  readonly #stalls = new StallMemory();
  readonly #lateness = new LatenessHistogram();
  readonly #backlog: Backlog | undefined;
  /** Last start of a probe ahead of its place. */
  #earlyMs = FAR_PAST_MS;
  #timer: Timer | undefined;
  /** When the timer should fire; NEVER_MS without one. */
  #wakeMs = NEVER_MS;
  #inFlight = 0;
  /** Probes that ended since the last round, weighted as at their start. */
  #ended = 0;
  /** Since when deadlines wait for a backlog; undefined: they do not. */
  #heldSinceMs: MonotonicMs | undefined;
  /** The last round. */
  #judgedMs = FAR_PAST_MS;
  #probes = 0;
  #voids = 0;
  /** Judges failures; undefined: all count. */
  isolation: IsolationJudge | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const { clock, echo, onEchoLost: onLost } = options;
    if (echo !== undefined) this.#backlog = new Backlog({ clock, echo, onLost });
  }

  /** Starts probing; a target of the same id is replaced. */
  start(target: ScheduledTarget): void {
    this.stop(target.id);
    const { clock, prober } = this.#options;
    const nowMs = clock.monotonicMs();
    const dueMs = later(nowMs, target.firstDelayMs);
    const phase = phaseOf(dueMs, target.spreadMs);
    const slot = slotOf(target, { probe: prober(target.spec), phase });
    this.#slots.set(target.id, slot);
    this.#starts.set(slot, dueMs);
    const { soonestMs } = target;
    if (soonestMs < target.firstDelayMs) this.#early.add(slot, later(nowMs, soonestMs), nowMs);
    this.#arm(nowMs);
  }

  /** The next probe goes to `address`; unknown ids are ignored. */
  readdress(id: number, address: string): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    slot.probe = this.#options.prober({ address, healthcheck: slot.healthcheck });
    slot.readdressed = slot.stage !== "waiting";
  }

  /** Forgets the target and cancels its probe in flight; unknown ids are ignored. */
  stop(id: number): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    this.#slots.delete(id);
    this.#heapOf(slot).remove(slot);
    slot.run++;
    slot.cancellation.cancel();
  }

  /** Stops all. */
  close(): void {
    for (const id of [...this.#slots.keys()]) this.stop(id);
    this.#disarm();
  }

  /** Statistics; lateness since the last call. */
  stats(): SchedulerStats {
    return {
      probes: this.#probes,
      voids: this.#voids,
      inFlight: this.#inFlight,
      lateness: this.#lateness.take(),
    };
  }

  #wake(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const lateMs = nowMs - this.#wakeMs;
    this.#stalls.note(this.#wakeMs, nowMs);
    this.#timer = undefined;
    this.#wakeMs = NEVER_MS;
    const backlog = this.#backlog?.waits(nowMs, this.#inFlight) ?? false;
    const most = backlog ? 0 : mostStarts({ lateMs, ended: this.#ended });
    this.#judge(nowMs, { late: lateMs > LATE_ROUND_MS, backlog });
    this.#ended = 0;
    let starts = 0;
    for (let slot = this.#starts.peek(); starts < most && isDue(slot, nowMs);) {
      if (this.#due(slot, nowMs)) starts += startsOf(slot.healthcheck);
      slot = this.#starts.peek();
    }
    if (lateMs <= LATE_ROUND_MS) starts += this.#startEarly(nowMs, most - starts);
    // With starts left over, continue in the next turn, after more probes have ended.
    this.#arm(this.#options.clock.monotonicMs(), starts < most ? TICK_MS : 1);
  }

  /** Expires probes past their deadline, unless results that came in time may be undelivered. */
  #judge(nowMs: MonotonicMs, { late, backlog }: { late: boolean; backlog: boolean }): void {
    const hold = backlog && nowMs - (this.#heldSinceMs ??= nowMs) < MOST_HELD_MS;
    if (!hold) this.#heldSinceMs = undefined;
    // What came in time was delivered after the last round, unless its deadline is later than that.
    const pastMs = late ? this.#judgedMs : nowMs;
    this.#judgedMs = nowMs;
    if (hold) return;
    for (let slot = this.#ends.peek(); isDue(slot, pastMs); slot = this.#ends.peek()) {
      this.#expire(slot, nowMs);
    }
  }

  #expire(slot: Slot, nowMs: MonotonicMs): void {
    switch (slot.stage) {
      case "running":
        slot.stage = "ending";
        this.#ends.set(slot, later(nowMs, ENDING_MS));
        slot.cancellation.cancel();
        return;
      case "ending":
        slot.run++;
        slot.cancellation = new Cancellation();
        this.#void(slot, {
          nowMs,
          latenessMs: 0,
          reason: "the probe did not end when cancelled",
          lack: "prober",
        });
        return;
      default:
        invariant(false, `target ${slot.id} has no running probe but waits for its end`);
    }
  }

  /** Starts the probe, or postpones it; true when it was started. */
  #due(slot: Slot, nowMs: MonotonicMs): boolean {
    if (nowMs - slot.dueMs > OVERSLEPT_MS && slot.movedMs === 0) {
      this.#spreadAgain(slot, nowMs);
      return false;
    }
    this.#probe(slot, slot.dueMs);
    return true;
  }

  /**
   * After a sleep all targets are due together. Their due times were spread evenly, and modulo
   * the window they still are. So there is no burst, and no target waits longer than the window.
   */
  #spreadAgain(slot: Slot, nowMs: MonotonicMs): void {
    const windowMs = Math.min(slot.healthcheck.intervalMs, SPREAD_AGAIN_MS);
    const lateMs = nowMs - slot.dueMs;
    slot.movedMs = lateMs + EARLY_MS + (windowMs - (lateMs % windowMs));
    this.#starts.set(slot, later(slot.dueMs, slot.movedMs));
  }

  /** Starts first probes ahead of their places, up to `most`. */
  #startEarly(nowMs: MonotonicMs, most: number): number {
    let starts = 0;
    while (starts < most && this.#inFlight < EARLY_IN_FLIGHT) {
      const slot = this.#early.take(nowMs);
      if (slot === undefined) break;
      if (this.#slots.get(slot.id) !== slot || slot.startedMs !== FAR_PAST_MS) continue;
      slot.ahead = true;
      slot.movedMs = 0;
      this.#earlyMs = nowMs;
      this.#probe(slot, nowMs);
      starts += startsOf(slot.healthcheck);
    }
    return starts;
  }

  #probe(slot: Slot, plannedMs: MonotonicMs): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#lateness.add(nowMs - plannedMs + slot.movedMs);
    slot.plannedMs = plannedMs;
    slot.startedMs = nowMs;
    slot.stage = "running";
    slot.movedMs = 0;
    slot.readdressed = false;
    this.#starts.remove(slot);
    this.#ends.set(slot, later(nowMs, slot.healthcheck.timeoutMs + EARLY_MS));
    slot.cancellation.rearm();
    this.#options.onStart?.(slot.id, slot.generation);
    this.#inFlight++;
    void this.#run(slot);
  }

  async #run(slot: Slot): Promise<void> {
    const { run } = slot;
    let verdict: Verdict;
    try {
      verdict = await slot.probe(slot.cancellation);
    } catch (error) {
      verdict = inconclusive("connect", { lack: "prober", detail: `the prober failed: ${error}` });
    }
    this.#inFlight--;
    this.#ended += startsOf(slot.healthcheck);
    // Stopped or abandoned in the meantime: the verdict is dropped.
    if (slot.run !== run) return;
    this.#finish(slot, verdict);
  }

  #finish(slot: Slot, verdict: Verdict): void {
    const { clock } = this.#options;
    invariant(slot.stage !== "waiting", `a probe of target ${slot.id} ended that was not running`);
    const nowMs = clock.monotonicMs();
    // The answer is that of the old address, so it does not count.
    if (slot.readdressed) return this.#wait(slot, nowMs, nowMs);
    if (!verdict.ok) {
      const turns = turnsUntil(verdict, slot.healthcheck);
      const latenessMs = this.#latenessSince(slot.startedMs, nowMs, turns);
      const late = latenessMs > voidThresholdMs(slot.healthcheck.timeoutMs);
      if (verdict.inconclusive || late) {
        const why = verdict.inconclusive
          ? { reason: verdict.detail, lack: verdict.lack ?? "prober" }
          : { reason: "the prober itself was late", lack: undefined };
        this.#void(slot, { nowMs, latenessMs, ...why });
        return;
      }
      if (this.#inRush(slot, verdict) && mayRepeat(slot)) return this.#wait(slot, nowMs, nowMs);
    }
    if (!isProof(verdict) && this.#isDoubted(slot, verdict, nowMs)) return;
    this.#count(slot, { verdict, endedMs: nowMs });
  }

  /** True for a result that is void by isolation, or that waits for the targets' answers. */
  #isDoubted(slot: Slot, verdict: Verdict, endedMs: MonotonicMs): boolean {
    const { clock } = this.#options;
    const { isolation } = this;
    const lack = "isolation";
    const reason = isolation?.reasonSince(slot.startedMs);
    if (reason !== undefined) {
      this.#void(slot, { nowMs: endedMs, latenessMs: 0, reason, lack });
      return true;
    }
    if (isolation === undefined || !turns(slot, verdict.ok)) return false;
    const { run } = slot;
    this.#ends.remove(slot);
    slot.stage = "judged";
    isolation.after(endedMs, (why) => {
      if (slot.run !== run) return;
      const nowMs = clock.monotonicMs();
      if (slot.readdressed) this.#wait(slot, nowMs, nowMs);
      else if (why === undefined) this.#count(slot, { verdict, endedMs });
      else this.#void(slot, { nowMs, latenessMs: 0, reason: why, lack });
    });
    return true;
  }

  #count(
    slot: Slot,
    { verdict, endedMs }: { readonly verdict: Verdict; readonly endedMs: MonotonicMs },
  ): void {
    const { clock, onProbe } = this.#options;
    const { counter, unknown } = slot;
    slot.counter = stepCounter(counter, verdict.ok, slot.healthcheck);
    slot.unknown = false;
    slot.repeats = 0;
    this.#probes++;
    this.#next(slot, clock.monotonicMs());
    onProbe({
      id: slot.id,
      generation: slot.generation,
      verdict,
      durationMs: verdict.durationMs ?? endedMs - slot.startedMs,
      matters: unknown || slot.counter !== counter,
    });
  }

  /**
   * True for a time-out of a first probe in a rush of first probes. It is repeated once before it
   * counts: a host with many of the addresses may have dropped the connections because of the rush.
   */
  #inRush({ unknown, startedMs }: Slot, { code }: Verdict): boolean {
    return code.endsWith("TOUT") && unknown && startedMs <= later(this.#earlyMs, RUSH_MS);
  }

  /** Longest delay of `turns` results in a row. Stalls and late echoes overlap: not added. */
  #latenessSince(sinceMs: MonotonicMs, nowMs: MonotonicMs, turns: number): number {
    const stalledMs = this.#stalls.worstSince(sinceMs, turns, nowMs - this.#wakeMs);
    return Math.max(stalledMs, this.#backlog?.worstSince(sinceMs, turns, nowMs) ?? 0);
  }

  /** Reports a void probe, which is not counted, and repeats it; see PROMPT_REPEATS. */
  #void(slot: Slot, { nowMs, latenessMs, reason, lack }: Void): void {
    this.#voids++;
    if (lack === undefined && mayRepeat(slot)) this.#wait(slot, nowMs, nowMs);
    else this.#next(slot, nowMs);
    this.#options.onVoid({ id: slot.id, generation: slot.generation, latenessMs, reason, lack });
  }

  /** Schedules the next probe: an interval after the planned start of the last, at least now. */
  #next(slot: Slot, nowMs: MonotonicMs): void {
    const intervalMs = nextIntervalMs(slot.healthcheck, slot.counter, {
      unknown: slot.unknown,
      prng: this.#options.prng,
      grid: { startedMs: slot.plannedMs, phase: slot.phase, ahead: slot.ahead },
    });
    slot.ahead = false;
    this.#wait(slot, latest(nowMs, later(slot.plannedMs, intervalMs)), nowMs);
  }

  #wait(slot: Slot, dueMs: MonotonicMs, nowMs: MonotonicMs): void {
    this.#heapOf(slot).remove(slot);
    slot.stage = "waiting";
    this.#starts.set(slot, dueMs);
    this.#arm(nowMs);
  }

  /** Sets the timer for the earliest head of the two heaps. */
  #arm(nowMs: MonotonicMs, tickMs = TICK_MS): void {
    let headMs = earliest(
      this.#starts.peek()?.dueMs ?? NEVER_MS,
      this.#ends.peek()?.dueMs ?? NEVER_MS,
    );
    if (this.#inFlight < EARLY_IN_FLIGHT) headMs = earliest(headMs, this.#early.nextMs);
    if (headMs === NEVER_MS) return this.#disarm();
    let wakeMs = latest(headMs, later(nowMs, tickMs));
    if (this.#inFlight > 0) wakeMs = earliest(wakeMs, later(nowMs, HEARTBEAT_MS));
    if (this.#wakeMs <= wakeMs) return;
    this.#disarm();
    this.#wakeMs = wakeMs;
    this.#timer = this.#options.clock.after(wakeMs - nowMs, () => this.#wake());
  }

  #heapOf(slot: Slot): DueHeap<Slot> {
    return slot.stage === "waiting" ? this.#starts : this.#ends;
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wakeMs = NEVER_MS;
  }
}
