/**
 * PURE. Walks a line through the tree, word by word. Parsing, completion and `?` all start from the
 * place it leads to, so that they cannot disagree.
 *
 * A word is read as the fixed word that it equals, otherwise as the only fixed word that it is a
 * prefix of, otherwise as the value of the slot. Options follow a complete command; where a slot is
 * possible too, they need all their letters, because a name could start like one. Where a word and
 * a name are equal, the word wins: `sync vpp lb state` with a frontend named `reason`, and the
 * names of `watch events`. Everywhere else a name may be a word of the tree: `set backend pause
 * pause`.
 */
import { nearest } from "../../base/nearest.ts";
import { listWords, quote } from "../../base/text.ts";
import type { CommandName, OptionNode, SlotKind, TreeNode, WordNode } from "./node.ts";
import { checkValue, placeholder } from "./values.ts";

/** Longest line, in words. */
export const MAX_WORDS = 64;
/** Longest word, in UTF-16 units. */
export const MAX_WORD_LENGTH = 4096;

/** A slot, or the value of an option: its kind, and its key in Args. */
export interface ValuePlace {
  readonly name: string;
  readonly slot: SlotKind;
  readonly help: string;
}

/** The place that words lead to: possible continuations, and the meaning so far. */
export interface Place {
  /** The words in full, values as they are passed on. */
  readonly path: readonly string[];
  readonly args: ReadonlyMap<string, string>;
  /** Command of a line that ends here; undefined: more words must follow. */
  readonly run: CommandName | undefined;
  /** Help of the last word or value, or of the command whose options are being read. */
  readonly help: string;
  readonly words: readonly WordNode[];
  readonly options: readonly OptionNode[];
  /** The value that may follow; it must when there are neither words nor options nor run. */
  readonly value: ValuePlace | undefined;
  /** The place after that value once it is checked. */
  readonly onValue: ((value: string) => Place) | undefined;
  /** All options of the command whose options are being read, including those already given. */
  readonly allOptions: readonly OptionNode[];
}

export type Walk =
  | { readonly kind: "place"; readonly place: Place }
  | { readonly kind: "error"; readonly message: string };

/** The reading of one more word at a place. */
export type Reading =
  | { readonly kind: "place"; readonly place: Place; readonly as: "word" | "option" | "value" }
  | { readonly kind: "error"; readonly message: string };

/** Walks `words` from the root. */
export function walk(words: readonly string[], tree: readonly TreeNode[]): Walk {
  if (words.length > MAX_WORDS) {
    return { kind: "error", message: `too many words: need at most ${MAX_WORDS}` };
  }
  let place = enter({ help: "", next: tree }, { path: [], args: new Map() });
  for (const word of words) {
    const reading = step(place, word);
    if (reading.kind === "error") return reading;
    place = reading.place;
  }
  return { kind: "place", place };
}

/** One word further. */
export function step(place: Place, word: string): Reading {
  if (word.length > MAX_WORD_LENGTH) {
    return {
      kind: "error",
      message: `a word is too long: need at most ${MAX_WORD_LENGTH} letters`,
    };
  }
  const { words, options, value, onValue } = place;
  const exact = words.find((node) => node.word === word || node.also?.includes(word) === true);
  if (exact !== undefined) return { kind: "place", place: onWord(place, exact), as: "word" };
  const exactOption = options.find((option) => option.word === word);
  if (exactOption !== undefined) {
    return { kind: "place", place: onOption(place, exactOption), as: "option" };
  }
  const begun = [...words, ...(value === undefined ? options : [])]
    .filter((node) => word !== "" && node.word.startsWith(word));
  const [only] = begun;
  if (only !== undefined && begun.length === 1) {
    return isWord(only)
      ? { kind: "place", place: onWord(place, only), as: "word" }
      : { kind: "place", place: onOption(place, only), as: "option" };
  }
  if (value !== undefined && onValue !== undefined) {
    const checked = checkValue(value.slot, word);
    return checked.ok
      ? { kind: "place", place: onValue(checked.value), as: "value" }
      : { kind: "error", message: `${value.name}: ${checked.message}` };
  }
  return { kind: "error", message: said(place, misfit(place, { word, begun })) };
}

/** Possible continuations, as a list for a sentence; empty: none. */
export function expected({ words, options, value }: Place): string {
  return listWords([
    ...words.map(({ word }) => word),
    ...(value === undefined ? [] : [placeholder(value.slot)]),
    ...options.map(({ word }) => word),
  ]);
}

