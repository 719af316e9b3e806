import assert from "node:assert/strict";
import { monotonic, wall } from "../../tests/support/fakes/instants.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { frontendHealth } from "../health/frontend.ts";
import { later, NEVER_MS } from "../base/instant.ts";
import type { BackendState } from "../health/state.ts";
import { Registry } from "./registry.ts";
import { frontendsInForce } from "../intent/weights_in_force.ts";
import { weightOf } from "../config/pool_weights.ts";
import { IntentSet } from "../intent/intent.ts";
import { created } from "./reload.ts";

const config = smallConfig({
  backends: { a: {}, b: {}, c: {} },
  frontends: { web: { pools: "a:100 b:50 | a:5" }, api: { pools: "b:7" }, none: { pools: "c" } },
});

function registryWith(states: Readonly<Record<string, BackendState>>): Registry {
  return new Registry(
    config,
    new Map([...config.backends].map(([name, backend]) => {
      const begun = created(config, backend, wall(0));
      return [name, { ...begun, state: states[name] ?? begun.state }];
    })),
  );
}

Deno.test("Registry.frontendsOf() returns each frontend once, in the file's order", () => {
  const registry = registryWith({});
  assert.deepEqual(registry.frontendsOf("a"), ["web"]);
  assert.deepEqual(registry.frontendsOf("b"), ["web", "api"]);
  assert.deepEqual(registry.frontendsOf("zz"), []);
});

Deno.test("Registry: views follow from the backends from the beginning", () => {
  const { frontends, backends } = registryWith({ b: "up" }).snapshot();
  assert.deepEqual([...backends.keys()], ["a", "b", "c"]);
  assert.deepEqual([...frontends.values()].map((v) => [v.name, v.state, v.effectiveWeights]), [
    ["web", "up", [[0, 50], [0]]],
    ["api", "up", [[7]]],
    ["none", "unknown", [[0]]],
  ]);
});

Deno.test("Registry.refresh() evaluates the named frontends and returns which changed", () => {
  const registry = registryWith({});
  registry.setBackend({ ...registry.backend("b")!, state: "up" });
  const { views, changes } = registry.refresh(["web"]);
  assert.deepEqual(changes, [{ name: "web", from: "unknown", to: "up" }]);
  assert.deepEqual(views, [registry.frontend("web")]);
  assert.equal(registry.frontend("api")?.state, "unknown");
  assert.deepEqual(registry.refresh(["api", "web", "none"]).changes, [
    { name: "api", from: "unknown", to: "up" },
  ]);
  assert.throws(() => registry.refresh(["zz"]), /no frontend zz/);
});

Deno.test("Registry: `current` follows the next step, a snapshot does not", () => {
  const registry = registryWith({});
  const { current } = registry;
  const before = registry.snapshot();
  assert.equal(registry.snapshot(), before);
  registry.setBackend({ ...registry.backend("b")!, state: "up" });
  registry.refresh(["web", "api"]);
  assert.equal(current.backends.get("b")?.state, "up");
  assert.deepEqual(current.frontends.get("api")?.effectiveWeights, [[7]]);
  assert.equal(before.backends.get("b")?.state, "unknown");
  assert.deepEqual(before.frontends.get("api")?.effectiveWeights, [[0]]);
  assert.deepEqual([...registry.snapshot().backends], [...current.backends]);
});

Deno.test("Registry.invalidate() evaluates a frontend before it is read next", () => {
  const registry = registryWith({});
  const kept = () => registry.current.frontends.get("api")!.servers.map(({ keep }) => keep);
  assert.deepEqual(kept(), [undefined]);
  registry.setBackend({ ...registry.backend("b")!, standing: "blind" });
  registry.invalidate("b");
  assert.deepEqual(kept(), [true]);
  assert.deepEqual(registry.snapshot().frontends.get("web")?.servers.at(1)?.keep, true);
});

const BY = {
  by: { peer: "unix", identity: "" },
  reason: "",
  sinceMs: wall(0),
  untilMs: undefined,
};
const OVERRIDE = { frontend: "web", pool: "pool0", backend: "a", weight: 9 };
const WEIGHT = { ...OVERRIDE, ...BY, kind: "weight", instead: 100 } as const;

