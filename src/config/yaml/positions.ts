import type { Mark } from "../schema/types.ts";

/** Offsets → lines and columns. */
export class Positions {
  readonly #text: string;
  readonly #lineStarts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  markAt(offset: number): Mark {
    let low = 0;
    let high = this.#lineStarts.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - this.#lineStarts[low]! + 1 };
  }

  /** The text of a line, with its line break. */
  textOfLine(line: number): string {
    return this.#text.slice(this.#lineStarts[line - 1], this.#lineStarts[line]);
  }
}
