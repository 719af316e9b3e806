/**
 * JSON for scripts: names in the order of the API's definition, everything in it, the same text for
 * the same answer. Characters that would do something to a terminal are written as `\u….`, which
 * means the same to whoever reads JSON.
 */
import { replaceUnsafe } from "../../base/text.ts";
import type { Json } from "../../grpc/client/client.ts";

/** Over several lines, with a newline at the end. */
export function jsonText(json: Json): string {
  return `${harmless(JSON.stringify(json, undefined, 2))}\n`;
}

/** In one line, with a newline at the end. */
export function jsonLine(json: Json): string {
  return `${harmless(JSON.stringify(json))}\n`;
}

/** Unsafe characters that JSON.stringify leaves as they are stand in strings only. */
function harmless(text: string): string {
  return replaceUnsafe(text, (character) => {
    let escaped = "";
    for (let at = 0; at < character.length; at++) {
      escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  }, { lines: true });
}
