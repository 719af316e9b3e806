/**
 * Reads single values: converts a scalar of the tree to the row's type, or adds an issue.
 *
 * A text that cannot be parsed as its type (duration, IP address, known word) has the wrong type,
 * which is a parse error. A value that is parsed but not allowed (out of range, of the other
 * family) is a semantic error. For a text, any scalar is taken as written (`description: 2026`),
 * because that is what the writer means. A quoted number or boolean is not taken as one, because
 * other programs would read the file differently.
 */
import { formatDuration, parseDuration } from "../base/duration.ts";
import { listWords, quote } from "../base/text.ts";
import { type IssueList, joinPath, type Place, type Rule } from "./issue.ts";
import { defaultText, expectation, numberRule, PORT_MAX, PORT_MIN } from "./schema/row_text.ts";
import type {
  DecimalRow,
  DurationRow,
  HeaderList,
  HeadersRow,
  IntegerRow,
  PortRow,
  Row,
  TextRow,
  TextsRow,
  WordRow,
} from "./schema/types.ts";
import { headerProblem, isRemovable, textProblem } from "./schema/text_rules.ts";
import type { ScalarNode, TreeNode } from "./yaml/tree.ts";

/** The position of a value, and the list for its issues. */
export interface Site extends Place {
  readonly issues: IssueList;
}

/** Reports that `node` is not what the row expects; `hint` begins with its own separator. */
export function wrongType(row: Row, node: TreeNode, site: Site, hint = ""): undefined {
  site.issues.add(
    "wrong-type",
    site,
    () => `expected ${expectation(row)}, found ${described(node)}${hint || emptyHint(row, node)}`,
  );
  return undefined;
}

/** The node for a message: `the number 2`, `the text "yes"`, `a list`. */
function described(node: TreeNode): string {
  if (node.kind !== "scalar") return `a ${node.kind}`;
  if (node.value === null) return "nothing";
  if (typeof node.value === "string") return `the text ${quote(node.text)}`;
  return typeof node.value === "number" ? `the number ${node.text.slice(0, 40)}` : node.text;
}

function emptyHint(row: Row, node: TreeNode): string {
  if (node.kind !== "scalar" || node.value !== null || row.required === true) return "";
  const otherwise = defaultText(row) ?? row.absent;
  return `; leave the key out for the default${otherwise === undefined ? "" : ` (${otherwise})`}`;
}

/** The scalar's text as written; undefined for maps, lists and null. */
export function textOf(node: TreeNode): string | undefined {
  return node.kind === "scalar" && node.value !== null ? node.text : undefined;
}

/** Any scalar, as it is written. */
export function readPlainText(row: Row, node: TreeNode, site: Site): string | undefined {
  return textOf(node) ?? wrongType(row, node, site);
}

const FORMAT_RULES: Partial<Record<TextRow["format"], Rule>> = {
  "name": "bad-name",
  "regexp": "bad-regexp",
};

export function readText(row: TextRow, node: TreeNode, site: Site): string | undefined {
  const text = readPlainText(row, node, site);
  if (text === undefined) return undefined;
  const problem = textProblem(row.format, text);
  if (problem === undefined) return text;
  site.issues.add(FORMAT_RULES[row.format] ?? "bad-text", site, problem);
  return undefined;
}

/** One text, or a list of texts, each with its own place. */
export function readTexts(row: TextsRow, node: TreeNode, site: Site): string[] | undefined {
  const parts = node.kind === "list" ? node.items : [node];
  const texts: string[] = [];
  for (const [index, part] of parts.entries()) {
    const place = node.kind === "list"
      ? { mark: part.mark, path: `${site.path}[${index}]`, issues: site.issues }
      : site;
    const text = textOf(part);
    if (text === undefined) return wrongType(row, part, place);
    const problem = textProblem(row.format, text);
    if (problem !== undefined) {
      site.issues.add("bad-text", place, problem);
      return undefined;
    }
    texts.push(text);
  }
  return texts;
}

/**
 * Texts that mean a boolean for a boolean key, quoted or not, because Go's YAML reader accepts them
 * (YAML 1.1). For other keys they are texts: `host: no` is a host.
 */
export const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map(
  [["y", "yes", "on"], ["n", "no", "off"]].flatMap((words, index) =>
    words.flatMap((word) => [word, capital(word), word.toUpperCase()])
      .map((word) => [word, index === 0] as const)
  ),
);

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

export function readBoolean(row: Row, node: TreeNode, site: Site): boolean | undefined {
  if (node.kind === "scalar") {
    const value = typeof node.value === "boolean" ? node.value : BOOLEAN_WORDS.get(node.text);
    if (value !== undefined && node.value !== null) return value;
  }
  const text = textOf(node)?.toLowerCase();
  return wrongType(row, node, site, /^(true|false)$/.test(text ?? "") ? "; remove the quotes" : "");
}

export function readWord(row: WordRow, node: TreeNode, site: Site): string | undefined {
  const text = textOf(node);
  if (text !== undefined && row.words.includes(text)) return text;
  const hint = text === undefined ? "" : site.issues.suggestion(text, row.words);
  return wrongType(row, node, site, hint);
}

/** An integer of any notation YAML has, `2.0` and `0x50` included. */
function integerOf(row: Row, node: TreeNode, site: Site): number | undefined {
  if (node.kind === "scalar" && typeof node.value === "number" && Number.isInteger(node.value)) {
    return node.value;
  }
  const quoted = node.kind === "scalar" && /^[-+]?\d+$/.test(node.text);
  return wrongType(row, node, site, quoted ? "; remove the quotes" : "");
}

