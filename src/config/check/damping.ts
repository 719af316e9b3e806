/** PURE. The rules of `damping` that look at more than one key. */
import type { IssueList } from "../issue.ts";
import type { ConfigDraft } from "../schema/schema.ts";

/** Adds an error where a hold could not begin or end. */
export function checkDamping(
  { keys: { healthchecks } }: Pick<ConfigDraft, "keys">,
  issues: IssueList,
): void {
  for (const { draft } of healthchecks.value?.values() ?? []) {
    const damping = draft?.keys.damping.value;
    if (damping === undefined) continue;
    const { suppress, reuse } = damping.keys;
    if (suppress.value === undefined || reuse.value === undefined) continue;
    if (reuse.value < suppress.value) continue;
    issues.add(
      "damping-order",
      reuse.given ? reuse : suppress,
      `reuse (${reuse.value}) must be less than suppress (${suppress.value})`,
    );
  }
}
