/**
 * Counts the servers of a frontend that serve, and those on standby.
 *
 * A server of the active pool with a weight should serve; it does when its effective weight is
 * greater than 0. Servers of later pools are on standby. A pool before the active one was skipped,
 * because no server in it can take traffic.
 */
import type { messages } from "../../../grpc/client/client.ts";
import type { Cell } from "../../render/model.ts";

export interface Serving {
  /** Servers of the active pool with a weight, and how many of them take new flows. */
  readonly wanted: number;
  readonly serving: number;
  /** Those of the serving that fail their checks, because `max-down` holds them. */
  readonly held: number;
  /** Servers of later pools with a weight, and how many of them are up. */
  readonly standby: number;
  readonly ready: number;
  /** An earlier pool was skipped. */
  readonly failedOver: boolean;
}

/** Each backend counts once, in the first pool, from the active one on, that has it. */
export function servingOf(
  { pools, activePool }: Pick<messages.FrontendInfo, "pools" | "activePool">,
): Serving {
  const active = Math.max(0, pools.findIndex(({ name }) => name === activePool));
  const own = weighted(pools.slice(active, active + 1));
  const later = weighted(pools.slice(active + 1)).filter(({ name }) =>
    !own.some((entry) => entry.name === name)
  );
  const serving = own.filter(({ effectiveWeight }) => effectiveWeight > 0);
  return {
    wanted: own.length,
    serving: serving.length,
    held: serving.filter(({ held }) => held).length,
    standby: later.length,
    ready: later.filter(({ state }) => state === "up").length,
    failedOver: active > 0,
  };
}

/** Entries of these pools with a weight, one for each backend. */
function weighted(pools: readonly messages.PoolInfo[]): readonly messages.PoolBackendInfo[] {
  const entries = pools.flatMap(({ backends }) => backends).filter(({ weight }) => weight > 0);
  return [...new Map(entries.toReversed().map((entry) => [entry.name, entry])).values()];
}

/** `2 of 2, +1 standby`, and `2 of 4 (1 held)`; without a terminal `2/2+1`. */
export function servingCell(frontend: messages.FrontendInfo): Cell {
  const { wanted, serving, held, standby, ready, failedOver } = servingOf(frontend);
  const down = held === 0 ? "" : ` (${held === serving ? "all" : held} held)`;
  const more = standby === 0
    ? ""
    : `, +${ready === standby ? ready : `${ready} of ${standby}`} standby`;
  const style = serving === held ? "bad" : serving < wanted || failedOver ? "warn" : "good";
  return {
    text: `${serving} of ${wanted}${down}${more}${failedOver ? ", failed over" : ""}`,
    plain: `${serving}/${wanted}+${ready}`,
    style,
  };
}
