/**
 * The state directory. A crash of the daemon leaves what it had written so far, and perhaps a torn
 * file; a loss of power takes renames back that were not synced.
 */
import type { FolderIo } from "../../../src/system/state_file.ts";
import type { Dice } from "./dice.ts";
import type { ProcessClock } from "./time.ts";

/** `sound`, or the fault of every operation. */
export type DiskFault = "sound" | "full" | "slow" | "broken";

type Files = Map<string, Uint8Array>;

const QUICK_MS = [0.1, 3] as const;
const SLOW_MS = [500, 3000] as const;

export class Disk {
  /** What processes see. */
  #files: Files = new Map();
  /** Changes of names since the last sync, the oldest first. */
  #unsynced: ((files: Files) => void)[] = [];
  /** What a loss of power leaves. */
  #durable: Files = new Map();
  fault: DiskFault = "sound";
  readonly #dice: Dice;
  readonly #texts = new WeakMap<Uint8Array, string>();

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  get names(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** The text of a file; undefined when it is missing. */
  text(name: string): string | undefined {
    const bytes = this.#files.get(name);
    if (bytes === undefined) return undefined;
    const known = this.#texts.get(bytes) ?? new TextDecoder().decode(bytes);
    this.#texts.set(bytes, known);
    return known;
  }

  /** The power fails: of the changes since the last sync some first ones are kept. */
  losePower(): void {
    const kept = this.#dice.integer(0, this.#unsynced.length);
    for (const change of this.#unsynced.slice(0, kept)) change(this.#durable);
    this.#unsynced = [];
    this.#files = new Map(this.#durable);
  }

  /** The folder as one process sees it. Nothing happens after its death. */
  io(clock: ProcessClock): FolderIo {
    const turn = async () => {
      const [from, to] = this.fault === "slow" ? SLOW_MS : QUICK_MS;
      await clock.pause(this.#dice.between(from, to));
      if (this.fault === "broken") throw new Error("Input/output error (os error 5)");
    };
    return {
      make: turn,
      read: async (name) => {
        await turn();
        return this.#files.get(name)?.slice();
      },
      writeNew: async (name, bytes) => {
        await turn();
        if (this.#files.has(name)) throw new Deno.errors.AlreadyExists("File exists");
        const half = this.#dice.integer(0, bytes.length);
        this.#change((files) => files.set(name, bytes.slice(0, half)));
        await turn();
        if (this.fault === "full") throw new Error("No space left on device (os error 28)");
        const whole = bytes.slice();
        this.#files.set(name, whole);
        // Its content was synced; its name may still be lost.
        this.#unsynced.push((files) => void (files.has(name) && files.set(name, whole)));
      },
      append: async (name, bytes) => {
        await turn();
        const half = this.#dice.integer(0, bytes.length);
        this.#append(name, bytes.subarray(0, half));
        await turn();
        if (this.fault === "full") throw new Error("No space left on device (os error 28)");
        this.#append(name, bytes.subarray(half));
      },
      rename: async (from, to) => {
        await turn();
        if (!this.#files.has(from)) throw new Deno.errors.NotFound(from);
        this.#change((files) => {
          const bytes = files.get(from);
          if (bytes === undefined) return;
          files.delete(from);
          files.set(to, bytes);
        });
      },
      remove: async (name) => {
        await turn();
        this.#change((files) => files.delete(name));
      },
      list: async () => {
        await turn();
        return this.names;
      },
      sync: async () => {
        await turn();
        for (const change of this.#unsynced.splice(0)) change(this.#durable);
      },
    };
  }

  /** The content is synced; the name of a new file is not. */
  #append(name: string, bytes: Uint8Array): void {
    const before = this.#files.get(name) ?? new Uint8Array();
    const after = new Uint8Array(before.length + bytes.length);
    after.set(before);
    after.set(bytes, before.length);
    const isNamed = this.#durable.has(name);
    if (isNamed) this.#durable.set(name, after);
    if (isNamed || this.#files.has(name)) this.#files.set(name, after);
    else this.#change((files) => files.set(name, this.#files.get(name) ?? after));
  }

  #change(change: (files: Files) => unknown): void {
    change(this.#files);
    this.#unsynced.push(change);
  }
}
