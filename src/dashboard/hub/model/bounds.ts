/**
 * PURE. Bounds of what one maglevd may make the dashboard keep. A maglevd that lies, or is another
 * program, costs at most this; what is left out is reported by a sentence.
 */

/** Backends and frontends that are kept; the rest of a longer list is left out. */
export const MAX_BACKENDS = 20_000;
export const MAX_FRONTENDS = 5000;
export const MAX_HEALTHCHECKS = 5000;
/** Entries of all pools of one maglevd. */
export const MAX_POOL_ENTRIES = 100_000;
export const MAX_POOLS = 64;
/** VIPs of VPP's load balancer, and servers of all of them. */
export const MAX_VIPS = 5000;
export const MAX_VIP_SERVERS = 100_000;
/** Largest answer; 20,000 backends take a third of it. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Messages within it, of which each takes memory and time: those of the longest list that is kept. */
export const MAX_ANSWER_MESSAGES = 120_000;

/** Longest name, in characters: the configuration allows no longer one. */
export const MAX_NAME = 128;
/** Longest sentence, in characters: reasons of operators have up to 500. */
export const MAX_TEXT = 500;
/** Attributes of a log record, and characters of each. */
export const MAX_ATTRIBUTES = 32;
export const MAX_ATTRIBUTE = 1000;
/** Sentences of a list of them, such as what is withheld. */
export const MAX_SENTENCES = 100;
/** Transitions of a backend; maglevd keeps fewer. */
export const MAX_TRANSITIONS = 1000;

/** Events per second of a maglevd that are read; the burst holds its replay. */
export const EVENTS_PER_S = { rate: 1000, burst: 25_000 } as const;
/** Sums of probes per second that are read; four are requested. */
export const ACTIVITY_PER_S = { rate: 8, burst: 40 } as const;
/**
 * One event of each stream. It is read before its rate can be judged, so a maglevd that fills large
 * ones with empty messages would take the time of all others.
 */
export const EVENT_BOUNDS = { bytes: 262_144, messages: 1000 } as const;
export const ACTIVITY_BOUNDS = { bytes: 4 * 1024 * 1024, messages: 2 * MAX_BACKENDS + 10 } as const;
/** Records of the log that are sent on. */
export const LOG_PER_S = { rate: 50, burst: 300 } as const;
/** Changed backends and frontends that are sent on as they come; further ones follow combined. */
export const CHANGES_PER_S = { rate: 200, burst: 2000 } as const;
/** Links of a chain, and pools that have a backend. */
export const MAX_LINKS = 100;
export const MAX_PLACES = 1000;

/**
 * Details, explanations and pages of history that are asked for: any browser causes these calls.
 * Viewers have as much, and operators.
 */
export const DETAILS_PER_S = { rate: 20, burst: 100 } as const;
/** One such answer: an explained frontend of 1,000 servers takes half of it. */
export const DETAILS_BOUNDS = { bytes: 2 * 1024 * 1024, messages: 60_000 } as const;
/** Such answers of one maglevd that are waited for together, by viewers, and by operators. */
export const MAX_DETAILS_PENDING = 32;

/** `text`, or its beginning with an ellipsis. */
export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`;
}

/** The first `count` items, and how many are left out. */
export function head<T>(
  items: readonly T[],
  count: number,
): { readonly items: readonly T[]; readonly leftOut: number } {
  return items.length <= count
    ? { items, leftOut: 0 }
    : { items: items.slice(0, count), leftOut: items.length - count };
}
