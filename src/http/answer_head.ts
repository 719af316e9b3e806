/** PURE. The head of an answer, and the answers of the server itself. */
import { HttpRefusal, type WholeAnswer } from "./ports.ts";

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

export type HeaderFields = Readonly<Record<string, string>>;

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[ -~]*$/;
/** The server writes them itself. */
const RESERVED = /^(?:content-length|transfer-encoding|connection|date)$/i;

/** Throws for fields that would break the head, so that no text can add a line to it. */
export function checkHeaders(headers: HeaderFields): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!FIELD_NAME.test(name) || RESERVED.test(name)) {
      throw new TypeError(
        `cannot send a header field: the name ${JSON.stringify(name)} is invalid`,
      );
    }
    if (!FIELD_VALUE.test(value)) {
      throw new TypeError(`cannot send the header field ${name}: it is not printable ASCII`);
    }
  }
}

/** The head with its empty line. `headers` are written in their order. */
export function headText(status: number, headers: HeaderFields): string {
  let text = `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n`;
  for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

/** A line of text that is not to be kept or guessed at. */
export function textAnswer(status: number, text: string, headers: HeaderFields = {}): WholeAnswer {
  return {
    kind: "whole",
    status,
    headers: { ...TEXT_HEADERS, ...headers },
    body: new TextEncoder().encode(`${text}\n`),
  };
}

const TEXT_HEADERS: HeaderFields = {
  "Content-Type": "text/plain; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

/** An answer with the status' own words. */
export function statusAnswer(status: number, headers: HeaderFields = {}): WholeAnswer {
  return textAnswer(status, REASONS[status] ?? `${status}`, { ...NOTHING_RUNS, ...headers });
}

/** A refusal has nothing that a browser may run, whatever it takes the text for. */
const NOTHING_RUNS = { "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'" };

/** The answer to a request that the handler refused. */
export function refusalAnswer({ status, message }: HttpRefusal): WholeAnswer {
  return textAnswer(status, message, NOTHING_RUNS);
}
