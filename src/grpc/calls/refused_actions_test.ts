import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { MaglevError } from "../../base/errors.ts";
import { MAX_RECORDS, MAX_RECORDS_OF_PEER, RefusedActions } from "./refused_actions.ts";

const DENIED = new MaglevError("permission-denied", "needs operator");
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function setUp() {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const actions = new RefusedActions(clock, logger);
  /** Makes calls; returns how many of them have a record of their own. */
  const calls = (count: number, peerOf: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => at)
      .filter((at) => actions.admit({ method: "PauseBackend", peer: peerOf(at), error: DENIED }))
      .length;
  const counts = () => logger.of("operator-actions-refused").map(({ count }) => count);
  return { clock, actions, calls, counts, logger };
}

Deno.test("RefusedActions gives a peer few records an hour, whatever its port", () => {
  const { clock, actions, calls, counts } = setUp();
  assert.equal(calls(12_000, (at) => `192.0.2.9:${1024 + at}`), MAX_RECORDS_OF_PEER);
  assert.equal(calls(1, () => "[2001:db8::9]:1"), 1, "another peer has its own");
  clock.advance(HOUR_MS);
  assert.deepEqual(counts(), [12_000 - MAX_RECORDS_OF_PEER]);
  assert.equal(calls(100, () => "192.0.2.9:1"), MAX_RECORDS_OF_PEER);
  actions.close();
});

Deno.test("RefusedActions gives all peers together few records an hour", () => {
  const { actions, calls } = setUp();
  assert.equal(calls(1000, (at) => `[2001:db8::${at.toString(16)}]:1`), MAX_RECORDS);
  actions.close();
});

Deno.test("RefusedActions records the number of the others at delays that double up to an hour", () => {
  const { clock, actions, calls, logger } = setUp();
  const times: number[] = [];
  for (let minute = 0; minute < 6 * 60; minute++) {
    calls(100, () => "192.0.2.9:1");
    const before = logger.of("operator-actions-refused").length;
    clock.advance(MINUTE_MS);
    if (logger.of("operator-actions-refused").length > before) times.push(minute + 1);
  }
  assert.deepEqual(times, [1, 3, 7, 15, 31, 63, 123, 183, 243, 303]);
  clock.advance(HOUR_MS);
  clock.advance(HOUR_MS);
  assert.equal(calls(MAX_RECORDS_OF_PEER + 1, () => "192.0.2.9:1"), MAX_RECORDS_OF_PEER);
  clock.advance(MINUTE_MS);
  assert.equal(
    logger.of("operator-actions-refused").at(-1)!.count,
    1,
    "after an hour without any, the first delay is short again",
  );
  actions.close();
});

Deno.test("RefusedActions records the number at its end, with the last call, and stops its timer", () => {
  const { clock, actions, calls, logger } = setUp();
  calls(MAX_RECORDS_OF_PEER + 2, (at) => `192.0.2.9:${at}`);
  actions.close();
  assert.equal(clock.timers, 0);
  assert.deepEqual(logger.of("operator-actions-refused"), [{
    ...{ count: 2, method: "PauseBackend", peer: `192.0.2.9:${MAX_RECORDS_OF_PEER + 1}` },
    ...{ result: "permission-denied", err: "needs operator" },
  }]);
});
