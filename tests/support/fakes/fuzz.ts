/**
 * Seeded fuzzing: bytes and texts with something wrong. MAGLEV_FUZZ=100 makes every such test a
 * hundred times as long, and MAGLEV_FUZZ_SEED gives it another seed.
 */
import { mulberry32 } from "./mulberry32.ts";

const CHOSEN = Deno.env.get("MAGLEV_FUZZ_SEED");
const SEED = Number(CHOSEN ?? 20_261_121);
const FACTOR = Number(Deno.env.get("MAGLEV_FUZZ") ?? 1);

/** A whole number from 0 to below its argument. */
export type Below = (limit: number) => number;

/** The numbers of one test and the seed they are from, to be named where it fails. */
export function fuzz(offset = 0): { readonly seed: number; readonly below: Below } {
  const seed = SEED + offset;
  const prng = mulberry32(seed);
  return { seed, below: (limit) => Math.floor(prng() * limit) };
}

/** How many rounds to make of what is `count` by default. */
export function rounds(count: number): number {
  return count * FACTOR;
}

/**
 * The runs of a property of fast-check. They are the same each time, so that what lands does not depend
 * on luck; MAGLEV_FUZZ_SEED looks elsewhere.
 */
export function propertyRuns(count: number): { readonly numRuns: number; readonly seed: number } {
  return { numRuns: rounds(count), seed: SEED };
}

/** `message` with one to four things wrong: bytes changed, cut, lengthened, or all of it noise. */
export function mutateBytes(message: Uint8Array, below: Below): Uint8Array {
  let bytes = message.slice();
  for (let i = below(4); i >= 0; i--) {
    const kind = below(8);
    if (kind < 4 && bytes.length > 0) bytes[below(bytes.length)] = below(256);
    else if (kind === 4) bytes = bytes.slice(0, below(bytes.length + 1));
    else if (kind === 5) bytes = lengthened(bytes, below(20));
    else if (kind === 6 && bytes.length > 0) bytes[below(bytes.length)]! ^= 1 << below(8);
    else if (kind === 7 && below(10) === 0) bytes = bytes.map(() => below(256));
  }
  return bytes;
}

/** A spread of the bytes would take most of the time of a fuzz test. */
function lengthened(bytes: Uint8Array, by: number): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(bytes.length + by);
  longer.set(bytes);
  return longer;
}

const PIECES = ["\n", " ", "\r", "\0", "-1", "00", "4294967296", "9".repeat(400), "used", ":", "/"];

/** `text` with one to four places cut, doubled, swapped with another, or filled with something. */
export function mutateText(text: string, below: Below): string {
  let result = text;
  for (let i = below(4); i >= 0; i--) {
    const at = below(result.length + 1);
    const to = at + below(30);
    const [head, middle, tail] = [result.slice(0, at), result.slice(at, to), result.slice(to)];
    const kind = below(5);
    if (kind === 0) result = head + tail;
    else if (kind === 1) result = head + middle + middle + tail;
    else if (kind === 2) result = head + PIECES[below(PIECES.length)] + middle + tail;
    else if (kind === 3) result = head + String.fromCharCode(below(0x250)) + middle.slice(1) + tail;
    else result = middle + head + tail;
  }
  return result;
}
