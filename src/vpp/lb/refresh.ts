/**
 * Corrects operations that had to wait before they were sent: health may have changed meanwhile. A
 * stale weight would give a disabled server traffic for as long as VPP takes to answer. PURE.
 */
import type { DesiredServer, DesiredVip, LbCapabilities, Operation } from "./model.ts";
import { desiredServers } from "./unweighted.ts";

/**
 * `build` with the weights of `newest`. An operation is left out when its server is no longer
 * wanted, or has the weight already. What `newest` has beyond `build` is not added.
 */
export function refreshed(
  build: readonly Operation[],
  newest: DesiredVip,
  can: LbCapabilities,
): readonly Operation[] {
  const { servers } = desiredServers(newest, can);
  const byAddress = new Map(servers.map((server) => [server.address.text, server]));
  return build.flatMap((operation): Operation[] => {
    if (operation.kind !== "as-add" && operation.kind !== "as-weight") return [operation];
    const server = byAddress.get(operation.address.text);
    return server === undefined ? [] : withWeightOf(server, operation);
  });
}

function withWeightOf(
  { weight, flush, keep }: DesiredServer,
  operation: Extract<Operation, { readonly kind: "as-add" | "as-weight" }>,
): Operation[] {
  // VPP's own weight decides, and it was read when the operation was planned.
  if (keep === true) return [operation];
  if (operation.kind === "as-add") return [{ ...operation, weight }];
  const due = operation.flush || operation.previousWeight > 0;
  const next = { ...operation, weight, flush: flush && due };
  return next.flush || weight !== operation.previousWeight ? [next] : [];
}
