/**
 * PURE. The wishes of a fleet as this load balancer last believed them, and what it believes of a
 * store.
 *
 * A store may be wiped, restored from an older backup, or be another fleet's. So its content has an
 * identity (`meta`), and the book remembers it with the store's revision. A store of another
 * identity, or one that went back, is foreign: nothing of it is believed until an operator decides.
 * One that lost many wishes without tombstones is held likewise.
 */
import type { StoredValue } from "./store.ts";
import { META, scopeOfKey } from "./keys.ts";
import {
  decodeMeta,
  decodeValue,
  type Meta,
  type Tombstone,
  type Value,
  type Wish,
} from "./values.ts";

/** Most keys of intents that are believed. */
export const MAX_ENTRIES = 10_000;

/** An intent's key. */
export interface Entry extends StoredValue {
  readonly value: Value;
}

/** A book; immutable. */
export interface Book {
  /** Undefined: nothing was ever believed. */
  readonly meta: Meta | undefined;
  /** Revision of the store up to which it goes. */
  readonly revision: number;
  readonly entries: ReadonlyMap<string, Entry>;
}

export const EMPTY_BOOK: Book = { meta: undefined, revision: 0, entries: new Map() };

/** A store's keys at a revision. */
export interface Mirror {
  readonly revision: number;
  readonly values: ReadonlyMap<string, StoredValue>;
}

export type Verdict =
  /** It has never been used: its identity is to be written. */
  | { readonly kind: "new" }
  | { readonly kind: "foreign"; readonly reason: string }
  /** Wishes are gone without an end. */
  | { readonly kind: "suspect"; readonly reason: string; readonly lost: readonly Wish[] }
  | { readonly kind: "believed"; readonly book: Book };

/** What is to be believed of a store. */
export function judge(book: Book, mirror: Mirror): Verdict {
  const stored = mirror.values.get(META);
  const meta = stored && decodeMeta(stored.text);
  if (stored === undefined) {
    if (book.meta === undefined) return { kind: "new" };
    return foreign("it has no identity: it was wiped, or is not this fleet's");
  }
  if (meta === undefined) return foreign("its identity (`meta`) cannot be read");
  const known = book.meta;
  const next = bookOf(book, { meta, mirror });
  if (known === undefined) return { kind: "believed", book: next };
  if (meta.uuid !== known.uuid) {
    return foreign(`it has identity ${meta.uuid}, need ${known.uuid}: it was wiped and used again`);
  }
  // An operator wrote a book back.
  if (meta.restored > known.restored) return { kind: "believed", book: next };
  if (meta.restored < known.restored || mirror.revision < book.revision) {
    return foreign(
      `it is at revision ${mirror.revision}, need at least ${book.revision}: ` +
        "it was restored from an older backup",
    );
  }
  const odd = otherHistory(book, mirror);
  if (odd !== undefined) {
    return foreign(`its key ${odd} has another history: it was restored from an older backup`);
  }
  const lost = lostWishes(book, next);
  const have = wishesOf(book).length;
  if (lost.length * 2 > have) {
    const reason = `${lost.length} of ${have} intents are gone that no operator ended`;
    return { kind: "suspect", reason, lost };
  }
  return { kind: "believed", book: next };
}

/** All wishes of a book, by key. */
export function wishesOf({ entries }: Book): readonly (Wish & { readonly key: string })[] {
  const found: (Wish & { readonly key: string })[] = [];
  for (const { key, value } of entries.values()) {
    if (value.kind === "wish") found.push({ key, ...value.wish });
  }
  return found;
}

/** All tombstones of a book with their keys. */
export function tombstonesOf(
  { entries }: Book,
): readonly (Tombstone & { readonly key: string; readonly revision: number })[] {
  return [...entries.values()].flatMap(({ key, revision, value }) =>
    value.kind === "ended" ? [{ key, revision, ...value.tombstone }] : []
  );
}

/** Values that are not obeyed, by reason. */
export function ignoredOf({ entries }: Book): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { value } of entries.values()) {
    if (value.kind === "ignored") counts.set(value.reason, (counts.get(value.reason) ?? 0) + 1);
  }
  return counts;
}

function bookOf(
  before: Book,
  { meta, mirror }: { readonly meta: Meta; readonly mirror: Mirror },
): Book {
  const found: Entry[] = [];
  for (const [key, stored] of mirror.values) {
    if (scopeOfKey(key) === undefined) continue;
    const known = before.entries.get(key);
    const value = known?.text === stored.text ? known.value : decodeValue(key, stored.text);
    found.push({ ...stored, value });
  }
  const kept = found.length > MAX_ENTRIES
    ? found.sort((a, b) => RANKS[a.value.kind] - RANKS[b.value.kind] || a.revision - b.revision)
      .slice(0, MAX_ENTRIES)
    : found;
  kept.sort((a, b) => a.key < b.key ? -1 : 1);
  const entries = new Map(kept.map((entry) => [entry.key, entry]));
  return { meta, revision: mirror.revision, entries };
}

/** Of too many keys, wishes stay before ends, and older ones before newer ones. */
const RANKS = { wish: 0, ended: 1, ignored: 2 } as const;

/**
 * A key by which the store's history is not that of the book: up to the book's revision both must
 * have the same keys with the same revisions, except for those that were removed since. So a backup
 * is noticed also when its revision has passed the book's.
 */
function otherHistory({ revision, entries }: Book, { values }: Mirror): string | undefined {
  const isWhole = entries.size < MAX_ENTRIES;
  for (const [key, stored] of values) {
    if (stored.revision > revision || scopeOfKey(key) === undefined) continue;
    const known = entries.get(key);
    if (known === undefined ? isWhole : known.revision !== stored.revision) return key;
  }
  return undefined;
}

function lostWishes(book: Book, next: Book): readonly Wish[] {
  return wishesOf(book).filter(({ key }) => !next.entries.has(key));
}

function foreign(reason: string): Verdict {
  return { kind: "foreign", reason };
}
