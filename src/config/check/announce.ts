/** Rules of announcing: a frontend needs the file, and enough servers. */
import type { IssueList } from "../issue.ts";
import type { ConfigDraft } from "../schema/schema.ts";

export function checkAnnounce(draft: ConfigDraft, issues: IssueList): void {
  const backends = draft.keys.backends.value;
  for (const { draft: frontend } of draft.keys.frontends.value?.values() ?? []) {
    const announce = frontend?.keys.announce;
    if (announce === undefined || !announce.given) continue;
    if (!draft.keys.announce.given) {
      issues.add(
        "announce-without-file",
        announce,
        "needs the file to announce it in; add maglev.announce with its `file`",
      );
    }
    const minUp = announce.value?.keys["min-up"];
    const pools = frontend!.keys.pools.value ?? [];
    if (minUp?.value === undefined || pools.length === 0) continue;
    const sizes = pools.map((pool) => {
      const members = [...pool?.keys.backends.value?.values() ?? []]
        .filter((member) => member.draft?.keys.weight.value !== 0);
      const address = (name: string) => backends?.get(name)?.draft?.keys.address.value?.text;
      return new Set(members.map(({ name }) => address(name) ?? name)).size;
    });
    const most = Math.max(...sizes);
    // A pool without weight draws a warning of its own, and an operator may give it some.
    if (most === 0 || minUp.value <= most) continue;
    issues.add(
      "min-up-unreachable",
      minUp,
      `min-up (${minUp.value}) is more than the servers of the greatest pool (${most}), so the ` +
        "prefix would never be announced; lower it",
    );
  }
}
