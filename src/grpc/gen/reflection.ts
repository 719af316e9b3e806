// Generated from proto/grpc/reflection/v1/reflection.proto by `deno task proto`; not to be edited.
import type { MessageType, MethodInfo } from "../protobuf/message.ts";

/** Message grpc.reflection.v1.ServerReflectionRequest. */
export interface ServerReflectionRequest {
  readonly host: string;
  readonly messageRequest:
    | { readonly kind: "fileByFilename"; readonly value: string }
    | { readonly kind: "fileContainingSymbol"; readonly value: string }
    | { readonly kind: "fileContainingExtension"; readonly value: ExtensionRequest }
    | { readonly kind: "allExtensionNumbersOfType"; readonly value: string }
    | { readonly kind: "listServices"; readonly value: string }
    | undefined;
}

/** The type of grpc.reflection.v1.ServerReflectionRequest. */
export const ServerReflectionRequest: MessageType<ServerReflectionRequest> = {
  name: "grpc.reflection.v1.ServerReflectionRequest",
  fields: [
    { name: "host", kind: "string", repeated: false, optional: false },
    {
      name: "file_by_filename",
      kind: "string",
      repeated: false,
      optional: true,
      oneof: "messageRequest",
    },
    {
      name: "file_containing_symbol",
      kind: "string",
      repeated: false,
      optional: true,
      oneof: "messageRequest",
    },
    {
      name: "file_containing_extension",
      kind: "message",
      repeated: false,
      optional: true,
      oneof: "messageRequest",
      message: () => ExtensionRequest,
    },
    {
      name: "all_extension_numbers_of_type",
      kind: "string",
      repeated: false,
      optional: true,
      oneof: "messageRequest",
    },
    {
      name: "list_services",
      kind: "string",
      repeated: false,
      optional: true,
      oneof: "messageRequest",
    },
  ],
  empty: {
    host: "",
    messageRequest: undefined,
  },
  write(message, writer) {
    writer.string(1, message.host);
    switch (message.messageRequest?.kind) {
      case "fileByFilename":
        writer.string(3, message.messageRequest.value, true);
        break;
      case "fileContainingSymbol":
        writer.string(4, message.messageRequest.value, true);
        break;
      case "fileContainingExtension":
        writer.message(5, ExtensionRequest, message.messageRequest.value);
        break;
      case "allExtensionNumbersOfType":
        writer.string(6, message.messageRequest.value, true);
        break;
      case "listServices":
        writer.string(7, message.messageRequest.value, true);
        break;
    }
  },
  read(reader) {
    let host: string = "";
    let messageRequest: ServerReflectionRequest["messageRequest"];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          host = reader.string();
          break;
        case 26:
          messageRequest = { kind: "fileByFilename", value: reader.string() };
          break;
        case 34:
          messageRequest = { kind: "fileContainingSymbol", value: reader.string() };
          break;
        case 42:
          messageRequest = {
            kind: "fileContainingExtension",
            value: reader.message(ExtensionRequest),
          };
          break;
        case 50:
          messageRequest = { kind: "allExtensionNumbersOfType", value: reader.string() };
          break;
        case 58:
          messageRequest = { kind: "listServices", value: reader.string() };
          break;
        default:
          reader.skip(tag);
      }
    }
    return { host, messageRequest };
  },
};

/** Message grpc.reflection.v1.ExtensionRequest. */
export interface ExtensionRequest {
  readonly containingType: string;
  readonly extensionNumber: number;
}

/** The type of grpc.reflection.v1.ExtensionRequest. */
export const ExtensionRequest: MessageType<ExtensionRequest> = {
  name: "grpc.reflection.v1.ExtensionRequest",
  fields: [
    { name: "containing_type", kind: "string", repeated: false, optional: false },
    { name: "extension_number", kind: "number", repeated: false, optional: false },
  ],
  empty: {
    containingType: "",
    extensionNumber: 0,
  },
  write(message, writer) {
    writer.string(1, message.containingType);
    writer.int32(2, message.extensionNumber);
  },
  read(reader) {
    let containingType: string = "";
    let extensionNumber: number = 0;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          containingType = reader.string();
          break;
        case 16:
          extensionNumber = reader.int32();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { containingType, extensionNumber };
  },
};

/** Message grpc.reflection.v1.ServerReflectionResponse. */
export interface ServerReflectionResponse {
  readonly validHost: string;
  readonly originalRequest: ServerReflectionRequest | undefined;
  readonly messageResponse:
    | { readonly kind: "fileDescriptorResponse"; readonly value: FileDescriptorResponse }
    | { readonly kind: "allExtensionNumbersResponse"; readonly value: ExtensionNumberResponse }
    | { readonly kind: "listServicesResponse"; readonly value: ListServiceResponse }
    | { readonly kind: "errorResponse"; readonly value: ErrorResponse }
    | undefined;
}

