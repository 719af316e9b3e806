/**
 * Watches the checker: replays the present state of everything (as transitions whose `from` is
 * their `to`), then follows its events without a gap or a repetition. The replay is read from the
 * snapshot of the moment of subscribing, so it takes no room in the queue.
 */
import type {
  Backend,
  BackendState,
  FrontendTransition,
  ResultCode,
  Transition,
} from "../health/state.ts";
import { Feed } from "../async/feed.ts";
import type { CheckerReader, Snapshot } from "./ports.ts";

/** Events that may wait for one subscriber. */
export const WATCH_CAPACITY = 1000;

/** One item of a watch. */
export type WatchItem =
  | { readonly kind: "backend"; readonly name: string; readonly transition: Transition }
  | { readonly kind: "frontend"; readonly name: string; readonly transition: FrontendTransition }
  /** The watcher was too slow: this many items are missing here. */
  | { readonly kind: "dropped"; readonly count: number };

/** Options of a watch. */
export interface WatchOptions {
  readonly backends: boolean;
  readonly frontends: boolean;
  /** Unix time in milliseconds: when the replayed state of the frontends is said to be. */
  readonly nowMs: number;
  /** Items that may wait; default WATCH_CAPACITY. */
  readonly capacity?: number;
}

/** A feed of the checker's events. Close it, or leave its `for await` loop, to unsubscribe. */
export function watchChecker(checker: CheckerReader, options: WatchOptions): Feed<WatchItem> {
  const feed = new Feed<WatchItem>({
    replay: replayOf(checker.snapshot(), options),
    capacity: options.capacity ?? WATCH_CAPACITY,
    lost: (count) => ({ kind: "dropped", count }),
    onClose: () => unsubscribe(),
  });
  const unsubscribe = checker.subscribe((event) => {
    if (event.kind === "backend" && options.backends) feed.push(event);
    else if (event.kind === "frontend" && options.frontends) feed.push(event);
  });
  return feed;
}

/** The present state as items, in the file's order, backends first. */
export function* replayOf(snapshot: Snapshot, options: WatchOptions): Generator<WatchItem> {
  if (options.backends) {
    for (const [name, backend] of snapshot.backends) {
      yield { kind: "backend", name, transition: presentState(backend) };
    }
  }
  if (options.frontends) {
    for (const [name, { state }] of snapshot.frontends) {
      const transition = { from: state, to: state, atMs: options.nowMs };
      yield { kind: "frontend", name, transition };
    }
  }
}

/** The state of a backend as a transition into itself: since when, and why. */
function presentState(backend: Backend): Transition {
  const { state, sinceMs, history } = backend;
  const result = history.at(-1)?.result ??
    { ok: false, layer: "", code: initialCode(state), detail: "", durationMs: 0 };
  return { from: state, to: state, atMs: sinceMs, result };
}

/** The code of a backend that has not changed since it began: in unknown, or in disabled. */
function initialCode(state: BackendState): ResultCode {
  return state === "disabled" ? "disabled" : "enabled";
}
