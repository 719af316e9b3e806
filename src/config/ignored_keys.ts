/**
 * Keys that begin with `x-` are the writer's own: a place for YAML anchors, or for other programs.
 * They are ignored in every map of the table, maps of names included; only `headers` has keys that
 * are sent as they are.
 *
 * So a name must not begin with `x-`. A frontend or a server that is left out for that reason is
 * pointed out, because files of other programs may have such names.
 */
import { quote } from "../base/text.ts";
import { type IssueList, joinPath } from "./issue.ts";
import type { MapEntry, TreeNode } from "./yaml/tree.ts";

/** True for a key that is ignored. */
export function isIgnored(key: string): boolean {
  return key.startsWith("x-");
}

/** False when no key of this YAML begins with `x-`, also none that is written with an escape. */
export function mayHaveOwnKeys(text: string): boolean {
  return text.includes("\\") || /(?:^|[^A-Za-z0-9_.-])x-/.test(text);
}

/** Hint for an unknown key that may be meant as the writer's own; empty for others. */
export function ignoredHint(key: string): string {
  const own = /^(?:[xX][-_.]|[._])\W?(.*)$/.exec(key)?.[1];
  return own === undefined ? "" : `; a key of your own begins with \`x-\`: ${quote(`x-${own}`)}`;
}

/** Warns of names that begin with `x-` although what they stand for is in use. */
export function checkIgnored(tree: TreeNode, issues: IssueList): void {
  const maglev = valueOf(tree, "maglev");
  const frontends = entriesOf(valueOf(maglev, "frontends"));
  if (frontends.some(({ key }) => isIgnored(key))) checkFrontends(frontends, issues);
  let backends: ReadonlySet<string> | undefined;
  for (const { key: frontend, value } of frontends) {
    const pools = isIgnored(frontend) ? undefined : valueOf(value, "pools");
    for (const [index, pool] of (pools?.kind === "list" ? pools.items : []).entries()) {
      for (const { key, keyMark } of entriesOf(valueOf(pool, "backends"))) {
        if (!isIgnored(key)) continue;
        backends ??= complete(entriesOf(valueOf(maglev, "backends")));
        if (!backends.has(key)) continue;
        const at = `${joinPath("maglev.frontends", frontend)}.pools[${index}].backends`;
        add("server", { mark: keyMark, path: joinPath(at, key) }, issues);
      }
    }
  }
}

/** Warns of frontends that are left out for their name. */
function checkFrontends(frontends: readonly MapEntry[], issues: IssueList): void {
  // Aliases and merge keys share nodes: an address that is found again is a template's.
  const addresses = new Set(
    frontends.filter(({ key }) => !isIgnored(key)).map(({ value }) => valueOf(value, "address")),
  );
  for (const { key, keyMark, value } of frontends) {
    if (!isIgnored(key)) continue;
    // Without an address or pools it is a template, or anything else.
    const address = valueOf(value, "pools") && valueOf(value, "address");
    if (address === undefined || addresses.has(address)) continue;
    add("frontend", { mark: keyMark, path: joinPath("maglev.frontends", key) }, issues);
  }
}

/** Names of the backends that have an address. */
function complete(backends: readonly MapEntry[]): ReadonlySet<string> {
  const found = backends.filter(({ value }) => valueOf(value, "address") !== undefined);
  return new Set(found.map(({ key }) => key));
}

function add(what: string, place: Parameters<IssueList["add"]>[1], issues: IssueList): void {
  issues.add(
    "ignored-name",
    place,
    `is ignored, because names that begin with \`x-\` are; rename it if it is a ${what}`,
  );
}

function valueOf(node: TreeNode | undefined, key: string): TreeNode | undefined {
  return entriesOf(node).find((entry) => entry.key === key)?.value;
}

function entriesOf(node: TreeNode | undefined): readonly MapEntry[] {
  return node?.kind === "map" ? node.entries : [];
}
