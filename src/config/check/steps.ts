/** PURE. The rules of the steps of a tcp check that look at more than one key. */
import type { IssueList } from "../issue.ts";
import { MAX_STEPS, type StepKeys } from "../schema/checks/steps.ts";
import type { Draft, Slot } from "../schema/types.ts";

/** Adds errors about `steps` to the issues. */
export function checkSteps(
  steps: Slot<readonly (Draft<StepKeys> | undefined)[]>,
  issues: IssueList,
): void {
  const { value: list } = steps;
  if (list === undefined) return;
  if (list.length > MAX_STEPS) {
    issues.add("bad-step", steps, `has ${list.length} steps; at most ${MAX_STEPS} are allowed`);
  }
  for (const step of list) {
    if (step === undefined) continue;
    const { send, expect, "expect-regexp": regexp } = step.keys;
    const given = [send, expect, regexp].filter((slot) => slot.given);
    if (given.length !== 1) {
      issues.add(
        "bad-step",
        step,
        given.length === 0
          ? "the step is empty; give it one of send, expect, expect-regexp"
          : "the step has more than one key; write each as a step of its own",
      );
    }
    if (regexp.value === "") {
      issues.add("bad-step", regexp, "matches anything; leave the step out");
    }
  }
}
