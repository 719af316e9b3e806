/**
 * Reads a program's settings from one table: a flag takes precedence over its environment variable,
 * and that over the default. `-flag` and `--flag`, `--flag value` and `--flag=value` are all
 * accepted; an environment variable that is set but empty counts.
 */
import { parseArgs } from "node:util";
import { formatDuration, parseDuration } from "../base/duration.ts";
import { nearest } from "../base/nearest.ts";

/**
 * The kind of permission that a flag's value needs. `tools/release/launcher.sh` has a function for
 * each, and grants.ts computes them.
 */
export type Grant =
  | "config"
  | "configs"
  | "file"
  | "folder"
  | "output"
  | "socket"
  | "listen"
  | "servers";

/** One flag. `env` absent: no environment variable. */
export interface FlagSpec {
  readonly kind: "string" | "boolean" | "integer" | "duration";
  /** Of a duration: milliseconds. */
  readonly default: string | boolean | number;
  readonly env?: string;
  /** Names that `env` had before: they count when it is not set. */
  readonly olderEnv?: readonly string[];
  /** Allowed values of a string. */
  readonly choices?: readonly string[];
  /** A text that may be given several times: the values, with commas between. Default: the last wins. */
  readonly list?: boolean;
  /** The choices are accepted in upper case, too. */
  readonly anyCase?: boolean;
  /** Absent: the value names neither a path nor an address. */
  readonly grants?: Grant;
  /** Bounds of an integer or a duration (in milliseconds), both included. */
  readonly min?: number;
  readonly max?: number;
  /** Name of the value in the usage text: `PATH`. */
  readonly placeholder?: string;
  readonly help: string;
  /** Understood, and not in the usage text. */
  readonly hidden?: boolean;
}

export type FlagTable = Readonly<Record<string, FlagSpec>>;

type ValueOf<S extends FlagSpec> = S["kind"] extends "boolean" ? boolean
  : S["kind"] extends "integer" | "duration" ? number
  : S extends { readonly choices: readonly (infer C)[] } ? C
  : string;

/** The values, by flag name. */
export type Settings<T extends FlagTable> = { readonly [K in keyof T]: ValueOf<T[K]> };

export type SettingsResult<T extends FlagTable> =
  | {
    readonly kind: "ok";
    readonly settings: Settings<T>;
    /** Arguments between and after the flags; empty unless they are accepted. */
    readonly positionals: readonly string[];
    /** The flags that were set, on the command line or by the environment. */
    readonly given: ReadonlySet<keyof T>;
  }
  | { readonly kind: "error"; readonly message: string };

export interface SettingsInput {
  readonly args: readonly string[];
  readonly env: (name: string) => string | undefined;
  /**
   * Accepts positional arguments, with flags before, between and after them. `--` ends the flags;
   * an argument that starts with a dash and a digit is not a flag. Default false: positional
   * arguments are errors.
   */
  readonly positionals?: boolean;
}

/** Reads `args` and the environment by `table`. */
export function readSettings<T extends FlagTable>(
  table: T,
  input: SettingsInput,
): SettingsResult<T> {
  const read = readFlags(table, input);
  if (read.kind === "error") return read;
  const given = new Set<keyof T>();
  const settings: Record<string, string | boolean | number> = {};
  for (const [name, spec] of Object.entries(table)) {
    const flag = read.values.get(name);
    const variable = variableOf(spec, input.env);
    const raw = flag ?? (variable === undefined ? undefined : input.env(variable));
    if (raw === undefined) {
      settings[name] = spec.default;
      continue;
    }
    const value = convert(spec, raw);
    if (value === undefined) {
      const where = flag === undefined ? `environment variable ${variable}` : `flag --${name}`;
      return { kind: "error", message: `${where}: cannot use "${raw}": need ${wanted(spec)}` };
    }
    settings[name] = value;
    given.add(name);
  }
  const { positionals } = read;
  return { kind: "ok", settings: settings as Settings<T>, positionals, given };
}

/** The variable that is set, the newest name first; undefined: none of them. */
function variableOf(
  { env, olderEnv = [] }: FlagSpec,
  read: SettingsInput["env"],
): string | undefined {
  const names = env === undefined ? [] : [env, ...olderEnv];
  return names.find((name) => read(name) !== undefined);
}

/** The usage text: a line of purpose, then each flag with its variable and default. */
export function usage(table: FlagTable, head: string): string {
  const shown = Object.entries(table).filter(([, spec]) => spec.hidden !== true);
  const rows = shown.map(([name, spec]) => {
    const value = spec.kind === "boolean" ? "" : ` ${spec.placeholder ?? "VALUE"}`;
    const notes = [
      spec.env === undefined ? "" : `env ${spec.env}`,
      spec.kind === "boolean" && spec.default === false ? "" : `default ${defaultText(spec)}`,
    ].filter((note) => note !== "");
    return [`  --${name}${value}`, `${spec.help}${notes.length ? ` (${notes.join(", ")})` : ""}`];
  });
  const width = Math.max(...rows.map(([left]) => left!.length));
  return [head, "", "Flags:", ...rows.map(([left, right]) => `${left!.padEnd(width)}  ${right}`)]
    .join("\n");
}