Deno.test("Registry.reweigh touches one entry of one pool", () => {
  const registry = registryWith({ a: "up", b: "up" });
  const override = OVERRIDE;
  registry.setIntents(IntentSet.of([WEIGHT]));
  registry.reweigh("web");
  registry.refresh(["web"]);
  const view = registry.frontend("web")!;
  assert.deepEqual(view.effectiveWeights, [[9, 50], [0]]);
  assert.equal(weightOf(view.config, { pool: "pool1", backend: "a" }), 5);
  assert.equal(weightOf(config.frontends.get("web"), override), 100, "the file's stays");
});

Deno.test("a drain takes the weight of a backend in every pool, and wins over a set weight", () => {
  const registry = registryWith({ a: "up", b: "up" });
  const drain = { ...BY, kind: "drain", backend: "a", then: "disable", untilMs: wall(9) } as const;
  const intents = IntentSet.of([WEIGHT, drain]);
  registry.setIntents(intents);
  for (const frontend of registry.frontendsOf("a")) registry.reweigh(frontend);
  registry.refresh(registry.frontendsOf("a"));
  const view = registry.frontend("web")!;
  assert.deepEqual(view.effectiveWeights, [[0, 50], [0]]);
  assert.equal(weightOf(view.config, { pool: "pool1", backend: "a" }), 0);
  assert.deepEqual(view.config, frontendsInForce(config, intents, new Map()).get("web"));
  assert.equal(registry.isLastOf("web", "b"), true);
  registry.setIntents(IntentSet.EMPTY);
  registry.reweigh("web");
  assert.equal(registry.frontend("web")!.config, config.frontends.get("web"), "the file's again");
});

Deno.test("weightOf is undefined for an unknown frontend, pool or entry", () => {
  const web = config.frontends.get("web");
  assert.equal(weightOf(web, { pool: "pool0", backend: "b" }), 50);
  assert.equal(weightOf(web, { pool: "pool1", backend: "b" }), undefined);
  assert.equal(weightOf(web, { pool: "pool2", backend: "b" }), undefined);
  assert.equal(weightOf(undefined, { pool: "pool0", backend: "b" }), undefined);
});

Deno.test("Registry: a missing backend fails an invariant that names it", () => {
  assert.throws(() => new Registry(config, new Map()), /no state for backend a/);
});

Deno.test("Registry: policies keep their memory, wake at their time, and survive a reload", () => {
  const backends = new Map([...config.backends].map(([name, backend]) => {
    return [name, created(config, backend, wall(0))] as const;
  }));
  let now = monotonic(1000);
  const pasts: unknown[] = [];
  const evaluate: typeof frontendHealth = (frontend, lookup, moment) => {
    pasts.push(moment!.past);
    const memory = { wakeAtMs: later(moment!.nowMs, 500) };
    const change = { event: "frontend-held", frontend: "any", message: "ramps" } as const;
    return { ...frontendHealth(frontend, lookup, moment), memory, policyChanges: [change] };
  };
  const options = { clock: { monotonicMs: () => now }, evaluate };
  const registry = new Registry(config, backends, options);
  assert.equal(registry.wakeAtMs, 1500);
  assert.equal(registry.takePolicyChanges().length, 3, "one for each frontend");
  assert.deepEqual(registry.takePolicyChanges(), []);
  now = monotonic(1200);
  registry.refresh(["web"]);
  assert.deepEqual(pasts.at(-1), { wakeAtMs: 1500 });
  assert.deepEqual(registry.due(monotonic(1499)), []);
  assert.deepEqual(registry.due(monotonic(1500)), ["api", "none"]);
  registry.invalidate("b");
  assert.equal(registry.takePolicyChanges().length, 3, "late evaluations lose no change");
  const { frontends } = registry.current;
  pasts.length = 0;
  new Registry(config, backends, { ...options, past: registry });
  assert.deepEqual(pasts, [...frontends.values()].map(({ memory }) => memory));
  assert.equal(registryWith({}).wakeAtMs, NEVER_MS);
});
