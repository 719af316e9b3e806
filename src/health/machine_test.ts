import assert from "node:assert/strict";
import fc from "fast-check";
import { wall } from "../../tests/support/fakes/instants.ts";
import {
  countedState,
  createBackend,
  isProbed,
  restart,
  STATIC_PASS,
  step,
  withHistoryCapacity,
} from "./machine.ts";
import {
  type Backend,
  BACKEND_STATE_NUMBER,
  type BackendState,
  type HealthEvent,
  type HealthPolicy,
  type ProbeResult,
} from "./state.ts";

const STATES = Object.keys(BACKEND_STATE_NUMBER) as BackendState[];
const POLICY = { rise: 2, fall: 3 };
const PASS: ProbeResult = { ok: true, layer: "L4", code: "L4OK", detail: "", durationMs: 1 };
const FAIL: ProbeResult = {
  ok: false,
  layer: "L4",
  code: "L4CON",
  detail: "connection refused",
  durationMs: 1,
};
const pass: HealthEvent = { kind: "probe", result: PASS };
const fail: HealthEvent = { kind: "probe", result: FAIL };

function fresh(options: Partial<Parameters<typeof createBackend>[1]> = {}): Backend {
  return createBackend("nginx0", {
    policy: POLICY,
    enabled: true,
    historyCapacity: 5,
    nowMs: wall(1000),
    ...options,
  });
}

Deno.test("the expiry of a certificate stays until another appears or the definition changes", () => {
  const seeing = (expiryMs: number, result = PASS): HealthEvent => (
    {
      kind: "probe",
      result: {
        ...result,
        certificateExpiryMs: wall(expiryMs),
        certificateName: `of ${expiryMs}`,
      },
    }
  );
  let backend = must(step(fresh(), seeing(5e12, FAIL), wall(2000)));
  assert.equal(backend.certificateExpiryMs, 5e12, "also of a certificate that was not accepted");
  for (const event of [fail, pass, { kind: "pause" }, { kind: "resume" }, fail] as const) {
    backend = must(step(backend, event, wall(3000)));
    assert.equal(backend.certificateExpiryMs, 5e12);
  }
  backend = must(step(backend, seeing(6e12), wall(4000)));
  assert.equal(backend.certificateExpiryMs, 6e12);
  assert.equal(backend.certificateName, `of ${6e12}`);
  backend = must(restart(backend, { policy: POLICY, nowMs: wall(5000) }));
  assert.equal("certificateExpiryMs" in backend, false);
  assert.equal("certificateName" in backend, false);
});

/** A backend brought into `state` by events. */
function inState(state: BackendState): Backend {
  const paths: Record<BackendState, HealthEvent[]> = {
    unknown: [],
    up: [pass, pass, pass],
    down: [fail],
    paused: [pass, { kind: "pause" }],
    disabled: [pass, { kind: "disable" }],
    removed: [{ kind: "remove" }],
  };
  const backend = paths[state].reduce((b, event) => must(step(b, event, wall(2000))), fresh());
  assert.equal(backend.state, state);
  return backend;
}

function must(result: ReturnType<typeof step>): Backend {
  assert.ok(result.ok, result.ok ? "" : result.message);
  return result.backend;
}

Deno.test("createBackend begins in unknown, or in disabled when the file disables it", () => {
  assert.deepEqual(fresh(), {
    name: "nginx0",
    state: "unknown",
    counter: 1,
    enabled: true,
    policy: { rise: 2, fall: 3 },
    history: [],
    historyCapacity: 5,
    sinceMs: 1000,
    lastResult: undefined,
  });
  const disabled = fresh({ enabled: false, policy: undefined });
  assert.equal(disabled.state, "disabled");
  assert.equal(disabled.enabled, false);
  assert.deepEqual(disabled.policy, { rise: 1, fall: 1 });
});

