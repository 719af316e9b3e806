/**
 * A certificate with its key, out of the text of one PEM file or of two. What is sent in a handshake
 * begins with the certificate of the key, wherever that stands in its file.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { MaglevError } from "../errors.ts";
import { earliest, latest, type WallMs, wallMsOf } from "../instant.ts";
import { certificateBlocks, isEncrypted, keyBlocks, type PemBlock, pemBlocks } from "./pem.ts";

/** A file's text, and its path as messages name it (a flag may stand before it). */
export interface PemFile {
  readonly path: string;
  readonly text: string;
}

/** PEM, ready to be used. */
export interface KeyPair {
  /** The certificate of the key first, then all others of the file in its order. */
  readonly cert: string;
  readonly key: string;
}

/** Finds the two that belong together. @throws {MaglevError} `failed-precondition` */
export function keyPairOf(certFile: PemFile, keyFile: PemFile): KeyPair {
  const certificates = readCertificates(certFile);
  const keys = readKeys(keyFile);
  for (const key of keys) {
    const own = certificates.find(({ certificate }) => certificate.checkPrivateKey(key.key));
    if (own === undefined) continue;
    const chain = [own, ...certificates.filter((other) => other !== own)];
    return { cert: joined(chain.map(({ block }) => block)), key: joined([key.block]) };
  }
  throw refusal(
    keyFile.path,
    keys.length === 1
      ? `it is not the key of the certificate in ${certFile.path}`
      : `none of its ${keys.length} keys is that of a certificate in ${certFile.path}`,
  );
}

/** The certificates of a file, and nothing else of it, as PEM. @throws {MaglevError} */
export function certificatesOf(file: PemFile): string {
  return joined(readCertificates(file).map(({ block }) => block));
}

/** The time in which all certificates of a PEM text are valid. */
export function validityOf(
  pem: string,
): { readonly validFromMs: WallMs; readonly validUntilMs: WallMs } {
  const dates = certificateBlocks(pemBlocks(pem)).map(({ text }) => new X509Certificate(text));
  return {
    validFromMs: dates.map(({ validFrom }) => wallMsOf(new Date(validFrom))).reduce(latest),
    validUntilMs: dates.map(({ validTo }) => wallMsOf(new Date(validTo))).reduce(earliest),
  };
}

function joined(blocks: readonly PemBlock[]): string {
  return blocks.map(({ text }) => `${text}\n`).join("");
}

interface ReadCertificate {
  readonly block: PemBlock;
  readonly certificate: X509Certificate;
}

function readCertificates({ path, text }: PemFile): readonly ReadCertificate[] {
  const blocks = certificateBlocks(pemBlocks(text));
  if (blocks.length === 0) throw refusal(path, `it has no certificate in PEM form${found(text)}`);
  return blocks.map((block, index) => {
    try {
      return { block, certificate: new X509Certificate(block.text) };
    } catch (error) {
      const reason = MaglevError.from(error).message;
      throw refusal(path, `certificate ${index + 1} in it cannot be read: ${reason}`);
    }
  });
}

interface ReadKey {
  readonly block: PemBlock;
  readonly key: KeyObject;
}

function readKeys({ path, text }: PemFile): readonly ReadKey[] {
  const blocks = keyBlocks(pemBlocks(text));
  if (blocks.length === 0) throw refusal(path, `it has no private key in PEM form${found(text)}`);
  return blocks.map((block) => {
    if (isEncrypted(block)) {
      throw refusal(path, "its private key has a passphrase; `openssl pkey` writes it without one");
    }
    try {
      return { block, key: createPrivateKey(block.text) };
    } catch (error) {
      const reason = MaglevError.from(error).message;
      throw refusal(path, `cannot read its private key (${block.label}): ${reason}`);
    }
  });
}

/** Names the kinds of blocks that the file holds instead. */
function found(text: string): string {
  const labels = [...new Set(pemBlocks(text).map(({ label }) => label))];
  return labels.length === 0 ? "" : `, only ${labels.slice(0, 3).join(", ")}`;
}

function refusal(path: string, reason: string): MaglevError {
  return new MaglevError("failed-precondition", `cannot use ${path}: ${reason}`, { path });
}
