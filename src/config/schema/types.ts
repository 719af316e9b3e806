/**
 * The vocabulary of the configuration table (schema.ts) and what follows from it by inference.
 *
 * A row describes one key completely: its type, its allowed values, the meaning of its absence, and
 * the help for people. Reading (decode.ts), the JSON Schema and the
 * reference page (reference.ts) are functions of rows; the types of what reading gives are type
 * functions of rows. Rejected: a class per type with its own read() and describe(), because then
 * the table could not be read as a table.
 */
import type { IpAddress } from "../../base/address.ts";

/** Milliseconds of a second and of the longest duration that any key allows. */
export const SECOND = 1000;
export const DAY = 24 * 3600 * SECOND;

/** The format of a text; the rules are in text_rules.ts. */
export type TextFormat =
  | "name"
  | "netns"
  | "line"
  | "path"
  | "host"
  | "server-name"
  | "regexp"
  | "body"
  | "bytes"
  | "service"
  | "dns-name"
  | "header-name"
  | "alpn"
  | "file";

interface Common {
  /** Description for people, in full sentences. */
  readonly help: string;
  /** Absent is an error. */
  readonly required?: true;
  /** Absent is an error unless the key `key` of the same map has the word `is`. */
  readonly requiredUnless?: { readonly key: string; readonly is: string };
  /** The key of the same map that must be given exactly when this one is. */
  readonly together?: string;
  /** Meaning of absence, if it is not a fixed value: `interval`, `all ports`. */
  readonly absent?: string;
}

/** The documentation that every number requires. */
interface Numeric extends Common {
  readonly unit: string;
  /** Meaning of zero, also when zero is refused. */
  readonly zero: string;
  /** The cost of raising it. */
  readonly raise: string;
  /** The cost of lowering it. */
  readonly lower: string;
  /** Smallest and largest value allowed, in the unit that reading gives (milliseconds for durations). */
  readonly min: number;
  readonly max: number;
}

export interface TextRow extends Common {
  readonly type: "text";
  readonly format: TextFormat;
  readonly default?: string;
}

/** The name of something that another section defines. */
export interface ReferenceRow extends Common {
  readonly type: "reference";
  readonly to: "healthchecks";
}

export interface BooleanRow extends Common {
  readonly type: "boolean";
  readonly default: boolean;
}

/** One of a closed list of words. */
export interface WordRow extends Common {
  readonly type: "word";
  readonly words: readonly string[];
  readonly default?: string;
}

export interface IntegerRow extends Numeric {
  readonly type: "integer";
  readonly powerOfTwo?: true;
  readonly default?: number;
}

/** A number that may have a fraction. */
export interface DecimalRow extends Numeric {
  readonly type: "decimal";
  readonly default?: number;
}

/** A port number, 1 to 65535; also 0 if `zero` is given. */
export interface PortRow extends Common {
  readonly type: "port";
  readonly zero?: string;
}

/** Milliseconds once read; `250ms`, `2s`, `1m30s` in the file. */
export interface DurationRow extends Numeric {
  readonly type: "duration";
  readonly wholeSeconds?: true;
  readonly default?: number;
  /** Zero and less stand for the default, with a warning. */
  readonly defaultIfNotPositive?: true;
}

/** A number of things, or a percentage of them: `2`, `50%`. Bounds are of the number. */
export interface ShareRow extends Numeric {
  readonly type: "share";
}

/** One IP literal; `family` restricts its family, and `zone` allows a zone. */
export interface AddressRow extends Common {
  readonly type: "address";
  readonly family?: 4 | 6;
  readonly zone?: true;
}

/** Accepted status codes: `200`, `200-299`, or a list of both. */
export interface CodesRow extends Common {
  readonly type: "codes";
  readonly default: string;
  readonly min: number;
  readonly max: number;
}

/** One text or a list of texts; reading gives a list, which may be empty. */
export interface TextsRow extends Common {
  readonly type: "texts";
  readonly format: TextFormat;
  /** One of them, as in `a protocol's name`. */
  readonly of: string;
}

/** A map of request headers. */
export interface HeadersRow extends Common {
  readonly type: "headers";
}