/** `message` after the words that lead to the place before it. */
export function said({ path }: Place, message: string): string {
  return path.length === 0 ? message : `${path.map(inMessage).join(" ")}: ${message}`;
}

/** A word for a message: long ones are cut, those with blanks are quoted. */
function inMessage(word: string): string {
  return /^[\w.:-]{1,40}$/.test(word) ? word : quote(word);
}

function misfit(
  place: Place,
  { word, begun }: { word: string; begun: readonly (WordNode | OptionNode)[] },
): string {
  if (begun.length > 1) {
    return `ambiguous word ${quote(word)}: ${listWords(begun.map((node) => node.word))}`;
  }
  const wanted = expected(place);
  const end = place.run === undefined ? "" : ", or the end of the line";
  const given = place.allOptions.find((option) => option.word === word);
  if (given !== undefined) {
    const instead = wanted === "" ? "no further arguments expected" : `expected ${wanted}${end}`;
    return `${word} ${whyNot(place, given)}; ${instead}`;
  }
  const hint = hasText(place) ? BLANKS_HINT : "";
  if (wanted === "") return `unknown word ${quote(word)}: no further arguments expected${hint}`;
  const near = nearest(word, [...place.words, ...place.options].map((node) => node.word));
  const meant = near === undefined ? hint : `; did you mean ${quote(near)}?`;
  return `unknown word ${quote(word)}; expected ${wanted}${end}${meant}`;
}

const BLANKS_HINT = "; text with blanks needs quotes";

/** True after a text, which may have been meant to be longer. */
function hasText({ allOptions, args }: Place): boolean {
  return allOptions.some(({ word, value }) => value?.slot === "text" && args.has(word));
}

/** The reason why an option of the command cannot stand here. */
function whyNot(place: Place, { word, after, excludes }: OptionNode): string {
  if (place.args.has(word)) return "was given already";
  const other = excludes?.find((each) => place.args.has(each));
  return other === undefined ? `needs ${after} before it` : `does not go with ${other}`;
}

function isWord(node: WordNode | OptionNode): node is WordNode {
  return "kind" in node;
}

type Trail = Pick<Place, "path" | "args">;

function enter(
  { help, run, next = [], options = [] }: Pick<TreeNode, "help" | "next" | "run" | "options">,
  trail: Trail,
): Place {
  const slot = next.find((node) => node.kind === "slot");
  const bare: Place = {
    ...trail,
    help,
    run,
    words: next.filter((node) => node.kind === "word"),
    options: available(options, trail.args),
    allOptions: options,
    value: undefined,
    onValue: undefined,
  };
  if (slot === undefined) return bare;
  return { ...bare, value: slot, onValue: (value) => enter(slot, add(trail, [slot.name, value])) };
}

function onWord({ path, args }: Place, node: WordNode): Place {
  const given = node.gives === undefined ? args : put(args, node.gives);
  return enter(node, { path: [...path, node.word], args: given });
}

function onOption(place: Place, option: OptionNode): Place {
  const { word, help, value } = option;
  const path = [...place.path, word];
  const bare = afterOption(place, { path, args: put(place.args, [word, ""]) });
  if (value === undefined) return bare;
  const onValue = (text: string) =>
    afterOption(place, add({ path, args: place.args }, [word, text]));
  if (value.optional !== undefined) {
    return { ...bare, value: { name: word, slot: value.slot, help: value.optional }, onValue };
  }
  return {
    path,
    args: place.args,
    help,
    run: undefined,
    words: [],
    options: [],
    allOptions: [],
    value: { name: word, slot: value.slot, help },
    onValue,
  };
}

/** The place after an option: the command with one option less. */
function afterOption({ help, run, allOptions }: Place, trail: Trail): Place {
  return enter({ help, ...(run === undefined ? {} : { run }), options: allOptions }, trail);
}

function available(
  options: readonly OptionNode[],
  args: ReadonlyMap<string, string>,
): readonly OptionNode[] {
  return options.filter(({ word, after, excludes }) =>
    !args.has(word) && (after === undefined || args.has(after)) &&
    excludes?.some((other) => args.has(other)) !== true
  );
}

function add({ path, args }: Trail, [name, value]: readonly [string, string]): Trail {
  return { path: [...path, value], args: put(args, [name, value]) };
}

function put(args: ReadonlyMap<string, string>, entry: readonly [string, string]) {
  return new Map([...args, entry]);
}
