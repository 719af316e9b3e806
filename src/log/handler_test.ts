import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { LogBroadcaster, SUBSCRIBER_CAPACITY } from "./broadcaster.ts";
import { LogHandler, type LogWriter } from "./handler.ts";

/** Collects lines; `accept` bounds what one write takes, `fail` makes writes reject. */
class MemoryWriter implements LogWriter {
  text = "";
  writes = 0;
  fail = false;
  accept = Infinity;
  gate: Promise<void> = Promise.resolve();

  async write(bytes: Uint8Array): Promise<number> {
    await this.gate;
    this.writes++;
    if (this.fail) throw new Error("No space left on device");
    const taken = bytes.subarray(0, this.accept);
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }

  get events(): string[] {
    return this.text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line).msg);
  }
}

function setUp(options: { level?: "debug" | "info" | "warn"; maxPendingCharacters?: number } = {}) {
  const writer = new MemoryWriter();
  const broadcaster = new LogBroadcaster();
  const log = new LogHandler({
    level: options.level ?? "info",
    format: "json",
    clock: new FakeClock(),
    writer,
    broadcaster,
    ...(options.maxPendingCharacters === undefined
      ? {}
      : { maxPendingCharacters: options.maxPendingCharacters }),
  });
  return { writer, broadcaster, log };
}

Deno.test("LogHandler writes records of its level and above only", async () => {
  const { writer, log } = setUp({ level: "warn" });
  log.debug("probe-start");
  log.info("config-loaded");
  log.warn("vpp-disconnect");
  log.error("config-error");
  await log.flush();
  assert.deepEqual(writer.events, ["vpp-disconnect", "config-error"]);
  assert.deepEqual([log.enabled("debug"), log.enabled("info"), log.enabled("warn")], [
    false,
    false,
    true,
  ]);
});

Deno.test("LogHandler cuts long fields for subscribers as in its output", () => {
  const { broadcaster, log } = setUp();
  const tap = broadcaster.subscribe("info", () => {});
  log.info("operator-action", { backend: "x".repeat(250_000) });
  const [kept] = tap.take().records;
  assert.match(String(kept!.fields.backend), /^x{4096}… \(250000 characters\)$/);
  tap.close();
});

Deno.test("LogHandler gathers the lines of one instant in one write", async () => {
  const { writer, log } = setUp();
  for (let i = 0; i < 100; i++) log.info("backend-transition", { i });
  await log.flush();
  assert.equal(writer.writes, 1);
  assert.equal(writer.events.length, 100);
});

Deno.test("LogHandler: records of an instant become lines after what was queued earlier in it", async () => {
  const { writer, log } = setUp();
  const order: string[] = [];
  queueMicrotask(() => order.push("sent to VPP"));
  const list = ["a"];
  // A list is read when its line is made.
  log.info("config-loaded", { list });
  queueMicrotask(() => order.push(writer.text === "" ? "nothing written" : "written"));
  list.push("b");
  await log.flush();
  assert.deepEqual(order, ["sent to VPP", "nothing written"]);
  assert.match(writer.text, /"list":\["a","b"\]/);
});

Deno.test("LogHandler keeps the order of thousands of records of one instant", async () => {
  const { writer, log } = setUp();
  for (let count = 0; count < 3000; count++) log.info("config-loaded", { count });
  await log.flush();
  const counts = writer.text.trim().split("\n").map((line) => JSON.parse(line).count);
  assert.deepEqual(counts, Array.from({ length: 3000 }, (_, i) => i));
  assert.equal(writer.writes, 1);
});

Deno.test("LogHandler continues after a short write", async () => {
  const { writer, log } = setUp();
  writer.accept = 7;
  log.info("config-loaded");
  await log.flush();
  assert.deepEqual(writer.events, ["config-loaded"]);
});

Deno.test("LogHandler drops lines while the output is stuck, and logs their number", async () => {
  const { writer, log } = setUp({ maxPendingCharacters: 1000 });
  let open = () => {};
  writer.gate = new Promise((resolve) => open = resolve);
  log.info("maglevd-start");
  await Promise.resolve();
  await Promise.resolve();
  for (let i = 0; i < 1000; i++) log.info("backend-transition", { i });
  open();
  await log.flush();
  assert.ok(writer.text.length < 2500, String(writer.text.length));
  const lines = writer.text.trim().split("\n").map((line) => JSON.parse(line));
  const lost = lines.find(({ msg }) => msg === "events-dropped");
  const shown = lines.filter(({ msg }) => msg === "backend-transition").length;
  assert.equal(lost.count + shown, 1000);
});

Deno.test("LogHandler survives a failing output, and counts the lost lines", async () => {
  const { writer, log } = setUp();
  writer.fail = true;
  log.info("maglevd-start");
  await log.flush();
  log.info("config-loaded");
  await log.flush();
  writer.fail = false;
  log.info("shutdown");
  await log.flush();
  const lines = writer.text.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ msg, count }) => [msg, count]), [["events-dropped", 2], [
    "shutdown",
    undefined,
  ]]);
});

Deno.test("LogBroadcaster sends a subscriber records below the daemon's own level", async () => {
  const { writer, broadcaster, log } = setUp({ level: "info" });
  let ready = 0;
  const tap = broadcaster.subscribe("debug", () => ready++);
  assert.equal(log.enabled("debug"), true);
  log.debug("probe-start");
  log.info("probe-done");
  assert.equal(ready, 1, "told once until it takes");
  assert.deepEqual(tap.take().records.map(({ event }) => event), ["probe-start", "probe-done"]);
  tap.close();
  log.debug("probe-start");
  assert.deepEqual(tap.take().records, []);
  assert.equal(log.enabled("debug"), false);
  await log.flush();
  assert.deepEqual(writer.events, ["probe-done"]);
});

Deno.test("LogBroadcaster bounds a subscriber that does not read, and counts its losses", () => {
  const { broadcaster, log } = setUp();
  const slow = broadcaster.subscribe("info", () => {});
  const quiet = broadcaster.subscribe("error", () => {});
  for (let i = 0; i < SUBSCRIBER_CAPACITY + 5; i++) log.info("backend-transition", { i });
  const taken = slow.take();
  assert.equal(taken.records.length, SUBSCRIBER_CAPACITY);
  assert.equal(taken.dropped, 5);
  assert.equal(slow.take().dropped, 0);
  assert.deepEqual(quiet.take(), { records: [], dropped: 0 });
  slow.close();
  quiet.close();
  return log.flush();
});
