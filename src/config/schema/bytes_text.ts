/**
 * Bytes as the file writes them: a text, sent as UTF-8, or `hex:` with pairs of digits. YAML's own
 * escapes (`"\r\n"` in double quotes) make line ends.
 */
import { quote } from "../../base/text.ts";

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
  if (text.startsWith(HEX) && !/^(?:[0-9A-Fa-f]{2})+$/.test(digitsOf(text))) {
    return `expected pairs of hexadecimal digits after \`${HEX}\`, found ${quote(text)}`;
  }
  const { length } = bytesOfText(text);
  if (length === 0) return "must not be empty";
  return length <= MAX_TEXT_BYTES
    ? undefined
    : `has ${length} bytes; at most ${MAX_TEXT_BYTES} are allowed`;
}

/** The digits after `hex:`; blanks between them are for people. */
function digitsOf(text: string): string {
  return text.slice(HEX.length).replaceAll(" ", "");
}