/** A map with known keys. Absent counts as empty, unless `optional`: then absent is absent. */
export interface SectionRow extends Common {
  readonly type: "section";
  readonly optional?: true;
  readonly keys: Keys;
}

/** A map from names to maps with known keys. */
export interface NamedRow extends Common {
  readonly type: "named";
  /** The kind of thing named, as in `a backend`. */
  readonly of: string;
  /** `defined`: the names are given here; `referred`: they must be given elsewhere. */
  readonly names: "defined" | "referred";
  readonly keys: Keys;
}

/** A list of maps with known keys. */
export interface ListRow extends Common {
  readonly type: "list";
  readonly of: string;
  readonly keys: Keys;
}

/** A map whose known keys depend on the word of the key `by` in the enclosing map. */
export interface VariantsRow extends Common {
  readonly type: "variants";
  readonly by: string;
  readonly variants: { readonly [word: string]: Keys };
}

export type Row =
  | TextRow
  | ReferenceRow
  | BooleanRow
  | WordRow
  | IntegerRow
  | DecimalRow
  | PortRow
  | DurationRow
  | ShareRow
  | AddressRow
  | CodesRow
  | TextsRow
  | HeadersRow
  | SectionRow
  | NamedRow
  | ListRow
  | VariantsRow;

/** The known keys of a map, in the order of the reference page. */
export interface Keys {
  readonly [key: string]: Row;
}

/** The same keys, of which none must be given. */
export function noneRequired(keys: Keys): Keys {
  const rows = Object.entries(keys).map(([key, { required: _, ...row }]) => [key, row as Row]);
  return Object.fromEntries(rows);
}

/** A place in the file, both 1-based. */
export interface Mark {
  readonly line: number;
  readonly column: number;
}

/** A number, or a percentage from 1 to 100. */
export type Share = { readonly count: number } | { readonly percent: number };

/** A list of closed ranges of status codes. */
export type CodeRanges = readonly (readonly [from: number, to: number])[];

/** Names and values of headers; null: the probe's own of that name is left out. */
export type HeaderList = readonly (readonly [name: string, value: string | null])[];

/**
 * The decoded value of a key. `value` is undefined when the key is absent and has no default, and
 * also for an invalid value, which was reported.
 */
export interface Slot<T> {
  readonly value: T | undefined;
  /** True when the file has the key. */
  readonly given: boolean;
  readonly mark: Mark;
  readonly path: string;
}

/** The decoded keys of a map with known keys. */
export interface Draft<K> {
  /** Where the map is defined: its key when it has one. */
  readonly mark: Mark;
  readonly path: string;
  readonly keys: { readonly [P in keyof K]: Slot<ValueOf<K[P]>> };
}

/** The value that reading a row gives. */
export type ValueOf<R> = R extends { readonly type: "text" | "reference" } ? string
  : R extends { readonly type: "boolean" } ? boolean
  : R extends { readonly type: "word"; readonly words: readonly (infer W)[] } ? W
  : R extends { readonly type: "integer" | "decimal" | "port" | "duration" } ? number
  : R extends { readonly type: "share" } ? Share
  : R extends { readonly type: "address" } ? IpAddress
  : R extends { readonly type: "codes" } ? CodeRanges
  : R extends { readonly type: "texts" } ? readonly string[]
  : R extends { readonly type: "headers" } ? HeaderList
  : R extends { readonly type: "section"; readonly keys: infer K } ? Draft<K>
  : R extends { readonly type: "named"; readonly keys: infer K } ? NamedDrafts<K>
  : R extends { readonly type: "list"; readonly keys: infer K } ? readonly (Draft<K> | undefined)[]
  : R extends { readonly type: "variants"; readonly variants: infer V } ? VariantDraft<V>
  : never;

/** Every name of the map; undefined for one whose definition cannot be used. */
export type NamedDrafts<K> = ReadonlyMap<string, NamedDraft<K>>;

/** One named definition. */
export interface NamedDraft<K> {
  readonly name: string;
  readonly mark: Mark;
  readonly path: string;
  readonly draft: Draft<K> | undefined;
}

/** The draft of the chosen variant, discriminated by its word. */
export type VariantDraft<V> = {
  readonly [W in keyof V]: { readonly variant: W; readonly draft: Draft<V[W]> };
}[keyof V];
