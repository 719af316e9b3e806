/**
 * Errors as gRPC statuses, in one place. PURE.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
 */
import { type ErrorCode, MaglevError } from "../base/errors.ts";

/** Status numbers. */
export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** Status names by number, as in the label `grpc_code`. */
export const STATUS_NAMES: readonly string[] = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
];

const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  "invalid-argument": STATUS.INVALID_ARGUMENT,
  "not-found": STATUS.NOT_FOUND,
  "failed-precondition": STATUS.FAILED_PRECONDITION,
  "unavailable": STATUS.UNAVAILABLE,
  "deadline-exceeded": STATUS.DEADLINE_EXCEEDED,
  "aborted": STATUS.ABORTED,
  "resource-exhausted": STATUS.RESOURCE_EXHAUSTED,
  "permission-denied": STATUS.PERMISSION_DENIED,
  "unauthenticated": STATUS.UNAUTHENTICATED,
  "unimplemented": STATUS.UNIMPLEMENTED,
  "internal": STATUS.INTERNAL,
};

/** Longest message that is sent, in characters, because it goes into a header. */
export const MAX_MESSAGE_LENGTH = 1000;

/** The status at the end of a call. */
export interface Status {
  readonly code: number;
  readonly details: string;
}

/** The status of a MaglevError. */
export function statusOf(error: MaglevError): Status {
  const { message } = error;
  const cut = message.length <= MAX_MESSAGE_LENGTH
    ? message
    : `${message.slice(0, MAX_MESSAGE_LENGTH)}… (${message.length} characters)`;
  return { code: STATUS_OF[error.code], details: cut.toWellFormed() };
}

/** The error that a status stands for, for clients. */
export function errorOf(status: Status): MaglevError {
  const found = Object.entries(STATUS_OF).find(([, number]) => number === status.code);
  const code = status.code === STATUS.CANCELLED ? "aborted" : found?.[0] ?? "internal";
  return new MaglevError(isErrorCode(code) ? code : "internal", status.details);
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(STATUS_OF, text);
}
