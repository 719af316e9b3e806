/** Labels and values, a line each; long values continue below themselves. */
import type { Field } from "./model.ts";
import { paint } from "../../terminal/color.ts";
import { printable, visibleWidth } from "../../terminal/text.ts";
import { wrap } from "../../terminal/wrap.ts";

/** In less space than this a value is not broken: the terminal does it better. */
const LEAST = 16;

export function fieldLines(
  given: readonly Field[],
  { width, color }: { readonly width: number; readonly color: boolean },
): string[] {
  const fields = given.filter(({ optional, value }) => optional !== true || value.text !== "");
  const labels = fields.map(({ label }) => printable(label));
  const indent = Math.max(0, ...labels.map(visibleWidth)) + 2;
  const room = width - indent < LEAST ? Infinity : width - indent;
  return fields.flatMap(({ value }, at) => {
    const text = printable(value.text).trimEnd();
    const label = labels[at]!;
    if (text === "") return [label];
    const parts = room === Infinity ? [text] : wrap(text, room);
    return parts.map((part, line) =>
      (line === 0 ? label + " ".repeat(indent - visibleWidth(label)) : " ".repeat(indent)) +
      (color ? paint(part, value.style ?? "plain") : part)
    );
  });
}
