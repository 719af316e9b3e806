/**
 * A stats segment as VPP builds it, written independently of its reader: header, directory, counter
 * vectors with one vector of numbers per thread. A vector that no longer fits moves, under the
 * lock, and the epoch rises. Its old bytes are overwritten, so that a stale read is detected. The
 * memory grows when it is full.
 *
 * Source: VPP src/vlib/stats/shared.h, stats.c, init.c; src/vppinfra/vec_bootstrap.h.
 * PURE.
 */
import { invariant } from "../base/assert.ts";

/** Where the segment's bytes go. */
export interface SegmentMemory {
  /** Extends it with zeros, or truncates it. */
  resize(size: number): void;
  write(offset: number, bytes: Uint8Array): void;
}

/** Options of StatsSegment. */
export interface StatsSegmentOptions {
  readonly memory: SegmentMemory;
  readonly threads: number;
  /** Size of the memory, while that does. Default: as much as is used. */
  readonly sizeBytes?: number;
  /** How scalars are written: older releases have doubles. Default `u64`. */
  readonly scalars?: "u64" | "double";
}

/** `stat_directory_type_t`. */
const TYPES = { scalar: 1, simple: 2, combined: 3 } as const;
/** u64s of an element. */
const WIDTHS = { simple: 1, combined: 2 } as const;

/** Where VPP has mapped it; a pointer that is taken for an offset leads nowhere. */
const BASE = 0x7f12_3400_0000n;
const FIRST_SIZE = 1 << 18;
const LAST_SIZE = 1 << 28;
/** The header has a page of its own. */
const HEAP_AT = 4096;
const VECTOR_HEADER = 8;
const ALIGNMENT = 64;
const ENTRY_BYTES = 144;
const NAME_BYTES = 128;
/** Bytes where something was. */
const REMAINS = 0xfe;

const EPOCH_AT = 16;
const IN_PROGRESS_AT = 24;
const DIRECTORY_AT = 32;

/** A vector: where its elements begin, and for how many bytes of them there is room. */
interface Vector {
  readonly at: number;
  readonly room: number;
}

interface Entry {
  readonly type: keyof typeof TYPES;
  readonly threads: Vector | undefined;
  elements: Vector[];
  length: number;
}

export class StatsSegment {
  readonly #options: StatsSegmentOptions;
  #image = new Uint8Array(0);
  #view = new DataView(this.#image.buffer);
  #heapEnd = HEAP_AT;
  readonly #free = new Map<number, number[]>();
  #directory: Vector;
  readonly #entries: Entry[] = [];
  readonly #byName = new Map<string, number>();
  #locks = 0;

  constructor(options: StatsSegmentOptions) {
    this.#options = options;
    this.#grow(FIRST_SIZE);
    this.#put64(0, 2n);
    this.#put64(8, BASE);
    this.#put64(EPOCH_AT, 1n);
    this.#directory = this.#allocate(4 * ENTRY_BYTES, 0);
    this.#put64(DIRECTORY_AT, BASE + BigInt(this.#directory.at));
  }

  /** Bytes of it that are used. */
  get size(): number {
    return this.#image.length;
  }

  /** Sets a scalar, which is created if necessary. */
  setScalar(name: string, value: number): void {
    const index = this.#entryOf(name, "scalar");
    const bits = this.#options.scalars === "double"
      ? new BigUint64Array(Float64Array.of(value).buffer)[0]!
      : BigInt(value);
    this.#put64(this.#entryAt(index) + 8, bits);
  }

  /** Sets an element of a thread; the counter, and room for the element, are made on the way. */
  setElement(
    name: string,
    kind: keyof typeof WIDTHS,
    element: {
      readonly thread: number;
      readonly index: number;
      readonly values: readonly number[];
    },
  ): void {
    const entry = this.#entryOf(name, kind);
    const { thread, index, values } = element;
    this.#validate(entry, index);
    const width = WIDTHS[kind];
    const { at } = this.#entries[entry]!.elements[thread]!;
    values.slice(0, width).forEach((value, i) =>
      this.#put64(at + 8 * (index * width + i), BigInt(value))
    );
  }

