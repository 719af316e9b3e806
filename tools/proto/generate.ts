/**
 * Generator of src/grpc/gen/: a .proto file in, TypeScript out (to be formatted by the caller).
 * Per message an interface and a type whose write and read are straight lines of calls, so that
 * nothing is interpreted at run time. PURE.
 *
 * 64-bit integers are bigint, a oneof is `{ kind, value }`, what may be absent is undefined and
 * has to be written as such: a field that was forgotten is an error of the type checker.
 */
import { invariant } from "../../src/base/assert.ts";
import { fileDescriptor } from "./descriptor.ts";
import { camelCase } from "../../src/grpc/protobuf/message.ts";
import type { EnumDef, FieldDef, FileDef, MessageDef, ServiceDef } from "./schema.ts";
import { WIRE } from "../../src/grpc/protobuf/writer.ts";

/** The text of the generated file. `runtime`: path of protobuf/message.ts as seen from there. */
export function generate(file: FileDef, runtime: string): string {
  const parts = [
    `// Generated from proto/${file.path} by \`deno task proto\`; not to be edited.`,
    `import type { MessageType, MethodInfo } from "${runtime}";`,
    "",
    ...file.messages.flatMap((message) => message.enums.map(enumText)),
    ...file.messages.flatMap((message) =>
      [message, ...message.entries].map((one) => messageText(file, one))
    ),
    ...file.services.map((service) => serviceText(file, service)),
    descriptorText(file),
  ];
  return parts.join("\n");
}

function descriptorText(file: FileDef): string {
  let binary = "";
  for (const byte of fileDescriptor(file)) binary += String.fromCharCode(byte);
  return `/** proto/${file.path} as a FileDescriptorProto in base64, and what it declares. */
export const FILE = {
  path: ${JSON.stringify(file.path)},
  package: ${JSON.stringify(file.package)},
  symbols: ${JSON.stringify(symbolsOf(file).join(" "))},
  descriptor: ${JSON.stringify(btoa(binary))},
} as const;
`;
}

/** Full names of messages, enums, services and methods. */
function symbolsOf({ package: home, messages, services }: FileDef): string[] {
  return [
    ...messages.flatMap(({ name, enums }) => [name, ...enums.map((item) => item.name)]),
    ...services.flatMap(({ name, methods }) => [
      name,
      ...methods.map((method) => `${name}.${method.name}`),
    ]),
  ].map((name) => `${home}.${name}`);
}

function doc(comment: string, indent = ""): string {
  if (comment === "") return "";
  const lines = comment.replaceAll("*/", "* /").split("\n");
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`).join("\n")}\n${indent} */\n`;
}

/** Name in TypeScript of a type within another one. */
const identifier = (name: string) => name.replaceAll(".", "_");

function enumText({ name, comment, values }: EnumDef): string {
  const id = identifier(name);
  return `${doc(comment || `Values of ${name}; others may come from newer peers.`)}` +
    `export const ${id} = {\n${
      values.map(([value, number]) => `  ${value}: ${number},`).join("\n")
    }\n} as const;\n/** A value of ${name}. */\nexport type ${id} = number;\n`;
}

function messageText(file: FileDef, message: MessageDef): string {
  const { comment } = message;
  const name = identifier(message.name);
  const plain = message.fields.filter((field) => field.oneof === undefined);
  const properties = [
    ...plain.map((field) =>
      `${doc(field.comment, "  ")}  readonly ${camelCase(field.name)}: ${propertyType(field)};`
    ),
    ...message.oneofs.map((oneof) =>
      `  readonly ${camelCase(oneof)}: ${oneofType(message, oneof)};`
    ),
  ];
  const id = {
    full: `${file.package}.${message.name}`,
    unused: message.fields.length === 0 ? "_" : "",
  };
  const shape = properties.length === 0
    ? `export type ${name} = Readonly<Record<string, never>>;`
    : `export interface ${name} {\n${properties.join("\n")}\n}`;
  return `${doc(comment || `Message ${id.full}.`)}${shape}

/** The type of ${id.full}. */
export const ${name}: MessageType<${name}> = {
  name: ${JSON.stringify(id.full)},
  fields: [
${message.fields.map((field) => `    ${fieldInfo(message, field)},`).join("\n")}
  ],
  empty: {
${plain.map((field) => `    ${camelCase(field.name)}: ${defaultOf(field)},`).join("\n")}
${message.oneofs.map((oneof) => `    ${camelCase(oneof)}: undefined,`).join("\n")}
  },
  write(${id.unused}message, ${id.unused}writer) {
${plain.map(writeField).join("\n")}
${message.oneofs.map((oneof) => writeOneof(message, oneof)).join("\n")}
  },
  read(reader) {
${readBody(message)}
  },
};
`;
}

