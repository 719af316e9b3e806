/**
 * PURE. A map with fixed keys of which every past version stays readable. The checker changes single
 * values thousands of times a second and hands out immutable snapshots now and then; copying a
 * whole Map for each would cost the way of a verdict to VPP more than everything else on it. So
 * the values lie in chunks, a snapshot shares them, and only what is written after a snapshot is
 * copied: one chunk and the list of chunks.
 */
import { invariant } from "../base/assert.ts";

const CHUNK_BITS = 6;
const CHUNK_SIZE = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SIZE - 1;

type Chunks<V> = readonly (readonly V[])[];

/** Keys, fixed at construction in their order, with values that may be replaced. */
export class VersionedMap<V> {
  readonly #positions: ReadonlyMap<string, number>;
  #chunks: V[][];
  /** Chunks that no snapshot shares. */
  #owned: Set<number>;
  #view: MapView<V> | undefined;

  constructor(entries: Iterable<readonly [string, V]>) {
    const positions = new Map<string, number>();
    this.#chunks = [];
    this.#owned = new Set();
    for (const [key, value] of entries) {
      const position = positions.size;
      invariant(!positions.has(key), `key ${key} twice`);
      positions.set(key, position);
      if ((position & CHUNK_MASK) === 0) {
        this.#owned.add(this.#chunks.length);
        this.#chunks.push([]);
      }
      this.#chunks[position >> CHUNK_BITS]!.push(value);
    }
    this.#positions = positions;
  }

  /** The present value, or undefined when there is no such key. */
  get(key: string): V | undefined {
    return valueAt(this.#chunks, this.#positions.get(key));
  }

  /** Replaces the value of a key, which must exist. Snapshots taken before keep the old one. */
  set(key: string, value: V): void {
    const position = this.#positions.get(key);
    invariant(position !== undefined, `no key ${key}`);
    const at = position >> CHUNK_BITS;
    if (this.#view !== undefined) {
      this.#view = undefined;
      this.#chunks = this.#chunks.slice();
    }
    if (!this.#owned.has(at)) {
      this.#chunks[at] = this.#chunks[at]!.slice();
      this.#owned.add(at);
    }
    this.#chunks[at]![position & CHUNK_MASK] = value;
  }

  /** The present version; the same object as long as nothing was set. */
  snapshot(): ReadonlyMap<string, V> {
    if (this.#view === undefined) {
      this.#view = new MapView(this.#positions, this.#chunks);
      this.#owned.clear();
    }
    return this.#view;
  }
}

/** One version, read like a Map. */
class MapView<V> implements ReadonlyMap<string, V> {
  readonly #positions: ReadonlyMap<string, number>;
  readonly #chunks: Chunks<V>;

  constructor(positions: ReadonlyMap<string, number>, chunks: Chunks<V>) {
    this.#positions = positions;
    this.#chunks = chunks;
  }

  get size(): number {
    return this.#positions.size;
  }

  get(key: string): V | undefined {
    return valueAt(this.#chunks, this.#positions.get(key));
  }

  has(key: string): boolean {
    return this.#positions.has(key);
  }

  keys(): MapIterator<string> {
    return this.#positions.keys();
  }

  *values(): MapIterator<V> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  *entries(): MapIterator<[string, V]> {
    for (const [key, position] of this.#positions) {
      yield [key, this.#chunks[position >> CHUNK_BITS]![position & CHUNK_MASK]!];
    }
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }

  forEach(fn: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) fn(value, key, this);
  }
}

function valueAt<V>(chunks: Chunks<V>, position: number | undefined): V | undefined {
  return position === undefined
    ? undefined
    : chunks[position >> CHUNK_BITS]![position & CHUNK_MASK];
}
