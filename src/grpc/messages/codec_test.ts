/**
 * Goal: another implementation reads our bytes, and the other way round; and no bytes do more than
 * fail to be read. Method: random messages of every type go through the library's reflective code
 * and back, which uses the descriptors, not the generated code. Random and damaged bytes go into our
 * reader.
 */
import assert from "node:assert/strict";
import {
  create as createOther,
  createFileRegistry,
  type DescField,
  type DescMessage,
  fromBinary,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { FILES } from "../gen/descriptors.ts";
import * as health from "../gen/health.ts";
import * as maglev from "../gen/maglev.ts";
import * as reflection from "../gen/reflection.ts";
import * as reflectionAlpha from "../gen/reflection_v1alpha.ts";
import { create, decode, encode, type MessageType } from "./codec.ts";
import { DecodeError, MAX_MESSAGES } from "./strict_reader.ts";

type Values = Record<string, unknown>;

/** Any type of message, and its descriptor. */
interface Subject {
  readonly type: MessageType<Values>;
  readonly other: DescMessage;
}

function isMessageType(value: unknown): value is MessageType<Values> {
  return typeof value === "object" && value !== null && "encode" in value && "decode" in value;
}

const REGISTRY = createFileRegistry(createOther(FileDescriptorSetSchema, {
  file: FILES.map(({ descriptor }) =>
    fromBinary(FileDescriptorProtoSchema, Uint8Array.fromBase64(descriptor))
  ),
}));

const SUBJECTS: readonly Subject[] = [maglev, health, reflection, reflectionAlpha].flatMap((file) =>
  // Entries of maps are not in the registry; they are tried within their messages.
  Object.values<unknown>(file).filter(isMessageType).filter(({ $type }) => !$type.endsWith("Entry"))
).map((type) => ({ type, other: REGISTRY.getMessage(type.$type)! }));

const TEXT = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.constant("x".repeat(20_000)),
).map((text) => text.toWellFormed());
const INT64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, 127n, 128n, 2n ** 28n, 2n ** 32n, 2n ** 35n, 2n ** 63n - 1n),
);

function scalar(type: ScalarType): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return TEXT;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 300 });
    case ScalarType.INT64:
      return INT64;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return INT64.map((value) => BigInt.asUintN(64, value));
    case ScalarType.UINT32:
      return fc.nat(2 ** 31);
    case ScalarType.INT32:
      return fc.integer();
    case ScalarType.DOUBLE:
      // Minus zero counts as the default, and is not sent.
      return fc.double({ noNaN: true }).map((value) => value + 0);
    default:
      throw new Error(`no random values of type ${ScalarType[type]}`);
  }
}

/** Random values of a field. */
function valueOf(field: DescField): fc.Arbitrary<unknown> {
  switch (field.fieldKind) {
    case "scalar":
      return scalar(field.scalar);
    case "enum":
      return fc.constantFrom(0, 1, 2, 3);
    case "message":
      return messageOf(field.message);
    case "list":
      return fc.array(
        field.listKind === "message" ? messageOf(field.message) : scalar(field.scalar!),
        { maxLength: 4 },
      );
    case "map":
      return fc.dictionary(TEXT.map((text) => `k${text}`), messageOf(field.message!), {
        maxKeys: 4,
        noNullPrototype: true,
      });
  }
}

/** Random messages. */
function messageOf(type: DescMessage): fc.Arbitrary<Values> {
  const properties: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of type.fields) {
    const value = valueOf(field);
    if (field.oneof !== undefined) continue;
    const optional = field.fieldKind === "message" || field.proto.proto3Optional;
    properties[field.localName] = optional ? fc.option(value, { nil: undefined }) : value;
  }
  for (const { localName, fields } of type.oneofs) {
    const members = fields.map((field) =>
      valueOf(field).map((value) => ({ $case: field.localName, value }))
    );
    properties[localName] = fc.oneof(fc.constant(undefined), ...members);
  }
  return fc.record(properties, { noNullPrototype: true });
}

for (const { type, other } of SUBJECTS) {
  if (other.fields.length === 0) continue;
  Deno.test(`${type.$type}: the reflective code reads what the generated code writes, and back`, () => {
    fc.assert(
      fc.property(messageOf(other), (message) => {
        const bytes = encode(type, message);
        const theirs = toBinary(other, fromBinary(other, bytes));
        assert.deepEqual(decode(type, theirs), message);
        assert.deepEqual(decode(type, bytes), message);
      }),
      { numRuns: 20 },
    );
  });
}

Deno.test("encode() writes a message with its defaults as no bytes, and decode() reads it from none", () => {
  for (const { type } of SUBJECTS) {
    assert.equal(encode(type, create(type)).length, 0, type.$type);
    assert.deepEqual(decode(type, new Uint8Array()), create(type), type.$type);
  }
});

Deno.test("decode() of any bytes returns a message or throws a DecodeError", () => {
  const any = (bytes: Uint8Array) => {
    for (const { type } of SUBJECTS) {
      try {
        decode(type, bytes);
      } catch (error) {
        assert.ok(error instanceof DecodeError, `${type.$type}: ${error}`);
      }
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), any));
  const { type, other } = SUBJECTS.find(({ type }) => type.$type === "maglev.BackendInfo")!;
  const damage = fc.record({
    message: messageOf(other),
    at: fc.nat(),
    byte: fc.nat(255),
    cut: fc.nat(),
  });
  fc.assert(
    fc.property(damage, ({ message, at, byte, cut }) => {
      const bytes = encode(type, message);
      if (bytes.length === 0) return;
      any(bytes.slice(0, cut % bytes.length));
      const damaged = bytes.slice();
      damaged[at % bytes.length] = byte;
      any(damaged);
    }),
  );
});