Deno.test("step: every event in every state", () => {
  // kept: no transition; refused: not allowed; otherwise the next state
  const table: Record<BackendState, Record<string, string>> = {
    unknown: {
      pass: "up",
      fail: "down",
      pause: "paused",
      resume: "kept",
      disable: "disabled",
      enable: "kept",
      remove: "removed",
    },
    up: {
      pass: "kept",
      fail: "kept",
      pause: "paused",
      resume: "kept",
      disable: "disabled",
      enable: "kept",
      remove: "removed",
    },
    down: {
      pass: "kept",
      fail: "kept",
      pause: "paused",
      resume: "kept",
      disable: "disabled",
      enable: "kept",
      remove: "removed",
    },
    paused: {
      pass: "kept",
      fail: "kept",
      pause: "kept",
      resume: "unknown",
      disable: "disabled",
      enable: "kept",
      remove: "removed",
    },
    disabled: {
      pass: "kept",
      fail: "kept",
      pause: "refused",
      resume: "refused",
      disable: "kept",
      enable: "unknown",
      remove: "removed",
    },
    removed: {
      pass: "kept",
      fail: "kept",
      pause: "refused",
      resume: "refused",
      disable: "refused",
      enable: "refused",
      remove: "kept",
    },
  };
  for (const state of STATES) {
    for (const [kind, expected] of Object.entries(table[state])) {
      const event = kind === "pass"
        ? pass
        : kind === "fail"
        ? fail
        : { kind: kind as "pause" | "resume" | "disable" | "enable" | "remove" };
      const before = inState(state);
      const result = step(before, event, wall(3000));
      const name = `${kind} in ${state}`;
      const outcome = !result.ok ? "refused" : result.transition?.to ?? "kept";
      assert.equal(outcome, expected, name);
      if (!result.ok) {
        assert.equal(result.message, `cannot ${kind} backend "nginx0": it is ${state}`);
        continue;
      }
      assert.equal(result.backend.state, result.transition?.to ?? state, name);
      assert.equal(result.transition?.from ?? state, state, name);
      assert.equal(result.backend.sinceMs, result.transition ? 3000 : before.sinceMs, name);
    }
  }
});

Deno.test("step: a transition carries from, to, time and the result that caused it", () => {
  const down = step(fresh(), fail, wall(1234));
  assert.ok(down.ok);
  assert.deepEqual(down.transition, { from: "unknown", to: "down", atMs: 1234, result: FAIL });
  assert.deepEqual(down.backend.history, [down.transition]);
  const codes: [BackendState, HealthEvent["kind"], string][] = [
    ["up", "pause", "paused"],
    ["paused", "resume", "resumed"],
    ["up", "disable", "disabled"],
    ["disabled", "enable", "enabled"],
    ["up", "remove", "removed"],
  ];
  for (const [state, kind, code] of codes) {
    const result = step(inState(state), { kind } as HealthEvent, wall(5));
    assert.ok(result.ok);
    assert.deepEqual(
      result.transition?.result,
      { ok: false, layer: "", code, detail: "", durationMs: 0 },
      kind,
    );
  }
});

Deno.test("step: entering unknown sets the counter to rise - 1 and forgets the last result", () => {
  for (const [state, kind] of [["paused", "resume"], ["disabled", "enable"]] as const) {
    const before = inState(state);
    assert.notEqual(before.counter, 1);
    assert.notEqual(before.lastResult, undefined);
    const after = must(step(before, { kind }, wall(9)));
    assert.equal(after.counter, 1);
    assert.equal(after.lastResult, undefined);
    assert.equal(must(step(after, pass, wall(10))).state, "up");
    const failed = must(step(after, fail, wall(10)));
    assert.equal(failed.state, "down");
    assert.equal(failed.counter, 0);
  }
});

