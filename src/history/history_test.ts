/** The history with a disk that may lose power, fail, or hang at any operation. */
import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../tests/support/fakes/recording_logger.ts";
import { CrashFolder } from "../../tests/support/judges/crash_folder.ts";
import type { LogEventName, LogFields } from "../base/ports.ts";
import { LogBroadcaster } from "../log/broadcaster.ts";
import type { FolderIo } from "../system/state_file.ts";
import { GATHER_MS, History, READ_DEADLINE_MS } from "./history.ts";
import { fieldOf } from "./record.ts";
import type { HistoryLimits } from "./segments.ts";

const ALL = { size: 100_000 };

function setUp(limits?: HistoryLimits) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const broadcaster = new LogBroadcaster();
  const history = new History({
    broadcaster,
    clock,
    logger,
    ...(limits === undefined ? {} : { limits }),
  });
  const say = (event: LogEventName, fields: LogFields = {}) =>
    broadcaster.publish({ timeMs: clock.wallMs(), level: "info", event, fields });
  return { clock, logger, broadcaster, history, say };
}

/** A history on `io`, opened; `step` reports the transition of a backend. */
async function opened(io: FolderIo, limits?: HistoryLimits) {
  const world = setUp(limits);
  await world.history.open("/state", io);
  const step = (backend: string) => world.say("backend-transition", { backend });
  const written = async () => {
    world.clock.advance(GATHER_MS);
    await settle();
  };
  return { ...world, step, written };
}

function backendsOf(history: History): string[] {
  return history.list(ALL).records.map((record) => fieldOf(record, "backend"));
}

Deno.test("History takes the events that are kept, also those from before open()", async () => {
  const { history, say, broadcaster, clock } = setUp();
  say("maglevd-start");
  say("grpc-listen");
  await history.open("");
  say("backend-transition", { backend: "a", from: "up", to: "down" });
  broadcaster.publish({ timeMs: clock.wallMs(), level: "debug", event: "shutdown", fields: {} });
  const { records } = history.list(ALL);
  assert.deepEqual(records.map(({ id, event }) => [id, event]), [
    [1, "maglevd-start"],
    [2, "backend-transition"],
  ]);
  assert.match(history.warning, /^kept in memory only/);
  await history.close();
  say("shutdown");
  assert.equal(history.list(ALL).records.length, 2);
});

Deno.test("History goes on where the last process ended, with rising ids", async () => {
  const io = new CrashFolder();
  const first = await opened(io);
  for (const name of ["a", "b"]) first.step(name);
  await first.written();
  first.step("c");
  await first.history.close();
  const second = await opened(io);
  assert.equal(second.history.warning, "");
  second.step("d");
  assert.deepEqual(backendsOf(second.history), ["a", "b", "c", "d"]);
  assert.deepEqual(second.history.list(ALL).records.map(({ id }) => id), [1, 2, 3, 4]);
  await second.history.close();
  assert.equal(Object.keys(io.content).length, 1, "one file");
});

Deno.test("History after a crash at any operation has all that was written before", async () => {
  for (let left = 0;; left++) {
    const io = new CrashFolder();
    const before = await opened(io, { records: 16, bytes: 1 << 20 });
    io.left = left;
    const done: string[] = [];
    let crashed = false;
    for (let at = 0; at < 6 && !crashed; at++) {
      before.step(`b${at}`);
      await before.written();
      crashed = io.left < 0;
      if (!crashed) done.push(`b${at}`);
    }
    io.left = Infinity;
    const after = await opened(io, { records: 16, bytes: 1 << 20 });
    const found = backendsOf(after.history);
    assert.deepEqual(found.slice(0, done.length), done, `crash after ${left} operations`);
    assert.ok(found.length <= done.length + 1);
    after.step("new");
    await after.history.close();
    const third = await opened(io, { records: 16, bytes: 1 << 20 });
    assert.deepEqual(backendsOf(third.history), [...found, "new"]);
    await Promise.all([third.history.close(), before.history.close()]);
    if (!crashed) return assert.ok(left > 10);
  }
});

Deno.test("History after a file was torn at any byte goes on after the tear", async () => {
  const io = new CrashFolder();
  const { step, history } = await opened(io);
  for (const name of ["a", "b", "c"]) step(name);
  await history.close();
  const [[name, text]] = Object.entries(io.content) as [[string, string]];
  for (let cut = 0; cut <= text.length; cut++) {
    const torn = new CrashFolder();
    torn.put(name, text.slice(0, cut));
    const next = await opened(torn);
    const found = backendsOf(next.history);
    assert.deepEqual(found, ["a", "b", "c"].slice(0, found.length));
    next.step("new");
    await next.history.close();
    const last = await opened(torn);
    assert.deepEqual(backendsOf(last.history), [...found, "new"], `cut at ${cut}`);
    await last.history.close();
  }
});

