/**
 * PURE. The request of an HTTP probe (RFC 9112), made once per target and sent by each probe.
 */
import type { HttpParams } from "../../config/model.ts";

export interface HttpRequestOptions {
  /** Canonical literal of the backend's address. */
  readonly address: string;
  readonly port: number;
  /** The scheme's own port, which a Host header leaves out: 80 or 443. */
  readonly defaultPort: number;
  /** Value of the default User-Agent header. */
  readonly userAgent: string;
}

/**
 * Request line, headers and body as bytes. Configured headers follow the default ones (Host,
 * User-Agent, Connection, the length of a POST) and replace a default of the same name in any case.
 * A default can also be removed.
 */
export function httpRequest(params: HttpParams, options: HttpRequestOptions): Uint8Array {
  const defaults: (readonly [string, string])[] = [
    ["Host", params.host === "" ? defaultHost(options) : params.host],
    ["User-Agent", options.userAgent],
    ["Connection", "close"],
  ];
  const body = new TextEncoder().encode(params.body);
  // Sent for an empty body too: many servers refuse a POST without it (RFC 9110, 8.6).
  if (params.method === "POST") defaults.push(["Content-Length", String(body.length)]);
  const replaced = [...params.headers.map(([name]) => name), ...params.removedHeaders];
  const own = new Set(replaced.map((name) => name.toLowerCase()));
  const headers = [...defaults.filter(([name]) => !own.has(name.toLowerCase())), ...params.headers];
  const lines = [
    `${params.method} ${requestTarget(params.path)} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  const head = new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n");
  if (body.length === 0) return head;
  const request = new Uint8Array(head.length + body.length);
  request.set(head);
  request.set(body, head.length);
  return request;
}

/** The address (IPv6 in brackets), with the port unless it is the scheme's default. */
export function defaultHost(
  { address, port, defaultPort }: Omit<HttpRequestOptions, "userAgent">,
): string {
  // A zone is meaningful on this host only and is not sent (RFC 9844, 3.1).
  const bare = address.replace(/%.*$/, "");
  const host = bare.includes(":") ? `[${bare}]` : bare;
  return port === defaultPort ? host : `${host}:${port}`;
}

/** The path for a request line: blanks and non-ASCII are percent-encoded, as in browsers. */
export function requestTarget(path: string): string {
  let target = "";
  for (const byte of new TextEncoder().encode(path)) {
    target += byte > 0x20 && byte < 0x7f
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return target;
}
