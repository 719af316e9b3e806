/**
 * The rules of the policies, as assertions about two views of a frontend, one after the other. They
 * share no code with the policies, and hold for any history.
 */
import assert from "node:assert/strict";
import type { FrontendView } from "../../../src/checker/ports.ts";
import type { Config } from "../../../src/config/model.ts";
import type { CountedState } from "../../../src/health/state.ts";

/** A frontend with its past. */
export interface Evaluated {
  readonly view: FrontendView;
  /** The view before it. */
  readonly before: FrontendView;
  /** VPP's weights between the two, by address; undefined: not known. */
  readonly weights: ReadonlyMap<string, number> | undefined;
  /** VPP's weights before `before`. */
  readonly weightsBefore: ReadonlyMap<string, number> | undefined;
  /** The configuration of `before`. */
  readonly configBefore: Config;
  readonly stateOf: (backend: string) => CountedState;
  readonly config: Config;
}

export function checkPolicies(evaluated: Evaluated): void {
  checkDead(evaluated);
  checkDamping(evaluated);
  if (evaluated.before.config !== evaluated.view.config) return;
  checkSlowStart(evaluated);
  checkMaxDown(evaluated);
  checkLastGood(evaluated);
}

/**
 * A server that fails its checks gets no weight where VPP has none for it, and its weight rises only
 * with the configured one. `last-good` has a rule of its own.
 */
function checkDead(evaluated: Evaluated): void {
  const { view, before, weights, stateOf, config } = evaluated;
  const { name: frontend, memory } = view;
  if (memory.lastGood !== undefined) return;
  const { name: pool, backends } = view.config.pools[view.activePool]!;
  for (const [i, { name, weight }] of backends.entries()) {
    const state = stateOf(name);
    const isDead = state === "down" || (state === "damped" && memory.dampingOverridden !== true);
    const now = view.effectiveWeights[view.activePool]![i]!;
    if (!isDead || now === 0) continue;
    const inVpp = weights?.get(config.backends.get(name)!.address.text);
    const isDrained = before.memory.maxDown?.get(pool!)?.drained?.has(name) === true;
    const has = inVpp !== undefined && (inVpp > 0 || isDrained);
    assert.ok(has, `${frontend}: ${name} is dead and gets ${now}, VPP has ${inVpp}`);
    const past = pastOf(evaluated, name, pool!);
    if (past === undefined || past.was === 0 || weight > past.weight) continue;
    const most = Math.max(past.was, inVpp);
    assert.ok(now <= most, `${frontend}: ${name} is dead and rises from ${most} to ${now}`);
  }
}

/** `damping` gives way exactly where no other server has weight, in VPP or by its checks. */
function checkDamping({ view, before, weights, stateOf, config }: Evaluated): void {
  const states = view.config.pools.flatMap(({ backends }) => backends)
    .filter(({ weight }) => weight > 0)
    .map(({ name }) => ({ state: stateOf(name), text: config.backends.get(name)!.address.text }));
  // In a hold of last-good the servers without a verdict are among those that are held.
  const isHold = before.memory.lastGood !== undefined;
  const others = states.filter(({ state, text }) =>
    state === "up" || (state === "blind" && !isHold && (weights?.get(text) ?? 0) > 0)
  );
  const givesWay = states.some(({ state }) => state === "damped") && others.length === 0;
  assert.equal(view.memory.dampingOverridden === true, givesWay, `${view.name}: damping`);
}

/**
 * The weights of an entry in the view before; undefined: it was another server, in another VIP, or
 * VPP's weight was kept in place of the configured one.
 */
function pastOf({ view, before, config, configBefore }: Evaluated, name: string, pool: string) {
  const addressIn = ({ backends }: Config) => backends.get(name)?.address.text;
  const vipOf = ({ config: { address, protocol, port } }: FrontendView) =>
    `${address.text} ${protocol} ${port}`;
  if (vipOf(view) !== vipOf(before) || addressIn(config) !== addressIn(configBefore)) {
    return undefined;
  }
  const { text } = config.backends.get(name)!.address;
  const isKept = before.servers.some(({ address, keep }) => address.text === text && keep === true);
  if (isKept || before.memory.lastGood !== undefined) return undefined;
  const at = before.config.pools.findIndex((other) => other.name === pool);
  const entries = before.config.pools[at]?.backends ?? [];
  const entry = entries.findIndex((other) => other.name === name);
  if (entry < 0) return undefined;
  return { was: before.effectiveWeights[at]![entry]!, weight: entries[entry]!.weight };
}

