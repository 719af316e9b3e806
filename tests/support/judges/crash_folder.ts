/**
 * A folder as a disk may have it after a loss of power: any part of the data that was not synced
 * may be missing. Content is safe once its file was synced, names once the folder was.
 */
import type { FolderIo } from "../../../src/system/state_file.ts";

interface Inode {
  bytes: Uint8Array;
  synced: boolean;
}

/** Thrown by every operation from the crash on. */
export class PowerLost extends Error {}

export class CrashFolder implements FolderIo {
  /** Files as programs see them. */
  readonly names = new Map<string, Inode>();
  /** Files on the disk at the last sync of the folder. */
  #durable = new Map<string, Inode>();
  /** Renames and removals since then, in order; the disk has any number of the first of them. */
  #since: ((names: Map<string, Inode>) => void)[] = [];
  /** Operations until the power goes. */
  left = Infinity;
  /** Set: every operation that `failing` fits fails with it. */
  failure: Error | undefined;
  failing = /^write /;
  /** Set: every operation that `gated` fits waits for it first. */
  gate: Promise<void> | undefined;
  gated = /./;
  readonly calls: string[] = [];

  /** Content by name, as text. */
  get content(): Record<string, string> {
    return Object.fromEntries(
      [...this.names].map(([name, { bytes }]) => [name, new TextDecoder().decode(bytes)]),
    );
  }

  put(name: string, text: string): void {
    this.names.set(name, { bytes: new TextEncoder().encode(text), synced: true });
    this.#durable = new Map(this.names);
  }

  /** Possible contents of `name` on the disk after a loss of power. */
  afterPowerLoss(name: string): (string | undefined)[] {
    const found: (string | undefined)[] = [];
    for (let applied = 0; applied <= this.#since.length; applied++) {
      const names = new Map(this.#durable);
      for (const change of this.#since.slice(0, applied)) change(names);
      const inode = names.get(name);
      if (inode === undefined) found.push(undefined);
      else {
        found.push(new TextDecoder().decode(inode.bytes));
        // Not synced: its length may be on the disk, and its content not.
        if (!inode.synced) found.push("\0".repeat(inode.bytes.length));
      }
    }
    return found;
  }

  make(): Promise<void> {
    return this.#step("make", () => {});
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#step(`read ${name}`, () => this.names.get(name)?.bytes);
  }

  async writeNew(name: string, bytes: Uint8Array): Promise<void> {
    const inode: Inode = { bytes: new Uint8Array(), synced: false };
    await this.#change(`create ${name}`, (names) => void names.set(name, inode));
    await this.#step(`write ${name}`, () => void (inode.bytes = bytes.slice()));
    await this.#step(`sync ${name}`, () => void (inode.synced = true));
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    if (!this.names.has(name)) {
      const created: Inode = { bytes: new Uint8Array(), synced: true };
      await this.#change(`create ${name}`, (names) => void names.set(name, created));
    }
    const inode = this.names.get(name)!;
    await this.#step(`append ${name}`, () => {
      inode.bytes = new Uint8Array([...inode.bytes, ...bytes]);
    });
    await this.#step(`sync ${name}`, () => {});
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change(`rename ${from} ${to}`, (names) => {
      const inode = names.get(from);
      if (inode === undefined) return;
      names.delete(from);
      names.set(to, inode);
    });
  }

  remove(name: string): Promise<void> {
    return this.#change(`remove ${name}`, (names) => void names.delete(name));
  }

  list(): Promise<readonly string[]> {
    return this.#step("list", () => [...this.names.keys()].reverse());
  }

  sync(): Promise<void> {
    return this.#step("sync", () => {
      this.#durable = new Map(this.names);
      this.#since = [];
    });
  }

  #change(call: string, change: (names: Map<string, Inode>) => void): Promise<void> {
    return this.#step(call, () => {
      change(this.names);
      this.#since.push(change);
    });
  }

  async #step<T>(call: string, fn: () => T): Promise<T> {
    if (this.gate !== undefined && this.gated.test(call)) await this.gate;
    if (this.left-- <= 0) throw new PowerLost();
    this.calls.push(call);
    if (this.failure !== undefined && this.failing.test(call)) throw this.failure;
    return fn();
  }
}
