/** PURE. Old and new objects of a maglevd, combined and compared. */
import { isEqual } from "../../../base/equal.ts";
import type { Backend, Transition } from "../../protocol.ts";

/** A backend right after a transition, before it is read. `isProbe`: the result is a probe's, not an operator's. */
export function afterTransition(
  before: Backend,
  transition: Transition,
  isProbe: boolean,
): Backend {
  const { intent, blind: _, ...rest } = before;
  const state = transition.to as Backend["state"];
  // A drain goes on while probes change the state, and every operator's action ends it.
  const isKept = intent?.kind === "drain" ? isProbe : state === "paused" || state === "disabled";
  const { rise, fall } = before;
  const counter = state === "up" && isProbe ? rise + fall - 1 : state === "down" ? 0 : rest.counter;
  return {
    ...rest,
    state,
    counter,
    since_ms: transition.at_ms,
    carried: false,
    ...(isProbe && transition.result !== undefined ? { last_result: transition.result } : {}),
    ...(isKept && intent !== undefined ? { intent } : {}),
  };
}

/** Equal but for what changes without any event: how long the last probe took, counter, flaps. */
export function sameBackend(a: Backend, b: Backend): boolean {
  const essence = ({ last_result, counter: _counter, flaps: _flaps, ...rest }: Backend) => ({
    ...rest,
    result: last_result && [last_result.ok, last_result.code],
  });
  return isEqual(essence(a), essence(b));
}

/** `listed`, with the objects of `newer` as they were. */
export function merged<T>(
  known: ReadonlyMap<string, T>,
  listed: ReadonlyMap<string, T>,
  newer: ReadonlySet<string>,
): Map<string, T> {
  const result = new Map(listed);
  for (const name of newer) {
    const kept = known.get(name);
    if (kept !== undefined && result.has(name)) result.set(name, kept);
  }
  return result;
}

/** True when both have the same keys in the same order. */
export function sameKeys(
  a: ReadonlyMap<string, unknown>,
  b: ReadonlyMap<string, unknown>,
): boolean {
  if (a.size !== b.size) return false;
  const others = b.keys();
  return a.keys().every((key) => key === others.next().value);
}

/** The objects of `after` that were different before; new ones are not among them. */
export function changesOf<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  same: (a: T, b: T) => boolean,
): T[] {
  return [...after].filter(([name, item]) => {
    const known = before.get(name);
    return known !== undefined && known !== item && !same(known, item);
  }).map(([, item]) => item);
}
