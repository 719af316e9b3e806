/**
 * Goal: what we write, others read, and the other way round; and no bytes whatever do more than
 * fail to be read. Method: random messages of every type go through protobufjs, an implementation
 * that is not ours, and back; random and damaged bytes go into our reader.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import protobuf from "protobufjs";
import * as health from "../gen/health.ts";
import * as maglev from "../gen/maglev.ts";
import * as reflection from "../gen/reflection.ts";
import * as reflectionAlpha from "../gen/reflection_v1alpha.ts";
import {
  camelCase,
  decode,
  encode,
  type FieldInfo,
  type MessageFields,
  type MessageType,
  toJson,
} from "./message.ts";
import { DecodeError, MAX_MESSAGES } from "./reader.ts";

/** A type of whatever message, and how protobufjs knows it. */
interface Subject {
  readonly type: MessageType<Record<string, unknown>>;
  readonly other: protobuf.Type;
}

function isMessageType(value: unknown): value is MessageType<Record<string, unknown>> {
  return typeof value === "object" && value !== null && "write" in value && "read" in value;
}

const root = new protobuf.Root();
for (const path of ["maglev", "grpc/health/v1/health", "grpc/reflection/v1/reflection"]) {
  const text = Deno.readTextFileSync(new URL(`../../../proto/${path}.proto`, import.meta.url));
  protobuf.parse(text, root);
}

root.resolveAll();

const SUBJECTS: readonly Subject[] = [maglev, health, reflection].flatMap((file) =>
  // Entries of maps have no name at protobufjs; they are tried within their messages.
  Object.values<unknown>(file).filter(isMessageType).filter(({ name }) => !name.endsWith("Entry"))
).map((type) => ({ type, other: root.lookupType(type.name) }));

const TEXT = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.constant("x".repeat(20_000)),
);
const INT64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, 127n, 128n, 2n ** 28n, 2n ** 32n, 2n ** 35n, 2n ** 63n - 1n),
);

/** Random values of a field, without lists and absence. */
function valueOf(field: FieldInfo, other: protobuf.Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case "string":
      return TEXT.map((text) => text.toWellFormed());
    case "bool":
      return fc.boolean();
    case "bytes":
      return fc.uint8Array({ maxLength: 300 });
    case "int64":
      return other.type === "uint64" ? INT64.map((value) => BigInt.asUintN(64, value)) : INT64;
    case "enum":
      return fc.constantFrom(0, 1, 2, 3);
    case "message":
      return field.map === true
        ? entryOf(field.message!(), other)
        : messageOf(field.message!(), other.resolvedType as protobuf.Type);
    case "number":
      if (other.type === "double") return fc.double({ noNaN: true });
      return other.type === "uint32" ? fc.nat(2 ** 31) : fc.integer();
  }
}

/** Random entries of a map; keys are none that JavaScript would put in another order. */
function entryOf(entry: MessageFields, other: protobuf.Field): fc.Arbitrary<unknown> {
  return fc.record({
    key: TEXT.map((text) => `k${text.toWellFormed()}`),
    value: valueOf(entry.fields[1]!, other),
  }, { noNullPrototype: true });
}

/** Random messages. */
function messageOf(
  type: MessageFields,
  other: protobuf.Type,
): fc.Arbitrary<Record<string, unknown>> {
  const properties: Record<string, fc.Arbitrary<unknown>> = {};
  const oneofs = new Map<string, fc.Arbitrary<unknown>[]>();
  for (const field of type.fields) {
    const key = camelCase(field.name);
    const value = valueOf(field, other.fields[key]!);
    if (field.oneof !== undefined) {
      const members = oneofs.get(field.oneof) ?? [];
      members.push(value.map((inner) => ({ kind: key, value: inner })));
      oneofs.set(field.oneof, members);
    } else if (field.map === true) {
      properties[key] = fc.uniqueArray(value, {
        maxLength: 4,
        selector: (entry) => (entry as { key: string }).key,
      });
    } else if (field.repeated) properties[key] = fc.array(value, { maxLength: 4 });
    else if (field.optional) properties[key] = fc.option(value, { nil: undefined });
    else properties[key] = value;
  }
  for (const [oneof, members] of oneofs) {
    properties[oneof] = fc.oneof(fc.constant(undefined), ...members);
  }
  return fc.record(properties, { noNullPrototype: true });
}

for (const { type, other } of SUBJECTS) {
  if (type.fields.length === 0) continue;
  Deno.test(`${type.name} is read by others as it was written, and the other way round`, () => {
    fc.assert(
      fc.property(messageOf(type, other), (message) => {
        const bytes = encode(type, message);
        const theirs = other.encode(other.decode(bytes)).finish();
        assert.deepEqual(decode(type, new Uint8Array(theirs)), message);
        assert.deepEqual(decode(type, bytes), message);
      }),
      { numRuns: 20 },
    );
  });
}

