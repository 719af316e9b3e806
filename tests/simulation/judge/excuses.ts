/**
 * What a judge allows for a while, and why. Each excuse is in the trace, with its cause and its end.
 * It ends when the daemon has read and programmed all of VPP, or at the latest after its time. PURE.
 */

/**
 * - `wrong`: VPP may be wrong
 * - `faulty`: VPP may have faults
 * - `changing`: what VPP has follows a change that was just made
 * - `doubtful`: requests may be refused, because the known state of VPP may be wrong
 * - `warming`: warm-up may hold frontends back
 * - `edited`: another program's change of VPP may not have been read
 * - `drift`: a reading may find what the daemon did not expect
 */
export type Excuse =
  | "wrong"
  | "faulty"
  | "changing"
  | "doubtful"
  | "warming"
  | "edited"
  | "drift";

/** Those that a complete synchronization ends. */
const ENDED_BY_READING: readonly Excuse[] = ["wrong", "doubtful", "edited", "drift"];
/** The first may have read VPP before a fault was over. */
const COMPLETE_READINGS = 2;

export interface ExcuseGrant {
  readonly nowMs: number;
  readonly forMs: number;
  readonly cause: string;
}

export class Excuses {
  readonly #report: (text: string) => void;
  readonly #untilMs = new Map<Excuse, number>();
  /** Complete synchronizations since the last fault. */
  #readings = 0;

  /** `report`: into the trace. */
  constructor(report: (text: string) => void) {
    this.#report = report;
  }

  /** Grants an excuse, or lengthens it. */
  grant(excuse: Excuse, { nowMs, forMs, cause }: ExcuseGrant): void {
    const untilMs = nowMs + forMs;
    if (excuse === "faulty") this.#readings = 0;
    if (untilMs <= this.untilMs(excuse)) return;
    this.#untilMs.set(excuse, untilMs);
    this.#report(`excuse: ${excuse} until ${(untilMs / 1000).toFixed(3)} (${cause})`);
  }

  holds(excuse: Excuse, nowMs: number): boolean {
    return nowMs <= this.untilMs(excuse);
  }

  untilMs(excuse: Excuse): number {
    return this.#untilMs.get(excuse) ?? 0;
  }

  /** It ends now, or in `inMs`. */
  shorten(excuse: Excuse, { nowMs, forMs, cause }: ExcuseGrant): void {
    const untilMs = nowMs + forMs;
    if (untilMs >= this.untilMs(excuse)) return;
    this.#untilMs.set(excuse, untilMs);
    this.#report(`excuse: ${excuse} only until ${(untilMs / 1000).toFixed(3)} (${cause})`);
  }

  /** All of VPP was read, since `beganMs`, and programmed; nothing failed. */
  synchronized(nowMs: number, beganMs: number): void {
    if (this.holds("faulty", beganMs)) this.#readings = 0;
    else if (++this.#readings >= COMPLETE_READINGS) {
      for (const excuse of ENDED_BY_READING) {
        this.shorten(excuse, { nowMs, forMs: 0, cause: "all of VPP was read" });
      }
    }
  }
}
