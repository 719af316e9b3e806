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
    page.addBytes(labels === 0 ? this.#bare : AFTER_LABELS);
    page.addValue(value);
    page.end();
  }

  /**
   * Adds the start of a line without its last label's value; that value, `"} 1` and a newline
   * follow.
   */
  open(page: Page, a?: string, b?: string, c?: string): void {
    const labels = this.#addLabels(page, a, b, c);
    invariant(labels === this.#before.length - 1, this.#mismatch);
    page.addBytes(this.#before[labels]!);
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
    page.addBytes(before);
    page.addLabel(value);
  }
}
