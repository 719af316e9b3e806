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
/** A page that has so much is handed out; a row more fits into its first buffer. */
const FULL_BYTES = 128 * 1024;
const FIRST_BYTES = FULL_BYTES + 16 * 1024;
const [NEWLINE, SPACE, QUOTE, ZERO, BACKSLASH, TILDE] = [10, 32, 34, 48, 92, 126];
const MAX_INT32 = 2 ** 31 - 1;
/** Most bytes of a value, the end of its line included: `-2.2250738585072014e-308`. */
const VALUE_BYTES = 26;

/** The part of a page that is being written. Its buffer grows, and is used again after take(). */
export class Page {
  #bytes = new Uint8Array(FIRST_BYTES);
  #room = FIRST_BYTES;
  #length = 0;

  /** Bytes since the last take(). */
  get length(): number {
    return this.#length;
  }

  /** There is enough to be taken. */
  get full(): boolean {
    return this.#length >= FULL_BYTES;
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

  addText(text: string): void {
    this.#reserve(MAX_UNIT_BYTES * text.length);
    this.#length += ENCODER.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Adds `before`, and a label's value as it stands between its quotes. */
  addLabel(before: Uint8Array, value: string): void {
    this.#reserve(before.length + value.length);
    const bytes = this.#bytes;
    bytes.set(before, this.#length);
    this.#length += before.length;
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

  /** Adds `before`, a value, and the end of the line. */
  addValue(before: Uint8Array, value: number): void {
    this.#reserve(before.length + VALUE_BYTES);
    this.#bytes.set(before, this.#length);
    this.#length = putValue(this.#bytes, this.#length + before.length, value);
  }

  /**
   * Makes lines of what was added since the page had the length `from`: one for each value, with
   * its text of `before` in front of it.
   */
  addLines(from: number, before: readonly Uint8Array[], values: ArrayLike<number>): void {
    const start = this.#bytes.subarray(from, this.#length);
    this.#length = from;
    for (let i = 0; i < before.length; i++) {
      const rest = before[i]!;
      this.#reserve(start.length + rest.length + VALUE_BYTES);
      const bytes = this.#bytes;
      const at = this.#length;
      bytes.set(start, at);
      bytes.set(rest, at + start.length);
      this.#length = putValue(bytes, at + start.length + rest.length, values[i]!);
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

/** Writes a value and the end of its line; returns where that is. */
function putValue(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  if (value >= 0 && value <= MAX_INT32 && Number.isInteger(value)) {
    at++;
    for (let bound = 10; bound <= value; bound *= 10) at++;
    let rest = value;
    for (let place = at - 1; place >= start; place--) {
      const higher = (rest / 10) | 0;
      bytes[place] = ZERO + rest - 10 * higher;
      rest = higher;
    }
  } else {
    const text = formatValue(value);
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  }
  bytes[at] = NEWLINE;
  return at + 1;
}

/** The text between the last label and the value. */
const AFTER_LABELS = ENCODER.encode('"} ');

/**
 * Writes series of one family, or of one of a histogram's parts. Label values are parameters,
 * because an array for each of 262,000 lines would be 20 MB of garbage.
 */
export class SeriesWriter {
  /** Text before each label's value. */
  readonly #before: readonly Uint8Array[];
  /** Text before the value of a series without labels. */
  readonly #bare: Uint8Array;
  readonly #mismatch: string;

  /** `suffix` such as `_bucket`; `last` a label of the format itself, such as `le`. */
  constructor(
    family: FamilyName,
    options: { readonly suffix?: string; readonly last?: string } = {},
  ) {
    const name = `${family}${options.suffix ?? ""}`;
    const labels = Object.keys(familyOf(family).labels);
    if (options.last !== undefined) labels.push(options.last);
    this.#before = labels.map((label, i) =>
      ENCODER.encode(`${i === 0 ? `${name}{` : '",'}${label}="`)
    );
    this.#bare = ENCODER.encode(`${name} `);
    this.#mismatch = `${name}: values do not match labels`;
  }

  /** Adds a line; label values `a` to `d` in the order of the table. */
  line(page: Page, value: number, a?: string, b?: string, c?: string, d?: string): void {
    const labels = this.#addLabels(page, a, b, c, d);
    invariant(labels === this.#before.length, this.#mismatch);
    page.addValue(labels === 0 ? this.#bare : AFTER_LABELS, value);
  }

  /**
   * Adds a line for each value of the last label: `before` has that value and `"} `, as bytes. The
   * other labels have the values `a` to `c`.
   */
  lines(
    page: Page,
    before: readonly Uint8Array[],
    values: ArrayLike<number>,
    a?: string,
    b?: string,
    c?: string,
  ): void {
    const from = page.length;
    const labels = this.#addLabels(page, a, b, c);
    invariant(labels === this.#before.length - 1, this.#mismatch);
    page.addBytes(this.#before[labels]!);
    page.addLines(from, before, values);
  }

  /** Returns how many values there are. */
  #addLabels(page: Page, a?: string, b?: string, c?: string, d?: string): number {
    if (a === undefined) return 0;
    this.#addLabel(page, 0, a);
    if (b === undefined) return 1;
    this.#addLabel(page, 1, b);
    if (c === undefined) return 2;
    this.#addLabel(page, 2, c);
    if (d === undefined) return 3;
    this.#addLabel(page, 3, d);
    return 4;
  }

  #addLabel(page: Page, place: number, value: string): void {
    const before = this.#before[place];
    invariant(before !== undefined, this.#mismatch);
    page.addLabel(before, value);
  }
}
