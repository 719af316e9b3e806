/** PURE. The load balancers that an action may be about: one by itself, or those of its fleet. */
import type { Fleet } from "../../../protocol.ts";

/** A choice of the form. */
export interface ScopeChoice {
  /** Empty: the load balancer by itself. */
  readonly scope: string;
  readonly label: string;
}

/**
 * The choices of a load balancer; none without a store that answers. `present`: the scope of the
 * intent in force, which an action may end.
 */
export function scopeChoices(
  fleet: Pick<Fleet, "stores"> | undefined,
  lb: string,
  present = "",
): readonly ScopeChoice[] {
  const stores = fleet?.stores ?? [];
  const own = stores.find((store) => store.lb === lb);
  if (own?.state !== "ok") return [];
  const sites = stores.filter((store) => store.fleet === own.fleet).map(({ site }) => site);
  const scopes = new Set([
    "",
    "fleet",
    ...sites.filter((site) => site !== "").sort().map((site) => `site=${site}`),
    present,
  ]);
  return [...scopes].map((scope) => ({ scope, label: labelOf(scope, { lb, fleet: own.fleet }) }));
}

function labelOf(
  scope: string,
  { lb, fleet }: { readonly lb: string; readonly fleet: string },
): string {
  if (scope === "") return `${lb} alone`;
  if (scope === "fleet") return `all of fleet ${fleet}`;
  return scope.startsWith("site=")
    ? `site ${scope.slice(5)}`
    : `${scope.slice(3)} of fleet ${fleet}`;
}
