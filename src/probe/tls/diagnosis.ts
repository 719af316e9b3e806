/**
 * Why a server's certificate is beyond the TLS library. A handshake that ends over it shows nothing
 * of the certificate, and in TLS 1.3 it went encrypted. So a second handshake is begun, in TLS 1.2,
 * and what the server sends in clear is read on its way. Only for servers that fail this way, and in
 * each of their probes: what was seen earlier may have been mended since.
 */
import { Duplex } from "node:stream";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import { CertificateTap } from "./certificate_tap.ts";
import type { Cancellation } from "../prober.ts";

/** What to connect to, and how. */
export interface Diagnosis {
  /** A socket that is not connected yet; it is destroyed here. */
  readonly socket: Duplex;
  /** SNI; empty: none. */
  readonly serverName: string;
  readonly alpn: readonly string[];
}

/** Made when it is first needed. The versions of a connection are those of its context. */
let context: SecureContext | undefined;

/** The certificates that the server shows in TLS 1.2; empty when it does not. Never rejects. */
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

/** `socket` as a stream of which `tap` sees what comes in. */
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
