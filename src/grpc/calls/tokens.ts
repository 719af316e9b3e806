/**
 * The token file: lines of `role token [name]`, empty lines and `#` comments. Who holds a token
 * is who the line says; without a name, the line's number stands for them.
 *
 * Only digests are kept, and a token is compared with all of them in constant time, so that
 * neither memory nor answering times tell of tokens.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { MaglevError } from "../../base/errors.ts";
import { fileProblem, readRegularText } from "../../system/read_file.ts";
import type { Role } from "./methods.ts";

/** Most of a file that is read. */
const MAX_BYTES = 256 * 1024;
/** Most tokens: each call is compared with all. */
const MAX_TOKENS = 1000;
/** Longest token. */
const MAX_TOKEN_LENGTH = 1024;

/** Whose token it is. */
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

  /** The table of a file's text, or what is wrong with it; no word of a token is in the message. */
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
      if (token === undefined) return `${where}: need a token behind ${role}`;
      if (token.length > MAX_TOKEN_LENGTH) return `${where}: the token is too long`;
      if (!/^[\x21-\x7e]+$/.test(token)) return `${where}: a token is of ASCII characters`;
      if (entries.length >= MAX_TOKENS) return `more than ${MAX_TOKENS} tokens`;
      const digest = digestOf(token);
      if (entries.some((entry) => timingSafeEqual(entry.digest, digest))) {
        return `${where}: the token is on an earlier line too`;
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

  /** Whose token this is; undefined: nobody's. */
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
    new MaglevError("failed-precondition", `Cannot use token file ${path}: ${reason}`, { path });
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
