/** Times and bounds of the engine. PURE. */

/**
 * Least time between two rounds of starts. A longer one saves CPU (4 ms: some 3 us of 50 a probe
 * at 5,000 a second) and costs punctuality: starts are up to a tick late, and 5 ms is the bound.
 */
export const TICK_MS = 2;

/** Longest sleep while a probe is in flight; a stall is measured that much too short at most. */
export const HEARTBEAT_MS = 20;

/** After a round later than this, deadlines may be past although their results came in time. */
export const LATE_ROUND_MS = 5;

/**
 * With this many probes in flight no probe starts ahead of its place. Servers that hang then delay
 * others to their places at most, and the host needs few descriptors more than usual.
 */
export const EARLY_IN_FLIGHT = 512;

/** For so long after the last of them a host may still have its effects. */
export const RUSH_MS = 1000;

/** A start later than this means that the process slept: missed starts are spread out again. */
export const OVERSLEPT_MS = 200;

/** The window over which they are spread, unless the interval is shorter. */
export const SPREAD_AGAIN_MS = 1000;

/** A cancelled probe that has not ended after this time is abandoned. */
export const ENDING_MS = 1000;

/** Longest time that deadlines wait for a backlog to drain. */
export const MOST_HELD_MS = 1000;

/** Timeout of stats() for one worker. */
export const STATS_MS = 1000;

/**
 * All targets of a crashed worker are probed again within this time, however slow their pace,
 * because the time of their last probe is unknown.
 */
export const RESTORE_MS = 500;

/** Most commands in a message, unless a worker is restored. */
export const MAX_COMMANDS = 1000;

/** A group without targets is retired after this time. */
export const IDLE_MS = 5000;
