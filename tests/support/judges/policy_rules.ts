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
  /** The view before it, of the same definition. */
  readonly before: FrontendView;
  /** VPP's weights between the two, by address; undefined: not known. */
  readonly weights: ReadonlyMap<string, number> | undefined;
  readonly stateOf: (backend: string) => CountedState;
  readonly config: Config;
}

export function checkPolicies(evaluated: Evaluated): void {
  checkSlowStart(evaluated);
  checkMaxDown(evaluated);
  checkLastGood(evaluated);
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

/** `max-down`: no server goes out while enough are; of those that are held, the first one goes. */
function checkMaxDown({ view, before, weights, stateOf, config }: Evaluated): void {
  const { maxDown, name: pool } = view.config.pools[view.activePool]!;
  const entries = entriesOf(view, before);
  if (maxDown === undefined || before.activePool !== view.activePool) return;
  if (!entries.some(({ name, weight }) => weight > 0 && stateOf(name) === "up")) return;
  const isDown = (name: string) => ["down", "damped"].includes(stateOf(name));
  const counted = entries.filter(({ name, weight }) =>
    weight > 0 && !["paused", "disabled"].includes(stateOf(name))
  );
  const out = counted.filter(({ name, now }) => isDown(name) && now === 0);
  const hasWeight = (name: string) => weights?.get(config.backends.get(name)!.address.text) ?? 0;
  const leaves = out.filter(({ name, was }) => was > 0 && hasWeight(name) > 0)
    .map(({ name }) => name);
  const most = "count" in maxDown
    ? maxDown.count
    : Math.max(1, Math.floor(counted.length * maxDown.percent / 100));
  assert.ok(leaves.length === 0 || out.length <= most, `${view.name}: ${leaves} of ${most}`);
  const brake = before.memory.maxDown?.get(pool);
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
