/**
 * Walks the whole tree, with every order of two options and every set of more. Goal: at every place
 * that a line can reach, parsing, completion and `?` agree with each other, and with the tree as
 * spelled out here a second time. Method: places are found with whole words only; a sample stands for
 * each slot.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { candidates } from "./complete.ts";
import { helpAt } from "./help.ts";
import type { CommandName, Invocation, OptionNode, SlotKind, TreeNode } from "./node.ts";
import { parse } from "./parse.ts";
import { TREE } from "./tree.ts";
import { fixedValues, placeholder } from "./values.ts";

/** A value for each slot that is not a prefix of a word, and its passed-on form. */
const SAMPLES: Readonly<Record<SlotKind, string>> = {
  frontend: "zz-vip",
  backend: "zz-server",
  healthcheck: "zz-check",
  pool: "zz-pool",
  "pool-backend": "zz-member",
  lb: "zz-lb",
  site: "zz-site",
  weight: "50",
  count: "7",
  level: "warn",
  duration: "1h30m",
  time: "2027-01-31T18:00:00.000Z",
  text: "two words",
  hash: "ab".repeat(32),
  id: "0123abcd",
  waves: "lb1/site=ams/rest",
  // Its values are words of the language; "pause" is one of an action as well.
  then: "disable",
  shell: "zsh",
};

/** `commandHelp`: the help after an optional value, which is the command's. */
type SpotNode = TreeNode & { readonly commandHelp?: string };

/** The place that a line leads to, from the tree alone. */
interface Spot {
  readonly line: readonly string[];
  readonly args: Readonly<Record<string, string>>;
  readonly run: CommandName | undefined;
  readonly help: string;
  readonly nodes: readonly SpotNode[];
  /** Options that may still be given. */
  readonly options: readonly OptionNode[];
}

/** So many options are walked in every order, further ones in the tree's: a drain has ten. */
const IN_EVERY_ORDER = 2;

function spotsBelow(spot: Spot, given: readonly OptionNode[] = []): readonly Spot[] {
  const all = optionsOf(spot.run);
  const placeOf = ({ word }: OptionNode) => all.findIndex((option) => option.word === word);
  const last = given.length < IN_EVERY_ORDER ? -1 : placeOf(given.at(-1)!);
  return [
    spot,
    ...spot.nodes.flatMap((node) => spotsBelow(afterNode(spot, node), given)),
    ...spot.options.filter((option) => placeOf(option) > last)
      .flatMap((option) => spotsBelow(afterOption(spot, option), [...given, option])),
  ];
}

function afterNode({ line, args }: Spot, node: SpotNode): Spot {
  const text = node.kind === "word" ? node.word : SAMPLES[node.slot];
  const given = node.kind === "slot" ? [node.name, text] as const : node.gives;
  const now = given === undefined ? args : { ...args, [given[0]]: given[1] };
  return {
    line: [...line, text],
    args: now,
    run: node.run,
    help: node.commandHelp ?? node.help,
    nodes: node.next ?? [],
    options: leftOf(node.options ?? [], now),
  };
}

function afterOption(spot: Spot, { word, value, excludes }: OptionNode): Spot {
  const { run, help } = spot;
  const optional = value?.optional;
  const text = value === undefined || optional !== undefined ? [] : [SAMPLES[value.slot]];
  const args = { ...spot.args, [word]: text[0] ?? "" };
  const all = optionsOf(run);
  const options = leftOf(all, args).filter((option) =>
    excludes?.includes(option.word) !== true && option.excludes?.includes(word) !== true
  );
  const line = [...spot.line, word, ...text];
  if (value === undefined || optional === undefined) {
    return { line, args, run, help, nodes: [], options };
  }
  // After the value the command goes on as without it.
  const slot: SpotNode = {
    kind: "slot",
    name: word,
    slot: value.slot,
    help: optional,
    commandHelp: help,
    options: all,
    ...(run === undefined ? {} : { run }),
  };
  return { line, args, run, help, nodes: [slot], options };
}

function leftOf(
  all: readonly OptionNode[],
  args: Readonly<Record<string, string>>,
): readonly OptionNode[] {
  return all.filter(({ word, after }) =>
    !(word in args) && !all.some((other) => other.excludes?.includes(word) && other.word in args) &&
    (after === undefined || after in args)
  );
}

function nodesOf(tree: readonly TreeNode[]): readonly TreeNode[] {
  return tree.flatMap((node) => [node, ...nodesOf(node.next ?? [])]);
}

/** Options belong to commands: the same at each node that runs one. */
function optionsOf(run: CommandName | undefined): readonly OptionNode[] {
  return nodesOf(TREE).find((node) => node.run === run)?.options ?? [];
}

const SPOTS = spotsBelow({
  line: [],
  args: {},
  run: undefined,
  help: "",
  nodes: TREE,
  options: [],
});

