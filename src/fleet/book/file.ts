/**
 * PURE. A book as the text of a file, and back: the store's keys as last believed, and the wishes
 * that this load balancer obeyed. The file decides about traffic while the store is away, so it is
 * accepted as a whole or not at all, as that of intents is.
 */
import { createHash } from "node:crypto";
import type { WallMs } from "../../base/instant.ts";
import { isInstant, isRecord, isText, isWhole } from "../../intent/file.ts";
import { type Book, type Entry, MAX_ENTRIES } from "./book.ts";
import type { KeyedWish } from "./guard.ts";
import { MAX_KEY_LENGTH, scopeOfKey } from "./keys.ts";
import { decodeValue, MAX_VALUE_LENGTH } from "./values.ts";

const FORMAT = "maglevd fleet book";
const VERSION = 1;
/** Longest file that is read or written, in bytes. */
export const MAX_BOOK_BYTES = 64 * 1024 * 1024;

/** A book with what followed from it here. */
export interface KeptBook {
  /** Of the fleet: a book of another one is not believed. */
  readonly fleet: string;
  readonly book: Book;
  readonly obeyed: ReadonlyMap<string, KeyedWish>;
  readonly savedMs: WallMs;
  /** Identity of a store's content that went back: it stays foreign over a restart. */
  readonly wentBack?: string | undefined;
}

export function encodeBook({ fleet, book, obeyed, savedMs, wentBack }: KeptBook): string {
  const content = {
    fleet,
    uuid: book.meta?.uuid ?? "",
    restored: book.meta?.restored ?? 0,
    revision: book.revision,
    saved_ms: savedMs,
    ...(wentBack === undefined ? {} : { went_back: wentBack }),
    // Values that are not obeyed are written by others, and may be of any size.
    entries: [...book.entries.values()].map(({ key, text, revision, value }) => [
      key,
      value.kind === "ignored" ? "" : text,
      revision,
    ]),
    obeyed: [...obeyed.values()].map((wish) => [wish.key, wish.id]),
    // Wishes that are obeyed and no longer stand in the book: a newer one is held.
    former: [...obeyed.values()].filter((wish) => idIn(book, wish.key) !== wish.id)
      .map(({ key, revision, text }) => [key, text, revision]),
  };
  const head = { format: FORMAT, version: VERSION, checksum: checksum(content) };
  return `${JSON.stringify({ ...head, content })}\n`;
}

/** The content of a file, or the reason why it is refused. */
export function decodeBook(text: string): KeptBook | string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return "not JSON, or truncated";
  }
  if (!isRecord(document) || document.format !== FORMAT) return "not written by maglevd";
  if (document.version !== VERSION) return `need version ${VERSION}`;
  const { content } = document;
  if (!isRecord(content) || document.checksum !== checksum(content)) {
    return "checksum mismatch: changed by another program, or corrupted on disk";
  }
  const { fleet, uuid, restored, revision, saved_ms: savedMs, went_back: wentBack } = content;
  const most = Number.MAX_SAFE_INTEGER;
  if (!isText(fleet, 256) || !isText(uuid, 256) || !isWhole(restored, most)) return INVALID;
  if (!isWhole(revision, most) || !isInstant(savedMs)) return INVALID;
  if (wentBack !== undefined && !isText(wentBack, MAX_VALUE_LENGTH)) return INVALID;
  const entries = entriesOf(content.entries);
  const former = entriesOf(content.former);
  if (entries === undefined || former === undefined) return INVALID;
  if (!Array.isArray(content.obeyed) || content.obeyed.length > MAX_ENTRIES) return INVALID;
  const obeyed = new Map<string, KeyedWish>();
  for (const pair of content.obeyed) {
    if (!Array.isArray(pair)) return INVALID;
    const [key, id] = pair;
    const wish = wishOf(former.get(key)) ?? wishOf(entries.get(key));
    if (wish === undefined || wish.id !== id) return INVALID;
    obeyed.set(key, wish);
  }
  const meta = uuid === "" ? undefined : { uuid, restored };
  const kept = { fleet, savedMs, book: { meta, revision, entries }, obeyed };
  return wentBack === undefined ? kept : { ...kept, wentBack };
}

const INVALID = "fields are not those of this version";

/** The wish of an entry. */
export function wishOf(entry: Entry | undefined): KeyedWish | undefined {
  if (entry?.value.kind !== "wish") return undefined;
  const { key, revision, text } = entry;
  return { ...entry.value.wish, key, revision, text };
}

/** All wishes of a book. */
export function keyedWishesOf({ entries }: Book): readonly KeyedWish[] {
  return [...entries.values()].flatMap((entry) => wishOf(entry) ?? []);
}

function idIn({ entries }: Book, key: string): string | undefined {
  return wishOf(entries.get(key))?.id;
}

function entriesOf(list: unknown): ReadonlyMap<string, Entry> | undefined {
  if (!Array.isArray(list) || list.length > MAX_ENTRIES) return undefined;
  const entries = new Map<string, Entry>();
  for (const row of list) {
    if (!Array.isArray(row)) return undefined;
    const [key, text, revision] = row;
    if (typeof key !== "string" || key.length > MAX_KEY_LENGTH) return undefined;
    if (scopeOfKey(key) === undefined) return undefined;
    if (typeof text !== "string" || text.length > MAX_VALUE_LENGTH * 64) return undefined;
    if (!isWhole(revision, Number.MAX_SAFE_INTEGER)) return undefined;
    entries.set(key, { key, text, revision, value: decodeValue(key, text) });
  }
  return entries;
}

function checksum(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}