  /** Moves the directory, as when it grows. */
  moveDirectory(): void {
    this.#lock();
    this.#directory = this.#move(this.#directory, {
      bytes: this.#directory.room,
      length: this.#entries.length,
    });
    this.#put64(DIRECTORY_AT, BASE + BigInt(this.#directory.at));
    this.#unlock();
  }

  /** Overwrites bytes without updating the model; see restore(). */
  poke(offset: number, bytes: Uint8Array): void {
    this.#options.memory.write(offset, bytes);
  }

  /** Truncates the memory to `size` bytes; see restore(). */
  cut(size: number): void {
    this.#options.memory.resize(size);
  }

  /** Byte offsets, for code that corrupts the segment. */
  places(name: string): { readonly entry: number; readonly threads: number } {
    const index = this.#byName.get(name);
    const entry = index === undefined ? undefined : this.#entries[index]!;
    invariant(index !== undefined && entry !== undefined, `the segment has ${name}`);
    return {
      entry: this.#entryAt(index),
      threads: entry.threads?.at ?? 0,
    };
  }

  /** Undoes every poke() and cut(). */
  restore(): void {
    this.#resize();
    this.#options.memory.write(0, this.#image);
  }

  #entryOf(name: string, type: Entry["type"]): number {
    const known = this.#byName.get(name);
    if (known !== undefined) {
      invariant(this.#entries[known]!.type === type, `${name} is of type ${type}`);
      return known;
    }
    this.#lock();
    const index = this.#entries.length;
    if ((index + 1) * ENTRY_BYTES > this.#directory.room) this.#growDirectory();
    const { threads } = this.#options;
    const entry: Entry = {
      type,
      threads: type === "scalar" ? undefined : this.#allocate(8 * threads, threads),
      elements: [],
      length: 0,
    };
    this.#entries.push(entry);
    this.#byName.set(name, index);
    this.#writeEntry(index, name);
    this.#put32(this.#directory.at - VECTOR_HEADER, this.#entries.length);
    this.#unlock();
    return index;
  }

  #growDirectory(): void {
    const bytes = 2 * this.#directory.room;
    this.#directory = this.#move(this.#directory, { bytes, length: this.#entries.length });
    this.#put64(DIRECTORY_AT, BASE + BigInt(this.#directory.at));
  }

  #writeEntry(index: number, name: string): void {
    const bytes = new Uint8Array(ENTRY_BYTES);
    const entry = this.#entries[index]!;
    const view = new DataView(bytes.buffer);
    view.setUint32(0, TYPES[entry.type], true);
    if (entry.threads !== undefined) view.setBigUint64(8, BASE + BigInt(entry.threads.at), true);
    const text = new TextEncoder().encode(name);
    invariant(text.length < NAME_BYTES, `${name} fits`);
    bytes.set(text, 16);
    this.#put(this.#entryAt(index), bytes);
  }

  /** vlib_stats_validate(): all threads have the element. */
  #validate(index: number, element: number): void {
    const entry = this.#entries[index]!;
    if (element < entry.length) return;
    const { type } = entry;
    invariant(type !== "scalar" && entry.threads !== undefined, "it counts");
    const bytes = 8 * WIDTHS[type] * (element + 1);
    const expands = (entry.elements[0]?.room ?? 0) < bytes;
    if (expands) this.#lock();
    for (let thread = 0; thread < this.#options.threads; thread++) {
      const before = entry.elements[thread];
      const length = element + 1;
      if (before === undefined || before.room < bytes) {
        const vector = before === undefined
          ? this.#allocate(bytes, length)
          : this.#move(before, { bytes, length });
        entry.elements[thread] = vector;
        this.#put64(entry.threads.at + 8 * thread, BASE + BigInt(vector.at));
      } else {
        this.#put32(before.at - VECTOR_HEADER, length);
      }
    }
    entry.length = element + 1;
    if (expands) this.#unlock();
  }

  #lock(): void {
    if (this.#locks++ === 0) this.#put64(IN_PROGRESS_AT, 1n);
  }

  #unlock(): void {
    if (--this.#locks > 0) return;
    this.#put64(EPOCH_AT, this.#view.getBigUint64(EPOCH_AT, true) + 1n);
    this.#put64(IN_PROGRESS_AT, 0n);
  }

  #entryAt(index: number): number {
    return this.#directory.at + index * ENTRY_BYTES;
  }

  /** A vector of zeros that claims to have `length` elements. Rooms are powers of two. */
  #allocate(bytes: number, length: number): Vector {
    const room = Math.max(ALIGNMENT, 2 ** Math.ceil(Math.log2(bytes)));
    let at = this.#free.get(room)?.pop();
    if (at === undefined) {
      at = this.#heapEnd + ALIGNMENT;
      this.#heapEnd = at + room;
      if (this.#heapEnd > this.#image.length) this.#grow(this.#heapEnd);
    }
    this.#put(at, new Uint8Array(room));
    this.#put32(at - VECTOR_HEADER, length);
    return { at, room };
  }

  #move(vector: Vector, to: { readonly bytes: number; readonly length: number }): Vector {
    const moved = this.#allocate(to.bytes, to.length);
    this.#put(moved.at, this.#image.slice(vector.at, vector.at + vector.room));
    this.#put(vector.at - VECTOR_HEADER, new Uint8Array(VECTOR_HEADER + vector.room).fill(REMAINS));
    this.#free.set(vector.room, [...this.#free.get(vector.room) ?? [], vector.at]);
    return moved;
  }

  #grow(needed: number): void {
    let size = Math.max(FIRST_SIZE, this.#image.length);
    while (size < needed) size *= 2;
    invariant(size <= LAST_SIZE, `a stats segment of ${size} bytes is too large`);
    const image = new Uint8Array(size);
    image.set(this.#image);
    this.#image = image;
    this.#view = new DataView(image.buffer);
    this.#resize();
  }

  #resize(): void {
    this.#options.memory.resize(Math.max(this.#image.length, this.#options.sizeBytes ?? 0));
  }

  #put64(offset: number, value: bigint): void {
    this.#view.setBigUint64(offset, value, true);
    this.#options.memory.write(offset, this.#image.subarray(offset, offset + 8));
  }

  #put32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
    this.#options.memory.write(offset, this.#image.subarray(offset, offset + 4));
  }

  #put(offset: number, bytes: Uint8Array): void {
    this.#image.set(bytes, offset);
    this.#options.memory.write(offset, bytes);
  }
}
