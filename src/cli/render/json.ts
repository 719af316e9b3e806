/**
 * JSON for scripts: all fields, with their names in the order of the API's definition, and the same
 * text for the same answer. Characters that would affect a terminal are written as `\u….`, which
 * JSON readers decode.
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

/** Escapes the unsafe characters that JSON.stringify leaves; they occur in strings only. */
function harmless(text: string): string {
  return replaceUnsafe(text, (character) => {
    let escaped = "";
    for (let at = 0; at < character.length; at++) {
      escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  }, { lines: true });
}
