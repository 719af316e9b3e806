import assert from "node:assert/strict";
import type { ExplainedPlace, ExplainLink } from "../../protocol.ts";
import { verdictOf, withoutTraffic } from "./explain.ts";

const link = (kind: string, text: string, more: Partial<ExplainLink> = {}): ExplainLink => ({
  ...{ kind, text, decides: false },
  ...more,
});

function place(more: Partial<ExplainedPlace> = {}): ExplainedPlace {
  return {
    ...{ frontend: "web", pool: "main", backend: "b0", address: "10.0.0.1", state: "up" },
    ...{ links: [], weight: 100, effective_weight: 100, vpp_weight: 100, difference: "" },
    ...more,
  };
}

const HEALTH = [link("probe", "failed: L4CON"), link("intent", "no operator holds it")];
const zero = (kind: string, text: string) => link(kind, text, { weight: 0, decides: true });

Deno.test("verdictOf() names the link that took the weight away", () => {
  const of = (health: readonly ExplainLink[], more: Partial<ExplainedPlace>) => {
    const { text, mark } = verdictOf(health, place({ effective_weight: 0, ...more }));
    return `${mark}: ${text}`;
  };
  const links = [
    link("weight", "the file's weight", { weight: 100 }),
    zero("pool", "on standby"),
    zero("brake", "later"),
  ];
  assert.equal(of(HEALTH, { vpp_weight: 0, links }), "removed: takes no new flows: on standby");
  // This VPP has no weights: a server without any is not there.
  const { vpp_weight: _, ...gone } = place({ effective_weight: 0, links });
  assert.equal(verdictOf(HEALTH, gone).text, "takes no new flows: on standby");
  const held = of(HEALTH, { vpp_weight: 0, links: [zero("max-down", "held back by a brake")] });
  assert.equal(held, "removed: takes no new flows: held back by a brake", "of a kind it never saw");
  assert.equal(of(HEALTH, { vpp_weight: 0 }), "removed: takes no new flows", "without any reason");
});

Deno.test("verdictOf() gives what is behind a state: an operator, a blind prober, a failed probe", () => {
  const links = [zero("state", "down: no new flows")];
  const idle = place({ state: "down", vpp_weight: 0, effective_weight: 0, links });
  const of = (health: readonly ExplainLink[]) => verdictOf(health, idle).text;
  assert.equal(verdictOf(HEALTH, idle).mark, "down");
  assert.equal(of(HEALTH), "takes no new flows: down: no new flows; failed: L4CON");
  const held = [...HEALTH, link("intent", "paused by an operator: update", { decides: true })];
  assert.equal(of(held), "takes no new flows: down: no new flows; paused by an operator: update");
});

Deno.test("verdictOf() puts VPP's difference first, and has no word where VPP is not known", () => {
  const difference = "VPP has 0, should have 100: on its way";
  assert.deepEqual(verdictOf(HEALTH, place({ vpp_weight: 0, difference })), {
    text: `takes no new flows: ${difference}`,
    mark: "disagrees",
  });
  assert.equal(
    verdictOf(HEALTH, place({ difference })).text,
    `takes new flows, with weight 100 in VPP: ${difference}`,
  );
  const { vpp_weight: _, ...unknown } = place({ difference: "VPP is not connected" });
  assert.equal(verdictOf(HEALTH, unknown).text, "VPP is not connected");
  assert.deepEqual(verdictOf(HEALTH, place()), {
    text: "takes new flows, with weight 100 in VPP",
    mark: "up",
  });
});

Deno.test("withoutTraffic() keeps servers without flows, and those that differ", () => {
  const { vpp_weight: _, ...gone } = place({ backend: "gone" });
  const servers = [
    place({ backend: "well" }),
    place({ backend: "zero", vpp_weight: 0 }),
    place({ backend: "differs", difference: "x" }),
    gone,
  ];
  assert.deepEqual(withoutTraffic(servers).map(({ backend }) => backend), [
    "zero",
    "differs",
    "gone",
  ]);
});
