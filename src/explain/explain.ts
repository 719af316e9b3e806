/**
 * Explains the weight of a server in VPP, from its probes on. PURE: it reads what the checker and
 * the reconciler decided, and decides nothing itself.
 */
import { invariant } from "../base/assert.ts";
import type { FrontendView, Snapshot } from "../checker/ports.ts";
import { vipKeyOf } from "../vpp/lb/desired.ts";
import { answerOf } from "./answer.ts";
import type { BackendExplanation, FrontendExplanation, Link, PlaceExplanation } from "./chain.ts";
import { healthLinks } from "./health_links.ts";
import { type ExplainedFrontend, explainedFrontend, placeOf } from "./place.ts";
import { placeLinks } from "./place_links.ts";
import { tableLength, vipServers, vppEnd } from "./vpp_links.ts";
import type { VppView } from "./vpp_view.ts";

/** State of everything at one instant. */
export interface ExplainContext {
  readonly snapshot: Snapshot;
  readonly vpp: VppView;
  /** See ExplainedFrontend; absent: no probe was void. */
  readonly encapVoid?: (frontend: string, backend: string) => string | undefined;
  /** Whether the prefix of a frontend is announced; undefined, or absent: it has no `announce`. */
  readonly announced?: (frontend: string) => boolean | undefined;
}

/** Explains a backend that exists. `voidReason`: why its newest probe was void. */
export function explainBackend(
  name: string,
  { voidReason, ...context }: ExplainContext & { readonly voidReason: string | undefined },
): BackendExplanation {
  const { snapshot, vpp } = context;
  const backend = snapshot.backends.get(name);
  invariant(backend !== undefined, `no backend ${name}`);
  const health = healthLinks(backend, snapshot, voidReason);
  const isIt = (entry: string) => entry === name;
  const places = [...snapshot.frontends.values()]
    .filter(({ config }) => config.pools.some(({ backends }) => backends.some((b) => isIt(b.name))))
    .flatMap((view) =>
      placesOf(explainedFrontend(snapshot, view, optionsOf(view, context)), { vpp, isIt, health })
    );
  return { links: health, places };
}

/** Explains a frontend that exists. */
export function explainFrontend(
  name: string,
  context: ExplainContext,
): FrontendExplanation {
  const { snapshot, vpp } = context;
  const view = snapshot.frontends.get(name);
  invariant(view !== undefined, `no frontend ${name}`);
  const frontend = explainedFrontend(snapshot, view, {
    ...optionsOf(view, context),
    isWhole: true,
  });
  const places = placesOf(frontend, { vpp, isIt: () => true, health: [] });
  return {
    state: view.state,
    vip: vipKeyOf(view.config),
    links: frontendLinks(frontend, { vpp, places }),
    // Thousands of whole chains would not fit into an answer.
    places: places.map((place) => ({ ...place, links: place.links.filter(isDecisive) })),
  };
}

function optionsOf({ name }: FrontendView, { encapVoid, announced }: ExplainContext) {
  return {
    isWhole: false,
    isWithdrawn: announced?.(name) === false,
    encapVoid: (backend: string) => encapVoid?.(name, backend),
  };
}

function isDecisive({ decides }: Link): boolean {
  return decides === true;
}

/** The entries for whose backends `isIt` is true. */
function placesOf(
  frontend: ExplainedFrontend,
  { vpp, isIt, health }: {
    readonly vpp: VppView;
    readonly isIt: (backend: string) => boolean;
    /** The links of the backend. */
    readonly health: readonly Link[];
  },
): PlaceExplanation[] {
  const { snapshot, view, namesAt } = frontend;
  const servers = vipServers(view, { config: snapshot.config, vpp });
  return view.config.pools.flatMap(({ name: pool, backends }, at) =>
    backends.flatMap(({ name: backend, weight }, entry) => {
      if (!isIt(backend)) return [];
      const place = placeOf(frontend, at, entry);
      const { links: last, ...end } = vppEnd(place, { vpp, servers });
      const links = [...placeLinks(place), ...last];
      return [{
        frontend: view.name,
        pool,
        backend,
        backends: namesAt(place.facts.server.address.text),
        links,
        weight,
        ...end,
        answer: answerOf(health, { links, ...end }),
      }];
    })
  );
}

function lastGoodLinks({ memory: { lastGood } }: FrontendView): readonly Link[] {
  const size = lastGood?.weights.size ?? 0;
  if (size === 0) return [];
  const text = `held: VPP keeps the weights of ${size} ${size === 1 ? "server" : "servers"} ` +
    "(on-all-down: last-good)";
  return [{ kind: "on-all-down", text, decides: true }];
}

function slowStartLinks({ memory: { slowStart } }: FrontendView): readonly Link[] {
  const rising = slowStart?.ramps.size ?? 0;
  if (rising === 0) return [];
  const text = `${rising} ${rising === 1 ? "server rises" : "servers rise"} in steps (slow-start)`;
  return [{ kind: "slow-start", text, decides: true }];
}

function frontendLinks(
  { view, activeReason, withdrawn }: ExplainedFrontend,
  { vpp, places }: { readonly vpp: VppView; readonly places: readonly PlaceExplanation[] },
): readonly Link[] {
  const { state, activePool, config } = view;
  const serving = view.servers.filter(({ weight }) => weight > 0).length;
  const active = JSON.stringify(config.pools[activePool]!.name);
  const links: Link[] = [
    {
      kind: "state",
      text: `${state}: ${serving} of ${view.servers.length} servers should have weight`,
      decides: state !== "up",
    },
    { kind: "pool", text: `pool ${active} is active: ${activeReason}` },
    ...lastGoodLinks(view),
    ...slowStartLinks(view),
    ...(withdrawn === undefined ? [] : [withdrawn]),
  ];
  if (vpp.kind !== "known") {
    return [...links, { kind: "difference", text: places[0]?.difference ?? "", decides: true }];
  }
  const key = vipKeyOf(config);
  const vip = vpp.vip(key);
  const differing = places.filter(({ difference }) => difference !== "");
  const withheld = vpp.withheld(key).map((text): Link => ({
    kind: "withheld",
    text,
    decides: true,
  }));
  return [
    ...links,
    {
      kind: "vip",
      text: vip === undefined
        ? "VPP does not have the VIP"
        : `VPP has the VIP, with ${vip.servers.length} servers and ${tableLength(vip)} buckets`,
      decides: vip === undefined,
    },
    ...(vpp.held(view.name)
      ? [{ kind: "warm-up" as const, text: "warm-up holds the frontend back", decides: true }]
      : []),
    ...withheld,
    differing.length === 0 ? { kind: "difference", text: "none: VPP has what it should have" } : {
      kind: "difference",
      text: `${differing.length} of ${places.length} entries differ; the first: ` +
        `${JSON.stringify(differing[0]!.backend)}: ${differing[0]!.difference}`,
      decides: true,
    },
  ];
}
