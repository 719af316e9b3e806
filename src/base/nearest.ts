/** "did you mean": the nearest of some known words, by edit distance. PURE. */
import { MaglevError } from "./errors.ts";

/** Most edits after which a word is still taken for a slip of the other, however long they are. */
const MAX_EDITS = 4;
/**
 * Most work for one word, in cells of the table of distances: a few milliseconds. Words come from
 * callers, and the known ones may be ten thousand of 253 characters. What is not reached within it
 * is not found.
 */
const MAX_CELLS = 1_000_000;
/** A candidate that is looked at costs this much at least, and this much for each character. */
const CELLS_PER_CANDIDATE = 4;
const CELLS_PER_CHARACTER = 0.1;

/**
 * The candidate nearest to `word` when it is near enough to be meant (at most a third of the
 * word's length in edits, at least one and at most MAX_EDITS), else undefined. The first of
 * equally near ones wins.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let limit = Math.min(MAX_EDITS, Math.max(1, Math.floor(word.length / 3)));
  const wanted = word.toLowerCase();
  const rows = rowsFor(wanted.length + limit);
  let best: string | undefined;
  let spent = 0;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit + 2) continue;
    const other = candidate.toLowerCase();
    // Some characters are longer in lower case.
    if (Math.abs(other.length - wanted.length) > limit) continue;
    const { distance, cells } = compare(wanted, other, { limit, rows });
    if (distance <= limit) {
      best = candidate;
      if (distance === 0) return best;
      limit = distance - 1;
    }
    spent += cells + CELLS_PER_CANDIDATE + CELLS_PER_CHARACTER * candidate.length;
    if (spent > MAX_CELLS) return best;
  }
  return best;
}

/** Three rows of the table, with a cell for each character. */
type Rows = readonly [Uint16Array, Uint16Array, Uint16Array];

function rowsFor(length: number): Rows {
  const row = () => new Uint16Array(length + 2);
  return [row(), row(), row()];
}

/**
 * The number of edits (insert, delete, replace, swap of neighbours), or some number above `limit`
 * when more are needed; and the number of cells that were computed. Only cells that `limit` edits
 * can reach are computed, and rows end when none of their cells is near.
 */
function compare(
  a: string,
  b: string,
  { limit, rows }: { readonly limit: number; readonly rows: Rows },
): { readonly distance: number; readonly cells: number } {
  const far = limit + 1;
  let cells = 0;
  let [before, previous, row] = rows;
  const reached = Math.min(b.length, limit);
  for (let j = 0; j <= reached; j++) previous[j] = j;
  previous[reached + 1] = far;
  let nearPrevious = true;
  for (let i = 1; i <= a.length; i++) {
    const [first, last] = [Math.max(1, i - limit), Math.min(b.length, i + limit)];
    // No path of few edits comes from outside the band.
    row[first - 1] = first === 1 ? Math.min(i, far) : far;
    let near = row[first - 1]! <= limit;
    for (let j = first; j <= last; j++) {
      const cost = a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1;
      let value = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + cost, far);
      if (
        i > 1 && j > 1 && a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === b.charCodeAt(j - 1)
      ) value = Math.min(value, before[j - 2]! + 1);
      row[j] = value;
      if (value <= limit) near = true;
    }
    row[last + 1] = far;
    cells += last - first + 1;
    // A swap reaches over one row.
    if (!near && !nearPrevious) return { distance: far, cells };
    nearPrevious = near;
    [before, previous, row] = [previous, row, before];
  }
  return { distance: previous[b.length]!, cells };
}

/** `not-found` with the nearest known name. */
export function notFound(kind: string, name: string, known: Iterable<string>): MaglevError {
  const near = nearest(name, known);
  const hint = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
  return new MaglevError("not-found", `no ${kind} ${JSON.stringify(name)}${hint}`);
}
