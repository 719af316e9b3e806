/** PURE. The stores of fleets, and their rollouts, as tiles. */
import type { Fleet, FleetRollout, FleetStore } from "../../../protocol.ts";
import { plural } from "../format.ts";

/** What a fleet shares. */
export interface StoreTile {
  readonly fleet: string;
  readonly kind: "well" | "differ";
  readonly text: string;
  readonly lines: readonly StoreLine[];
}

/** One load balancer of a fleet, or a rollout on it. */
export interface StoreLine {
  readonly name: string;
  readonly text: string;
  /** Since when it is so; undefined: it does not matter. */
  readonly sinceMs?: number;
  readonly isBad: boolean;
}

/** A rollout that is over is shown for this time. */
const SHOWN_MS = 24 * 3_600_000;

/** A tile for each fleet with a store. */
export function storeTilesOf({ stores = [] }: Pick<Fleet, "stores">): readonly StoreTile[] {
  const fleets = [...new Set(stores.map(({ fleet }) => fleet))].sort();
  return fleets.map((fleet): StoreTile => {
    const own = stores.filter((store) => store.fleet === fleet);
    const up = own.filter(({ state }) => state === "ok");
    // Only one that has the store sees who else is there now.
    const away = [...new Set(up.flatMap((store) => store.away))].sort();
    const members = Math.max(0, ...up.map((store) => store.members));
    const lines = own.map(lineOf);
    const words = [
      up.length === own.length
        ? "store ok"
        : `store not ok on ${up.length === 0 ? "all" : "some"} load balancers`,
      ...(up.length === 0 ? [] : [
        `revision ${Math.max(...up.map(({ applied }) => applied))}`,
        plural(members, "load balancer") +
        (away.length === 0 ? "" : `, ${away.join(", ")} away`),
      ]),
    ];
    const isGood = away.length === 0 && lines.every(({ isBad }) => !isBad);
    return { fleet, kind: isGood ? "well" : "differ", text: words.join(", "), lines };
  });
}

function lineOf({ lb, state, reason, since_ms, applied, unobeyed }: FleetStore): StoreLine {
  const isOk = state === "ok";
  const text = [
    isOk ? `applied ${applied}` : reason === "" ? state : `${state}: ${reason}`,
    ...(unobeyed === 0 ? [] : [`${plural(unobeyed, "intent")} not obeyed`]),
  ].join(", ");
  return { name: lb, text, isBad: !isOk || unobeyed > 0, ...(isOk ? {} : { sinceMs: since_ms }) };
}

/** A tile for each rollout that is not over for long. */
export function rolloutTilesOf(
  { rollouts = [] }: Pick<Fleet, "rollouts">,
  nowMs: number,
): readonly (StoreTile & { readonly sinceMs: number })[] {
  return rollouts.filter((rollout) => !isOver(rollout, nowMs)).map((rollout) => {
    const { fleet, hash, state, step_ms, wave_count, waves_open, note, lbs } = rollout;
    const words = [
      `rollout of ${hash.slice(0, 12)} ${state}`,
      `wave ${waves_open} of ${wave_count}`,
      ...(note === "" ? [] : [note]),
    ];
    const lines = lbs.map((lb): StoreLine => ({
      name: lb.name,
      text: `${lb.wave === 0 ? "in no wave" : `wave ${lb.wave}`}: ${stateOf(lb)}`,
      isBad: lb.state === "refused" || lb.state === "unreverted",
    }));
    const isBad = state === "refused" || lines.some((line) => line.isBad);
    return {
      fleet,
      kind: isBad ? "differ" as const : "well" as const,
      text: words.join(", "),
      lines,
      sinceMs: step_ms,
    };
  });
}

function isOver({ state, step_ms }: FleetRollout, nowMs: number): boolean {
  const isEnd = state === "done" || state === "reverted" || state === "stopped";
  return isEnd && nowMs - step_ms > SHOWN_MS;
}

function stateOf({ present, state, note }: FleetRollout["lbs"][number]): string {
  if (!present) return "away";
  if (state === "") return "no answer";
  return note === "" ? state : `${state} (${note})`;
}
