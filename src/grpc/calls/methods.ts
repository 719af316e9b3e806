/**
 * The table of all methods: the role that each needs, and whether it changes anything.
 * Authorisation, the record of operators' actions and the metrics follow from it. PURE.
 */
import { Maglev } from "../messages/maglev.ts";
import { Health, ServerReflection, ServerReflectionAlpha } from "../messages/standard.ts";

/** Role that a method needs. "anyone": callers need not be authenticated. */
export type Needed = "anyone" | "viewer" | "operator";

/** Kind of a method, as in the label `grpc_type`. */
export type MethodKind = "unary" | "server_stream" | "bidi_stream";

/** One row. */
export interface MethodRule {
  readonly needs: Needed;
  /** True: each call, allowed or refused, leaves one `operator-action` record. */
  readonly changes: boolean;
}

const READ: MethodRule = { needs: "viewer", changes: false };
/** Changes nothing, but costs much or shows text of the configuration file. */
const INSPECT: MethodRule = { needs: "operator", changes: false };
const WRITE: MethodRule = { needs: "operator", changes: true };

/** The methods of Maglev. */
export const MAGLEV_RULES: Readonly<Record<keyof typeof Maglev, MethodRule>> = {
  GetVersion: READ,
  GetStatus: READ,
  ListFrontends: READ,
  GetFrontend: READ,
  ListBackends: READ,
  GetBackend: READ,
  ListHealthChecks: READ,
  GetHealthCheck: READ,
  PauseBackend: WRITE,
  ResumeBackend: WRITE,
  EnableBackend: WRITE,
  DisableBackend: WRITE,
  ClearBackend: WRITE,
  DrainBackend: WRITE,
  SetLameduck: WRITE,
  SetFrontendPoolBackendWeight: WRITE,
  ListIntents: READ,
  CancelIntent: WRITE,
  GetFleet: READ,
  AdoptIntent: WRITE,
  RestoreFleet: WRITE,
  ForgetFleet: WRITE,
  StartRollout: WRITE,
  StepRollout: WRITE,
  WatchEvents: READ,
  CheckConfig: INSPECT,
  ReloadConfig: WRITE,
  PlanConfig: INSPECT,
  PlanBackend: INSPECT,
  ExplainBackend: READ,
  ExplainFrontend: READ,
  ListHistory: READ,
  GetFingerprints: READ,
  GetVPPInfo: READ,
  GetVPPLBState: READ,
  SyncVPPLBState: WRITE,
  GetVPPLBCounters: READ,
};

/** One method. */
export interface ServedMethod extends MethodRule {
  /** With its package: `maglev.Maglev`. */
  readonly service: string;
  readonly name: string;
  /** `/maglev.Maglev/GetBackend`. */
  readonly path: string;
  readonly kind: MethodKind;
}

/** All methods by path; those of reflection are served only when it is on. */
export const METHODS: ReadonlyMap<string, ServedMethod> = new Map(
  [
    ...rows(Maglev, (name) => MAGLEV_RULES[name]),
    // Health checks need no credentials.
    ...rows(Health, () => ({ needs: "anyone", changes: false })),
    ...rows(ServerReflection, () => READ),
    ...rows(ServerReflectionAlpha, () => READ),
  ].map((method) => [method.path, method]),
);

interface MethodShape {
  readonly name: string;
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

function rows<S extends Readonly<Record<string, MethodShape>>>(
  service: S,
  ruleOf: (name: keyof S & string) => MethodRule,
): ServedMethod[] {
  return Object.keys(service).map((name: keyof S & string) => {
    const { path, requestStream, responseStream } = service[name]!;
    return {
      ...ruleOf(name),
      service: path.split("/")[1]!,
      name,
      path,
      kind: requestStream ? "bidi_stream" : responseStream ? "server_stream" : "unary",
    };
  });
}

/** Roles; each includes the permissions of those before it. */
export const ROLES = ["none", "viewer", "operator"] as const;

export type Role = (typeof ROLES)[number];
