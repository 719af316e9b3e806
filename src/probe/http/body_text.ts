/**
 * PURE. Decodes the body of an answer for regular expressions, as Go's regexp reads UTF-8. Each byte
 * that is not part of a well-formed character becomes U+FFFD, and a byte order mark is an ordinary
 * character.
 */

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of `bytes`. */
export function bodyText(bytes: Uint8Array): string {
  try {
    return STRICT.decode(bytes);
  } catch {
    return patched(bytes);
  }
}

/** The platform's decoder makes one U+FFFD of several bad bytes; Go makes one of each. */
function patched(bytes: Uint8Array): string {
  let text = "";
  let from = 0;
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    if (length === 0) {
      text += `${STRICT.decode(bytes.subarray(from, at))}\ufffd`;
      from = at + 1;
    }
    at += Math.max(1, length);
  }
  return text + STRICT.decode(bytes.subarray(from));
}

/** `bytes` without the beginning of a character at their end that may be completed later. */
export function wholeCharacters(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const lead = bytes[bytes.length - back]!;
    if ((lead & 0xc0) === 0x80) continue;
    const needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return needed > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}

/** Length of the well-formed character at `at` (Unicode, table 3-7); 0 for a bad byte. */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xc2 && lead < 0xe0 ? 2 : (lead & 0xf0) === 0xe0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = at + 2; i < at + length; i++) if ((bytes[i]! & 0xc0) !== 0x80) return 0;
  return length;
}
