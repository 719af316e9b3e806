/** A number of things, or a percentage of them: `2`, `50%`. */
import { type Site, wrongType } from "../leaf.ts";
import type { TreeNode } from "../yaml/tree.ts";
import type { Share, ShareRow } from "./types.ts";

/** A whole number is a count; a text must be a percentage. */
export function readShare(row: ShareRow, node: TreeNode, site: Site): Share | undefined {
  if (node.kind !== "scalar" || node.value === null) return wrongType(row, node, site);
  const percent = typeof node.value === "string" ? /^(\d{1,9})%$/.exec(node.text)?.[1] : undefined;
  if (percent !== undefined) {
    if (!inRange(Number(percent), { min: 1, max: 100, unit: "%", site })) return undefined;
    return { percent: Number(percent) };
  }
  const { value } = node;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return wrongType(row, node, site);
  const { min, max } = row;
  return inRange(value, { min, max, unit: "", site }) ? { count: value } : undefined;
}

function inRange(value: number, { min, max, unit, site }: {
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  readonly site: Site;
}): boolean {
  if (value >= min && value <= max) return true;
  const message = `must be from ${min}${unit} to ${max}${unit}, is ${value}${unit}`;
  site.issues.add("out-of-range", site, message);
  return false;
}
