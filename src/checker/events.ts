/**
 * Makes the replay that a watcher receives first: the present state of everything, as transitions
 * whose `from` is their `to`. It is read from the snapshot at the time of subscribing, so that it
 * takes no room in the queue for any number of backends.
 */
import type { WallMs } from "../base/instant.ts";
import type {
  Backend,
  BackendState,
  FrontendTransition,
  ResultCode,
  Transition,
} from "../health/state.ts";
import type { CheckerEvent, Snapshot } from "./ports.ts";

/** Maximum events that wait for one subscriber. */
export const WATCH_CAPACITY = 1000;

/** One item of a watch. */
export type WatchItem =
  | { readonly kind: "backend"; readonly name: string; readonly transition: Transition }
  | { readonly kind: "frontend"; readonly name: string; readonly transition: FrontendTransition }
  | Extract<CheckerEvent, { readonly kind: "policy" }>
  /** The watcher was too slow, so this many items are missing here. */
  | { readonly kind: "dropped"; readonly count: number };

/** Options of replayOf(). */
export interface ReplayOptions {
  readonly backends: boolean;
  readonly frontends: boolean;
  /** Unix time in milliseconds, used as the time of the replayed frontend states. */
  readonly nowMs: WallMs;
}

/** The present state as items, in the file's order, backends first. */
export function* replayOf(snapshot: Snapshot, options: ReplayOptions): Generator<WatchItem> {
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

/** The code of a backend that is still in its initial state: unknown or disabled. */
function initialCode(state: BackendState): ResultCode {
  return state === "disabled" ? "disabled" : "enabled";
}
