/**
 * One small file in the daemon's own folder that survives crashes: at any instant, even at a loss
 * of power, the file holds either the old content or the new one, complete.
 *
 * It writes a temporary file, syncs it, renames it over the file, and syncs the folder. Without the
 * first sync the new name may reach the disk before the content; without the second the old name
 * may return after a loss of power.
 */
import { MaglevError } from "../base/errors.ts";
import { readRegularFile } from "./read_file.ts";

/** Operations on a folder; of Deno, or of a test. Each rejects when it fails. */
export interface FolderIo {
  /** Creates the folder when it is missing; its parent must exist. */
  make(): Promise<void>;
  /** The content of a file of at most `maxBytes`; undefined when the file is missing. */
  read(name: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Writes a new file to the disk. */
  writeNew(name: string, bytes: Uint8Array): Promise<void>;
  /** Adds bytes to the end of a file, which is created when it is missing, on the disk. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Does nothing when the file is missing. */
  remove(name: string): Promise<void>;
  /** Names in the folder, in any order. */
  list(): Promise<readonly string[]>;
  /** Writes renames and removals to the disk. */
  sync(): Promise<void>;
}

export interface StateFileOptions {
  readonly io: FolderIo;
  /** Of the file, within the folder. */
  readonly name: string;
  /** Longest content that is read or written. */
  readonly maxBytes: number;
  /** Number of quarantined files that are kept; older ones are removed. */
  readonly maxKept: number;
}

/** A file that is replaced as a whole. One call at a time. */
export class StateFile {
  readonly #options: StateFileOptions;

  constructor(options: StateFileOptions) {
    this.#options = options;
  }

  /** The content; undefined when the file is missing. */
  read(): Promise<Uint8Array | undefined> {
    const { io, name, maxBytes } = this.#options;
    return io.read(name, maxBytes);
  }

  /** Replaces it; resolves when the disk has it. When it rejects, the file is as it was. */
  async write(bytes: Uint8Array): Promise<void> {
    const { io, name, maxBytes } = this.#options;
    if (bytes.length > maxBytes) {
      throw new MaglevError(
        "resource-exhausted",
        `cannot write ${bytes.length} bytes: at most ${maxBytes} are allowed`,
      );
    }
    const temporary = `${name}.new`;
    await io.make();
    // Left by a crash during an earlier write.
    await io.remove(temporary);
    try {
      await io.writeNew(temporary, bytes);
      await io.rename(temporary, name);
    } catch (error) {
      // It may fill the disk; the first error is the one to report.
      await io.remove(temporary).catch(() => {});
      throw error;
    }
    await io.sync();
  }

  /**
   * Quarantines the file: renames it to its name with `stamp` appended (sorts by time), and removes
   * the oldest quarantined files above the limit. Resolves with the new name; undefined when the
   * file is missing.
   */
  async putAside(stamp: string): Promise<string | undefined> {
    const { io, name, maxKept } = this.#options;
    const prefix = `${name}.bad-`;
    const aside = `${prefix}${stamp}`;
    await io.make();
    const names = await io.list();
    if (!names.includes(name)) return undefined;
    await io.rename(name, aside);
    const kept = [...names, aside].filter((other) => other.startsWith(prefix)).sort();
    for (const old of kept.slice(0, Math.max(0, kept.length - maxKept))) {
      // A file that cannot be removed, for example a folder with content, is left.
      await io.remove(old).catch(() => {});
    }
    await io.sync();
    return aside;
  }
}

/** Options of a folder of the file system. */
export interface FolderOptions {
  /** True: other users may read new files and a folder that is made here. Default: the owner alone. */
  readonly readableByAll?: boolean;
}

/** A folder of the file system. */
export function folderIo(path: string, { readableByAll = false }: FolderOptions = {}): FolderIo {
  const at = (name: string) => `${path}/${name}`;
  // The umask of a service cuts the mode of what is created, but not of a chmod.
  const share = async (created: string, mode: number) => {
    if (readableByAll) await Deno.chmod(created, mode);
  };
  return {
    async make() {
      try {
        await Deno.mkdir(path, { mode: 0o700 });
        await share(path, 0o755);
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    },
    read: (name, maxBytes) => readIfPresent(at(name), maxBytes),
    async writeNew(name, bytes) {
      using file = await Deno.open(at(name), { write: true, createNew: true, mode: 0o600 });
      await share(at(name), 0o644);
      await writeAll(file, bytes);
    },
    async append(name, bytes) {
      using file = await Deno.open(at(name), { append: true, create: true, mode: 0o600 });
      await writeAll(file, bytes);
    },
    rename: (from, to) => Deno.rename(at(from), at(to)),
    async remove(name) {
      try {
        await Deno.remove(at(name));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
    async list() {
      const names: string[] = [];
      for await (const { name } of Deno.readDir(path)) names.push(name);
      return names;
    },
    async sync() {
      using folder = await Deno.open(path, { read: true });
      await folder.sync();
    },
  };
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  await file.sync();
}

/** Reads a regular file without following links; undefined when it is missing. */
async function readIfPresent(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await readRegularFile(path, { maxBytes, followLinks: false });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