/** The type of grpc.reflection.v1.ServerReflectionResponse. */
export const ServerReflectionResponse: MessageType<ServerReflectionResponse> = {
  name: "grpc.reflection.v1.ServerReflectionResponse",
  fields: [
    { name: "valid_host", kind: "string", repeated: false, optional: false },
    {
      name: "original_request",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => ServerReflectionRequest,
    },
    {
      name: "file_descriptor_response",
      kind: "message",
      repeated: false,
      optional: true,
      oneof: "messageResponse",
      message: () => FileDescriptorResponse,
    },
    {
      name: "all_extension_numbers_response",
      kind: "message",
      repeated: false,
      optional: true,
      oneof: "messageResponse",
      message: () => ExtensionNumberResponse,
    },
    {
      name: "list_services_response",
      kind: "message",
      repeated: false,
      optional: true,
      oneof: "messageResponse",
      message: () => ListServiceResponse,
    },
    {
      name: "error_response",
      kind: "message",
      repeated: false,
      optional: true,
      oneof: "messageResponse",
      message: () => ErrorResponse,
    },
  ],
  empty: {
    validHost: "",
    originalRequest: undefined,
    messageResponse: undefined,
  },
  write(message, writer) {
    writer.string(1, message.validHost);
    writer.message(2, ServerReflectionRequest, message.originalRequest);
    switch (message.messageResponse?.kind) {
      case "fileDescriptorResponse":
        writer.message(4, FileDescriptorResponse, message.messageResponse.value);
        break;
      case "allExtensionNumbersResponse":
        writer.message(5, ExtensionNumberResponse, message.messageResponse.value);
        break;
      case "listServicesResponse":
        writer.message(6, ListServiceResponse, message.messageResponse.value);
        break;
      case "errorResponse":
        writer.message(7, ErrorResponse, message.messageResponse.value);
        break;
    }
  },
  read(reader) {
    let validHost: string = "";
    let originalRequest: ServerReflectionRequest | undefined = undefined;
    let messageResponse: ServerReflectionResponse["messageResponse"];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          validHost = reader.string();
          break;
        case 18:
          originalRequest = reader.message(ServerReflectionRequest);
          break;
        case 34:
          messageResponse = {
            kind: "fileDescriptorResponse",
            value: reader.message(FileDescriptorResponse),
          };
          break;
        case 42:
          messageResponse = {
            kind: "allExtensionNumbersResponse",
            value: reader.message(ExtensionNumberResponse),
          };
          break;
        case 50:
          messageResponse = {
            kind: "listServicesResponse",
            value: reader.message(ListServiceResponse),
          };
          break;
        case 58:
          messageResponse = { kind: "errorResponse", value: reader.message(ErrorResponse) };
          break;
        default:
          reader.skip(tag);
      }
    }
    return { validHost, originalRequest, messageResponse };
  },
};

/** Message grpc.reflection.v1.FileDescriptorResponse. */
export interface FileDescriptorResponse {
  readonly fileDescriptorProto: readonly Uint8Array[];
}

/** The type of grpc.reflection.v1.FileDescriptorResponse. */
export const FileDescriptorResponse: MessageType<FileDescriptorResponse> = {
  name: "grpc.reflection.v1.FileDescriptorResponse",
  fields: [
    { name: "file_descriptor_proto", kind: "bytes", repeated: true, optional: false },
  ],
  empty: {
    fileDescriptorProto: [],
  },
  write(message, writer) {
    for (const item of message.fileDescriptorProto) writer.bytes(1, item, true);
  },
  read(reader) {
    const fileDescriptorProto: Uint8Array[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          fileDescriptorProto.push(reader.bytes());
          break;
        default:
          reader.skip(tag);
      }
    }
    return { fileDescriptorProto };
  },
};

/** Message grpc.reflection.v1.ExtensionNumberResponse. */
export interface ExtensionNumberResponse {
  readonly baseTypeName: string;
  readonly extensionNumber: readonly number[];
}

/** The type of grpc.reflection.v1.ExtensionNumberResponse. */
export const ExtensionNumberResponse: MessageType<ExtensionNumberResponse> = {
  name: "grpc.reflection.v1.ExtensionNumberResponse",
  fields: [
    { name: "base_type_name", kind: "string", repeated: false, optional: false },
    { name: "extension_number", kind: "number", repeated: true, optional: false },
  ],
  empty: {
    baseTypeName: "",
    extensionNumber: [],
  },
  write(message, writer) {
    writer.string(1, message.baseTypeName);
    writer.int32s(2, message.extensionNumber);
  },
  read(reader) {
    let baseTypeName: string = "";
    const extensionNumber: number[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          baseTypeName = reader.string();
          break;
        case 16:
          extensionNumber.push(reader.int32());
          break;
        case 18:
          reader.int32s(extensionNumber);
          break;
        default:
          reader.skip(tag);
      }
    }
    return { baseTypeName, extensionNumber };
  },
};

