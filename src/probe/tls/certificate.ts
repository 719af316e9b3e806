/**
 * PURE. Explains failures of a server's certificate. The TLS library decides whether a certificate
 * is trusted, but its messages are few and often wrong (an expired certificate is "unable to verify
 * the first certificate"). So the reason is read from the certificates: here from the server's own,
 * in chain_problem.ts from all.
 *
 * One rule is enforced here: certificates older than X.509 version 3 are never trusted. Deno's
 * node:tls (2.9.6) compares only the names of such a chain, not its signatures, so that a forged
 * one would pass.
 */
import { type WallMs, wallMsOf } from "../../base/instant.ts";
import { failed, printable, type Verdict } from "../outcome.ts";

/** The part of node:tls' PeerCertificate that is used; all of it may be missing. */
export interface CertificateFacts {
  readonly valid_from?: string;
  readonly valid_to?: string;
  readonly subjectaltname?: string | undefined;
  /** True for a certificate that may sign others. */
  readonly ca?: boolean;
  readonly subject?: { readonly CN?: string | readonly string[] };
  readonly issuer?: { readonly CN?: string | readonly string[]; readonly O?: string | string[] };
  /** The certificate itself, DER. */
  readonly raw?: Uint8Array;
}

/** The library's verdict and its context. */
export interface Judgement {
  readonly certificate: CertificateFacts;
  /** `authorizationError` of node:tls; empty without an error. */
  readonly error: string;
  /** Name or address that the certificate must carry. */
  readonly name: string;
  /** The problem with the chain, in a sentence; called only when it is not trusted. */
  readonly chainProblem: () => string | undefined;
  /** Unix time in milliseconds. */
  readonly nowMs: WallMs;
}

/** `error` for a valid chain with the wrong name. */
export const WRONG_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";

/** The failure of a certificate that must be verified; undefined when it is good. */
export function certificateProblem(judgement: Judgement): Verdict | undefined {
  const { certificate, error, name, nowMs, chainProblem } = judgement;
  // The library checks names only after the chain: both errors mean that the chain is valid.
  if ((error === "" || error === WRONG_NAME) && !isVersion3(certificate.raw)) {
    return bad("certificate of an X.509 version before 3, which cannot be verified");
  }
  if (error === "") return undefined;
  const [fromMs, toMs] = [parsedMs(certificate.valid_from), parsedMs(certificate.valid_to)];
  if (toMs !== undefined && toMs < nowMs) return bad(`certificate expired on ${day(toMs)}`);
  if (fromMs !== undefined && fromMs > nowMs) {
    return bad(`certificate not yet valid, only from ${day(fromMs)} on`);
  }
  if (error === WRONG_NAME) {
    return bad(`certificate is for ${names(certificate)}, not for ${name}`);
  }
  // The library gives this code to any certificate of an authority that a server shows as its own.
  if (error === "DEPTH_ZERO_SELF_SIGNED_CERT" && isOfAuthority(certificate)) {
    return bad("certificate is one of an authority (CA:TRUE), which is not accepted for a server");
  }
  return bad(chainProblem() ?? `certificate not trusted: issued by ${issuer(certificate)}`);
}

/** True for a certificate of an authority that did not sign itself. */
function isOfAuthority({ ca, subject, issuer }: CertificateFacts): boolean {
  return ca === true && JSON.stringify(subject) !== JSON.stringify(issuer);
}

function bad(detail: string): Verdict {
  return failed("L6RSP", printable(detail));
}

function parsedMs(text: string | undefined): WallMs | undefined {
  const ms = text === undefined ? undefined : wallMsOf(new Date(text));
  return Number.isNaN(ms) ? undefined : ms;
}

function day(ms: WallMs): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Maximum of names shown; some certificates have hundreds. */
const MAX_NAMES = 5;

function names({ subjectaltname, subject }: CertificateFacts): string {
  const all = (subjectaltname ?? "").split(", ").filter((text) => text !== "")
    .map((text) => text.replace(/^(DNS|IP Address):/, ""));
  if (all.length === 0) {
    const common = first(subject?.CN);
    return common === undefined ? "no name" : `${common} (common name only)`;
  }
  const more = all.length - MAX_NAMES;
  return all.slice(0, MAX_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function issuer({ issuer }: CertificateFacts): string {
  const name = first(issuer?.CN) ?? first(issuer?.O);
  return name === undefined ? "an unnamed authority" : JSON.stringify(name.slice(0, 64));
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}

/**
 * True for X.509 version 3 (RFC 5280, 4.1). The first field within the second of the leading
 * sequences is then `[0] { INTEGER 2 }`: A0 03 02 01 02.
 */
function isVersion3(der: Uint8Array | undefined): boolean {
  if (der === undefined) return false;
  const version = contentAt(der, contentAt(der, 0));
  return [0xa0, 0x03, 0x02, 0x01, 0x02].every((byte, i) => der[version + i] === byte);
}

/** Offset of the content of the DER sequence at `at`; beyond the end when it is not a sequence. */
function contentAt(der: Uint8Array, at: number): number {
  const length = der[at + 1];
  if (der[at] !== 0x30 || length === undefined) return der.length;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
}
