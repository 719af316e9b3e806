/**
 * PURE. Counts the values of the response header that names the server. They come from servers, so
 * their length and number are bounded.
 */

/** Maximum of values that are kept apart; further ones are counted together. */
export const MAX_VALUES = 64;
/** Longest value in UTF-16 units; a longer one is cut. */
export const MAX_VALUE = 64;
/** Name of all further values together. */
export const OTHERS = "(others)";

export interface TallyEntry {
  readonly server: string;
  readonly count: number;
  /** When it was last seen. */
  readonly lastMs: number;
}

export class Tally {
  readonly #entries = new Map<string, { server: string; count: number; lastMs: number }>();

  /** Counts `value`, seen at `atMs`; returns the name under which it is counted. */
  add(value: string, atMs: number): string {
    const cut = value.slice(0, MAX_VALUE);
    const full = this.#entries.size >= MAX_VALUES && !this.#entries.has(cut);
    const entry = this.#entries.get(full ? OTHERS : cut) ?? this.#begin(full ? OTHERS : cut);
    entry.count++;
    entry.lastMs = atMs;
    return entry.server;
  }

  #begin(name: string) {
    // A copy, because a part of a text holds the whole one in memory: up to 64 KiB of headers.
    const server = [...name].join("");
    const entry = { server, count: 0, lastMs: 0 };
    this.#entries.set(server, entry);
    return entry;
  }

  /** Number of values that are kept apart, and OTHERS. */
  get size(): number {
    return this.#entries.size;
  }

  /** In the order of their names. */
  entries(): readonly TallyEntry[] {
    return [...this.#entries.values()]
      .map((entry) => ({ ...entry }))
      .sort((a, b) => a.server < b.server ? -1 : a.server > b.server ? 1 : 0);
  }
}