Deno.test("step: history is kept over pause and resume, disable and enable", () => {
  const events: HealthEvent[] = [
    pass,
    { kind: "pause" },
    { kind: "resume" },
    { kind: "disable" },
    { kind: "enable" },
  ];
  const backend = events.reduce((b, event, i) => must(step(b, event, wall(i))), fresh());
  assert.deepEqual(
    backend.history.map((t) => `${t.from} ${t.to} ${t.result.code}`),
    [
      "unknown up L4OK",
      "up paused paused",
      "paused unknown resumed",
      "unknown disabled disabled",
      "disabled unknown enabled",
    ],
  );
});

Deno.test("step: disable and enable go by the state and repair an inconsistent enabled flag", () => {
  const disabledButEnabled = { ...inState("disabled"), enabled: true };
  const repaired = step(disabledButEnabled, { kind: "disable" }, wall(1));
  assert.ok(repaired.ok && repaired.transition === undefined);
  assert.equal(repaired.backend.enabled, false);
  const upButNotEnabled = { ...inState("up"), enabled: false };
  const enabled = step(upButNotEnabled, { kind: "enable" }, wall(1));
  assert.ok(enabled.ok && enabled.transition === undefined);
  assert.equal(enabled.backend.enabled, true);
  assert.equal(enabled.backend.state, "up");
});

Deno.test("step: a result in a state that is not probed is dropped: the same value is returned", () => {
  for (const state of ["paused", "disabled", "removed"] as const) {
    const before = inState(state);
    for (const event of [pass, fail]) {
      const result = step(before, event, wall(9));
      assert.ok(result.ok);
      assert.equal(result.backend, before, state);
    }
  }
});

Deno.test("step: the synthetic pass of a static backend makes it up immediately, with a full counter", () => {
  const backend = must(
    step(fresh({ policy: undefined }), { kind: "probe", result: STATIC_PASS }, wall(1)),
  );
  assert.equal(backend.state, "up");
  assert.equal(backend.counter, 1);
  assert.equal(backend.history[0]?.result.code, "static");
});

const NEW_POLICY = { rise: 4, fall: 2 };

Deno.test("restart: checked from the beginning, but paused and disabled stay so; history kept", () => {
  const expected: Record<BackendState, BackendState | "refused"> = {
    unknown: "unknown",
    up: "unknown",
    down: "unknown",
    paused: "paused",
    disabled: "disabled",
    removed: "refused",
  };
  for (const state of STATES) {
    const before = inState(state);
    const result = restart(before, { policy: NEW_POLICY, nowMs: wall(77) });
    const to = expected[state];
    assert.equal(result.ok ? result.backend.state : "refused", to, state);
    if (!result.ok) continue;
    const { counter, policy, lastResult, standing, history } = result.backend;
    assert.deepEqual(
      [counter, standing],
      state === "up" ? [5, "carried"] : [3, undefined],
      `${state}: only what was up is carried`,
    );
    assert.deepEqual([policy, lastResult], [NEW_POLICY, undefined]);
    assert.equal(result.transition?.to, state === to ? undefined : to, state);
    assert.deepEqual(history.slice(0, before.history.length), before.history);
  }
});

/** A backend that was up when its check changed. */
function carriedBackend(): Backend {
  return must(restart(inState("up"), { policy: NEW_POLICY, nowMs: wall(77) }));
}

const after = (backend: Backend, ...events: HealthEvent[]) =>
  events.reduce((b, event) => must(step(b, event, wall(99))), backend);

Deno.test("a carried backend is up by one pass, and down only by `fall` failures in a row", () => {
  const carried = carriedBackend();
  assert.equal(countedState(carried), "up");
  const up = after(carried, pass);
  assert.deepEqual([up.state, up.counter, "standing" in up], ["up", 5, false]);
  const failedOnce = after(carried, fail);
  assert.deepEqual([failedOnce.state, countedState(failedOnce)], ["unknown", "up"]);
  assert.equal(failedOnce.lastResult, FAIL);
  const down = after(failedOnce, fail);
  assert.deepEqual([down.state, down.counter, "standing" in down], ["down", 0, false]);
  assert.equal(after(failedOnce, pass).state, "up");
});

