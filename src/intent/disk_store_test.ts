import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { CrashFolder } from "../../tests/support/judges/crash_folder.ts";
import { FakeClock, settle } from "../../tests/support/fakes/fake_clock.ts";
import { backendIntent, textOfIntent } from "../../tests/support/fakes/intents.ts";
import { RecordingLogger } from "../../tests/support/fakes/recording_logger.ts";
import type { Intent } from "./intent.ts";
import { decodeIntents, encodeIntents } from "./file.ts";
import {
  INTENT_FILE,
  MAX_KEPT,
  openIntents,
  READ_DEADLINE_MS,
  READ_RETRIES_MS,
  WRITE_DEADLINE_MS,
} from "./disk_store.ts";

const ONE = [backendIntent("disable", "a")];
const TWO = [backendIntent("disable", "a"), backendIntent("pause", "b")];

function setUp() {
  const io = new CrashFolder();
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const open = () => openIntents({ folder: "/state", io, clock, logger });
  const onDisk = () => {
    const decoded = decodeIntents(io.content[INTENT_FILE] ?? "");
    return decoded.kind === "ok" ? decoded.intents.map(textOfIntent) : decoded.message;
  };
  const writes = () => io.calls.filter((call) => call.startsWith("write ")).length;
  return { io, clock, logger, open, onDisk, writes };
}

/** A promise and the function that settles it. */
function gateOf() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

Deno.test("an empty folder has no intents; saved ones are read by the next store", async () => {
  const { open, onDisk, clock } = setUp();
  const first = await open();
  assert.deepEqual(first.kept, []);
  assert.deepEqual(await first.store.save(() => TWO), { kind: "stored" });
  assert.deepEqual(onDisk(), ["disable a", "pause b"]);
  assert.deepEqual((await open()).kept, TWO);
  assert.equal(clock.timers, 0);
});

Deno.test("save() resolves only after the write is on disk", async () => {
  const { io, open } = setUp();
  const { store } = await open();
  const gate = gateOf();
  io.gate = gate.promise;
  let answered = false;
  const answer = store.save(() => ONE).then((durability) => (answered = true, durability));
  await settle();
  assert.equal(answered, false);
  gate.open();
  assert.deepEqual(await answer, { kind: "stored" });
  assert.equal(io.calls.at(-1), "sync");
});

Deno.test("of many pending saves the newest is written, once, and all resolve", async () => {
  const { io, open, onDisk, writes } = setUp();
  const { store } = await open();
  const gate = gateOf();
  io.gate = gate.promise;
  const first = store.save(() => ONE);
  await settle();
  const rest = Array.from({ length: 100 }, (_, i) => store.save(() => i === 99 ? TWO : []));
  gate.open();
  for (const answer of await Promise.all([first, ...rest])) {
    assert.deepEqual(answer, { kind: "stored" });
  }
  assert.equal(writes(), 2);
  assert.deepEqual(onDisk(), ["disable a", "pause b"]);
  await store.save(() => TWO);
  assert.equal(writes(), 2, "what the disk has is not written again");
});

Deno.test("every reply reports a full disk; it is logged once, and the write is retried", async () => {
  const { io, clock, logger, open, onDisk, writes } = setUp();
  const { store } = await open();
  io.failure = new Error("No space left on device (os error 28)");
  for (let i = 0; i < 3; i++) {
    const answer = await store.save(() => ONE);
    assert.deepEqual(answer, {
      kind: "failed",
      message: "in force, but it will not survive the end of maglevd: /state: " +
        "No space left on device (os error 28)",
    });
  }
  assert.deepEqual(logger.of("operator-intent-not-stored"), [
    { folder: "/state", err: "No space left on device (os error 28)" },
  ]);
  const before = writes();
  await clock.advanceAsync(3_600_000);
  assert.ok(writes() - before >= 60 && writes() - before < 70, "about once a minute in the end");
  io.failure = undefined;
  await clock.advanceAsync(60_000);
  assert.deepEqual(onDisk(), ["disable a"]);
  assert.equal(logger.of("operator-intent-stored").length, 1);
  assert.equal(clock.timers, 0);
  io.failure = new Error("Read-only file system");
  assert.equal((await store.save(() => TWO)).kind, "failed");
  assert.equal(logger.of("operator-intent-not-stored").length, 2);
  await store.close();
  assert.equal(clock.timers, 0);
});

