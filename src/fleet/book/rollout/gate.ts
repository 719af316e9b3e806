/**
 * PURE. The gates of a rollout: what a load balancer may do by its own plan, and when all of the open
 * waves are well, so that the next one may open.
 */
import type { Place } from "../keys.ts";
import type { RolloutAnswer } from "./answer.ts";
import type { Gates, Rollout } from "./rollout.ts";
import { waveOf } from "./waves.ts";

/** The effect of a reload on a VIP. */
export interface PlannedVip {
  readonly frontend: string;
  /** It is removed, or deleted and added again: its flows are dropped. */
  readonly isRemoved: boolean;
  /** Share of its new flows that get another server, 0 to 1. */
  readonly moved: number;
}

/** Why a plan is not within the gates; undefined: it is. */
export function planRefusal(
  { vips, overLimit }: { readonly vips: readonly PlannedVip[]; readonly overLimit: string },
  { moves, removes }: Gates,
): string | undefined {
  const removed = vips.filter(({ isRemoved }) => isRemoved).map(({ frontend }) => frontend);
  if (removed.length > removes) {
    const names = removed.slice(0, MAX_NAMED).join(", ") +
      (removed.length > MAX_NAMED ? ", …" : "");
    return `its plan removes or recreates ${removed.length} VIPs (${names}), at most ${removes} ` +
      "are allowed";
  }
  if (overLimit !== "" && moves < 1) return overLimit;
  const [most] = vips.filter(({ isRemoved }) => !isRemoved)
    .sort((a, b) => b.moved - a.moved || (a.frontend < b.frontend ? -1 : 1));
  if (most === undefined || most.moved <= moves) return undefined;
  return `its plan moves ${
    percent(most.moved)
  } of new flows of frontend ${most.frontend}, at most ` +
    `${percent(moves)} are allowed`;
}

/** Names in a refusal. */
const MAX_NAMED = 3;

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** A load balancer of the fleet, as far as a rollout needs it. */
export interface RolloutLb extends Place {
  readonly present: boolean;
  /** SHA-256 of its configuration, as it published last. */
  readonly configHash: string;
  /** Its answer to any rollout; undefined: none, as of an older version. */
  readonly answer: RolloutAnswer | undefined;
}

export type FleetGate =
  | { readonly kind: "green" }
  /** Not yet; `note` is the first reason. */
  | { readonly kind: "waits"; readonly note: string }
  /** Load balancers that have it differ, and did not before; `note` is of the first pair. */
  | { readonly kind: "differs"; readonly note: string; readonly pairs: readonly Pair[] };

/** Two load balancers that differ. */
interface Pair {
  /** Their names and tables. */
  readonly key: string;
  readonly note: string;
}

/** The gate of the waves that are open. */
export function fleetGate(rollout: Rollout, lbs: readonly RolloutLb[]): FleetGate {
  const open = lbs.filter((place) => isOpenTo(place, rollout));
  const [missing] = missingOf(rollout, lbs);
  if (missing !== undefined) return waits(`${missing} is away`);
  if (open.length === 0) return waits("no load balancer of its open waves is there");
  const applied: { readonly lb: string; readonly answer: RolloutAnswer }[] = [];
  for (const { lb, present, answer } of open) {
    if (!present) return waits(`${lb} is away`);
    if (answer?.id !== rollout.id) return waits(`${lb} has not answered`);
    if (answer.state !== "applied") return waits(`${lb} is ${answer.state}${reason(answer.note)}`);
    if (answer.note !== "") return waits(`${lb} has it, and ${answer.note}`);
    applied.push({ lb, answer });
  }
  const pairs = applied.flatMap((one, at) =>
    applied.slice(at + 1).filter(({ answer }) => isNewDifference(one.answer, answer))
      .map((other) => ({
        key: [one.lb, one.answer.now.wanted, other.lb, other.answer.now.wanted].join(" "),
        note: `${one.lb} and ${other.lb} see servers differently, and did not before`,
      }))
  );
  const [first] = pairs;
  return first === undefined ? { kind: "green" } : { kind: "differs", note: first.note, pairs };
}

/** Load balancers of open waves that are in the waves or were there at the begin, and not in `lbs`. */
export function missingOf(rollout: Rollout, lbs: readonly Place[]): readonly string[] {
  const named = rollout.waves.flat().flatMap((term) =>
    term.kind === "lb" ? [{ lb: term.name, site: "" }] : []
  );
  const names = [...named, ...rollout.lbs].filter((place) =>
    isOpenTo(place, rollout) && !lbs.some(({ lb }) => lb === place.lb)
  ).map(({ lb }) => lb);
  return [...new Set(names)].sort();
}

function isOpenTo(place: Place, { wave, waves }: Rollout): boolean {
  return (waveOf(place, waves) ?? Infinity) <= wave;
}

/** True when files and intents are equal and tables are not, which was not so before. */
function isNewDifference(a: RolloutAnswer, b: RolloutAnswer): boolean {
  const differs = (one: RolloutAnswer["now"], other: RolloutAnswer["now"]) =>
    one.inputs !== "" && one.inputs === other.inputs && one.wanted !== other.wanted;
  return differs(a.now, b.now) && !differs(a.before, b.before);
}

function waits(note: string): FleetGate {
  return { kind: "waits", note };
}

function reason(note: string): string {
  return note === "" ? "" : `: ${note}`;
}
