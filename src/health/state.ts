/** The types of health: states, probe results, transitions. Pure data without behaviour. */
import type { WallMs } from "../base/instant.ts";
import type { Damping, DampingPolicy } from "./policy/damping.ts";

/** States of a backend; it is probed in the first three only. */
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
 * The reason why an `unknown` backend is not treated like a new one:
 *
 * - `carried`: it was up when a reload changed its check. It counts as up until the new check has
 *   reached a verdict.
 * - `damped`: as `carried`, but damping kept it down although its checks passed. It is still damped,
 *   and `carried` from the end of its suppression on.
 * - `blind`: all probes since it became unknown were void. It keeps the weight that VPP has,
 *   because a failure of the prober is not evidence against the server.
 */
export type Standing = "carried" | "damped" | "blind";

/**
 * The state that decides a backend's weights; a carried one counts as up. A `damped` one is down
 * although its checks pass.
 */
export type CountedState = BackendState | "blind" | "damped";

/** States of a frontend. */
export type FrontendState = "unknown" | "up" | "down";

/** Protocol layer at which a probe ended; empty for pseudo results. */
export type Layer = "" | "L3" | "L4" | "L6" | "L7";

/** Result codes: of probes (HAProxy's vocabulary), then of pseudo results. */
export type ResultCode =
  | "L3ENCAP"
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
  | "damped"
  | "static";

/** The result of one probe, or of an operator's action as a pseudo result. */
export interface ProbeResult {
  readonly ok: boolean;
  readonly layer: Layer;
  readonly code: ResultCode;
  /** Text for operators: `connection refused`, `status 503, expected 200`. May be empty. */
  readonly detail: string;
  /** Duration of the probe; 0 for pseudo results. */
  readonly durationMs: number;
  /**
   * First end of validity (Unix time in milliseconds) among the certificates that the server
   * presented, accepted or not; absent when the probe saw no certificate.
   */
  readonly certificateExpiryMs?: WallMs;
  /** Name of the certificate with that end. */
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
  /** Absent: a backend comes up as soon as its checks pass. */
  readonly damping?: DampingPolicy;
}

/** What the agent of a server reported last, of each kind; see agent.ts. */
export interface AgentState {
  /** `down`, `failed` or `stopped`; `up` ends it. */
  readonly down: boolean;
  /** `drain` takes no new flows; `maint` counts as not up as well. `ready` ends both. */
  readonly admin: "ready" | "drain" | "maint";
  /** Share of the weight, 0 to 100. */
  readonly percent: number;
}

/** Health of one backend: a value that every step replaces as a whole. */
export interface Backend {
  readonly name: string;
  readonly state: BackendState;
  /** 0 to rise + fall - 1; see counter.ts. */
  readonly counter: number;
  /** The operator's intent; false exactly in `disabled`. */
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
  /** Its penalty for flapping; absent without one, and without `damping`. */
  readonly damping?: Damping;
  /** In `unknown` only; absent for an ordinary unknown backend. */
  readonly standing?: Standing;
  /** What the server's agent takes away; absent: nothing. */
  readonly agent?: AgentState;
  /**
   * The end of the last certificate that a probe of this definition saw, in Unix milliseconds. A
   * probe without a certificate (a slow or dead server) keeps it, as does an operator's action.
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
  /** Its suppression may be over. */
  | { readonly kind: "release" }
  /** An operator forgives the penalty. */
  | { readonly kind: "clear" }
  /** The server's agent reported something else; undefined: it takes nothing away. */
  | { readonly kind: "agent"; readonly agent: AgentState | undefined }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "disable" }
  | { readonly kind: "enable" }
  | { readonly kind: "remove" };

/**
 * The result of a step: the next value with its transition, or a refusal, which is a value because
 * it is an expected failure. `transition` is undefined when the state did not change.
 */
export type StepResult =
  | {
    readonly ok: true;
    readonly backend: Backend;
    readonly transition: Transition | undefined;
  }
  | { readonly ok: false; readonly message: string };

/** A transition with the name of its backend. */
export interface NamedTransition {
  readonly name: string;
  readonly transition: Transition;
}
