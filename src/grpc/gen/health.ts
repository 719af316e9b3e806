// Generated from proto/grpc/health/v1/health.proto by `deno task proto`; not to be edited.
import type { MessageType, MethodInfo } from "../protobuf/message.ts";

/** Values of HealthCheckResponse.ServingStatus; others may come from newer peers. */
export const HealthCheckResponse_ServingStatus = {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  SERVICE_UNKNOWN: 3,
} as const;
/** A value of HealthCheckResponse.ServingStatus. */
export type HealthCheckResponse_ServingStatus = number;

/** Message grpc.health.v1.HealthCheckRequest. */
export interface HealthCheckRequest {
  readonly service: string;
}

/** The type of grpc.health.v1.HealthCheckRequest. */
export const HealthCheckRequest: MessageType<HealthCheckRequest> = {
  name: "grpc.health.v1.HealthCheckRequest",
  fields: [
    { name: "service", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    service: "",
  },
  write(message, writer) {
    writer.string(1, message.service);
  },
  read(reader) {
    let service: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          service = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { service };
  },
};

/** Message grpc.health.v1.HealthCheckResponse. */
export interface HealthCheckResponse {
  readonly status: HealthCheckResponse_ServingStatus;
}

/** The type of grpc.health.v1.HealthCheckResponse. */
export const HealthCheckResponse: MessageType<HealthCheckResponse> = {
  name: "grpc.health.v1.HealthCheckResponse",
  fields: [
    {
      name: "status",
      kind: "enum",
      repeated: false,
      optional: false,
      names: { 0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN" },
    },
  ],
  empty: {
    status: 0,
  },
  write(message, writer) {
    writer.int32(1, message.status);
  },
  read(reader) {
    let status: HealthCheckResponse_ServingStatus = 0;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          status = reader.int32();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { status };
  },
};

/** Message grpc.health.v1.HealthListRequest. */
export type HealthListRequest = Readonly<Record<string, never>>;

/** The type of grpc.health.v1.HealthListRequest. */
export const HealthListRequest: MessageType<HealthListRequest> = {
  name: "grpc.health.v1.HealthListRequest",
  fields: [],
  empty: {},
  write(_message, _writer) {
  },
  read(reader) {
    while (!reader.atEnd) reader.skip(reader.tag());
    return {};
  },
};

/** Message grpc.health.v1.HealthListResponse. */
export interface HealthListResponse {
  /** Every service with its status. */
  readonly statuses: readonly HealthListResponse_StatusesEntry[];
}

/** The type of grpc.health.v1.HealthListResponse. */
export const HealthListResponse: MessageType<HealthListResponse> = {
  name: "grpc.health.v1.HealthListResponse",
  fields: [
    {
      name: "statuses",
      kind: "message",
      repeated: true,
      optional: false,
      map: true,
      message: () => HealthListResponse_StatusesEntry,
    },
  ],
  empty: {
    statuses: [],
  },
  write(message, writer) {
    for (const item of message.statuses) writer.message(1, HealthListResponse_StatusesEntry, item);
  },
  read(reader) {
    const statuses: HealthListResponse_StatusesEntry[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          statuses.push(reader.message(HealthListResponse_StatusesEntry));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { statuses };
  },
};

/** Message grpc.health.v1.HealthListResponse.StatusesEntry. */
export interface HealthListResponse_StatusesEntry {
  readonly key: string;
  readonly value: HealthCheckResponse | undefined;
}

/** The type of grpc.health.v1.HealthListResponse.StatusesEntry. */
export const HealthListResponse_StatusesEntry: MessageType<HealthListResponse_StatusesEntry> = {
  name: "grpc.health.v1.HealthListResponse.StatusesEntry",
  fields: [
    { name: "key", kind: "string", repeated: false, optional: false },
    {
      name: "value",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => HealthCheckResponse,
    },
  ],
  empty: {
    key: "",
    value: undefined,
  },
  write(message, writer) {
    writer.string(1, message.key);
    writer.message(2, HealthCheckResponse, message.value);
  },
  read(reader) {
    let key: string = "";
    let value: HealthCheckResponse | undefined = undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          key = reader.string();
          break;
        case 18:
          value = reader.message(HealthCheckResponse);
          break;
        default:
          reader.skip(tag);
      }
    }
    return { key, value };
  },
};

/** What the methods of grpc.health.v1.Health are asked, and what they answer. */
export interface HealthTypes {
  readonly Check: { readonly request: HealthCheckRequest; readonly response: HealthCheckResponse };
  readonly List: { readonly request: HealthListRequest; readonly response: HealthListResponse };
  readonly Watch: { readonly request: HealthCheckRequest; readonly response: HealthCheckResponse };
}

/** The methods of service grpc.health.v1.Health. */
export const Health: {
  readonly [M in keyof HealthTypes]: MethodInfo<
    HealthTypes[M]["request"],
    HealthTypes[M]["response"]
  >;
} = {
  Check: {
    name: "Check",
    path: "/grpc.health.v1.Health/Check",
    request: HealthCheckRequest,
    response: HealthCheckResponse,
    requestStream: false,
    responseStream: false,
  },
  List: {
    name: "List",
    path: "/grpc.health.v1.Health/List",
    request: HealthListRequest,
    response: HealthListResponse,
    requestStream: false,
    responseStream: false,
  },
  Watch: {
    name: "Watch",
    path: "/grpc.health.v1.Health/Watch",
    request: HealthCheckRequest,
    response: HealthCheckResponse,
    requestStream: false,
    responseStream: true,
  },
};

/** proto/grpc/health/v1/health.proto as a FileDescriptorProto in base64, and what it declares. */
export const FILE = {
  path: "grpc/health/v1/health.proto",
  package: "grpc.health.v1",
  symbols:
    "grpc.health.v1.HealthCheckRequest grpc.health.v1.HealthCheckResponse grpc.health.v1.HealthCheckResponse.ServingStatus grpc.health.v1.HealthListRequest grpc.health.v1.HealthListResponse grpc.health.v1.Health grpc.health.v1.Health.Check grpc.health.v1.Health.List grpc.health.v1.Health.Watch",
  descriptor:
    "ChtncnBjL2hlYWx0aC92MS9oZWFsdGgucHJvdG8SDmdycGMuaGVhbHRoLnYxIi4KEkhlYWx0aENoZWNrUmVxdWVzdBIYCgdzZXJ2aWNlGAEgASgJUgdzZXJ2aWNlIrEBChNIZWFsdGhDaGVja1Jlc3BvbnNlEkkKBnN0YXR1cxgBIAEoDjIxLmdycGMuaGVhbHRoLnYxLkhlYWx0aENoZWNrUmVzcG9uc2UuU2VydmluZ1N0YXR1c1IGc3RhdHVzIk8KDVNlcnZpbmdTdGF0dXMSCwoHVU5LTk9XThAAEgsKB1NFUlZJTkcQARIPCgtOT1RfU0VSVklORxACEhMKD1NFUlZJQ0VfVU5LTk9XThADIhMKEUhlYWx0aExpc3RSZXF1ZXN0IsQBChJIZWFsdGhMaXN0UmVzcG9uc2USTAoIc3RhdHVzZXMYASADKAsyMC5ncnBjLmhlYWx0aC52MS5IZWFsdGhMaXN0UmVzcG9uc2UuU3RhdHVzZXNFbnRyeVIIc3RhdHVzZXMaYAoNU3RhdHVzZXNFbnRyeRIQCgNrZXkYASABKAlSA2tleRI5CgV2YWx1ZRgCIAEoCzIjLmdycGMuaGVhbHRoLnYxLkhlYWx0aENoZWNrUmVzcG9uc2VSBXZhbHVlOgI4ATL9AQoGSGVhbHRoElAKBUNoZWNrEiIuZ3JwYy5oZWFsdGgudjEuSGVhbHRoQ2hlY2tSZXF1ZXN0GiMuZ3JwYy5oZWFsdGgudjEuSGVhbHRoQ2hlY2tSZXNwb25zZRJNCgRMaXN0EiEuZ3JwYy5oZWFsdGgudjEuSGVhbHRoTGlzdFJlcXVlc3QaIi5ncnBjLmhlYWx0aC52MS5IZWFsdGhMaXN0UmVzcG9uc2USUgoFV2F0Y2gSIi5ncnBjLmhlYWx0aC52MS5IZWFsdGhDaGVja1JlcXVlc3QaIy5ncnBjLmhlYWx0aC52MS5IZWFsdGhDaGVja1Jlc3BvbnNlMAFiBnByb3RvMw==",
} as const;
