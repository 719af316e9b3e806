/** The files that show who we are, and whom we trust. Read once, at the start, and judged there. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { MaglevError } from "../base/errors.ts";
import type { ClientTls } from "../grpc/client.ts";

/** Paths; empty: none. */
export interface CredentialPaths {
  readonly tls: boolean;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly serverName: string;
  readonly token: string;
}

export interface Credentials {
  readonly tls: ClientTls | undefined;
  readonly token: string | undefined;
}

/** Most of a file that is read. */
const MAX_BYTES = 1024 * 1024;
/** Longest token that a server takes. */
const MAX_TOKEN_LENGTH = 1024;

/** Reads what there is. @throws {MaglevError} `failed-precondition`: names the file */
export async function readCredentials(paths: CredentialPaths): Promise<Credentials> {
  const token = paths.token === "" ? undefined : await readToken(paths.token);
  if (!paths.tls) return { tls: undefined, token };
  const { ca, cert, key, serverName } = paths;
  return {
    tls: {
      ca: ca === "" ? undefined : await readCertificates(ca),
      cert: cert === "" ? undefined : await readCertificates(cert),
      key: key === "" ? undefined : await readKey(key),
      serverName: serverName === "" ? undefined : serverName,
    },
    token,
  };
}

/** The one token of a file that others cannot read. */
async function readToken(path: string): Promise<string> {
  const { text, mode } = await readBounded(path);
  if ((mode & 0o006) !== 0) {
    throw refusal(path, `others can read or write it; \`chmod o= ${path}\` takes that from them`);
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [token = ""] = lines;
  if (lines.length !== 1 || !/^[\x21-\x7e]+$/.test(token) || token.length > MAX_TOKEN_LENGTH) {
    throw refusal(path, "need a line with one token in it: no role, no name");
  }
  return token;
}

async function readCertificates(path: string): Promise<string> {
  const { text } = await readBounded(path);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw refusal(path, "it has no certificate in PEM form");
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (error) {
      const reason = MaglevError.from(error).message;
      throw refusal(path, `certificate ${index + 1} in it cannot be read: ${reason}`);
    }
  }
  return text;
}

async function readKey(path: string): Promise<string> {
  const { text } = await readBounded(path);
  try {
    createPrivateKey(text);
  } catch (error) {
    const reason = MaglevError.from(error).message;
    throw refusal(path, `it is no private key without passphrase in PEM form (${reason})`);
  }
  return text;
}

async function readBounded(path: string): Promise<{ text: string; mode: number }> {
  try {
    using file = await Deno.open(path);
    const { isFile, size, mode } = await file.stat();
    if (!isFile) throw refusal(path, "it is no ordinary file");
    if (size > MAX_BYTES) throw refusal(path, `it has more than ${MAX_BYTES} bytes`);
    const bytes = new Uint8Array(size);
    let length = 0;
    while (length < size) {
      const count = await file.read(bytes.subarray(length));
      if (count === null) break;
      length += count;
    }
    return { text: new TextDecoder().decode(bytes.subarray(0, length)), mode: mode ?? 0 };
  } catch (error) {
    if (error instanceof MaglevError) throw error;
    if (error instanceof Deno.errors.NotFound) throw refusal(path, "there is no such file");
    const { message } = MaglevError.from(error);
    throw refusal(path, message.replace(/ \(os error \d+\).*$/, ""));
  }
}

function refusal(path: string, reason: string): MaglevError {
  return new MaglevError("failed-precondition", `Cannot use ${path}: ${reason}`);
}
