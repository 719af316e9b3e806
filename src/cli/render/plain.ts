/**
 * PURE. Views for scripts, when standard output is not a terminal. The form is the same in every
 * state: all columns, fields and headers are there, and a row is a line. An empty cell is `-`. No
 * cell has two blanks in a row, because two or more separate columns.
 */
import type { Block, Cell, TableBlock, View } from "./model.ts";

/** Stands for an empty cell: a missing one would shift those after it. */
const EMPTY = "-";

/** The view of one server. Blocks that are not rows are returned as `asides`. */
export function plainParts(
  view: View,
): { readonly view: View; readonly asides: readonly string[] } {
  const kept = view.filter(({ offTerminal }) => offTerminal === undefined);
  const asides = view.flatMap((block) =>
    block.kind === "lines" && block.offTerminal === "aside" ? block.lines : []
  );
  return { view: kept.map(plainBlock), asides: asides.map(({ text }) => text) };
}

function plainBlock(block: Block): Block {
  switch (block.kind) {
    case "fields":
      return {
        ...block,
        fields: block.fields.map((field) => ({ ...field, value: plainCell(field.value) })),
      };
    case "table":
      return {
        ...block,
        rows: block.rows.map(({ key, cells }) => ({ key, cells: cells.map(plainCell) })),
      };
    case "lines":
      return { ...block, lines: block.lines.map(plainCell) };
  }
}

function plainCell(cell: Cell): Cell {
  const { plain, ...rest } = cell;
  return plain === undefined ? cell : { ...rest, text: plain };
}

/** The plain form of a view, of one server or of several merged ones. */
export function plainForm(view: View): View {
  return view.map((block) => {
    if (block.kind === "table") return plainTable(block);
    if (block.kind === "lines") return block;
    return {
      ...block,
      fields: block.fields.map(({ label, value }) => ({
        label: oneWord(label),
        value: filled(value),
      })),
    };
  });
}

function plainTable(table: TableBlock): TableBlock {
  return {
    ...table,
    columns: table.columns.map(({ header, align }) => ({
      header: header === "" ? EMPTY : oneWord(header),
      ...(align === undefined ? {} : { align }),
    })),
    rows: table.rows.map(({ key, cells }) => ({ key, cells: cells.map(filled) })),
    empty: "",
  };
}

function oneWord(text: string): string {
  return text.trim().replace(/(?<=\w) (?=\w)/g, "-");
}

function filled(cell: Cell): Cell {
  const text = cell.text.replace(/ {2,}/g, " ").trim();
  return { ...cell, text: text === "" ? EMPTY : text };
}
