/** The last links of a chain: the weight VPP should have, the weight it has, the difference. PURE. */
import type { IpAddress } from "../base/address.ts";
import type { Config } from "../config/model.ts";
import type { FrontendView } from "../checker/ports.ts";
import { vipKeyOf, vipsOf } from "../vpp/lb/desired.ts";
import { withKeptWeights } from "../vpp/lb/keep.ts";
import type { ActualServer, ActualVip } from "../vpp/lb/model.ts";
import { desiredServers } from "../vpp/lb/unweighted.ts";
import { formatDuration } from "../base/duration.ts";
import type { Link, ServerInVpp } from "./chain.ts";
import { quotedNames } from "./health_links.ts";
import type { Place } from "./place.ts";
import type { VppView } from "./vpp_view.ts";

/** The end of a chain. */
export interface VppEnd {
  readonly links: readonly Link[];
  readonly effectiveWeight: number;
  readonly server: ServerInVpp | undefined;
  readonly difference: string;
}

/** Buckets of the VIP's table. */
export function tableLength({ newFlowsTableLength }: ActualVip): number {
  return newFlowsTableLength || 65_536;
}

/** The servers of one VIP: those that VPP should have, and those it has. */
export interface VipServers {
  /** The weight that VPP should have by address; absent: VPP should not have the server. */
  readonly wanted: ReadonlyMap<string, number>;
  readonly vip: ActualVip | undefined;
  readonly found: ReadonlyMap<string, ActualServer>;
}

/** Indexes the servers of a frontend's VIP, once for all its entries. */
export function vipServers(
  view: FrontendView,
  { config, vpp }: { readonly config: Config; readonly vpp: VppView },
): VipServers {
  const weights = (servers: readonly { readonly address: IpAddress; readonly weight: number }[]) =>
    new Map(servers.map(({ address, weight }) => [address.text, weight]));
  const { vppLb } = config;
  if (vppLb === undefined || vpp.kind !== "known") {
    return { wanted: weights(view.servers), vip: undefined, found: new Map() };
  }
  const desired = vipsOf([view], vppLb)[0]!.vip;
  const vip = vpp.vip(desired);
  return {
    wanted: weights(desiredServers(withKeptWeights(desired, vip), vpp.can).servers),
    vip,
    found: new Map(vip?.servers.map((server) => [server.address.text, server])),
  };
}

/** The links from the weight that VPP should have to the last one, the weight it has. */
export function vppEnd(
  place: Place,
  { vpp, servers }: { readonly vpp: VppView; readonly servers: VipServers },
): VppEnd {
  const { server: merged } = place.facts;
  const { address } = merged;
  const effectiveWeight = servers.wanted.get(address.text) ?? 0;
  const effective: Link = {
    kind: "effective",
    text: effectiveText(place, { effectiveWeight, vpp }),
    weight: effectiveWeight,
    decides: effectiveWeight !== merged.weight,
  };
  // The last line is about the server, not about one of its backends.
  const names = place.namesAt(address.text);
  const ofServer = names.length < 2 ? "" : ` (the server of ${quotedNames(names)})`;
  if (vpp.kind !== "known") {
    const difference = unknownText(vpp);
    const links: Link[] = [effective, { kind: "difference", text: `${difference}${ofServer}` }];
    return { links, effectiveWeight, server: undefined, difference };
  }
  const key = vipKeyOf(place.view.config);
  const { vip } = servers;
  const found = servers.found.get(address.text);
  const weight = found?.weight;
  const since = found === undefined ? undefined : vpp.since(key, address.text);
  const withheld = vpp.withheld(key);
  const held = vpp.held(place.view.name);
  const equal = effectiveWeight === (weight ?? 0) && (found !== undefined || !vpp.can.weights);
  const difference = equal
    ? ""
    : differenceText({ place, vip, found, effectiveWeight, held, withheld });
  const links: Link[] = [
    effective,
    ...(held ? [{ kind: "warm-up" as const, text: HELD, decides: !equal }] : []),
    ...withheld.map((text): Link => ({ kind: "withheld", text, decides: !equal })),
    {
      kind: "vpp",
      text: foundText(vip, found, vpp.can.weights),
      weight,
      sinceMs: since?.atMs,
      sinceAtLeast: since?.atLeast,
    },
    {
      kind: "difference",
      text: `${equal ? "none: VPP has what it should have" : difference}${ofServer}`,
      weight,
      decides: !equal,
    },
  ];
  const { buckets, figures } = found ?? {};
  const server = weight === undefined ? undefined : { weight, buckets, flows: figures?.flows };
  return { links, effectiveWeight, server, difference };
}

const HELD = "warm-up holds the frontend back until the first verdict of all its servers";

function effectiveText(
  place: Place,
  { effectiveWeight, vpp }: { readonly effectiveWeight: number; readonly vpp: VppView },
): string {
  const { server } = place.facts;
  if (vpp.kind === "known" && !vpp.can.weights) {
    return effectiveWeight > 0
      ? "VPP should have the server; this VPP has no weights, so every server has 100"
      : "VPP should not have the server; this VPP has no weights, so one with 0 is removed";
  }
  if (server.reserve !== undefined && effectiveWeight > server.weight) {
    return "VPP has no weight for the servers that the prober is blind to, so this one serves, " +
      "although damping holds it down";
  }
  if (server.keep === true && effectiveWeight !== server.weight) {
    return "VPP keeps the weight it has, because the prober is blind";
  }
  if (server.keep === true) {
    return "VPP should have this weight; a blind prober would not have changed it";
  }
  return server.flush
    ? "VPP should have this weight, with flows flushed"
    : "VPP should have this weight";
}

function unknownText(vpp: Exclude<VppView, { readonly kind: "known" }>): string {
  switch (vpp.kind) {
    case "off":
      return "VPP integration is off (--vpp-api-addr is empty): nothing is programmed";
    case "away":
      return `VPP is not connected: ${vpp.reason}; when it is, it is read and corrected`;
    case "unread":
      return "VPP is being read, and is corrected then";
  }
}

function foundText(
  vip: ActualVip | undefined,
  found: ActualServer | undefined,
  weights: boolean,
): string {
  if (vip === undefined) return "VPP does not have the VIP";
  if (found === undefined) {
    return weights ? "VPP has the VIP without this server" : "VPP does not have the server";
  }
  const { buckets, figures } = found;
  const share = buckets === undefined
    ? "its buckets are not read yet"
    : `${buckets} of ${tableLength(vip)} buckets`;
  return figures === undefined ? share : `${share}, at most ${figures.flows} flows`;
}

function differenceText({ place, vip, found, effectiveWeight, held, withheld }: {
  readonly place: Place;
  readonly vip: ActualVip | undefined;
  readonly found: ActualServer | undefined;
  readonly effectiveWeight: number;
  readonly held: boolean;
  readonly withheld: readonly string[];
}): string {
  const has = vip === undefined
    ? "VPP lacks the VIP"
    : found === undefined
    ? "VPP lacks the server"
    : `VPP has ${found.weight}`;
  const what = `${has}, should have ${effectiveWeight}`;
  if (held) return `${what}: sent when warm-up releases the frontend`;
  if (withheld.length > 0) return `${what}: withheld, because VPP would not survive it`;
  const { vppLb } = place.snapshot.config;
  const every = vppLb === undefined ? "" : ` (every ${formatDuration(vppLb.syncIntervalMs)})`;
  return `${what}: on its way, or corrected by the next full comparison${every}`;
}
