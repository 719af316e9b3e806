import assert from "node:assert/strict";
import { later } from "../../base/instant.ts";
import { FakeThread } from "../../../tests/support/fakes/fake_thread.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { WorkerHandle } from "./worker_handle.ts";
import type { FromWorker } from "./worker_protocol.ts";

/** `refusals`: how many attempts to start a thread fail at first. */
function setup(refusals = 0) {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const threads: FakeThread[] = [];
  const said: FromWorker[] = [];
  let restarts = 0;
  const refuse = { left: refusals };
  const handle = new WorkerHandle({
    name: "probe-0",
    clock,
    log,
    spawn() {
      if (refuse.left-- > 0) throw new Error("out of threads");
      const thread = new FakeThread();
      threads.push(thread);
      return thread;
    },
    onMessage: (message) => said.push(message),
    onRestart: () => restarts++,
  });
  return { clock, log, threads, said, handle, refuse, restarts: () => restarts };
}

Deno.test("WorkerHandle restarts a dead worker after a delay that grows, up to 5 s", async () => {
  const { clock, log, threads, handle, restarts } = setup();
  const delays: number[] = [];
  for (let i = 0; i < 8; i++) {
    const event = threads.at(-1)!.die("boom");
    assert.equal(event.defaultPrevented, true, "the error is not an uncaught one of ours");
    assert.equal(threads.at(-1)!.terminated, true);
    assert.equal(handle.post({ kind: "ping", seq: 0 }), false, "nobody hears");
    const before = threads.length;
    let waited = 0;
    while (threads.length === before) {
      clock.advance(50);
      waited += 50;
    }
    delays.push(waited);
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  assert.equal(restarts(), 8);
  assert.deepEqual(log.of("probe-worker")[0], {
    worker: "probe-0",
    err: "boom",
    "restart-in-ms": 100,
  });
  clock.advance(30_000);
  threads.at(-1)!.die("after a good while");
  clock.advance(100);
  assert.equal(restarts(), 9, "a settled worker is restarted quickly again");
  await handle.close();
  assert.equal(clock.timers, 0);
});

Deno.test("WorkerHandle restarts only a worker that does not answer", async () => {
  const { clock, log, threads, handle } = setup();
  clock.advance(60_000);
  assert.equal(threads.length, 1);
  threads[0]!.answers = false;
  clock.advance(4000);
  assert.equal(threads[0]!.terminated, false);
  clock.advance(3000);
  assert.equal(threads[0]!.terminated, true);
  assert.equal(threads.length, 2);
  assert.match(String(log.of("probe-worker")[0]!.err), /not answered for 5 s/);
  await handle.close();
});

Deno.test("WorkerHandle waits 30 s for a worker that is loading", async () => {
  const { clock, threads, handle } = setup();
  threads[0]!.answers = false;
  clock.advance(29_000);
  assert.equal(threads[0]!.terminated, false);
  clock.advance(4000);
  assert.equal(threads[0]!.terminated, true);
  await handle.close();
});

Deno.test("WorkerHandle does not restart a worker because the main thread slept", async () => {
  const { clock, threads, handle } = setup();
  threads[0]!.answers = false;
  clock.advance(1000);
  const asleep = clock.monotonicMs.bind(clock);
  clock.monotonicMs = () => later(asleep(), 60_000);
  clock.advance(1000);
  assert.equal(threads[0]!.terminated, false, "two pings are missing, not sixty");
  threads[0]!.answers = true;
  clock.advance(10_000);
  assert.equal(threads.length, 1);
  await handle.close();
});

Deno.test("WorkerHandle passes on all messages except its own, until it is closed", async () => {
  const { clock, threads, said, handle } = setup();
  const report = { id: 1, generation: 1, latenessMs: 300, reason: "late", lack: undefined };
  threads[0]!.say({ kind: "void", report });
  clock.advance(3000);
  assert.deepEqual(said, [{ kind: "void", report }]);
  await handle.close();
  await handle.close();
  threads[0]!.say({ kind: "void", report });
  assert.equal(said.length, 1);
  assert.deepEqual(threads[0]!.heard.at(-1), { kind: "close" });
  assert.equal(threads[0]!.terminated, true);
  assert.equal(clock.timers, 0);
});

Deno.test("WorkerHandle.close() waits 500 ms for a worker that does not exit", async () => {
  const { clock, threads, handle } = setup();
  threads[0]!.answers = false;
  let closed = false;
  const closing = handle.close().then(() => closed = true);
  await clock.advanceAsync(499);
  assert.equal(closed, false);
  await clock.advanceAsync(1);
  await closing;
  assert.equal(threads[0]!.terminated, true);
  assert.equal(clock.timers, 0);
});

Deno.test("WorkerHandle.close() between death and restart prevents the restart", async () => {
  const { clock, threads, handle } = setup();
  threads[0]!.die("boom");
  await handle.close();
  clock.advance(60_000);
  assert.equal(threads.length, 1);
  assert.equal(clock.timers, 0);
});

Deno.test("WorkerHandle retries with a growing delay when a thread cannot be started", async () => {
  const { clock, log, threads, handle, refuse, restarts } = setup();
  refuse.left = 3;
  threads[0]!.die("boom");
  clock.advance(100 + 200 + 400 + 799);
  assert.equal(threads.length, 1);
  assert.equal(handle.post({ kind: "ping", seq: 0 }), false);
  assert.equal(restarts(), 0, "nobody is told that there is a thread before there is");
  clock.advance(1);
  assert.equal(threads.length, 2);
  assert.equal(restarts(), 1);
  const lines = log.of("probe-worker");
  assert.deepEqual(
    lines.map(({ err, action, "restart-in-ms": ms }) => [err ?? action, ms]),
    [
      ["boom", 100],
      ["cannot start the thread: out of threads", 200],
      ["cannot start the thread: out of threads", 400],
      ["cannot start the thread: out of threads", 800],
      ["restarted", undefined],
    ],
  );
  await handle.close();
  assert.equal(clock.timers, 0);
});

Deno.test("WorkerHandle survives a failed first start, and close() before the retry", async () => {
  const { clock, threads, handle, restarts } = setup(1);
  assert.equal(threads.length, 0);
  clock.advance(100);
  assert.equal(threads.length, 1);
  assert.equal(restarts(), 1, "the thread is told what the first one would have been");
  await handle.close();
  const other = setup(1);
  await other.handle.close();
  other.clock.advance(60_000);
  assert.equal(other.threads.length, 0);
  assert.equal(other.clock.timers, 0);
});

Deno.test("WorkerHandle names the limit that prevents the start of a thread", async () => {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const down: string[] = [];
  const handle = new WorkerHandle({
    name: "probe-0",
    clock,
    log,
    // As Deno 2.9.6 throws it.
    spawn: () => {
      throw Object.assign(new Error("Resource temporarily unavailable (os error 11)"), {
        name: "WouldBlock",
        code: "EAGAIN",
      });
    },
    onMessage: () => {},
    onRestart: () => {},
    onDown: (reason) => down.push(reason),
  });
  clock.advance(100);
  assert.equal(down.length, 2);
  assert.match(
    down[0]!,
    /^cannot start the thread: the limit of threads is reached \(raise TasksMax=/,
  );
  await handle.close();
});
