/**
 * Finds the reason why a chain of certificates is not trusted: the TLS library reports only that it
 * is not. The search goes from the server's certificate upwards. Where it finds nothing the message
 * states that, because a guess would send the operator the wrong way.
 */
import { X509Certificate } from "node:crypto";
import { type WallMs, wallMsOf } from "../../base/instant.ts";
import { derFacts } from "./certificate_der.ts";
import { unusable, unusableSignature } from "./certificate_limits.ts";

/** A chain that is not trusted. */
export interface DoubtedChain {
  /** DER of the certificates that the server sent, its own first. */
  readonly sent: readonly Uint8Array[];
  /** PEM of the authorities in `ca-file`; undefined: the system's count, which are not seen here. */
  readonly caPem: string | undefined;
  /** Unix time in milliseconds. */
  readonly nowMs: WallMs;
}

/** The reason, in a sentence; undefined when its certificates cannot be read. */
export function chainProblem({ sent, caPem, nowMs }: DoubtedChain): string | undefined {
  try {
    const path = pathOf(sent.map((der) => new X509Certificate(der)));
    if (path.length === 0) return undefined;
    return memberProblem(path, nowMs) ?? endProblem(path, caPem);
  } catch {
    return undefined;
  }
}

/** The path from the server's certificate to the last one sent, each issued by the next one. */
function pathOf([leaf, ...others]: readonly X509Certificate[]): readonly X509Certificate[] {
  const path = leaf === undefined ? [] : [leaf];
  for (let top = leaf; top !== undefined && !isSelfIssued(top);) {
    const { issuer } = top;
    top = others.find((other) => other.subject === issuer && !path.includes(other));
    if (top !== undefined) path.push(top);
  }
  return path;
}

function isSelfIssued({ subject, issuer }: X509Certificate): boolean {
  return subject === issuer;
}

/** The problem of the first certificate that no verifier accepts. */
function memberProblem(path: readonly X509Certificate[], nowMs: WallMs): string | undefined {
  for (const [index, certificate] of path.entries()) {
    const { raw, validFrom, validTo } = certificate;
    const what = index === 0
      ? "certificate"
      : `the authority ${nameIn(certificate.subject)} in the server's chain`;
    const from = wallMsOf(new Date(validFrom));
    const to = wallMsOf(new Date(validTo));
    if (to < nowMs) return `${what} expired on ${instant(to)}`;
    if (from > nowMs) return `${what} is not yet valid, only from ${instant(from)} on`;
    // The signature on a self-signed authority is never checked.
    const reason = unusable(raw) ??
      (isSelfIssued(certificate) ? undefined : unusableSignature(raw));
    if (reason !== undefined) return `${what} cannot be verified: ${reason}`;
    if (!isForServers(certificate)) {
      return `${what} is not for servers: its extended key usage lacks serverAuth`;
    }
  }
  return undefined;
}

function isForServers({ raw }: X509Certificate): boolean {
  const usages = derFacts(raw)?.usages ?? [];
  return usages.length === 0 || usages.includes(SERVER_AUTH);
}

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** The missing or unfitting issuer of the last certificate of the path. */
function endProblem(
  path: readonly X509Certificate[],
  caPem: string | undefined,
): string | undefined {
  const top = path.at(-1)!;
  if (isSelfIssued(top) && path.length === 1) {
    return caPem !== undefined && authoritiesIn(caPem).some(({ raw }) => equal(raw, top.raw))
      ? UNKNOWN_REASON
      : "certificate is self-signed and not trusted";
  }
  const issued = issuedBy(path);
  if (caPem === undefined) return `certificate not trusted: ${issued}`;
  const named = authoritiesIn(caPem).filter(({ subject }) => subject === top.issuer);
  const signer = nameIn(top.issuer);
  if (named.length === 0) {
    return `certificate not trusted: ${issued}; ${signer} is not in ca-file` +
      (isSelfIssued(top) ? "" : ", nor in the chain that the server sends");
  }
  if (!named.some(({ publicKey }) => top.verify(publicKey))) {
    return `certificate not trusted: ${issued}; the authority of that name in ca-file has another key`;
  }
  return UNKNOWN_REASON;
}

const UNKNOWN_REASON = "certificate not trusted, though its authority is in ca-file: the TLS " +
  "library does not give the reason (constraints of an authority, or a malformed certificate)";

/** `issued by "Issuing CA", and that by "Root"`. */
function issuedBy(path: readonly X509Certificate[]): string {
  const names = path.filter((one, i) => i === 0 || !isSelfIssued(one))
    .map(({ issuer }) => nameIn(issuer));
  return `issued by ${names.slice(0, MAX_NAMES).join(", and that by ")}`;
}

const MAX_NAMES = 3;
const MAX_NAME_LENGTH = 64;

/** The common name of a distinguished name, otherwise its organization, in quotes. */
export function nameIn(distinguished: string): string {
  const lines = distinguished.split("\n");
  const found = ["CN=", "O=", "OU="].flatMap((key) => lines.filter((line) => line.startsWith(key)));
  const name = found[0]?.replace(/^\w+=/, "") ?? "";
  return name === ""
    ? "an authority without a name"
    : JSON.stringify(name.slice(0, MAX_NAME_LENGTH));
}

function authoritiesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function instant(ms: WallMs): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
