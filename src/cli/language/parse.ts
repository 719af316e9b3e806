/** PURE. Parses the words of a line into a command with its values, or an error. */
import type { Invocation, TreeNode } from "./node.ts";
import { TREE } from "./tree.ts";
import { expected, type Place, said, walk } from "./walk.ts";

export type Parsed =
  | { readonly kind: "command"; readonly invocation: Invocation }
  /** One line for operators, without a full stop. */
  | { readonly kind: "error"; readonly message: string }
  | { readonly kind: "empty" };

/** Parses `words` into a command. Never throws. */
export function parse(words: readonly string[], tree: readonly TreeNode[] = TREE): Parsed {
  if (words.length === 0) return { kind: "empty" };
  const walked = walk(words, tree);
  if (walked.kind === "error") return walked;
  const { place } = walked;
  if (place.run === undefined) return { kind: "error", message: incomplete(place) };
  const invocation = { command: place.run, args: Object.fromEntries(place.args) };
  return { kind: "command", invocation };
}

function incomplete(place: Place): string {
  const { value, words, options } = place;
  // A lone value is explained by its help; for several words the list is enough.
  const alone = value !== undefined && words.length + options.length === 0;
  return said(place, `incomplete; expected ${expected(place)}${alone ? `: ${value.help}` : ""}`);
}
