/** PURE. The written syntax of each command of the tree; help texts are made of it. */
import type { CommandName, OptionNode, TreeNode } from "./node.ts";
import { TREE } from "./tree.ts";
import { placeholder } from "./values.ts";

/** A piece of a command's syntax. */
export interface Piece {
  /** "mark": a bracket or a bar, which users do not type. */
  readonly kind: "word" | "value" | "mark";
  readonly text: string;
}

export interface CommandSyntax {
  readonly command: CommandName;
  readonly pieces: readonly Piece[];
  /** Possible options, in brackets. */
  readonly options: readonly Piece[];
  readonly help: string;
  readonly more: readonly string[];
  /** The options one by one. */
  readonly all: readonly OptionNode[];
}

/** Every place where a line may end, in the tree's order. */
export function commandSyntaxes(tree: readonly TreeNode[] = TREE): readonly CommandSyntax[] {
  return tree.flatMap((node) => below(node, []));
}

function below(node: TreeNode, before: readonly Piece[]): readonly CommandSyntax[] {
  const piece: Piece = node.kind === "word"
    ? { kind: "word", text: node.word }
    : { kind: "value", text: placeholder(node.slot) };
  const pieces = [...before, piece];
  const { run, help, options = [], next = [] } = node;
  const nested = node.kind === "word" ? node.nested : undefined;
  const rest = nested === undefined ? optionPieces(options) : nestedPieces(nested);
  const own = run === undefined
    ? []
    : [{ command: run, pieces, options: rest, help, more: node.more ?? [], all: options }];
  return [...own, ...(nested === undefined ? next : []).flatMap((child) => below(child, pieces))];
}

/** `[num <n>] [log [level <level>]] [for <duration> | until <time>]`. */
function optionPieces(options: readonly OptionNode[]): readonly Piece[] {
  const done = new Set<OptionNode>();
  return options.filter(({ after }) => after === undefined).flatMap((option) => {
    if (done.has(option)) return [];
    const either = options.filter(({ word }) => option.excludes?.includes(word));
    for (const other of either) done.add(other);
    return [
      mark("["),
      ...onePieces(option, options),
      ...either.flatMap((other) => [mark("|"), ...onePieces(other, options)]),
      mark("]"),
    ];
  });
}

/** An option with its value, and the options that need it before them. */
function onePieces({ word, value }: OptionNode, options: readonly OptionNode[]): readonly Piece[] {
  const inner = options.filter(({ after }) => after === word);
  return [
    { kind: "word", text: word },
    ...valuePieces(value),
    ...inner.flatMap((option) => [mark("["), ...onePieces(option, options), mark("]")]),
  ];
}

/** The word of an option with its value. */
export function optionText({ word, value }: OptionNode): string {
  return joinPieces([{ kind: "word", text: word }, ...valuePieces(value)]);
}

function valuePieces(value: OptionNode["value"]): readonly Piece[] {
  if (value === undefined) return [];
  const piece: Piece = { kind: "value", text: placeholder(value.slot) };
  return value.optional === undefined ? [piece] : [mark("["), piece, mark("]")];
}

function nestedPieces(text: string): readonly Piece[] {
  return [mark("["), { kind: "value", text }, mark("]")];
}

function mark(text: string): Piece {
  return { kind: "mark", text };
}

/** The pieces with blanks between them, except inside brackets; `dress` may format each. */
export function joinPieces(
  pieces: readonly Piece[],
  dress: (piece: Piece) => string = ({ text }) => text,
): string {
  let line = "";
  for (const [index, piece] of pieces.entries()) {
    const glued = index === 0 || piece.text === "]" || pieces[index - 1]?.text === "[";
    line += (glued ? "" : " ") + dress(piece);
  }
  return line;
}
