/** Clock, timers, chance and fetch of a browser, for a page and for a SharedWorker. */
import type { FeedPorts } from "./feed.ts";

export const BROWSER: FeedPorts & {
  /** A clock that no one sets, in milliseconds; it may stand still while the machine sleeps. */
  readonly steadyMs: () => number;
  /** Calls `then` once, after `ms`. */
  readonly after: (ms: number, then: () => void) => void;
} = {
  nowMs: () => Date.now(),
  steadyMs: () => performance.now(),
  random: () => Math.random(),
  every: (ms, tick) => {
    const timer = setInterval(tick, ms);
    return () => clearInterval(timer);
  },
  after: (ms, then) => void setTimeout(then, ms),
  fetch: (url, init) => fetch(url, init),
};