/** Every command by a line for it. A command without a line here does not compile. */
const LINES: Readonly<Record<CommandName, string>> = {
  "show version": "show version",
  "show frontends": "show frontends",
  "show frontend": "show frontends web",
  "show backends": "show backends",
  "show backend": "show backends nginx0",
  "show healthchecks": "show healthchecks",
  "show healthcheck": "show healthchecks http",
  "show status": "show status",
  "show intents": "show intents",
  "show fleet": "show fleet",
  "show fleet differences": "show fleet differences",
  "show fleet votes": "show fleet votes",
  "show fleet reshuffle": "show fleet reshuffle",
  "show fleet intents": "show fleet intents",
  "fleet adopt": "fleet adopt 0123abcd",
  "fleet restore": "fleet restore",
  "fleet forget": "fleet forget",
  "fleet rollout": `fleet rollout ${"ab".repeat(32)} waves lb1/rest`,
  "fleet rollout next": "fleet rollout next",
  "fleet rollout stop": "fleet rollout stop",
  "fleet rollout revert": "fleet rollout revert",
  "cancel intent": "cancel intent 0123abcd",
  "show vpp info": "show vpp info",
  "show vpp lb state": "show vpp lb state",
  "show vpp lb counters": "show vpp lb counters",
  "show vpp lb servers": "show vpp lb servers",
  "sync vpp lb state": "sync vpp lb state",
  "set backend pause": "set backend nginx0 pause",
  "set backend resume": "set backend nginx0 resume",
  "set backend enable": "set backend nginx0 enable",
  "set backend disable": "set backend nginx0 disable",
  "set backend clear": "set backend nginx0 clear",
  "set backend drain": "set backend nginx0 drain",
  "set lameduck on": "set lameduck on",
  "set lameduck off": "set lameduck off",
  "set weight file": "set frontend web pool blue backend nginx0 weight file",
  "set weight": "set frontend web pool blue backend nginx0 weight 5",
  "plan backend pause": "plan backend nginx0 pause",
  "plan backend resume": "plan backend nginx0 resume",
  "plan backend enable": "plan backend nginx0 enable",
  "plan backend disable": "plan backend nginx0 disable",
  "plan backend drain": "plan backend nginx0 drain",
  "plan weight file": "plan frontend web pool blue backend nginx0 weight file",
  "plan weight": "plan frontend web pool blue backend nginx0 weight 5",
  "explain backend": "explain backend nginx0",
  "explain frontend": "explain frontend web",
  "show history": "show history",
  "config check": "config check",
  "config plan": "config plan",
  "config reload": "config reload",
  "watch events": "watch events",
  completion: "completion zsh",
  help: "help",
  quit: "quit",
};

function understood(line: readonly string[]): Invocation | undefined {
  const parsed = parse(line);
  return parsed.kind === "command" ? parsed.invocation : undefined;
}

Deno.test("the walk comes to every place: 13 words deep, with all orders of two options", () => {
  ok(SPOTS.length > 250, String(SPOTS.length));
  equal(new Set(SPOTS.map(({ line }) => line.join("\0"))).size, SPOTS.length);
  ok(SPOTS.some(({ line }) => line.length === 13));
});

Deno.test("every command is reached by its line, and the tree has no other", () => {
  for (const [command, line] of Object.entries(LINES)) {
    equal(understood(line.split(" "))?.command, command);
  }
  const reached = new Set(SPOTS.flatMap(({ run }) => run ?? []));
  deepEqual([...reached].sort(), Object.keys(LINES).sort());
});

Deno.test("every node and option has a line of help that fits a terminal of 80 columns", () => {
  for (const node of [...nodesOf(TREE), ...nodesOf(TREE).flatMap(({ options = [] }) => options)]) {
    const text = JSON.stringify(node);
    match(node.help, /^[A-Z][ -~]*[^.]$/, text);
    ok(node.help.length <= ("run" in node && !("gives" in node) ? 48 : 60), text);
  }
});

Deno.test("words of one place differ, a place has one slot at most, and every leaf is a command", () => {
  const places = [TREE, ...nodesOf(TREE).map(({ next = [] }) => next)];
  for (const nodes of places) {
    const words = nodes.flatMap((node) =>
      node.kind === "word" ? [node.word, ...node.also ?? []] : []
    );
    equal(new Set(words).size, words.length, words.join(" "));
    ok(nodes.filter(({ kind }) => kind === "slot").length <= 1, words.join(" "));
    for (const word of words) match(word, /^[a-z]+$/);
  }
  for (const node of nodesOf(TREE)) {
    ok(node.run !== undefined || (node.next ?? []).length > 0, node.help);
    if (node.options !== undefined) ok(node.run !== undefined, node.help);
    // Otherwise the walk above would not reach all of them.
    if (node.run !== undefined) deepEqual(node.options ?? [], optionsOf(node.run), node.run);
  }
});

