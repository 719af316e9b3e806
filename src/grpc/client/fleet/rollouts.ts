/** PURE. The rollout that a load balancer reports: bounded and cut, since it may be wrong. */
import type { WallMs } from "../../../base/instant.ts";
import type { messages } from "../client.ts";
import { cut, instantOf } from "./answers.ts";

/** Most load balancers, and longest texts in UTF-16 units. */
const MAX_LBS = 100;
const [MAX_NAME, MAX_TEXT] = [256, 400];

/** A rollout on one load balancer. */
export interface SharedRolloutLb {
  readonly name: string;
  /** From 1; 0: it is in none. */
  readonly wave: number;
  readonly present: boolean;
  /** Empty: it has not answered. */
  readonly state: string;
  readonly note: string;
}

/** The rollout of a fleet. */
export interface SharedRollout {
  readonly id: string;
  readonly hash: string;
  readonly waves: string;
  readonly waveCount: number;
  readonly wavesOpen: number;
  readonly state: string;
  readonly note: string;
  readonly by: string;
  readonly reason: string;
  readonly sinceMs: WallMs;
  readonly stepMs: WallMs;
  /** Undefined: waves are opened by hand. */
  readonly bakeMs: number | undefined;
  readonly lbs: readonly SharedRolloutLb[];
}

/** The rollout of an answer; undefined: the fleet has no rollout. */
export function sharedRollout({ rollout }: Pick<messages.FleetInfo, "rollout">):
  | SharedRollout
  | undefined {
  if (rollout === undefined) return undefined;
  const { identity, peer, bakeNs, lbs } = rollout;
  return {
    id: cut(rollout.id, MAX_NAME),
    hash: cut(rollout.hash, MAX_NAME),
    waves: cut(rollout.waves, MAX_TEXT),
    waveCount: Math.min(rollout.waveCount, MAX_LBS),
    wavesOpen: Math.min(rollout.wavesOpen, MAX_LBS),
    state: cut(rollout.state, MAX_NAME),
    note: cut(rollout.note, MAX_TEXT),
    by: cut(identity === "" ? peer : identity, MAX_NAME),
    reason: cut(rollout.reason, MAX_TEXT),
    sinceMs: instantOf(rollout.sinceUnixNs),
    stepMs: instantOf(rollout.stepUnixNs),
    bakeMs: bakeNs === undefined ? undefined : Number(bakeNs) / 1e6,
    lbs: lbs.slice(0, MAX_LBS).map(({ name, wave, present, state, note }) => ({
      name: cut(name, MAX_NAME),
      wave,
      present,
      state: cut(state, MAX_NAME),
      note: cut(note, MAX_TEXT),
    })),
  };
}