Deno.test("after a failed write the content of the disk counts as unknown", async () => {
  const { io, open, onDisk } = setUp();
  const { store } = await open();
  await store.save(() => ONE);
  io.failure = new Error("Input/output error");
  io.failing = /^sync$/;
  assert.equal((await store.save(() => TWO)).kind, "failed");
  assert.deepEqual(onDisk(), ["disable a", "pause b"], "it is there all the same");
  io.failure = undefined;
  assert.deepEqual(await store.save(() => ONE), { kind: "stored" });
  assert.deepEqual(onDisk(), ["disable a"]);
  await store.close();
});

Deno.test("a hanging disk delays an operator for a bounded time", async () => {
  const { io, clock, open, onDisk } = setUp();
  const { store } = await open();
  const gate = gateOf();
  io.gate = gate.promise;
  const answer = store.save(() => ONE);
  await clock.advanceAsync(WRITE_DEADLINE_MS);
  const { kind, ...rest } = await answer;
  assert.deepEqual([kind, rest], ["failed", {
    message: "in force, but not known to survive the end of maglevd: /state: " +
      "writing takes longer than 5 s",
  }]);
  gate.open();
  await store.close();
  assert.deepEqual(onDisk(), ["disable a"], "it is written when the disk is back");
  assert.equal(clock.timers, 0);
});

Deno.test("an unusable file is a warning, quarantined, and never read again", async () => {
  const texts: [string, RegExp][] = [
    ["", /not JSON, or truncated/],
    [encodeIntents(TWO).slice(0, 200), /not JSON, or truncated/],
    ['{"version":1}', /not written by maglevd/],
    [
      encodeIntents(TWO).replace('"version":1', '"version":0'),
      /need a version from 1 on, have 0/,
    ],
    [encodeIntents(TWO).replace("pause", "disable"), /checksum mismatch/],
  ];
  for (const [text, cause] of texts) {
    const { io, open, logger, onDisk, clock } = setUp();
    io.put(INTENT_FILE, text);
    const { kept, store } = await open();
    assert.deepEqual(kept, []);
    const [record, ...others] = logger.of("operator-intent-file-unusable");
    assert.deepEqual(others, []);
    assert.equal(record!.file, "/state/intents.json");
    assert.match(String(record!.err), cause);
    assert.equal(record!.kept, `intents.json.bad-${clock.wallMs()}`);
    assert.deepEqual(io.content, { [String(record!.kept)]: text });
    await store.save(() => ONE);
    assert.deepEqual(onDisk(), ["disable a"]);
  }
});

Deno.test("a later version's file is kept aside, and what is known of it is stored", async () => {
  const { io, open, onDisk, logger } = setUp();
  const document = JSON.parse(encodeIntents(TWO));
  const later = [...document.intents, { kind: "hold", backend: "c" }];
  const checksum = createHash("sha256").update(JSON.stringify(later)).digest("hex");
  const file = JSON.stringify({ ...document, version: 4, checksum, intents: later });
  io.put(INTENT_FILE, file);
  const { kept } = await open();
  assert.deepEqual(kept, TWO);
  assert.deepEqual(onDisk(), ["disable a", "pause b"]);
  const [warning] = logger.of("operator-intent-file-unusable");
  assert.match(
    String(warning?.err),
    /^version 4 is later than 3: cannot take 1 of 3 entries \(3\)/,
  );
  assert.equal(io.content[String(warning?.kept)], file);
  assert.deepEqual((await open()).kept, TWO);
});

Deno.test("a file of invalid UTF-8 is quarantined like any other", async () => {
  const { io, open, logger } = setUp();
  io.names.set(INTENT_FILE, { bytes: Uint8Array.of(0xff, 0xfe), synced: true });
  assert.deepEqual((await open()).kept, []);
  assert.match(String(logger.of("operator-intent-file-unusable")[0]!.err), /invalid UTF-8/);
});

Deno.test("quarantined files do not fill the disk over many starts", async () => {
  const { io, open, clock } = setUp();
  for (let start = 0; start < 3 * MAX_KEPT; start++) {
    io.put(INTENT_FILE, `torn ${start}`);
    await open();
    clock.advance(1000);
  }
  const torn = Object.values(io.content).map((text) => Number(text.split(" ")[1]));
  assert.deepEqual(torn.sort((a, b) => a - b), [10, 11, 12, 13, 14]);
});

