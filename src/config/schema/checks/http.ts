/** The part of the configuration table that describes http and https checks beyond their basics. */
import type { Keys } from "../types.ts";

const responseHeader = {
  "name": {
    type: "text",
    format: "header-name",
    required: true,
    help: "Name of the header; case does not matter. Of several the first counts.",
  },
  "regexp": {
    type: "text",
    format: "regexp",
    required: true,
    help: "Regular expression (RE2, as in Go) that must match its value.",
  },
} as const satisfies Keys;

/** Further keys of params of http and https. */
export const httpExtras = {
  "http2": {
    type: "boolean",
    default: false,
    help: "The request is made over HTTP/2: with https after offering `h2` (ALPN), with http " +
      "immediately (prior knowledge). With an expression, the body must end or have 64 KiB.",
  },
  "redirects": {
    type: "word",
    words: ["follow-same-host"],
    absent: "not followed",
    help: "Redirects (301, 302, 303, 307, 308) to the same scheme, host and port are followed, " +
      "at most 5, each on a new connection to the backend within the same timeout. Others fail, " +
      "and a status of `response-code` passes without being followed.",
  },
  "proxy-protocol": {
    type: "word",
    words: ["v1", "v2"],
    absent: "none",
    help: "The connection begins with a header of the PROXY protocol, for servers that require " +
      "one. It marks the connection as a health check (`UNKNOWN`, `LOCAL`), without addresses.",
  },
  "response-header": {
    type: "section",
    optional: true,
    keys: responseHeader,
    absent: "headers do not matter",
    help: "A header that the response must have.",
  },
} as const satisfies Keys;
