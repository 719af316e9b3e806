/** Connects the drains in force with the watch of VPP that ends them early. */
import type { Clock } from "../base/ports.ts";
import type { IpAddress } from "../base/address.ts";
import type { Checker } from "../checker/checker.ts";
import { flowTimeoutMs } from "../checker/operations/worked_request.ts";
import type { FrontendView } from "../checker/ports.ts";
import { type DrainEnd, QUIET_MARGIN_MS } from "../vpp/drain/quiet.ts";
import { type DrainedServer, DrainWatch } from "../vpp/drain/watch.ts";
import type { DrainIntent } from "../intent/intent.ts";
import { vipKeyOf } from "../vpp/lb/desired.ts";
import { FULL_WEIGHT } from "../vpp/lb/unweighted.ts";
import type { VppConnection } from "../vpp/ports.ts";
import type { Reconciler } from "../vpp/sync/reconcile.ts";

/** The parts that drains concern. */
export interface DrainParts {
  readonly checker: Pick<Checker, "current" | "frontendsOf" | "subscribe" | "endDrain">;
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
    drained: (backend) => drainedServers(checker, backend),
    vip: (key) => reconciler.vip(key),
    read: (keys) => reconciler.reread(keys),
    neededMs,
    onEnd: ({ backend }, end) => {
      // A drain of the fleet goes on: its time ends it.
      const intent = checker.current.intents.localOfBackend(backend);
      if (intent?.kind === "drain") checker.endDrain(intent, causeOf(end, neededMs()));
    },
  });
  checker.subscribe(() => watch.update());
  return watch;
}

/** What an acknowledgement concerns. */
export interface Acknowledgement {
  readonly checker: Pick<Checker, "current" | "frontendsOf" | "drainAcknowledged">;
  readonly reconciler: Pick<Reconciler, "vip">;
  readonly connection: Pick<VppConnection, "state">;
}

/**
 * Acknowledges drains for which VPP has nothing to do, too. To be called after the subscription that
 * programs VPP: a rack that fails is many transitions, and then one change for VPP, which comes first.
 */
export function acknowledgeOnEvents(
  parts: Acknowledgement & { readonly checker: Pick<Checker, "subscribe"> },
): void {
  parts.checker.subscribe(({ kind }) => {
    if (kind !== "backend" && kind !== "frontend") acknowledgeDrains(parts);
  });
}

/**
 * Reports drains that VPP has acknowledged: in every VIP it has the server with the weight of a
 * drained one, or not at all. That is 0, except where other backends of the address serve. To be
 * called when VPP has answered.
 */
export function acknowledgeDrains(
  { checker, reconciler, connection: { state } }: Acknowledgement,
): void {
  const weights = state.kind !== "connected" || state.lb.capabilities.weights;
  for (const { address, views, drain } of drainedServers(checker)) {
    const isDone = ({ config, servers }: FrontendView) => {
      const has = find(reconciler.vip(vipKeyOf(config))?.servers, address)?.weight ?? 0;
      const wanted = find(servers, address);
      const sent = weights ? wanted?.weight : wanted?.weight && FULL_WEIGHT;
      // VPP's weight stays where the prober is blind to another backend of the address.
      return has === 0 || has === sent || wanted?.keep === true;
    };
    if (views.every(isDone)) checker.drainAcknowledged(drain);
  }
}

function find<Server extends { readonly address: IpAddress }>(
  servers: readonly Server[] | undefined,
  { text }: IpAddress,
): Server | undefined {
  return servers?.find(({ address }) => address.text === text);
}

function causeOf(end: DrainEnd, neededMs: number): string {
  return end === "no-flows"
    ? "VPP counts no flow of the server"
    : `VPP sent the server no packet for ${neededMs / 1000} s`;
}

function drainedServers(
  checker: Pick<Checker, "current" | "frontendsOf">,
  only?: string,
): readonly (DrainedServer & {
  readonly drain: DrainIntent;
  readonly views: readonly FrontendView[];
})[] {
  const { intents, config, frontends } = checker.current;
  if (intents.size === 0) return [];
  const backends = only === undefined
    ? new Set(intents.list().flatMap((each) => each.kind === "drain" ? [each.backend] : []))
    : [only];
  return [...backends].flatMap((backend) => {
    const drain = intents.drainOf(backend);
    if (drain === undefined) return [];
    const views = checker.frontendsOf(backend).map((name) => frontends.get(name)!);
    const { address } = config.backends.get(backend)!;
    const vips = views.map((view) => vipKeyOf(view.config));
    return [{ backend, address, drain, views, vips }];
  });
}
