/**
 * PURE. Compares a configuration that was read again with the one in force, and keeps the objects of
 * the latter where both have the same values.
 *
 * A reload changes a line or two of thousands. What is the same object need not be compared or
 * computed again in the one turn in which a reload takes effect.
 */
import { isEqual } from "../base/equal.ts";
import type { Config } from "./model.ts";

/** Definitions compared between two stops. */
const AT_ONCE = 100;

/** `next` with the objects of `inForce` where they are equal; the values are those of `next`. */
export function* reuseEqual(next: Config, inForce: Config): Generator<undefined, Config> {
  return {
    ...next,
    healthchecks: yield* reused(next.healthchecks, inForce.healthchecks),
    backends: yield* reused(next.backends, inForce.backends),
    frontends: yield* reused(next.frontends, inForce.frontends),
  };
}

/** A map of the same order as `next`; the map in force when all is the same in both. */
function* reused<T>(
  next: ReadonlyMap<string, T>,
  inForce: ReadonlyMap<string, T>,
): Generator<undefined, ReadonlyMap<string, T>> {
  if (next === inForce) return inForce;
  const replaced = new Map<string, T>();
  let same = next.size === inForce.size;
  const others = inForce.values();
  let count = 0;
  for (const [name, value] of next) {
    const known = inForce.get(name);
    const equal = known !== undefined && isEqual(value, known);
    if (equal && value !== known) replaced.set(name, known);
    same &&= equal && others.next().value === known;
    if (++count % AT_ONCE === 0) yield;
  }
  if (same) return inForce;
  if (replaced.size === 0) return next;
  const result = new Map(next);
  for (const [name, known] of replaced) result.set(name, known);
  return result;
}
