/** Connects the drains in force with the watch of VPP that ends them early. */
import type { Clock } from "../base/ports.ts";
import type { Checker } from "../checker/checker.ts";
import { flowTimeoutMs } from "../checker/operations/worked_request.ts";
import type { FrontendConfig } from "../config/model.ts";
import { type DrainEnd, QUIET_MARGIN_MS } from "../vpp/drain/quiet.ts";
import { type DrainedServer, DrainWatch } from "../vpp/drain/watch.ts";
import type { DrainIntent } from "../intent/intent.ts";
import { vipKeyOf } from "../vpp/lb/desired.ts";
import type { VppConnection } from "../vpp/ports.ts";
import type { Reconciler } from "../vpp/sync/reconcile.ts";

/** The parts that drains concern. */
export interface DrainParts {
  readonly checker: Pick<Checker, "current" | "subscribe" | "endDrain">;
  readonly reconciler: Pick<Reconciler, "vip" | "reread">;
  readonly connection: Pick<VppConnection, "state">;
  readonly clock: Clock;
}

/** A watch that looks when there are drains. */
export function watchDrains(parts: DrainParts): DrainWatch {
  const { checker, reconciler, connection, clock } = parts;
  const neededMs = () => flowTimeoutMs(checker.current.config) + QUIET_MARGIN_MS;
  const watch = new DrainWatch({
    clock,
    connection,
    drained: () => drainedServers(checker),
    vip: (key) => reconciler.vip(key),
    read: (keys) => reconciler.reread(keys),
    neededMs,
    onEnd: ({ backend }, end) => {
      const intent = checker.current.intents.ofBackend(backend);
      if (intent?.kind === "drain") checker.endDrain(intent, causeOf(end, neededMs()));
    },
  });
  checker.subscribe(() => watch.update());
  return watch;
}

/** Reports drains whose weight 0 VPP has everywhere; to be called when VPP has answered. */
export function acknowledgeDrains(
  { checker, reconciler }: {
    readonly checker: Pick<Checker, "current" | "drainAcknowledged">;
    readonly reconciler: Pick<Reconciler, "vip">;
  },
): void {
  for (const { address, vips, drain } of drainedServers(checker)) {
    const isOut = vips.every((key) =>
      reconciler.vip(key)?.servers.every((server) =>
        server.address.text !== address.text || server.weight === 0
      )
    );
    if (isOut) checker.drainAcknowledged(drain);
  }
}

function causeOf(end: DrainEnd, neededMs: number): string {
  return end === "no-flows"
    ? "VPP counts no flow of the server"
    : `VPP sent the server no packet for ${neededMs / 1000} s`;
}

function drainedServers(
  { current }: Pick<Checker, "current">,
): readonly (DrainedServer & { readonly drain: DrainIntent })[] {
  const { intents, config, frontends } = current;
  if (intents.size === 0) return [];
  return intents.list().flatMap((drain) => {
    if (drain.kind !== "drain") return [];
    const { backend } = drain;
    const vips = [...frontends.values()].filter((view) => uses(view.config, backend));
    const { address } = config.backends.get(backend)!;
    return [{ backend, address, drain, vips: vips.map((view) => vipKeyOf(view.config)) }];
  });
}

function uses({ pools }: FrontendConfig, backend: string): boolean {
  return pools.some(({ backends }) => backends.some(({ name }) => name === backend));
}
