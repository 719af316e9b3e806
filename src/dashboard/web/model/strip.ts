/** PURE. Strips of the last ten minutes: advancing, worsening, runs to draw, outages to read. */
import { type Backend, STRIP } from "../../protocol.ts";

/** From best to worst. A slot that was not observed is below all, because it asserts nothing. */
const ORDER: string = Object.values(STRIP).join("");

/** The worse of two characters. */
export function worse(a: string, b: string): string {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}

/** The character of a backend's state now; `.` without a prober that sees it. */
export function stripCharacter(backend: Pick<Backend, "state" | "blind" | "last_result">): string {
  if (backend.blind !== undefined) return STRIP.none;
  switch (backend.state) {
    case "up":
      return backend.last_result?.ok === false ? STRIP.failing : STRIP.up;
    case "paused":
      return STRIP.paused;
    case "unknown":
      return STRIP.unknown;
    case "disabled":
      return STRIP.disabled;
    case "down":
      return STRIP.down;
    default:
      return STRIP.none;
  }
}

/** `strip` with its newest slot worsened to `character`; an empty one stays empty. */
export function worsenNewest(strip: string, character: string): string {
  const newest = strip.at(-1);
  if (newest === undefined || worse(newest, character) === newest) return strip;
  return strip.slice(0, -1) + character;
}

/** `strip` moved on by `slots` slots, of which the new ones are `character`. Its length stays. */
export function advance(strip: string, slots: number, character: string): string {
  if (slots <= 0) return strip;
  return (strip + character.repeat(Math.min(slots, strip.length))).slice(-strip.length);
}

/** Equal slots next to each other. */
export interface Run {
  readonly character: string;
  /** Index of the first slot, and number of slots. */
  readonly start: number;
  readonly length: number;
}

/** The runs of a strip, without the gaps. */
export function runsOf(strip: string): Run[] {
  const runs: Run[] = [];
  for (let start = 0; start < strip.length;) {
    const character = strip[start]!;
    let end = start + 1;
    while (strip[end] === character) end++;
    if (character !== STRIP.none) runs.push({ character, start, length: end - start });
    start = end;
  }
  return runs;
}

const WORDS: Readonly<Record<string, string>> = {
  [STRIP.unknown]: "unknown",
  [STRIP.failing]: "failed probes",
  [STRIP.disabled]: "disabled",
  [STRIP.paused]: "paused",
  [STRIP.down]: "down",
};

/** A time in which a backend was not simply up. */
export interface Outage {
  readonly word: string;
  readonly fromMs: number;
  /** The end of its last slot. */
  readonly untilMs: number;
}

/** The outages of a strip that ends at `endMs`, oldest first. */
export function outagesOf(strip: string, endMs: number, slotMs: number): Outage[] {
  const beginMs = endMs - strip.length * slotMs;
  return runsOf(strip)
    .filter(({ character }) => character !== STRIP.up)
    .map(({ character, start, length }) => ({
      word: WORDS[character] ?? "unknown",
      fromMs: beginMs + start * slotMs,
      untilMs: beginMs + (start + length) * slotMs,
    }));
}
