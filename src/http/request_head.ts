/**
 * PURE. The head of an HTTP/1.x request (RFC 9112), as far as a server of three small pages needs
 * it: method, path, and whether the connection goes on. Everything doubtful ends it.
 */

/** Longest head, in bytes. */
export const MAX_HEAD_BYTES = 8192;

/** A request without its body, which is never read. */
export interface RequestHead {
  readonly kind: "request";
  readonly method: string;
  /** Without query. */
  readonly path: string;
  /** 1.1: the answer may come in chunks. */
  readonly http11: boolean;
  /** True when another request may follow on the connection. */
  readonly keepAlive: boolean;
  /** Bytes of the head, its empty line included. */
  readonly size: number;
}

export type ParsedHead =
  | RequestHead
  /** More bytes are needed. */
  | { readonly kind: "incomplete" }
  /** Invalid or not supported: the status to answer before closing. */
  | { readonly kind: "bad"; readonly status: 400 | 431 | 505 };

const REQUEST_LINE =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\/[!-~]*|\*|[a-z]+:\/\/[!-~]+) HTTP\/(\d)\.(\d)$/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads the head at the beginning of `bytes`. */
export function parseHead(bytes: Uint8Array): ParsedHead {
  const end = endOfHead(bytes);
  if (end === undefined) {
    return bytes.length < MAX_HEAD_BYTES ? { kind: "incomplete" } : { kind: "bad", status: 431 };
  }
  if (end > MAX_HEAD_BYTES) return { kind: "bad", status: 431 };
  const text = Array.from(bytes.subarray(0, end), (byte) => String.fromCharCode(byte)).join("");
  const [first = "", ...rest] = text.split(/\r?\n/);
  const line = REQUEST_LINE.exec(first);
  if (line === null) return { kind: "bad", status: 400 };
  const [, method = "", target = "", major, minor] = line;
  if (major !== "1") return { kind: "bad", status: 505 };
  const fields = fieldsOf(rest);
  if (fields === undefined) return { kind: "bad", status: 400 };
  const http11 = minor !== "0";
  return {
    kind: "request",
    method,
    path: pathOf(target),
    http11,
    keepAlive: http11 && !hasBody(fields) && !/\bclose\b/i.test(fields.get("connection") ?? ""),
    size: end,
  };
}

/** Where the first empty line ends. */
function endOfHead(bytes: Uint8Array): number | undefined {
  const limit = Math.min(bytes.length, MAX_HEAD_BYTES + 4);
  for (let i = 1; i < limit; i++) {
    if (bytes[i] !== 10) continue;
    if (bytes[i - 1] === 10) return i + 1;
    if (bytes[i - 1] === 13 && bytes[i - 2] === 10) return i + 1;
  }
  return undefined;
}

/** Field values by lower-case name, the last of each; undefined when a line is invalid. */
function fieldsOf(lines: readonly string[]): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const line of lines) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    if (!FIELD_NAME.test(name)) return undefined;
    fields.set(name.toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}

/** A body is not read, so no request can follow it. */
function hasBody(fields: ReadonlyMap<string, string>): boolean {
  return fields.has("transfer-encoding") || (fields.get("content-length") ?? "0") !== "0";
}

function pathOf(target: string): string {
  const path = target.replace(/^[a-z]+:\/\/[^/?]*/, "");
  return path.split("?")[0]!.split("#")[0] || "/";
}
