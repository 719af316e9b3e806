import assert from "node:assert/strict";
import { answerOf } from "./answer.ts";
import type { Link, LinkKind, PlaceExplanation } from "./chain.ts";

const link = (kind: LinkKind, text: string, more: Partial<Link> = {}): Link => ({
  ...{ kind, text, decides: false },
  ...more,
});
const zero = (kind: LinkKind, text: string) => link(kind, text, { weight: 0, decides: true });
const inVpp = (weight: number) => ({ weight, buckets: undefined, flows: undefined });

type Place = Pick<PlaceExplanation, "links" | "server" | "difference">;
const place = (more: Partial<Place> = {}): Place => ({
  ...{ links: [], server: inVpp(100), difference: "" },
  ...more,
});

const HEALTH = [link("probe", "failed: L4CON"), link("intent", "no operator holds it")];

Deno.test("answerOf() names the link that took the weight away", () => {
  const links = [
    link("weight", "the file's weight", { weight: 100 }),
    zero("pool", "on standby"),
    zero("max-down", "later"),
  ];
  const idle = place({ server: inVpp(0), links });
  assert.equal(answerOf(HEALTH, idle), "takes no new flows: on standby");
  // This VPP has no weights: a server without any is not there.
  assert.equal(answerOf(HEALTH, { ...idle, server: undefined }), "takes no new flows: on standby");
  const without = { ...idle, links: [] };
  assert.equal(answerOf(HEALTH, without), "takes no new flows", "without any reason");
});

Deno.test("answerOf() names the cause of a state: an operator, or a failed probe", () => {
  const idle = place({ server: inVpp(0), links: [zero("state", "down: no new flows")] });
  assert.equal(answerOf(HEALTH, idle), "takes no new flows: down: no new flows; failed: L4CON");
  const held = [...HEALTH, link("intent", "paused by an operator: update", { decides: true })];
  assert.equal(
    answerOf(held, idle),
    "takes no new flows: down: no new flows; paused by an operator: update",
  );
  assert.equal(answerOf([], idle), "takes no new flows: down: no new flows");
});

Deno.test("answerOf() puts VPP's difference first, and has no word where VPP is not known", () => {
  const difference = "VPP has 0, should have 100: on its way";
  assert.equal(
    answerOf(HEALTH, place({ server: inVpp(0), difference })),
    `takes no new flows: ${difference}`,
  );
  assert.equal(
    answerOf(HEALTH, place({ difference })),
    `takes new flows, with weight 100 in VPP: ${difference}`,
  );
  const unknown = place({ server: undefined, difference: "VPP is not connected" });
  assert.equal(answerOf(HEALTH, unknown), "VPP is not connected");
  assert.equal(answerOf(HEALTH, place()), "takes new flows, with weight 100 in VPP");
});

Deno.test("answerOf() names the policy by which a server has weight although its check fails", () => {
  const down = zero("state", "down: no new flows");
  const held = link("max-down", "held, and counts as up", { weight: 100, decides: true });
  assert.equal(
    answerOf(HEALTH, place({ links: [down, held] })),
    "takes new flows, with weight 100 in VPP; held, and counts as up; failed: L4CON",
  );
  const blind = [...HEALTH, link("prober", "probes are void: no ports", { decides: true })];
  assert.equal(
    answerOf(blind, place({ links: [zero("state", "unknown, and blind")] })),
    "takes new flows, with weight 100 in VPP; probes are void: no ports",
  );
});

Deno.test("answerOf() names what leaves a server a part of its weight, and a VIP that is withdrawn", () => {
  const links = [
    link("weight", "weighed by an operator", { weight: 50, decides: true }),
    link("state", "up", { weight: 50 }),
    link("slow-start", "step 1 of 3", { weight: 17, decides: true }),
    link("announce", "192.0.2.1/32 is withdrawn", { decides: true }),
  ];
  assert.equal(
    answerOf(HEALTH, place({ server: inVpp(17), links })),
    "takes new flows, with weight 17 in VPP; weighed by an operator; step 1 of 3; " +
      "192.0.2.1/32 is withdrawn",
  );
});
