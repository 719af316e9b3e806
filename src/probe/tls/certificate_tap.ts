/**
 * PURE. The certificates in the server's half of a TLS 1.2 handshake, which shows them in clear. Fed
 * with bytes cut anywhere; takes no more than MAX_BYTES.
 */

/** Bytes of a handshake that are kept at most. */
const MAX_BYTES = 256 * 1024;

const HANDSHAKE_RECORD = 22;
const CERTIFICATE_MESSAGE = 11;

/** Takes one server's bytes apart. */
export class CertificateTap {
  #bytes = new Uint8Array(0);

  feed(bytes: Uint8Array): void {
    const fitting = bytes.subarray(0, MAX_BYTES - this.#bytes.length);
    const all = new Uint8Array(this.#bytes.length + fitting.length);
    all.set(this.#bytes);
    all.set(fitting, this.#bytes.length);
    this.#bytes = all;
  }

  /** The chain as the server sent it, its own certificate first; empty when none came. */
  get certificates(): readonly Uint8Array[] {
    const messages = handshakeBytes(this.#bytes);
    for (let at = 0; at + 4 <= messages.length;) {
      const end = at + 4 + uint24(messages, at + 1);
      if (messages[at] === CERTIFICATE_MESSAGE && end <= messages.length) {
        return certificatesIn(messages.subarray(at + 4, end));
      }
      at = end;
    }
    return [];
  }
}

/** The content of the handshake records in front (RFC 5246, 6.2.1), as far as they are whole. */
function handshakeBytes(bytes: Uint8Array): Uint8Array {
  const content = new Uint8Array(bytes.length);
  let size = 0;
  for (let at = 0; at + 5 <= bytes.length && bytes[at] === HANDSHAKE_RECORD;) {
    const record = bytes.subarray(at + 5, at + 5 + bytes[at + 3]! * 256 + bytes[at + 4]!);
    content.set(record, size);
    size += record.length;
    at += 5 + record.length;
  }
  return content.subarray(0, size);
}

/** certificate_list of the message (RFC 5246, 7.4.2). */
function certificatesIn(message: Uint8Array): readonly Uint8Array[] {
  const certificates: Uint8Array[] = [];
  for (let at = 3; at + 3 < message.length;) {
    const end = at + 3 + uint24(message, at);
    if (end > message.length) break;
    certificates.push(message.slice(at + 3, end));
    at = end;
  }
  return certificates;
}

function uint24(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 65_536 + (bytes[at + 1] ?? 0) * 256 + (bytes[at + 2] ?? 0);
}
