/**
 * `response-code`: which HTTP status codes pass, as sorted, disjoint, closed ranges.
 */
import { quote } from "../../base/text.ts";
import { type Site, wrongType } from "../leaf.ts";
import type { CodeRanges, CodesRow } from "./types.ts";
import type { TreeNode } from "../yaml/tree.ts";

/** Codes as numbers or texts, alone, in a list, or in one text with commas. */
export function readCodes(row: CodesRow, node: TreeNode, site: Site): CodeRanges | undefined {
  const parts = node.kind === "list" ? node.items : [node];
  const ranges: [number, number][] = [];
  let good = parts.length > 0;
  if (!good) site.issues.add("bad-response-code", site, "the list is empty: no answer could pass");
  for (const [index, part] of parts.entries()) {
    const place = node.kind === "list"
      ? { mark: part.mark, path: `${site.path}[${index}]`, issues: site.issues }
      : site;
    const read = readPart(row, part, place);
    if (read === undefined) good = false;
    for (const range of read ?? []) ranges.push(range);
  }
  return good ? mergeRanges(ranges) : undefined;
}

function readPart(row: CodesRow, node: TreeNode, site: Site): [number, number][] | undefined {
  if (node.kind !== "scalar" || node.value === null || typeof node.value === "boolean") {
    return wrongType(row, node, site);
  }
  const ranges: [number, number][] = [];
  for (const word of node.text.split(",")) {
    const match = /^(\d{1,9})(?:\s?-\s?(\d{1,9}))?$/.exec(word.trim());
    if (match === null) return wrongType(row, node, site, codeHint(word.trim()));
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    const problem = rangeProblem(row, from, to);
    if (problem !== undefined) {
      site.issues.add("bad-response-code", site, problem);
      return undefined;
    }
    ranges.push([from, to]);
  }
  return ranges;
}

function rangeProblem(row: CodesRow, from: number, to: number): string | undefined {
  const outside = [from, to].find((code) => code < row.min || code > row.max);
  if (outside !== undefined) {
    return `a status code must be from ${row.min} to ${row.max}, is ${outside}`;
  }
  return from > to ? `the range ${from}-${to} is empty; did you mean ${to}-${from}?` : undefined;
}

function codeHint(word: string): string {
  const digit = /^([1-5])xx$/i.exec(word)?.[1];
  if (digit !== undefined) return `; write ${digit}00-${digit}99`;
  return word.length > 20 ? "" : `; ${quote(word)} is neither`;
}

/** `200`, or `200-299`. */
export function formatRange([from, to]: CodeRanges[number]): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

/** Sorted, with overlapping and adjacent ranges made one. */
export function mergeRanges(ranges: CodeRanges): CodeRanges {
  const merged: [number, number][] = [];
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** Statuses with a Location that can be followed (RFC 9110, 15.4). */
export const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
