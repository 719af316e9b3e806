/**
 * One run: the VIPs with their records, the prober, and the lines that a file or a pipe gets. The
 * screen and the machine-readable run both stand on it.
 */
import { TimerHeap } from "../async/timer_heap.ts";
import type { Clock, Prng } from "../base/ports.ts";
import type { NoteKind } from "./record/notes.ts";
import { type RecordOptions, VipRecord } from "./record/vip_record.ts";
import { type Lane, Prober } from "./prober.ts";
import { ProberFigures } from "./prober_figures.ts";
import {
  actionLine,
  errorLine,
  eventLine,
  type JsonLine,
  secondLine,
  summaryLine,
} from "./report.ts";
import { type Broken, brokenRules, type Rules } from "./rules.ts";
import type { Vip } from "./targets.ts";
import { Timeline } from "./timeline.ts";
import type { VipProbe } from "./vip_probe.ts";

export interface SessionOptions {
  readonly vips: readonly Vip[];
  /** The probe of each VIP that is probed. */
  readonly probes: ReadonlyMap<Vip, VipProbe>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly outageAfter: number;
  readonly rules: Rules;
  readonly clock: Clock;
  readonly prng: Prng;
  /** Gets the lines of the run; absent: none are made. */
  readonly onLine?: (line: JsonLine) => void;
}

/** An entry of the run as a whole. */
export interface Entry {
  readonly atMs: number;
  readonly text: string;
}

/** Milliseconds between two rounds of probes: those due in between are sent together. */
const TICK_MS = 3;
/** Maximum of entries that are kept, the newest. */
const MAX_ENTRIES = 50;
/** Kinds of error of a VIP that one second's lines tell apart. */
const MAX_ERRORS = 8;

interface SecondError {
  readonly kind: NoteKind;
  readonly text: string;
  count: number;
  readonly firstMs: number;
  lastMs: number;
}

export class Session {
  readonly timeline: Timeline;
  readonly prober: Prober;
  /** Marks, pauses, resets and notes, oldest first. */
  readonly entries: Entry[] = [];
  readonly #options: SessionOptions;
  readonly #lanes = new Map<Vip, Lane>();
  /** Errors of the current second, by VIP. */
  #errors = new Map<Vip, SecondError[]>();
  /** Start of the figures: of the run, or its last reset. */
  #sinceMs = 0;

