/** Records of what a load balancer obeys of its fleet. */
import type { LogFields, Logger } from "../../base/ports.ts";
import type { Decision, KeyedWish } from "../book/guard.ts";

/** Writes a record for each wish that is obeyed, ended or held from now on. */
export function logDecision(logger: Logger, before: Decision, after: Decision): void {
  // In the store's order, also of wishes that arrive together.
  const inOrder = [...after.obeyed.values()].sort((a, b) => a.revision - b.revision);
  for (const wish of inOrder) {
    if (before.obeyed.get(wish.key)?.id === wish.id) continue;
    logger.info("operator-shared-obeyed", fieldsOf(wish));
  }
  for (const wish of before.obeyed.values()) {
    if (after.obeyed.get(wish.key)?.id === wish.id) continue;
    logger.info("operator-shared-ended", fieldsOf(wish));
  }
  const known = new Set([...before.held, ...before.unfit].map(({ id, reason }) => id + reason));
  for (const [what, list] of [["held", after.held], ["unfit", after.unfit]] as const) {
    for (const { id, reason } of list) {
      if (known.has(id + reason)) continue;
      logger.warn("fleet-intent-held", { id, kind: what, message: reason });
    }
  }
}

function fieldsOf({ id, via, intent }: KeyedWish): LogFields {
  const { kind, scope, by: { peer, identity }, reason, backend } = intent;
  const place = kind === "weight"
    ? { frontend: intent.frontend, pool: intent.pool, backend, weight: intent.weight }
    : { backend };
  return { id, intent: kind, scope, ...place, via, peer, identity, reason };
}
