/**
 * The files of TLS: the server's certificate and key, and the authority of clients' certificates.
 * They are checked when they are read, at the start and at SIGHUP. So a bad file is one error with
 * its name, not a log record for each handshake. Certificate and key may be in one file.
 */
import { MaglevError } from "../../base/errors.ts";
import { fileProblem, readRegularText } from "../../system/read_file.ts";
import { certificatesOf, keyPairOf, type PemFile } from "../../system/key_pair.ts";

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

/** Largest file, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** Reads and checks them. @throws {MaglevError} `failed-precondition` */
export async function readTlsFiles(paths: TlsPaths): Promise<TlsMaterial> {
  const pair = keyPairOf(await readPem(paths.cert), await readPem(paths.key));
  const clientCa = paths.clientCa === ""
    ? undefined
    : certificatesOf(await readPem(paths.clientCa));
  return { ...pair, clientCa };
}

async function readPem(path: string): Promise<PemFile> {
  try {
    return { path, text: await readRegularText(path, { maxBytes: MAX_BYTES }) };
  } catch (error) {
    const reason = fileProblem(error);
    throw new MaglevError("failed-precondition", `cannot use ${path}: ${reason}`, { path });
  }
}
