/**
 * Parses the certificates of a server once for as long as it shows the same ones. Parsing in
 * node:tls (names, fingerprints, the chain as objects) costs 100 us of the 700 of a whole HTTPS
 * probe, and a server changes its certificate every few months.
 *
 * node:tls would parse it in every handshake for `checkServerIdentity`. This file prevents that
 * until a caller needs the result.
 */
import { X509Certificate } from "node:crypto";
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from "node:tls";
import { type WallMs, wallMsOf } from "../../base/instant.ts";

/** The certificates of a completed handshake. */
export interface SeenCertificate {
  readonly certificate: PeerCertificate;
  /** True when the certificate carries the required name. */
  readonly named: boolean;
  /** DER of all certificates sent, the server's own first. */
  readonly sent: readonly Uint8Array[];
  /** The earliest end of validity among those sent; undefined when it cannot be read. */
  readonly expiry: Expiry | undefined;
}

/** An end of validity. */
export interface Expiry {
  /** Unix time in milliseconds. */
  readonly ms: WallMs;
  /** Name in the server's own certificate, or `authority NAME` of one that it sends along. */
  readonly of: string;
}

const UNREAD = {} as PeerCertificate;

/** Prevents the library from parsing the certificate in the handshake that `socket` begins. */
export function leaveUnread(socket: TLSSocket): void {
  Object.defineProperty(socket, "getPeerCertificate", { value: () => UNREAD, configurable: true });
}

/** The certificates last seen from one target. */
export class CertificateMemory {
  /** Name or address that a certificate must carry. */
  readonly #identity: string;
  #seen: SeenCertificate = { certificate: UNREAD, named: false, sent: [], expiry: undefined };

  constructor(identity: string) {
    this.#identity = identity;
  }

  /** The certificates of a completed handshake; empty when they cannot be read. */
  of(socket: TLSSocket): SeenCertificate {
    const sent = sentBy(socket);
    if (sent.length > 0 && sameChain(sent, this.#seen.sent)) return this.#seen;
    Reflect.deleteProperty(socket, "getPeerCertificate");
    const certificate = socket.getPeerCertificate() ?? UNREAD;
    const named = isFor(this.#identity, certificate);
    this.#seen = { certificate, named, sent, expiry: firstExpiry(sent) };
    return this.#seen;
  }
}

/** The earliest end of validity, with the name of its certificate. */
export function firstExpiry(sent: readonly Uint8Array[]): Expiry | undefined {
  let first: Expiry | undefined;
  for (const [index, der] of sent.entries()) {
    const found = expiryOf(der, index);
    if (found !== undefined && (first === undefined || found.ms < first.ms)) first = found;
  }
  return first;
}

function expiryOf(der: Uint8Array, index: number): Expiry | undefined {
  try {
    const { validTo, subject, subjectAltName } = new X509Certificate(der);
    const ms = wallMsOf(new Date(validTo));
    const common = /^(?:CN|O)=(.*)$/m.exec(subject)?.[1];
    const other = /^[\w ]+:([^,]*)/.exec(subjectAltName ?? "")?.[1];
    const name = (common ?? other ?? "without a name").slice(0, MAX_NAME_LENGTH);
    return Number.isNaN(ms) ? undefined : { ms, of: index === 0 ? name : `authority ${name}` };
  } catch {
    return undefined;
  }
}

const MAX_NAME_LENGTH = 64;

/** The parsed certificate; undefined when the library throws because of unexpected names. */
function isFor(identity: string, certificate: PeerCertificate): boolean {
  try {
    return checkServerIdentity(identity, certificate) === undefined;
  } catch {
    return false;
  }
}

/** The part of a TLSSocket of Deno 2.9.6 that holds all certificates that were sent. */
interface ChainHandle {
  readonly _handle?: {
    getPeerCertificateChain?(): { readonly certificates: readonly Uint8Array[] } | null;
  };
}

/** DER as it was sent. The public call parses its result, and returns the first two only. */
function sentBy(socket: TLSSocket): readonly Uint8Array[] {
  const { _handle: handle } = socket as unknown as ChainHandle;
  const chain = handle?.getPeerCertificateChain?.()?.certificates;
  if (chain !== undefined) return chain;
  try {
    const own = socket.getPeerX509Certificate()?.raw;
    return own === undefined ? [] : [own];
  } catch {
    return [];
  }
}

function sameChain(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((der, i) => equal(der, b[i]!));
}

/** A loop, because this runs over kilobytes in every handshake. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
