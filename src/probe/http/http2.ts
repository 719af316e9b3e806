/** PURE. The request of an HTTP probe over HTTP/2, and its answer as the judge reads it. */
import type { HttpParams } from "../../config/model.ts";
import { h2RequestBytes } from "../h2/request.ts";
import type { H2Response } from "../h2/response.ts";
import type { Answer } from "./match.ts";
import { defaultHost, type HttpRequestOptions, requestTarget } from "./request.ts";
import { codingName } from "./response.ts";

/** The bytes of a connection that makes the request; headers as httpRequest() sends them. */
export function http2Request(params: HttpParams, options: HttpRequestOptions): Uint8Array {
  const body = new TextEncoder().encode(params.body);
  const defaults: (readonly [string, string])[] = [["user-agent", options.userAgent]];
  if (params.method === "POST") defaults.push(["content-length", String(body.length)]);
  const own = params.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const left = new Set([...own.map(([name]) => name), ...lower(params.removedHeaders)]);
  return h2RequestBytes([
    [":method", params.method],
    [":scheme", options.defaultPort === 443 ? "https" : "http"],
    [":path", requestTarget(params.path)],
    [":authority", params.host === "" ? defaultHost(options) : params.host],
    ...defaults.filter(([name]) => !left.has(name)),
    ...own,
  ], body);
}

function lower(names: readonly string[]): readonly string[] {
  return names.map((name) => name.toLowerCase());
}

/** The answer to be judged. */
export function plainAnswer(response: H2Response): Answer {
  return {
    problem: response.problem,
    status: response.status,
    body: response.body,
    contentCoding: codingName(response.header("content-encoding") ?? ""),
    refusesPlainText: false,
    header: (name) => response.header(name),
  };
}
