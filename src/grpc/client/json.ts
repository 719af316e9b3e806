/**
 * Messages of the API in the standard JSON form of protocol buffers. Fields with their default
 * value are written too, so that scripts find every name.
 *
 * The generated code has no names of fields; the library reads them from the descriptors. Import
 * this module only when JSON is requested, because loading it takes some 30 ms.
 *
 * @see https://protobuf.dev/programming-guides/json/
 */
import { create, createFileRegistry, fromBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { invariant } from "../../base/assert.ts";
import { FILES } from "../gen/descriptors.ts";
import { encode } from "../messages/codec.ts";
import { Maglev, type MaglevTypes } from "../messages/maglev.ts";
import type { MethodInfo } from "../messages/methods.ts";
import type { Json, ResponseOf } from "./client.ts";

const REGISTRY = createFileRegistry(create(FileDescriptorSetSchema, {
  file: FILES.map(({ descriptor }) =>
    fromBinary(FileDescriptorProtoSchema, Uint8Array.fromBase64(descriptor))
  ),
}));

/** A method's answer as JSON values. */
export function answerJson<M extends keyof MaglevTypes>(method: M, answer: ResponseOf<M>): Json {
  const { response }: MethodInfo<unknown, ResponseOf<M>> = Maglev[method];
  const schema = REGISTRY.getMessage(response.$type);
  invariant(schema !== undefined, `${response.$type} has no descriptor`);
  const copy = fromBinary(schema, encode(response, answer));
  return toJson(schema, copy, { alwaysEmitImplicit: true });
}