/** `slow-start`: while a server is up in the active pool, the weight that VPP has never falls. */
function checkSlowStart({ view, before, weights, stateOf, config }: Evaluated): void {
  if (view.activePool !== before.activePool) return;
  for (const { name, weight, now, was } of entriesOf(view, before)) {
    if (stateOf(name) !== "up") continue;
    const inVpp = weights?.get(config.backends.get(name)!.address.text) ?? 0;
    assert.ok(
      now >= Math.min(was, weight, inVpp),
      `${view.name}: ${name} falls from ${was} to ${now}`,
    );
  }
}

/**
 * `max-down`: no server goes out while enough are; of those that are held, the first one goes. With
 * `last-good` a server that is out keeps its weight until a server comes up, and goes then.
 */
function checkMaxDown(
  { view, before, weights, weightsBefore, stateOf, config }: Evaluated,
): void {
  const { maxDown, name: pool } = view.config.pools[view.activePool]!;
  const entries = entriesOf(view, before);
  if (maxDown === undefined || before.activePool !== view.activePool) return;
  const { memory: { lastGood } } = view;
  const isUp = entries.some(({ name, weight }) => weight > 0 && stateOf(name) === "up");
  if (!isUp && lastGood === undefined) return;
  const isDown = (name: string) => ["down", "damped"].includes(stateOf(name));
  const counted = entries.filter(({ name, weight }) =>
    weight > 0 && !["paused", "disabled"].includes(stateOf(name))
  );
  const brake = before.memory.maxDown?.get(pool);
  const isOut = (name: string, { memory }: FrontendView) =>
    memory.lastGood !== undefined && memory.maxDown?.get(pool)?.out.includes(name) === true;
  const out = counted.filter(({ name, now }) => isDown(name) && (now === 0 || isOut(name, view)));
  const hasWeight = (name: string) => weights?.get(config.backends.get(name)!.address.text) ?? 0;
  // What VPP has may have become known only now.
  const isFound = weightsBefore === undefined;
  const leaves = out.filter(({ name, was }) =>
    (was > 0 || isFound) && hasWeight(name) > 0 && !isOut(name, before)
  ).map(({ name }) => name);
  const most = "count" in maxDown
    ? maxDown.count
    : Math.max(1, Math.floor(counted.length * maxDown.percent / 100));
  assert.ok(leaves.length === 0 || out.length <= most, `${view.name}: ${leaves} of ${most}`);
  if (brake === undefined || brake.preliminary === true) return;
  const held = brake.held.filter((name) =>
    isDown(name) && counted.some((entry) => entry.name === name)
  );
  const released = held.filter((name) => leaves.includes(name));
  assert.deepEqual(released, held.slice(0, released.length), `${view.name}: first come, first out`);
}

/** `last-good`: when all servers that served have failed, VPP keeps their weights. */
function checkLastGood({ view, before, weights, stateOf, config }: Evaluated): void {
  const { onAllDown, pools } = view.config;
  if (onAllDown === undefined || pools.some(({ maxDown }) => maxDown !== undefined)) return;
  if (before.state !== "up") return;
  const entries = pools.flatMap(({ backends }) => backends);
  const addressOf = (name: string) => config.backends.get(name)!.address.text;
  const failed = new Set(
    entries.filter(({ name, weight }) => weight > 0 && stateOf(name) === "down")
      .map(({ name }) => addressOf(name)),
  );
  const isOver = entries.every(({ name, weight }) =>
    weight === 0 || ["down", "paused", "disabled"].includes(stateOf(name))
  );
  if (!isOver) return;
  for (const { address: { text }, weight, flush } of view.servers) {
    const sharers = entries.filter(({ name }) => addressOf(name) === text);
    const kept = weights?.get(text) ?? 0;
    if (kept === 0 || sharers.length > 1 || !failed.has(text)) continue;
    assert.deepEqual([weight, flush], [kept, false], `${view.name}: ${text} is not held`);
  }
}

/** The entries of the active pool, with their effective weights in both views. */
function entriesOf(view: FrontendView, before: FrontendView) {
  const { config, activePool: at } = view;
  return config.pools[at]!.backends.map(({ name, weight }, i) => ({
    name,
    weight,
    now: view.effectiveWeights[at]![i]!,
    was: before.effectiveWeights[at]![i]!,
  }));
}