Deno.test("a map is an object in JSON", () => {
  const statuses = [{ key: "", value: { status: 1 } }, { key: "b", value: { status: 2 } }];
  assert.deepEqual(toJson(health.HealthListResponse, { statuses }), {
    statuses: { "": { status: "SERVING" }, b: { status: "NOT_SERVING" } },
  });
});

Deno.test("a message at its defaults is no bytes, and no bytes are a message at its defaults", () => {
  for (const { type } of SUBJECTS) {
    assert.equal(encode(type, type.empty).length, 0, type.name);
    assert.deepEqual(decode(type, new Uint8Array()), type.empty, type.name);
  }
});

Deno.test("whatever the bytes, reading gives a message or a DecodeError", () => {
  const any = (bytes: Uint8Array) => {
    for (const { type } of SUBJECTS) {
      try {
        decode(type, bytes);
      } catch (error) {
        assert.ok(error instanceof DecodeError, `${type.name}: ${error}`);
      }
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), any));
  const { type, other } = SUBJECTS.find(({ type }) => type.name === "maglev.BackendInfo")!;
  const damage = fc.record({
    message: messageOf(type, other),
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

Deno.test("more messages within one than anybody needs are a DecodeError", () => {
  const empties = (count: number) =>
    new Uint8Array(2 * count).map((_, at) => at % 2 === 0 ? 0x12 : 0);
  const { backends } = decode(maglev.ListBackendsResponse, empties(MAX_MESSAGES));
  assert.equal(backends.length, MAX_MESSAGES);
  assert.throws(
    () => decode(maglev.ListBackendsResponse, empties(MAX_MESSAGES + 1)),
    { name: "DecodeError", message: `more than ${MAX_MESSAGES} messages` },
  );
});

Deno.test("fields that are not known are passed over, whatever their wire type", () => {
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

Deno.test("numbers that are packed and numbers that are not are read alike", () => {
  const type = reflection.ExtensionNumberResponse;
  const values = { baseTypeName: "", extensionNumber: [1, 300, -5] };
  const packed = encode(type, values);
  assert.deepEqual(decode(type, packed), values);
  const single = [
    0x10,
    1,
    0x10,
    0xac,
    2,
    0x12,
    10,
    0xfb,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    1,
  ];
  assert.deepEqual(decode(type, new Uint8Array(single)), values);
});

Deno.test("of a field that comes twice the last counts, of a oneof too", () => {
  const bytes = new Uint8Array([0x0a, 1, 0x61, 0x0a, 1, 0x62, 0x18, 5, 0x20, 7]);
  assert.deepEqual(decode(maglev.BackendRequest, bytes), {
    name: "b",
    reason: "",
    end: { kind: "forNs", value: 7n },
  });
});

Deno.test("toJson() gives the standard JSON form, fields at their defaults included", () => {
  const { VipChange, Event, HealthCheckInfo } = maglev;
  assert.deepEqual(
    toJson(maglev.BackendRequest, {
      name: "a",
      reason: "",
      end: { kind: "forNs", value: 2n ** 60n },
    }),
    { name: "a", reason: "", forNs: "1152921504606846976" },
  );
  assert.deepEqual(toJson(Event, { event: undefined }), {});
  assert.deepEqual(
    toJson(health.HealthCheckResponse, { status: 1 }),
    { status: "SERVING" },
  );
  assert.deepEqual(toJson(health.HealthCheckResponse, { status: 77 }), { status: 77 });
  assert.deepEqual(
    toJson(reflection.FileDescriptorResponse, { fileDescriptorProto: [new Uint8Array([1, 255])] }),
    { fileDescriptorProto: ["Af8="] },
  );
  const shift = { buckets: 4, moved: NaN, lost: 0, gained: 0, shareMoved: 0.5, rehashed: true };
  const vip = toJson(VipChange, { ...VipChange.empty, atOnce: shift });
  assert.deepEqual(vip, {
    frontend: "",
    prefix: "",
    protocol: "",
    port: 0,
    change: "",
    reason: "",
    servers: [],
    atOnce: { ...shift, moved: "NaN" },
  });
  assert.equal(Object.keys(toJson(HealthCheckInfo, HealthCheckInfo.empty) as object).length, 25);
});

Deno.test("both versions of reflection are the same but for their names", () => {
  const types = (file: Readonly<Record<string, unknown>>) =>
    Object.values<unknown>(file).filter(isMessageType);
  const beta = new Map(types(reflectionAlpha).map((type) => [type.name.split(".").at(-1), type]));
  for (const type of types(reflection)) {
    const twin = beta.get(type.name.split(".").at(-1));
    assert.deepEqual(JSON.stringify(twin?.fields), JSON.stringify(type.fields));
  }
});
