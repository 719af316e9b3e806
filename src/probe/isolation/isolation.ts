/**
 * Judges whether this prober is cut off from the network, by targets next door such as routers.
 *
 * All targets are probed in rounds. While fewer than the quorum answer, the prober is isolated, and
 * failures of backends prove nothing. A failure waits for a round that began after it: such a round
 * is started as soon as the present one ends, and ends when the quorum has answered. So while all
 * is well a failure waits for two round trips at most, and never longer than 2 × TIMEOUT_MS.
 *
 * An isolation that lasts too long expires: then failures count. It cannot begin again before the
 * quorum has answered in REARM_ROUNDS rounds in a row.
 */
import { FAR_PAST_MS, later, latest, type MonotonicMs } from "../../base/instant.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import type { HealthcheckConfig, IsolationConfig } from "../../config/model.ts";
import { Cancellation, type Probe, type Prober, type ProbeSpec } from "../prober.ts";

/** From the start of one round to the start of the next. */
export const INTERVAL_MS = 500;
/** A target that has not answered by then did not answer. */
export const TIMEOUT_MS = 400;
/** Least time between the starts of two rounds. */
export const MIN_GAP_MS = 50;
/** Rounds with a quorum after which an expired isolation may begin again. */
export const REARM_ROUNDS = 3;

/** Settings as they are sent to a worker. */
export interface IsolationSpec {
  readonly targets: readonly ProbeSpec[];
  /** Targets that must answer; from 1 to their number. */
  readonly quorum: number;
  readonly maxHoldMs: number;
}

/** What changed. */
export interface IsolationNews {
  readonly state:
    | "isolated"
    | "ended"
    /** `max-hold` is over, and the targets are still away. */
    | "expired"
    /** The targets are back after that. */
    | "returned";
  /** What was seen, for people. */
  readonly reason: string;
}

export interface IsolationOptions {
  readonly spec: IsolationSpec;
  readonly clock: Clock;
  readonly prober: Prober;
  readonly onNews: (news: IsolationNews) => void;
}

/** Receives why a failure does not count; undefined: it counts. */
type Judged = (reason: string | undefined) => void;

interface Round {
  readonly startedMs: MonotonicMs;
  readonly cancellations: readonly Cancellation[];
  answers: number;
  left: number;
  /** By target, what is known of it; at first that it did not answer. */
  readonly problems: (string | undefined)[];
}

/** The settings for a worker. */
export function isolationSpec({ targets, ...rest }: IsolationConfig): IsolationSpec {
  return {
    ...rest,
    targets: targets.map(({ address, type, port }) => ({
      address: address.text,
      healthcheck: checkOf(type, port),
    })),
  };
}

function checkOf(type: "icmp" | "tcp", port: number): HealthcheckConfig {
  return {
    name: "isolation",
    port,
    intervalMs: INTERVAL_MS,
    fastIntervalMs: INTERVAL_MS,
    downIntervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS,
    rise: 1,
    fall: 1,
    probeIpv4Src: undefined,
    probeIpv6Src: undefined,
    params: type === "icmp"
      ? { type }
      : { type, ssl: false, serverName: "", insecureSkipVerify: false, alpn: [] },
  };
}

/** The judge of failures. */
export type IsolationJudge = Pick<Isolation, "reasonSince" | "after">;

/** Probes the targets until it is closed. */
export class Isolation {
  readonly #options: IsolationOptions;
  readonly #probes: readonly { readonly name: string; readonly probe: Probe }[];
  #round: Round | undefined;
  /** Start of the newest round. */
  #startedMs = FAR_PAST_MS;
  #timer: Timer | undefined;
  #deadline: Timer | undefined;
  #waiting: { readonly sinceMs: MonotonicMs; readonly judged: Judged }[] = [];
  #isolatedMs: MonotonicMs | undefined;
  /**
   * Start of the first round after an isolation, or of the newest one in it. Until then packets may
   * have been lost on the way to any server. FAR_PAST_MS after an isolation that expired.
   */
  #cutMs = FAR_PAST_MS;
  #reason = "";
  #hasExpired = false;
  /** Rounds with a quorum in a row. */
  #good = 0;
  #isClosed = false;

