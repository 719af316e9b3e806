import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { fuzz, mutateText, rounds } from "../../tests/support/fakes/fuzz.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import {
  anyIntents,
  backendIntent,
  drainIntent,
  weightIntent,
} from "../../tests/support/fakes/intents.ts";
import { type Intent, IntentSet } from "./intent.ts";
import { decodeIntents, encodeIntents } from "./file.ts";

const SOME: readonly Intent[] = [
  backendIntent("disable", "nginx0", { reason: "disk", untilMs: wall(1_800_000_000_000) }),
  backendIntent("pause", "nginx1"),
  weightIntent("web/main/nginx2", "20/100"),
];

/** Asked for by one operator, a millisecond after each other. */
function kept(at: number, rest: { readonly reason: string; readonly untilMs?: number }) {
  const by = { peer: "127.0.0.1:51234", identity: "uid 1000 (ann)" };
  const untilMs = rest.untilMs === undefined ? undefined : wall(rest.untilMs);
  return { by, sinceMs: wall(1_795_900_000_000 + at), reason: rest.reason, untilMs };
}

const END_MS = 1_796_000_000_000;
const OF_VERSION_1: readonly Intent[] = [
  { kind: "disable", backend: "nginx0", ...kept(0, { reason: "new disk", untilMs: END_MS }) },
  { kind: "pause", backend: "nginx1", ...kept(1, { reason: "" }) },
  {
    ...{
      kind: "weight",
      frontend: "web",
      pool: "all",
      backend: "nginx2",
      weight: 20,
      instead: 100,
    },
    ...kept(2, { reason: "slow" }),
  },
];
const DRAIN: Intent = {
  ...{ kind: "drain", backend: "nginx3", then: "pause" },
  ...kept(3, { reason: "new kernel" }),
  untilMs: wall(END_MS),
};

/** Files that the code of that time wrote, and what they stand for. */
const FIXTURES: Readonly<Record<string, readonly Intent[]>> = {
  "intents/version-1.json": OF_VERSION_1,
  "intents/version-2.json": IntentSet.of([...OF_VERSION_1, DRAIN]).all(),
};

/** A file with a list of any shape and the right checksum. */
function fileOf(list: unknown, head: Record<string, unknown> = {}): string {
  const checksum = createHash("sha256").update(JSON.stringify(list)).digest("hex");
  const document = { format: "maglevd operator intents", version: 1, checksum, intents: list };
  return JSON.stringify({ ...document, ...head });
}

function refusal(text: string): string {
  const decoded = decodeIntents(text);
  assert.equal(decoded.kind, "refused", text.slice(0, 200));
  return decoded.kind === "refused" ? decoded.message : "";
}

Deno.test("intents read back from a file are equal, in one order", () => {
  fc.assert(fc.property(anyIntents, (intents) => {
    const text = encodeIntents(intents);
    const decoded = decodeIntents(text);
    assert.deepEqual(decoded, { kind: "ok", intents: IntentSet.of(intents).all() });
    assert.equal(encodeIntents([...intents].reverse()), text);
  }));
});

