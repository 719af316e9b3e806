/**
 * The certificate that a server shows, read out once for as long as it shows the same one: what
 * node:tls makes of a certificate (names, fingerprints, the chain as objects) costs 100 us of the
 * 700 of a whole HTTPS probe, and a server changes its certificate every few months.
 *
 * node:tls reads it out by itself in every handshake, to hand it to `checkServerIdentity`. That is
 * kept from it until somebody asks here.
 */
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from "node:tls";

/** A certificate that was seen. */
export interface SeenCertificate {
  readonly certificate: PeerCertificate;
  /** Whether it carries the name that was asked for. */
  readonly named: boolean;
}

const UNREAD = {} as PeerCertificate;

/** Keeps the library from reading out the certificate in the handshake that `socket` begins. */
export function leaveUnread(socket: TLSSocket): void {
  Object.defineProperty(socket, "getPeerCertificate", { value: () => UNREAD, configurable: true });
}

/** The certificate last seen of one target. */
export class CertificateMemory {
  /** Name or address that a certificate must carry. */
  readonly #identity: string;
  #der: Uint8Array | undefined;
  #seen: SeenCertificate = { certificate: UNREAD, named: false };

  constructor(identity: string) {
    this.#identity = identity;
  }

  /** The certificate of a completed handshake; without content when it cannot be read. */
  of(socket: TLSSocket): SeenCertificate {
    const der = derOf(socket);
    if (der !== undefined && this.#der !== undefined && equal(der, this.#der)) return this.#seen;
    Reflect.deleteProperty(socket, "getPeerCertificate");
    const certificate = socket.getPeerCertificate() ?? UNREAD;
    this.#der = der;
    this.#seen = { certificate, named: isFor(this.#identity, certificate) };
    return this.#seen;
  }
}

/** The library throws when it meets names that it did not expect. */
function isFor(identity: string, certificate: PeerCertificate): boolean {
  try {
    return checkServerIdentity(identity, certificate) === undefined;
  } catch {
    return false;
  }
}

/** The bytes; undefined when Deno cannot parse them, however they came through the handshake. */
function derOf(socket: TLSSocket): Uint8Array | undefined {
  try {
    return socket.getPeerX509Certificate()?.raw;
  } catch {
    return undefined;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