function defaultText({ kind, default: value }: FlagSpec): string {
  if (kind === "duration") return formatDuration(Number(value));
  return value === "" ? "empty" : String(value);
}

interface ReadFlags {
  readonly kind: "ok";
  readonly values: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
}

function readFlags(
  table: FlagTable,
  { args, positionals = false }: SettingsInput,
): ReadFlags | { kind: "error"; message: string } {
  const error = (message: string) => ({ kind: "error" as const, message });
  const values = new Map<string, string>();
  const words: string[] = [];
  let number = -1;
  const { flags, rest } = positionals ? cutAtTerminator(args) : { flags: args, rest: [] };
  for (const token of tokensOf(table, flags)) {
    if (token.kind === "positional") {
      if (!positionals) {
        return error(`unexpected argument "${token.value}": only flags are accepted here`);
      }
      words.push(token.value);
    }
    if (token.kind !== "option") continue;
    const whole = flags[token.index]!;
    if (positionals && /^-\d/.test(whole)) {
      // parseArgs reads `-12` as two flags of one letter, at one place.
      if (token.index !== number) words.push(whole);
      number = token.index;
      continue;
    }
    const spec = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (spec === undefined) return error(unknownFlag(table, token));
    const swallowed = token.value?.startsWith("--") === true && token.inlineValue === false;
    if (spec.kind !== "boolean" && (token.value === undefined || swallowed)) {
      return error(`flag --${token.name} needs a value: ${wanted(spec)}`);
    }
    const earlier = spec.list === true ? values.get(token.name) : undefined;
    const value = token.value ?? "true";
    values.set(token.name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return { kind: "ok", values, positionals: [...words, ...rest] };
}

/** The arguments before the first `--`, and after it. */
function cutAtTerminator(args: readonly string[]) {
  const at = args.indexOf("--");
  return at < 0
    ? { flags: args, rest: [] }
    : { flags: args.slice(0, at), rest: args.slice(at + 1) };
}

function tokensOf(table: FlagTable, args: readonly string[]) {
  return parseArgs({
    args: args.map(longForm),
    options: Object.fromEntries(
      Object.entries(table).map(([name, spec]) => [
        name,
        { type: spec.kind === "boolean" ? "boolean" as const : "string" as const },
      ]),
    ),
    strict: false,
    tokens: true,
    allowPositionals: true,
  }).tokens;
}

/**
 * Go's flag package takes one dash or two, where parseArgs would read `-flag` as letters. It also
 * takes `-h` for help.
 */
function longForm(arg: string): string {
  if (arg === "-h" || arg === "--h") return "--help";
  return /^-[A-Za-z][A-Za-z0-9-]*(=|$)/.test(arg) ? `-${arg}` : arg;
}

function unknownFlag(table: FlagTable, flag: { name: string; rawName: string }): string {
  const shown = Object.keys(table).filter((name) => table[name]!.hidden !== true);
  const known = nearest(flag.name, shown);
  return `unknown flag ${flag.rawName}` +
    (known === undefined ? "; see --help" : `; did you mean --${known}?`);
}

function convert(spec: FlagSpec, raw: string): string | boolean | number | undefined {
  if (spec.kind === "boolean") {
    if (["true", "1", "t", "T", "TRUE", "True"].includes(raw)) return true;
    if (["false", "0", "f", "F", "FALSE", "False", ""].includes(raw)) return false;
    return undefined;
  }
  if (spec.kind === "integer") {
    const value = /^[+-]?\d{1,15}$/.test(raw) ? Number(raw) : NaN;
    return within(spec, value);
  }
  if (spec.kind === "duration") return within(spec, parseDuration(raw) ?? NaN);
  if (spec.choices === undefined) return raw;
  const choice = spec.anyCase === true ? raw.toLowerCase() : raw;
  return spec.choices.includes(choice) ? choice : undefined;
}

function within({ min = -Infinity, max = Infinity }: FlagSpec, value: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}

function wanted(spec: FlagSpec): string {
  if (spec.kind === "boolean") return "true or false";
  if (spec.kind === "integer") {
    if (spec.min !== undefined && spec.max !== undefined) {
      return `a whole number from ${spec.min} to ${spec.max}`;
    }
    return "a whole number";
  }
  if (spec.kind === "duration") {
    const { min, max } = spec;
    const least = min === undefined ? "" : `, at least ${formatDuration(min)}`;
    const most = max === undefined ? "" : `, at most ${formatDuration(max)}`;
    return `a duration such as 90s or 720h${least}${most}`;
  }
  if (spec.choices !== undefined) return `one of ${spec.choices.join(", ")}`;
  return `a ${(spec.placeholder ?? "value").toLowerCase()}`;
}
