/** PURE. `?` and the help texts, all from the tree. */
import type { TreeNode } from "./node.ts";
import {
  type CommandSyntax,
  commandSyntaxes,
  joinPieces,
  optionText,
  type Piece,
} from "./syntax.ts";
import { TREE } from "./tree.ts";
import { fixedValues, placeholder } from "./values.ts";
import { type Place, step, walk } from "./walk.ts";

/** Stands for the end of the line among the continuations. */
const END = "<Enter>";
/** Longest line of options without their indent. */
const OPTIONS_WIDTH = 74;
/** Column of the help in helpText(); with helps of 48 letters that makes 80. */
const HELP_COLUMN = 32;

/**
 * Lines that `?` shows where `partial` is typed after `words`: one for each possible continuation,
 * with its help, or the error when they do not fit the tree. No line is empty.
 */
export function helpAt(
  words: readonly string[],
  partial: string,
  tree: readonly TreeNode[] = TREE,
): readonly string[] {
  const walked = walk(words, tree);
  if (walked.kind === "error") return [walked.message];
  const rows = rowsAt(walked.place, partial);
  if (rows.length > 0) return columns(rows);
  const reading = step(walked.place, partial);
  return [reading.kind === "error" ? reading.message : `${END}  ${reading.place.help}`];
}

type Row = readonly [left: string, help: string];

function rowsAt(place: Place, partial: string): readonly Row[] {
  const { words, options, value, run, help } = place;
  const fixed = (nodes: readonly { word: string; help: string }[]): readonly Row[] =>
    nodes.filter(({ word }) => word.startsWith(partial)).map((node) => [node.word, node.help]);
  return [
    ...fixed(words),
    ...(value === undefined ? [] : valueRows(value, partial)),
    ...fixed(options),
    ...(run === undefined || partial !== "" ? [] : [[END, help] as const]),
  ];
}

function valueRows(
  { slot, help }: NonNullable<Place["value"]>,
  partial: string,
): readonly Row[] {
  const values = fixedValues(slot);
  if (values.length === 0) return [[placeholder(slot), help]];
  return values.filter(({ text }) => text.startsWith(partial)).map((value) => [
    value.text,
    value.help,
  ]);
}

function columns(rows: readonly Row[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, help]) => `${left.padEnd(width)}  ${help}`);
}

/** All commands with their help, for `help` and `--help`; ends without a newline. */
export function helpText(tree: readonly TreeNode[] = TREE): string {
  const lines = commandSyntaxes(tree).flatMap(commandLines);
  return ["Commands (words may be shortened while they are unique):", ...lines].join("\n");
}

/** Options in lines that fit with their indent, broken before brackets. */
function wrapped(options: string): readonly string[] {
  const lines: string[] = [];
  for (const group of options === "" ? [] : options.split(/ (?=\[)/)) {
    const last = lines.at(-1);
    const fits = last !== undefined && last.length + 1 + group.length <= OPTIONS_WIDTH;
    if (fits) lines[lines.length - 1] = `${last} ${group}`;
    else lines.push(group);
  }
  return lines;
}

function commandLines({ pieces, options, help }: CommandSyntax): readonly string[] {
  const left = `  ${joinPieces(pieces)}`;
  const head = left.length + 2 <= HELP_COLUMN
    ? [left.padEnd(HELP_COLUMN) + help]
    : [left, " ".repeat(HELP_COLUMN) + help];
  return [...head, ...wrapped(joinPieces(options)).map((line) => `      ${line}`)];
}

/**
 * The commands whose words begin with `topic` (whole words, values left out), their options, and
 * notes; ends without a newline.
 */
export function topicText(topic: string): string {
  const found = commandSyntaxes().filter(({ pieces }) =>
    `${fixedWords(pieces)} `.startsWith(`${topic} `)
  );
  const options = new Map(found.flatMap(({ all }) => all).map((each) => [optionText(each), each]));
  const rows = [...options].map(([left, { help, after }]): Row => [
    `  ${left}`,
    after === undefined ? help : `${help} (after ${after})`,
  ]);
  const notes = new Set(found.map(({ more }) => more.join("\n")).filter((text) => text !== ""));
  return [
    found.flatMap(commandLines).join("\n"),
    ...(rows.length === 0 ? [] : [`Options, in any order:\n${columns(rows).join("\n")}`]),
    ...notes,
  ].join("\n\n");
}

function fixedWords(pieces: readonly Piece[]): string {
  return pieces.filter(({ kind }) => kind === "word").map(({ text }) => text).join(" ");
}

/** The same as paragraphs of a man page (roff, man macros); ends with a newline. */
export function manCommands(tree: readonly TreeNode[] = TREE): string {
  return commandSyntaxes(tree).map(({ pieces, options, help }) =>
    `.TP\n${joinPieces([...pieces, ...options], roffPiece)}\n${roff(help)}.\n`
  ).join("");
}

function roffPiece({ kind, text }: Piece): string {
  if (kind === "mark") return roff(text);
  return `\\f${kind === "word" ? "B" : "I"}${roff(text)}\\fR`;
}

/** Escapes text so that roff finds no escapes in it, and no request at the start of a line. */
export function roff(text: string): string {
  const escaped = text.replace(/[\\'`^~-]/g, (character) => ROFF[character] ?? character);
  return /^[.]/.test(escaped) ? `\\&${escaped}` : escaped;
}

const ROFF: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
  "-": "\\-",
};
