/** What load balancers report of the store that they share: bounded and cut, since each may be wrong. */
import type { WallMs } from "../../../base/instant.ts";
import type { messages } from "../client.ts";
import { cut, instantOf } from "./answers.ts";
import { type AskOptions, errorOf } from "./read.ts";
import { type SharedRollout, sharedRollout } from "./rollouts.ts";

/** Most names of load balancers that are away. */
const MAX_AWAY = 20;
/** Longest name, and longest reason, in UTF-16 units. */
const [MAX_NAME, MAX_TEXT] = [256, 300];

/** One load balancer's view of its store. */
export interface LbStore {
  readonly fleet: string;
  /** Its name in the fleet, which may differ from that of `--server`. */
  readonly lb: string;
  readonly site: string;
  /** connecting, ok, away, foreign or suspect. */
  readonly kind: string;
  readonly reason: string;
  readonly sinceMs: WallMs;
  /** Revision of the last change of an intent that it applied. */
  readonly applied: number;
  /** Number of the fleet's load balancers. */
  readonly members: number;
  /** Those that are away, the first MAX_AWAY. */
  readonly away: readonly string[];
  /** Intents that it does not obey. */
  readonly unobeyed: number;
  /** Undefined: the fleet has no rollout. */
  readonly rollout: SharedRollout | undefined;
}

/** The stores of all that have one, by the name of the server; one that does not answer is left out. */
export async function readStores(
  { servers, signal }: AskOptions,
): Promise<ReadonlyMap<string, LbStore>> {
  const found = await Promise.all(servers.map(async (server) => {
    const { name, away } = server;
    if (away !== undefined) return [];
    try {
      const info = await server.ask((client) => client.call("GetFleet", {}, { signal }));
      return info.store === "off" || info.store === "" ? [] : [[name, storeOf(info)] as const];
    } catch (error) {
      // An older version, or one that is away: the comparison has the reason.
      errorOf(error);
      return [];
    }
  }));
  return new Map(found.flat());
}

function storeOf(info: messages.FleetInfo): LbStore {
  const away = info.members.filter(({ present }) => !present).map(({ name }) =>
    cut(name, MAX_NAME)
  );
  return {
    fleet: cut(info.fleet, MAX_NAME),
    lb: cut(info.lb, MAX_NAME),
    site: cut(info.site, MAX_NAME),
    kind: cut(info.store, MAX_NAME),
    reason: cut(info.storeReason, MAX_TEXT),
    sinceMs: instantOf(info.storeSinceUnixNs),
    applied: Number(info.revision),
    members: info.members.length,
    away: away.sort().slice(0, MAX_AWAY),
    unobeyed: info.intents.filter(({ here }) => here === "held" || here === "unfit").length,
    rollout: sharedRollout(info),
  };
}
