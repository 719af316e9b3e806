/** Changes that policies make to a frontend. PURE. */
import type { LogEventName } from "../../base/ports.ts";

/** One change. It becomes an event for watchers, a log record of this name, and history. */
export interface PolicyChange {
  readonly event: LogEventName;
  /** Name of the frontend; absent for a change of a backend in all of its frontends. */
  readonly frontend?: string;
  /** Absent for a change of the whole frontend, or of a backend in all its pools. */
  readonly pool?: string;
  readonly backend?: string;
  /** For people; one sentence without a full stop. */
  readonly message: string;
}
