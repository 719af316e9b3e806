/**
 * The guard's decisions, against the same rules in their plainest form, for random intents. And its
 * work: thousands of held intents are decided about once a second.
 */
import assert from "node:assert/strict";
import type { Config, FrontendConfig } from "../../config/model.ts";
import { IntentSet } from "../../intent/intent.ts";
import { gone } from "../../intent/rules.ts";
import { inForce } from "../../intent/weights_in_force.ts";
import { mulberry32 } from "../../../tests/support/fakes/mulberry32.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { weightWish, wish } from "../../../tests/support/worlds/member_world.ts";
import {
  decide,
  type Decision,
  type GuardInput,
  type KeyedWish,
  MAX_BATCH_SHARE,
} from "./guard.ts";
import { keyOf } from "./keys.ts";

const NAMES = ["a", "b", "c", "d", "e", "f"] as const;

/** Frontends of which some have one server alone. */
function configOf(random: () => number): Config {
  const frontends = Object.fromEntries(["web", "api", "dns"].map((name) => {
    const names = NAMES.filter(() => random() < 0.5);
    const pools = (names.length === 0 ? ["a"] : names).map((each) => `${each}:100`).join(" ");
    return [name, { pools }];
  }));
  return smallConfig({
    backends: Object.fromEntries(NAMES.map((name) => [name, {}])),
    frontends,
  });
}

function keyed(
  intent: KeyedWish["intent"],
  { revision, force = false }: { readonly revision: number; readonly force?: boolean },
): KeyedWish {
  const id = revision.toString(16).padStart(8, "0");
  return { intent, id, via: "lb1", force, plans: [], key: keyOf(intent), text: "", revision };
}

function wishesOf(random: () => number): readonly KeyedWish[] {
  const found = new Map<string, KeyedWish>();
  const count = Math.floor(random() * 6);
  for (let revision = 1; revision <= count; revision++) {
    const name = NAMES[Math.floor(random() * NAMES.length)]!;
    const scope = random() < 0.7 ? "fleet" : "lb=lb1";
    const asked = { scope, atMs: revision };
    const intent = random() < 0.3
      ? weightWish(name, 0, asked)
      : wish(random() < 0.5 ? "pause" : "disable", name, asked);
    const each = keyed(intent, { revision, force: random() < 0.15 });
    found.set(each.key, each);
  }
  return [...found.values()].sort((a, b) => a.revision - b.revision);
}

function inputOf(
  config: Config,
  wanted: readonly KeyedWish[],
  obeyed: ReadonlyMap<string, KeyedWish> = new Map(),
): GuardInput {
  const isServed = ({ pools }: FrontendConfig) =>
    pools.some(({ backends }) => backends.some(({ weight }) => weight > 0));
  return {
    wanted,
    obeyed,
    config,
    backends: new Map(),
    intents: IntentSet.EMPTY,
    isEmptied: (_, weights) => !isServed(weights),
    lb: "lb1",
    foresee: () => assert.fail("nothing was foretold"),
  };
}

/** The rules without an index: each intent is compared with everything. */
function plainly({ wanted, obeyed: before, config, isEmptied }: GuardInput): Decision {
  const obeyed = new Map<string, KeyedWish>();
  const held: { id: string; reason: string }[] = [];
  const unfit: { id: string; reason: string }[] = [];
  const fitting = wanted.filter((each) => {
    const reason = gone(each.intent, config);
    if (reason !== undefined) unfit.push({ id: each.id, reason });
    return reason === undefined;
  });
  const isObeyed = ({ key, id }: KeyedWish) => before.get(key)?.id === id;
  for (const each of fitting) if (isObeyed(each)) obeyed.set(each.key, each);
  const fresh = fitting.filter((each) => !isObeyed(each));
  const free = fresh.filter(({ force }) => !force);
  for (const each of fresh) {
    const reasons: string[] = [];
    for (const { name, pools } of config.frontends.values()) {
      for (const { name: pool, backends } of pools) {
        const touched = backends.filter((entry) =>
          free.some(({ intent }) =>
            intent.backend === entry.name &&
            (intent.kind !== "weight" || (intent.frontend === name && intent.pool === pool))
          )
        );
        const isMuch = free.length > 1 && touched.length > 1 &&
          touched.length > backends.length * MAX_BATCH_SHARE;
        if (!isMuch || !touched.some((entry) => entry.name === each.intent.backend)) continue;
        reasons.push(
          `new intents together touch ${touched.length} of ${backends.length} servers of pool ` +
            `${pool} of ${name}`,
        );
      }
    }
    const after = IntentSet.of([...obeyed.values(), each].map(({ intent }) => intent));
    for (const [name, file] of config.frontends) {
      const { intent } = each;
      if (intent.kind === "weight" && intent.frontend !== name) continue;
      const entries = file.pools.flatMap(({ backends }) => backends);
      if (!entries.some((entry) => entry.name === intent.backend)) continue;
      const weights = inForce(file, after, new Map());
      const pools = weights.pools.map((pool) => ({
        ...pool,
        backends: pool.backends.map((entry) =>
          after.ofBackend(entry.name) === undefined ? entry : { ...entry, weight: 0 }
        ),
      }));
      if (isEmptied(name, { ...weights, pools })) {
        reasons.push(`frontend ${name} would have no server`);
      }
    }
    const [reason] = reasons;
    if (each.force || reason === undefined) obeyed.set(each.key, each);
    else held.push({ id: each.id, reason });
  }
  return { obeyed, held, unfit };
}

Deno.test("decide() gives what the rules give without an index, for random intents", () => {
  const seen = { obeyed: 0, held: 0, unfit: 0 };
  for (let seed = 1; seed <= 2000; seed++) {
    const random = mulberry32(seed);
    const config = configOf(random);
    const first = inputOf(config, wishesOf(random));
    const decision = decide(first);
    assert.deepEqual(decision, plainly(first), `seed ${seed}`);
    // One that is obeyed, and others that arrive.
    const [kept] = decision.obeyed.values();
    const more = wishesOf(random).map((each) => ({ ...each, revision: each.revision + 10 }))
      .filter(({ key }) => key !== kept?.key);
    const obeyed = new Map(kept === undefined ? [] : [[kept.key, kept]]);
    const second = inputOf(config, [...obeyed.values(), ...more], obeyed);
    assert.deepEqual(decide(second), plainly(second), `seed ${seed}`);
    seen.obeyed += decision.obeyed.size;
    seen.held += decision.held.length;
    seen.unfit += decision.unfit.length;
  }
  assert.ok(seen.obeyed > 500 && seen.held > 500 && seen.unfit > 100, JSON.stringify(seen));
});

Deno.test("decide(): each held intent looks at the frontends of its backend alone", () => {
  let reads = 0;
  const count = 250;
  const names = Array.from({ length: count }, (_, at) => `b${at}`);
  const config = smallConfig({
    backends: Object.fromEntries(names.map((name) => [name, {}])),
    frontends: Object.fromEntries(names.map((name) => [`f-${name}`, { pools: `${name}:100` }])),
  });
  const frontends = new Map([...config.frontends].map(([key, file]) => {
    const pools = file.pools.map((pool) => ({
      ...pool,
      get backends() {
        reads++;
        return pool.backends;
      },
    }));
    return [key, { ...file, pools }];
  }));
  const wanted = names.map((name, at) =>
    keyed(wish("disable", name, { atMs: at }), { revision: at + 1 })
  );
  const { held } = decide(inputOf({ ...config, frontends }, wanted));
  assert.equal(held.length, count);
  // Of each with each there would be 62,500.
  assert.ok(reads < count * 10, `${reads} reads of pools`);
});
