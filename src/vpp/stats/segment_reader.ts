/**
 * Reads VPP's stats segment by name. The position of a name in the directory is found once and
 * checked at every read, because VPP rearranges the segment while it is used. A name that has moved
 * is searched again. A read during which VPP rearranges the segment is repeated a few times, then
 * reported as busy. An inconsistent segment gives an error, never a number.
 */
import { invariant } from "../../base/assert.ts";
import { errnoName } from "../../base/errno.ts";
import { MaglevError } from "../../base/errors.ts";
import type {
  CounterKind,
  CounterQuery,
  CountersRead,
  PreparedRead,
  StatsReader,
} from "../ports.ts";
import type { StatsRoom } from "../lb/guard/stats_budget.ts";
import { countRoutes } from "./routes.ts";
import { BUSY, type SegmentFile } from "./segment_file.ts";
import {
  decodeEntry,
  decodeHeader,
  type EncodedName,
  encodeName,
  ENTRY_BYTES,
  ENTRY_TYPE,
  findEntry,
  HEADER_BYTES,
  isEntry,
  LAYOUT_VERSION,
  scalarValue,
} from "./segment_layout.ts";

/** Tries of a read in one call. */
const TRIES = 4;
/** A longer directory is invalid. VPP's has about 3,000 entries. */
const MAX_ENTRIES = 1 << 17;
/** struct maglev_stats_vector: four u32 and an entry. */
const VECTOR_BYTES = 16 + ENTRY_BYTES;
const FOUND_AT = 16;

const WIDTH: Readonly<Record<CounterKind, number>> = { simple: 1, combined: 2 };
const TYPES: Readonly<Record<CounterKind, readonly number[]>> = {
  simple: [ENTRY_TYPE.simple],
  combined: [ENTRY_TYPE.combined],
};
const SCALARS = [ENTRY_TYPE.scalar, ENTRY_TYPE.gauge];

const AGAIN: CountersRead = { kind: "busy" };

/** The outcome of reading a scalar. */
export type ScalarRead =
  | { readonly kind: "ok"; readonly value: number }
  | Exclude<CountersRead, { readonly kind: "ok" }>;

/** Reads one segment for as long as it is valid. */
export class SegmentReader implements StatsReader {
  /** Called with the reason when the memory is not a valid stats segment, or no longer one. */
  onGone: (reason: string) => void = () => {};
  readonly #file: SegmentFile;
  readonly #header = new Uint8Array(HEADER_BYTES);
  /** The directory as last copied. */
  #entries = new Uint8Array(2048 * ENTRY_BYTES);

  constructor(file: SegmentFile) {
    this.#file = file;
  }

  /** Throws MaglevError `failed-precondition` unless this is a segment of a supported version. */
  check(): void {
    const problem = this.#problem(this.#copyDirectory());
    if (problem !== undefined) throw new MaglevError("failed-precondition", problem);
  }

  /** Reads a scalar or gauge by name. */
  scalar(name: string): ScalarRead {
    const wanted = { name: encodeName(name), types: SCALARS };
    for (let i = 0; i < TRIES; i++) {
      const count = this.#copyDirectory();
      if (count === BUSY) continue;
      if (count < 0) return this.#failed(count);
      const entries = this.#entries.subarray(0, count * ENTRY_BYTES);
      const at = findEntry(entries, wanted) * ENTRY_BYTES;
      const value = at < 0 ? undefined : scalarValue(decodeEntry(entries, at).bits);
      if (value !== undefined) return { kind: "ok", value };
      return { kind: "error", message: `the stats segment has no ${JSON.stringify(name)}` };
    }
    return { kind: "busy" };
  }