  constructor(options: IsolationOptions) {
    this.#options = options;
    this.#probes = options.spec.targets.map((spec) => ({
      name: `${spec.address} ${spec.healthcheck.params.type}`,
      probe: options.prober(spec),
    }));
    this.#start();
  }

  /**
   * Why the failure of a probe that started at `startedMs` does not count; undefined: it may count.
   * A probe that was under way while the prober was cut off may have lost its packets then.
   */
  reasonSince(startedMs: MonotonicMs): string | undefined {
    return this.#isolatedMs !== undefined || startedMs <= this.#cutMs ? this.#reason : undefined;
  }

  /** Calls `judged` after a round that began at `sinceMs` or later. */
  readonly after = (sinceMs: MonotonicMs, judged: Judged): void => {
    this.#waiting.push({ sinceMs, judged });
    if (this.#round === undefined) this.#arm();
  };

  /** Failures that wait do not count. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#deadline?.cancel();
    for (const cancellation of this.#round?.cancellations ?? []) cancellation.cancel();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { judged } of waiting) judged("the settings of `isolation` changed");
  }

  /** Sets the timer for the next round: soon while a failure waits for it. */
  #arm(): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const gapMs = this.#waiting.length > 0 ? MIN_GAP_MS : INTERVAL_MS;
    const atMs = latest(nowMs, later(this.#startedMs, gapMs));
    this.#timer?.cancel();
    this.#timer = clock.after(atMs - nowMs, () => this.#start());
  }

  #start(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#startedMs = clock.monotonicMs();
    const round: Round = {
      startedMs: this.#startedMs,
      cancellations: this.#probes.map(() => new Cancellation()),
      answers: 0,
      left: this.#probes.length,
      problems: this.#probes.map(({ name }) => `${name}: no answer within ${TIMEOUT_MS} ms`),
    };
    this.#round = round;
    this.#deadline = clock.after(TIMEOUT_MS, () => this.#end(round));
    this.#probes.forEach((_, i) => void this.#probe(round, i));
  }

  async #probe(round: Round, at: number): Promise<void> {
    const { name, probe } = this.#probes[at]!;
    let problem: string | undefined;
    try {
      const verdict = await probe(round.cancellations[at]!);
      problem = verdict.ok ? undefined : `${name}: ${verdict.detail}`;
    } catch (error) {
      problem = `${name}: the prober failed: ${error}`;
    }
    round.left--;
    if (problem === undefined) round.answers++;
    round.problems[at] = problem;
    if (round.left === 0 || round.answers >= this.#options.spec.quorum) this.#end(round);
  }

  #end(round: Round): void {
    if (this.#round !== round || this.#isClosed) return;
    this.#round = undefined;
    this.#deadline?.cancel();
    // Of targets that are slower than the quorum.
    for (const cancellation of round.cancellations) cancellation.cancel();
    this.#judge(round);
    const due = this.#waiting.filter(({ sinceMs }) => sinceMs <= round.startedMs);
    this.#waiting = this.#waiting.filter(({ sinceMs }) => sinceMs > round.startedMs);
    const reason = this.#isolatedMs === undefined ? undefined : this.#reason;
    for (const { judged } of due) judged(reason);
    if (!this.#isClosed) this.#arm();
  }

  #judge({ answers, problems, startedMs }: Round): void {
    const { spec: { quorum, maxHoldMs, targets }, clock, onNews } = this.#options;
    const nowMs = clock.monotonicMs();
    if (answers >= quorum) {
      this.#good++;
      const reason = `${answers} of ${targets.length} targets answer`;
      if (this.#hasExpired && this.#good >= REARM_ROUNDS) {
        this.#hasExpired = false;
        return onNews({ state: "returned", reason });
      }
      if (this.#isolatedMs === undefined) return;
      this.#isolatedMs = undefined;
      this.#cutMs = startedMs;
      return onNews({ state: "ended", reason });
    }
    this.#good = 0;
    if (this.#hasExpired) return;
    this.#cutMs = startedMs;
    if (this.#isolatedMs === undefined) {
      const seen = problems.filter((problem) => problem !== undefined).join("; ");
      this.#reason = `${answers} of ${targets.length} isolation targets answer, ` +
        `need ${quorum} (${seen})`;
      this.#isolatedMs = nowMs;
      onNews({ state: "isolated", reason: this.#reason });
    } else if (nowMs >= later(this.#isolatedMs, maxHoldMs)) {
      this.#isolatedMs = undefined;
      this.#cutMs = FAR_PAST_MS;
      this.#hasExpired = true;
      onNews({ state: "expired", reason: this.#reason });
    }
  }
}
