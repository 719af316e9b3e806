/**
 * Rules for texts. Each returns a sentence for an invalid text, to which the caller adds the
 * position. They protect the later uses of a text: a line of an HTTP request (no line breaks, RFC
 * 9110), a TLS handshake (RFC 6066), a path below /run/netns, a column on a screen.
 */
import { parseIp } from "../../base/address.ts";
import { isWord, quote } from "../../base/text.ts";
import { bytesProblem } from "./bytes_text.ts";
import { regexpProblem } from "./regexp.ts";
import type { TextFormat } from "./types.ts";

/** Longest name of a backend, frontend, healthcheck or pool. */
export const MAX_NAME_LENGTH = 128;

const MAX_DESCRIPTION_LENGTH = 1000;
const MAX_HTTP_TEXT_LENGTH = 4096;
/** PATH_MAX of Linux. */
const MAX_FILE_LENGTH = 4095;

const RULES: Readonly<Record<TextFormat, (text: string) => string | undefined>> = {
  "name": nameProblem,
  "netns": netnsProblem,
  "line": lineProblem,
  "path": pathProblem,
  "host": hostProblem,
  "server-name": serverNameProblem,
  "regexp": regexpRule,
  "body": bodyProblem,
  "bytes": bytesProblem,
  "service": serviceProblem,
  "dns-name": dnsNameProblem,
  "header-name": headerNameProblem,
  "alpn": alpnProblem,
  "file": fileProblem,
};

/** The problem with `text`, or undefined. */
export function textProblem(format: TextFormat, text: string): string | undefined {
  return RULES[format](text);
}

/**
 * Names are map keys, labels of metrics and words of a command line: whitespace and control
 * characters in them cannot be typed or distinguished. All else is allowed.
 */
function nameProblem(text: string): string | undefined {
  if (text === "") return "a name must not be empty";
  if (text.length > MAX_NAME_LENGTH) {
    return `a name has at most ${MAX_NAME_LENGTH} characters, this one has ${text.length}`;
  }
  if (!isWord(text)) {
    return `a name must not hold whitespace or control characters, ${quote(text)} does`;
  }
  return undefined;
}

function netnsProblem(text: string): string | undefined {
  if (text === "") return undefined;
  if (text === "." || text === ".." || !/^[^\s\p{Cc}/]{1,255}$/u.test(text)) {
    return `expected the name of a namespace as \`ip netns\` lists it (no slash, no whitespace), ` +
      `found ${quote(text)}`;
  }
  return undefined;
}

function lineProblem(text: string): string | undefined {
  if (text.length > MAX_DESCRIPTION_LENGTH) {
    return `has ${text.length} characters; at most ${MAX_DESCRIPTION_LENGTH} are allowed`;
  }
  return /\p{Cc}/u.test(text.trimEnd()) ? "must be one line without control characters" : undefined;
}

/** RFC 1035, 2.3.4; underscores are in names of services. */
function dnsNameProblem(text: string): string | undefined {
  if (text === ".") return undefined;
  const name = text.replace(/\.$/, "");
  const valid = name.split(".").every((label) => /^[A-Za-z0-9_-]{1,63}$/.test(label));
  if (valid && name.length <= 253) return undefined;
  return "expected labels of letters, digits, `-` and `_` with dots between them (1 to 63 each, " +
    `253 in all), or \`.\`; found ${quote(text)}`;
}

function pathProblem(text: string): string | undefined {
  if (!text.startsWith("/")) return `must start with "/", is ${quote(text)}`;
  if (text.length > MAX_HTTP_TEXT_LENGTH) return tooLong(text);
  if (!/^[\x21-\x7e]*$/.test(text)) {
    return "must hold no spaces, control characters or letters beyond ASCII; " +
      "write them percent-encoded, a space as %20";
  }
  if (text.includes("#")) return "must not hold a fragment (`#…`): it is never sent to a server";
  return undefined;
}

/** RFC 9110, 7.2: uri-host [":" port]. */
function hostProblem(text: string): string | undefined {
  if (text === "") return undefined;
  if (parseIp(text)?.family === 6) return `an IPv6 address needs brackets here: "[${text}]"`;
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1];
  const valid = host !== undefined &&
    (host.startsWith("[") ? parseIp(host.slice(1, -1))?.family === 6 : isHostName(host));
  if (!valid || Number(match?.[2] ?? 1) > 65535) {
    return `expected a host name or an address, optionally with \`:port\`, ` +
      `found ${quote(text)}`;
  }
  return undefined;
}