Deno.test("a file that cannot be quarantined is not overwritten, and quarantined later", async () => {
  const { io, open, logger, clock, onDisk } = setUp();
  io.put(INTENT_FILE, "torn");
  io.failure = new Error("Read-only file system");
  io.failing = /^rename/;
  const { store } = await open();
  const failed = await store.save(() => ONE);
  assert.match(failed.kind === "failed" ? failed.message : "", /Read-only/);
  assert.equal(io.content[INTENT_FILE], "torn");
  io.failure = undefined;
  await clock.advanceAsync(60_000);
  assert.deepEqual(onDisk(), ["disable a"]);
  const [first, second, ...more] = logger.of("operator-intent-file-unusable");
  assert.match(String(first!.err), /; cannot quarantine it: Read-only file system$/);
  assert.deepEqual(more, []);
  assert.equal(io.content[String(second!.kept)], "torn");
  assert.deepEqual(await store.save(() => TWO), { kind: "stored" });
  assert.equal(Object.keys(io.content).length, 2);
  await store.close();
});

Deno.test("an unreadable folder is a warning; the daemon continues", async () => {
  const { io, open, logger, clock } = setUp();
  io.left = 0;
  const opening = open();
  for (const delayMs of READ_RETRIES_MS) await clock.advanceAsync(delayMs);
  assert.deepEqual((await opening).kept, []);
  assert.equal(logger.of("operator-intent-file-unusable").length, 1);
});

Deno.test("a disk that cannot read for a moment costs no intent", async () => {
  const { io, open, logger, clock } = setUp();
  io.put(INTENT_FILE, encodeIntents(TWO));
  io.failing = /^read /;
  io.failure = new Error("Input/output error (os error 5)");
  const opening = open();
  await clock.advanceAsync(READ_RETRIES_MS[0]!);
  io.failure = undefined;
  await clock.advanceAsync(READ_RETRIES_MS[1]!);
  assert.deepEqual((await opening).kept.map(textOfIntent), TWO.map(textOfIntent));
  assert.deepEqual(logger.of("operator-intent-file-unusable"), []);
  assert.deepEqual(io.content, { [INTENT_FILE]: encodeIntents(TWO) });
});

Deno.test("a file that may not be read is not tried again", async () => {
  const { io, open, logger } = setUp();
  io.failing = /^read /;
  io.failure = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  assert.deepEqual((await open()).kept, []);
  assert.equal(io.calls.filter((call) => call.startsWith("read ")).length, 1);
  assert.equal(logger.of("operator-intent-file-unusable").length, 1);
});

Deno.test("a process that was stopped while it read does not lose its intents", async () => {
  const { io, open, logger, clock } = setUp();
  io.put(INTENT_FILE, encodeIntents(TWO));
  const gate = gateOf();
  io.gate = gate.promise;
  io.gated = /^read/;
  const opening = open();
  // When it goes on, its timer is due before the disk's answer is delivered.
  clock.stall(8000);
  await clock.advanceAsync(0);
  gate.open();
  assert.deepEqual((await opening).kept, TWO);
  assert.deepEqual(logger.of("operator-intent-file-unusable"), []);
  assert.equal(clock.timers, 0);
});

Deno.test("a file that arrives too late is quarantined before it is overwritten", async () => {
  const { io, open, logger, clock, onDisk } = setUp();
  io.put(INTENT_FILE, encodeIntents(TWO));
  const gate = gateOf();
  io.gate = gate.promise;
  io.gated = /^read/;
  const opening = open();
  await clock.advanceAsync(READ_DEADLINE_MS);
  const { kept, store } = await opening;
  assert.deepEqual(kept, []);
  const saved = store.save((): readonly Intent[] => ONE);
  await settle();
  assert.equal(io.content[INTENT_FILE], encodeIntents(TWO));
  gate.open();
  assert.deepEqual(await saved, { kind: "stored" });
  assert.deepEqual(onDisk(), ["disable a"]);
  const records = logger.of("operator-intent-file-unusable");
  assert.deepEqual(records.map(({ err }) => err), [
    "reading it took longer than 5 s",
    "it came too late",
  ]);
  assert.equal(io.content[String(records[1]!.kept)], encodeIntents(TWO));
});
