/** PURE. Helpers for comparing the answers of several servers. */
import type { Block, Cell } from "../render/model.ts";

/** Marks differences between servers. */
export const MARK = "≠";

/** One server's part. */
export interface Part<T> {
  readonly server: string;
  readonly value: T;
}

/** A merged block, or a few of them. */
export interface Merged {
  readonly blocks: readonly Block[];
  readonly differences: number;
}

/** Text that a cell is compared by; equal for all volatile cells. */
export function comparisonKey(cell: Cell | undefined): string {
  if (cell === undefined) return "";
  return cell.comparisonKey ?? (cell.volatile === true ? "" : cell.text);
}

/** Servers whose values are equal by `keyOf`, with the value of the first. */
export function groupBy<T>(
  parts: readonly Part<T>[],
  keyOf: (value: T) => string,
): {
  readonly servers: readonly string[];
  readonly parts: readonly Part<T>[];
  readonly value: T;
}[] {
  const groups = new Map<string, Part<T>[]>();
  for (const part of parts) {
    const key = keyOf(part.value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [part]);
    else group.push(part);
  }
  return [...groups.values()].map((group) => ({
    servers: group.map(({ server }) => server),
    parts: group,
    value: group[0]!.value,
  }));
}

/** One cell for several: its text, or all texts where they differ without meaning. */
export function joinCells(cells: readonly Cell[]): Cell {
  const [first] = cells;
  if (first === undefined) return { text: "" };
  const texts = cells.map(({ text }) => text);
  if (texts.every((text) => text === first.text)) return first;
  return { ...first, text: texts.map((text) => text === "" ? "-" : text).join(" / ") };
}

/** Keys of items, made unique: repeated keys get a number. */
export function numbered<T>(items: readonly T[], keyOf: (item: T) => string): string[] {
  const counts = new Map<string, number>();
  return items.map((item) => {
    const key = keyOf(item);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count === 0 ? key : `${key}\n${count}`;
  });
}

/** Keys of all lists, each once. A key that only a later list has follows its predecessor there. */
export function unionOf(lists: readonly (readonly string[])[]): string[] {
  const known = new Set<string>();
  /** Keys by the key they follow; undefined: at the start. */
  const followers = new Map<string | undefined, string[]>();
  for (const list of lists) {
    let before: string | undefined;
    for (const key of list) {
      if (!known.has(key)) {
        known.add(key);
        const others = followers.get(before);
        if (others === undefined) followers.set(before, [key]);
        else others.unshift(key);
      }
      before = key;
    }
  }
  const union: string[] = [];
  const waiting = (followers.get(undefined) ?? []).toReversed();
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    union.push(key);
    waiting.push(...(followers.get(key) ?? []).toReversed());
  }
  return union;
}
