/**
 * A .proto file as FileDescriptorProto, what reflection hands out: byte for byte what protoc
 * makes of the file. PURE.
 *
 * @see https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
 */
import { camelCase } from "../../src/grpc/protobuf/message.ts";
import type { EnumDef, FieldDef, FileDef, MessageDef, MethodDef, ServiceDef } from "./schema.ts";
import { WIRE, Writer } from "../../src/grpc/protobuf/writer.ts";

/** FieldDescriptorProto.Type. */
const TYPE = {
  double: 1,
  int64: 3,
  uint64: 4,
  int32: 5,
  bool: 8,
  string: 9,
  message: 11,
  bytes: 12,
  uint32: 13,
  enum: 14,
} as const;

/** FieldDescriptorProto.Label. */
const LABEL = { optional: 1, repeated: 3 } as const;

/** The bytes of a FileDescriptorProto. */
export function fileDescriptor(file: FileDef): Uint8Array<ArrayBuffer> {
  const part = new Parts();
  part.text(1, file.path);
  part.text(2, file.package);
  for (const message of file.messages) part.nested(4, () => messageParts(part, file, message));
  for (const service of file.services) part.nested(6, () => serviceParts(part, file, service));
  part.text(12, "proto3");
  return part.writer.finish();
}

class Parts {
  readonly writer = new Writer();

  text(number: number, value: string): void {
    this.writer.string(number, value);
  }

  number(number: number, value: number): void {
    // Written even when it is 0: in proto2, which descriptors are, that is not the same as absent.
    this.writer.int32(number, value, true);
  }

  nested(number: number, fill: () => void): void {
    this.writer.tag(number, WIRE.bytes);
    const start = this.writer.begin();
    fill();
    this.writer.end(start);
  }
}

function messageParts(part: Parts, file: FileDef, message: MessageDef): void {
  part.text(1, message.name.slice(message.name.indexOf(".") + 1));
  // Oneofs of the file first, then one for each `optional`, as protoc numbers them.
  const optionals = message.fields.filter((field) => field.optional);
  const oneofs = [...message.oneofs, ...optionals.map(({ name }) => `_${name}`)];
  for (const field of message.fields) {
    part.nested(2, () => fieldParts(part, { file, field, oneofs }));
  }
  for (const entry of message.entries) {
    part.nested(3, () => {
      messageParts(part, file, entry);
      // MessageOptions.map_entry
      part.nested(7, () => part.number(7, 1));
    });
  }
  for (const item of message.enums) part.nested(4, () => enumParts(part, item));
  for (const oneof of oneofs) part.nested(8, () => part.text(1, oneof));
}

function fieldParts(
  part: Parts,
  { file, field, oneofs }: {
    readonly file: FileDef;
    readonly field: FieldDef;
    readonly oneofs: readonly string[];
  },
): void {
  const { type } = field;
  part.text(1, field.name);
  part.number(3, field.number);
  part.number(4, field.repeated ? LABEL.repeated : LABEL.optional);
  part.number(5, TYPE[type.kind === "scalar" ? type.scalar : type.kind]);
  if (type.kind !== "scalar") part.text(6, `.${file.package}.${type.name}`);
  const oneof = field.optional ? `_${field.name}` : field.oneof;
  if (oneof !== undefined) part.number(9, oneofs.indexOf(oneof));
  part.text(10, camelCase(field.name));
  if (field.optional) part.number(17, 1);
}

function enumParts(part: Parts, { name, values }: EnumDef): void {
  part.text(1, name.slice(name.indexOf(".") + 1));
  for (const [value, number] of values) {
    part.nested(2, () => {
      part.text(1, value);
      part.number(2, number);
    });
  }
}

function serviceParts(part: Parts, file: FileDef, service: ServiceDef): void {
  part.text(1, service.name);
  for (const method of service.methods) part.nested(2, () => methodParts(part, file, method));
}

function methodParts(part: Parts, file: FileDef, method: MethodDef): void {
  part.text(1, method.name);
  part.text(2, `.${file.package}.${method.request}`);
  part.text(3, `.${file.package}.${method.response}`);
  if (method.requestStream) part.number(5, 1);
  if (method.responseStream) part.number(6, 1);
}
