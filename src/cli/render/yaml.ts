/** Renders the JSON form as YAML. */
import { hasUnsafe, replaceUnsafe } from "../../base/text.ts";
import type { Json } from "../../grpc/client/client.ts";

/**
 * A YAML document with the same content as `json`. The first call loads the library, because
 * loading it takes longer than most commands.
 */
export function yamlText(json: Json): Promise<string> {
  return import("yaml").then(({ Document, Scalar, visit }) => {
    const document = new Document(json, { aliasDuplicateObjects: false });
    visit(document, {
      // In double quotes anything can be written as an escape.
      Scalar(_, node) {
        if (typeof node.value === "string" && hasUnsafe(node.value.replaceAll("\n", ""))) {
          node.type = Scalar.QUOTE_DOUBLE;
        }
      },
    });
    return replaceUnsafe(document.toString({ lineWidth: 0 }), escapeOf, { lines: true });
  });
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
