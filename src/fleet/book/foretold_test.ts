import assert from "node:assert/strict";
import {
  boundedPlans,
  exceeds,
  type Foretold,
  plansOf,
  plansRecord,
  TOLERANCE,
} from "./foretold.ts";
import { decodeStatus, decodeValue, encodeStatus, encodeWish, MAX_VALUE_LENGTH } from "./values.ts";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { keyOf } from "./keys.ts";
import { intentId } from "../../intent/intent.ts";
import { wish } from "../../../tests/support/worlds/member_world.ts";

function plan(lb: string, shares: Readonly<Record<string, number>>, rest = 0): Foretold {
  return { lb, shares: new Map(Object.entries(shares)), rest, emptied: [] };
}

Deno.test("exceeds() holds what moves more than was foretold, frontend by frontend", () => {
  const told = plan("lb1", { web: 0.34, api: 0.05 });
  const at = (frontend: string, moved: number) => exceeds(told, [{ frontend, moved }]);
  assert.equal(at("web", 0.34 + TOLERANCE), undefined);
  assert.equal(at("api", 0.01), undefined);
  assert.equal(
    at("api", 0.3),
    "30.0 % of new flows of frontend api would move, foretold were 5.0 %",
  );
  assert.match(at("dns", 0.1)!, /foretold were 0\.0 %/, "it was not to change");
  assert.equal(exceeds(plan("lb1", {}, 0.2), [{ frontend: "dns", moved: 0.2 }]), undefined);
  assert.equal(exceeds(told, []), undefined);
});

Deno.test("plans of a hundred load balancers with long names fit into a value", () => {
  const names = Array.from({ length: 300 }, (_, at) => `${at}`.padEnd(128, "x"));
  const many = Array.from(
    { length: 101 },
    (_, at) => plan(`lb${at}`, Object.fromEntries(names.map((name, i) => [name, (i + 1) / 1000]))),
  );
  const intent = { ...wish("disable", "b", { atMs: 1 }), reason: "r".repeat(200) };
  for (const count of [1, 3, 30, 101]) {
    const plans = boundedPlans(many.slice(0, count));
    const id = intentId(intent);
    const text = encodeWish({ intent, id, via: "lb1", force: false, plans });
    assert.ok(text.length <= MAX_VALUE_LENGTH, `${count}: ${text.length}`);
    const value = decodeValue(keyOf(intent), text);
    assert.deepEqual(value.kind === "wish" && value.wish.plans, plans);
    // What is not listed may move as much as the largest of it.
    for (const { shares, rest } of plans) {
      const left = names.map((name, i) => shares.has(name) ? 0 : (i + 1) / 1000);
      assert.ok(rest >= Math.max(...left), `${count}: ${rest}`);
    }
  }
  assert.ok(boundedPlans(many.slice(0, 3))[0]!.shares.size > 5);
});

Deno.test("a status with many long reasons and drains fits into a value", () => {
  const id = (at: number) => at.toString(16).padStart(8, "0");
  const list = Array.from({ length: 60 }, (_, at) => ({ id: id(at), reason: "r".repeat(200) }));
  const drains = list.map(({ id }) => ({
    id,
    state: "draining" as const,
    flows: 7,
    note: "n".repeat(200),
  }));
  const status = {
    instance: "i",
    version: "1",
    site: "",
    wallMs: wall(1),
    applied: 7,
    configHash: "h",
  };
  const all = decodeStatus(encodeStatus({ ...status, held: list, unfit: list, drains }));
  assert.ok(all !== undefined && all.held.length > 10 && all.drains.length > 10);
  const few = decodeStatus(encodeStatus({ ...status, held: [], unfit: [], drains }));
  assert.equal(few?.drains.length, 50);
  assert.deepEqual(few?.drains[0], drains[0]);
  const none = decodeStatus(encodeStatus({ ...status, held: [], unfit: [], drains: [] }));
  assert.deepEqual(none?.drains, []);
});

Deno.test("plansOf() takes valid plans alone", () => {
  const good = plansRecord([plan("lb1", { web: 0.5 }, 0.1)]);
  assert.deepEqual(plansOf(undefined), []);
  assert.deepEqual(plansOf(structuredClone(good)), [plan("lb1", { web: 0.5 }, 0.1)]);
  const [one] = good;
  const bad: unknown[] = [
    null,
    {},
    [null],
    [{ ...one, lb: "" }],
    [{ ...one, lb: "a\nb" }],
    [{ ...one, rest: 1.1 }],
    [{ ...one, rest: "0" }],
    [{ ...one, shares: [["web", -0.1]] }],
    [{ ...one, shares: [["web", NaN]] }],
    [{ ...one, shares: [["web"]] }],
    [{ ...one, shares: {} }],
    [{ ...one, emptied: [7] }],
    [one, one],
    Array.from({ length: 101 }, (_, at) => ({ ...one, lb: `lb${at}` })),
  ];
  for (const each of bad) assert.equal(plansOf(each), undefined, JSON.stringify(each));
});
