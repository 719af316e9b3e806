/** PURE. The states of a rollout: metrics have them without the rest of it. */

export const ROLLOUT_STATES = [
  /** Load balancers of the open waves put the file in force. */
  "open",
  /** A gate was red. */
  "refused",
  /** An operator stopped it. */
  "stopped",
  /** Those that put it in force put the former file back. */
  "reverting",
  "reverted",
  "done",
] as const;
export type RolloutState = typeof ROLLOUT_STATES[number];
