/** The vocabulary of health: states, probe results, transitions. Pure data without behaviour. */
import type { WallMs } from "../base/instant.ts";

/** States of a backend; probing goes on in the first three only. */
export type BackendState = "unknown" | "up" | "down" | "paused" | "disabled" | "removed";

/** Wire numbers of the states (gRPC, metrics). */
export const BACKEND_STATE_NUMBER: Readonly<Record<BackendState, number>> = {
  unknown: 0,
  up: 1,
  down: 2,
  paused: 3,
  disabled: 4,
  removed: 5,
};

/**
 * Why an `unknown` backend is more to the data plane than one that never was seen:
 *
 * - `carried`: it was up when a reload changed its check. It counts as up until the new check has
 *   reached a verdict.
 * - `blind`: no probe has counted since it is unknown, because all were void. It keeps the weight
 *   that VPP has: what the prober lacks accuses no server.
 */
export type Standing = "carried" | "blind";

/** The state that decides a backend's weights; a carried one counts as up. */
export type CountedState = BackendState | "blind";

/** States of a frontend. */
export type FrontendState = "unknown" | "up" | "down";

/** Protocol layer a probe ended at; empty for pseudo results. */
export type Layer = "" | "L4" | "L6" | "L7";

/** Result codes: of probes (HAProxy's vocabulary), then of pseudo results. */
export type ResultCode =
  | "L4OK"
  | "L4TOUT"
  | "L4CON"
  | "L6OK"
  | "L6TOUT"
  | "L6RSP"
  | "L7OK"
  | "L7TOUT"
  | "L7RSP"
  | "L7STS"
  | "disabled"
  | "enabled"
  | "paused"
  | "resumed"
  | "removed"
  | "static";

/** The result of one probe, or of an operator's action as a pseudo result. */
export interface ProbeResult {
  readonly ok: boolean;
  readonly layer: Layer;
  readonly code: ResultCode;
  /** For people: `connection refused`, `status 503, expected 200`. Empty when all is said. */
  readonly detail: string;
  /** How long the probe took; 0 for pseudo results. */
  readonly durationMs: number;
  /**
   * First end of validity (Unix time in milliseconds) among the certificates that the server
   * showed, accepted or not; absent when the probe saw none.
   */
  readonly certificateExpiryMs?: WallMs;
  /** Name of the certificate whose end that is. */
  readonly certificateName?: string | undefined;
}

/** One change of a backend's state, with the result that caused it. */
export interface Transition {
  readonly from: BackendState;
  readonly to: BackendState;
  /** Unix time in milliseconds. */
  readonly atMs: WallMs;
  readonly result: ProbeResult;
}

/** One change of a frontend's state. */
export interface FrontendTransition {
  readonly from: FrontendState;
  readonly to: FrontendState;
  /** Unix time in milliseconds. */
  readonly atMs: WallMs;
}

/** Rise/fall settings of a backend; a static backend (no healthcheck) has 1 and 1. */
export interface HealthPolicy {
  /** Passes in a row that make a down backend up; >= 1. */
  readonly rise: number;
  /** Failures in a row that make a fully healthy backend down; >= 1. */
  readonly fall: number;
}

/** Health of one backend: a value replaced whole by every step. */
export interface Backend {
  readonly name: string;
  readonly state: BackendState;
  /** 0 to rise + fall - 1; see counter.ts. */
  readonly counter: number;
  /** The operator's wish; false exactly in `disabled`. */
  readonly enabled: boolean;
  readonly policy: HealthPolicy;
  /** Newest last; at most `historyCapacity`. */
  readonly history: readonly Transition[];
  /** `transition-history` of the configuration. */
  readonly historyCapacity: number;
  /** Unix time in milliseconds of entering the state. */
  readonly sinceMs: WallMs;
  /** The last counted probe result, if any. */
  readonly lastResult: ProbeResult | undefined;
  /** In `unknown` only; absent when it stands for nothing. */
  readonly standing?: Standing;
  /**
   * Of the last certificate that a probe of this definition saw, in Unix milliseconds. A probe that
   * saw none (a slow or dead server) leaves it, and so does an operator's action.
   */
  readonly certificateExpiryMs?: WallMs;
  readonly certificateName?: string | undefined;
}

/** Events of a backend's state machine. */
export type HealthEvent =
  | { readonly kind: "probe"; readonly result: ProbeResult }
  /** A probe did not count. */
  | { readonly kind: "void" }
  /** The new check of a carried backend took too long to reach a verdict. */
  | { readonly kind: "drop" }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "disable" }
  | { readonly kind: "enable" }
  | { readonly kind: "remove" };

/**
 * Answer of the machine: the next value with the transition if there was one, or a refusal
 * (an expected failure, so a value). `transition` is undefined when only bookkeeping changed.
 */
export type StepResult =
  | {
    readonly ok: true;
    readonly backend: Backend;
    readonly transition: Transition | undefined;
  }
  | { readonly ok: false; readonly message: string };

/** A transition with the backend it is of. */
export interface NamedTransition {
  readonly name: string;
  readonly transition: Transition;
}
