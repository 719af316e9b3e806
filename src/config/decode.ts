/**
 * Decodes the tree into a draft: every key of the table with its value, default or absence, typed
 * by the table.
 *
 * All errors of a file are reported in one run. An invalid value leaves a hole in the draft, and
 * later checks skip holes, so that one mistake is one issue.
 */
import { unreachable } from "../base/assert.ts";
import { listWords, quote } from "../base/text.ts";
import { readAddress } from "./address_leaf.ts";
import { ignoredHint, isIgnored } from "./ignored_keys.ts";
import { type IssueList, joinPath, type Place } from "./issue.ts";
import {
  isEmptyScalar,
  readBoolean,
  readDecimal,
  readDuration,
  readHeaders,
  readInteger,
  readPlainText,
  readPort,
  readText,
  readTexts,
  readWord,
  type Site,
  wrongType,
} from "./leaf.ts";
import { expectation } from "./schema/row_text.ts";
import { type ConfigDraft, ROOT } from "./schema/schema.ts";
import type { Keys, ListRow, Mark, NamedRow, Row, VariantsRow } from "./schema/types.ts";
import { noneRequired } from "./schema/types.ts";
import { readShare } from "./schema/share.ts";
import { readCodes } from "./schema/status_codes.ts";
import { textProblem } from "./schema/text_rules.ts";
import { emptyNode, type MapEntry, ScalarNode, type TreeNode } from "./yaml/tree.ts";

/** Reads the whole tree. The draft is undefined, with an issue, when nothing can be decoded. */
export function decode(tree: TreeNode, issues: IssueList): ConfigDraft | undefined {
  const site = { mark: { line: 1, column: 1 }, path: "", issues };
  if (isEmptyScalar(tree) || (tree.kind === "map" && tree.entries.length === 0)) {
    issues.add("no-configuration", site, "the file is empty; expected the key `maglev`");
    return undefined;
  }
  const root = readKeys(ROOT, tree, site);
  const maglev = root?.keys["maglev"];
  if (maglev === undefined) return undefined;
  if (!maglev.given) {
    issues.add(
      "no-configuration",
      site,
      "the key `maglev` is missing; everything belongs below it",
    );
    return undefined;
  }
  // The only place where the types of the table are asserted rather than inferred: reading is a
  // loop over rows, which the compiler cannot follow. schema_test.ts holds the two together.
  return maglev.value as ConfigDraft | undefined;
}

// A large file has ten thousands of the following. So they are small, and a path, which only an
// issue needs, is made from the place around it.

/** A Slot whose type is known at run time only. */
class LooseSlot implements Site {
  readonly #around: Site;
  readonly #key: string;
  readonly mark: Mark;
  readonly given: boolean;
  value: unknown = undefined;

  /** The key of the map at `around`; `mark` is undefined when it is absent. */
  constructor(around: Site, key: string, mark: Mark | undefined) {
    this.#around = around;
    this.#key = key;
    this.mark = mark ?? around.mark;
    this.given = mark !== undefined;
  }

  get path(): string {
    return joinPath(this.#around.path, this.#key);
  }

  get issues(): IssueList {
    return this.#around.issues;
  }
}

/** A NamedDraft whose type is known at run time only. */
class LooseNamed implements Site {
  readonly #around: Site;
  readonly name: string;
  readonly mark: Mark;
  draft: LooseDraft | undefined = undefined;

  constructor(around: Site, name: string, mark: Mark) {
    this.#around = around;
    this.name = name;
    this.mark = mark;
  }

  get path(): string {
    return joinPath(this.#around.path, this.name);
  }

  get issues(): IssueList {
    return this.#around.issues;
  }
}

/** A Draft whose type is known at run time only. */
class LooseDraft {
  readonly place: Place;
  readonly keys: Readonly<Record<string, LooseSlot>>;

  constructor(place: Place, keys: Readonly<Record<string, LooseSlot>>) {
    this.place = place;
    this.keys = keys;
  }

  get mark(): Mark {
    return this.place.mark;
  }

