/**
 * History of entered lines, shared by all shells of a user. Each line is appended to a file as it
 * is entered, so that concurrent shells lose nothing. Only the owner can read it. When the file
 * cannot be used, the shell works without it, and warns once.
 */
import { pause } from "../../async/pause.ts";
import { permissionText } from "../../base/permission.ts";
import type { Clock } from "../../base/ports.ts";
import { insertable } from "./edit_text.ts";

/** Largest number of lines. */
export const MAX_HISTORY = 1000;
/** Longest line that is kept, in UTF-16 units. */
const MAX_LINE = 8192;
/** Largest part of the file that is read. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Retries and wait for another shell's lock. */
const LOCK_TRIES = 20;
const LOCK_WAIT_MS = 10;

/** Path of the file, in the user's state folder. Undefined without a home folder. */
export function historyPath(env: (name: string) => string | undefined): string | undefined {
  const state = env("XDG_STATE_HOME");
  // By the specification a relative path does not count.
  if (state?.startsWith("/") === true) return `${state}/maglevc/history`;
  const home = env("HOME");
  return home?.startsWith("/") === true ? `${home}/.local/state/maglevc/history` : undefined;
}

export interface HistoryOptions {
  /** Undefined: the history lasts only as long as the shell. */
  readonly path: string | undefined;
  readonly clock: Clock;
  /** Called once when the file cannot be used. */
  readonly warn: (message: string) => void;
}

export class History {
  readonly #options: HistoryOptions;
  /** Undefined: the file is not used, or has failed. */
  #path: string | undefined;
  #lines: readonly string[] = [];
  #added = 0;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#path = options.path;
  }

  /** The oldest first, at most MAX_HISTORY. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Reads the file, and shortens it when it has become too long. Never rejects. */
  async load(): Promise<void> {
    await this.#withFile(async (file) => {
      this.#lines = await this.#shortened(file);
      // The last line is incomplete (full disk): the next must not continue it.
      if (await endsWithin(file)) await writeAll(file, "\n");
    });
  }

  /**
   * Remembers a line. Skips blank lines, repeats, and lines that start with a space. Never rejects.
   */
  async add(line: string): Promise<void> {
    line = line.trimEnd();
    if (!isKept(line) || line === this.#lines.at(-1)) return;
    this.#lines = [...this.#lines, line].slice(-MAX_HISTORY);
    await this.#withFile(async (file) => {
      await writeAll(file, `${line}\n`);
      this.#added++;
      if (this.#added % MAX_HISTORY === 0) await this.#shortened(file);
    });
  }

  /** Runs `fn` on the file while no other shell writes. */
  async #withFile(fn: (file: Deno.FsFile) => Promise<void>): Promise<void> {
    if (this.#path === undefined) return;
    try {
      await makeFolder(this.#path);
      using file = await this.#lockedFile(this.#path);
      await fn(file);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const reason = permissionText(error) ?? error.message.replace(/ \(os error \d+\).*$/, "");
      this.#options.warn(`cannot keep the history in ${this.#path}: ${reason}`);
      this.#path = undefined;
    }
  }

  /** The current file, locked. Used unlocked when the lock cannot be acquired. */
  async #lockedFile(path: string): Promise<Deno.FsFile> {
    for (let tries = 0;; tries++) {
      const file = await Deno.open(path, { read: true, append: true, create: true, mode: 0o600 });
      try {
        const { mode, ino } = await file.stat();
        if (((mode ?? 0) & 0o077) !== 0) await Deno.chmod(path, 0o600);
        const locked = await file.tryLock(true);
        // Another shell may have replaced the file by a shorter one in the meantime.
        if (locked && (await Deno.stat(path)).ino === ino) return file;
        if (tries >= LOCK_TRIES) return file;
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
      await pause(LOCK_WAIT_MS, { clock: this.#options.clock });
    }
  }

  /** The newest lines; rewrites a file with too many. */
  async #shortened(file: Deno.FsFile): Promise<readonly string[]> {
    const lines = linesOf(await readNewest(file));
    const newest = lines.slice(-MAX_HISTORY);
    // Rewriting only now and then spares most shells a write at their start.
    if (lines.length > 2 * MAX_HISTORY) await this.#rewrite(newest);
    return newest;
  }

  /** Rewrites under the lock, by a rename, so that a reader never sees half a history. */
  async #rewrite(lines: readonly string[]): Promise<void> {
    const path = this.#path!;
    const text = lines.map((line) => `${line}\n`).join("");
    await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
    await Deno.rename(`${path}.new`, path);
  }
}

/**
 * True for a line that is worth keeping and valid in the file and on the terminal. The file may
 * contain anything.
 */
function isKept(line: string): boolean {
  return /^\S/.test(line) && line.length <= MAX_LINE && insertable(line) === line;
}

function linesOf(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    if (isKept(line) && line !== lines.at(-1)) lines.push(line);
  }
  return lines;
}

async function makeFolder(path: string): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
}

async function readNewest(file: Deno.FsFile): Promise<string> {
  const { size } = await file.stat();
  const start = Math.max(0, size - MAX_BYTES);
  await file.seek(start, Deno.SeekMode.Start);
  const bytes = new Uint8Array(size - start);
  let length = 0;
  while (length < bytes.length) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  return start === 0 ? text : text.slice(text.indexOf("\n") + 1);
}

/** True when the last line has no line break. */
async function endsWithin(file: Deno.FsFile): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  await file.seek(-1, Deno.SeekMode.End);
  const last = new Uint8Array(1);
  return await file.read(last) === 1 && last[0] !== 0x0a;
}

async function writeAll(file: Deno.FsFile, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