Deno.test("a carried backend whose check stays silent becomes an ordinary unknown one", () => {
  const dropped = after(carriedBackend(), { kind: "drop" });
  assert.deepEqual([dropped.state, countedState(dropped), dropped.counter], [
    "unknown",
    "unknown",
    3,
  ]);
  assert.equal(after(dropped, fail).state, "down");
  const up = inState("up");
  assert.equal(after(up, { kind: "drop" }), up);
});

Deno.test("a second change of the check does not forget the failures of a carried backend", () => {
  const failedOnce = after(carriedBackend(), fail);
  const again = must(restart(failedOnce, { policy: { rise: 2, fall: 3 }, nowMs: wall(88) }));
  assert.deepEqual([again.standing, again.counter], ["carried", 3]);
  assert.equal(after(again, fail).state, "unknown");
  assert.equal(after(again, fail, fail).state, "down");
  const shorter = must(restart(failedOnce, { policy: { rise: 2, fall: 1 }, nowMs: wall(88) }));
  assert.equal(countedState(shorter), "up", "one more failure is needed all the same");
  assert.equal(after(shorter, fail).state, "down");
});

Deno.test("an operator's pause or disable ends carrying", () => {
  for (const kind of ["pause", "disable"] as const) {
    const out = after(carriedBackend(), { kind });
    assert.equal("standing" in out, false);
    const back = after(out, { kind: kind === "pause" ? "resume" : "enable" });
    assert.deepEqual([back.state, countedState(back), back.counter], ["unknown", "unknown", 3]);
  }
});

Deno.test("a backend is blind while it is unknown with void probes only; any result ends it", () => {
  const blind = after(fresh(), { kind: "void" });
  assert.deepEqual([blind.state, countedState(blind)], ["unknown", "blind"]);
  assert.equal(after(blind, { kind: "void" }), blind);
  assert.deepEqual([after(blind, pass).state, after(blind, fail).state], ["up", "down"]);
  assert.equal("standing" in after(blind, pass), false);
  for (const state of ["up", "down", "paused"] as const) {
    const backend = inState(state);
    assert.equal(after(backend, { kind: "void" }), backend, state);
  }
  const carried = carriedBackend();
  assert.equal(after(carried, { kind: "void" }), carried, "carried goes before blind");
});

Deno.test("withHistoryCapacity drops the oldest transitions, and returns the same value if nothing changes", () => {
  const backend = inState("paused");
  assert.equal(withHistoryCapacity(backend, 5), backend);
  const cut = withHistoryCapacity(backend, 1);
  assert.deepEqual(cut.history.map((t) => t.to), ["paused"]);
  assert.equal(withHistoryCapacity(cut, 9).history.length, 1);
  assert.equal(must(step(cut, { kind: "resume" }, wall(1))).history.length, 1);
});

/**
 * HAProxy's rule as a ladder of named rungs with an edge for each result, built per policy: rise
 * rungs of "down" below, fall rungs of "up" above, and "unknown" next to it. Nothing is counted: a
 * result follows its edge. A pass climbs a rung of "down" and leads to the top from any other. A
 * failure descends a rung of "up" and leads to the bottom from any other.
 */
interface Rung {
  readonly state: "unknown" | "up" | "down";
  pass: Rung;
  fail: Rung;
}

function ladder(policy: HealthPolicy): { unknown: Rung; rungs: Rung[] } {
  const make = (state: Rung["state"]): Rung => {
    const rung = { state } as Rung;
    rung.pass = rung.fail = rung;
    return rung;
  };
  const rungs = [
    ...Array.from({ length: policy.rise }, () => make("down")),
    ...Array.from({ length: policy.fall }, () => make("up")),
  ];
  const [bottom, top] = [rungs[0]!, rungs.at(-1)!];
  rungs.forEach((rung, i) => {
    rung.pass = rung.state === "down" && i + 1 < policy.rise ? rungs[i + 1]! : top;
    rung.fail = rung.state === "up" && i > policy.rise ? rungs[i - 1]! : bottom;
  });
  const unknown = make("unknown");
  unknown.pass = top;
  unknown.fail = bottom;
  return { unknown, rungs };
}