Deno.test("decode() refuses more than MAX_MESSAGES messages within one", () => {
  const empties = (count: number) =>
    new Uint8Array(2 * count).map((_, at) => at % 2 === 0 ? 0x12 : 0);
  const { backends } = decode(maglev.ListBackendsResponse, empties(MAX_MESSAGES));
  assert.equal(backends.length, MAX_MESSAGES);
  assert.throws(
    () => decode(maglev.ListBackendsResponse, empties(MAX_MESSAGES + 1)),
    { name: "DecodeError", message: `more than ${MAX_MESSAGES} messages` },
  );
  // A reader that expects less sets its own bound.
  assert.equal(decode(maglev.ListBackendsResponse, empties(7), 7).backends.length, 7);
  assert.throws(() => decode(maglev.ListBackendsResponse, empties(8), 7), /more than 7 messages/);
});

Deno.test("decode() does not count texts and numbers as messages", () => {
  const names = new Uint8Array(2 * (MAX_MESSAGES + 1)).map((_, at) => at % 2 === 0 ? 0x0a : 0);
  const { backendNames } = decode(maglev.ListBackendsResponse, names);
  assert.equal(backendNames.length, MAX_MESSAGES + 1);
});

const CASES: readonly (readonly [string, readonly number[], RegExp])[] = [
  ["text that is not UTF-8", [0x0a, 2, 0xc3, 0x28], /^invalid UTF-8$/],
  ["text that ends too early", [0x0a, 5, 0x61], /^it ends within a field$/],
  ["a length without its bytes", [0x0a], /./],
  ["a message beyond the end", [0x32, 5, 0x0a, 1, 0x61], /^it ends within a field$/],
  ["text beyond the end of its message", [0x32, 2, 0x0a, 1, 0x61], /^it ends within a field$/],
  ["a number beyond the end of its message", [0x32, 1, 0x10, 1], /^it ends within a field$/],
  ["an unknown field beyond the end", [0xfa, 0x07, 9, 1], /^it ends within a field$/],
  ["an unknown number without an end", [0xf8, 0x07, 0x80], /./],
  ["a field of number 0", [0x00, 1], /^a field of number 0$/],
  ["the begin of a group", [0x0b, 0x0c], /^wire type 3$/],
  ["the end of a group, and more", [0x0c, 0x0a, 1, 0x61], /^wire type 4$/],
  ["a wire type that does not exist", [0x0e], /^wire type 6$/],
  ["a tag of more than 32 bits", [0x8a, 0x80, 0x80, 0x80, 0x10, 1, 0x61], /32 bits$/],
  ["a length of more than 32 bits", [0x0a, 0x81, 0x80, 0x80, 0x80, 0x10, 0x61], /32 bits$/],
  ["a number of more than ten bytes", [0x28, ...Array(11).fill(0x80), 1], /./],
];

for (const [what, bytes, message] of CASES) {
  Deno.test(`decode() refuses ${what}`, () => {
    assert.throws(
      () => decode(maglev.BackendInfo, new Uint8Array(bytes)),
      { name: "DecodeError", message },
    );
  });
}

Deno.test("decode() skips unknown fields of any wire type", () => {
  const name = [0x0a, 1, 0x61];
  const unknown = [
    [0xf8, 0x07, 0xff, 0x01],
    [0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8],
    [0xfa, 0x07, 2, 0x08, 0x01],
    [0xfd, 0x07, 1, 2, 3, 4],
  ];
  for (const extra of unknown) {
    const message = decode(maglev.GetBackendRequest, new Uint8Array([...extra, ...name, ...extra]));
    assert.deepEqual(message, { name: "a" });
  }
});

Deno.test("decode() reads packed and single numbers", () => {
  const type = reflection.ExtensionNumberResponse;
  const values = { baseTypeName: "", extensionNumber: [1, 300, -5] };
  assert.deepEqual(decode(type, encode(type, values)), values);
  const minusFive = [0xfb, ...Array(8).fill(0xff), 1];
  const single = [0x10, 1, 0x10, 0xac, 2, 0x12, 10, ...minusFive];
  assert.deepEqual(decode(type, new Uint8Array(single)), values);
});

Deno.test("decode() takes the last value of a field that occurs twice, also in a oneof", () => {
  const bytes = new Uint8Array([0x0a, 1, 0x61, 0x0a, 1, 0x62, 0x18, 5, 0x20, 7]);
  assert.deepEqual(decode(maglev.BackendRequest, bytes), {
    name: "b",
    reason: "",
    end: { $case: "forNs", value: 7n },
    begin: undefined,
    scope: "",
    force: false,
    plans: [],
  });
});

Deno.test("both versions of reflection differ in their names only", () => {
  const shapes = (file: Readonly<Record<string, unknown>>) =>
    Object.values<unknown>(file).filter(isMessageType)
      .map(({ $type }) => REGISTRY.getMessage($type)!)
      .map(({ name, fields }) => ({
        name,
        fields: fields.map(({ name, number, fieldKind }) => ({ name, number, fieldKind })),
      }));
  assert.deepEqual(shapes(reflectionAlpha), shapes(reflection));
});
