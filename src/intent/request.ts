/** PURE. Requests of operators that leave an intent. */
import type { WallMs } from "../base/instant.ts";
import type { OperatorId } from "./intent.ts";

/** Longest reason, in UTF-16 units. */
export const MAX_REASON_LENGTH = 500;

/** Operator, reason and end of a request. */
export interface OperatorOptions {
  readonly by: OperatorId;
  /** The operator's reason: one line of at most MAX_REASON_LENGTH. */
  readonly reason?: string | undefined;
  /**
   * Unix time in milliseconds at which it ends; in the future, whole. Only for actions that can
   * end: pause, disable, a weight.
   */
  readonly untilMs?: WallMs | undefined;
  /** The length that gave `untilMs`, in milliseconds; undefined: the operator named the time. */
  readonly forMs?: number | undefined;
  /** Unix time in milliseconds at which it begins, likewise; absent: now. */
  readonly fromMs?: WallMs | undefined;
  /** The length that gave `fromMs`, in milliseconds; undefined: the operator named the time. */
  readonly inMs?: number | undefined;
}

/** Actions on a backend. */
export type BackendAction = "pause" | "resume" | "disable" | "enable";

/** A drain, and what follows it. */
export interface DrainRequest {
  readonly backend: string;
  readonly then: "pause" | "disable";
  /** Its length in milliseconds, whole; undefined: five times VPP's flow timeout. */
  readonly forMs: number | undefined;
  /** Also when it takes the last server with a weight from a frontend. */
  readonly force: boolean;
}

/** A weight to be put in place of the file's, until that one changes. */
export interface SetWeightRequest {
  readonly frontend: string;
  /** Name of the pool. */
  readonly pool: string;
  readonly backend: string;
  /** Integer, 0 to 100. */
  readonly weight: number;
}
