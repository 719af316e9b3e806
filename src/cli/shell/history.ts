/**
 * The lines that were typed, over all shells of a user: a file that each line is added to as it is
 * entered, so that shells that run at the same time lose nothing of each other. Only its owner can
 * read it. When it cannot be used the shell works without, and says so once.
 */
import { permissionText } from "../../base/permission.ts";
import type { Clock } from "../../base/ports.ts";
import { insertable } from "./edit_text.ts";

/** Most lines that are remembered. */
export const MAX_HISTORY = 1000;
/** Longer lines are not remembered, in UTF-16 units. */
const MAX_LINE = 8192;
/** Most of the file that is read. */
const MAX_BYTES = 4 * 1024 * 1024;
/** How often and how long to wait for another shell that writes. */
const LOCK_TRIES = 20;
const LOCK_WAIT_MS = 10;

/** The file, in the folder for what programs remember. Undefined: there is no home. */
export function historyPath(env: (name: string) => string | undefined): string | undefined {
  const state = env("XDG_STATE_HOME");
  // The specification says that a path that is not absolute does not count.
  if (state?.startsWith("/") === true) return `${state}/maglevc/history`;
  const home = env("HOME");
  return home?.startsWith("/") === true ? `${home}/.local/state/maglevc/history` : undefined;
}

export interface HistoryOptions {
  /** Undefined: nothing is kept from one shell to the next. */
  readonly path: string | undefined;
  readonly clock: Clock;
  /** Told once when the file cannot be used. */
  readonly warn: (message: string) => void;
}

export class History {
  readonly #options: HistoryOptions;
  /** Undefined: the file is not used, or not any more. */
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
      // Written when the disk was full: the next line shall not continue it.
      if (await endsWithin(file)) await writeAll(file, "\n");
    });
  }

  /** Remembers a line. Skips blank lines, repeats, and lines that start with a space. Never rejects. */
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

  /** The file that has the name now, locked. A lock that is not to be had is done without. */
  async #lockedFile(path: string): Promise<Deno.FsFile> {
    for (let tries = 0;; tries++) {
      const file = await Deno.open(path, { read: true, append: true, create: true, mode: 0o600 });
      try {
        const { mode, ino } = await file.stat();
        if (((mode ?? 0) & 0o077) !== 0) await Deno.chmod(path, 0o600);
        const locked = await file.tryLock(true);
        // Another shell may have put a shorter one in its place in the meantime.
        if (locked && (await Deno.stat(path)).ino === ino) return file;
        if (tries >= LOCK_TRIES) return file;
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
      await new Promise<void>((resolve) => this.#options.clock.after(LOCK_WAIT_MS, resolve));
    }
  }

  /** The newest lines of the file, which has no others afterwards when they had become too many. */
  async #shortened(file: Deno.FsFile): Promise<readonly string[]> {
    const lines = linesOf(await readNewest(file));
    const newest = lines.slice(-MAX_HISTORY);
    // Now and then is enough, so that most shells need not write at their start.
    if (lines.length > 2 * MAX_HISTORY) await this.#rewrite(newest);
    return newest;
  }

  /** Under the lock; a rename, so that no moment has half a history. */
  async #rewrite(lines: readonly string[]): Promise<void> {
    const path = this.#path!;
    const text = lines.map((line) => `${line}\n`).join("");
    await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
    await Deno.rename(`${path}.new`, path);
  }
}

/**
 * What is worth remembering, and can be a line of a file and of the terminal: whoever wrote the file,
 * what comes out of it is shown.
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

/** True when the last line has no end. */
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
