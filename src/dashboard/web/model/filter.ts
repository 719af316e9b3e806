/** PURE. Which frontends and rows a filter and a search leave, and the counts of the header. */
import type { Backend, Frontend } from "../../protocol.ts";
import { addressPort } from "./format.ts";
import { type Health, HEALTH_WORDS, HEALTHS, type Summary } from "./health.ts";

/** Classes that can be filtered by: a health, or that an operator holds a backend. */
export const FILTERS = [...HEALTHS, "held"] as const;
export type FilterName = (typeof FILTERS)[number];

export interface Filter {
  /** Empty: all. Otherwise a frontend of one of these classes passes. */
  readonly show: ReadonlySet<FilterName>;
  /** Words that must all be found, each anywhere in the frontend or in one of its rows. */
  readonly search: string;
}

export const NO_FILTER: Filter = { show: new Set(), search: "" };

/** True when the filter leaves everything. */
export function isOpen(filter: Filter): boolean {
  return filter.show.size === 0 && wordsOf(filter.search).length === 0;
}

export type Counts = Readonly<Record<FilterName, number>>;

/** Number of frontends of each class. */
export function countsOf(summaries: Iterable<Summary>): Counts {
  const counts = Object.fromEntries(FILTERS.map((name) => [name, 0])) as Record<FilterName, number>;
  for (const { health, held } of summaries) {
    counts[health]++;
    if (held.length > 0) counts.held++;
  }
  return counts;
}

/** Number of frontends that need attention: all that are not well. */
export function wrongCount(counts: Counts): number {
  return HEALTHS.reduce((sum, name) => name === "well" ? sum : sum + counts[name], 0);
}

/** Words of a search, in lower case. */
function wordsOf(search: string): readonly string[] {
  return search.toLowerCase().split(/\s+/).filter((word) => word !== "");
}

/** The part of a frontend that passes: nothing, all rows, or only the named backends. */
export type Match = false | "all" | ReadonlySet<string>;

/** Matches a frontend with its summary against a filter. */
export function matchFrontend(
  frontend: Frontend,
  { filter, summary, backend }: {
    readonly filter: Filter;
    readonly summary: Summary;
    readonly backend: (name: string) => Backend | undefined;
  },
): Match {
  if (filter.show.size > 0 && !passes(summary, filter.show)) return false;
  const words = wordsOf(filter.search);
  if (words.length === 0) return "all";
  const own = frontendText(frontend, summary.health);
  const left = words.filter((word) => !own.includes(word));
  if (left.length === 0) return "all";
  // The words that the frontend does not have must all stand in one row.
  const rows = new Set<string>();
  for (const pool of frontend.pools) {
    for (const { name } of pool.backends) {
      const text = backendText(name, { pool: pool.name, backend: backend(name) });
      if (left.every((word) => text.includes(word))) rows.add(name);
    }
  }
  return rows.size > 0 && rows;
}

function passes({ health, held }: Summary, show: ReadonlySet<FilterName>): boolean {
  return show.has(health) || (show.has("held") && held.length > 0);
}

function frontendText(frontend: Frontend, health: Health): string {
  const { name, description, address, port, protocol } = frontend;
  const words = [name, description ?? "", addressPort(address, port), protocol];
  return [...words, HEALTH_WORDS[health]].join(" ").toLowerCase();
}

function backendText(
  name: string,
  { pool, backend }: { readonly pool: string; readonly backend: Backend | undefined },
): string {
  const words = [name, backend?.address, backend?.state, backend?.last_result?.code, pool];
  return words.join(" ").toLowerCase();
}
