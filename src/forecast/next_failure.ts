/**
 * Frontends that one more failed server would leave without any. PURE.
 *
 * Most frontends have two servers that are up, which one pass over their entries shows. The others
 * are evaluated once more, with the backends of that server down, because policies may keep it.
 */
import { FAR_PAST_MS } from "../base/instant.ts";
import { weightsOf } from "../checker/past.ts";
import type { FrontendView, Snapshot } from "../checker/ports.ts";
import { tunneledStates } from "../health/encap.ts";
import { type FrontendHealth, frontendHealth } from "../health/frontend.ts";
import { countedState } from "../health/machine.ts";
import type { CountedState } from "../health/state.ts";

/** `new-flows-table-length` of a configuration without a `vpp.lb` section. */
const DEFAULT_TABLE_LENGTH = 1024;

/** What a frontend stands on. */
export interface LastServer {
  readonly frontend: string;
  /** The server whose failure leaves it without any. */
  readonly address: string;
}

/** The frontends that have servers with weight and lose all of them when one fails. */
export function* lastServers(
  snapshot: Pick<Snapshot, "config" | "backends" | "frontends" | "encap">,
): Generator<LastServer, void> {
  for (const view of snapshot.frontends.values()) {
    const address = onlyAddress(view, snapshot);
    if (address === undefined || serving(healthWithout(view, address, snapshot))) continue;
    yield { frontend: view.name, address };
  }
}

/** A server that new flows find; one whose prober was blind keeps what VPP has. */
function serving({ servers }: Pick<FrontendHealth, "servers">) {
  return servers.find(({ weight, keep }) => weight > 0 || keep === true);
}

type Known = Pick<Snapshot, "config" | "backends" | "encap">;

/** The address of all servers that could take flows, if it is one alone. */
function onlyAddress(
  view: FrontendView,
  known: Known,
): string | undefined {
  const { name, config: { pools } } = view;
  const stateOf = tunneledStates(statesOf(known), known.encap?.get(name));
  const only = serving(view)?.address.text;
  for (const { backends } of pools) {
    for (const { name, weight } of backends) {
      if (weight === 0 || known.config.backends.get(name)!.address.text === only) continue;
      const state = stateOf(name);
      if (state === "up" || state === "blind") return undefined;
    }
  }
  return only;
}

function statesOf({ backends }: Known): (name: string) => CountedState {
  return (name) => {
    const backend = backends.get(name);
    return backend === undefined ? "unknown" : countedState(backend);
  };
}

/** The health of a frontend when the server at `address` has failed its checks. */
export function healthWithout(
  view: FrontendView,
  address: string,
  known: Known,
): FrontendHealth {
  const { config, encap } = known;
  const addressOf = (name: string) => config.backends.get(name)!.address;
  const now = statesOf(known);
  const stateOf = (name: string): CountedState => {
    const state = now(name);
    const fails = addressOf(name).text === address && state !== "paused" && state !== "disabled";
    return fails ? "down" : state;
  };
  const lookup = {
    stateOf: tunneledStates(stateOf, encap?.get(view.name)),
    addressOf,
    weightsBefore: () => weightsOf(view),
    isProgrammed: () => true,
    tableLength: config.vppLb?.newFlowsTableLength ?? DEFAULT_TABLE_LENGTH,
  };
  return frontendHealth(view.config, lookup, { past: view.memory, nowMs: FAR_PAST_MS });
}