function valueType(field: FieldDef): string {
  const { type } = field;
  if (type.kind === "message") return identifier(type.name);
  if (type.kind === "enum") return identifier(type.name);
  switch (type.scalar) {
    case "string":
      return "string";
    case "bytes":
      return "Uint8Array";
    case "bool":
      return "boolean";
    case "int64":
    case "uint64":
      return "bigint";
    default:
      return "number";
  }
}

function propertyType(field: FieldDef): string {
  const value = valueType(field);
  if (field.repeated) return `readonly ${value}[]`;
  return mayBeAbsent(field) ? `${value} | undefined` : value;
}

function oneofType(message: MessageDef, oneof: string): string {
  const members = membersOf(message, oneof).map((field) =>
    `${doc(field.comment, "    ")}    | { readonly kind: "${
      camelCase(field.name)
    }"; readonly value: ${valueType(field)} }`
  );
  return `\n${members.join("\n")}\n    | undefined`;
}

function membersOf(message: MessageDef, oneof: string): FieldDef[] {
  return message.fields.filter((field) => field.oneof === oneof);
}

function mayBeAbsent(field: FieldDef): boolean {
  return !field.repeated && (field.optional || field.type.kind === "message");
}

function defaultOf(field: FieldDef): string {
  if (field.repeated) return "[]";
  if (mayBeAbsent(field)) return "undefined";
  switch (valueType(field)) {
    case "string":
      return '""';
    case "Uint8Array":
      return "new Uint8Array()";
    case "boolean":
      return "false";
    case "bigint":
      return "0n";
    default:
      return "0";
  }
}

function fieldInfo(message: MessageDef, field: FieldDef): string {
  const { type } = field;
  const kinds = { string: "string", bytes: "bytes", bool: "bool", int64: "int64", uint64: "int64" };
  const kind = type.kind !== "scalar"
    ? type.kind
    : Object.entries(kinds).find(([scalar]) => scalar === type.scalar)?.[1] ?? "number";
  const parts = [
    `name: ${JSON.stringify(field.name)}`,
    `kind: "${kind}"`,
    `repeated: ${field.repeated}`,
    `optional: ${mayBeAbsent(field) || field.oneof !== undefined}`,
  ];
  if (field.map) parts.push("map: true");
  if (field.oneof !== undefined) parts.push(`oneof: "${camelCase(field.oneof)}"`);
  if (type.kind === "message") parts.push(`message: () => ${identifier(type.name)}`);
  if (type.kind === "enum") {
    const found = message.enums.find(({ name }) => name === type.name);
    invariant(found !== undefined, `enum ${type.name} is of another message`);
    const names = found.values.map(([name, value]) => `${value}: ${JSON.stringify(name)}`);
    parts.push(`names: { ${names.join(", ")} }`);
  }
  return `{ ${parts.join(", ")} }`;
}

/** The method of Writer and Reader. */
function method(field: FieldDef): string {
  return field.type.kind === "scalar" ? field.type.scalar : "int32";
}

function wireType(field: FieldDef): number {
  if (field.type.kind === "message") return WIRE.bytes;
  const name = method(field);
  if (name === "string" || name === "bytes") return WIRE.bytes;
  return name === "double" ? WIRE.fixed64 : WIRE.varint;
}

function tagOf(field: FieldDef, wire: number): number {
  return field.number * 8 + wire;
}

/** Repeated numbers are written in one field. */
function isPacked(field: FieldDef): boolean {
  if (!field.repeated || wireType(field) === WIRE.bytes) return false;
  invariant(
    method(field) === "int32",
    `${field.name}: of repeated numbers only int32 is supported`,
  );
  return true;
}

