/** PURE. Candidates for TAB at the cursor, from the tree and from the names on the servers. */
import type { Args, SlotKind, TreeNode } from "./node.ts";
import { TREE } from "./tree.ts";
import { type FixedValue, fixedValues, takesName } from "./values.ts";
import { type Place, step, walk } from "./walk.ts";

/** Largest number of names offered for one kind. */
const MAX_NAMES = 20_000;

/** A word that may stand at the cursor. */
export type Candidate = FixedValue;

export interface SlotCandidate {
  readonly slot: SlotKind;
  readonly name: string;
  readonly help: string;
  /** Values typed so far: pools are those of `args.frontend`. */
  readonly args: Args;
}

export interface Candidates {
  /** Fixed words with the typed beginning, in the tree's order. */
  readonly words: readonly Candidate[];
  /** Values that may stand here instead. */
  readonly slots: readonly SlotCandidate[];
}

/** Live names for a slot; the implementation limits its time. */
export type Names = (slot: SlotKind, args: Args) => Promise<readonly string[]>;

/** Candidates after `words`, where `partial` is typed; empty when `words` do not fit the tree. */
export function candidates(
  words: readonly string[],
  partial: string,
  tree: readonly TreeNode[] = TREE,
): Candidates {
  const walked = walk(words, tree);
  if (walked.kind === "error") return { words: [], slots: [] };
  const { place } = walked;
  const fixed = [...place.words, ...place.options].filter(({ word }) => word.startsWith(partial));
  return {
    words: fixed.map(({ word, help }) => ({ text: word, help })),
    slots: place.value === undefined ? [] : [slotCandidate(place, place.value)],
  };
}

function slotCandidate(
  { args }: Place,
  { name, slot, help }: Omit<SlotCandidate, "args">,
): SlotCandidate {
  return { slot, name, help, args: Object.fromEntries(args) };
}

/**
 * The words and names that may replace `partial`, sorted. Each is a word that parse() reads as it
 * was offered. Unavailable names are left out: it never rejects.
 */
export function complete(
  words: readonly string[],
  partial: string,
  names: Names,
): Promise<readonly Candidate[]> {
  const { words: fixed, slots } = candidates(words, partial);
  const walked = walk(words, TREE);
  const [slot] = slots;
  if (slot === undefined || walked.kind === "error") return Promise.resolve(sorted(fixed));
  if (!takesName(slot.slot)) {
    const values = fixedValues(slot.slot).filter(({ text }) => text.startsWith(partial));
    return Promise.resolve(sorted([...fixed, ...values]));
  }
  const usable = (name: string) => name.startsWith(partial) && isValueAt(walked.place, name);
  return live(slot, names).then((known) =>
    sorted([
      ...fixed,
      ...known.filter(usable).slice(0, MAX_NAMES).map((text) => ({ text, help: slot.help })),
    ])
  );
}

/** Rejections, thrown errors and invalid answers count as no names. */
function live(slot: SlotCandidate, names: Names): Promise<readonly string[]> {
  return Promise.resolve()
    .then(() => names(slot.slot, slot.args))
    .then((known) => known.filter((name) => typeof name === "string"))
    .catch(() => []);
}

/** False for a name that is invalid, or would be read as a word of the tree. */
function isValueAt(place: Place, name: string): boolean {
  const reading = step(place, name);
  return reading.kind === "place" && reading.as === "value";
}

/** Sorted by text, each once. */
function sorted(list: readonly Candidate[]): readonly Candidate[] {
  const byText = new Map([...list].reverse().map((candidate) => [candidate.text, candidate]));
  return [...byText.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}
