/**
 * JSON for scripts: names in the order of the API's definition, all fields, the same text for the
 * same answer. Characters that would affect a terminal are written as `\u….`, which JSON readers
 * decode.
 */
import type { Json } from "../../grpc/client/client.ts";

/** Over several lines, with a newline at the end. */
export function jsonText(json: Json): string {
  return `${harmless(JSON.stringify(json, undefined, 2))}\n`;
}

/** In one line, with a newline at the end. */
export function jsonLine(json: Json): string {
  return `${harmless(JSON.stringify(json))}\n`;
}

/** Characters that JSON.stringify does not escape; they occur in strings only. */
const RAW = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

function harmless(text: string): string {
  return text.replace(RAW, (character) => {
    let escaped = "";
    for (let at = 0; at < character.length; at++) {
      escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  });
}
