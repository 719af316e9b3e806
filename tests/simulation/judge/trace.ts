/** What happened in a run, and a hash of it. PURE. */

/** Lines kept for people; the hash covers all. */
const KEPT = 4000;

export class Trace {
  #hash = 0x811c9dc5;
  readonly #lines: string[] = [];
  /** Lines so far. */
  length = 0;

  add(atMs: number, text: string): void {
    const line = `${(atMs / 1000).toFixed(5)} ${text}`;
    this.length++;
    for (let i = 0; i < line.length; i++) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), 0x01000193);
    }
    this.#lines.push(line);
    if (this.#lines.length > KEPT) this.#lines.splice(0, KEPT / 2);
  }

  /** FNV-1a of all lines, in hexadecimal. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** The newest lines. */
  last(count: number): readonly string[] {
    return this.#lines.slice(-count);
  }
}
