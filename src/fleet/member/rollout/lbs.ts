/** The load balancers of a fleet, as a rollout sees them. */
import type { StoreWrite } from "../../book/store.ts";
import type { RolloutLb } from "../../book/rollout/gate.ts";
import { waveOf, wavesText } from "../../book/rollout/waves.ts";
import type { Roster } from "../roster.ts";
import type { RolloutView } from "../view.ts";
import { type FollowerOptions, RolloutFollower, type RolloutPort } from "./follower.ts";

/** The part of a member that is used here. */
interface RolloutMember {
  readonly options: Pick<FollowerOptions, "place" | "store" | "clock" | "logger"> & {
    readonly rollout?: RolloutPort | undefined;
  };
  readonly roster: Pick<Roster, "members">;
  readonly rollout: Pick<RolloutFollower, "answer" | "rollout"> | undefined;
  metaCondition(): StoreWrite["ifValue"];
}

/** The follower of rollouts of a member; undefined: it takes no part in them. */
export function followerOf(
  member: RolloutMember,
  onChange: () => void,
): RolloutFollower | undefined {
  const { place, store, clock, logger, rollout: port } = member.options;
  if (port === undefined) return undefined;
  const lbs = () => rolloutLbs(member);
  const ifValue = () => member.metaCondition();
  return new RolloutFollower({ place, store, port, lbs, ifValue, clock, logger, onChange });
}

/** The rollout and what became of it on each load balancer; undefined: the fleet has no rollout. */
export function rolloutView(member: RolloutMember): RolloutView | undefined {
  const rollout = member.rollout?.rollout;
  if (rollout === undefined) return undefined;
  const lbs = rolloutLbs(member).map((lb) => ({ ...lb, wave: waveOf(lb, rollout.waves) }));
  return { ...rollout, wavesText: wavesText(rollout.waves), lbs };
}

/** All of them by name; this one with its answer of now, which the store may not have yet. */
export function rolloutLbs({ options, roster, rollout }: RolloutMember): readonly RolloutLb[] {
  return roster.members().map(({ lb, present, status }) => ({
    lb,
    site: status.site,
    present,
    configHash: status.configHash,
    answer: lb === options.place.lb ? rollout?.answer ?? status.rollout : status.rollout,
  }));
}