/** Message grpc.reflection.v1.ListServiceResponse. */
export interface ListServiceResponse {
  readonly service: readonly ServiceResponse[];
}

/** The type of grpc.reflection.v1.ListServiceResponse. */
export const ListServiceResponse: MessageType<ListServiceResponse> = {
  name: "grpc.reflection.v1.ListServiceResponse",
  fields: [
    {
      name: "service",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => ServiceResponse,
    },
  ],
  empty: {
    service: [],
  },
  write(message, writer) {
    for (const item of message.service) writer.message(1, ServiceResponse, item);
  },
  read(reader) {
    const service: ServiceResponse[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          service.push(reader.message(ServiceResponse));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { service };
  },
};

/** Message grpc.reflection.v1.ServiceResponse. */
export interface ServiceResponse {
  readonly name: string;
}

/** The type of grpc.reflection.v1.ServiceResponse. */
export const ServiceResponse: MessageType<ServiceResponse> = {
  name: "grpc.reflection.v1.ServiceResponse",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    name: "",
  },
  write(message, writer) {
    writer.string(1, message.name);
  },
  read(reader) {
    let name: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name };
  },
};

/** Message grpc.reflection.v1.ErrorResponse. */
export interface ErrorResponse {
  readonly errorCode: number;
  readonly errorMessage: string;
}

