/** A validator of JSON Schema (draft 7) for the keywords that ours uses. */
import { ok } from "node:assert/strict";
import { isIP } from "node:net";
import { parse as parseYaml } from "yaml";
import type { Json } from "../../../tools/docs/config_schema.ts";

type JsonObject = { readonly [key: string]: Json };

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function isType(value: Json, wanted: Json): boolean {
  const type = typeOf(value);
  const names = Array.isArray(wanted) ? wanted : [wanted];
  return names.includes(type) || (type === "integer" && names.includes("number"));
}

const KEYWORDS: Readonly<Record<string, (arg: Json, value: Json, schema: JsonObject) => boolean>> =
  {
    $schema: () => true,
    $comment: () => true,
    title: () => true,
    description: () => true,
    default: () => true,
    then: () => true,
    else: () => true,
    type: (arg, value) => isType(value, arg),
    patternProperties: (arg, value) =>
      !isObject(value) || !isObject(arg) ||
      Object.entries(value).every(([key, item]) =>
        Object.entries(arg).every(([pattern, schema]) =>
          !new RegExp(pattern, "u").test(key) || valid(schema, item)
        )
      ),
    enum: (arg, value) => Array.isArray(arg) && arg.includes(value),
    const: (arg, value) => arg === value,
    minimum: (arg, value) => typeof value !== "number" || value >= Number(arg),
    maximum: (arg, value) => typeof value !== "number" || value <= Number(arg),
    minLength: (arg, value) => typeof value !== "string" || value.length >= Number(arg),
    maxLength: (arg, value) => typeof value !== "string" || value.length <= Number(arg),
    pattern: (arg, value) => typeof value !== "string" || new RegExp(String(arg), "u").test(value),
    format: (arg, value) => typeof value !== "string" || `ipv${isIP(value)}` === arg,
    minItems: (arg, value) => !Array.isArray(value) || value.length >= Number(arg),
    items: (arg, value) => !Array.isArray(value) || value.every((item) => valid(arg, item)),
    anyOf: (arg, value) => Array.isArray(arg) && arg.some((one) => valid(one, value)),
    allOf: (arg, value) => Array.isArray(arg) && arg.every((one) => valid(one, value)),
    if: (arg, value, schema) => valid(schema[valid(arg, value) ? "then" : "else"] ?? true, value),
    minProperties: (arg, value) => !isObject(value) || Object.keys(value).length >= Number(arg),
    required: (arg, value) =>
      !isObject(value) ||
      (Array.isArray(arg) && arg.every((key) => Object.hasOwn(value, String(key)))),
    properties: (arg, value) =>
      !isObject(value) || !isObject(arg) ||
      Object.entries(value).every(([key, item]) =>
        !Object.hasOwn(arg, key) || valid(arg[key]!, item)
      ),
    propertyNames: (arg, value) =>
      !isObject(value) || Object.keys(value).every((key) => valid(arg, key)),
    additionalProperties: (arg, value, schema) => {
      const known = isObject(schema["properties"]) ? schema["properties"] : {};
      return !isObject(value) ||
        Object.entries(value).every(([key, item]) =>
          Object.hasOwn(known, key) || isOwnKey(key, schema) || valid(arg, item)
        );
    },
  };

/** A key that a pattern of the schema matches is not additional. */
function isOwnKey(key: string, schema: JsonObject): boolean {
  const patterns = schema["patternProperties"];
  return isObject(patterns) &&
    Object.keys(patterns).some((pattern) => new RegExp(pattern, "u").test(key));
}

/** Validates `value`; throws on a keyword that this validator does not have. */
export function valid(schema: Json, value: Json): boolean {
  if (!isObject(schema)) return schema === true;
  return Object.entries(schema).every(([keyword, arg]) => {
    const judge = KEYWORDS[keyword];
    ok(judge !== undefined, `the schema uses ${keyword}, which this test does not know`);
    return judge(arg, value, schema);
  });
}

/** A file as editors see it: YAML 1.2, with merge keys. */
export function document(text: string): Json {
  return parseYaml(text, { merge: true });
}
