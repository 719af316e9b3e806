import assert from "node:assert/strict";
import { FleetLb } from "../../tests/support/worlds/fleet_world.ts";
import type { LbReport } from "./compare.ts";
import { fleetsIn } from "./relatives.ts";

/** A load balancer with these frontends. */
function report(lb: string, ...frontends: string[]): LbReport {
  const all = ["web", "api", "mail", "dns"];
  const config = {
    backends: { a: {} },
    frontends: Object.fromEntries(
      frontends.map((name) => [
        name,
        { pools: "a", address: "192.0.2.1", port: 1000 + all.indexOf(name) },
      ]),
    ),
  };
  return { lb, answer: new FleetLb(lb, { config }).answer() };
}

function names(reports: readonly LbReport[]): string[][] {
  return fleetsIn(reports).map((set) => set.map(({ lb }) => lb));
}

Deno.test("fleetsIn() puts load balancers together that share a VIP, directly or through another", () => {
  assert.deepEqual(names([]), []);
  assert.deepEqual(names([report("a", "web"), report("b", "web")]), [["a", "b"]]);
  assert.deepEqual(
    names([report("a", "web"), report("b", "mail"), report("c", "web"), report("d", "mail")]),
    [["a", "c"], ["b", "d"]],
  );
  // The last one joins two sets.
  assert.deepEqual(
    names([report("a", "web"), report("b", "api"), report("c", "dns"), report("d", "web", "api")]),
    [["a", "b", "d"], ["c"]],
  );
  assert.deepEqual(
    names([report("a", "web"), report("b", "api"), report("c", "api"), report("d", "api", "web")]),
    [["a", "b", "c", "d"]],
  );
});

Deno.test("fleetsIn() leaves those that did not answer with the first set", () => {
  const away: LbReport = { lb: "away", answer: "no answer" };
  assert.deepEqual(names([away]), [["away"]]);
  assert.deepEqual(names([away, report("a", "web"), report("b", "mail")]), [["a", "away"], ["b"]]);
});
