/**
 * Reads a configuration file. The only file of this folder with I/O.
 */
import { MaglevError } from "../base/errors.ts";
import { wallMsOf } from "../base/instant.ts";
import { hiddenReason, permissionReason } from "../base/permission.ts";
import { oneLine } from "../base/text.ts";
import { type CaReadout, certificatesIn, MAX_CA_BYTES } from "./ca_files.ts";
import type { PairReader } from "./client_certificates.ts";
import { IssueList, type Rule, WHOLE } from "./issue.ts";
import type { Config } from "./model.ts";
import { type LoadResult, type ParseOptions, parseSubset } from "./parse_subset.ts";
import { MAX_CHARACTERS, tooLargeMessage } from "./yaml/text.ts";

export { exitStatus } from "./parse_subset.ts";
export type { LoadResult } from "./parse_subset.ts";
export { formatIssue, issueToJson } from "./issue.ts";
export type { Issue } from "./issue.ts";

/** A file with a valid configuration. */
type GoodFile = Extract<LoadResult, { kind: "ok" }> & {
  /** SHA-256 of its text, in hexadecimal, as `sha256sum` prints it. */
  readonly hash: string;
  /** Its text in UTF-8, as it was read. */
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** Result of reading a file. */
export type FileResult = Exclude<LoadResult, { kind: "ok" }> | GoodFile;

/** Maximum of bytes read: enough for a text of MAX_CHARACTERS that a person wrote. */
const MAX_BYTES = MAX_CHARACTERS;

/** Options of loadConfig(). */
export type LoadOptions = Pick<ParseOptions, "vpp" | "scope">;

/**
 * Reads and checks the file at `path`. Every problem with the file is a result, also a failure to
 * read it.
 */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<FileResult> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await readFirstBytes(path, MAX_BYTES + 1);
  } catch (error) {
    return parseError(path, "unreadable", {
      message: `cannot read the file: ${readReason(error, path)}`,
    });
  }
  if (bytes.length > MAX_BYTES) {
    return parseError(path, "too-large", {
      message: tooLargeMessage(`more than ${MAX_BYTES} bytes`),
    });
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const pairs = text.includes("client-cert")
      ? { readPair: await pairReader(), nowMs: wallMsOf(new Date()) }
      : {};
    const parsed = await parse(text, { ...options, ...pairs, file: path, readCa });
    const result = withEndChecked(parsed, { path, text });
    return result.kind === "ok" ? { ...result, hash: await sha256(bytes), bytes } : result;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return parseError(path, "not-utf8", encodingProblem(bytes));
  }
}

/**
 * The configuration of a text that was valid before; undefined when it is not. The files that it
 * names are not read again, and count as empty.
 */
export async function configOf(
  bytes: Uint8Array,
  options: LoadOptions,
): Promise<Config | undefined> {
  const parsed = await parse(new TextDecoder().decode(bytes), { ...options, file: "" });
  return parsed.kind === "ok" ? parsed.config : undefined;
}

/** Loads the YAML library only for a text that needs it, because that delays the start. */
async function parse(text: string, options: ParseOptions): Promise<LoadResult> {
  const parsed = parseSubset(text, options);
  if (parsed !== undefined) return parsed;
  const { parseConfig } = await import("./parse.ts");
  return parseConfig(text, options);
}

/** By WebCrypto: loading node:crypto would delay the start by 12 ms. */
async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/**
 * Warns of a last line without a newline. Such a file is often incomplete, and a truncated
 * configuration may be a valid one with fewer servers. A running daemon does not reload it
 * (src/daemon/reload.ts).
 */
function withEndChecked(
  result: LoadResult,
  file: { readonly path: string; readonly text: string },
): LoadResult {
  if (result.kind !== "ok" || file.text.endsWith("\n")) return result;
  const issues = new IssueList(file.path);
  const line = file.text.split("\n").length;
  issues.add(
    "no-final-newline",
    { mark: { line, column: 1 }, path: "" },
    "the last line does not end with a newline, and a reload refuses it; check whether the file " +
      "is complete",
  );
  return { ...result, warnings: [...result.warnings, ...issues.warnings()] };
}

/** Names of standard input, which is read without opening it and thus without a permission. */
const STANDARD_INPUT: readonly string[] = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

