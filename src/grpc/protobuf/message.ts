/**
 * What generated code is made of: types of messages, and services with their methods. PURE.
 */
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** How a field is written as JSON. */
export interface FieldInfo {
  /** As in the .proto file. */
  readonly name: string;
  readonly kind: "string" | "bool" | "number" | "int64" | "bytes" | "enum" | "message";
  readonly repeated: boolean;
  /** True for what may be absent: messages, `optional`, members of a oneof. */
  readonly optional: boolean;
  /** Repeated messages of a key and a value, which are an object in JSON. */
  readonly map?: true;
  /** The oneof's name in a message's value, for its members. */
  readonly oneof?: string;
  /** Of a message: its type. A function, for types may be declared in any order. */
  readonly message?: () => MessageFields;
  /** Of an enum: names by number. */
  readonly names?: Readonly<Record<number, string>>;
}

/** The part of a type that is enough for JSON. */
export interface MessageFields {
  readonly fields: readonly FieldInfo[];
}

/** A type of message. */
export interface MessageType<T> extends MessageFields {
  /** With its package: `maglev.BackendInfo`. */
  readonly name: string;
  /** Every field at its default. */
  readonly empty: T;
  /** Writes the fields that are not at their defaults. */
  readonly write: (message: T, writer: Writer) => void;
  /** Reads to the end of the reader's part. @throws {DecodeError} */
  readonly read: (reader: Reader) => T;
}

/** One method of a service. */
export interface MethodInfo<Req, Res> {
  readonly name: string;
  /** `/maglev.Maglev/GetBackend`. */
  readonly path: string;
  readonly request: MessageType<Req>;
  readonly response: MessageType<Res>;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** The bytes of a message. */
export function encode<T>(type: MessageType<T>, message: T): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  type.write(message, writer);
  return writer.finish();
}

/** The message of these bytes. @throws {DecodeError} */
export function decode<T>(type: MessageType<T>, bytes: Uint8Array): T {
  return type.read(new Reader(bytes));
}

/** JSON values. */
export type Json = string | number | boolean | null | readonly Json[] | {
  readonly [key: string]: Json;
};

/**
 * The message in the standard JSON form (names in lowerCamelCase, 64-bit integers as text, bytes
 * in base64), with fields at their defaults written too, so that scripts find every name.
 *
 * @see https://protobuf.dev/programming-guides/json/
 */
export function toJson<T>(type: MessageType<T>, message: T): Json {
  return messageJson(type, valuesOf(message));
}

function valuesOf(message: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof message === "object" && message !== null ? Object.entries(message) : []);
}

/** `at_unix_ns` → `atUnixNs`. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function messageJson(type: MessageFields, values: ReadonlyMap<string, unknown>): Json {
  const json: Record<string, Json> = {};
  for (const field of type.fields) {
    const key = camelCase(field.name);
    const value = field.oneof === undefined
      ? values.get(key)
      : memberOf(values.get(field.oneof), key);
    if (value !== undefined) {
      json[key] = !Array.isArray(value)
        ? valueJson(field, value)
        : field.map === true
        ? mapJson(field, value)
        : value.map((item) => valueJson(field, item));
    }
  }
  return json;
}

function mapJson(field: FieldInfo, entries: readonly unknown[]): Json {
  const [, valueField] = field.message!().fields;
  return Object.fromEntries(entries.map((entry) => {
    const parts = valuesOf(entry);
    return [String(parts.get("key")), valueJson(valueField!, parts.get("value"))];
  }));
}

/** The value of a oneof when it is its member `key` that is set. */
function memberOf(oneof: unknown, key: string): unknown {
  if (typeof oneof !== "object" || oneof === null || !("kind" in oneof)) return undefined;
  return oneof.kind === key && "value" in oneof ? oneof.value : undefined;
}

function valueJson(field: FieldInfo, value: unknown): Json {
  if (field.message !== undefined) return messageJson(field.message(), valuesOf(value));
  if (value instanceof Uint8Array) return base64(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    const name = field.names?.[value];
    if (name !== undefined) return name;
    return Number.isFinite(value) ? value : String(value);
  }
  return typeof value === "string" || typeof value === "boolean" ? value : null;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
