/**
 * The certificates that a server shows, read out once for as long as it shows the same ones: what
 * node:tls makes of a certificate (names, fingerprints, the chain as objects) costs 100 us of the
 * 700 of a whole HTTPS probe, and a server changes its certificate every few months.
 *
 * node:tls reads it out by itself in every handshake, to hand it to `checkServerIdentity`. That is
 * kept from it until somebody asks here.
 */
import { X509Certificate } from "node:crypto";
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from "node:tls";

/** What a server showed. */
export interface SeenCertificate {
  readonly certificate: PeerCertificate;
  /** Whether it carries the name that was asked for. */
  readonly named: boolean;
  /** DER of all that was sent, the server's own first. */
  readonly sent: readonly Uint8Array[];
  /** The first end of validity among those sent; undefined when none can be read. */
  readonly expiry: Expiry | undefined;
}

/** An end of validity. */
export interface Expiry {
  /** Unix time in milliseconds. */
  readonly ms: number;
  /** Name in the server's own certificate, or `authority NAME` of one that it sends along. */
  readonly of: string;
}

const UNREAD = {} as PeerCertificate;

/** Keeps the library from reading out the certificate in the handshake that `socket` begins. */
export function leaveUnread(socket: TLSSocket): void {
  Object.defineProperty(socket, "getPeerCertificate", { value: () => UNREAD, configurable: true });
}

/** What was last seen of one target. */
export class CertificateMemory {
  /** Name or address that a certificate must carry. */
  readonly #identity: string;
  #seen: SeenCertificate = { certificate: UNREAD, named: false, sent: [], expiry: undefined };

  constructor(identity: string) {
    this.#identity = identity;
  }

  /** The certificates of a completed handshake; without content when they cannot be read. */
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

/** The end that comes first, and whose it is. */
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
    const ms = Date.parse(validTo);
    const common = /^(?:CN|O)=(.*)$/m.exec(subject)?.[1];
    const other = /^[\w ]+:([^,]*)/.exec(subjectAltName ?? "")?.[1];
    const name = (common ?? other ?? "without a name").slice(0, MAX_NAME_LENGTH);
    return Number.isNaN(ms) ? undefined : { ms, of: index === 0 ? name : `authority ${name}` };
  } catch {
    return undefined;
  }
}

const MAX_NAME_LENGTH = 64;

/** The library throws when it meets names that it did not expect. */
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

/** DER as it was sent. The public call parses what it gives, and gives the first two only. */
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