  constructor(options: SessionOptions) {
    const { clock, vips, probes, intervalMs, timeoutMs, prng } = options;
    this.#options = options;
    this.timeline = new Timeline(clock);
    for (const vip of vips) {
      const probe = probes.get(vip);
      if (probe === undefined) continue;
      this.#lanes.set(vip, { probe, record: this.#newRecord(vip, options.graceMs) });
    }
    const lanes = [...this.#lanes.values()];
    const { timeline } = this;
    const timers = new TimerHeap(clock, { tickMs: TICK_MS });
    this.prober = new Prober({ lanes, intervalMs, timeoutMs, clock: timers, timeline, prng });
  }

  /** All VIPs, in the order of the files. */
  get vips(): readonly Vip[] {
    return this.#options.vips;
  }

  /** The record of a VIP; undefined for one that is not probed. */
  recordOf(vip: Vip): VipRecord | undefined {
    return this.#lanes.get(vip)?.record;
  }

  get probed(): readonly (readonly [Vip, VipRecord])[] {
    return [...this.#lanes].map(([vip, { record }]) => [vip, record] as const);
  }

  /** Milliseconds since the start or the last reset. */
  get elapsedMs(): number {
    return this.timeline.nowMs() - this.#sinceMs;
  }

  /** Writes the time into entries and lines, so that a drill can be followed afterwards. */
  mark(): void {
    this.#act("mark", "marked");
  }

  togglePause(): void {
    if (this.prober.paused) {
      this.prober.resume();
      this.#act("resume", "probing again");
    } else {
      this.prober.pause();
      this.#act("pause", "paused");
    }
  }

  /** Begins all figures again. Probes in flight do not count. */
  reset(): void {
    const nowMs = this.timeline.nowMs();
    for (const [vip, lane] of this.#lanes) lane.record = this.#newRecord(vip, 0);
    this.prober.figures = new ProberFigures();
    this.#errors = new Map();
    this.#sinceMs = nowMs;
    this.entries.length = 0;
    this.#act("reset", "all figures begin again");
    if (!this.prober.paused) return;
    for (const { record } of this.#lanes.values()) record.notSent(nowMs, "paused");
  }

  /** The lines of the second that ends now. */
  second(): void {
    const { onLine } = this.#options;
    if (onLine === undefined) return;
    this.#flushErrors();
    const nowMs = this.timeline.nowMs();
    onLine(secondLine({
      time: this.timeline.utc(nowMs),
      elapsedMs: nowMs - this.#sinceMs,
      prober: this.prober.figures,
      inFlight: this.prober.inFlight,
      paused: this.prober.paused,
      nowMs,
      vips: this.probed,
    }));
  }

  /** Adds an entry about this program; it is not a line of the run. */
  note(text: string): void {
    this.#enter(this.timeline.nowMs(), text);
  }

  /** Makes end() leave out the probes in flight instead of waiting for them. */
  abandon(): void {
    this.prober.abandon();
  }

  /** Ends the probing, waits for probes in flight, writes the summary. */
  async end(): Promise<readonly Broken[]> {
    await this.prober.end();
    for (const { probe } of this.#lanes.values()) probe.close();
    const nowMs = this.timeline.nowMs();
    for (const { record } of this.#lanes.values()) record.finish(nowMs);
    const named = this.probed.map(([{ name }, record]) => [name, record] as const);
    const broken = brokenRules(named, this.#options.rules);
    this.#flushErrors();
    this.#options.onLine?.(summaryLine({
      time: this.timeline.utc(nowMs),
      elapsedMs: nowMs - this.#sinceMs,
      prober: this.prober.figures,
      broken,
      vips: this.probed,
      utc: (atMs) => this.timeline.utc(atMs),
    }));
    return broken;
  }

  #newRecord(vip: Vip, graceMs: number): VipRecord {
    const { outageAfter, onLine } = this.#options;
    const lines: Pick<RecordOptions, "onEvent" | "onNote"> = onLine === undefined ? {} : {
      onEvent: (event) => onLine(eventLine(vip, event, (atMs) => this.timeline.utc(atMs))),
      onNote: ({ kind, text, atMs }) => this.#collect(vip, { kind, text, atMs }),
    };
    return new VipRecord({ outageAfter, graceUntilMs: graceMs, ...lines });
  }

  #act(type: "mark" | "pause" | "resume" | "reset", text: string): void {
    const atMs = this.timeline.nowMs();
    this.#enter(atMs, text);
    this.#options.onLine?.(actionLine(type, this.timeline.utc(atMs)));
  }

  #enter(atMs: number, text: string): void {
    if (this.entries.length >= MAX_ENTRIES) this.entries.shift();
    this.entries.push({ atMs, text });
  }

  #collect(vip: Vip, { kind, text, atMs }: { kind: NoteKind; text: string; atMs: number }): void {
    const errors = this.#errors.get(vip) ?? [];
    this.#errors.set(vip, errors);
    const known = errors.find((error) =>
      error.kind === kind && (error.text === text || errors.length >= MAX_ERRORS)
    );
    if (known === undefined && errors.length >= 2 * MAX_ERRORS) return;
    if (known === undefined) errors.push({ kind, text, count: 1, firstMs: atMs, lastMs: atMs });
    else {
      known.count++;
      known.lastMs = atMs;
    }
  }

  #flushErrors(): void {
    for (const [vip, errors] of this.#errors) {
      for (const error of errors) {
        this.#options.onLine?.(errorLine(vip, error, (atMs) => this.timeline.utc(atMs)));
      }
    }
    this.#errors.clear();
  }
}

/** One line about VIPs that all answer 404, which the wrong path does; undefined: they do not. */
export function notFoundHint(
  probed: readonly (readonly [Vip, VipRecord])[],
  uri: string,
): string | undefined {
  const gets = probed.filter(([{ probing }]) => probing.kind === "get");
  const all = gets.length > 0 &&
    gets.every(([, { sent, notFound }]) => sent > 0 && notFound === sent);
  return all ? `every VIP answers 404 to ${uri}; set the path with --uri` : undefined;
}
