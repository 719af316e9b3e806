import type { Scanner } from "./scanner.ts";
import { type MapEntry, type MapNode, MAX_NODES, type TreeNode } from "./tree.ts";

/** From this number of entries a set finds duplicate keys, below it a loop. */
const MANY_ENTRIES = 12;

/** Collects the entries of a map, on a stack that it shares with the maps around it. */
export class MapBuilder {
  readonly #scan: Scanner;
  readonly #stack: MapEntry[];
  readonly #start: number;
  #merges: MapNode[] | undefined;
  #names: Set<string> | undefined;

  constructor(scan: Scanner, stack: MapEntry[]) {
    this.#scan = scan;
    this.#stack = stack;
    this.#start = stack.length;
  }

  add(entry: MapEntry, quoted: boolean): void {
    if (!quoted && entry.key === "<<") this.#addMerge(entry.value);
    else if (this.#has(entry.key)) this.#scan.outside();
    else this.#push(entry);
  }

  #addMerge(value: TreeNode): void {
    for (const source of value.kind === "list" ? value.items : [value]) {
      if (source.kind !== "map") this.#scan.outside();
      else (this.#merges ??= []).push(source);
    }
  }

  #has(key: string): boolean {
    if (this.#names !== undefined) return this.#names.has(key);
    const stack = this.#stack;
    for (let at = this.#start; at < stack.length; at++) if (stack[at]!.key === key) return true;
    return false;
  }

  #push(entry: MapEntry): void {
    this.#stack.push(entry);
    if (this.#names !== undefined) this.#names.add(entry.key);
    else if (this.#stack.length - this.#start >= MANY_ENTRIES) {
      this.#names = new Set(this.#stack.slice(this.#start).map(({ key }) => key));
    }
  }

  /** Merges; own keys win, then those of earlier sources. `merged`: entries of all sources. */
  finish(): { entries: readonly MapEntry[]; size: number; merged: number } {
    let merged = 0;
    for (const source of this.#merges ?? []) {
      merged += source.entries.length;
      if (merged > MAX_NODES) this.#scan.outside();
      for (const entry of source.entries) if (!this.#has(entry.key)) this.#push(entry);
    }
    const entries = this.#stack.slice(this.#start);
    this.#stack.length = this.#start;
    let size = 1;
    for (const entry of entries) size += 1 + entry.value.size;
    return { entries, size, merged };
  }
}
