/** The JSON form as YAML. */
import type { Json } from "../../grpc/client/client.ts";

/** Characters that must not reach a terminal, without line breaks. */
const RAW = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * The YAML document that means the same as `json`. The library is loaded by the first call: to
 * load it takes longer than most commands.
 */
export function yamlText(json: Json): Promise<string> {
  return import("yaml").then(({ Document, Scalar, visit }) => {
    const document = new Document(json, { aliasDuplicateObjects: false });
    visit(document, {
      // In double quotes anything can be written as an escape.
      Scalar(_, node) {
        if (typeof node.value === "string" && node.value.search(RAW) >= 0) {
          node.type = Scalar.QUOTE_DOUBLE;
        }
      },
    });
    return document.toString({ lineWidth: 0 }).replace(RAW, escapeOf);
  });
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