export function readPort(row: PortRow, node: TreeNode, site: Site): number | undefined {
  const value = integerOf(row, node, site);
  const min = row.zero === undefined ? PORT_MIN : 0;
  // Adding 0 turns -0 into 0.
  if (value === undefined || (value >= min && value <= PORT_MAX)) return value && value + 0;
  site.issues.add("out-of-range", site, `must be ${expectation(row)}, is ${value}`);
  return undefined;
}

export function readInteger(row: IntegerRow, node: TreeNode, site: Site): number | undefined {
  const value = integerOf(row, node, site);
  if (value === undefined || !inRange(row, value, site)) return undefined;
  if (row.powerOfTwo === true && !Number.isInteger(Math.log2(value))) {
    const below = 2 ** Math.floor(Math.log2(value));
    const near = below * 2 <= row.max ? `${below} or ${below * 2}` : String(below);
    site.issues.add(
      "not-a-power-of-two",
      site,
      `must be ${numberRule(row)}, is ${value}; did you mean ${near}?`,
    );
    return undefined;
  }
  return value;
}

export function readDecimal(row: DecimalRow, node: TreeNode, site: Site): number | undefined {
  const value = node.kind === "scalar" ? node.value : undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) return wrongType(row, node, site);
  return inRange(row, value, site) ? value : undefined;
}

export function readDuration(row: DurationRow, node: TreeNode, site: Site): number | undefined {
  const text = textOf(node);
  // A zero needs no unit; any other bare number is refused, because people mean different units.
  const bare = node.kind === "scalar" && typeof node.value === "number" && node.value !== 0;
  const value = text === undefined || bare ? undefined : parseDuration(text);
  if (value === undefined) return wrongType(row, node, site, durationHint(node, row));
  if (value <= 0 && row.defaultIfNotPositive === true && row.default !== undefined) {
    const instead = formatDuration(row.default);
    site.issues.add(
      "not-positive",
      site,
      `must be above 0, is ${text}; ${instead} is used instead`,
    );
    return row.default;
  }
  if (!inRange(row, value, site)) return undefined;
  if (row.wholeSeconds === true && value % 1000 !== 0) {
    const message = `must be ${numberRule(row)}, is ${formatDuration(value)}`;
    site.issues.add("not-whole-seconds", site, message);
    return undefined;
  }
  return value;
}

const UNIT_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(ms|msecs?|milliseconds?)$/, "ms"],
  [/^(s|secs?|seconds?)$/, "s"],
  [/^(m|mins?|minutes?)$/, "m"],
  [/^(h|hrs?|hours?)$/, "h"],
];

/** A bare number from here on is likely to be milliseconds. */
const MILLISECONDS_FROM = 100;

/** Hint for a number without unit, or with the name of one; offers what is in the key's range. */
function durationHint(node: TreeNode, row: DurationRow): string {
  const [, number = "", word = ""] =
    /^(\d{1,9}(?:\.\d{1,6})?)\s?([A-Za-z]{0,12})$/.exec(textOf(node) ?? "") ?? [];
  if (number === "") return "";
  const unit = UNIT_WORDS.find(([words]) => words.test(word.toLowerCase()))?.[1];
  const bare = Number(number) >= MILLISECONDS_FROM ? ["ms", "s"] : ["s"];
  const units = word === "" ? bare : unit === undefined ? [] : [unit];
  const meant = units.map((each) => `${number}${each}`)
    .filter((text) => inBounds(row, parseDuration(text) ?? NaN));
  return meant.length === 0 ? "" : `; did you mean ${listWords(meant)}?`;
}

function inBounds(row: IntegerRow | DecimalRow | DurationRow, value: number): boolean {
  return value >= row.min && value <= row.max;
}

function inRange(
  row: IntegerRow | DecimalRow | DurationRow,
  value: number,
  site: Site,
): boolean {
  if (inBounds(row, value)) return true;
  const shown = row.type === "duration" ? formatDuration(value) : String(value);
  site.issues.add("out-of-range", site, `must be ${numberRule(row)}, is ${shown}`);
  return false;
}

/** Request headers; a key without a value has an empty list. */
export function readHeaders(row: HeadersRow, node: TreeNode, site: Site): HeaderList | undefined {
  if (isEmptyScalar(node)) return [];
  if (node.kind !== "map") return wrongType(row, node, site);
  const headers: [string, string | null][] = [];
  const seen = new Set<string>();
  for (const { key, keyMark, value } of node.entries) {
    const place = { mark: keyMark, path: joinPath(site.path, key), issues: site.issues };
    const text = isEmptyScalar(value) && isRemovable(key) ? null : textOf(value);
    if (text === undefined) {
      const hint = isEmptyScalar(value) ? '; write "" for an empty value' : "";
      site.issues.add("wrong-type", place, `expected a text, found ${described(value)}${hint}`);
      continue;
    }
    const lower = key.toLowerCase();
    const problem = seen.has(lower)
      ? `the header ${quote(key)} is given twice; case does not matter in header names`
      : headerProblem(key, text ?? "");
    seen.add(lower);
    if (problem !== undefined) site.issues.add("bad-header", place, problem);
    headers.push([key, text]);
  }
  return headers;
}

/** True for a key without a value. */
export function isEmptyScalar(node: TreeNode): node is ScalarNode {
  return node.kind === "scalar" && node.value === null;
}
