/** The kinds of answers that the dashboard gives. */
import { gunzipSync } from "node:zlib";
import type { ErrorCode, MaglevError } from "../../base/errors.ts";
import type { HeaderFields } from "../../http/answer_head.ts";
import type { HttpRequest, WholeAnswer } from "../../http/ports.ts";
import type { ErrorAnswer } from "../protocol.ts";
import { acceptsGzip, matchesTag, SECURITY_HEADERS } from "./headers.ts";
import { EncodedJson } from "./shared_json.ts";

const ENCODER = new TextEncoder();

/** Bodies from this length on are compressed. */
const GZIP_BYTES = 1024;

/** An answer with the fields that all have. */
export function whole(
  status: number,
  body: Uint8Array | string,
  headers: HeaderFields,
): WholeAnswer {
  const bytes = typeof body === "string" ? ENCODER.encode(body) : body;
  return { kind: "whole", status, headers: { ...SECURITY_HEADERS, ...headers }, body: bytes };
}

/** A value that is not to be kept. */
export function json(request: Pick<HttpRequest, "headers">, value: unknown): WholeAnswer {
  return encodedJson(request, new EncodedJson(value));
}

/** The same, encoded before. */
export function encodedJson(
  { headers }: Pick<HttpRequest, "headers">,
  value: EncodedJson,
): WholeAnswer {
  const fields = { ...JSON_TYPE, "Cache-Control": "no-store", Vary: "Accept-Encoding" };
  return value.plain.length < GZIP_BYTES || !acceptsGzip(headers.get("accept-encoding"))
    ? whole(200, value.plain, fields)
    : whole(200, value.gzip, { ...fields, "Content-Encoding": "gzip" });
}

/** Something compressed that has been made before. */
export interface Encoded {
  readonly gzip: Uint8Array;
  /** Strong entity tag of the compressed form, with quotes; undefined: without one. */
  readonly etag?: string | undefined;
}

/** Plain forms that were made, because a client without gzip may ask ten thousand times. */
const PLAIN = new WeakMap<Uint8Array, Uint8Array>();

function plainOf(gzip: Uint8Array): Uint8Array {
  const known = PLAIN.get(gzip);
  if (known !== undefined) return known;
  const plain = gunzipSync(gzip);
  PLAIN.set(gzip, plain);
  return plain;
}

/** The compressed form as it is, or the plain one for a client that needs it. */
export function encoded(
  { headers }: Pick<HttpRequest, "headers">,
  { gzip, etag }: Encoded,
  fields: HeaderFields,
): WholeAnswer {
  const compressed = acceptsGzip(headers.get("accept-encoding"));
  const varying: HeaderFields = { ...fields, Vary: "Accept-Encoding" };
  if (etag === undefined) {
    return compressed
      ? whole(200, gzip, { ...varying, "Content-Encoding": "gzip" })
      : whole(200, plainOf(gzip), varying);
  }
  // The same tag for two sequences of bytes would not be strong.
  const tag = compressed ? etag : `${etag.slice(0, -1)}-plain"`;
  const tagged = { ...varying, ETag: tag };
  if (matchesTag(headers.get("if-none-match"), tag)) return whole(304, "", tagged);
  return compressed
    ? whole(200, gzip, { ...tagged, "Content-Encoding": "gzip" })
    : whole(200, plainOf(gzip), tagged);
}

/** `location` is relative; the query goes along. */
export function redirect(location: string, query: string): WholeAnswer {
  return whole(302, "", {
    Location: query === "" ? location : `${location}?${query}`,
    "Cache-Control": "no-store",
  });
}

/** An ErrorAnswer. */
export function failure(
  status: number,
  error: { readonly code: string; readonly message: string },
  headers: HeaderFields = {},
): WholeAnswer {
  const answer: ErrorAnswer = { error };
  return whole(status, `${JSON.stringify(answer)}\n`, {
    ...JSON_TYPE,
    "Cache-Control": "no-store",
    ...headers,
  });
}

export function notFound(message = "there is nothing at this path"): WholeAnswer {
  return failure(404, { code: "not-found", message });
}

/** `allowed` is the value of `Allow`. */
export function methodNotAllowed(allowed: string): WholeAnswer {
  return failure(
    405,
    { code: "method-not-allowed", message: `this path accepts ${allowed}` },
    { Allow: allowed },
  );
}

/** The answer to a request that a maglevd, or the hub, refused. */
export function refusalOf({ code, message }: MaglevError): WholeAnswer {
  const status = STATUS_OF[code];
  return failure(status, { code, message }, status === 429 ? { "Retry-After": "1" } : {});
}

/**
 * `unauthenticated` is the dashboard's own token, which a login of the browser would not mend: 401
 * would make browsers ask for one.
 */
const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  "invalid-argument": 400,
  "permission-denied": 403,
  "unauthenticated": 403,
  "not-found": 404,
  "failed-precondition": 409,
  "aborted": 409,
  "resource-exhausted": 429,
  "unavailable": 502,
  "unimplemented": 502,
  "internal": 502,
  "deadline-exceeded": 504,
};

export const JSON_TYPE: HeaderFields = { "Content-Type": "application/json" };
