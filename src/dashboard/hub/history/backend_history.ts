/**
 * PURE. The last ten minutes of each backend, the last results, and how often it changed in the last
 * hour: a bounded 320 bytes each, in a few arrays for all backends of a maglevd.
 *
 * Time is cut into slots; a slot keeps the worst that was seen. A slot in which the maglevd was not
 * watched stays empty until its own record of transitions fills it. Times are those of a steady
 * clock, so that a step of the wall clock moves nothing.
 */
import {
  type BackendHistory,
  type BackendStateName,
  MAX_RESULTS,
  STRIP,
  type Transition,
} from "../../protocol.ts";

/** Slots of a strip, and the length of each. */
export const SLOTS = 60;
export const SLOT_MS = 10_000;
const MINUTES = 60;
const MINUTE_MS = 60_000;

/** Characters by rank, the worst last; 0: not observed. */
const RANKS = [
  STRIP.none,
  STRIP.up,
  STRIP.paused,
  STRIP.unknown,
  STRIP.failing,
  STRIP.disabled,
  STRIP.down,
] as const;
const RANK_OF = new Map<string, number>(RANKS.map((character, rank) => [character, rank]));

/** A state as a character of the strip; `failing`: up, but the last probe failed. */
export function stripOf(state: BackendStateName, failing: boolean): string {
  switch (state) {
    case "up":
      return failing ? STRIP.failing : STRIP.up;
    case "unknown":
      return STRIP.unknown;
    case "removed":
      return STRIP.none;
    default:
      return STRIP[state];
  }
}

/**
 * True for a change that the server made by itself, from up to down or back. The first verdict after
 * a start, a reload or an operator's action comes from `unknown` and is not one.
 */
function isFlap({ from, to }: Pick<Transition, "from" | "to">): boolean {
  return (from === "up" && to === "down") || (from === "down" && to === "up");
}