  prepare(queries: readonly CounterQuery[]): PreparedRead {
    const request = new CounterRequest(queries);
    return { read: () => this.#read(request) };
  }

  room(): StatsRoom | undefined {
    const kib = this.#file.size();
    const workers = this.scalar("/sys/num_worker_threads");
    if (kib < 0 || workers.kind !== "ok") return undefined;
    return { sizeBytes: kib * 1024, threads: workers.value + 1, routes: countRoutes(this) };
  }

  #read(request: CounterRequest): CountersRead {
    let outcome = AGAIN;
    for (let i = 0; i < TRIES; i++) {
      if (!request.placed) {
        const count = this.#copyDirectory();
        if (count === BUSY) continue;
        if (count < 0) return this.#failed(count);
        const absent = request.place(this.#entries.subarray(0, count * ENTRY_BYTES));
        if (absent !== undefined) {
          return { kind: "error", message: `the stats segment has no ${JSON.stringify(absent)}` };
        }
      }
      const values = new Float64Array(request.valueCount);
      const answer = this.#file.read(request.vectors, request.indices, values);
      if (answer === 0 && request.isInPlace()) return { kind: "ok", values: request.split(values) };
      if (answer === BUSY) continue;
      // The entry has moved, or its pointers are invalid: search again.
      request.placed = false;
      outcome = answer < 0
        ? { kind: "error", message: `cannot read the stats segment: ${errnoName(answer)}` }
        : AGAIN;
    }
    return outcome;
  }

  /** Copies header and directory; returns the number of entries, or a negative error number. */
  #copyDirectory(): number {
    this.#header.fill(0);
    let count = this.#file.directory(this.#header, this.#entries);
    for (let i = 0; i < 2 && count * ENTRY_BYTES > this.#entries.length; i++) {
      if (count > MAX_ENTRIES) return EFAULT;
      // With room for entries that VPP adds meanwhile.
      this.#entries = new Uint8Array((count + 256) * ENTRY_BYTES);
      count = this.#file.directory(this.#header, this.#entries);
    }
    return count * ENTRY_BYTES > this.#entries.length ? BUSY : count;
  }

  #failed(answer: number): Exclude<CountersRead, { readonly kind: "ok" }> {
    const problem = this.#problem(answer);
    if (problem !== undefined) this.onGone(problem);
    const message = problem ?? `cannot read the stats segment: ${errnoName(answer)}`;
    return { kind: "error", message };
  }

  /** The reason why the last copy is not a segment. An inconsistent directory is not a reason. */
  #problem(answer: number): string | undefined {
    const { version } = decodeHeader(this.#header);
    if (version === LAYOUT_VERSION) return undefined;
    if (version === 0) return `it is not a stats segment (${errnoName(answer)})`;
    return `the stats segment has version ${version}; need version ${LAYOUT_VERSION}`;
  }
}

const EFAULT = -14;

interface Wanted {
  readonly query: CounterQuery;
  readonly name: EncodedName;
  readonly types: readonly number[];
}

/** Queries in the form that the shim takes. */
class CounterRequest {
  readonly vectors: Uint8Array<ArrayBuffer>;
  readonly indices: Uint32Array<ArrayBuffer>;
  readonly valueCount: number;
  /** True when each vector has the index of its entry. */
  placed = false;
  readonly #wanted: readonly Wanted[];

  constructor(queries: readonly CounterQuery[]) {
    this.#wanted = queries.map((query) => ({
      query,
      name: encodeName(query.name),
      types: TYPES[query.kind],
    }));
    this.vectors = new Uint8Array(queries.length * VECTOR_BYTES);
    const words = new Uint32Array(this.vectors.buffer);
    const starts = new Map<Uint32Array, number>();
    let indexCount = 0;
    let valueCount = 0;
    queries.forEach(({ kind, indices }, i) => {
      invariant(ascends(indices), "indices of counters ascend");
      // Counters of the same VIPs share their indices.
      const start = starts.get(indices) ?? indexCount;
      if (!starts.has(indices)) indexCount += indices.length;
      starts.set(indices, start);
      words.set([WIDTH[kind], start, indices.length], i * VECTOR_BYTES / 4 + 1);
      valueCount += WIDTH[kind] * indices.length;
    });
    this.indices = new Uint32Array(indexCount);
    for (const [indices, start] of starts) this.indices.set(indices, start);
    this.valueCount = valueCount;
  }

  /** Finds the entries; returns the name of one that is missing, if any. */
  place(entries: Uint8Array): string | undefined {
    const words = new Uint32Array(this.vectors.buffer);
    for (const [i, wanted] of this.#wanted.entries()) {
      const entry = findEntry(entries, wanted);
      if (entry < 0) return wanted.query.name;
      words[i * VECTOR_BYTES / 4] = entry;
    }
    this.placed = true;
    return undefined;
  }

  /** True when the entries that were read have the names and types of the queries. */
  isInPlace(): boolean {
    return this.#wanted.every((wanted, i) =>
      isEntry(this.vectors, i * VECTOR_BYTES + FOUND_AT, wanted)
    );
  }

  /** The values of each query. */
  split(values: Float64Array): Float64Array[] {
    let at = 0;
    return this.#wanted.map(({ query: { kind, indices } }) => {
      const from = at;
      at += WIDTH[kind] * indices.length;
      return values.subarray(from, at);
    });
  }
}

function ascends(indices: Uint32Array): boolean {
  for (let i = 1; i < indices.length; i++) if (indices[i - 1]! >= indices[i]!) return false;
  return true;
}
