/** The files that show who we are, and whom we trust. Read once, at the start, and judged there. */
import { MaglevError } from "../base/errors.ts";
import type { ClientTls } from "../grpc/client/client.ts";
import { certificatesOf, keyPairOf, type PemFile } from "../system/key_pair.ts";

/** Paths; empty: none. Certificate and key come together, perhaps in one file. */
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

/** A file, and the flag that names it: a variable may have set it, out of sight. */
interface FlagFile {
  readonly flag: string;
  readonly path: string;
}

/** Most of a file that is read. */
const MAX_BYTES = 1024 * 1024;
/** Longest token that a server takes. */
const MAX_TOKEN_LENGTH = 1024;

/** Reads what there is. @throws {MaglevError} `failed-precondition`: names the flag and the file */
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
  const { text, mode } = await readBounded(file);
  if ((mode & 0o006) !== 0) {
    throw refusal(
      file,
      `readable or writable by others; run \`chmod o= ${file.path}\``,
    );
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [token = ""] = lines;
  if (lines.length !== 1 || !/^[\x21-\x7e]+$/.test(token) || token.length > MAX_TOKEN_LENGTH) {
    throw refusal(file, "need a line with one token in it: no role, no name");
  }
  return token;
}

async function readPem(file: FlagFile): Promise<PemFile> {
  return { path: nameOf(file), text: (await readBounded(file)).text };
}

async function readBounded(source: FlagFile): Promise<{ text: string; mode: number }> {
  try {
    using file = await Deno.open(source.path);
    const { isFile, size, mode } = await file.stat();
    if (!isFile) throw refusal(source, "not a regular file");
    if (size > MAX_BYTES) throw refusal(source, `it has more than ${MAX_BYTES} bytes`);
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
    if (error instanceof Deno.errors.NotFound) throw refusal(source, "no such file");
    const { message } = MaglevError.from(error);
    throw refusal(source, message.replace(/ \(os error \d+\).*$/, ""));
  }
}

function nameOf({ flag, path }: FlagFile): string {
  return `${flag} ${path}`;
}

function refusal(file: FlagFile, reason: string): MaglevError {
  return new MaglevError("failed-precondition", `Cannot use ${nameOf(file)}: ${reason}`);
}
