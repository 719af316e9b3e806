/**
 * PURE. Merges the views of several servers into one.
 *
 * Two servers of one service should agree, and an operator looks for differences. So equal parts
 * are shown once, with all names. Different parts are shown for each server, next to each other,
 * and marked `≠`: at the left edge, and after each cell that differs. Volatile cells (ages,
 * counters) are never marked.
 */
import type { Json } from "../../grpc/client/client.ts";
import { counted } from "../render/numbers.ts";
import { mergeFields } from "./fields.ts";
import { mergeTables, sameColumns } from "./tables.ts";
import {
  comparisonKey,
  groupBy,
  MARK,
  type Merged,
  numbered,
  type Part,
  unionOf,
} from "./parts.ts";
import type { Block, Cell, LinesBlock, TableBlock, View } from "../render/model.ts";

/** The view of one server. */
export interface ServerView {
  readonly server: string;
  readonly view: View;
}

/** The result of one server's command, in JSON. */
export interface ServerJson {
  readonly server: string;
  readonly result:
    | { readonly kind: "answer"; readonly json: Json }
    | { readonly kind: "error"; readonly message: string };
}

/**
 * One view of all answers, in the order of the servers; servers without an answer are left out.
 * With `show`, answers are merged and differences are marked. Otherwise each server's answer stands
 * by itself, and equal ones appear once.
 */
export function mergeViews(
  answers: readonly ServerView[],
  { show }: { readonly show: boolean },
): View {
  const parts = answers.map(({ server, view }) => ({ server, value: view }));
  if (parts.length === 0) return [];
  return show && parts.length > 1 ? compared(parts) : grouped(parts);
}

/**
 * `[{"server": …, "answer": …}, {"server": …, "error": …}]`, in the order of the servers. Each
 * answer is the same as for a single server.
 */
export function mergeJson(answers: readonly ServerJson[]): Json {
  return answers.map(({ server, result }) =>
    result.kind === "answer" ? { server, answer: result.json } : { server, error: result.message }
  );
}

/** Each view under its server's name; servers with equal views share one. */
function grouped(parts: readonly Part<View>[]): View {
  return groupBy(parts, (view) => JSON.stringify(view))
    .flatMap(({ servers, value }) => titled(`${servers.join(", ")}:`, value));
}

/** A view with a line above that names its servers. */
function titled(title: string, view: readonly Block[]): View {
  const [first, ...rest] = view;
  const line: Cell = { text: title, style: "name" };
  if (first?.kind === "lines") {
    return [{ kind: "lines", lines: [line, ...first.lines] }, ...rest];
  }
  if (first === undefined || first.title !== undefined) {
    return [{ kind: "lines", lines: [line] }, ...view];
  }
  return [{ ...first, title }, ...rest];
}

function compared(parts: readonly Part<View>[]): View {
  const indexed = parts.map(({ server, value }) => ({ server, value: blocksByKey(value) }));
  const blocks: Block[] = [];
  let differences = 0;
  for (const key of unionOf(indexed.map(({ value }) => [...value.keys()]))) {
    const having = indexed.flatMap(({ server, value }) => {
      const block = value.get(key);
      return block === undefined ? [] : [{ server, value: block }];
    });
    const merged = mergeBlocks(having);
    differences += merged.differences;
    if (having.length === parts.length) {
      blocks.push(...merged.blocks);
      continue;
    }
    differences++;
    const servers = having.map(({ server }) => server).join(", ");
    blocks.push(...titled(`${MARK} only ${servers}`, merged.blocks));
  }
  const servers = parts.map(({ server }) => server).join(", ");
  const line: Cell = differences === 0
    ? { text: `${servers}: no differences`, style: "good" }
    : { text: `${servers}: ${counted(differences, "difference")}, marked ${MARK}`, style: "bad" };
  return [{ kind: "lines", lines: [line] }, ...blocks];
}

/** Blocks by kind, title, and its position among blocks of that title. */
function blocksByKey(view: View): Map<string, Block> {
  const keys = numbered(
    view,
    (block) => JSON.stringify([block.kind, block.kind === "lines" ? "" : block.title ?? ""]),
  );
  return new Map(view.map((block, at) => [keys[at]!, block]));
}

function mergeBlocks(parts: readonly Part<Block>[]): Merged {
  const tables = only(parts, (block) => block.kind === "table" ? block : undefined);
  if (tables !== undefined) {
    if (tables[0]?.value.own === true) return histories(tables);
    return sameColumns(tables) ? mergeTables(tables) : apart(parts);
  }
  const fields = only(parts, (block) => block.kind === "fields" ? block : undefined);
  if (fields !== undefined) return mergeFields(fields);
  const lines = only(parts, (block) => block.kind === "lines" ? block : undefined);
  return lines === undefined ? apart(parts) : mergeLines(lines);
}

/** All parts as one kind of block, when all are of that kind. */
function only<T>(
  parts: readonly Part<Block>[],
  as: (block: Block) => T | undefined,
): Part<T>[] | undefined {
  const found = parts.flatMap(({ server, value }) => {
    const block = as(value);
    return block === undefined ? [] : [{ server, value: block }];
  });
  return found.length === parts.length ? found : undefined;
}

/** Blocks that cannot be compared: one below the other. */
function apart(parts: readonly Part<Block>[]): Merged {
  return {
    blocks: parts.flatMap(({ server, value }) => titled(`${MARK} ${server}`, [value])),
    differences: 1,
  };
}

/** One below the other, without counting differences; equal ones once. */
function histories(parts: readonly Part<TableBlock>[]): Merged {
  const groups = groupBy(parts, (table) => JSON.stringify(table));
  const [first] = groups;
  if (first !== undefined && groups.length === 1) return { blocks: [first.value], differences: 0 };
  const blocks = groups.map(({ servers, value }) => ({
    ...value,
    title: `${value.title ?? ""} ${servers.join(", ")}`.trim(),
  }));
  return { blocks, differences: 0 };
}

function mergeLines(parts: readonly Part<LinesBlock>[]): Merged {
  const groups = groupBy(parts, ({ lines }) => JSON.stringify(lines.map(({ text }) => text)));
  const [first, ...others] = groups;
  if (first === undefined) return { blocks: [], differences: 0 };
  if (others.length === 0) return { blocks: [first.value], differences: 0 };
  const differs =
    groupBy(parts, ({ lines }) => JSON.stringify(lines.map(comparisonKey))).length > 1;
  const lines = groups.flatMap(({ servers, value }) =>
    value.lines.map((line) => ({
      ...line,
      text: `${differs ? `${MARK} ` : ""}${servers.join(", ")}: ${line.text}`,
    }))
  );
  return { blocks: [{ kind: "lines", lines }], differences: differs ? 1 : 0 };
}
