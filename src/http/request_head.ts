/**
 * PURE. The head of an HTTP/1.x request (RFC 9112). It is strict: whatever a proxy before this
 * server may read differently (bare line feeds, folded fields, two lengths) ends the connection, so
 * that no request can hide in another.
 */
import { MAX_HEAD_BYTES } from "./limits.ts";
import type { HttpMethod } from "./ports.ts";

/** How long the body is. */
export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

/** A request without its body. */
export interface RequestHead {
  readonly kind: "request";
  readonly method: HttpMethod;
  /** As sent, without query. */
  readonly path: string;
  /** What follows the first `?`; empty without one. */
  readonly query: string;
  /** By lower-case name; see HttpRequest. */
  readonly headers: ReadonlyMap<string, string>;
  /** 1.1: the answer may come in chunks. */
  readonly http11: boolean;
  /** True when another request may follow on the connection. */
  readonly keepAlive: boolean;
  readonly body: BodyFraming;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  /** Bytes of the head, its empty line included. */
  readonly size: number;
}

export type ParsedHead =
  | RequestHead
  /** More bytes are needed. */
  | { readonly kind: "incomplete" }
  /** Invalid or not supported: the status to answer before closing. */
  | BadHead;

interface BadHead {
  readonly kind: "bad";
  readonly status: 400 | 405 | 414 | 417 | 431 | 501 | 505;
}

export interface ParseHeadOptions {
  /** Methods that are accepted. */
  readonly methods: readonly HttpMethod[];
  /** How many of the bytes an earlier call found incomplete; they are not searched again. */
  readonly searched?: number;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([!-~]+) HTTP/(\\d)\\.(\\d)$`);
const FIELD_NAME = new RegExp(`^${TOKEN}$`);
/** Visible characters, blanks, tabs, and bytes above 127. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** A path and a query; every percent sign begins an encoded byte, which is not NUL. */
const ORIGIN_FORM = /^\/(?:[!"$&-~]|%(?!00)[0-9A-Fa-f]{2})*$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]*)(?::\d{0,5})?$/;
/** Methods of RFC 9110 and RFC 5789 that a listener may not accept. */
const KNOWN_METHODS = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT)$/;
const [CR, LF] = [13, 10];

/** Reads the head at the beginning of `bytes`. */
export function parseHead(bytes: Uint8Array, options: ParseHeadOptions): ParsedHead {
  const { methods, searched = 0 } = options;
  const end = endOfHead(bytes, searched);
  if (end === "invalid") return bad(400);
  if (end === undefined) {
    if (bytes.length < MAX_HEAD_BYTES) return { kind: "incomplete" };
    return bad(targetIsTooLong(bytes) ? 414 : 431);
  }
  const [first = "", ...rest] = latin1(bytes.subarray(0, end - 4)).split("\r\n");
  const line = REQUEST_LINE.exec(first);
  if (line === null) return bad(400);
  const [, method = "", target = "", major, minor] = line;
  if (major !== "1") return bad(505);
  const accepted = methods.find((one) => one === method);
  if (accepted === undefined) return bad(KNOWN_METHODS.test(method) ? 405 : 501);
  const headers = fieldsOf(rest);
  if (headers === undefined || !ORIGIN_FORM.test(target)) return bad(400);
  const http11 = minor !== "0";
  const host = headers.get("host");
  if (host === undefined ? http11 : !HOST.test(host)) return bad(400);
  const body = framingOf(headers, http11);
  if (typeof body === "number") return bad(body);
  const expect = headers.get("expect")?.toLowerCase();
  if (expect !== undefined && expect !== "100-continue") return bad(417);
  const question = target.indexOf("?");
  return {
    kind: "request",
    method: accepted,
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? "" : target.slice(question + 1),
    headers,
    http11,
    keepAlive: http11 && !tokensOf(headers.get("connection")).includes("close"),
    body,
    expectsContinue: http11 && expect !== undefined,
    size: end,
  };
}

function bad(status: BadHead["status"]): BadHead {
  return { kind: "bad", status };
}

/** Position after the first empty line; "invalid" where a line ends otherwise than with CR LF. */
function endOfHead(bytes: Uint8Array, searched: number): number | "invalid" | undefined {
  const limit = Math.min(bytes.length, MAX_HEAD_BYTES);
  // A CR that was the last byte then may be followed by anything now.
  for (let i = Math.max(0, searched - 1); i < limit; i++) {
    if (bytes[i] === LF && bytes[i - 1] !== CR) return "invalid";
    if (bytes[i] === CR && i + 1 < bytes.length && bytes[i + 1] !== LF) return "invalid";
    if (bytes[i] === LF && i >= 3 && bytes[i - 2] === LF) return i + 1;
  }
  return undefined;
}

/** True where the request line alone has no end. */
function targetIsTooLong(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, MAX_HEAD_BYTES);
  return !head.includes(LF) && new RegExp(`^${TOKEN} /`).test(latin1(head.subarray(0, 100)));
}

/** One character for each byte. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Field values by lower-case name; undefined when a line is invalid. */
function fieldsOf(lines: readonly string[]): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    // A folded line begins with a blank, which a name cannot hold.
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, "");
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) return undefined;
    const before = fields.get(name);
    const joint = name === "cookie" ? "; " : ", ";
    fields.set(name, before === undefined ? value : `${before}${joint}${value}`);
  }
  return fields;
}

/** Length of the body, or the status of a request whose length is in doubt (RFC 9112, 6.3). */
function framingOf(headers: ReadonlyMap<string, string>, http11: boolean): BodyFraming | 400 | 501 {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding")?.toLowerCase();
  if (coding !== undefined) {
    if (length !== undefined || !http11) return 400;
    if (coding === "chunked") return { kind: "chunked" };
    const codings = tokensOf(coding);
    return codings.indexOf("chunked") === codings.length - 1 ? 501 : 400;
  }
  if (length === undefined) return { kind: "none" };
  // Two fields of this name have been joined by a comma.
  if (!/^\d{1,15}$/.test(length)) return 400;
  const bytes = Number(length);
  return bytes === 0 ? { kind: "none" } : { kind: "length", bytes };
}

function tokensOf(list: string | undefined): string[] {
  return (list ?? "").split(",").map((token) => token.trim().toLowerCase());
}
