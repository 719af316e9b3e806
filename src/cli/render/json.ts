/**
 * JSON for scripts: names in the order of the API's definition, everything in it, the same text for
 * the same answer. Characters that would do something to a terminal are written as `\u….`, which
 * means the same to whoever reads JSON.
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

/** What JSON.stringify leaves as it is; it stands in strings only, C0 but the newline never. */
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
