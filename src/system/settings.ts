/**
 * Settings of a program from one table: a flag beats its environment variable beats the default.
 * `-flag` and `--flag`, `--flag value` and `--flag=value` are all accepted; an environment
 * variable that is set but empty counts.
 */
import { parseArgs } from "node:util";
import { formatDuration, parseDuration } from "../base/duration.ts";
import { nearest } from "../base/nearest.ts";

/** One flag. `env` absent: no environment variable. */
export interface FlagSpec {
  readonly kind: "string" | "boolean" | "integer" | "duration";
  /** Of a duration: milliseconds. */
  readonly default: string | boolean | number;
  readonly env?: string;
  /** Allowed values of a string. */
  readonly choices?: readonly string[];
  /** Bounds of an integer or a duration (in milliseconds), both included. */
  readonly min?: number;
  readonly max?: number;
  /** What the value is, in the usage text: `PATH`. */
  readonly placeholder?: string;
  readonly help: string;
}

export type FlagTable = Readonly<Record<string, FlagSpec>>;

type ValueOf<S extends FlagSpec> = S["kind"] extends "boolean" ? boolean
  : S["kind"] extends "integer" | "duration" ? number
  : S extends { readonly choices: readonly (infer C)[] } ? C
  : string;

/** The values, by flag name. */
export type Settings<T extends FlagTable> = { readonly [K in keyof T]: ValueOf<T[K]> };

export type SettingsResult<T extends FlagTable> =
  | { readonly kind: "ok"; readonly settings: Settings<T> }
  | { readonly kind: "error"; readonly message: string };

/** Reads `args` and the environment by `table`. Positional arguments are errors. */
export function readSettings<T extends FlagTable>(
  table: T,
  input: { readonly args: readonly string[]; readonly env: (name: string) => string | undefined },
): SettingsResult<T> {
  const given = readFlags(table, input.args);
  if (given.kind === "error") return given;
  const settings: Record<string, string | boolean | number> = {};
  for (const [name, spec] of Object.entries(table)) {
    const flag = given.values.get(name);
    const env = spec.env === undefined ? undefined : input.env(spec.env);
    const raw = flag ?? env;
    if (raw === undefined) {
      settings[name] = spec.default;
      continue;
    }
    const value = convert(spec, raw);
    if (value === undefined) {
      const where = flag === undefined ? `Environment variable ${spec.env}` : `Flag --${name}`;
      return { kind: "error", message: `${where}: cannot use "${raw}": need ${wanted(spec)}` };
    }
    settings[name] = value;
  }
  return { kind: "ok", settings: settings as Settings<T> };
}

/** The usage text: a line of purpose, then each flag with its variable and default. */
export function usage(table: FlagTable, head: string): string {
  const rows = Object.entries(table).map(([name, spec]) => {
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

function readFlags(
  table: FlagTable,
  args: readonly string[],
): { kind: "ok"; values: Map<string, string> } | { kind: "error"; message: string } {
  const error = (message: string) => ({ kind: "error" as const, message });
  const { tokens } = parseArgs({
    // Go's flag package takes one dash or two; parseArgs would read `-flag` as letters.
    args: args.map((arg) => (/^-[A-Za-z][A-Za-z0-9-]*(=|$)/.test(arg) ? `-${arg}` : arg)),
    options: Object.fromEntries(
      Object.entries(table).map(([name, spec]) => [
        name,
        { type: spec.kind === "boolean" ? "boolean" as const : "string" as const },
      ]),
    ),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const values = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === "positional") {
      return error(`Unexpected argument "${token.value}": only flags are accepted here`);
    }
    if (token.kind !== "option") continue;
    const spec = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (spec === undefined) {
      const known = nearest(token.name, Object.keys(table));
      return error(
        `Unknown flag ${token.rawName}` +
          (known === undefined ? ": see --help" : `: did you mean --${known}?`),
      );
    }
    const swallowed = token.value?.startsWith("--") === true && token.inlineValue === false;
    if (spec.kind !== "boolean" && (token.value === undefined || swallowed)) {
      return error(`Flag --${token.name} needs a value: ${wanted(spec)}`);
    }
    values.set(token.name, token.value ?? "true");
  }
  return { kind: "ok", values };
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
  return spec.choices === undefined || spec.choices.includes(raw) ? raw : undefined;
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
