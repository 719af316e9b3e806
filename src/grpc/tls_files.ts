/**
 * The files of TLS: the server's certificate and key, and the authority of clients' certificates.
 * They are judged when they are read, so that a bad one is an error with its name, at the start
 * and at a SIGHUP, and not a line for each handshake.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { MaglevError } from "../base/errors.ts";

/** Paths; `clientCa` empty: clients show no certificate. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
}

/** What a TLS server is made from. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** PEM of authorities; undefined: clients show no certificate. */
  readonly clientCa: string | undefined;
}

/** Most of a file that is read. */
const MAX_BYTES = 1024 * 1024;

/** Reads and judges them. @throws {MaglevError} `failed-precondition` */
export async function readTlsFiles(paths: TlsPaths): Promise<TlsMaterial> {
  const cert = await readPem(paths.cert);
  const key = await readPem(paths.key);
  const clientCa = paths.clientCa === "" ? undefined : await readPem(paths.clientCa);
  const [leaf] = certificatesOf(cert, paths.cert);
  if (clientCa !== undefined) certificatesOf(clientCa, paths.clientCa);
  if (!leaf!.checkPrivateKey(keyOf(key, paths.key))) {
    throw refusal(paths.key, `it is not the key of the certificate in ${paths.cert}`);
  }
  return { cert, key, clientCa };
}

/** All certificates of a PEM text; at least one. */
function certificatesOf(pem: string, path: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw refusal(path, "it has no certificate in PEM form");
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      const reason = MaglevError.from(error).message;
      throw refusal(path, `certificate ${index + 1} in it cannot be read: ${reason}`);
    }
  });
}

function keyOf(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const reason = MaglevError.from(error).message;
    throw refusal(path, `it is no private key without passphrase in PEM form (${reason})`);
  }
}

async function readPem(path: string): Promise<string> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) throw refusal(path, "it is no ordinary file");
    if (size > MAX_BYTES) throw refusal(path, `it has more than ${MAX_BYTES} bytes`);
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof MaglevError) throw error;
    if (error instanceof Deno.errors.NotFound) throw refusal(path, "there is no such file");
    throw refusal(path, MaglevError.from(error).message);
  }
}

function refusal(path: string, reason: string): MaglevError {
  return new MaglevError("failed-precondition", `Cannot use ${path}: ${reason}`, { path });
}
