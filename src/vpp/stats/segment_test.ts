/**
 * Tests the reader on the recorded segment of a real VPP: the directory, entry by entry, and the
 * values that an independent client read from it. Corrupted copies of the segment follow.
 */
import assert from "node:assert/strict";
import { type SharedMemory, sharedMemory } from "../../../tests/support/servers/shared_memory.ts";
import { fuzz, rounds } from "../../../tests/support/fakes/fuzz.ts";
import type { CountersRead } from "../ports.ts";
import { decodeEntry, ENTRY_BYTES, HEADER_BYTES } from "./segment_layout.ts";
import { SegmentReader } from "./segment_reader.ts";

const FOLDER = new URL("../../../../shared/vpp/stats/", import.meta.url);

interface Expected {
  readonly [name: string]: number | number[][] | number[][][] | DirectoryEntry[];
}

interface DirectoryEntry {
  readonly index: number;
  readonly type: number;
  readonly name: string;
}

async function recorded(): Promise<{ segment: Uint8Array; expected: Expected } | undefined> {
  try {
    const file = await Deno.open(new URL("segment.bin.gz", FOLDER));
    const bytes = file.readable.pipeThrough(new DecompressionStream("gzip"));
    const segment = new Uint8Array(await new Response(bytes).arrayBuffer());
    const expected = await Deno.readTextFile(new URL("expected.json", FOLDER));
    return { segment, expected: JSON.parse(expected) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const RECORDED = await recorded();
const ABSENT = RECORDED === undefined ? " (skipped: no recording next to this checkout)" : "";

function onRecording(
  name: string,
  fn: (memory: SharedMemory, recording: NonNullable<typeof RECORDED>) => void,
): void {
  Deno.test({
    name: `${name}${ABSENT}`,
    ignore: RECORDED === undefined,
    fn: () => {
      const memory = sharedMemory(RECORDED!.segment.length);
      try {
        memory.write(0, RECORDED!.segment);
        fn(memory, RECORDED!);
      } finally {
        memory.close();
      }
    },
  });
}

const SIMPLE = [
  "packet from existing sessions",
  "first session packet",
  "untracked packet",
  "no server configured",
];

/** Queries of the four counters of 4 VIPs, and of 21 routes, two of which do not exist. */
function queries() {
  const vips = Uint32Array.of(0, 1, 2, 3, 9);
  const routes = Uint32Array.from({ length: 22 }, (_, i) => i);
  return [
    ...SIMPLE.map((name) => ({ name, kind: "simple" as const, indices: vips })),
    { name: "/net/route/to", kind: "combined" as const, indices: routes },
  ];
}

function expectedValues(expected: Expected): number[][] {
  const sums = (threads: number[][]) =>
    threads[0]!.map((_, i) => threads.reduce((sum, thread) => sum + thread[i]!, 0));
  const simple = SIMPLE.map((name) => [...sums(expected[name] as number[][]), NaN]);
  const routes = (expected["/net/route/to"] as number[][][]).map((thread) => thread.flat());
  return [...simple, [...sums(routes), NaN, NaN]];
}

onRecording("the whole directory of a recorded segment is read", (memory, { expected }) => {
  const header = new Uint8Array(HEADER_BYTES);
  const wanted = expected["directory"] as DirectoryEntry[];
  const count = memory.file.directory(header, new Uint8Array(0));
  const entries = new Uint8Array(count * ENTRY_BYTES);
  assert.equal(memory.file.directory(header, entries), count);
  const found = [];
  for (let index = 0; index < count; index++) {
    const { type, name } = decodeEntry(entries, index * ENTRY_BYTES);
    if (type !== 5) found.push({ index, type, name });
  }
  assert.deepEqual(found, wanted.filter(({ type }) => type !== 5));
  assert.ok(found.length > 1000);
});

onRecording("every value that VPP's own client read is read from a recorded segment", (
  memory,
  { expected },
) => {
  const reader = new SegmentReader(memory.file);
  reader.check();
  for (const name of ["/sys/boottime", "/sys/num_worker_threads", "/sys/last_stats_clear"]) {
    assert.deepEqual(reader.scalar(name), { kind: "ok", value: expected[name] });
  }
  assert.deepEqual(reader.scalar("/sys/boottim").kind, "error");
  assert.deepEqual(
    reader.scalar("first session packet").kind,
    "error",
    "a counter is not a scalar",
  );
  const read = reader.prepare(queries()).read();
  assert.ok(read.kind === "ok");
  const wanted = expectedValues(expected);
  assert.deepEqual(read.values.map((values) => [...values]), wanted);
  assert.equal(wanted[1]![1], 310);
});

onRecording("a name that has moved is found again", (memory, recording) => {
  const { segment, expected } = recording;
  const view = new DataView(segment.buffer);
  const start = Number(view.getBigUint64(32, true) - view.getBigUint64(8, true));
  const directory = expected["directory"] as DirectoryEntry[];
  const [a, b] = ["first session packet", "untracked packet"].map((wanted) =>
    start + directory.find(({ name }) => name === wanted)!.index * ENTRY_BYTES
  ) as [number, number];
  const prepared = new SegmentReader(memory.file).prepare(queries());
  const before = asText(prepared.read());
  memory.write(a, segment.subarray(b, b + ENTRY_BYTES));
  memory.write(b, segment.subarray(a, a + ENTRY_BYTES));
  assert.equal(asText(prepared.read()), before);
  assert.equal(before, JSON.stringify(expectedValues(expected)));
});

onRecording("a name that is missing, or has another type, is an error that names it", (memory) => {
  const reader = new SegmentReader(memory.file);
  const cases = [
    { name: "first session packets", kind: "simple" },
    { name: "first session", kind: "simple" },
    { name: "first session packet", kind: "combined" },
    { name: "/sys/boottime", kind: "simple" },
    { name: "", kind: "simple" },
    { name: "x".repeat(200), kind: "simple" },
  ] as const;
  for (const query of cases) {
    const read = reader.prepare([{ ...query, indices: Uint32Array.of(1) }]).read();
    assert.deepEqual(read, {
      kind: "error",
      message: `the stats segment has no ${JSON.stringify(query.name)}`,
    });
  }
});

onRecording("a corrupted segment gives its values or an error, nothing else", (
  memory,
  { segment, expected },
) => {
  const { seed, below } = fuzz(7);
  const count = rounds(800);
  const base = new DataView(segment.buffer).getBigUint64(8, true);
  const targets = interesting(segment, expected["directory"] as DirectoryEntry[]);
  const strange = (): bigint => {
    switch (below(6)) {
      case 0:
        return base + BigInt(below(segment.length * 2));
      case 1:
        return BigInt(below(300));
      case 2:
        return 0xffff_ffff_ffff_ffffn - BigInt(below(300));
      case 3:
        return base + BigInt(targets[below(targets.length)]!);
      case 4:
        return 1n << BigInt(below(64));
      default:
        return BigInt(below(2 ** 32)) << 32n | BigInt(below(2 ** 32));
    }
  };
  let sound = 0;
  let errors = 0;
  const good = JSON.stringify(expectedValues(expected));
  const outcomes = new Set<string>();
  for (let round = 0; round < count; round++) {
    const spoilt: number[] = [];
    for (let n = below(3) + 1; n > 0; n--) {
      const at = targets[below(targets.length)]! + (below(4) === 0 ? below(8) : 0);
      spoilt.push(at);
      memory.write(at, new Uint8Array(BigUint64Array.of(strange()).buffer));
    }
    if (below(50) === 0) memory.resize(below(segment.length));
    const reader = new SegmentReader(memory.file);
    const read = reader.prepare(queries()).read();
    const scalar = reader.scalar("/sys/boottime");
    assert.ok(["ok", "busy", "error"].includes(scalar.kind), `seed ${seed}`);
    outcomes.add(read.kind);
    if (read.kind === "ok" && asText(read) === good) sound++;
    if (read.kind === "error") errors++;
    memory.resize(segment.length);
    for (const at of spoilt) memory.write(at, segment.subarray(at, at + 8));
    if (below(50) === 0 || memory.wasCut) memory.write(0, segment);
  }
  assert.deepEqual([...outcomes].sort(), ["busy", "error", "ok"]);
  const seen = `seed ${seed}: ${sound} sound, ${errors} errors`;
  assert.ok(sound > count / 100 && errors > count / 100, seen);
});

function asText(read: CountersRead): string {
  return read.kind === "ok" ? JSON.stringify(read.values.map((values) => [...values])) : read.kind;
}

/** Offsets where a change matters: header, vector lengths, the queried entries and their vectors. */
function interesting(segment: Uint8Array, directory: readonly DirectoryEntry[]): number[] {
  const view = new DataView(segment.buffer);
  const base = view.getBigUint64(8, true);
  const offset = (pointer: bigint) => Number(pointer - base);
  const start = offset(view.getBigUint64(32, true));
  const places = [0, 8, 16, 24, 32, start - 8];
  for (const { index, name } of directory) {
    if (!SIMPLE.includes(name) && !["/net/route/to", "/sys/boottime"].includes(name)) continue;
    const entry = start + index * ENTRY_BYTES;
    places.push(entry, entry + 8, entry + 16, entry + 24);
    if (name === "/sys/boottime") continue;
    const threads = offset(view.getBigUint64(entry + 8, true));
    places.push(threads - 8, threads, threads + 8);
    for (const at of [threads, threads + 8]) {
      const elements = offset(view.getBigUint64(at, true));
      places.push(elements - 8, elements, elements + 8);
    }
  }
  return places;
}