/** The type of grpc.reflection.v1.ErrorResponse. */
export const ErrorResponse: MessageType<ErrorResponse> = {
  name: "grpc.reflection.v1.ErrorResponse",
  fields: [
    { name: "error_code", kind: "number", repeated: false, optional: false },
    { name: "error_message", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    errorCode: 0,
    errorMessage: "",
  },
  write(message, writer) {
    writer.int32(1, message.errorCode);
    writer.string(2, message.errorMessage);
  },
  read(reader) {
    let errorCode: number = 0;
    let errorMessage: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          errorCode = reader.int32();
          break;
        case 18:
          errorMessage = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { errorCode, errorMessage };
  },
};

/** What the methods of grpc.reflection.v1.ServerReflection are asked, and what they answer. */
export interface ServerReflectionTypes {
  readonly ServerReflectionInfo: {
    readonly request: ServerReflectionRequest;
    readonly response: ServerReflectionResponse;
  };
}

/** The methods of service grpc.reflection.v1.ServerReflection. */
export const ServerReflection: {
  readonly [M in keyof ServerReflectionTypes]: MethodInfo<
    ServerReflectionTypes[M]["request"],
    ServerReflectionTypes[M]["response"]
  >;
} = {
  ServerReflectionInfo: {
    name: "ServerReflectionInfo",
    path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    request: ServerReflectionRequest,
    response: ServerReflectionResponse,
    requestStream: true,
    responseStream: true,
  },
};

/** proto/grpc/reflection/v1/reflection.proto as a FileDescriptorProto in base64, and what it declares. */
export const FILE = {
  path: "grpc/reflection/v1/reflection.proto",
  package: "grpc.reflection.v1",
  symbols:
    "grpc.reflection.v1.ServerReflectionRequest grpc.reflection.v1.ExtensionRequest grpc.reflection.v1.ServerReflectionResponse grpc.reflection.v1.FileDescriptorResponse grpc.reflection.v1.ExtensionNumberResponse grpc.reflection.v1.ListServiceResponse grpc.reflection.v1.ServiceResponse grpc.reflection.v1.ErrorResponse grpc.reflection.v1.ServerReflection grpc.reflection.v1.ServerReflection.ServerReflectionInfo",
  descriptor:
    "CiNncnBjL3JlZmxlY3Rpb24vdjEvcmVmbGVjdGlvbi5wcm90bxISZ3JwYy5yZWZsZWN0aW9uLnYxIvMCChdTZXJ2ZXJSZWZsZWN0aW9uUmVxdWVzdBISCgRob3N0GAEgASgJUgRob3N0EioKEGZpbGVfYnlfZmlsZW5hbWUYAyABKAlIAFIOZmlsZUJ5RmlsZW5hbWUSNgoWZmlsZV9jb250YWluaW5nX3N5bWJvbBgEIAEoCUgAUhRmaWxlQ29udGFpbmluZ1N5bWJvbBJiChlmaWxlX2NvbnRhaW5pbmdfZXh0ZW5zaW9uGAUgASgLMiQuZ3JwYy5yZWZsZWN0aW9uLnYxLkV4dGVuc2lvblJlcXVlc3RIAFIXZmlsZUNvbnRhaW5pbmdFeHRlbnNpb24SQgodYWxsX2V4dGVuc2lvbl9udW1iZXJzX29mX3R5cGUYBiABKAlIAFIZYWxsRXh0ZW5zaW9uTnVtYmVyc09mVHlwZRIlCg1saXN0X3NlcnZpY2VzGAcgASgJSABSDGxpc3RTZXJ2aWNlc0IRCg9tZXNzYWdlX3JlcXVlc3QiZgoQRXh0ZW5zaW9uUmVxdWVzdBInCg9jb250YWluaW5nX3R5cGUYASABKAlSDmNvbnRhaW5pbmdUeXBlEikKEGV4dGVuc2lvbl9udW1iZXIYAiABKAVSD2V4dGVuc2lvbk51bWJlciKuBAoYU2VydmVyUmVmbGVjdGlvblJlc3BvbnNlEh0KCnZhbGlkX2hvc3QYASABKAlSCXZhbGlkSG9zdBJWChBvcmlnaW5hbF9yZXF1ZXN0GAIgASgLMisuZ3JwYy5yZWZsZWN0aW9uLnYxLlNlcnZlclJlZmxlY3Rpb25SZXF1ZXN0Ug9vcmlnaW5hbFJlcXVlc3QSZgoYZmlsZV9kZXNjcmlwdG9yX3Jlc3BvbnNlGAQgASgLMiouZ3JwYy5yZWZsZWN0aW9uLnYxLkZpbGVEZXNjcmlwdG9yUmVzcG9uc2VIAFIWZmlsZURlc2NyaXB0b3JSZXNwb25zZRJyCh5hbGxfZXh0ZW5zaW9uX251bWJlcnNfcmVzcG9uc2UYBSABKAsyKy5ncnBjLnJlZmxlY3Rpb24udjEuRXh0ZW5zaW9uTnVtYmVyUmVzcG9uc2VIAFIbYWxsRXh0ZW5zaW9uTnVtYmVyc1Jlc3BvbnNlEl8KFmxpc3Rfc2VydmljZXNfcmVzcG9uc2UYBiABKAsyJy5ncnBjLnJlZmxlY3Rpb24udjEuTGlzdFNlcnZpY2VSZXNwb25zZUgAUhRsaXN0U2VydmljZXNSZXNwb25zZRJKCg5lcnJvcl9yZXNwb25zZRgHIAEoCzIhLmdycGMucmVmbGVjdGlvbi52MS5FcnJvclJlc3BvbnNlSABSDWVycm9yUmVzcG9uc2VCEgoQbWVzc2FnZV9yZXNwb25zZSJMChZGaWxlRGVzY3JpcHRvclJlc3BvbnNlEjIKFWZpbGVfZGVzY3JpcHRvcl9wcm90bxgBIAMoDFITZmlsZURlc2NyaXB0b3JQcm90byJqChdFeHRlbnNpb25OdW1iZXJSZXNwb25zZRIkCg5iYXNlX3R5cGVfbmFtZRgBIAEoCVIMYmFzZVR5cGVOYW1lEikKEGV4dGVuc2lvbl9udW1iZXIYAiADKAVSD2V4dGVuc2lvbk51bWJlciJUChNMaXN0U2VydmljZVJlc3BvbnNlEj0KB3NlcnZpY2UYASADKAsyIy5ncnBjLnJlZmxlY3Rpb24udjEuU2VydmljZVJlc3BvbnNlUgdzZXJ2aWNlIiUKD1NlcnZpY2VSZXNwb25zZRISCgRuYW1lGAEgASgJUgRuYW1lIlMKDUVycm9yUmVzcG9uc2USHQoKZXJyb3JfY29kZRgBIAEoBVIJZXJyb3JDb2RlEiMKDWVycm9yX21lc3NhZ2UYAiABKAlSDGVycm9yTWVzc2FnZTKJAQoQU2VydmVyUmVmbGVjdGlvbhJ1ChRTZXJ2ZXJSZWZsZWN0aW9uSW5mbxIrLmdycGMucmVmbGVjdGlvbi52MS5TZXJ2ZXJSZWZsZWN0aW9uUmVxdWVzdBosLmdycGMucmVmbGVjdGlvbi52MS5TZXJ2ZXJSZWZsZWN0aW9uUmVzcG9uc2UoATABYgZwcm90bzM=",
} as const;
