/** The part of the configuration table that describes the TLS of checks. */
import type { Keys } from "../types.ts";

/** Keys of params that concern TLS. */
export const tls = {
  "server-name": {
    type: "text",
    format: "server-name",
    absent: "`host` when that is a name, else none",
    help: "Name sent in the TLS handshake (SNI), and the one the certificate must carry.",
  },
  "insecure-skip-verify": {
    type: "boolean",
    default: false,
    help: "Accept a certificate that is expired, self-signed, of another name, or of an unknown " +
      "authority. Some are refused all the same, because the TLS library (rustls) cannot check the " +
      "handshake's signature with them: an RSA key below 2048 or above 8192 bits, a DSA key, an " +
      "elliptic curve other than P-256, P-384, P-521 and Ed25519, an unknown critical extension, " +
      "malformed DER. So is a server without TLS 1.2 and 1.3. The failure names the cause, where " +
      "the server shows it (TLS 1.2).",
  },
  "alpn": {
    type: "texts",
    format: "alpn",
    of: "a protocol's name such as http/1.1",
    absent: "`http/1.1`, and `h2` with `http2`",
    help:
      "Protocols offered in the TLS handshake (ALPN), in order of preference; `[]` offers none. A " +
      "probe of type https speaks HTTP/1.1, or with `http2` HTTP/2, with any choice.",
  },
  "ca-file": {
    type: "text",
    format: "file",
    absent: "the system's certificate authorities",
    help: "File with the certificates (PEM) of the authorities that are trusted, in place of the " +
      "system's; a private key in it is ignored. It is read together with this file. A reload reads a changed " +
      "one and restarts the checks of its backends. The daemon may read files in /etc/vpp-maglev.",
  },
  "client-cert": {
    type: "text",
    format: "file",
    absent: "none is shown",
    help:
      "File with the certificate (PEM) that the probe shows to a server that requires one, and " +
      "with its chain. It is read together with this file, as `ca-file` is.",
  },
  "client-key": {
    type: "text",
    format: "file",
    absent: "the key in the file of `client-cert`",
    help: "File with the private key (PEM, without a passphrase) of `client-cert`.",
  },
} as const satisfies Keys;
