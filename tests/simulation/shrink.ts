/** Shortens the list of actions of a failing seed until each of them is needed. */
import type { Action } from "./scenario/actions.ts";
import { type RunResult, runSeed } from "./run.ts";

/** A failing run with as few actions as were found. */
export interface Shrunk {
  readonly actions: readonly Action[];
  /** Their places in the seed's own list. */
  readonly places: readonly number[];
  readonly result: RunResult;
}

/** Most runs that shrinking takes. */
const MOST_RUNS = 300;

/** `result`: of a run of `actions` that failed. A shorter list must break the same invariant. */
export async function shrink(
  actions: readonly Action[],
  result: RunResult,
  plain = false,
): Promise<Shrunk> {
  const { seed, failure } = result;
  let best: Shrunk = { actions, places: actions.map((_, i) => i), result };
  let runs = 0;
  const attempt = async (places: readonly number[]): Promise<boolean> => {
    if (runs++ >= MOST_RUNS) return false;
    const fewer = places.map((place) => actions[place]!);
    const again = await runSeed({ seed, plain, actions: fewer });
    if (again.failure?.invariant !== failure?.invariant) return false;
    best = { actions: fewer, places, result: again };
    return true;
  };
  // What came after the failure is not needed.
  const before = best.places.filter((place) => actions[place]!.atMs <= failure!.atMs);
  await attempt(before);
  for (let part = Math.ceil(best.places.length / 2); part >= 1;) {
    let shorter = false;
    for (let at = 0; at < best.places.length;) {
      const { places } = best;
      const rest = [...places.slice(0, at), ...places.slice(at + part)];
      if (await attempt(rest)) shorter = true;
      else at += part;
    }
    if (part === 1 && !shorter) break;
    if (!shorter) part = Math.ceil(part / 2);
    if (runs >= MOST_RUNS) break;
  }
  return best;
}
