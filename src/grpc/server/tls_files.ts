/**
 * The files of TLS: the server's certificate and key, and the authority of clients' certificates.
 * They are checked when they are read, at the start and at SIGHUP. So a bad file is one error with
 * its name, not a log record for each handshake. Certificate and key may be in one file.
 */
import { readKeyPair, readPem } from "../../system/tls/files.ts";
import { certificatesOf } from "../../base/tls/key_pair.ts";

/** Paths; `clientCa` empty: clients show no certificate. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
}

/** Certificate, key and authority of a TLS server. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** PEM of authorities; undefined: clients show no certificate. */
  readonly clientCa: string | undefined;
}

/** Reads and judges them. @throws {MaglevError} `failed-precondition` */
export async function readTlsFiles(paths: TlsPaths): Promise<TlsMaterial> {
  const pair = await readKeyPair(paths);
  const clientCa = paths.clientCa === ""
    ? undefined
    : certificatesOf(await readPem(paths.clientCa));
  return { ...pair, clientCa };
}