  get path(): string {
    return this.place.path;
  }
}

/** Hint for an unknown key. */
type UnknownHint = (key: string) => string;

/** A row of a table of keys. */
interface KeyRow {
  readonly key: string;
  readonly row: Row;
  /** The key whose word chooses the variant. */
  readonly by: string | undefined;
}

/** Rows by their table, because taking a table apart for each of ten thousand maps is slow. */
const ROWS = new WeakMap<Keys, readonly KeyRow[]>();

function rowsOf(keys: Keys): readonly KeyRow[] {
  const known = ROWS.get(keys);
  if (known !== undefined) return known;
  const rows = Object.entries(keys).map(([key, row]) => {
    return { key, row, by: "by" in row ? row.by : undefined };
  });
  ROWS.set(keys, rows);
  return rows;
}

/** Reads a map with known keys. */
function readKeys(
  keys: Keys,
  node: TreeNode,
  site: Site,
  unknownHint?: UnknownHint,
): LooseDraft | undefined {
  const entries = entriesOf(keys, node, site);
  if (entries === undefined) return undefined;
  const rows = rowsOf(keys);
  for (const entry of entries) {
    if (isUnknown(rows, entry.key)) reportUnknown(keys, entry, site, unknownHint);
  }
  const slots: Record<string, LooseSlot> = {};
  for (const { key, row, by } of rows) {
    const entry = entryOf(entries, key);
    const word = by === undefined ? undefined : wordOf(entries, by);
    // The position of a map or list is that of its key, which is the line that people look for.
    const mark = entry?.value.kind === "scalar" ? entry.value.mark : entry?.keyMark;
    const slot = slots[key] = new LooseSlot(site, key, mark);
    if (entry !== undefined) slot.value = readRow(row, entry.value, slot, word);
    else {
      slot.value = absentValue(row, slot, word);
      if (slot.value === undefined) reportMissing(key, site, { entries, keys });
    }
  }
  return new LooseDraft(site, slots);
}

type Entries = readonly MapEntry[];

const NO_ENTRIES: Entries = [];

/** The entries of a map with known keys. */
function entriesOf(keys: Keys, node: TreeNode, site: Site): Entries | undefined {
  if (node.kind === "map") return node.entries;
  if (isEmptyScalar(node)) return NO_ENTRIES;
  const row = { type: "section", help: "", keys } as const;
  return wrongType(row, node, site, onlyKeyHint(keys, node));
}

/** A loop, because a map with known keys has few entries. */
function entryOf(entries: Entries, key: string): MapEntry | undefined {
  for (const entry of entries) if (entry.key === key) return entry;
  return undefined;
}

function isUnknown(rows: readonly KeyRow[], key: string): boolean {
  for (const row of rows) if (row.key === key) return false;
  return !isIgnored(key);
}

function reportUnknown(
  keys: Keys,
  { key, keyMark }: MapEntry,
  site: Site,
  unknownHint: UnknownHint | undefined,
): void {
  const place = { mark: keyMark, path: joinPath(site.path, key) };
  site.issues.add("unknown-key", place, () => {
    const names = Object.keys(keys);
    const list = names.length === 0
      ? "; no keys are known here"
      : `; known here: ${names.join(", ")}`;
    const hint = (unknownHint?.(key) ?? misplacedHint(keys, key)) ||
      site.issues.suggestion(key, names) || ignoredHint(key);
    return `unknown key${hint || list}`;
  });
}

/** Hint for a key that belongs into a map below this one. */
function misplacedHint(keys: Keys, key: string): string {
  const below = Object.entries(keys).find(([, row]) => {
    const maps = row.type === "section"
      ? [row.keys]
      : row.type === "variants"
      ? Object.values(row.variants)
      : [];
    return maps.some((map) => Object.hasOwn(map, key));
  });
  return below === undefined ? "" : `; it belongs below \`${below[0]}\``;
}

/** Hint for `nginx0: 100`, where a map with one key was meant. */
function onlyKeyHint(keys: Keys, node: TreeNode): string {
  const [only, ...others] = Object.entries(keys);
  if (node.kind !== "scalar" || typeof node.value !== "number") return "";
  if (only?.[1].type !== "integer" || others.length > 0) return "";
  return `; did you mean { ${only[0]}: ${node.value} }?`;
}

/** The text of the key `key`, if it is given. */
function wordOf(entries: Entries, key: string): string | undefined {
  const node = entryOf(entries, key)?.value;
  return node?.kind === "scalar" ? node.text : undefined;
}

/** Reports a missing key that is required here. */
function reportMissing(
  key: string,
  site: Site,
  { entries, keys }: { readonly entries: Entries; readonly keys: Keys },
): void {
  const row = keys[key]!;
  const { issues } = site;
  let reason = "";
  if (row.requiredUnless !== undefined) {
    const chooser = keys[row.requiredUnless.key];
    const word = wordOf(entries, row.requiredUnless.key);
    // A missing or unknown word implies nothing.
    if (chooser?.type !== "word" || word === undefined || !chooser.words.includes(word)) return;
    if (word === row.requiredUnless.is) return;
    reason = ` (${row.requiredUnless.key} is ${quote(word)})`;
  } else if (row.required !== true) {
    return;
  }
  // A mistyped key was reported as unknown, with this one as the suggestion.
  const isMistyped = ({ key: other }: MapEntry) =>
    isUnknown(rowsOf(keys), other) && issues.suggestion(other, [key]) !== "";
  if (entries.some(isMistyped)) return;
  issues.add(
    "missing-key",
    site,
    () => `the key \`${key}\` is missing${reason}; expected ${expectation(row)}`,
  );
}

/** The value of an absent key. */
function absentValue(row: Row, place: Site, word: string | undefined): unknown {
  if (row.required === true) return undefined;
  switch (row.type) {
    case "section":
      return row.optional === true ? undefined : readKeys(row.keys, EMPTY, place);
    case "named":
      return new Map();
    case "headers":
    case "list":
      return [];
    case "codes":
      return readCodes(
        row,
        new ScalarNode(row.default, row.default, true, 0, 0),
        place,
      );
    case "variants":
      return readVariant(row, EMPTY, place, word);
    default:
      return "default" in row ? row.default : undefined;
  }
}

const EMPTY = emptyNode({ line: 0, column: 0 });

function readRow(row: Row, node: TreeNode, site: Site, word: string | undefined): unknown {
  switch (row.type) {
    case "text":
      return readText(row, node, site);
    case "reference":
      return readPlainText(row, node, site);
    case "boolean":
      return readBoolean(row, node, site);
    case "word":
      return readWord(row, node, site);
    case "integer":
      return readInteger(row, node, site);
    case "decimal":
      return readDecimal(row, node, site);
    case "port":
      return readPort(row, node, site);
    case "duration":
      return readDuration(row, node, site);
    case "share":
      return readShare(row, node, site);
    case "address":
      return readAddress(row, node, site);
    case "codes":
      return readCodes(row, node, site);
    case "texts":
      return readTexts(row, node, site);
    case "headers":
      return readHeaders(row, node, site);
    case "section":
      return readKeys(row.keys, node, site);
    case "named":
      return readNamed(row, node, site);
    case "list":
      return readList(row, node, site);
    case "variants":
      return readVariant(row, node, site, word);
    default:
      return unreachable(row);
  }
}

function readNamed(row: NamedRow, node: TreeNode, site: Site): unknown {
  if (isEmptyScalar(node)) return new Map();
  if (node.kind !== "map") return wrongType(row, node, site);
  const named = new Map<string, LooseNamed>();
  for (const entry of node.entries) {
    const name = entry.key;
    if (isIgnored(name)) continue;
    const place = new LooseNamed(site, name, entry.keyMark);
    const problem = row.names === "defined" ? textProblem("name", name) : undefined;
    if (problem !== undefined) site.issues.add("bad-name", place, problem);
    place.draft = readKeys(row.keys, entry.value, place);
    named.set(name, place);
  }
  return named;
}

function readList(row: ListRow, node: TreeNode, site: Site): unknown {
  if (isEmptyScalar(node)) return [];
  if (node.kind !== "list") return wrongType(row, node, site);
  return node.items.map((item, index) =>
    readKeys(row.keys, item, {
      mark: item.mark,
      path: `${site.path}[${index}]`,
      issues: site.issues,
    })
  );
}

/**
 * Reads a map whose keys depend on the word of another key. When that word is missing or unknown,
 * which was reported, keys that belong to no variant are still reported.
 */
function readVariant(
  row: VariantsRow,
  node: TreeNode,
  site: Site,
  word: string | undefined,
): unknown {
  if (word === undefined || !Object.hasOwn(row.variants, word)) {
    const all: Keys = Object.assign({}, ...Object.values(row.variants));
    readKeys(noneRequired(all), node, site);
    return undefined;
  }
  const unknownHint = (key: string) => {
    const others = Object.keys(row.variants).filter((other) =>
      Object.hasOwn(row.variants[other]!, key)
    );
    if (others.length === 0) return "";
    return ` for ${row.by} ${word}; it is one of ${row.by} ${listWords(others, "and")}`;
  };
  const draft = readKeys(row.variants[word]!, node, site, unknownHint);
  return draft === undefined ? undefined : { variant: word, draft };
}
