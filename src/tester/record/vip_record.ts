/**
 * PURE. All that is known of one VIP: outages, latencies, tally and errors. Answers may arrive in
 * any order. The outages need the order of sending, so a result waits there until all earlier
 * probes have one; everything else takes results as they arrive.
 */
import { Histogram } from "./histogram.ts";
import { type NoteKind, Notes } from "./notes.ts";
import { lengthOf, OutageBook, type OutageEvent } from "./outages.ts";
import { shortDuration } from "./texts.ts";
import { Tally } from "./tally.ts";
import { Window } from "./window.ts";

/** The result of one probe. */
export type ProbeResult =
  | {
    readonly kind: "ok";
    /** From sending to the end of the answer's head; undefined: the prober stood still meanwhile. */
    readonly latencyMs: number | undefined;
    /** 0 for a connect. */
    readonly status: number;
    /** Value of the header that names the server; undefined: absent. */
    readonly server: string | undefined;
  }
  | {
    readonly kind: "failed";
    readonly error: "timeout" | "http-err" | "net-err";
    readonly text: string;
    /** Of an answer that does not pass; otherwise 0. */
    readonly status: number;
  }
  /** The prober itself failed, so that the result means nothing. */
  | { readonly kind: "void"; readonly reason: string };

/** A probe that was sent; identifies it to result(). */
export interface SentProbe {
  readonly atMs: number;
}

/** A place in the order of sending. */
interface Slot extends SentProbe {
  /** Undefined: no result yet. */
  outcome: "ok" | "failed" | "ignored" | { readonly blind: string } | undefined;
}

export interface RecordOptions {
  readonly outageAfter: number;
  /** Failures of probes that were sent before this instant do not count. */
  readonly graceUntilMs: number;
  readonly onEvent?: (event: OutageEvent) => void;
  /** An error or a spike. */
  readonly onNote?: (note: { kind: NoteKind; text: string; atMs: number }) => void;
}

/** A success is a spike when it took this many times the median, and this much more. */
const SPIKE_FACTOR = 5;
const SPIKE_LEAST_MS = 20;
/** Samples that the median needs before it can be compared with. */
const SPIKE_SAMPLES = 10;

export class VipRecord {
  readonly outages: OutageBook;
  readonly window = new Window();
  readonly latencies = new Histogram();
  readonly tally = new Tally();
  readonly notes = new Notes();
  /** Results that count. */
  sent = 0;
  failed = 0;
  /** Failures in the time of grace, which are in no other figure. */
  graceFailures = 0;
  /** Probes that were not sent because too many were in flight. */
  skipped = 0;
  /** Answers with status 404. */
  notFound = 0;
  /** The newest result in a few characters: `200`, `open`, `timeout`; empty before the first. */
  last = "";
  lastOk = false;
  readonly #options: RecordOptions;
  readonly #slots: Slot[] = [];

  constructor(options: RecordOptions) {
    this.#options = options;
    const { outageAfter } = options;
    this.outages = new OutageBook({ outageAfter, onEvent: (event) => this.#happened(event) });
  }

  /** A probe is sent now. Times never go back. */
  send(atMs: number): SentProbe {
    const slot: Slot = { atMs, outcome: undefined };
    this.#slots.push(slot);
    return slot;
  }

  /** A probe that was due at `atMs` was not sent, for a reason of the prober. */
  notSent(atMs: number, reason: string): void {
    this.#slots.push({ atMs, outcome: { blind: reason } });
    this.#drain();
  }

  /** Takes the result of a probe, known at `nowMs`. */
  result(probe: SentProbe, result: ProbeResult, nowMs: number): void {
    const slot = probe as Slot;
    if (result.kind === "void") {
      slot.outcome = { blind: result.reason };
      this.#note("prober", result.reason, nowMs);
    } else if (result.kind === "ok") {
      slot.outcome = "ok";
      this.#succeeded(result, nowMs);
    } else if (slot.atMs < this.#options.graceUntilMs) {
      slot.outcome = "ignored";
      this.graceFailures++;
      this.#show(result);
    } else {
      slot.outcome = "failed";
      this.#failed(result, nowMs);
    }
    this.#drain();
  }

  /** The run is over at `nowMs`; probes without a result are left out. */
  finish(nowMs: number): void {
    for (const slot of this.#slots) slot.outcome ??= "ignored";
    this.#drain();
    this.outages.finish(nowMs);
  }

  /** Share of successes over the whole run, from 0 to 1; undefined without results. */
  get okShare(): number | undefined {
    return this.sent === 0 ? undefined : (this.sent - this.failed) / this.sent;
  }

  #happened(event: OutageEvent): void {
    this.#options.onEvent?.(event);
    if (event.kind === "blind") return;
    const { beginMs, neverUp, cut } = event.outage;
    const endMs = event.kind === "outage-begin" ? beginMs : event.outage.endMs;
    const text = event.kind === "outage-begin"
      ? (neverUp ? "outage since the first probe" : "outage begins")
      : `outage of ${shortDuration(lengthOf(event.outage))}${cut ? ", cut by a blind span" : ""}`;
    this.notes.addOutage({ beginMs, endMs, text });
  }

  #succeeded(result: Extract<ProbeResult, { kind: "ok" }>, nowMs: number): void {
    const { latencyMs, status } = result;
    this.sent++;
    this.last = status === 0 ? "open" : String(status);
    this.lastOk = true;
    if (latencyMs !== undefined) {
      this.#lookForSpike(latencyMs, nowMs);
      this.latencies.add(latencyMs);
    }
    const server = result.server === undefined ? undefined : this.tally.add(result.server, nowMs);
    this.window.add({ ok: true, latencyMs, server });
  }

  #failed(result: Extract<ProbeResult, { kind: "failed" }>, nowMs: number): void {
    this.sent++;
    this.failed++;
    if (result.status === 404) this.notFound++;
    this.#show(result);
    this.window.add({ ok: false, latencyMs: undefined, server: undefined });
    this.#note(result.error, result.text, nowMs);
  }

  #show({ error, status }: Extract<ProbeResult, { kind: "failed" }>): void {
    this.last = status === 0 ? error : String(status);
    this.lastOk = false;
  }

  #lookForSpike(latencyMs: number, nowMs: number): void {
    if (latencyMs < SPIKE_LEAST_MS || this.window.size < SPIKE_SAMPLES) return;
    const median = this.window.median();
    if (median === undefined || latencyMs <= SPIKE_FACTOR * median) return;
    if (latencyMs < median + SPIKE_LEAST_MS) return;
    this.#note("spike", `${latencyMs.toFixed(1)}ms, median ${median.toFixed(1)}ms`, nowMs);
  }

  #note(kind: NoteKind, text: string, atMs: number): void {
    const note = { kind, text, atMs };
    this.notes.add(note);
    this.#options.onNote?.(note);
  }

  #drain(): void {
    let count = 0;
    for (const { atMs, outcome } of this.#slots) {
      if (outcome === undefined) break;
      count++;
      if (outcome === "ignored") continue;
      if (typeof outcome === "object") this.outages.blind(atMs, outcome.blind);
      else this.outages.probed(atMs, outcome === "ok");
    }
    if (count > 0) this.#slots.splice(0, count);
  }
}
