/**
 * Runs functions when everything that is ready now has been handled, all in one go. What several
 * events of one turn cause can be done once.
 */
import { setImmediate } from "node:timers";

let waiting: (() => void)[] = [];

/** `fn` must not throw. Functions run in the order of the calls. */
export function atTurnEnd(fn: () => void): void {
  waiting.push(fn);
  if (waiting.length > 1) return;
  setImmediate(() => {
    const due = waiting;
    waiting = [];
    for (const each of due) each();
  });
}