export function isStandardInput(path: string): boolean {
  return STANDARD_INPUT.includes(path);
}

/**
 * Reads the first `limit` bytes of a file of any kind, waiting for the writer of a pipe. It does not
 * use the size, which pipes and devices lack. (readRegularFile() of src/system/ refuses these.)
 */
async function readFirstBytes(path: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  if (isStandardInput(path)) return await firstBytesOf(Deno.stdin, limit);
  using file = await Deno.open(path);
  return await firstBytesOf(file, limit);
}

async function firstBytesOf(
  file: Pick<Deno.FsFile, "read">,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  while (total < limit) {
    const chunk = new Uint8Array(Math.min(65536, limit - total));
    const count = await file.read(chunk);
    if (count === null) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Reads a file of certificate authorities. */
export function readCa(path: string): CaReadout {
  const read = readNamed(path);
  return read.kind === "ok" ? certificatesIn(read.text, judgeCa) : read;
}

/**
 * Reads client certificates. Loaded only for a configuration with one: node:crypto would delay the
 * start of all others by 12 ms.
 */
export async function pairReader(): Promise<PairReader> {
  const { keyPairOf, validityOf } = await import("../base/tls/key_pair.ts");
  return (paths) => {
    const [cert, key] = [readNamed(paths.cert), readNamed(paths.key)];
    if (cert.kind === "error") return { ...cert, problem: `${paths.cert}: ${cert.problem}` };
    if (key.kind === "error") return { ...key, problem: `${paths.key}: ${key.problem}` };
    try {
      const pair = keyPairOf(
        { path: paths.cert, text: cert.text },
        { path: paths.key, text: key.text },
      );
      return { kind: "ok", pair: { ...pair, ...validityOf(pair.cert) } };
    } catch (error) {
      return { kind: "error", problem: MaglevError.from(error).message };
    }
  };
}

/** A file that the configuration names; read synchronously, because such files are few and small. */
function readNamed(
  path: string,
): { readonly kind: "ok"; readonly text: string } | Extract<CaReadout, { kind: "error" }> {
  const buffer = new Uint8Array(MAX_CA_BYTES + 1);
  let size = 0;
  try {
    using file = Deno.openSync(path);
    while (size < buffer.length) {
      const count = file.readSync(buffer.subarray(size));
      if (count === null) break;
      size += count;
    }
  } catch (error) {
    const reason = readReason(error, path);
    return { kind: "error", problem: `cannot read the file: ${reason}` };
  }
  if (size > MAX_CA_BYTES) return { kind: "error", problem: `has more than ${MAX_CA_BYTES} bytes` };
  return { kind: "ok", text: new TextDecoder().decode(buffer.subarray(0, size)) };
}

/**
 * Checks an authority with the library that TLS probes use (rustls). Only Deno's HTTPS client
 * reports the result; it is closed before it connects.
 */
function judgeCa(pem: string): string | undefined {
  try {
    Deno.createHttpClient({ caCerts: [pem] }).close();
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.replace(/^(invalid peer certificate|Unable to add pem file[^:]*): /, "");
  }
}

function readReason(error: unknown, path: string): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.PermissionDenied) {
    const hidden = hiddenReason(path);
    return "permission denied; the daemon's user must be allowed to read it" +
      (hidden === undefined ? "" : `; ${hidden}`);
  }
  if (error instanceof Deno.errors.NotCapable) {
    return permissionReason(error) ?? error.message;
  }
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory, expected a file";
  return oneLine(error instanceof Error ? error.message : String(error));
}

interface Problem {
  readonly message: string;
  readonly line?: number;
}

function parseError(file: string, rule: Rule, problem: Problem): Exclude<FileResult, GoodFile> {
  const issues = new IssueList(file);
  const mark = problem.line === undefined ? WHOLE.mark : { line: problem.line, column: 1 };
  issues.add(rule, { mark, path: "" }, problem.message);
  return { kind: "parse-error", issues: issues.errors() };
}

function encodingProblem(bytes: Uint8Array): Problem {
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) ||
    (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (utf16) return { message: "the file is UTF-16; expected UTF-8" };
  return { message: "this line is not UTF-8; expected UTF-8", line: firstBadLine(bytes) };
}

/** 1-based line of the first byte sequence that is not UTF-8. */
function firstBadLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    line++;
    start = end;
  }
  return line;
}
