/**
 * PURE. The outages of one VIP, from its probes in the order in which they were sent.
 *
 * An outage is a row of failures, because a single failure among successes is loss: it shows that a
 * probe was lost, not how long a service was away. It begins when its first failed probe was sent
 * and ends when the next successful one was sent. So its length is exact to one interval, whatever
 * the timeout is.
 *
 * A VIP that has not answered yet is in an outage from its first probe on (`neverUp`). Time in which
 * no probe was sent is a blind span. It is not an outage, and an open outage ends where it begins
 * (`cut`), because later probes cannot show what happened in between.
 */

/** Instants are milliseconds of one axis (timeline.ts). */
export interface Outage {
  readonly beginMs: number;
  /** While it is open: when the last failed probe was sent. */
  readonly endMs: number;
  /** Number of failed probes. */
  readonly failures: number;
  /** The VIP had not answered before. */
  readonly neverUp: boolean;
  /** A blind span ended it. */
  readonly cut: boolean;
  /** It has not ended. */
  readonly open: boolean;
}

/** Time in which no probe was sent, and the reason. */
export interface BlindSpan {
  readonly beginMs: number;
  /** Undefined: it has not ended. */
  readonly endMs: number | undefined;
  readonly reason: string;
}

/** Something that became certain. */
export type OutageEvent =
  | { readonly kind: "outage-begin"; readonly outage: Outage }
  | { readonly kind: "outage-end"; readonly outage: Outage }
  | { readonly kind: "blind"; readonly span: BlindSpan };

export interface OutageOptions {
  /** Failures in a row that make an outage; at least 1. */
  readonly outageAfter: number;
  readonly onEvent?: (event: OutageEvent) => void;
}

/** Maximum of outages, and of blind spans, that are kept; the newest ones, and the longest outage. */
export const MAX_KEPT = 100;

export class OutageBook {
  readonly #options: OutageOptions;
  #answered = false;
  /** The row of failures that has not ended. */
  #run: { beginMs: number; lastMs: number; failures: number } | undefined;
  #ended: Outage[] = [];
  #longest: Outage | undefined;
  #endedCount = 0;
  #endedSumMs = 0;
  #lost = 0;
  #blind: { beginMs: number; reason: string } | undefined;
  #spans: BlindSpan[] = [];
  #blindCount = 0;
  #blindSumMs = 0;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** The next probe, sent at `atMs`, passed or failed. */
  probed(atMs: number, ok: boolean): void {
    this.#endBlind(atMs);
    if (ok) {
      this.#endRun(atMs, false);
      this.#answered = true;
      return;
    }
    this.#run ??= { beginMs: atMs, lastMs: atMs, failures: 0 };
    this.#run.lastMs = atMs;
    this.#run.failures++;
    if (this.#run.failures !== this.#options.outageAfter) return;
    this.#options.onEvent?.({ kind: "outage-begin", outage: this.current! });
  }

  /** A probe that was due at `atMs` was not sent, or its result means nothing. */
  blind(atMs: number, reason: string): void {
    if (this.#blind !== undefined) return;
    this.#endRun(atMs, true);
    this.#blind = { beginMs: atMs, reason };
  }

  /** The run is over: an open blind span ends at `atMs`; an open outage stays as it is. */
  finish(atMs: number): void {
    this.#endBlind(atMs);
  }

  /** The open outage. */
  get current(): Outage | undefined {
    const run = this.#run;
    if (run === undefined) return undefined;
    const neverUp = !this.#answered;
    if (!neverUp && run.failures < this.#options.outageAfter) return undefined;
    const { beginMs, lastMs: endMs, failures } = run;
    return { beginMs, endMs, failures, neverUp, cut: false, open: true };
  }

  /** The longest outage, also if it is open; of equal ones the first. */
  get longest(): Outage | undefined {
    const current = this.current;
    if (current === undefined) return this.#longest;
    return this.#longest === undefined || lengthOf(current) > lengthOf(this.#longest)
      ? current
      : this.#longest;
  }

  /** Number of outages, the open one included. */
  get count(): number {
    return this.#endedCount + (this.current === undefined ? 0 : 1);
  }

  /** Milliseconds of all outages, the open one up to its last failed probe. */
  get sumMs(): number {
    const current = this.current;
    return this.#endedSumMs + (current === undefined ? 0 : lengthOf(current));
  }

  /** Failures that were not part of an outage. */
  get lost(): number {
    return this.#lost;
  }

  /** The newest outages, oldest first, the open one last. */
  get outages(): readonly Outage[] {
    const current = this.current;
    return current === undefined ? this.#ended : [...this.#ended, current];
  }

  get blindCount(): number {
    return this.#blindCount + (this.#blind === undefined ? 0 : 1);
  }

  /** Milliseconds of the blind spans that have ended. */
  get blindSumMs(): number {
    return this.#blindSumMs;
  }

  /** The newest blind spans, oldest first, the open one last. */
  get blindSpans(): readonly BlindSpan[] {
    return this.#blind === undefined
      ? this.#spans
      : [...this.#spans, { ...this.#blind, endMs: undefined }];
  }

  #endRun(endMs: number, cut: boolean): void {
    const run = this.#run;
    if (run === undefined) return;
    const neverUp = !this.#answered;
    this.#run = undefined;
    const enough = run.failures >= this.#options.outageAfter || (neverUp && cut);
    if (!enough) {
      this.#lost += run.failures;
      return;
    }
    const { beginMs, failures } = run;
    const outage = { beginMs, endMs, failures, neverUp, cut, open: false };
    this.#ended = appendKept(this.#ended, outage);
    this.#endedCount++;
    this.#endedSumMs += lengthOf(outage);
    if (this.#longest === undefined || lengthOf(outage) > lengthOf(this.#longest)) {
      this.#longest = outage;
    }
    this.#options.onEvent?.({ kind: "outage-end", outage });
  }

  #endBlind(endMs: number): void {
    if (this.#blind === undefined) return;
    const span = { ...this.#blind, endMs };
    this.#blind = undefined;
    this.#spans = appendKept(this.#spans, span);
    this.#blindCount++;
    this.#blindSumMs += endMs - span.beginMs;
    this.#options.onEvent?.({ kind: "blind", span });
  }
}

/** Milliseconds of an outage; of an open one, up to its last failed probe. */
export function lengthOf({ beginMs, endMs }: Outage): number {
  return endMs - beginMs;
}

function appendKept<T>(list: T[], item: T): T[] {
  if (list.length >= MAX_KEPT) list.shift();
  list.push(item);
  return list;
}
