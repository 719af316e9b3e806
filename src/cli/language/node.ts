/** PURE. Types of the tree of commands; the tree is in tree.ts. */

/** Kinds of slots. The first seven are completed with names on the server. */
export type SlotKind =
  | "frontend"
  | "backend"
  | "healthcheck"
  /** A pool of the frontend that is already typed. */
  | "pool"
  /** A backend of the frontend and pool that are already typed. */
  | "pool-backend"
  /** A load balancer of the fleet. */
  | "lb"
  /** A site of the fleet. */
  | "site"
  /** 0 to 100. */
  | "weight"
  /** A whole number, at least 1. */
  | "count"
  /** A level of the log. */
  | "level"
  /** For example 90s or 3d4h. */
  | "duration"
  /** An instant: RFC 3339. */
  | "time"
  /** Any text; in the shell with quotes when it has blanks. */
  | "text"
  /** The hash of a plan or a file: 64 hexadecimal digits. */
  | "hash"
  /** An intent: eight hexadecimal digits. */
  | "id"
  /** Waves of a rollout: names, site=NAME or rest, with commas and slashes. */
  | "waves"
  /** pause or disable. */
  | "then"
  /** bash, zsh or fish. */
  | "shell";

/** Every command, named by its words without slots. */
export type CommandName =
  | "show version"
  | "show frontends"
  | "show frontend"
  | "show backends"
  | "show backend"
  | "show healthchecks"
  | "show healthcheck"
  | "show status"
  | "show intents"
  | "show fleet"
  | "show fleet differences"
  | "show fleet votes"
  | "show fleet reshuffle"
  | "show fleet intents"
  | "fleet adopt"
  | "fleet restore"
  | "fleet forget"
  | "fleet rollout"
  | "fleet rollout next"
  | "fleet rollout stop"
  | "fleet rollout revert"
  | "cancel intent"
  | "show vpp info"
  | "show vpp lb state"
  | "show vpp lb counters"
  | "show vpp lb servers"
  | "sync vpp lb state"
  | "set backend pause"
  | "set backend resume"
  | "set backend enable"
  | "set backend disable"
  | "set backend clear"
  | "set backend drain"
  | "set lameduck on"
  | "set lameduck off"
  | "set weight"
  | "set weight file"
  | "plan backend pause"
  | "plan backend resume"
  | "plan backend enable"
  | "plan backend disable"
  | "plan backend drain"
  | "plan weight"
  | "plan weight file"
  | "explain backend"
  | "explain frontend"
  | "show history"
  | "config check"
  | "config plan"
  | "config reload"
  | "watch events"
  | "completion"
  | "help"
  | "quit";

interface Node {
  /** One line, for `?`, help, man page and completions. */
  readonly help: string;
  /** More lines, for `help` of this command alone. */
  readonly more?: readonly string[];
  /** Command of a line that ends here; absent: more words must follow. */
  readonly run?: CommandName;
  /** Possible continuations. */
  readonly next?: readonly TreeNode[];
  /** May follow in any order, each once, when the line may end here. */
  readonly options?: readonly OptionNode[];
}

/** A fixed word. */
export interface WordNode extends Node {
  readonly kind: "word";
  readonly word: string;
  /** Other spellings, which are accepted but not offered. */
  readonly also?: readonly string[];
  /** An argument that the word itself sets. */
  readonly gives?: readonly [name: string, value: string];
  /** Stands for all continuations in lists of commands: the words of all commands. */
  readonly nested?: string;
}

/** A place for a value, which becomes `args[name]`. */
export interface SlotNode extends Node {
  readonly kind: "slot";
  readonly name: string;
  readonly slot: SlotKind;
}

export type TreeNode = WordNode | SlotNode;

export interface OptionValue {
  readonly slot: SlotKind;
  /** The value may be left out; this is its help. Absent: it is required. */
  readonly optional?: string;
}

/** A word that may follow, perhaps with a value; it becomes `args[word]`, "" without a value. */
export interface OptionNode {
  readonly word: string;
  readonly help: string;
  readonly value?: OptionValue;
  /** Allowed only after this other option. */
  readonly after?: string;
  /** Not allowed with these other options; set on each. */
  readonly excludes?: readonly string[];
}

/**
 * The values of a command by name of slot or option; "" for an option without a value. They are
 * checked and normalized: weights and counts without leading zeros, levels in full, durations as
 * base/duration.ts reads them, times as RFC 3339 in UTC with milliseconds.
 */
export type Args = Readonly<Record<string, string>>;

/** A line that was parsed. */
export interface Invocation {
  readonly command: CommandName;
  readonly args: Args;
}
