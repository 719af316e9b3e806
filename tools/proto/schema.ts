/**
 * What the generator needs of .proto files, out of the parser of `protobufjs`. What the project
 * does not use (groups, extensions, fixed-width integers, imports, maps whose keys are not strings) is
 * refused by name rather than generated wrong. A map is what it is on the wire: a repeated message
 * of a key and a value. PURE.
 */
import protobuf from "protobufjs";
import { MaglevError } from "../../src/base/errors.ts";

/** Scalar types in use. */
export const SCALARS = [
  "string",
  "bytes",
  "bool",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "double",
] as const;
export type Scalar = (typeof SCALARS)[number];

export type FieldType =
  | { readonly kind: "scalar"; readonly scalar: Scalar }
  | { readonly kind: "message"; readonly name: string }
  | { readonly kind: "enum"; readonly name: string };

export interface FieldDef {
  readonly name: string;
  readonly number: number;
  readonly type: FieldType;
  readonly repeated: boolean;
  /** A map: repeated, of messages of `MessageDef.entries`. */
  readonly map: boolean;
  /** Written `optional`. */
  readonly optional: boolean;
  /** Name of the oneof it is a member of. */
  readonly oneof: string | undefined;
  readonly comment: string;
}

export interface MessageDef {
  /** Without package: `HealthCheckResponse`; of an entry `HealthListResponse.StatusesEntry`. */
  readonly name: string;
  readonly comment: string;
  /** In the order of the file. */
  readonly fields: readonly FieldDef[];
  readonly oneofs: readonly string[];
  readonly enums: readonly EnumDef[];
  /** The messages that its maps consist of. */
  readonly entries: readonly MessageDef[];
}

export interface EnumDef {
  /** Without package, with the message it is in: `HealthCheckResponse.ServingStatus`. */
  readonly name: string;
  readonly comment: string;
  readonly values: readonly (readonly [name: string, value: number])[];
}

export interface MethodDef {
  readonly name: string;
  readonly comment: string;
  /** Names of messages, without package. */
  readonly request: string;
  readonly response: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

export interface ServiceDef {
  readonly name: string;
  readonly comment: string;
  readonly methods: readonly MethodDef[];
}

/** One .proto file. */
export interface FileDef {
  /** As others import it: `grpc/health/v1/health.proto`. */
  readonly path: string;
  readonly package: string;
  readonly messages: readonly MessageDef[];
  readonly services: readonly ServiceDef[];
}

/** @throws {MaglevError} `invalid-argument`, for what is no proto3 or is not supported here */
export function readProto(path: string, text: string): FileDef {
  const refuse = (what: string) => new MaglevError("invalid-argument", `${path}: ${what}`);
  const root = new protobuf.Root();
  let parsed: protobuf.IParserResult;
  try {
    parsed = protobuf.parse(text, root, { keepCase: true, alternateCommentMode: true });
    root.resolveAll();
  } catch (error) {
    throw refuse(MaglevError.from(error).message);
  }
  if (parsed.package === undefined) throw refuse("need a package");
  if ((parsed.imports ?? []).length > 0) throw refuse("imports are not supported");
  const namespace = root.lookup(parsed.package);
  if (!(namespace instanceof protobuf.Namespace)) throw refuse("it is empty");
  const messages: MessageDef[] = [];
  const services: ServiceDef[] = [];
  for (const item of namespace.nestedArray) {
    if (item instanceof protobuf.Type) messages.push(readMessage(item, refuse));
    else if (item instanceof protobuf.Service) services.push(readService(item));
    else throw refuse(`${item.fullName} is not supported`);
  }
  return { path, package: parsed.package, messages, services };
}

type Refuse = (what: string) => MaglevError;

function readMessage(type: protobuf.Type, refuse: Refuse): MessageDef {
  const enums = type.nestedArray.map((nested): EnumDef => {
    if (!(nested instanceof protobuf.Enum)) throw refuse(`${nested.fullName} is not supported`);
    return {
      name: `${type.name}.${nested.name}`,
      comment: nested.comment ?? "",
      values: Object.entries(nested.values),
    };
  });
  const oneofs = type.oneofsArray.filter((oneof) => !isProto3Optional(oneof));
  return {
    name: type.name,
    comment: type.comment ?? "",
    fields: type.fieldsArray.map((field) => readField(field, refuse)),
    oneofs: oneofs.map((oneof) => oneof.name),
    enums,
    entries: type.fieldsArray.flatMap((field: protobuf.FieldBase) =>
      isMap(field) ? [readEntry(field, refuse)] : []
    ),
  };
}

function isMap(field: protobuf.FieldBase): field is protobuf.MapField {
  return field instanceof protobuf.MapField;
}

/** As protoc calls it: `statuses` of M is `M.StatusesEntry`. */
function entryName(field: protobuf.FieldBase): string {
  const camel = field.name.replace(/(?:^|_)([a-z0-9])/g, (_, letter) => letter.toUpperCase());
  return `${field.parent!.name}.${camel}Entry`;
}

function readEntry(field: protobuf.MapField, refuse: Refuse): MessageDef {
  if (field.keyType !== "string") {
    throw refuse(`${field.fullName}: keys of type ${field.keyType} are not supported`);
  }
  const plain = { repeated: false, map: false, optional: false, oneof: undefined, comment: "" };
  return {
    name: entryName(field),
    comment: "",
    fields: [
      { ...plain, name: "key", number: 1, type: { kind: "scalar", scalar: "string" } },
      { ...plain, name: "value", number: 2, type: readType(field, refuse) },
    ],
    oneofs: [],
    enums: [],
    entries: [],
  };
}

function readField(field: protobuf.Field, refuse: Refuse): FieldDef {
  const oneof = field.partOf === null || isProto3Optional(field.partOf)
    ? undefined
    : field.partOf.name;
  return {
    name: field.name,
    number: field.id,
    type: isMap(field) ? { kind: "message", name: entryName(field) } : readType(field, refuse),
    repeated: field.repeated || isMap(field),
    map: isMap(field),
    optional: field.partOf !== null && oneof === undefined,
    oneof,
    comment: field.comment ?? "",
  };
}

function readType(field: protobuf.FieldBase, refuse: Refuse): FieldType {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Enum) {
    return { kind: "enum", name: `${resolvedType.parent!.name}.${resolvedType.name}` };
  }
  if (resolvedType instanceof protobuf.Type) return { kind: "message", name: resolvedType.name };
  const scalar = SCALARS.find((known) => known === field.type);
  if (scalar === undefined) throw refuse(`${field.fullName}: type ${field.type} is not supported`);
  return { kind: "scalar", scalar };
}

/** The parser makes a oneof of one for each `optional`; it is not in the file. */
function isProto3Optional(oneof: protobuf.OneOf): boolean {
  return oneof.name.startsWith("_") && oneof.fieldsArray.length === 1;
}

function readService(service: protobuf.Service): ServiceDef {
  return {
    name: service.name,
    comment: service.comment ?? "",
    methods: service.methodsArray.map((method) => ({
      name: method.name,
      comment: method.comment ?? "",
      request: method.requestType,
      response: method.responseType,
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
    })),
  };
}
