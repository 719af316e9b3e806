/** The files that authenticate the user and the server. Read and checked once, at the start. */
import { MaglevError } from "../../base/errors.ts";
import type { ClientTls } from "./client.ts";
import { fileProblem, readRegularText } from "../../system/read_file.ts";
import { certificatesOf, keyPairOf, type PemFile } from "../../base/tls/key_pair.ts";

/** Paths; empty: not given. Certificate and key are given together, perhaps as one file. */
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

/** A file and its flag, which messages name: a variable may have set the path. */
interface FlagFile {
  readonly flag: string;
  readonly path: string;
}

/** Largest file, in bytes. */
const MAX_BYTES = 1024 * 1024;
/** Longest token that a server accepts, in characters. */
const MAX_TOKEN_LENGTH = 1024;

/**
 * Reads the given files. @throws {MaglevError} `failed-precondition`: names the flag and the file
 */
export async function readCredentials(paths: CredentialPaths): Promise<Credentials> {
  const token = paths.token === ""
    ? undefined
    : await readToken({ flag: "--token-file", path: paths.token });
  if (!paths.tls) return { tls: undefined, token };
  const { ca, cert, key, serverName } = paths;
  const pair = cert === "" || key === "" ? undefined : keyPairOf(
    await readPem({ flag: "--tls-cert", path: cert }),
    await readPem({ flag: "--tls-key", path: key }),
  );
  return {
    tls: {
      ca: ca === "" ? undefined : certificatesOf(await readPem({ flag: "--tls-ca", path: ca })),
      cert: pair?.cert,
      key: pair?.key,
      serverName: serverName === "" ? undefined : serverName,
    },
    token,
  };
}

/** The one token of a file that others cannot read. */
async function readToken(file: FlagFile): Promise<string> {
  const text = await readText(file, { secret: true });
  const lines = text.split(/\r?\n/).map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [token = ""] = lines;
  if (lines.length !== 1 || !/^[\x21-\x7e]+$/.test(token) || token.length > MAX_TOKEN_LENGTH) {
    throw refusal(file, "need one line with a token alone, without role and name");
  }
  return token;
}

async function readPem(file: FlagFile): Promise<PemFile> {
  return { path: nameOf(file), text: await readText(file) };
}

async function readText(file: FlagFile, options: { readonly secret?: boolean } = {}) {
  try {
    return await readRegularText(file.path, { maxBytes: MAX_BYTES, ...options });
  } catch (error) {
    throw refusal(file, fileProblem(error));
  }
}

function nameOf({ flag, path }: FlagFile): string {
  return `${flag} ${path}`;
}

function refusal(file: FlagFile, reason: string): MaglevError {
  return new MaglevError("failed-precondition", `cannot use ${nameOf(file)}: ${reason}`);
}
