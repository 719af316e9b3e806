/**
 * The table as a JSON Schema (draft 7, which editors' YAML servers support), so that editors
 * complete keys, show their help and mark mistakes during typing.
 *
 * It accepts every valid file, and refuses the mistakes that the table alone can detect. Rules over
 * several keys (check.ts) and the ranges of durations are beyond it.
 */
import { BOOLEAN_WORDS } from "../../src/config/leaf.ts";
import { defaultText, numberRule, PORT_MAX, PORT_MIN } from "../../src/config/schema/row_text.ts";
import { ROOT } from "../../src/config/schema/schema.ts";
import type {
  CodesRow,
  DurationRow,
  IntegerRow,
  Keys,
  Row,
  VariantsRow,
} from "../../src/config/schema/types.ts";
import { MAX_NAME_LENGTH } from "../../src/config/schema/text_rules.ts";

/** A JSON value. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

type JsonObject = { readonly [key: string]: Json };

/** Any scalar whose source is taken as text. */
const TEXT = ["string", "number", "boolean"];

const UNSIGNED_DURATION = String.raw`(0|([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`;
const DURATION = `^[+]?${UNSIGNED_DURATION}`;
const ANY_DURATION = `^[-+]?${UNSIGNED_DURATION}`;

/** Keys of the file's author, which are ignored. */
const OWN_KEYS: JsonObject = { patternProperties: { "^x-": true } };

const NAME: JsonObject = {
  minLength: 1,
  maxLength: MAX_NAME_LENGTH,
  pattern: String.raw`^\S+$`,
};

/** The JSON Schema of a configuration file. */
export function jsonSchema(): JsonObject {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    $comment: "Generated from src/config/schema/schema.ts by tools/docs/main.ts",
    title: "maglevd configuration",
    ...objectSchema(ROOT),
    required: Object.keys(ROOT),
  };
}

/** The schema as the text of its file. */
export function jsonSchemaText(): string {
  return `${JSON.stringify(jsonSchema(), null, 2)}\n`;
}

function objectSchema(keys: Keys): JsonObject {
  const rows = Object.entries(keys);
  const required = rows.filter(([, row]) => row.required === true).map(([key]) => key);
  const conditions = rows.flatMap(([key, row]) => conditionsOf(key, row));
  return {
    // A key without a value stands for an empty map, where an empty map is allowed.
    type: required.length === 0 ? ["object", "null"] : "object",
    additionalProperties: false,
    ...OWN_KEYS,
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(rows.map(([key, row]) => [key, rowSchema(row)])),
    ...(conditions.length === 0 ? {} : { allOf: conditions }),
  };
}

/** Rules that depend on the value of another key. */
function conditionsOf(key: string, row: Row): readonly JsonObject[] {
  if (row.together !== undefined) {
    // A port of 0 means no port.
    const given = row.type === "port" ? { minimum: PORT_MIN } : true;
    return [{
      if: { required: [key], properties: { [key]: given } },
      then: { required: [row.together] },
    }];
  }
  if (row.requiredUnless !== undefined) {
    const { key: chooser, is } = row.requiredUnless;
    return [{ if: { properties: { [chooser]: { const: is } } }, else: { required: [key] } }];
  }
  return row.type === "variants" ? variantConditions(key, row) : [];
}

function variantConditions(key: string, row: VariantsRow): readonly JsonObject[] {
  return Object.entries(row.variants).map(([word, keys]) => ({
    if: { properties: { [row.by]: { const: word } }, required: [row.by] },
    then: { properties: { [key]: objectSchema(keys) } },
  }));
}

function rowSchema(row: Row): JsonObject {
  const text = defaultText(row);
  const number = "default" in row && (row.type === "integer" || row.type === "decimal")
    ? row.default
    : undefined;
  const boolean = row.type === "boolean" ? row.default : undefined;
  const value = number ?? boolean ?? text;
  return {
    ...typeSchema(row),
    description: helpText(row),
    ...(value === undefined ? {} : { default: value }),
  };
}

/** Help of a row in one paragraph. */
function helpText(row: Row): string {
  const rule = row.type === "duration" ? ` Must be ${numberRule(row)}.` : "";
  const zero = row.type === "port" && row.zero !== undefined ? ` 0: ${row.zero}.` : "";
  const absent = row.absent === undefined ? "" : ` When absent: ${row.absent}.`;
  return `${row.help}${rule}${zero}${absent}`;
}

function typeSchema(row: Row): JsonObject {
  switch (row.type) {
    case "text":
      return row.format === "name" ? { type: TEXT, ...NAME } : { type: TEXT };
    case "reference":
      return { type: TEXT, ...NAME };
    case "boolean":
      return {
        type: ["boolean", "string"],
        // A pattern, because editors would offer a list of words next to true and false.
        pattern: `^(${[...BOOLEAN_WORDS.keys()].join("|")})$`,
      };
    case "word":
      return { enum: row.words };
    case "integer":
      return integerSchema(row);
    case "decimal":
      return { type: "number", minimum: row.min, maximum: row.max };
    case "port":
      return { type: "integer", minimum: row.zero === undefined ? PORT_MIN : 0, maximum: PORT_MAX };
    case "duration":
      return durationSchema(row);
    case "share":
      return {
        anyOf: [
          { type: "integer", minimum: row.min, maximum: row.max },
          { type: "string", pattern: "^([1-9][0-9]?|100)%$" },
        ],
      };
    case "address":
      return addressSchema(row.family);
    case "codes":
      return codesSchema(row);
    case "texts":
      return { anyOf: [{ type: TEXT }, { type: "array", items: { type: TEXT } }] };
    case "headers":
      return { type: ["object", "null"], additionalProperties: { type: [...TEXT, "null"] } };
    case "section":
      return objectSchema(row.keys);
    case "named":
      return {
        type: row.required === true ? "object" : ["object", "null"],
        ...(row.required === true ? { minProperties: 1 } : {}),
        propertyNames: { anyOf: [NAME, { pattern: "^x-" }] },
        additionalProperties: objectSchema(row.keys),
        ...OWN_KEYS,
      };
    case "list":
      return { type: "array", minItems: 1, items: objectSchema(row.keys) };
    case "variants":
      return { type: ["object", "null"] };
  }
}

function durationSchema({ defaultIfNotPositive }: DurationRow): JsonObject {
  const text = { type: "string", pattern: defaultIfNotPositive ? ANY_DURATION : DURATION };
  return { anyOf: [text, { const: 0 }] };
}

function integerSchema(row: IntegerRow): JsonObject {
  if (row.powerOfTwo !== true) return { type: "integer", minimum: row.min, maximum: row.max };
  const powers: number[] = [];
  for (let value = row.min; value <= row.max; value *= 2) powers.push(value);
  return { enum: powers };
}

function addressSchema(family: 4 | 6 | undefined): JsonObject {
  const formats = family === undefined ? ["ipv4", "ipv6"] : [`ipv${family}`];
  return { type: "string", anyOf: formats.map((format) => ({ format })) };
}

function codesSchema(row: CodesRow): JsonObject {
  const range = String.raw`[1-5][0-9]{2}( ?- ?[1-5][0-9]{2})?`;
  const one = [
    { type: "integer", minimum: row.min, maximum: row.max },
    { type: "string", pattern: `^ *${range} *(, *${range} *)*$` },
  ];
  return { anyOf: [...one, { type: "array", minItems: 1, items: { anyOf: one } }] };
}
