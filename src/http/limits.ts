/** PURE. What clients of a listener can cost: the bounds that differ, and those that do not. */
import type { HttpMethod } from "./ports.ts";

/** The bounds of one listener. */
export interface HttpLimits {
  /**
   * Largest number of connections that are not streams. A new one evicts the one that has been
   * idle longest, otherwise the one that has been answered longest, if that is longer than FAIR_MS.
   */
  readonly connections: number;
  /**
   * An idle connection is not evicted within this time, in milliseconds, so that a client in a flood
   * of others can send its request. Meanwhile no further connection is accepted.
   */
  readonly settleMs: number;
  /**
   * Largest number of event streams. No stream is evicted: a further one gets 503, and before that
   * one of a client that has as many as are left (see StreamAnswer.group).
   */
  readonly streams: number;
  /** Largest body of a request, in bytes. */
  readonly bodyBytes: number;
  /** Others get 405, and unknown ones 501. */
  readonly methods: readonly HttpMethod[];
}

/** Three small pages without bodies, for a few scrapers. */
export const METRICS_LIMITS: HttpLimits = {
  connections: 64,
  settleMs: 0,
  streams: 0,
  bodyBytes: 0,
  methods: ["GET", "HEAD"],
};

/** Browsers, with a stream each; their requests are short. */
export const DASHBOARD_LIMITS: HttpLimits = {
  connections: 256,
  settleMs: 100,
  streams: 512,
  bodyBytes: 65_536,
  methods: ["GET", "HEAD", "POST", "PUT"],
};

/** Age in milliseconds from which an answer may be evicted; a page of 10,000 backends takes a tenth of it. */
export const FAIR_MS = 2000;
/** Longest head of a request, in bytes. */
export const MAX_HEAD_BYTES = 16_384;
/** Longest time for the first request, and for one that has begun. */
export const HEAD_DEADLINE_MS = 5000;
/** Longest time for the body of a request. */
export const BODY_DEADLINE_MS = 10_000;
/** Longest wait for another request: longer than between two scrapes. */
export const IDLE_DEADLINE_MS = 90_000;
/** Longest time from a request to the last byte of its answer, except streams. */
export const ANSWER_DEADLINE_MS = 30_000;
/** Longest time, and most bytes, for a refused client to close the connection. */
export const LINGER_MS = 500;
export const LINGER_BYTES = 65_536;
/** A stream's client that leaves more bytes than this in the queue is dropped. */
export const STREAM_QUEUE_BYTES = 65_536;
/** The same for what start() sends, and for events that are larger than the queue. */
export const STREAM_EXEMPT_BYTES = 4 * 1024 * 1024;
/** A comment is sent this often; a client that takes nothing in between is dropped. */
export const PING_INTERVAL_MS = 15_000;
