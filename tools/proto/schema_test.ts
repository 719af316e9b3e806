import assert from "node:assert/strict";
import { readProto } from "./schema.ts";

const HEAD = 'syntax = "proto3";\npackage p;\n';

Deno.test("readProto() reads messages, fields, oneofs, enums and services", () => {
  const file = readProto(
    "a/b.proto",
    `${HEAD}
// What it is.
message M {
  enum E { ZERO = 0; ONE = 1; }
  // A name.
  string name = 1;
  repeated M more = 2;
  optional int64 when = 3;
  E e = 4;
  oneof either { bool left = 5; double right = 6; }
}
service S { rpc Get(M) returns (stream M); }`,
  );
  assert.deepEqual([file.path, file.package], ["a/b.proto", "p"]);
  const [message] = file.messages;
  assert.equal(message!.comment, "What it is.");
  assert.deepEqual(message!.oneofs, ["either"]);
  assert.deepEqual(message!.enums.map(({ name }) => name), ["M.E"]);
  assert.deepEqual(
    message!.fields.map(({ name, number, repeated, optional, oneof, comment }) => [
      name,
      number,
      repeated,
      optional,
      oneof,
      comment,
    ]),
    [
      ["name", 1, false, false, undefined, "A name."],
      ["more", 2, true, false, undefined, ""],
      ["when", 3, false, true, undefined, ""],
      ["e", 4, false, false, undefined, ""],
      ["left", 5, false, false, "either", ""],
      ["right", 6, false, false, "either", ""],
    ],
  );
  assert.deepEqual(file.services[0]!.methods, [{
    name: "Get",
    comment: "",
    request: "M",
    response: "M",
    requestStream: false,
    responseStream: true,
  }]);
});

Deno.test("readProto() reads a map as what it is on the wire", () => {
  const { messages: [message] } = readProto(
    "m.proto",
    `${HEAD}message M { map<string, M> by_name = 1; }`,
  );
  const [field] = message!.fields;
  assert.deepEqual(
    [field!.type, field!.repeated, field!.map],
    [{ kind: "message", name: "M.ByNameEntry" }, true, true],
  );
  const [entry] = message!.entries;
  assert.deepEqual(
    [entry!.name, ...entry!.fields.map(({ name, number, type }) => [name, number, type])],
    [
      "M.ByNameEntry",
      ["key", 1, { kind: "scalar", scalar: "string" }],
      ["value", 2, { kind: "message", name: "M" }],
    ],
  );
});

Deno.test("readProto() refuses by name what is not supported", () => {
  const cases: [text: string, says: RegExp][] = [
    ["syntax = 'proto3';", /need a package/],
    [`${HEAD}import "x.proto";\nmessage M {}`, /imports are not supported/],
    [`${HEAD}message M { map<int32, string> m = 1; }`, /p\.M\.m: keys of type int32 are not/],
    [`${HEAD}message M { fixed32 f = 1; }`, /p\.M\.f: type fixed32 is not supported/],
    [`${HEAD}message M { float f = 1; }`, /type float is not supported/],
    [`${HEAD}enum E { A = 0; }`, /p\.E is not supported/],
    [`${HEAD}message M { message N {} }`, /p\.M\.N is not supported/],
    [`${HEAD}message M { Missing m = 1; }`, /Missing/],
    [`${HEAD}message M {`, /b\.proto: /],
  ];
  for (const [text, says] of cases) {
    assert.throws(() => readProto("a/b.proto", text), { code: "invalid-argument", message: says });
  }
});
