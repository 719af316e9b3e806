/**
 * Reads the certificate of a server that the TLS library cannot use. The failed handshake does not
 * show the certificate, and in TLS 1.3 it was encrypted. So a second handshake is begun in TLS 1.2,
 * and the certificates that the server sends in clear are captured. This is done only for servers
 * that fail in this way, and in each of their probes, because the server may have been fixed.
 */
import { Duplex } from "node:stream";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import { CertificateTap } from "./certificate_tap.ts";
import type { Cancellation } from "../prober.ts";

/** The connection and handshake to make. */
export interface Diagnosis {
  /** A socket that is not connected yet; it is destroyed here. */
  readonly socket: Duplex;
  /** SNI; empty: none. */
  readonly serverName: string;
  readonly alpn: readonly string[];
}

/** Made at its first use. The TLS versions of a connection are those of its context. */
let context: SecureContext | undefined;

/** The certificates that the server sends in TLS 1.2; empty without them. Never rejects. */
export function shownCertificates(
  { socket, serverName, alpn }: Diagnosis,
  cancellation: Cancellation,
): Promise<readonly Uint8Array[]> {
  return new Promise((resolve) => {
    const tap = new CertificateTap();
    const end = () => {
      cancellation.release = undefined;
      socket.destroy();
      resolve(tap.certificates);
    };
    cancellation.release = end;
    socket.on("error", end);
    socket.on("close", end);
    socket.once("connect", () => {
      try {
        const tls = connect({
          socket: tapped(socket, tap),
          secureContext: context ??= createSecureContext({ maxVersion: "TLSv1.2" }),
          rejectUnauthorized: false,
          ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
          ...(serverName === "" ? {} : { servername: serverName }),
        });
        tls.on("error", end);
        tls.on("close", end);
        tls.on("secureConnect", end);
      } catch {
        end();
      }
    });
  });
}

/** Wraps `socket` so that `tap` sees incoming bytes. */
function tapped(socket: Duplex, tap: CertificateTap): Duplex {
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk, _, done) => void socket.write(chunk, done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (bytes: Uint8Array) => {
    tap.feed(bytes);
    stream.push(bytes);
  });
  socket.on("end", () => stream.push(null));
  stream.on("error", () => {});
  return stream;
}