/** RFC 6066, 3: a DNS name; addresses are not permitted. */
function serverNameProblem(text: string): string | undefined {
  if (text === "" || (isHostName(text) && parseIp(text) === undefined)) return undefined;
  if (parseIp(text) !== undefined) {
    return `expected a name, found the address ${quote(text)}; TLS sends names only (RFC 6066)`;
  }
  return `expected a DNS name, found ${quote(text)}`;
}

function isHostName(text: string): boolean {
  return text.length <= 253 &&
    /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?$/.test(text);
}

/**
 * The name in a Host header (without port) if it can be sent in a handshake, otherwise the empty
 * text.
 */
export function nameInHost(host: string): string {
  const name = host.replace(/:\d+$/, "").replace(/\.$/, "");
  return name !== "" && serverNameProblem(name) === undefined ? name : "";
}

/** Paths are absolute, because the working directory of a daemon is not obvious. */
function fileProblem(text: string): string | undefined {
  if (!text.startsWith("/")) return `must be an absolute path, is ${quote(text)}`;
  if (text.length > MAX_FILE_LENGTH) {
    return `has ${text.length} characters; at most ${MAX_FILE_LENGTH} are allowed`;
  }
  return /\p{Cc}/u.test(text) ? "must not hold control characters" : undefined;
}

function regexpRule(text: string): string | undefined {
  return text.length > MAX_HTTP_TEXT_LENGTH ? tooLong(text) : regexpProblem(text);
}

/** Longest body of a request: it must fit into a socket's buffer, because writing never waits. */
const MAX_BODY_LENGTH = 8192;

function bodyProblem(text: string): string | undefined {
  if (!text.isWellFormed()) return "must not hold half a surrogate pair";
  const { length } = new TextEncoder().encode(text);
  return length <= MAX_BODY_LENGTH
    ? undefined
    : `has ${length} bytes; at most ${MAX_BODY_LENGTH} are allowed`;
}

/** A protocol's name in a TLS handshake (RFC 7301): 1 to 255 bytes. */
function alpnProblem(text: string): string | undefined {
  if (/^[\x21-\x7e]{1,255}$/.test(text) && !text.includes(",")) return undefined;
  return `expected the name of a protocol such as http/1.1 or h2, found ${quote(text)}`;
}

/** A full name of protobuf, which services have. */
function serviceProblem(text: string): string | undefined {
  if (text === "" || (text.length <= 255 && /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(text))) {
    return undefined;
  }
  return `expected the name of a service such as package.Service, found ${quote(text)}`;
}

/** Headers that the probe writes itself: another one would contradict it. */
const OWN_HEADERS: ReadonlyMap<string, string> = new Map([
  ["host", "write it as `host` in params"],
  ["connection", "a probe is one request on a connection of its own"],
  ["content-length", "it follows from `body`"],
  ["transfer-encoding", "a `body` is sent as it is"],
]);

/** True for a header of the probe that may be removed, with the value null. */
export function isRemovable(name: string): boolean {
  return name.toLowerCase() === "user-agent";
}

function headerNameProblem(name: string): string | undefined {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name)) return undefined;
  return `${
    quote(name)
  } is not a header name; use letters, digits and ! # $ % & ' * + - . ^ _ \` | ~ only`;
}

/** The problem with a request header (RFC 9110, 5.1 and 5.5), or undefined. */
export function headerProblem(name: string, value: string): string | undefined {
  const problem = headerNameProblem(name);
  if (problem !== undefined) return problem;
  const own = OWN_HEADERS.get(name.toLowerCase());
  if (own !== undefined) return `the header ${name} cannot be set; ${own}`;
  if (value.length > MAX_HTTP_TEXT_LENGTH) return tooLong(value);
  if (!/^[\t\x20-\x7e]*$/.test(value)) {
    return `the value of ${name} must be one line of ASCII without control characters`;
  }
  if (value !== value.trim()) return `the value of ${name} must not begin or end with a space`;
  return undefined;
}

function tooLong(text: string): string {
  return `has ${text.length} characters; at most ${MAX_HTTP_TEXT_LENGTH} are allowed`;
}
