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

/** What the methods of grpc.health.v1.Health are asked, and what they answer. */
export interface HealthTypes {
  readonly Check: { readonly request: HealthCheckRequest; readonly response: HealthCheckResponse };
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
    "grpc.health.v1.HealthCheckRequest grpc.health.v1.HealthCheckResponse grpc.health.v1.HealthCheckResponse.ServingStatus grpc.health.v1.Health grpc.health.v1.Health.Check grpc.health.v1.Health.Watch",
  descriptor:
    "ChtncnBjL2hlYWx0aC92MS9oZWFsdGgucHJvdG8SDmdycGMuaGVhbHRoLnYxIi4KEkhlYWx0aENoZWNrUmVxdWVzdBIYCgdzZXJ2aWNlGAEgASgJUgdzZXJ2aWNlIrEBChNIZWFsdGhDaGVja1Jlc3BvbnNlEkkKBnN0YXR1cxgBIAEoDjIxLmdycGMuaGVhbHRoLnYxLkhlYWx0aENoZWNrUmVzcG9uc2UuU2VydmluZ1N0YXR1c1IGc3RhdHVzIk8KDVNlcnZpbmdTdGF0dXMSCwoHVU5LTk9XThAAEgsKB1NFUlZJTkcQARIPCgtOT1RfU0VSVklORxACEhMKD1NFUlZJQ0VfVU5LTk9XThADMq4BCgZIZWFsdGgSUAoFQ2hlY2sSIi5ncnBjLmhlYWx0aC52MS5IZWFsdGhDaGVja1JlcXVlc3QaIy5ncnBjLmhlYWx0aC52MS5IZWFsdGhDaGVja1Jlc3BvbnNlElIKBVdhdGNoEiIuZ3JwYy5oZWFsdGgudjEuSGVhbHRoQ2hlY2tSZXF1ZXN0GiMuZ3JwYy5oZWFsdGgudjEuSGVhbHRoQ2hlY2tSZXNwb25zZTABYgZwcm90bzM=",
} as const;
