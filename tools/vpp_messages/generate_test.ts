import assert from "node:assert/strict";
import { readDefinitions } from "./definitions.ts";
import { generateMessages } from "./generate.ts";

/** Definitions in the format of `.api.json`, small enough to read. */
function definitions(messages: unknown[], more: Record<string, unknown> = {}): unknown {
  const empty = { types: [], unions: [], enums: [], enumflags: [], aliases: {} };
  return { ...empty, messages, ...more };
}

const REQUEST = ["u16", "_vl_msg_id"];
const CONTEXT = ["u32", "context"];

function generate(name: string, file: unknown): string {
  return generateMessages(readDefinitions([file]), [name]);
}

/** A one-field message's text for each way a field can be. */
const FIELDS: readonly (readonly [unknown[], Record<string, unknown>, readonly string[]])[] = [
  [["u64", "at"], {}, ["readonly at: bigint", "w.u64(body.at)", "const at = r.u64()"]],
  [["string", "a_b", 64], {}, ["readonly aB: string", "w.fixedString(body.aB, 64)"]],
  [["string", "text", 0], {}, ["w.string(body.text)", "r.string()"]],
  [["u8", "raw", 16], {}, ["readonly raw: Uint8Array", "w.bytes(body.raw, 16)", "r.bytes(16)"]],
  [["u32", "list", 3], {}, [
    "readonly list: readonly number[]",
    "w.exactly(body.list, 3)",
    "r.list(3, (r) => r.u32())",
  ]],
  [["vl_api_colour_t", "c"], { enums: [["colour", ["RED", 0], { enumtype: "u8" }]] }, [
    "readonly c: number",
    "w.u8(body.c)",
  ]],
  [["vl_api_colour_t", "c"], { enumflags: [["colour", ["RED", 0], {}]] }, ["w.u32(body.c)"]],
  [["vl_api_index_t", "i"], { aliases: { index: { type: "u32" } } }, ["w.u32(body.i)"]],
  [["vl_api_mac_t", "m"], { aliases: { mac: { type: "u8", length: 6 } } }, ["w.bytes(body.m, 6)"]],
  [["vl_api_both_t", "u"], { unions: [["both", ["u32", "a"], ["u8", "b", 16]]] }, [
    "w.bytes(body.u, 16)",
  ]],
  [["vl_api_pair_t", "p"], { types: [["pair", ["u8", "a"], ["bool", "b"], {}]] }, [
    "export interface Pair {",
    "function writePair(w: Writer, value: Pair): void {",
    "writePair(w, body.p)",
    "readPair(r)",
  ]],
  [["vl_api_address_t", "a"], {}, ["readonly a: IpAddress", "w.address(body.a)"]],
  [["vl_api_prefix_t", "a"], {}, ["readonly a: AddressWithPrefix", "w.prefix(body.a)"]],
];

Deno.test("generateMessages maps every kind of field", () => {
  for (const [field, more, expected] of FIELDS) {
    const message = ["m", REQUEST, CONTEXT, field, { crc: "0x00000001" }];
    const text = generate("m", definitions([message], more));
    for (const part of expected) assert.ok(text.includes(part), `${field}: ${part} in\n${text}`);
  }
});

Deno.test("generateMessages keeps counts and header fields out of the body", () => {
  const message = ["table_reply", REQUEST, ["u32", "client_index"], CONTEXT, ["u16", "count"], [
    "u8",
    "list",
    0,
    "count",
  ], { crc: "0x00000001" }];
  const text = generate("table_reply", definitions([message]));
  assert.ok(
    text.includes("export interface TableReply {\n  readonly list: readonly number[];\n}"),
    text,
  );
  assert.ok(text.includes("w.u16(body.list.length);"), text);
  assert.ok(text.includes("r.list(count, (r) => r.u8())"), text);
  assert.ok(text.includes("w.u32(header.clientIndex);"), text);
  assert.ok(text.includes("hasClientIndex: true"), text);
});

Deno.test("generateMessages distinguishes replies with a retval from messages without", () => {
  const reply = ["a_reply", REQUEST, CONTEXT, ["i32", "retval"], { crc: "0x00000001" }];
  const other = ["b_reply", REQUEST, CONTEXT, ["i32", "response"], { crc: "0x00000001" }];
  assert.ok(generate("a_reply", definitions([reply])).includes("hasRetval: true"));
  assert.ok(generate("b_reply", definitions([other])).includes("hasRetval: false"));
});

Deno.test("generateMessages names undefined messages and types", () => {
  assert.throws(() => generate("x", definitions([])), /message x is not defined/);
  const message = ["m", REQUEST, ["vl_api_gone_t", "g"], { crc: "0x00000001" }];
  assert.throws(() => generate("m", definitions([message])), /type gone is not defined/);
});

Deno.test("readDefinitions refuses a file that is not a definition, with the reason", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [[], /definition file must be an object, is \[\]/],
    [{ messages: 1 }, /messages must be an array, is 1/],
    [definitions([[5, { crc: "0x00000001" }]]), /message name must be a string, is 5/],
    [definitions([["m", { crc: "1" }]]), /m's crc must be 0x and 8 hex digits, is "1"/],
  ];
  for (const [file, text] of cases) assert.throws(() => readDefinitions([file]), text);
});