Deno.test("the file is JSON with one intent a line", () => {
  const lines = encodeIntents(SOME).split("\n");
  assert.match(
    lines[0]!,
    /^\{"format":"maglevd operator intents","version":1,"checksum":"[0-9a-f]{64}","intents":\[$/,
  );
  assert.equal(
    lines[3],
    '{"kind":"weight","frontend":"web","pool":"main","backend":"nginx2","weight":20,' +
      '"instead":100,"peer":"127.0.0.1:1","identity":"ann","reason":"",' +
      '"since_ms":1700000000000,"until_ms":null}',
  );
  assert.deepEqual(JSON.parse(encodeIntents([])).intents, []);
});

Deno.test("a file cut anywhere is refused", () => {
  const text = encodeIntents(SOME);
  for (let end = 0; end < text.length - 1; end++) {
    assert.match(refusal(text.slice(0, end)), /not JSON, or truncated/);
  }
  assert.equal(decodeIntents(text.slice(0, -1)).kind, "ok", "all but the last newline is all");
});

Deno.test("of a later version's file the entries that are known are taken", () => {
  const record = JSON.parse(encodeIntents(SOME)).intents;
  const [disable] = record;
  assert.deepEqual(decodeIntents(fileOf(record, { version: 4 })), { kind: "ok", intents: SOME });
  const later = [
    { ...disable, kind: "hold", backend: "nginx7" },
    ...record,
    { ...disable, backend: "nginx8", zone: "a" },
  ];
  assert.deepEqual(decodeIntents(fileOf(later, { version: 4 })), {
    kind: "ok",
    intents: SOME,
    dropped:
      "version 4 is later than 3: cannot take 2 of 5 entries (1, 5); the others are in force",
  });
  const damaged = fileOf(later, { version: 4 }).replace("nginx7", "nginx6");
  assert.match(refusal(damaged), /checksum mismatch/);
});

Deno.test("files that released versions wrote are read as they were meant", () => {
  for (const [name, intents] of Object.entries(FIXTURES)) {
    const text = Deno.readTextFileSync(new URL(`../../tests/fixtures/${name}`, import.meta.url));
    assert.deepEqual(decodeIntents(text), { kind: "ok", intents }, name);
  }
});

Deno.test("a foreign or changed file is refused with the reason", () => {
  const record = JSON.parse(encodeIntents(SOME)).intents;
  const [disable, , weight] = record;
  const cases: [string, RegExp][] = [
    ["", /not JSON/],
    ["null", /not written by maglevd/],
    ["[]", /not written by maglevd/],
    ['{"format":"another"}', /not written by maglevd/],
    [fileOf(record, { version: 0 }), /need a version from 1 on, have 0/],
    [fileOf(record, { version: 1.5 }), /need a version from 1 on, have 1\.5/],
    [fileOf(record, { version: "1" }), /need a version from 1 on, have "1"/],
    [fileOf(record, { version: undefined }), /need a version from 1 on, have undefined/],
    [fileOf({}), /fields are not those/],
    [fileOf(record, { more: 1 }), /fields are not those/],
    [fileOf(record, { checksum: "0" }), /checksum mismatch/],
    [encodeIntents(SOME).replace("nginx1", "nginx9"), /checksum mismatch/],
    [fileOf([disable, disable]), /two intents for one target/],
    [fileOf([disable, { ...disable, kind: "pause" }]), /two intents for one target/],
    [fileOf([null]), /entry 1 is not an intent/],
    [
      fileOf([disable, { ...weight, until_ms: 253_402_300_799_000 }]),
      /^cannot take the end \(until_ms\) of entry 2: it is too far away: the latest is 2262-04-11$/,
    ],
    [fileOf([weight, [disable]]), /entry 2 is not an intent/],
    ...[
      { ...disable, kind: "enable" },
      { ...disable, backend: "" },
      { ...disable, backend: 1 },
      { ...disable, backend: "x".repeat(129) },
      { ...disable, reason: "x".repeat(501) },
      { ...disable, reason: "\u001b[2J" },
      { ...disable, peer: "x".repeat(257) },
      { ...disable, identity: null },
      { ...disable, since_ms: -1 },
      { ...disable, since_ms: 1e300 },
      { ...disable, since_ms: 0.5 },
      { ...disable, until_ms: undefined },
      { ...disable, until_ms: "soon" },
      { ...disable, more: 1 },
      { ...weight, weight: 101 },
      { ...weight, weight: 100 },
      { ...weight, instead: -1 },
      { ...weight, pool: undefined },
      { ...weight, frontend: "a\nb" },
      { ...weight, more: 1 },
    ].map((bad): [string, RegExp] => [fileOf([bad]), /entry 1 is not an intent/]),
  ];
  for (const [text, message] of cases) assert.match(refusal(text), message, text);
  assert.deepEqual(decodeIntents(fileOf(record)), { kind: "ok", intents: SOME });
});

Deno.test("a drain needs version 2, an end and an action; without drains the version stays 1", () => {
  const drain = drainIntent("nginx3", { untilMs: wall(1_800_000_000_000), then: "pause" });
  const text = encodeIntents([...SOME, drain]);
  assert.match(text, /"version":2,/);
  assert.ok(
    text.includes('{"kind":"drain","backend":"nginx3","then":"pause","peer":"127.0.0.1:1",'),
  );
  assert.deepEqual(decodeIntents(text), {
    kind: "ok",
    intents: IntentSet.of([...SOME, drain]).list(),
  });
  const [record] = JSON.parse(encodeIntents([drain])).intents;
  const two = { version: 2 };
  assert.equal(decodeIntents(fileOf([record], two)).kind, "ok");
  assert.match(refusal(fileOf([record])), /entry 1 is not an intent of this version/);
  for (const bad of [{ then: "resume" }, { then: undefined }, { until_ms: null }, { more: 1 }]) {
    assert.match(refusal(fileOf([{ ...record, ...bad }], two)), /entry 1 is not an intent/);
  }
});

Deno.test("a lameduck needs version 3, and has no backend", () => {
  const lameduck = { ...SOME[0]!, kind: "lameduck" as const };
  const { by, reason, sinceMs, untilMs, kind } = lameduck;
  const text = encodeIntents([...SOME, { kind, by, reason, sinceMs, untilMs }]);
  assert.match(text, /"version":3,/);
  const decoded = decodeIntents(text);
  assert.ok(decoded.kind === "ok");
  assert.equal(decoded.intents.length, SOME.length + 1);
  assert.equal(encodeIntents(decoded.intents), text);
  const [record] = JSON.parse(text).intents;
  assert.equal(record.kind, "lameduck");
  assert.match(
    refusal(fileOf([record], { version: 2 })),
    /entry 1 is not an intent of this version/,
  );
  assert.match(
    refusal(fileOf([{ ...record, more: 1 }], { version: 3 })),
    /entry 1 is not an intent/,
  );
});

Deno.test("fuzz: a damaged file is refused or means the same, and never throws", () => {
  const { seed, below } = fuzz(51);
  const text = encodeIntents(SOME);
  for (let round = 0; round < rounds(3000); round++) {
    const mutated = mutateText(text, below);
    const decoded = decodeIntents(mutated);
    if (decoded.kind === "ok") {
      assert.equal(
        encodeIntents(decoded.intents),
        text,
        `seed ${seed}, round ${round}: ${mutated}`,
      );
    }
  }
  assert.equal(refusal("[".repeat(1_000_000)), "not JSON, or truncated");
});

Deno.test("a scheduled intent needs version 3, and stays begun in the file", () => {
  const window = {
    fromMs: wall(1_700_000_100_000),
    untilMs: wall(1_700_000_200_000),
    scheduled: true as const,
  };
  const drain = { ...drainIntent("nginx3", { untilMs: window.untilMs }), ...window };
  const intents = [
    { ...backendIntent("disable", "nginx0"), ...window },
    { ...drain, force: true as const },
  ];
  const text = encodeIntents(intents);
  assert.match(text, /"version":3,/);
  assert.match(text, /"from_ms":1700000100000,"scheduled":true,"force":true\}/);
  assert.deepEqual(decodeIntents(text), { kind: "ok", intents: IntentSet.of(intents).all() });
  const { scheduled: _, ...begunDrain } = { ...drain, force: true as const };
  const { force: __, ...kept } = begunDrain;
  assert.deepEqual(decodeIntents(encodeIntents([begunDrain])), { kind: "ok", intents: [kept] });
  const { scheduled: ___, ...begun } = intents[0]!;
  const records = JSON.parse(encodeIntents([begun])).intents;
  assert.equal(records[0].scheduled, false);
  assert.deepEqual(decodeIntents(encodeIntents([begun])), { kind: "ok", intents: [begun] });
  const forced = JSON.parse(text).intents.find(({ kind }: { kind: string }) => kind === "drain");
  for (
    const bad of [
      { ...forced, scheduled: 1 },
      { ...forced, scheduled: false },
      { ...forced, from_ms: -1 },
      { ...forced, force: false },
      { ...forced, more: 1 },
      { ...records[0], force: true },
    ]
  ) assert.match(refusal(fileOf([bad], { version: 3 })), /entry 1 is not an intent/);
  assert.match(refusal(fileOf(records, { version: 2 })), /entry 1 is not an intent/);
});
