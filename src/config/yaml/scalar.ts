/**
 * Scalars of the YAML 1.2 core schema.
 *
 * See https://yaml.org/spec/1.2.2/#1032-tag-resolution.
 */
import type { Mark } from "../schema/types.ts";
import { ScalarNode } from "./tree.ts";

/** First characters of the words and numbers below; any other text is text. */
const NOT_TEXT = /^[-+.0-9~nNtTfF]/;
const NULL = /^(?:~|[Nn]ull|NULL)?$/;
const BOOLEAN = /^(?:[Tt]rue|TRUE|[Ff]alse|FALSE)$/;
const DECIMAL = /^[-+]?[0-9]+$/;
const OCTAL = /^0o[0-7]+$/;
const HEXADECIMAL = /^0x[0-9a-fA-F]+$/;
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^(?:\.nan|\.NaN|\.NAN)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** All of these in one: an address begins like a number, and would be held against each of them. */
const VALUE = new RegExp(
  [NULL, BOOLEAN, FLOAT, OCTAL, HEXADECIMAL, INFINITE, NOT_A_NUMBER]
    .map(({ source }) => source).join("|"),
);

/** The value of a plain scalar, which is written as `text`. */
export function plainValue(text: string): string | number | boolean | null {
  if (text !== "" && !(NOT_TEXT.test(text) && VALUE.test(text))) return text;
  if (NULL.test(text)) return null;
  if (BOOLEAN.test(text)) return text.length === 4;
  if (DECIMAL.test(text)) return parseInt(text, 10);
  if (FLOAT.test(text)) return parseFloat(text);
  if (OCTAL.test(text)) return parseInt(text.slice(2), 8);
  if (HEXADECIMAL.test(text)) return parseInt(text.slice(2), 16);
  if (INFINITE.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return NOT_A_NUMBER.test(text) ? NaN : text;
}

/** A plain scalar; a null has the place of its key, which every value has. */
export function plainScalar(
  text: string,
  line: number,
  column: number,
  key: Mark,
): ScalarNode {
  const value = plainValue(text);
  if (value === null) return new ScalarNode(null, text, true, key.line, key.column);
  return new ScalarNode(value, text, true, line, column);
}

/** A scalar that was quoted or a block. */
export function textScalar(text: string, line: number, column: number): ScalarNode {
  return new ScalarNode(text, text, false, line, column);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "0": "\0",
  "a": "\x07",
  "b": "\b",
  "e": "\x1B",
  "f": "\f",
  "n": "\n",
  "r": "\r",
  "t": "\t",
  "v": "\v",
  "N": "\x85",
  "_": "\xA0",
  "L": "\u2028",
  "P": "\u2029",
  " ": " ",
  '"': '"',
  "/": "/",
  "\\": "\\",
};

/** The text of a double-quoted scalar of one line; undefined when it has another escape. */
export function unescaped(source: string): string | undefined {
  let known = true;
  const text = source.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\s\S]))/g,
    (_, short: string | undefined, long: string | undefined, letter: string) => {
      const code = short ?? long;
      if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
      const character = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
      if (character === undefined) known = false;
      return character ?? "";
    },
  );
  return known ? text : undefined;
}
