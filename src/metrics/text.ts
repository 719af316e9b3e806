/**
 * PURE. Prometheus' text format, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 *
 * A page has hundreds of thousands of lines, so it is written as bytes into one buffer. Strings
 * would be joined, flattened and encoded: three times the work, and garbage of the page's size.
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

/** The two lines above a family's series. */
export function familyHead(name: FamilyName): string {
  const { help, type } = familyOf(name);
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

const ENCODER = new TextEncoder();
/** Bytes of UTF-8 for one UTF-16 unit, at most. */
const MAX_UNIT_BYTES = 3;
const FIRST_BYTES = 16 * 1024;
const [NEWLINE, SPACE, QUOTE, ZERO, BACKSLASH, TILDE] = [10, 32, 34, 48, 92, 126];
const MAX_INT32 = 2 ** 31 - 1;

/** The part of a page that is being written. Its buffer grows, and is used again after take(). */
export class Page {
  #bytes = new Uint8Array(FIRST_BYTES);
  #room = FIRST_BYTES;
  #length = 0;

  /** Bytes since the last take(). */
  get length(): number {
    return this.#length;
  }

  /** Everything since the last call; the bytes are valid until something is added. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  addBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Adds bytes of this page again, from one length to another since the last take(). */
  repeat(from: number, to: number): void {
    this.#reserve(to - from);
    this.#bytes.copyWithin(this.#length, from, to);
    this.#length += to - from;
  }

  addText(text: string): void {
    this.#reserve(MAX_UNIT_BYTES * text.length);
    this.#length += ENCODER.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Adds a label's value, as it stands between its quotes. */
  addLabel(value: string): void {
    this.#reserve(value.length);
    const bytes = this.#bytes;
    let end = this.#length;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit < SPACE || unit > TILDE || unit === QUOTE || unit === BACKSLASH) {
        return this.addText(escapeLabel(value));
      }
      bytes[end++] = unit;
    }
    this.#length = end;
  }

  addValue(value: number): void {
    if (value >= 0 && value <= MAX_INT32 && Number.isInteger(value)) this.#addDigits(value);
    else this.addLabel(formatValue(value));
  }

  /** Ends a line. */
  end(): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = NEWLINE;
  }

  #addDigits(value: number): void {
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits++;
    this.#reserve(digits);
    this.#length += digits;
    let at = this.#length;
    for (let rest = value; digits > 0; digits--) {
      const higher = (rest / 10) | 0;
      this.#bytes[--at] = ZERO + rest - 10 * higher;
      rest = higher;
    }
  }

  #reserve(count: number): void {
    if (this.#length + count > this.#room) this.#grow(this.#length + count);
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.#room));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#room = larger.length;
  }
}

/** The text between the last label and the value. */
const AFTER_LABELS = ENCODER.encode('"} ');

/** Writes series of one family, or of one of a histogram's parts. */
export class SeriesWriter {
  readonly #name: string;
  /** Text before each label's value; without labels, the text before the series' value. */
  readonly #before: readonly Uint8Array[];
  readonly #labels: number;

  /** `suffix` such as `_bucket`; `last` a label of the format itself, such as `le`. */
  constructor(
    name: FamilyName,
    options: { readonly suffix?: string; readonly last?: string } = {},
  ) {
    const labels = Object.keys(familyOf(name).labels);
    if (options.last !== undefined) labels.push(options.last);
    this.#name = `${name}${options.suffix ?? ""}`;
    this.#labels = labels.length;
    const before = labels.map((label, i) => `${i === 0 ? `${this.#name}{` : '",'}${label}="`);
    if (before.length === 0) before.push(`${this.#name} `);
    this.#before = before.map((text) => ENCODER.encode(text));
  }

  /** Adds a line; `values` of all labels in the order of the table. */
  line(page: Page, values: readonly string[], value: number): void {
    invariant(values.length === this.#labels, `${this.#name}: labels without values`);
    this.open(page, values);
    if (values.length > 0) page.addBytes(AFTER_LABELS);
    page.addValue(value);
    page.end();
  }

  /**
   * Adds the start of a line with these first values. It ends after the last of them or, when one
   * is missing, where its value is inserted; `"} 1` and a newline follow.
   */
  open(page: Page, values: readonly string[]): void {
    for (let i = 0; i < values.length; i++) {
      page.addBytes(this.#before[i]!);
      page.addLabel(values[i]!);
    }
    if (values.length < this.#before.length) page.addBytes(this.#before[values.length]!);
  }
}
