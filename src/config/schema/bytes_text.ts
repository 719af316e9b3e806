/**
 * Bytes as the file writes them: a text, sent as UTF-8, or `hex:` with pairs of digits. YAML's own
 * escapes (`"\r\n"` in double quotes) make line ends.
 */

/** Maximum number of bytes of one text. */
export const MAX_TEXT_BYTES = 4096;

const HEX = "hex:";

/** The bytes of a text without a problem. */
export function bytesOfText(text: string): Uint8Array {
  return text.startsWith(HEX) ? Uint8Array.fromHex(digitsOf(text)) : new TextEncoder().encode(text);
}

/** The problem with `text`, or undefined. */
export function bytesProblem(text: string): string | undefined {
  if (!text.isWellFormed()) return "must not hold half a surrogate pair";
  if (text.startsWith(HEX)) {
    const problem = digitsProblem(digitsOf(text));
    if (problem !== "") return `expected pairs of hexadecimal digits after \`${HEX}\`, ${problem}`;
  }
  const { length } = bytesOfText(text);
  if (length === 0) return "must not be empty";
  return length <= MAX_TEXT_BYTES
    ? undefined
    : `has ${length} bytes; at most ${MAX_TEXT_BYTES} are allowed`;
}

/** The problem with digits, by place and number: the text itself may be a password. */
function digitsProblem(digits: string): string {
  const at = digits.search(/[^0-9A-Fa-f]/);
  if (at >= 0) return `but the character at place ${at + 1} (without blanks) is another`;
  if (digits === "") return "but nothing follows";
  return digits.length % 2 === 0 ? "" : `but their number is ${digits.length}, which is odd`;
}

/** The digits after `hex:`; blanks between them are for people. */
function digitsOf(text: string): string {
  return text.slice(HEX.length).replaceAll(" ", "");
}
