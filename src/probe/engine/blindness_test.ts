import assert from "node:assert/strict";
import { later } from "../../base/instant.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { Blindness, CALM_MS, type Probed } from "./blindness.ts";

const PORTS = { lack: "ports", reason: "no local port is free" } as const;
const FILES = { lack: "descriptors", reason: "out of file descriptors" } as const;
const LATE = { lack: undefined, reason: "the prober itself was late" } as const;

function setUp() {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const blindness = new Blindness({ clock, log });
  const events = () => log.records.map(({ event, fields }) => `${event} ${fields.lack}`);
  return { clock, log, blindness, events };
}

function target(id: number, netns = ""): Probed {
  return { id, backend: `b${id}`, netns };
}

Deno.test("three void probes in a row make a backend blind, logged once for all", () => {
  const { log, blindness } = setUp();
  for (let round = 1; round <= 2; round++) {
    for (let id = 0; id < 100; id++) blindness.void(target(id), PORTS);
    assert.deepEqual(blindness.spots(""), [], "not yet");
  }
  for (let id = 0; id < 100; id++) blindness.void(target(id), PORTS);
  assert.deepEqual(log.records, [{
    level: "error",
    event: "prober-blind",
    fields: {
      netns: undefined,
      lack: "ports",
      err: "no local port is free",
      backends: 100,
      message:
        "cannot probe 100 backends: no local port is free; states and weights stay as they are",
    },
  }]);
  const [spot] = blindness.spots("");
  assert.deepEqual([spot?.lack, spot?.backends], ["ports", 100]);
  blindness.close();
});

Deno.test("a counted probe resets the void count, and lateness is not a lack", () => {
  const { blindness, events } = setUp();
  for (let i = 0; i < 10; i++) {
    blindness.void(target(1), PORTS);
    blindness.void(target(1), PORTS);
    blindness.forget(1);
    for (let late = 0; late < 5; late++) blindness.void(target(2), LATE);
  }
  assert.deepEqual(events(), []);
  assert.equal(blindness.reasonOf("b1"), undefined);
  assert.equal(blindness.reasonOf("b2"), LATE.reason);
  blindness.void(target(3), PORTS);
  blindness.void(target(3), LATE);
  blindness.void(target(3), FILES);
  assert.deepEqual(events(), [], "two lacks in a row");
  blindness.void(target(3), FILES);
  assert.deepEqual(events(), ["prober-blind descriptors"]);
  blindness.close();
});

Deno.test("an episode ends after a calm time, not with a single counted probe", () => {
  const { clock, log, blindness, events } = setUp();
  const blind = (id: number) => {
    for (let i = 0; i < 3; i++) blindness.void(target(id), PORTS);
  };
  blind(1);
  // One port is free now and then: the line must not come again and again.
  for (let i = 0; i < 20; i++) {
    blindness.forget(1);
    clock.advance(CALM_MS / 2);
    blind(1);
  }
  assert.deepEqual(events(), ["prober-blind ports"]);
  assert.equal(blindness.spots("").length, 1);
  blindness.forget(1);
  clock.advance(CALM_MS - 1);
  assert.equal(blindness.spots("").length, 1);
  clock.advance(1);
  assert.deepEqual(events(), ["prober-blind ports", "prober-restored ports"]);
  assert.equal(log.of("prober-restored")[0]?.["after-ms"], 20 * CALM_MS / 2 + CALM_MS);
  assert.deepEqual(blindness.spots(""), []);
  assert.equal(clock.timers, 0);
  blind(1);
  assert.deepEqual(events().at(-1), "prober-blind ports", "another episode is said again");
  blindness.close();
  assert.equal(clock.timers, 0);
});

Deno.test("an episode lasted as long as it did, also when the clock on the wall was set meanwhile", () => {
  const { clock, log, blindness } = setUp();
  for (let i = 0; i < 3; i++) blindness.void(target(1), PORTS);
  const startMs = clock.wallMs();
  clock.advance(1000);
  clock.wallMs = () => later(startMs, -3_600_000);
  blindness.forget(1);
  clock.advance(CALM_MS);
  assert.equal(log.of("prober-restored")[0]?.["after-ms"], CALM_MS);
  blindness.close();
});

Deno.test("each namespace and each kind of lack has an episode of its own", () => {
  const { clock, blindness, events } = setUp();
  for (let i = 0; i < 3; i++) {
    blindness.void(target(1), PORTS);
    blindness.void(target(2, "blue"), PORTS);
    blindness.void(target(3, "blue"), FILES);
  }
  assert.deepEqual(events(), [
    "prober-blind ports",
    "prober-blind ports",
    "prober-blind descriptors",
  ]);
  const lacks = (netns: string) => blindness.spots(netns).map(({ lack }) => lack);
  assert.deepEqual([lacks(""), lacks("blue"), lacks("green")], [
    ["ports"],
    ["ports", "descriptors"],
    [],
  ]);
  // One cause gives way to another: it is counted where it is now.
  blindness.void(target(2, "blue"), FILES);
  assert.deepEqual(blindness.spots("blue").map(({ backends }) => backends), [0, 2]);
  clock.advance(CALM_MS);
  assert.deepEqual(lacks("blue"), ["descriptors"]);
  blindness.close();
});

Deno.test("Blindness forgets removed backends and handles those of a lost thread", () => {
  const { clock, log, blindness, events } = setUp();
  const cause = { lack: "thread", reason: "cannot keep the probing thread running" } as const;
  blindness.unprobed([target(1), target(2)], cause);
  blindness.unprobed([target(1), target(2)], cause);
  assert.deepEqual(events(), ["prober-blind thread"]);
  assert.equal(log.of("prober-blind")[0]?.backends, 2);
  assert.equal(blindness.spots("")[0]?.backends, 2);
  assert.equal(blindness.reasonOf("b1"), cause.reason);
  blindness.forget(1);
  blindness.forget(1);
  blindness.forget(2);
  assert.equal(blindness.reasonOf("b1"), undefined);
  clock.advance(CALM_MS);
  assert.deepEqual(events(), ["prober-blind thread", "prober-restored thread"]);
  assert.equal(clock.timers, 0);
});