const policies = fc.record({
  rise: fc.integer({ min: 1, max: 6 }),
  fall: fc.integer({ min: 1, max: 6 }),
});

/** Long runs of one result, so that the ends of the counter are reached. */
const results = fc.array(
  fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 8 })),
  { maxLength: 20 },
).map((runs) => runs.flatMap(([ok, n]) => Array<boolean>(n).fill(ok)));

Deno.test("step agrees with a ladder built from HAProxy's rule", () => {
  fc.assert(fc.property(policies, results, (policy, oks) => {
    const { unknown, rungs } = ladder(policy);
    let rung = unknown;
    let backend = fresh({ policy });
    for (const ok of oks) {
      const before = rung;
      rung = ok ? rung.pass : rung.fail;
      const result = step(backend, ok ? pass : fail, wall(1));
      assert.ok(result.ok);
      backend = result.backend;
      assert.equal(backend.state, rung.state);
      assert.equal(backend.counter, rungs.indexOf(rung));
      assert.equal(result.transition !== undefined, before.state !== rung.state);
    }
  }));
});

const events: fc.Arbitrary<HealthEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(pass) },
  { weight: 4, arbitrary: fc.constant(fail) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<HealthEvent>(
      { kind: "pause" },
      { kind: "resume" },
      { kind: "disable" },
      { kind: "enable" },
    ),
  },
);

Deno.test("step: invariants over any sequence of events", () => {
  fc.assert(fc.property(
    policies,
    fc.array(events, { maxLength: 80 }),
    fc.integer({ min: 1, max: 4 }),
    fc.boolean(),
    (policy, sequence, historyCapacity, enabled) => {
      let backend = fresh({ policy, historyCapacity, enabled });
      let transitions = 0;
      sequence.forEach((event, i) => {
        const before = backend;
        const copy = structuredClone(before);
        const result = step(backend, event, wall(i));
        assert.deepEqual(before, copy, "the old value must not change");
        if (!result.ok) return;
        backend = result.backend;
        if (result.transition !== undefined) {
          transitions++;
          assert.notEqual(result.transition.from, result.transition.to);
          assert.equal(result.transition.from, before.state);
          assert.equal(backend.history.at(-1), result.transition);
          assert.equal(backend.sinceMs, i);
        }
        assert.ok(backend.counter >= 0 && backend.counter <= policy.rise + policy.fall - 1);
        assert.equal(backend.enabled, backend.state !== "disabled");
        assert.equal(backend.history.length, Math.min(transitions, historyCapacity));
        if (backend.state === "up") assert.ok(backend.counter >= policy.rise);
        if (backend.state === "down") assert.ok(backend.counter < policy.rise);
        if (backend.state === "unknown") assert.equal(backend.counter, policy.rise - 1);
        for (let k = 1; k < backend.history.length; k++) {
          assert.equal(backend.history[k - 1]!.to, backend.history[k]!.from, "an unbroken chain");
        }
        // A repeated operator's action changes nothing more.
        if (event.kind !== "probe") {
          const again = step(backend, event, wall(i + 0.5));
          assert.ok(again.ok && again.transition === undefined && again.backend === backend);
        }
      });
      assert.equal(isProbed(backend.state), ["unknown", "up", "down"].includes(backend.state));
    },
  ));
});

Deno.test("step: no event changes a removed backend", () => {
  fc.assert(fc.property(fc.array(events, { maxLength: 20 }), (sequence) => {
    const removed = inState("removed");
    for (const event of sequence) {
      const result = step(removed, event, wall(1));
      if (result.ok) assert.equal(result.backend, removed);
    }
  }));
});
