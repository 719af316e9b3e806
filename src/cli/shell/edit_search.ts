/** PURE. Ctrl-R and Ctrl-S: incremental search in the history. */
import { before, insertable, lettersOf, type Line } from "./edit_text.ts";
import type { Key } from "../../terminal/keys.ts";

export interface Search {
  readonly query: string;
  /** -1: towards older lines. */
  readonly direction: -1 | 1;
  /** The query has no match. */
  readonly failed: boolean;
  /** The line before the search, and its place in the history. */
  readonly from: Line;
  readonly place: number;
}

/** Longest query, in UTF-16 units. */
const MAX_QUERY = 200;

/** The lines that a search covers. */
export interface Searched {
  readonly history: readonly string[];
  readonly place: number;
  readonly line: Line;
}

export type SearchStep =
  | {
    readonly kind: "search";
    readonly search: Search;
    readonly line: Line;
    readonly place: number;
    readonly failed: boolean;
  }
  /** Restores the line before the search. */
  | { readonly kind: "abort" }
  /** Keeps the found line; the key is handled as usual. */
  | { readonly kind: "done" };

export function beginSearch({ line, place }: Searched, direction: -1 | 1): Search {
  return { query: "", direction, failed: false, from: line, place };
}

/** Handles a key during a search. */
export function searchKey(search: Search, key: Key, searched: Searched): SearchStep {
  if (key.kind !== "key") return typed(search, key.text, searched);
  switch (key.name) {
    case "ctrl-r":
      return again({ ...search, direction: -1 }, searched);
    case "ctrl-s":
      return again({ ...search, direction: 1 }, searched);
    case "backspace": {
      const query = search.query.slice(0, before(search.query, search.query.length));
      // Searches from the start again: a shorter text may have a nearer match.
      return find({ ...search, query }, { ...searched, line: search.from }, search.place);
    }
    case "ctrl-g":
      return { kind: "abort" };
    default:
      return { kind: "done" };
  }
}

/**
 * Searches letter by letter, also when several arrive together, so that a failing letter keeps the
 * previous result.
 */
function typed(search: Search, text: string, searched: Searched): SearchStep {
  let step = find(search, searched, searched.place);
  for (const letter of lettersOf(insertable(text).replaceAll("\n", " "))) {
    if (step.kind !== "search") break;
    const query = step.search.query + letter;
    if (query.length > MAX_QUERY) break;
    const { line, place } = step;
    step = find({ ...step.search, query }, { ...searched, line, place }, place);
  }
  return step;
}

function again(search: Search, searched: Searched): SearchStep {
  const { query, direction } = search;
  return find(search, searched, query === "" ? searched.place : searched.place + direction);
}

/** Searches from `start` on, in the search's direction. */
function find(search: Search, searched: Searched, start: number): SearchStep {
  const { query, direction } = search;
  const { history, line, place } = searched;
  if (query === "") {
    return { kind: "search", search: { ...search, failed: false }, line, place, failed: false };
  }
  for (let index = start; index >= 0 && index <= history.length; index += direction) {
    // After the newest line comes the draft, when the search began there.
    const typed = search.place === history.length ? search.from.text : "";
    const text = history[index] ?? typed;
    const found = text.lastIndexOf(query);
    if (found < 0) continue;
    return {
      kind: "search",
      search: { ...search, failed: false },
      line: { text, cursor: found },
      place: index,
      failed: false,
    };
  }
  return { kind: "search", search: { ...search, failed: true }, line, place, failed: true };
}

/** Prompt during a search. */
export function searchPrompt({ query, direction, failed }: Search): string {
  const what = direction < 0 ? "reverse-i-search" : "i-search";
  return `(${failed ? "failed " : ""}${what})\`${query}': `;
}
