import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fakes/fake_clock.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { RecordingLogger } from "../../tests/support/fakes/recording_logger.ts";
import { CrashFolder } from "../../tests/support/judges/crash_folder.ts";
import { DAMPING_FILE, openPenalties, READ_DEADLINE_MS, SAVE_EVERY_MS } from "./disk_store.ts";
import { encodePenalties } from "./file.ts";

const ONE = [{ backend: "a", address: "10.0.0.1", penalty: 2, atMs: wall(1e12), heldMs: 5 }];

function setUp() {
  const io = new CrashFolder();
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  return { io, clock, logger, open: () => openPenalties({ folder: "/state", io, clock, logger }) };
}

Deno.test("penalties are read by the next process; without any there is no file", async () => {
  const { io, open, clock } = setUp();
  const first = await open();
  assert.deepEqual(first.kept, []);
  first.save(() => []);
  await settle();
  assert.deepEqual(io.content, {}, "nothing to keep");
  first.save(() => ONE);
  await first.close();
  assert.equal(io.content[DAMPING_FILE], encodePenalties(ONE));
  assert.deepEqual((await open()).kept, ONE);
  assert.equal(clock.timers, 0);
});

Deno.test("many changes within a second are worked out and written twice, the last one too", async () => {
  const { io, clock, open } = setUp();
  const store = await open();
  let read = 0;
  const changes = Array.from({ length: 500 }, (_, at) => [{ ...ONE[0]!, penalty: at + 1 }]);
  for (const change of changes) {
    store.save(() => {
      read++;
      return change;
    });
  }
  await settle();
  assert.equal(io.content[DAMPING_FILE], encodePenalties(changes[0]!), "the first immediately");
  await clock.advanceAsync(SAVE_EVERY_MS);
  await settle();
  assert.equal(io.content[DAMPING_FILE], encodePenalties(changes.at(-1)!));
  assert.equal(read, 2);
  store.save(() => ONE);
  await store.close();
  assert.equal(io.content[DAMPING_FILE], encodePenalties(ONE), "what is due at the end");
  assert.equal(clock.timers, 0);
});

Deno.test("an unusable file is a warning, and is overwritten", async () => {
  for (const [text, reason] of [["{", /not JSON/], ["{}", /not written by maglevd/]] as const) {
    const { io, open, logger } = setUp();
    io.put(DAMPING_FILE, text);
    const store = await open();
    assert.deepEqual(store.kept, []);
    const [warning] = logger.of("damping-unusable");
    assert.equal(warning?.file, "/state/damping.json");
    assert.match(String(warning?.err), reason);
    store.save(() => []);
    await store.close();
    assert.equal(io.content[DAMPING_FILE], encodePenalties([]));
  }
});

Deno.test("a disk that hangs delays the start for a bounded time", async () => {
  const { io, clock, logger, open } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  io.put(DAMPING_FILE, encodePenalties(ONE));
  io.gate = promise;
  const opening = open();
  await clock.advanceAsync(READ_DEADLINE_MS);
  assert.deepEqual((await opening).kept, []);
  assert.match(String(logger.of("damping-unusable")[0]?.err), /longer than 5 s/);
  resolve();
  await settle();
});

Deno.test("a write that fails is logged once, and is repeated until it succeeds", async () => {
  const { io, clock, logger, open } = setUp();
  const store = await open();
  io.failure = new Error("No space left on device");
  store.save(() => ONE);
  await clock.advanceAsync(3000);
  assert.deepEqual(logger.of("damping-not-stored"), [
    { folder: "/state", err: "No space left on device" },
  ]);
  io.failure = undefined;
  await clock.advanceAsync(1000);
  assert.equal(io.content[DAMPING_FILE], encodePenalties(ONE));
  assert.equal(logger.of("damping-stored").length, 1);
  await store.close();
  assert.equal(clock.timers, 0);
});
