/** PURE. Generated tables in Markdown, aligned as `deno fmt` aligns them. */
import { EXIT_CODES } from "./exit_codes.ts";
import { LOG_EVENTS } from "./log_events.ts";
import { RESULT_CODES } from "./result_codes.ts";

/** Events of the log. */
export function logEventTable(): string {
  return table(
    ["event", "level", "fields", "meaning", "what to do"],
    Object.entries(LOG_EVENTS).map(([name, { levels, fields, meaning, action }]) => [
      code(name),
      levels.join(", "),
      fields.map(code).join(", "),
      meaning,
      action ?? "",
    ]),
  );
}

/** Exit statuses of the programs. */
export function exitCodeTable(): string {
  return table(
    ["program", "status", "when"],
    Object.entries(EXIT_CODES).flatMap(([program, codes]) =>
      codes.map(({ status, when }) => [code(program), String(status), when.replaceAll("|", "\\|")])
    ),
  );
}

/** Result codes of probes. */
export function resultCodeTable(): string {
  return table(
    ["code", "verdict", "meaning", "where to look"],
    Object.entries(RESULT_CODES).map(([name, { passes, meaning, look }]) => [
      code(name),
      passes ? "pass" : "failure",
      meaning,
      look,
    ]),
  );
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(3, cell.length, ...rows.map((row) => row[column]!.length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
