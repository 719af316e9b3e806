/**
 * The token file: lines of `role token [name]`, empty lines and `#` comments. The name identifies
 * the holder of the token; without a name, the number of the line does.
 *
 * Only digests are kept, and a token is compared with all of them in constant time, so that neither
 * memory nor response times reveal tokens.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { MaglevError } from "../../base/errors.ts";
import { fileProblem, readRegularText } from "../../system/read_file.ts";
import type { Role } from "./methods.ts";

/** Largest file, in bytes. */
const MAX_BYTES = 256 * 1024;
/** Maximum number of tokens: each call is compared with all. */
const MAX_TOKENS = 1000;
/** Longest token, in characters. */
const MAX_TOKEN_LENGTH = 1024;

/** The holder of a token. */
export interface TokenHolder {
  readonly role: Role;
  readonly identity: string;
}

interface Entry extends TokenHolder {
  readonly digest: Uint8Array;
}

/** The tokens of a file. */
export class TokenTable {
  readonly #entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /** The table of a file's text, or the error in it; the error never contains a token. */
  static parse(text: string): TokenTable | string {
    const entries: Entry[] = [];
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      const words = line.trim().split(/\s+/);
      if (words[0] === "" || words[0]!.startsWith("#")) continue;
      const [role, token, ...name] = words;
      const where = `line ${index + 1}`;
      if (role !== "viewer" && role !== "operator") {
        return `${where}: need \`viewer TOKEN\` or \`operator TOKEN\``;
      }
      if (token === undefined) return `${where}: need a token after ${role}`;
      if (token.length > MAX_TOKEN_LENGTH) {
        return `${where}: need a token of at most ${MAX_TOKEN_LENGTH} characters`;
      }
      if (!/^[\x21-\x7e]+$/.test(token)) {
        return `${where}: need a token of printable ASCII characters`;
      }
      if (entries.length >= MAX_TOKENS) return `need at most ${MAX_TOKENS} tokens`;
      const digest = digestOf(token);
      if (entries.some((entry) => timingSafeEqual(entry.digest, digest))) {
        return `${where}: the token is also on an earlier line`;
      }
      const named = name.join(" ");
      const identity = named === "" ? `token of ${where}` : `token ${JSON.stringify(named)}`;
      entries.push({ role, identity, digest });
    }
    return new TokenTable(entries);
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The holder of a token; undefined for an unknown token. */
  find(token: string): TokenHolder | undefined {
    const digest = digestOf(token);
    let found: Entry | undefined;
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.digest, digest)) found = entry;
    }
    return found === undefined ? undefined : { role: found.role, identity: found.identity };
  }
}

function digestOf(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}

/**
 * Reads the file. A file that others may read or write is refused, and so is one without tokens.
 *
 * @throws {MaglevError} `failed-precondition`
 */
export async function readTokenFile(path: string): Promise<TokenTable> {
  const refuse = (reason: string) =>
    new MaglevError("failed-precondition", `cannot use token file ${path}: ${reason}`, { path });
  let text: string;
  try {
    text = await readRegularText(path, { maxBytes: MAX_BYTES, secret: true });
  } catch (error) {
    throw refuse(fileProblem(error));
  }
  const table = TokenTable.parse(text);
  if (typeof table === "string") throw refuse(table);
  if (table.size === 0) throw refuse("it has no tokens");
  return table;
}