Deno.test("at every place, parsing accepts the words of the tree", () => {
  for (const { line, run, args } of SPOTS) {
    const parsed = parse(line);
    if (run === undefined) {
      equal(parsed.kind, line.length === 0 ? "empty" : "error", line.join(" "));
    } else {
      deepEqual(parsed, { kind: "command", invocation: { command: run, args } }, line.join(" "));
    }
  }
});

Deno.test("at every place, completion and ? list the words of the tree, and nothing else", () => {
  for (const { line, nodes, options, run, help, args } of SPOTS) {
    const where = line.join(" ");
    const words = [...nodes.filter((node) => node.kind === "word"), ...options];
    const slots = nodes.filter((node) => node.kind === "slot");
    deepEqual(candidates(line, ""), {
      words: words.map(({ word, help }) => ({ text: word, help })),
      slots: slots.map(({ name, slot, help }) => ({ slot, name, help, args })),
    }, where);
    const listed = helpAt(line, "").map((row) => row.split(/ {2,}/));
    const wanted = [
      ...words.map(({ word, help }) => [word, help]),
      ...slots.flatMap(({ slot, help }) => {
        const values = fixedValues(slot);
        return values.length === 0
          ? [[placeholder(slot), help]]
          : values.map(({ text, help }) => [text, help]);
      }),
      ...(run === undefined ? [] : [["<Enter>", help]]),
    ];
    deepEqual(listed.sort(), wanted.sort(), where);
    for (const { text } of candidates(line, "").words) {
      const parsed = parse([...line, text]);
      ok(parsed.kind === "command" || /: incomplete; /.test(message(parsed)), `${where} ${text}`);
    }
  }
});

function message(parsed: ReturnType<typeof parse>): string {
  return parsed.kind === "error" ? parsed.message : "";
}

Deno.test("at every place, each beginning of a word is that word, ambiguous, or a value", () => {
  for (const { line, nodes, options } of SPOTS) {
    const slot = nodes.some(({ kind }) => kind === "slot");
    const fixed = [...nodes.filter((node) => node.kind === "word"), ...options];
    const words = fixed.map(({ word }) => word);
    for (const word of words) {
      for (let length = 1; length <= word.length; length++) {
        const start = word.slice(0, length);
        const begun = words.filter((other) => other.startsWith(start));
        const where = `${line.join(" ")} ${start}`;
        deepEqual(candidates(line, start).words.map(({ text }) => text), begun, where);
        if (begun.length === 1 && !slot || words.includes(start)) {
          const full = words.includes(start) ? start : begun[0]!;
          deepEqual(parse([...line, start]), parse([...line, full]), where);
        } else if (!slot) {
          match(message(parse([...line, start])), /ambiguous word/, where);
          for (const candidate of begun) ok(message(parse([...line, start])).includes(candidate));
        } else {
          // Where a slot may follow, an option needs all its letters.
          equal(parse([...line, start]).kind, "command", where);
        }
      }
    }
  }
});

Deno.test("at every place, the error for an unknown word names it and all expected words", () => {
  for (const { line, nodes, options, run } of SPOTS) {
    if (nodes.some(({ kind }) => kind === "slot")) continue;
    const said = message(parse([...line, "Frobnicate"]));
    ok(said.includes('unknown word "Frobnicate"'), said);
    for (const word of candidates(line, "").words) ok(said.includes(word.text), said);
    if (nodes.length + options.length === 0) match(said, /no further arguments expected/);
    else equal(said.includes("or the end of the line"), run !== undefined, said);
    // The continuation after it is undefined.
    deepEqual(candidates([...line, "Frobnicate"], ""), { words: [], slots: [] });
    deepEqual(helpAt([...line, "Frobnicate"], ""), [said]);
  }
});

Deno.test("at every place that needs more words, the error at the end of the line names them", () => {
  for (const { line, nodes, run } of SPOTS) {
    if (run !== undefined || line.length === 0) continue;
    const said = message(parse(line));
    match(said, /: incomplete; expected /);
    for (const node of nodes) {
      ok(said.includes(node.kind === "word" ? node.word : placeholder(node.slot)), said);
    }
  }
});

Deno.test("an error names the value that is missing after an option", () => {
  for (const { line, options } of SPOTS) {
    for (const { word, value, help } of options) {
      if (value === undefined || value.optional !== undefined) continue;
      const said = message(parse([...line, word]));
      ok(said.endsWith(`${word}: incomplete; expected ${placeholder(value.slot)}: ${help}`), said);
      deepEqual(candidates([...line, word], "").words, []);
      deepEqual(candidates([...line, word], "").slots.map(({ slot }) => slot), [value.slot]);
    }
  }
});