/** Result codes by number, because a result has one byte; the last number is for all further ones. */
class CodeTable {
  readonly #entries: { readonly ok: boolean; readonly code: string }[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(ok: boolean, code: string): number {
    const key = `${ok ? "+" : "-"}${code}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#entries.length === 254) return ok ? 254 : 255;
    this.#entries.push({ ok, code });
    this.#numbers.set(key, this.#entries.length - 1);
    return this.#entries.length - 1;
  }

  at(number: number): { readonly ok: boolean; readonly code: string } {
    return this.#entries[number] ?? { ok: number === 254, code: "other" };
  }
}

/** A state from one instant to another, of the steady clock. */
interface Span {
  /** One of STRIP. */
  readonly character: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The histories of the backends of one maglevd. */
export class BackendHistories {
  readonly #codes = new CodeTable();
  #rows = new Map<string, number>();
  #free: number[] = [];
  #strips = new Uint8Array(0);
  #flaps = new Uint8Array(0);
  #codeNumbers = new Uint8Array(0);
  #resultTimes = new Float64Array(0);
  /** Results that were ever noted, modulo a multiple of MAX_RESULTS. */
  #counts = new Uint16Array(0);
  /** By the maglevd's clock: newest flap that was counted. */
  #counted = new Float64Array(0);
  #slot: number;
  #minute: number;

  constructor(nowMs: number) {
    this.#slot = Math.floor(nowMs / SLOT_MS);
    this.#minute = Math.floor(nowMs / MINUTE_MS);
  }

  /** End of the newest slot. */
  get endMs(): number {
    return (this.#slot + 1) * SLOT_MS;
  }

  /** Begins the slots up to now; they are empty. */
  advance(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    for (let next = Math.max(this.#slot + 1, slot - SLOTS + 1); next <= slot; next++) {
      this.#clearColumn(this.#strips, SLOTS, next % SLOTS);
    }
    this.#slot = Math.max(this.#slot, slot);
    const minute = Math.floor(nowMs / MINUTE_MS);
    for (let next = Math.max(this.#minute + 1, minute - MINUTES + 1); next <= minute; next++) {
      this.#clearColumn(this.#flaps, MINUTES, next % MINUTES);
    }
    this.#minute = Math.max(this.#minute, minute);
  }

  /** These are the backends: others are forgotten, new ones begin empty. */
  keep(names: Iterable<string>): void {
    const rows = new Map<string, number>();
    const added: string[] = [];
    for (const name of names) {
      const row = this.#rows.get(name);
      if (row === undefined) added.push(name);
      else rows.set(name, row);
    }
    for (const [name, row] of this.#rows) if (!rows.has(name)) this.#free.push(row);
    const used = this.#counts.length;
    this.#rows = rows;
    const missing = added.length - this.#free.length;
    if (missing > 0) this.#grow(used, missing);
    for (const name of added) {
      const row = this.#free.pop()!;
      this.#clearRow(row);
      rows.set(name, row);
    }
  }

  /** The present slot saw `character`, one of STRIP. */
  note(name: string, character: string): void {
    const row = this.#rows.get(name);
    if (row === undefined) return;
    const at = row * SLOTS + (this.#slot % SLOTS);
    this.#strips[at] = Math.max(this.#strips[at]!, RANK_OF.get(character) ?? 0);
  }

  /** A probe's result, at `atMs` of the steady clock. */
  result(
    name: string,
    { ok, code, atMs }: { readonly ok: boolean; readonly code: string; readonly atMs: number },
  ): void {
    const row = this.#rows.get(name);
    if (row === undefined) return;
    const count = this.#counts[row]!;
    const at = row * MAX_RESULTS + (count % MAX_RESULTS);
    this.#codeNumbers[at] = this.#codes.numberOf(ok, code);
    this.#resultTimes[at] = atMs;
    // Keeps its remainder, and stays recognizable as full.
    this.#counts[row] = count + 1 === 3 * MAX_RESULTS ? 2 * MAX_RESULTS : count + 1;
  }

  /**
   * A change of state, counted when it is a flap. `atMs`: by the maglevd's clock, to recognize one
   * that was counted before; `nowMs`: when it happened by the steady clock.
   */
  transition(name: string, { change, atMs, nowMs }: {
    readonly change: Pick<Transition, "from" | "to">;
    readonly atMs: number;
    readonly nowMs: number;
  }): void {
    const row = this.#rows.get(name);
    if (row === undefined || !isFlap(change) || !(atMs > this.#counted[row]!)) return;
    this.#counted[row] = atMs;
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute <= this.#minute - MINUTES || minute > this.#minute) return;
    const at = row * MINUTES + ((minute % MINUTES) + MINUTES) % MINUTES;
    this.#flaps[at] = Math.min(255, this.#flaps[at]! + 1);
  }

  /**
   * Takes over what the maglevd itself remembers. `transitions`, oldest first, replace what was
   * counted; slots that were not observed get the states between them. `toSteady`: from the maglevd's
   * clock to the steady one.
   */
  fill(
    name: string,
    transitions: readonly Transition[],
    toSteady: (ms: number) => number,
  ): void {
    const row = this.#rows.get(name);
    if (row === undefined) return;
    this.#flaps.fill(0, row * MINUTES, (row + 1) * MINUTES);
    this.#counted[row] = -Infinity;
    const spans: Span[] = [];
    for (const [at, transition] of transitions.entries()) {
      const fromMs = toSteady(transition.at_ms);
      this.transition(name, { change: transition, atMs: transition.at_ms, nowMs: fromMs });
      const next = transitions[at + 1];
      const untilMs = next === undefined ? Infinity : toSteady(next.at_ms);
      const character = stripOf(transition.to as BackendStateName, false);
      spans.push({ character, fromMs, untilMs });
    }
    this.#fillSpans(row, spans);
  }

  /** Fills a span in one state into slots that were not observed. */
  fillState(name: string, span: Span): void {
    const row = this.#rows.get(name);
    if (row !== undefined) this.#fillSpans(row, [span]);
  }

  /** Flaps of the last hour. */
  flapsOf(name: string): number {
    const row = this.#rows.get(name);
    if (row === undefined) return 0;
    let sum = 0;
    for (let at = row * MINUTES; at < (row + 1) * MINUTES; at++) sum += this.#flaps[at]!;
    return sum;
  }

  /**
   * For the page, with the newest `results`. `toShown`: from the steady clock to the times that are
   * shown.
   */
  of(name: string, toShown: (ms: number) => number, results = MAX_RESULTS): BackendHistory {
    const row = this.#rows.get(name);
    if (row === undefined) return { results: [], strip: STRIP.none.repeat(SLOTS) };
    let strip = "";
    for (let slot = this.#slot - SLOTS + 1; slot <= this.#slot; slot++) {
      strip += RANKS[this.#strips[row * SLOTS + ((slot % SLOTS) + SLOTS) % SLOTS]!]!;
    }
    const count = this.#counts[row]!;
    const newest: BackendHistory["results"][number][] = [];
    for (let number = Math.max(0, count - results); number < count; number++) {
      const at = row * MAX_RESULTS + (number % MAX_RESULTS);
      const { ok, code } = this.#codes.at(this.#codeNumbers[at]!);
      newest.push({ at_ms: Math.round(toShown(this.#resultTimes[at]!)), ok, code });
    }
    return { results: newest, strip };
  }

  /** The worst of the spans in each slot, where there was nothing. */
  #fillSpans(row: number, spans: readonly Span[]): void {
    const ranks = new Uint8Array(SLOTS);
    for (const { character, fromMs, untilMs } of spans) {
      const rank = RANK_OF.get(character) ?? 0;
      const first = Math.max(this.#slot - SLOTS + 1, Math.floor(fromMs / SLOT_MS));
      const last = Math.min(this.#slot, Math.floor(untilMs / SLOT_MS));
      for (let slot = first; slot <= last; slot++) {
        const column = ((slot % SLOTS) + SLOTS) % SLOTS;
        ranks[column] = Math.max(ranks[column]!, rank);
      }
    }
    for (const [column, rank] of ranks.entries()) {
      const at = row * SLOTS + column;
      if (this.#strips[at] === 0) this.#strips[at] = rank;
    }
  }

  #clearColumn(array: Uint8Array, width: number, column: number): void {
    const at = (column + width) % width;
    for (let index = at; index < array.length; index += width) array[index] = 0;
  }

  #clearRow(row: number): void {
    this.#strips.fill(0, row * SLOTS, (row + 1) * SLOTS);
    this.#flaps.fill(0, row * MINUTES, (row + 1) * MINUTES);
    this.#counts[row] = 0;
    this.#counted[row] = -Infinity;
  }

  #grow(used: number, missing: number): void {
    const capacity = used + missing;
    const grown = <T extends Uint8Array | Uint16Array | Float64Array>(array: T, fresh: T): T => {
      fresh.set(array);
      return fresh;
    };
    this.#strips = grown(this.#strips, new Uint8Array(capacity * SLOTS));
    this.#flaps = grown(this.#flaps, new Uint8Array(capacity * MINUTES));
    this.#codeNumbers = grown(this.#codeNumbers, new Uint8Array(capacity * MAX_RESULTS));
    this.#resultTimes = grown(this.#resultTimes, new Float64Array(capacity * MAX_RESULTS));
    this.#counts = grown(this.#counts, new Uint16Array(capacity));
    this.#counted = grown(this.#counted, new Float64Array(capacity));
    for (let row = used; row < capacity; row++) this.#free.push(row);
  }
}
