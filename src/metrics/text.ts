/**
 * PURE. Prometheus' text format, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 *
 * Where there are many series the labels of one backend are put together once and used for all of
 * its lines, so a series comes in two parts: `open()` leaves out the closing brace.
 */
import { invariant } from "../base/assert.ts";
import { type FamilyName, familyOf } from "./families.ts";

/** Value of `Content-Type`. */
export const TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";

/** A number as the format has it. */
export function formatValue(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

/** A label's value between its quotes. */
export function escapeLabel(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** The two lines above a family's series. */
export function familyHead(name: FamilyName): string {
  const { help, type } = familyOf(name);
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`;
}

/** Writes series of one family, or of one of a histogram's parts. */
export class SeriesWriter {
  readonly #name: string;
  /** Text before each label's value. */
  readonly #before: readonly string[];

  /** `suffix` such as `_bucket`; `last` a label of the format itself, such as `le`. */
  constructor(
    name: FamilyName,
    options: { readonly suffix?: string; readonly last?: string } = {},
  ) {
    const labels = Object.keys(familyOf(name).labels);
    if (options.last !== undefined) labels.push(options.last);
    this.#name = `${name}${options.suffix ?? ""}`;
    this.#before = labels.map((label, i) => `${i === 0 ? `${this.#name}{` : '",'}${label}="`);
  }

  /** One line; `values` of all labels in the order of the table. */
  line(values: readonly string[], value: number): string {
    const { length } = this.#before;
    invariant(values.length === length, `${this.#name}: labels without values`);
    if (length === 0) return `${this.#name} ${formatValue(value)}\n`;
    return `${this.open(values)}"} ${formatValue(value)}\n`;
  }

  /**
   * The start of lines that share these first values. It ends after the last of them or, when one
   * is missing, where its value is inserted; `"} 1` and a newline follow.
   */
  open(values: readonly string[]): string {
    let text = "";
    for (let i = 0; i < values.length; i++) text += this.#before[i] + escapeLabel(values[i]!);
    return values.length < this.#before.length ? text + this.#before[values.length] : text;
  }
}
