/** Each rule of the judges of policy_chaos.ts finds a VPP, or a log, that breaks it. */
import assert from "node:assert/strict";
import type { LogLine } from "../support/servers/daemon.ts";
import { type Cut, logFault } from "./policy_chaos_log.ts";
import {
  afterFall,
  heldAfterRise,
  type PolicyFrontend,
  type PolicyTruth,
  wrongVip,
} from "./policy_chaos_model.ts";

/** Four servers under a brake of two, and a standby pool of one. */
const WEB: PolicyFrontend = {
  address: "198.18.0.1",
  port: 1000,
  pools: [
    { members: new Map([[0, 100], [1, 100], [2, 50], [3, 10]]), maxDown: "50%" },
    { members: new Map([[4, 100]]), maxDown: undefined },
  ],
  lastGood: true,
  slowStart: false,
  minUp: undefined,
};

function truthOf(alive: string, taken = ""): PolicyTruth {
  return {
    alive: (server) => alive.includes(String(server)),
    taken: (server) => taken.includes(String(server)),
    weightOf: (_, server) =>
      WEB.pools.map(({ members }) => members.get(server)).find((weight) => weight !== undefined)!,
  };
}

/** `"100 100 50 10 0"`: weights by server. */
function found(text: string) {
  return new Map(text.split(" ").map((weight, server) => [server, Number(weight)]));
}

Deno.test("policy_chaos: the model takes what the policies allow, and nothing else", () => {
  const cases: [alive: string, taken: string, weights: string, wrong?: RegExp][] = [
    ["01234", "", "100 100 50 10 0"],
    ["01234", "", "100 100 50 10 100", /in pool 1, not in 0/],
    ["01234", "", "100 100 50 0 0", /s3 has weight 0 instead of 10/],
    ["01234", "3", "100 100 50 10 0", /s3 has weight 10 instead of 0/],
    ["01234", "", "100 100 50 10", /s4 is absent/],
    // Two may be out; the third one that fails is held.
    ["34", "", "0 0 50 10 0"],
    ["34", "", "0 0 0 10 0"],
    ["34", "", "0 100 50 10 0", /2 servers of pool 0 fail and have weight; 1 may/],
    // One that an operator took out may keep its place.
    ["3", "0", "0 100 50 10 0"],
    ["4", "", "0 0 0 0 100"],
    ["4", "", "0 100 0 0 100", /s1 has weight in pool 0, not in 1/],
    ["", "", "0 0 0 10 0"],
    ["", "", "0 0 0 0 0", /last-good keeps nothing/],
    ["", "01234", "0 0 0 0 0"],
  ];
  for (const [alive, taken, weights, wrong] of cases) {
    const truth = truthOf(alive, taken);
    const why = wrongVip("web", WEB, { truth, found: found(weights), served: true });
    assert.match(why ?? "right", wrong ?? /^right$/, `${alive} ${weights}`);
  }
  const closed = { ...WEB, lastGood: false, pools: [{ ...WEB.pools[0]!, maxDown: undefined }] };
  const weights = { truth: truthOf(""), found: found("0 0 0 10"), served: true };
  assert.match(
    wrongVip("web", closed, weights)!,
    /1 servers of pool 0 fail and have weight; 0 may/,
  );
});

Deno.test("policy_chaos: first come, first out, and one that recovers lets a held one go", () => {
  const before = found("0 100 50 10 0");
  const fall = (alive: string, victim: number, weights = before) =>
    afterFall("web", WEB, { truth: truthOf(alive), before: weights, victim });
  assert.deepEqual(fall("234", 1), found("0 0 50 10 0"));
  assert.deepEqual(fall("34", 2, found("0 0 50 10 0")), found("0 0 50 10 0"), "the brake holds it");
  assert.equal(fall("0123", 4), undefined, "no brake decides in its pool");
  const rise = (alive: string, riser: number, weights: string) =>
    heldAfterRise("web", WEB, { truth: truthOf(alive), before: found(weights), riser });
  assert.deepEqual(rise("03", 0, "0 0 50 10 0"), { pool: 0, held: 0 });
  assert.deepEqual(rise("23", 2, "0 0 50 10 0"), { pool: 0, held: 0 });
  assert.equal(rise("0", 0, "0 0 50 10 0"), undefined, "another pool served before");
});

Deno.test("policy_chaos: the log shows a held server that is cut, a fall in isolation, and a flushed drain", () => {
  const names = {
    backendAt: (address: string) => `s${address}`,
    frontendAt: () => "web",
  };
  const cuts: Cut[] = [];
  const line = (second: number, msg: string, fields: Record<string, unknown> = {}): LogLine => ({
    time: new Date(second * 1000).toISOString(),
    level: "INFO",
    msg,
    ...fields,
  });
  const at = { frontend: "web", pool: "p0", backend: "s1" };
  const held = line(0, "backend-held", at);
  const cut = line(1, "vpp-lbsync-as-weight", { vip: "v", address: "1", weight: 0, flush: true });
  assert.match(logFault([held, cut], { names, cuts })!, /web s1 is held, and gets weight 0/);
  assert.equal(logFault([held, line(0, "backend-released", at), cut], { names, cuts }), undefined);
  const drained = line(2, "operator-action", { ...at, method: "DrainBackend", result: "ok" });
  assert.equal(logFault([held, cut, drained], { names, cuts }), undefined, "its record is later");
  const isolated = line(10, "prober-isolated");
  const down = line(12, "backend-transition", { backend: "s1", to: "down" });
  const ended = line(14, "prober-isolated-ended");
  assert.match(logFault([isolated, down, ended], { names, cuts })!, /it went down in isolation/);
  assert.equal(logFault([down, isolated, ended], { names, cuts }), undefined);
  const early = line(10, "backend-transition", { backend: "s1", from: "up", to: "down" });
  cuts.push({ atMs: 9500, alive: new Set(["s1"]), untilMs: Infinity });
  assert.match(logFault([held, early, isolated], { names, cuts })!, /all targets are away/);
  assert.equal(
    logFault([held, isolated, ended, { ...early, time: ended.time }], { names, cuts }),
    undefined,
  );
  cuts[0]!.untilMs = 9600;
  assert.equal(logFault([held, early, isolated], { names, cuts }), undefined);
  const up = line(0, "backend-transition", { backend: "s1", to: "up" });
  const drain = line(0, "operator-action", { method: "DrainBackend", backend: "s1", result: "ok" });
  assert.match(logFault([up, drain, cut], { names, cuts })!, /s1 is up and drained, and flushed/);
  const late = line(2, "vpp-lbsync-done", { "duration-ms": 1500 });
  assert.equal(logFault([up, drain, cut, late], { names, cuts }), undefined, "it was sent before");
  const begun = line(2, "operator-action", { ...at, method: "DrainBackend", result: "ok" });
  assert.match(logFault([up, cut, begun], { names, cuts })!, /s1 is up and drained, and flushed/);
  assert.equal(
    logFault([up, cut, { ...begun, time: line(9, "").time }], { names, cuts }),
    undefined,
  );
  assert.equal(
    logFault([up, drain, line(1, "operator-drain-done", at), cut], { names, cuts }),
    undefined,
  );
});
