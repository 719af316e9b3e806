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
import type { Keys, ListRow, NamedRow, Row, VariantsRow } from "./schema/types.ts";
import { readCodes } from "./schema/status_codes.ts";
import { textProblem } from "./schema/text_rules.ts";
import type { MapEntry, TreeNode } from "./tree.ts";

/**
 * Reads the whole tree. The draft is undefined only when nothing can be decoded, and then there is
 * an issue.
 */
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

/** A Slot whose type is known at run time only. */
interface LooseSlot extends Place {
  readonly value: unknown;
  readonly given: boolean;
}

/** A Draft whose type is known at run time only. */
interface LooseDraft extends Place {
  readonly keys: Readonly<Record<string, LooseSlot>>;
}

/** A site with the word that chooses among variants, if the map has one. */
interface WordSite extends Site {
  readonly word: string | undefined;
}

/** A site with a hint for unknown keys. */
interface KeysSite extends Site {
  readonly unknownHint?: (key: string) => string;
}

/** Reads a map with known keys. */
function readKeys(keys: Keys, node: TreeNode, site: KeysSite): LooseDraft | undefined {
  const entries = entriesOf(keys, node, site);
  if (entries === undefined) return undefined;
  const slots: Record<string, LooseSlot> = {};
  for (const [key, row] of Object.entries(keys)) {
    const entry = entries.known.get(key);
    const path = joinPath(site.path, key);
    const word = "by" in row ? wordOf(entries, row.by) : undefined;
    if (entry === undefined) {
      const value = absentValue(row, { mark: site.mark, path, issues: site.issues, word });
      if (value === undefined) reportMissing(key, row, { ...site, entries, keys });
      slots[key] = { value, given: false, mark: site.mark, path };
      continue;
    }
    // The position of a map or list is that of its key, which is the line that people look for.
    const mark = entry.value.kind === "scalar" ? entry.value.mark : entry.keyMark;
    const value = readRow(row, entry.value, { mark, path, issues: site.issues, word });
    slots[key] = { value, given: true, mark, path };
  }
  return { mark: site.mark, path: site.path, keys: slots };
}

/** The entries of a map: known keys, and the names of unknown ones. */
interface Entries {
  readonly known: ReadonlyMap<string, MapEntry>;
  readonly unknown: readonly string[];
}

const NO_ENTRIES: Entries = { known: new Map(), unknown: [] };

/** Entries by key; unknown keys are reported. */
function entriesOf(keys: Keys, node: TreeNode, site: KeysSite): Entries | undefined {
  if (isEmptyScalar(node)) return NO_ENTRIES;
  if (node.kind !== "map") {
    const row = { type: "section", help: "", keys } as const;
    return wrongType(row, node, site, onlyKeyHint(keys, node));
  }
  const known = new Map<string, MapEntry>();
  const unknown: string[] = [];
  for (const entry of node.entries) {
    if (Object.hasOwn(keys, entry.key)) known.set(entry.key, entry);
    if (known.has(entry.key) || isIgnored(entry.key)) continue;
    unknown.push(entry.key);
    const place = { mark: entry.keyMark, path: joinPath(site.path, entry.key) };
    site.issues.add("unknown-key", place, () => {
      const names = Object.keys(keys);
      const list = names.length === 0
        ? "; no keys are known here"
        : `; known here: ${names.join(", ")}`;
      const hint = (site.unknownHint?.(entry.key) ?? misplacedHint(keys, entry.key)) ||
        site.issues.suggestion(entry.key, names) || ignoredHint(entry.key);
      return `unknown key${hint || list}`;
    });
  }
  return { known, unknown };
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
  const node = entries.known.get(key)?.value;
  return node?.kind === "scalar" ? node.text : undefined;
}

/** Reports a missing key that is required here. */
function reportMissing(
  key: string,
  row: Row,
  site: Site & { readonly entries: Entries; readonly keys: Keys },
): void {
  const { entries, issues } = site;
  let reason = "";
  if (row.requiredUnless !== undefined) {
    const chooser = site.keys[row.requiredUnless.key];
    const word = wordOf(entries, row.requiredUnless.key);
    // A missing or unknown word implies nothing.
    if (chooser?.type !== "word" || word === undefined || !chooser.words.includes(word)) return;
    if (word === row.requiredUnless.is) return;
    reason = ` (${row.requiredUnless.key} is ${quote(word)})`;
  } else if (row.required !== true) {
    return;
  }
  // A mistyped key was reported as unknown, with this one as the suggestion.
  if (entries.unknown.some((other) => issues.suggestion(other, [key]) !== "")) return;
  issues.add(
    "missing-key",
    site,
    () => `the key \`${key}\` is missing${reason}; expected ${expectation(row)}`,
  );
}

/** The value of an absent key. */
function absentValue(row: Row, place: WordSite): unknown {
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
      return readCodes(row, { ...EMPTY, value: row.default, text: row.default }, place);
    case "variants":
      return readVariant(row, EMPTY, place);
    default:
      return "default" in row ? row.default : undefined;
  }
}

const EMPTY = {
  kind: "scalar",
  value: null,
  text: "",
  plain: true,
  mark: { line: 0, column: 0 },
  size: 1,
} as const;

function readRow(row: Row, node: TreeNode, site: WordSite): unknown {
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
    case "port":
      return readPort(row, node, site);
    case "duration":
      return readDuration(row, node, site);
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
      return readVariant(row, node, site);
    default:
      return unreachable(row);
  }
}

function readNamed(row: NamedRow, node: TreeNode, site: Site): unknown {
  if (isEmptyScalar(node)) return new Map();
  if (node.kind !== "map") return wrongType(row, node, site);
  const named = new Map<string, unknown>();
  for (const { key: name, keyMark: mark, value } of node.entries) {
    if (isIgnored(name)) continue;
    const place = { mark, path: joinPath(site.path, name) };
    const problem = row.names === "defined" ? textProblem("name", name) : undefined;
    if (problem !== undefined) site.issues.add("bad-name", place, problem);
    const draft = readKeys(row.keys, value, { ...place, issues: site.issues });
    named.set(name, { name, ...place, draft });
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
  site: WordSite,
): unknown {
  const { word } = site;
  if (word === undefined || !Object.hasOwn(row.variants, word)) {
    const all: Keys = Object.assign({}, ...Object.values(row.variants));
    readKeys(all, node, site);
    return undefined;
  }
  const unknownHint = (key: string) => {
    const others = Object.keys(row.variants).filter((other) =>
      Object.hasOwn(row.variants[other]!, key)
    );
    if (others.length === 0) return "";
    return ` for ${row.by} ${word}; it is one of ${row.by} ${listWords(others, "and")}`;
  };
  const draft = readKeys(row.variants[word]!, node, { ...site, unknownHint });
  return draft === undefined ? undefined : { variant: word, draft };
}
