/** PURE. Types of the tree of commands; the tree is in tree.ts. */

/** Kinds of slots. The first five are completed with names on the server. */
export type SlotKind =
  | "frontend"
  | "backend"
  | "healthcheck"
  /** A pool of the frontend that is typed already. */
  | "pool"
  /** A backend of the frontend and pool that are typed already. */
  | "pool-backend"
  /** 0 to 100. */
  | "weight"
  /** A whole number from 1 on. */
  | "count"
  /** A level of the log. */
  | "level"
  /** Such as 90s or 3d4h. */
  | "duration"
  /** An instant: RFC 3339. */
  | "time"
  /** Anything; in the shell with quotes when it has blanks. */
  | "text"
  /** bash, zsh or fish. */
  | "shell";

/** Every command, by the words that make it, slots left out. */
export type CommandName =
  | "show version"
  | "show frontends"
  | "show frontend"
  | "show backends"
  | "show backend"
  | "show healthchecks"
  | "show healthcheck"
  | "show status"
  | "show vpp info"
  | "show vpp lb state"
  | "show vpp lb counters"
  | "show vpp lb servers"
  | "sync vpp lb state"
  | "set backend pause"
  | "set backend resume"
  | "set backend enable"
  | "set backend disable"
  | "set weight"
  | "set weight file"
  | "plan backend pause"
  | "plan backend resume"
  | "plan backend enable"
  | "plan backend disable"
  | "plan weight"
  | "plan weight file"
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
  /** Command of a line that ends here; absent: the line must go on. */
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
  /** Other spellings that are understood and not offered. */
  readonly also?: readonly string[];
  /** Argument that the word itself gives. */
  readonly gives?: readonly [name: string, value: string];
  /** Stands for all that may follow in texts that list commands: the words of all commands. */
  readonly nested?: string;
}

/** A place for a value; it becomes `args[name]`. */
export interface SlotNode extends Node {
  readonly kind: "slot";
  readonly name: string;
  readonly slot: SlotKind;
}

export type TreeNode = WordNode | SlotNode;

export interface OptionValue {
  readonly slot: SlotKind;
  /** May be left out, and what it is when it is there; absent: it must be there. */
  readonly optional?: string;
}

/** A word that may follow, perhaps with a value; it becomes `args[word]`, "" without a value. */
export interface OptionNode {
  readonly word: string;
  readonly help: string;
  readonly value?: OptionValue;
  /** Only when this other option was given before. */
  readonly after?: string;
  /** Not together with this other option; said of both. */
  readonly excludes?: string;
}

/**
 * The values of a command by name of slot or option; "" for an option without a value. They are
 * checked and in one form: weights and counts without leading zeros, levels in full, durations as
 * base/duration.ts reads them, times as RFC 3339 in UTC with milliseconds.
 */
export type Args = Readonly<Record<string, string>>;

/** A line understood. */
export interface Invocation {
  readonly command: CommandName;
  readonly args: Args;
}
