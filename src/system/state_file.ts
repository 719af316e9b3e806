/**
 * One small file in a folder of the daemon's own that survives whatever happens: at any instant,
 * also at one at which the machine loses its power, the file is either the old one or the new one,
 * whole.
 *
 *     write a temporary file, sync it, rename it over the file, sync the folder
 *
 * Without the first sync the new name may come to the disk before the content does; without the
 * second one the old name may be back after a loss of power.
 */
import { MaglevError } from "../base/errors.ts";

/** The few things that are done to a folder; Deno's, or a test's. Each rejects when it fails. */
export interface FolderIo {
  /** Makes the folder when it is not there; its parent has to be. */
  make(): Promise<void>;
  /** The whole content of a file of at most `maxBytes`; undefined when there is none. */
  read(name: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Writes a file that is not there yet, to the disk, readable for the owner alone. */
  writeNew(name: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Does nothing when there is none. */
  remove(name: string): Promise<void>;
  /** Names in the folder, in any order. */
  list(): Promise<readonly string[]>;
  /** Makes renames and removals last. */
  sync(): Promise<void>;
}

export interface StateFileOptions {
  readonly io: FolderIo;
  /** Of the file, within the folder. */
  readonly name: string;
  /** Longer ones are not read, and not written. */
  readonly maxBytes: number;
  /** Files that were put aside and are kept; older ones are removed. */
  readonly maxKept: number;
}

/** A file that is replaced as a whole. One call at a time. */
export class StateFile {
  readonly #options: StateFileOptions;

  constructor(options: StateFileOptions) {
    this.#options = options;
  }

  /** Its content; undefined when there is none. */
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
        `Cannot write ${bytes.length} bytes: at most ${maxBytes} are allowed`,
      );
    }
    const temporary = `${name}.new`;
    await io.make();
    // What an end in the middle of an earlier write left behind.
    await io.remove(temporary);
    try {
      await io.writeNew(temporary, bytes);
      await io.rename(temporary, name);
    } catch (error) {
      // It may take up the last of the disk; the first error is the one to tell.
      await io.remove(temporary).catch(() => {});
      throw error;
    }
    await io.sync();
  }

  /**
   * Puts the file out of the way under a name that begins with its own and ends with `stamp`
   * (sorts by time), and removes the oldest of such files when there are more than are kept.
   * Resolves with the name; undefined when there is no file.
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
      // What cannot be removed, such as a folder that is not empty, is not worth a failure.
      await io.remove(old).catch(() => {});
    }
    await io.sync();
    return aside;
  }
}

/** A folder of the file system. */
export function folderIo(path: string): FolderIo {
  const at = (name: string) => `${path}/${name}`;
  return {
    async make() {
      try {
        await Deno.mkdir(path, { mode: 0o700 });
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    },
    read: (name, maxBytes) => readBounded(at(name), maxBytes),
    async writeNew(name, bytes) {
      using file = await Deno.open(at(name), { write: true, createNew: true, mode: 0o600 });
      for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
      await file.sync();
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

async function readBounded(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    // Opening a pipe would wait for somebody to write to it.
    if (!(await Deno.lstat(path)).isFile) throw new Error("not a regular file");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  using file = await Deno.open(path, { read: true });
  const { size } = await file.stat();
  if (size > maxBytes) throw new Error(`it has ${size} bytes, at most ${maxBytes} are allowed`);
  // One more than there were: a file that grows while it is read is none of ours.
  const bytes = new Uint8Array(size + 1);
  let length = 0;
  while (length < bytes.length) {
    const read = await file.read(bytes.subarray(length));
    if (read === null) return bytes.subarray(0, length);
    length += read;
  }
  throw new Error("it grew while it was read");
}
