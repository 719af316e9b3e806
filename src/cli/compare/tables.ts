/** PURE. Merges tables of several servers. */
import {
  comparisonKey,
  groupBy,
  joinCells,
  MARK,
  type Merged,
  numbered,
  type Part,
  unionOf,
} from "./parts.ts";
import type { Cell, Column, Row, TableBlock } from "../render/model.ts";

/** With more columns of volatile cells than this, each server has a row of its own. */
const MAX_JOINED = 2;

/** A row of the merged table; `servers` undefined: all servers have it. */
interface MergedRow {
  readonly key: string;
  readonly servers: readonly string[] | undefined;
  readonly differs: boolean;
  readonly cells: readonly Cell[];
}

/** True when the tables have the same columns and can be merged. */
export function sameColumns(parts: readonly Part<TableBlock>[]): boolean {
  const headers = ({ columns }: TableBlock) => JSON.stringify(columns.map(({ header }) => header));
  return groupBy(parts, headers).length === 1;
}

/**
 * Equal rows appear once. Rows that differ stand below each other, each with the servers that have
 * it. Tables with many volatile cells (counters) have a row for each server.
 */
export function mergeTables(parts: readonly Part<TableBlock>[]): Merged {
  const first = parts[0]!.value;
  const sideBySide = volatileColumns(parts) > MAX_JOINED;
  const indexed = parts.map(({ server, value: { rows } }) => {
    const keys = numbered(rows, ({ key }) => key);
    return { server, value: new Map(rows.map((row, at) => [keys[at]!, row])) };
  });
  const rows: MergedRow[] = [];
  let differences = 0;
  for (const key of unionOf(indexed.map(({ value }) => [...value.keys()]))) {
    const merged = mergeRows(
      indexed.map(({ server, value }) => ({ server, value: value.get(key) })),
      { key, sideBySide },
    );
    rows.push(...merged);
    if (merged[0]?.differs === true) differences++;
  }
  const table = tableOf(first, rows);
  return { blocks: [table], differences };
}

function volatileColumns(parts: readonly Part<TableBlock>[]): number {
  const columns = new Set<number>();
  for (const { value: { rows } } of parts) {
    for (const { cells } of rows) {
      for (let at = 0; at < cells.length; at++) {
        if (cells[at]!.volatile === true) columns.add(at);
      }
    }
  }
  return columns.size;
}

function mergeRows(
  rows: readonly Part<Row | undefined>[],
  { key, sideBySide }: { readonly key: string; readonly sideBySide: boolean },
): MergedRow[] {
  const groups = groupBy(rows, (row) =>
    row === undefined ? "" : JSON.stringify(
      row.cells.map(comparisonKey),
    ));
  const present = rows.flatMap(({ value }) => value === undefined ? [] : [value]);
  const differs = groups.length > 1;
  if (!differs && (!sideBySide || sameTexts(present))) {
    return [{ key, servers: undefined, differs, cells: joinRows(present) }];
  }
  const odd = oddColumns(present);
  return groups.flatMap((group) => {
    const members = sideBySide
      ? group.parts.map((part) => ({ servers: [part.server], parts: [part] }))
      : [group];
    return members.map(({ servers, parts }) => {
      const own = parts.flatMap(({ value }) => value === undefined ? [] : [value]);
      const cells = own.length === 0
        ? missingCells(present[0]?.cells ?? [])
        : joinRows(own).map((cell, at) => odd.has(at) ? marked(cell) : cell);
      return { key: `${key}\n${servers.join("\n")}`, servers, differs, cells };
    });
  });
}

function sameTexts(rows: readonly Row[]): boolean {
  const [first, ...others] = rows;
  return others.every(({ cells }) =>
    cells.every(({ text }, at) => text === first?.cells[at]?.text)
  );
}

function joinRows(rows: readonly Row[]): Cell[] {
  return (rows[0]?.cells ?? []).map((_, at) =>
    joinCells(rows.map(({ cells }) => cells[at] ?? { text: "" }))
  );
}

/** Columns in which the rows differ. */
function oddColumns(rows: readonly Row[]): Set<number> {
  const [first, ...others] = rows;
  const odd = new Set<number>();
  for (const { cells } of others) {
    for (let at = 0; at < cells.length; at++) {
      if (comparisonKey(cells[at]) !== comparisonKey(first?.cells[at])) odd.add(at);
    }
  }
  return odd;
}

function marked(cell: Cell): Cell {
  return { ...cell, text: `${cell.text === "" ? "-" : cell.text} ${MARK}` };
}

/** The row of a server that lacks it: the name, and a note. */
function missingCells(cells: readonly Cell[]): Cell[] {
  const [first = { text: "" }, ...others] = cells;
  if (others.length === 0) return [{ text: `${first.text} not there`, style: "muted" }];
  return [first, { text: "not there", style: "bad" }, ...others.slice(1).map(() => ({ text: "" }))];
}

function tableOf(first: TableBlock, rows: readonly MergedRow[]): TableBlock {
  const columns: Column[] = [
    { header: "", whole: true, optional: true },
    { header: "maglevd", optional: true },
    ...first.columns,
  ];
  const apart = rows.some(({ servers }) => servers !== undefined);
  return {
    ...first,
    columns,
    rows: rows.map(({ key, servers, differs, cells }) => ({
      key,
      cells: [
        { text: differs ? MARK : "", style: "bad" },
        { text: servers?.join(", ") ?? (apart ? "all" : ""), style: servers ? "name" : "muted" },
        ...cells,
      ],
    })),
  };
}
