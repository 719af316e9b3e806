import assert from "node:assert/strict";
import fc from "fast-check";
import { propertyRuns } from "../../tests/support/fakes/fuzz.ts";
import {
  afterWords,
  AGENT_READY,
  agentText,
  agentWords,
  loweredState,
  loweredWeight,
} from "./agent.ts";
import type { CountedState } from "./state.ts";

const said = (...lines: readonly string[]) =>
  lines.reduce((state, line) => afterWords(state, agentWords(line)), AGENT_READY);

Deno.test("agentWords() has the words of HAProxy's agent-check, and a mark for others", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["up\n", "up"],
    ["UP Ready\r\n", "up ready"],
    ["75%", "75%"],
    ["up,50%\tready", "up 50% ready"],
    ["0%", "0%"],
    ["250%", "100%"],
    ["down # 99% of the disk is full", "down"],
    ["stopped#x", "stopped"],
    ["fail # disk full", "fail"],
    ["drain maxconn:30", "drain ?"],
    ["hello world", "?"],
    ["-5%", "?"],
    ["5.5%", "?"],
    ["", ""],
    ["# up", ""],
  ];
  for (const [line, words] of cases) assert.equal(agentWords(line), words, line);
});

Deno.test("agentWords() is short and plain for any line", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (line) => {
      const words = agentWords(line);
      assert.match(words, /^((up|ready|drain|maint|down|fail|failed|stopped|\d{1,3}%|\?)( |$))*$/);
      assert.equal(agentWords(words.replace(" ?", "")), words.replace(" ?", ""));
    }),
    propertyRuns(100),
  );
});

Deno.test("afterWords(): up ends down alone, ready ends drain and maint, a share stays", () => {
  assert.deepEqual(said("down", "75%"), { down: true, admin: "ready", percent: 75 });
  for (const word of ["down", "fail", "failed", "stopped"]) assert.equal(said(word).down, true);
  assert.deepEqual(said("down drain 10%", "up"), { down: false, admin: "drain", percent: 10 });
  assert.deepEqual(said("down maint", "ready"), { ...AGENT_READY, down: true });
  assert.deepEqual(said("drain", "maint", "unknown words"), { ...AGENT_READY, admin: "maint" });
  assert.deepEqual(said("maint 5%", "up ready 100%"), AGENT_READY);
});

const agents = fc.record({
  down: fc.boolean(),
  admin: fc.constantFrom("ready" as const, "drain" as const, "maint" as const),
  percent: fc.nat(100),
});

Deno.test("an agent never raises a weight, and any share above 0 leaves some of it", () => {
  fc.assert(fc.property(fc.nat(100), agents, (weight, agent) => {
    const lowered = loweredWeight(weight, agent);
    assert.ok(lowered >= 0 && lowered <= weight);
    assert.equal(lowered > 0, weight > 0 && agent.percent > 0 && agent.admin === "ready");
  }));
  assert.equal(loweredWeight(100, { ...AGENT_READY, percent: 33 }), 33);
  assert.equal(loweredWeight(10, { ...AGENT_READY, percent: 75 }), 8);
  assert.equal(loweredWeight(7, undefined), 7);
});

Deno.test("loweredState() takes a server out that could serve, and changes no other state", () => {
  const down = { ...AGENT_READY, down: true };
  const maint = { ...AGENT_READY, admin: "maint" } as const;
  const all: CountedState[] = ["unknown", "up", "down", "paused", "disabled", "removed", "blind"];
  all.push("damped");
  for (const state of all) {
    const serves = ["up", "blind", "damped"].includes(state);
    assert.equal(loweredState(state, down), serves ? "down" : state);
    assert.equal(loweredState(state, maint), serves ? "paused" : state);
    for (const agent of [undefined, AGENT_READY, said("drain"), said("0%")]) {
      assert.equal(loweredState(state, agent), state);
    }
  }
  assert.equal(loweredState("up", { ...maint, down: true }), "down");
});

Deno.test("agentText() is empty while the agent takes nothing away", () => {
  assert.equal(agentText(AGENT_READY), "");
  assert.equal(agentText(said("down maint 5%")), "down, maint, 5 %");
});
