/**
 * The history on disk: a few files that are only appended to. When there would be too much, the
 * oldest file is removed, so nothing is ever rewritten.
 */
import type { FolderIo } from "../system/state_file.ts";
import { MaglevError } from "../base/errors.ts";
import {
  decodeRecords,
  encodeRecord,
  type HistoryRecord,
  historyRecord,
  type KeptRecord,
} from "./record.ts";

/** Limits of the history, on disk and in memory. */
export interface HistoryLimits {
  readonly records: number;
  readonly bytes: number;
}

/** The limits of the specification. */
export const LIMITS: HistoryLimits = { records: 10_000, bytes: 16 * 1024 * 1024 };

/** Files that share the limits. Removing one loses at most this part of the history. */
const FILES = 8;

/** Most lines of one write, which are encoded within one turn: some milliseconds. */
const MAX_LINES = 250;

/** Named by the id of its first record, so that names sort by age. */
const NAME = /^history-(\d{16})\.log$/;

interface Segment {
  readonly name: string;
  records: number;
  bytes: number;
  /** False: its last line may be torn, so the next one begins with a newline. */
  ended: boolean;
  /** True when its name is on the disk. */
  named: boolean;
}

/** The content at the start. */
export interface ReadHistory {
  /** In order of their ids; at most `limits.records`. */
  readonly records: readonly HistoryRecord[];
  /** The greatest id that may be in use, also in a file that cannot be read; 0: none. */
  readonly lastId: number;
  /** Findings about files, each with the name. */
  readonly problems: readonly { readonly file: string; readonly err: string }[];
}

/** The files in one folder. One call at a time. */
export class HistorySegments {
  readonly #io: FolderIo;
  readonly #limits: HistoryLimits;
  /** Oldest first. */
  #segments: Segment[] = [];

  constructor(io: FolderIo, limits: HistoryLimits = LIMITS) {
    this.#io = io;
    this.#limits = limits;
  }

  /** Reads all files. Rejects when the folder cannot be listed. */
  async read(): Promise<ReadHistory> {
    const names = (await this.#names()).filter((name) => NAME.test(name)).sort();
    const records: HistoryRecord[] = [];
    const problems: { file: string; err: string }[] = [];
    let lastId = 0;
    this.#segments = [];
    for (const name of names) {
      try {
        const bytes = await this.#io.read(name, this.#limits.bytes) ?? new Uint8Array();
        const read = decodeRecords(bytes, records.at(-1)?.id);
        records.push(...read.records);
        lastId = Math.max(lastId, records.at(-1)?.id ?? 0);
        this.#segments.push({
          name,
          records: read.records.length,
          bytes: bytes.length,
          ended: read.ended,
          named: true,
        });
        if (read.damaged > 0) {
          problems.push({ file: name, err: `${read.damaged} lines are torn or damaged` });
        }
      } catch (error) {
        // Full by definition: it is never appended to, and removed in its turn.
        const share = this.#share();
        this.#segments.push({ name, ...share, ended: false, named: true });
        lastId = Math.max(lastId, Number(NAME.exec(name)![1]) + share.records);
        problems.push({ file: name, err: MaglevError.from(error).message });
      }
    }
    return { records: records.slice(-this.#limits.records), lastId, problems };
  }

  /** Writes records to the disk. When it rejects, any number of them may be there. */
  async append(records: readonly KeptRecord[]): Promise<void> {
    await this.#io.make();
    for (let at = 0; at < records.length;) {
      const first = records[at]!;
      const segment = this.#open(first) ?? await this.#begin(first);
      const { lines, bytes } = this.#fitting(segment, records, at);
      // Until the write is known to be complete.
      const begun = segment.ended;
      segment.ended = false;
      const text = new Uint8Array(bytes + (begun ? 0 : 1));
      let place = 0;
      if (!begun) text[place++] = NEWLINE;
      for (const line of lines) {
        text.set(line, place);
        place += line.length;
      }
      segment.bytes += text.length;
      segment.records += lines.length;
      await this.#io.append(segment.name, text);
      if (!segment.named) await this.#io.sync();
      segment.named = true;
      segment.ended = true;
      at += lines.length;
    }
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await this.#io.list();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  #share(): { readonly records: number; readonly bytes: number } {
    const { records, bytes } = this.#limits;
    return { records: Math.floor(records / FILES), bytes: Math.floor(bytes / FILES) };
  }

  /** The newest file, if it has room for the record. */
  #open(record: KeptRecord): Segment | undefined {
    const segment = this.#segments.at(-1);
    return segment !== undefined &&
        this.#hasRoom(segment, encodeRecord(historyRecord(record)).length)
      ? segment
      : undefined;
  }

  #hasRoom(segment: Segment, bytes: number, records = 1): boolean {
    const share = this.#share();
    return segment.records + records <= share.records && segment.bytes + bytes + 1 <= share.bytes;
  }

  /** Begins a file, after it removed the oldest ones that would be too much with it. */
  async #begin({ id }: KeptRecord): Promise<Segment> {
    const share = this.#share();
    const total = (key: "records" | "bytes") =>
      this.#segments.reduce((sum, segment) => sum + segment[key], share[key]);
    while (
      this.#segments.length >= 2 * FILES ||
      total("records") > this.#limits.records || total("bytes") > this.#limits.bytes
    ) {
      const oldest = this.#segments[0];
      if (oldest === undefined) break;
      await this.#io.remove(oldest.name);
      this.#segments.shift();
    }
    const name = `history-${String(id).padStart(16, "0")}.log`;
    const segment = { name, records: 0, bytes: 0, ended: true, named: false };
    this.#segments.push(segment);
    return segment;
  }

  /** As many lines from `at` on as fit into the file; at least one. */
  #fitting(
    segment: Segment,
    records: readonly KeptRecord[],
    at: number,
  ): { readonly lines: readonly Uint8Array[]; readonly bytes: number } {
    const lines: Uint8Array[] = [];
    let bytes = 0;
    for (const record of records.slice(at, at + MAX_LINES)) {
      const line = encodeRecord(historyRecord(record));
      if (lines.length > 0 && !this.#hasRoom(segment, bytes + line.length, lines.length + 1)) break;
      lines.push(line);
      bytes += line.length;
    }
    return { lines, bytes };
  }
}

const NEWLINE = 10;
