/** Renders a view as text. */
import type { Block, View } from "./model.ts";
import { paint } from "../../terminal/color.ts";
import { fieldLines } from "./fields.ts";
import { type RenderOptions, tableLines } from "./table.ts";
import { printable } from "../../terminal/text.ts";
import { wrap } from "../../terminal/wrap.ts";

export type { RenderOptions } from "./table.ts";

/** Indents the continuation of a line that is too long. */
const HANGING = "  ";
/** In less space than this lines are not broken: the terminal does it better. */
const LEAST_WIDTH = 20;

/**
 * The text of a view, each line ended by a newline; empty for an empty one. Its only characters
 * that affect a terminal are those newlines and, with `color`, the sequences of colour.
 */
export function renderView(view: View, options: RenderOptions): string {
  const width = options.width >= LEAST_WIDTH ? options.width : LEAST_WIDTH;
  const texts = view
    .map((block) => blockLines(block, { ...options, width }))
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"));
  return texts.length === 0 ? "" : `${texts.join("\n\n")}\n`;
}

function blockLines(block: Block, options: RenderOptions): string[] {
  if (block.kind === "lines") {
    return block.lines.flatMap((line) => textLines(line, options));
  }
  const body = block.kind === "table"
    ? tableLines(block, options)
    : fieldLines(block.fields, options);
  return block.title === undefined
    ? body
    : [...textLines({ text: block.title, style: "name" }, options), ...body];
}

function textLines(
  { text, style = "plain" }: Extract<Block, { kind: "lines" }>["lines"][number],
  { width, color }: RenderOptions,
): string[] {
  const whole = printable(text).trimEnd();
  const first = width === Infinity ? [whole] : wrap(whole, width);
  const rest = first.length < 2 ? [] : wrap(
    whole.slice(first[0]!.length).trimStart(),
    width - HANGING.length,
  );
  return [first[0] ?? "", ...rest].map((line, at) =>
    (at === 0 ? "" : HANGING) + (color ? paint(line, style) : line)
  );
}