Deno.test("History stays within its limits, on disk and in memory", async () => {
  const limits = { records: 80, bytes: 16_000 };
  const io = new CrashFolder();
  const { step, written, history } = await opened(io, limits);
  const sent: string[] = [];
  for (let round = 0; round < 60; round++) {
    for (let at = 0; at < 1 + round % 13; at++) {
      sent.push(`${round}-${at}`);
      step(sent.at(-1)!);
    }
    await written();
    const texts = Object.values(io.content);
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    const lines = texts.reduce((sum, text) => sum + text.split("\n").length - 1, 0);
    assert.ok(bytes <= limits.bytes && lines <= limits.records, `${bytes} bytes, ${lines} lines`);
  }
  await history.close();
  assert.ok(history.list(ALL).records.length <= 90);
  const again = await opened(io, limits);
  const found = backendsOf(again.history);
  assert.deepEqual(found, sent.slice(-found.length));
  assert.ok(found.length >= 70, `${found.length} kept`);
  await again.history.close();
});

Deno.test("History reports a disk that fails once, retries, and loses nothing", async () => {
  const io = new CrashFolder();
  const { step, written, history, logger, clock } = await opened(io);
  io.failing = /^append /;
  io.failure = new Error("No space left on device");
  step("a");
  await written();
  step("b");
  clock.advance(1000);
  await settle();
  clock.advance(2000);
  await settle();
  const errors = logger.records.filter(({ event }) => event === "history-not-stored");
  assert.equal(errors.length, 1);
  assert.match(history.warning, /^not stored: \/state: .*No space left/);
  io.failure = undefined;
  clock.advance(60_000);
  await settle();
  assert.equal(history.warning, "");
  assert.equal(logger.records.filter(({ event }) => event === "history-stored").length, 1);
  await history.close();
  const again = await opened(io);
  assert.deepEqual(backendsOf(again.history), ["a", "b"]);
  await again.history.close();
});

Deno.test("History is stored by a process that was stopped while it read", async () => {
  const io = new CrashFolder();
  let answer = () => {};
  io.gate = new Promise((resolve) => answer = resolve);
  const { history, clock, say } = setUp();
  const open = history.open("/state", io);
  await settle();
  clock.stall(2 * READ_DEADLINE_MS);
  clock.advance(0);
  answer();
  await open;
  assert.equal(history.warning, "");
  say("maglevd-start");
  await history.close();
  assert.equal(Object.keys(io.content).length, 1);
});

Deno.test("History begins without a disk that does not answer, and leaves it alone", async () => {
  const io = new CrashFolder();
  io.gate = new Promise(() => {});
  const { history, clock, logger, say } = setUp();
  const open = history.open("/state", io);
  say("maglevd-start");
  await settle();
  clock.advance(READ_DEADLINE_MS);
  await open;
  assert.equal(history.list(ALL).records.length, 1);
  assert.match(history.warning, /reading it took longer than 5 s$/);
  assert.equal(logger.records.at(-1)!.event, "history-not-stored");
  await history.close();
  assert.deepEqual(io.content, {});
});

Deno.test("History names damaged files, and keeps the lines that are whole", async () => {
  const io = new CrashFolder();
  const first = await opened(io);
  for (const name of ["a", "b", "c"]) first.step(name);
  await first.history.close();
  const [[name, text]] = Object.entries(io.content) as [[string, string]];
  io.put(name, text.replace('"b"', '"x"'));
  const { history, logger } = await opened(io);
  assert.deepEqual(backendsOf(history), ["a", "c"]);
  assert.deepEqual(logger.records.map(({ event, fields }) => [event, fields?.err]), [
    ["history-damaged", "1 lines are torn or damaged"],
  ]);
  await history.close();
});

Deno.test("History goes on in a new file, with new ids, when the newest one cannot be read", async () => {
  const io = new CrashFolder();
  const first = await opened(io);
  for (const name of ["a", "b", "c"]) first.step(name);
  await first.history.close();
  const [locked] = Object.keys(io.content);
  io.failing = new RegExp(` ${locked}$`);
  io.failure = new Error("Input/output error");
  const second = await opened(io);
  second.step("d");
  await second.history.close();
  assert.equal(second.logger.of("history-not-stored").length, 0);
  assert.equal(second.logger.of("history-damaged").length, 1);
  io.failure = undefined;
  const third = await opened(io);
  assert.deepEqual(backendsOf(third.history), ["a", "b", "c", "d"]);
  third.step("e");
  await third.history.close();
  const last = await opened(io);
  assert.deepEqual(backendsOf(last.history), ["a", "b", "c", "d", "e"]);
  await last.history.close();
});
