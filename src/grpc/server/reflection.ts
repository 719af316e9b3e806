/**
 * The standard reflection service, in both versions, which differ in their names only. PURE.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
import { FILES } from "../gen/descriptors.ts";
import type { ServerReflectionRequest, ServerReflectionResponse } from "../gen/reflection.ts";
import { METHODS } from "../calls/methods.ts";
import { STATUS } from "../status.ts";

type Answer = NonNullable<ServerReflectionResponse["messageResponse"]>;

/** Longest text of a request that an answer repeats. */
const MAX_ECHO = 256;

/** The answer to one request. */
export function reflect(request: ServerReflectionRequest): ServerReflectionResponse {
  return {
    validHost: request.host.slice(0, MAX_ECHO),
    originalRequest: request,
    messageResponse: answer(request.messageRequest),
  };
}

function answer(asked: ServerReflectionRequest["messageRequest"]): Answer {
  switch (asked?.$case) {
    case "listServices": {
      const names = new Set([...METHODS.values()].map(({ service }) => service));
      const service = [...names].sort().map((name) => ({ name }));
      return { $case: "listServicesResponse", value: { service } };
    }
    case "fileByFilename": {
      const file = FILES.find(({ path }) => path === asked.value);
      return file === undefined ? notFound("file", asked.value) : descriptor(file);
    }
    case "fileContainingSymbol": {
      const file = FILES.find(({ symbols }) => symbols.includes(asked.value));
      return file === undefined ? notFound("symbol", asked.value) : descriptor(file);
    }
    case "fileContainingExtension":
      return notFound("extension of", asked.value.containingType);
    case "allExtensionNumbersOfType": {
      const known = FILES.some(({ symbols }) => symbols.includes(asked.value));
      if (!known) return notFound("type", asked.value);
      // proto3 has no extensions.
      const value = { baseTypeName: asked.value, extensionNumber: [] };
      return { $case: "allExtensionNumbersResponse", value };
    }
    case undefined:
      return {
        $case: "errorResponse",
        value: {
          errorCode: STATUS.INVALID_ARGUMENT,
          errorMessage: "cannot answer an empty request",
        },
      };
  }
}

function descriptor(file: { readonly descriptor: string }): Answer {
  const bytes = Uint8Array.fromBase64(file.descriptor);
  return { $case: "fileDescriptorResponse", value: { fileDescriptorProto: [bytes] } };
}

function notFound(what: string, name: string): Answer {
  const errorMessage = `no ${what} ${JSON.stringify(name.slice(0, MAX_ECHO))}`;
  return { $case: "errorResponse", value: { errorCode: STATUS.NOT_FOUND, errorMessage } };
}
