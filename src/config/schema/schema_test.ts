/**
 * The table must hold in two directions: every key of it has an effect on the configuration, and
 * the types it infers are those of model.ts.
 */
import { notDeepEqual, ok } from "node:assert/strict";
import { readDocument } from "../yaml/document.ts";
import { formatIssue, IssueList } from "../issue.ts";
import type {
  BackendConfig,
  HealthcheckConfig,
  HealthcheckerConfig,
  VppLbConfig,
} from "../model.ts";
import { type LoadResult, parseConfig } from "../parse.ts";
import type { BackendDraft, ConfigDraft, HealthcheckDraft, VppLbDraft } from "./schema.ts";
import { MAGLEV } from "./schema.ts";
import type { Keys, Slot } from "./types.ts";
import type { TreeNode } from "../yaml/tree.ts";

const FULL = Deno.readTextFileSync(
  new URL("../../../tests/fixtures/config/good/full.yaml", import.meta.url),
);

function errors(result: LoadResult): readonly string[] {
  return result.kind === "ok" ? [] : result.issues.map(formatIssue);
}

/** Lines of full.yaml that hold a leaf: `key: value`, with the line's number. */
function leafLines(): readonly { line: number; key: string }[] {
  return FULL.split("\n").flatMap((text, index) => {
    const match = /^\s+([a-z0-9-]+): \S/.exec(text);
    return match === null || text.includes("{ weight") ? [] : [{ line: index, key: match[1]! }];
  });
}

function withoutLine(line: number): string {
  return FULL.split("\n").filter((_, index) => index !== line).join("\n");
}

Deno.test("every key has an effect: leaving one out of full.yaml changes the configuration", () => {
  const result = parseConfig(FULL, { file: "f" });
  ok(result.kind === "ok", errors(result).join("\n"));
  const full = result.config;
  const lines = leafLines();
  ok(lines.length > 50);
  for (const { line, key } of lines) {
    const without = parseConfig(withoutLine(line), { file: "f" });
    // A required key that is missing is an error, which is an effect too.
    if (without.kind === "ok") notDeepEqual(without.config, full, `${line + 1}: ${key}`);
  }
});

Deno.test("every leaf of full.yaml is refused when it holds a list of maps", () => {
  for (const { line, key } of leafLines()) {
    const lines = FULL.split("\n");
    lines[line] = lines[line]!.replace(/: .*/, ": [{ a: 1 }]");
    const found = errors(parseConfig(lines.join("\n"), { file: "f" }));
    ok(found.some((issue) => issue.startsWith(`f:${line + 1}:`)), `${line + 1} ${key}: ${found}`);
  }
});

Deno.test("full.yaml holds every key of the table", () => {
  const issues = new IssueList("f");
  const tree = readDocument(FULL, issues);
  ok(tree?.kind === "map");
  const seen = new Set<string>();
  collect(tree.entries[0]!.value, seen);
  for (const key of allKeys(MAGLEV)) ok(seen.has(key), key);
});

function collect(node: TreeNode, into: Set<string>): void {
  if (node.kind === "list") { for (const item of node.items) collect(item, into); }
  if (node.kind !== "map") return;
  for (const { key, value } of node.entries) {
    into.add(key);
    collect(value, into);
  }
}

function allKeys(keys: Keys): readonly string[] {
  return Object.entries(keys).flatMap(([key, row]) => {
    if (row.type === "variants") return [key, ...Object.values(row.variants).flatMap(allKeys)];
    return "keys" in row ? [key, ...allKeys(row.keys)] : [key];
  });
}

// The types inferred from the table equal those of model.ts, checked by the compiler: the fields
// of a flat section are its keys in camel case, durations with their unit as a suffix.

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;
type Field<S extends string> = Camel<S> extends infer C extends string
  ? C extends `${string}${"nterval" | "elay" | "imeout"}` ? `${C}Ms` : C
  : never;
type Values<D> = D extends { readonly keys: infer K }
  ? { readonly [P in keyof K & string as Field<P>]: K[P] extends Slot<infer T> ? T : never }
  : never;
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
type Loose<T> = { readonly [P in keyof T]: Exclude<T[P], undefined> };
type SlotValue<S> = S extends Slot<infer T> ? T : never;
type Healthchecker = SlotValue<ConfigDraft["keys"]["healthchecker"]>;
type WithoutType<T> = Omit<T, "type" | "params" | "agent">;

const AGREE: readonly [
  Equal<Values<VppLbDraft>, VppLbConfig>,
  Equal<Omit<Values<Healthchecker>, "isolation">, Omit<HealthcheckerConfig, "isolation">>,
  Equal<Values<BackendDraft>, Loose<Omit<BackendConfig, "name">>>,
  Equal<
    Omit<WithoutType<Values<HealthcheckDraft>>, "damping">,
    Loose<Omit<HealthcheckConfig, "name" | "params" | "agent" | "damping">>
  >,
] = [true, true, true, true];

Deno.test("the types inferred from the table are those of model.ts", () => {
  ok(AGREE.every((agrees) => agrees));
});