/** Statement that writes `value`. `always`: also when it is the default. */
function writeValue(field: FieldDef, value: string, always: boolean): string {
  const { number, type } = field;
  if (type.kind === "message") {
    return `writer.message(${number}, ${identifier(type.name)}, ${value});`;
  }
  return `writer.${method(field)}(${number}, ${value}${always ? ", true" : ""});`;
}

function writeField(field: FieldDef): string {
  const value = `message.${camelCase(field.name)}`;
  if (isPacked(field)) return `writer.${method(field)}s(${field.number}, ${value});`;
  if (field.repeated) return `for (const item of ${value}) ${writeValue(field, "item", true)}`;
  if (!field.optional) return writeValue(field, value, false);
  return `if (${value} !== undefined) ${writeValue(field, value, true)}`;
}

function writeOneof(message: MessageDef, oneof: string): string {
  const name = camelCase(oneof);
  const cases = membersOf(message, oneof).map((field) =>
    `case "${camelCase(field.name)}": ${writeValue(field, `message.${name}.value`, true)} break;`
  );
  return `switch (message.${name}?.kind) { ${cases.join("\n")} }`;
}

function readBody(message: MessageDef): string {
  const plain = message.fields.filter((field) => field.oneof === undefined);
  const variables = [
    ...plain.map((field) => {
      const type = field.repeated ? `${valueType(field)}[]` : propertyType(field);
      return `let ${camelCase(field.name)}: ${type} = ${defaultOf(field)};`;
    }),
    ...message.oneofs.map((oneof) =>
      `let ${camelCase(oneof)}: ${message.name}["${camelCase(oneof)}"];`
    ),
  ].map((
    line,
  ) => (/^let \w+: (readonly )?\w+\[\]/.test(line) ? line.replace("let", "const") : line));
  const names = [...plain.map((field) => field.name), ...message.oneofs].map(camelCase);
  const cases = message.fields.map(readCase);
  const loop = cases.length === 0 ? "reader.skip(reader.tag());" : `const tag = reader.tag();
      switch (tag) {
        ${cases.join("\n")}
        default: reader.skip(tag);
      }`;
  return `${variables.join("\n")}
    while (!reader.atEnd) { ${loop} }
    return { ${names.join(", ")} };`;
}

function readCase(field: FieldDef): string {
  const { type } = field;
  const name = camelCase(field.name);
  const value = type.kind === "message"
    ? `reader.message(${identifier(type.name)})`
    : `reader.${method(field)}()`;
  const label = `case ${tagOf(field, wireType(field))}:`;
  if (field.oneof !== undefined) {
    return `${label} ${camelCase(field.oneof)} = { kind: "${name}", value: ${value} }; break;`;
  }
  if (!field.repeated) return `${label} ${name} = ${value}; break;`;
  const one = `${label} ${name}.push(${value}); break;`;
  if (!isPacked(field)) return one;
  return `${one}\ncase ${tagOf(field, WIRE.bytes)}: reader.${method(field)}s(${name}); break;`;
}

function serviceText(file: FileDef, service: ServiceDef): string {
  const full = `${file.package}.${service.name}`;
  const id = service.name;
  const types = service.methods.map((rpc) =>
    `  readonly ${rpc.name}: { readonly request: ${rpc.request}; readonly response: ${rpc.response} };`
  );
  const methods = service.methods.map((rpc) =>
    `${doc(rpc.comment, "  ")}  ${rpc.name}: {
    name: "${rpc.name}",
    path: "/${full}/${rpc.name}",
    request: ${rpc.request},
    response: ${rpc.response},
    requestStream: ${rpc.requestStream},
    responseStream: ${rpc.responseStream},
  },`
  );
  return `/** What the methods of ${full} are asked, and what they answer. */
export interface ${id}Types {
${types.join("\n")}
}

${doc(service.comment || `The methods of service ${full}.`)}export const ${id}: {
  readonly [M in keyof ${id}Types]: MethodInfo<${id}Types[M]["request"], ${id}Types[M]["response"]>;
} = {
${methods.join("\n")}
};
`;
}
