/** Changes that policies make to a frontend. PURE. */
import type { LogEventName } from "../../base/ports.ts";

/** Names of all changes. The history keeps each of them. */
export const POLICY_EVENTS = [
  "backend-damped",
  "damping-overridden",
  "backend-held",
  "backend-released",
  "frontend-held",
  "frontend-released",
  "slow-start-begin",
  "slow-start-end",
  "encap-failed",
  "encap-passed",
] as const satisfies readonly LogEventName[];

/** One change. It becomes an event for watchers, a log record of this name, and history. */
export interface PolicyChange {
  readonly event: typeof POLICY_EVENTS[number];
  /** Name of the frontend; absent for a change of a backend in all of its frontends. */
  readonly frontend?: string;
  /** Absent for a change of the whole frontend, or of a backend in all its pools. */
  readonly pool?: string;
  readonly backend?: string;
  /** For people; one sentence without a full stop. */
  readonly message: string;
}
