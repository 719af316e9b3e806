/**
 * One error class with a closed set of codes. The code decides the gRPC status and the exit
 * status at the edges; the message is for people.
 */
import { permissionText } from "./permission.ts";

/** The closed set of codes; names follow gRPC's so that the API edge maps them one to one. */
export type ErrorCode =
  | "invalid-argument"
  | "not-found"
  | "failed-precondition"
  | "unavailable"
  | "deadline-exceeded"
  | "aborted"
  | "resource-exhausted"
  | "permission-denied"
  | "unauthenticated"
  | "unimplemented"
  | "internal";

/** An error that callers may act on. `cause` holds the caught error, if there was one. */
export class MaglevError extends Error {
  override name = "MaglevError";
  readonly code: ErrorCode;
  /** The path that the error is about, so that a caller can name the flag it came from. */
  readonly path: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly path?: string } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.path = options.path;
  }

  /** Converts any caught value into a MaglevError; a MaglevError passes unchanged. */
  static from(value: unknown, code: ErrorCode = "internal"): MaglevError {
    if (value instanceof MaglevError) return value;
    const permission = permissionText(value);
    if (permission !== undefined) {
      return new MaglevError("permission-denied", permission, { cause: value });
    }
    if (value instanceof Error) {
      const aborted = value.name === "AbortError" || value.name === "Interrupted";
      return new MaglevError(aborted ? "aborted" : code, value.message, { cause: value });
    }
    return new MaglevError(code, String(value), { cause: value });
  }
}
