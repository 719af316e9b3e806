/** PURE. Merges the fields of several servers into one list. */
import {
  comparisonKey,
  groupBy,
  MARK,
  type Merged,
  numbered,
  type Part,
  unionOf,
} from "./parts.ts";
import type { Cell, Field, FieldsBlock } from "../render/model.ts";

interface Line {
  readonly label: string;
  readonly value: Cell;
  readonly optional: boolean;
  readonly differs: boolean;
}

/** Equal fields appear once; different ones have a line for each server, under one label. */
export function mergeFields(parts: readonly Part<FieldsBlock>[]): Merged {
  const indexed = parts.map(({ server, value: { fields } }) => {
    const keys = numbered(fields, ({ label }) => label);
    return { server, value: new Map(fields.map((field, at) => [keys[at]!, field])) };
  });
  const lines: Line[] = [];
  let differences = 0;
  for (const key of unionOf(indexed.map(({ value }) => [...value.keys()]))) {
    const field = indexed.map(({ value }) => value.get(key)).find((field) => field !== undefined);
    const cells = indexed.map(({ server, value }) => ({ server, value: value.get(key)?.value }));
    const merged = mergeField(field, cells);
    lines.push(...merged);
    if (merged[0]?.differs === true) differences++;
  }
  const title = parts[0]?.value.title;
  const edge = (differs: boolean) => differences === 0 ? "" : differs ? `${MARK} ` : "  ";
  const block: FieldsBlock = {
    kind: "fields",
    ...(title === undefined ? {} : { title }),
    fields: lines.map(({ label, value, optional, differs }) => ({
      label: edge(differs) + label,
      value,
      ...(optional ? { optional } : {}),
    })),
  };
  return { blocks: [block], differences };
}

function mergeField(
  { label = "", optional = false }: Partial<Field> = {},
  cells: readonly Part<Cell | undefined>[],
): Line[] {
  const groups = groupBy(cells, (cell) => cell === undefined ? "-" : `+${cell.text}`);
  const [first] = groups;
  if (groups.length === 1 && first?.value !== undefined) {
    return [{ label, value: first.value, optional, differs: false }];
  }
  const differs =
    groupBy(cells, (cell) => cell === undefined ? "-" : `+${comparisonKey(cell)}`).length > 1;
  return groups.map(({ servers, value = { text: "not there", style: "muted" } }, at) => ({
    label: at === 0 ? label : "",
    value: { ...value, text: `${servers.join(", ")}: ${value.text === "" ? "-" : value.text}` },
    optional: false,
    differs,
  }));
}
