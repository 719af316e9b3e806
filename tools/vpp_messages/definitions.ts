/**
 * Reads VPP's `.api.json` definitions: checks the JSON, and merges the types of several files by
 * name. Source of the format: VPP's src/tools/vppapigen/vppapigen_json.py.
 */
import { MaglevError } from "../../src/base/errors.ts";

/** One field of a message or struct, in wire order. */
export interface Field {
  /** `u32`, `string`, `vl_api_prefix_t`, … */
  readonly type: string;
  readonly name: string;
  /** Fixed number of elements; 0: variable; undefined: not an array. */
  readonly length: number | undefined;
  /** The field that holds the number of elements of a variable array. */
  readonly countedBy: string | undefined;
}

/** One message. */
export interface MessageDefinition {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly crc: string;
  readonly fields: readonly Field[];
}

/** An alias: another type, or an array of it. */
export interface AliasDefinition {
  readonly type: string;
  readonly length: number | undefined;
}

/** All definitions of some files; names are without `vl_api_` and `_t`. */
export interface Definitions {
  readonly messages: ReadonlyMap<string, MessageDefinition>;
  readonly structs: ReadonlyMap<string, readonly Field[]>;
  readonly unions: ReadonlyMap<string, readonly Field[]>;
  /** Enum name → its integer type. */
  readonly enums: ReadonlyMap<string, string>;
  readonly aliases: ReadonlyMap<string, AliasDefinition>;
}

/** Merges parsed `.api.json` files; MaglevError `invalid-argument` when one is not of that format. */
export function readDefinitions(files: readonly unknown[]): Definitions {
  const messages = new Map<string, MessageDefinition>();
  const structs = new Map<string, readonly Field[]>();
  const unions = new Map<string, readonly Field[]>();
  const enums = new Map<string, string>();
  const aliases = new Map<string, AliasDefinition>();
  for (const file of files) {
    const root = record(file, "definition file");
    for (const entry of array(root["messages"], "messages")) {
      const message = readMessage(array(entry, "message"));
      messages.set(message.name, message);
    }
    for (const entry of array(root["types"], "types")) readStruct(array(entry, "type"), structs);
    for (const entry of array(root["unions"], "unions")) readStruct(array(entry, "union"), unions);
    for (const key of ["enums", "enumflags"]) {
      for (const entry of array(root[key], key)) readEnum(array(entry, "enum"), enums);
    }
    for (const [name, alias] of Object.entries(record(root["aliases"], "aliases"))) {
      const { type, length } = record(alias, `alias ${name}`);
      aliases.set(name, {
        type: string(type, `type of alias ${name}`),
        length: typeof length === "number" ? length : undefined,
      });
    }
  }
  return { messages, structs, unions, enums, aliases };
}

function readMessage(entry: readonly unknown[]): MessageDefinition {
  const name = string(entry[0], "message name");
  const crc = string(record(entry.at(-1), `${name}'s properties`)["crc"], `${name}'s crc`);
  if (!/^0x[0-9a-f]{8}$/.test(crc)) throw wrong(`${name}'s crc`, "0x and 8 hex digits", crc);
  return { name, crc: crc.slice(2), fields: readFields(entry) };
}

function readStruct(entry: readonly unknown[], into: Map<string, readonly Field[]>): void {
  into.set(string(entry[0], "type name"), readFields(entry));
}

function readEnum(entry: readonly unknown[], into: Map<string, string>): void {
  const name = string(entry[0], "enum name");
  const properties = record(entry.at(-1), `${name}'s properties`);
  into.set(name, string(properties["enumtype"] ?? "u32", `${name}'s enumtype`));
}

/** Every array after the name is a field. */
function readFields(entry: readonly unknown[]): Field[] {
  return entry.slice(1).filter((part) => Array.isArray(part)).map((part) => {
    const [type, name, length, countedBy] = array(part, "field");
    return {
      type: string(type, "field type"),
      name: string(name, "field name"),
      length: typeof length === "number" ? length : undefined,
      countedBy: typeof countedBy === "string" ? countedBy : undefined,
    };
  });
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value));
  }
  throw wrong(what, "an object", value);
}

function array(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(what, "an array", value);
}

function string(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw wrong(what, "a string", value);
}

function wrong(what: string, want: string, have: unknown): MaglevError {
  return new MaglevError(
    "invalid-argument",
    `cannot read API definitions: ${what} must be ${want}, is ${JSON.stringify(have)}`,
  );
}
