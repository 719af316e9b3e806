/** Waves and values of rollouts: values come from a store that others write. */
import assert from "node:assert/strict";
import { wall } from "../../../../tests/support/fakes/instants.ts";
import { decodeStatus, encodeStatus, type Status } from "../values.ts";
import { answerOf, answerRecord } from "./answer.ts";
import { decodeRollout, encodeRollout, type Rollout } from "./rollout.ts";
import { parseWaves, unknownIn, type Wave, waveOf, wavesText } from "./waves.ts";

function wavesOf(text: string): readonly Wave[] {
  const waves = parseWaves(text);
  if (typeof waves === "string") assert.fail(waves);
  return waves;
}

Deno.test("waves: a name is stronger than a site, and rest is the others, in any order", () => {
  const waves = wavesOf("lb=rest, lb2 / rest/site=ams,lb9");
  const at = (lb: string, site = "") => waveOf({ lb, site }, waves);
  assert.deepEqual([at("rest"), at("lb2", "ams"), at("lb1", "ams"), at("lb9"), at("lb7", "fra")], [
    0,
    0,
    2,
    2,
    1,
  ]);
  assert.equal(waveOf({ lb: "lb7", site: "" }, wavesOf("lb1/site=ams")), undefined);
  assert.equal(wavesText(waves), "lb=rest,lb2/rest/site=ams,lb9");
  assert.deepEqual(wavesOf(wavesText(waves)), waves);
  assert.deepEqual(unknownIn(waves, [{ lb: "lb2", site: "fra" }]), ["rest", "site=ams", "lb9"]);
});

Deno.test("waves: what cannot be one is refused with the text", () => {
  for (const bad of ["", "lb1/", "lb1,,lb2", "x=y", "site=", "lb1 lb2"]) {
    assert.match(String(parseWaves(bad)), /^need names of load balancers.*not "/, bad);
  }
  assert.equal(parseWaves("lb1/site=ams/lb=lb1"), "lb1 is in two places");
  assert.equal(parseWaves("rest/rest"), "rest is in two places");
  const many = Array.from({ length: 101 }, (_, at) => `lb${at}`);
  assert.match(String(parseWaves(many.join("/"))), /at most 50 waves/);
  assert.match(String(parseWaves(many.join(","))), /at most 100 names/);
});

const ROLLOUT: Rollout = {
  id: "0123abcd",
  hash: "ab".repeat(32),
  waves: wavesOf("lb1/site=ams/rest"),
  lbs: [{ lb: "lb1", site: "" }, { lb: "lb2", site: "ams" }],
  gates: { moves: 0.3, removes: 2, bakeMs: 60_000 },
  by: { peer: "127.0.0.1:1", identity: "ann" },
  via: "lb1",
  reason: "rack 7",
  atMs: wall(1000),
  wave: 1,
  state: "open",
  stepMs: wall(2000),
  note: "next by ann",
};

Deno.test("a rollout is read as it was written; one that is spoiled is not one", () => {
  assert.deepEqual(decodeRollout(encodeRollout(ROLLOUT)), ROLLOUT);
  const byHand = { ...ROLLOUT, gates: { ...ROLLOUT.gates, bakeMs: undefined } };
  assert.deepEqual(decodeRollout(encodeRollout(byHand)), byHand);
  const record = JSON.parse(encodeRollout(ROLLOUT));
  const spoiled: Record<string, unknown> = {
    v: 2,
    id: "x",
    hash: "ab",
    waves: "lb1//",
    lbs: [["lb1"]],
    moves: 1.5,
    removes: -1,
    bake_ms: 0.5,
    peer: 7,
    reason: "two\nlines",
    wave: 3,
    state: "odd",
    at_ms: -1,
    note: "n".repeat(500),
  };
  for (const [name, value] of Object.entries(spoiled)) {
    assert.equal(decodeRollout(JSON.stringify({ ...record, [name]: value })), undefined, name);
  }
  for (const text of ["", "null", "[]", "{", " ".repeat(20_000)]) {
    assert.equal(decodeRollout(text), undefined);
  }
});

Deno.test("an answer is a part of the status; a status without one, or with a bad one, counts", () => {
  const prints = { inputs: "1f", wanted: "2e" };
  const answer = {
    id: "0123abcd",
    state: "applied",
    note: "",
    now: prints,
    before: { inputs: "", wanted: "" },
  } as const;
  const status: Status = {
    instance: "i",
    version: "1",
    site: "ams",
    wallMs: wall(1),
    applied: 1,
    configHash: "",
    held: [],
    unfit: [],
    drains: [],
  };
  assert.deepEqual(decodeStatus(encodeStatus({ ...status, rollout: answer })), {
    ...status,
    rollout: answer,
  });
  assert.deepEqual(decodeStatus(encodeStatus(status)), status);
  const record = answerRecord(answer);
  for (const bad of [{ state: "odd" }, { id: 7 }, { note: "n".repeat(201) }, { now: ["1"] }]) {
    assert.equal(answerOf({ ...record, ...bad }), undefined, JSON.stringify(bad));
    const spoiled = { ...JSON.parse(encodeStatus(status)), rollout: { ...record, ...bad } };
    assert.deepEqual(decodeStatus(JSON.stringify(spoiled)), status);
  }
});
