/**
 * PURE. The contract between the dashboard's server and its page: the JSON of the paths under
 * `view/api/` and `admin/api/`, and the data of the server-sent events.
 *
 * The page loads a State, then follows the events from the state's `epoch` and `seq` on, so that
 * nothing between the two is lost. An event carries whole objects, never differences: the page
 * replaces what it has. All objects hold what a viewer may see and are built field by field; no
 * message of maglevd is passed on.
 *
 * Times are Unix times in milliseconds of the maglevd's clock where they come from maglevd
 * (`since_ms`, `at_ms`), and of the dashboard's clock in State.now_ms, Event.t_ms and
 * MaglevdState.connection_since_ms. Durations are milliseconds too. A field that is absent is
 * unknown or does not apply.
 */

/** Words of a backend's state. */
export type BackendStateName = "unknown" | "up" | "down" | "paused" | "disabled" | "removed";
/** Words of a frontend's state. */
export type FrontendStateName = "unknown" | "up" | "down";
export type LogLevelName = "debug" | "info" | "warn" | "error";

/** `GET view/api/state`. */
export interface State {
  /** Of this run of the dashboard's server; an event of another epoch does not continue it. */
  readonly epoch: string;
  /** Number of the last event that is contained in this state; 0: none yet. */
  readonly seq: number;
  readonly now_ms: number;
  /** Version and commit of the dashboard's server, to compare with the page's. */
  readonly version: string;
  /** In the order of --server. */
  readonly maglevds: readonly MaglevdState[];
  /** Absent: there is one maglevd only, or they have not been compared yet. */
  readonly fleet?: Fleet;
}

/** The load balancers compared by what decides where their new flows go. */
export interface Fleet {
  /** Load balancers with equal tables. One that is not compared is in none of them. */
  readonly groups: readonly FleetGroup[];
  /** Those that are not compared, with the reason; also those whose VPP is not known. */
  readonly apart: readonly { readonly lb: string; readonly reason: string }[];
  /** VIPs that differ, or that a VPP does not have as it should, as far as they are explained. */
  readonly differences: readonly FleetDifference[];
  /** Number of further ones. */
  readonly more: number;
  /** What another program changed in VPP in the last minute, and maglevd corrected. */
  readonly repaired: readonly {
    readonly lb: string;
    /** A key as vipKey() makes it. */
    readonly vip: string;
    readonly at_ms: number;
    readonly found: string;
    readonly expected: string;
  }[];
  /** What each load balancer has of the store that it shares; absent: none of them has a store. */
  readonly stores?: readonly FleetStore[];
  /** Of each fleet with one. */
  readonly rollouts?: readonly FleetRollout[];
}

/** The store of a fleet, as one load balancer has it. */
export interface FleetStore {
  /** As this dashboard names it, and its name in the fleet. */
  readonly lb: string;
  readonly name: string;
  readonly fleet: string;
  readonly site: string;
  /** connecting, ok, away, foreign or suspect. */
  readonly state: string;
  readonly reason: string;
  readonly since_ms: number;
  /** Revision of the last change of an intent that it applied. */
  readonly applied: number;
  /** Number of the fleet's load balancers, and those that are away. */
  readonly members: number;
  readonly away: readonly string[];
  /** Intents that it does not obey. */
  readonly unobeyed: number;
}

/** A configuration that comes into force wave by wave. */
export interface FleetRollout {
  readonly fleet: string;
  readonly id: string;
  readonly hash: string;
  /** open, refused, stopped, reverting, reverted or done. */
  readonly state: string;
  readonly step_ms: number;
  readonly wave_count: number;
  readonly waves_open: number;
  /** Of `refused`: the gate; else empty, because it names an operator. */
  readonly note: string;
  /** `wave` from 1; 0: in none. `state` empty: no answer. */
  readonly lbs: readonly {
    readonly name: string;
    readonly wave: number;
    readonly present: boolean;
    readonly state: string;
    readonly note: string;
  }[];
}

export interface FleetGroup {
  readonly lbs: readonly string[];
  /** Number of VIPs that they were compared in. */
  readonly vips: number;
  /** Place of the fleet that they belong to; load balancers of two fleets share no VIP. */
  readonly fleet: number;
}

/** Why a VIP is not the same everywhere. */
export type FleetCause = "config" | "intent" | "health" | "vpp";

export interface FleetDifference {
  /** A key as vipKey() makes it. */
  readonly vip: string;
  readonly frontend: string;
  readonly roots: readonly {
    readonly cause: FleetCause;
    /** Empty: it is about the whole VIP. */
    readonly address: string;
    readonly backends: readonly string[];
    /** What some load balancers have, in words; those of most come first. */
    readonly views: readonly { readonly lbs: readonly string[]; readonly text: string }[];
    readonly since_ms?: number;
  }[];
  /** Number of further roots. */
  readonly more_roots: number;
  /** Load balancers by equal tables of this VIP, the greatest group first. */
  readonly groups: readonly (readonly string[])[];
  /** Buckets that send new flows elsewhere, at most; absent: not known. */
  readonly differing?: { readonly buckets: number; readonly length: number };
}

/** `GET view/api/version`. */
export interface DashboardVersion {
  readonly version: string;
  readonly commit: string;
  /** Of the commit. */
  readonly date: string;
  readonly epoch: string;
  /** There is a login: `admin/` exists. */
  readonly admin: boolean;
}

/**
 * Parameters of `GET view/api/events`:
 *
 *     since=EPOCH-SEQ   continue after this state or event; `Last-Event-ID` takes precedence
 *     show=NAME         this maglevd is on the screen: while the stream lasts, its probes, API
 *                       activity and rates are followed closely and sent. It may be repeated;
 *                       unknown names are ignored.
 *
 * To show another maglevd the page opens a new stream with `since` of the last event, and closes the
 * old one when the new one is open: no event is lost between them.
 */
export const EVENTS_QUERY = { since: "since", show: "show" } as const;

/**
 * Parameter of `GET view/api/history/{maglevd}`:
 *
 *     results=0   without the last results of the backends, which are most of the answer
 */
export const HISTORY_QUERY = { results: "results" } as const;

/** Results of a backend that are kept. */
export const MAX_RESULTS = 20;

/** A maglevd as seen from the dashboard. */
export interface MaglevdStatus {
  /** Unique; part of URLs, percent-encoded. */
  readonly name: string;
  readonly address: string;
  readonly connected: boolean;
  /** Since when it is connected or not. */
  readonly connection_since_ms: number;
  /** Why it is not connected. */
  readonly error?: string;
  /** When the next attempt begins; only while it is not connected. */
  readonly retry_at_ms?: number;
  /** The dashboard's role there. */
  readonly role?: "viewer" | "operator";
  readonly version?: string;
  readonly commit?: string;
  readonly started_ms?: number;
  /** Clock of the maglevd minus the dashboard's, as far as the way of an answer lets it be known. */
  readonly clock_skew_ms?: number;
  /** When all lists were read last, by the dashboard's clock; absent: never. */
  readonly refreshed_ms?: number;
  readonly ready?: boolean;
  /** Why it is not ready. */
  readonly reason?: string;
  readonly warmup?: "off" | "waiting" | "releasing" | "done";
  readonly warmup_until_ms?: number;
  /** Groups of probers that cannot probe now, with the reason; `isolated`: cut off themselves. */
  readonly blind?: readonly {
    readonly netns: string;
    readonly reason: string;
    readonly isolated?: true;
  }[];
  readonly config_file?: string;
  readonly config_loaded_ms?: number;
  readonly config_hash?: string;
  /** The configuration file on disk: as in force, different and valid, or invalid. */
  readonly config_on_disk?: "same" | "differs" | "invalid";
  /** What VPP would not survive and was therefore not sent. */
  readonly withheld?: readonly string[];
  /** An operator keeps all prefixes withdrawn. */
  readonly lameduck?: Intent;
  /** Why routers may follow something else than what is wanted. */
  readonly announce_problem?: string;
}

export interface MaglevdState extends MaglevdStatus {
  /** In the order of the configuration. */
  readonly frontends: readonly Frontend[];
  readonly backends: readonly Backend[];
  readonly healthchecks: readonly HealthCheck[];
  readonly vpp: VppStatus;
  /** VPP's own state of the load balancer; absent: not read yet. */
  readonly lb?: LbState;
}

export interface Frontend {
  readonly name: string;
  readonly address: string;
  readonly protocol: string;
  /** 0: all ports. */
  readonly port: number;
  readonly description?: string;
  readonly src_ip_sticky: boolean;
  readonly flush_on_down: boolean;
  readonly state: FrontendStateName;
  /** No server is up, and VPP keeps the weights it has; absent: false. */
  readonly held?: true;
  /** Whether the routing is offered its prefix; absent: it has no `announce`. */
  readonly announced?: "announced" | "withdrawn";
  /** Empty: none. */
  readonly active_pool: string;
  readonly pools: readonly Pool[];
}

export interface Pool {
  readonly name: string;
  readonly backends: readonly PoolBackend[];
}

/** A check through VPP's tunnel that does not pass. */
export interface EncapTrouble {
  /** Absent: it cannot be made. */
  readonly failing?: true;
  /** It changes no weight. */
  readonly warn?: true;
  /** The reason. */
  readonly text: string;
}

export interface PoolBackend {
  readonly name: string;
  /** Wanted: the file's, or what an operator has put in its place; 0 to 100. */
  readonly weight: number;
  /** What VPP is given now. */
  readonly effective_weight: number;
  /** It is down, and keeps its weight because of `max-down`; absent: false. */
  readonly held?: true;
  /** It rises to its weight in steps (`slow-start`); absent: false. */
  readonly rising?: true;
  /** Its check through VPP's tunnel, if that fails or is void; absent: it passes, or there is none. */
  readonly encap?: EncapTrouble;
  /** Why `weight` is not the file's. */
  readonly intent?: Intent;
}

export interface Backend {
  readonly name: string;
  readonly address: string;
  readonly state: BackendStateName;
  /** Name of its healthcheck; empty: static, always up. */
  readonly healthcheck: string;
  readonly since_ms: number;
  /** From 0 to rise + fall - 1; up from rise on. */
  readonly counter: number;
  readonly rise: number;
  readonly fall: number;
  readonly last_result?: ProbeResult;
  readonly certificate_expiry_ms?: number;
  readonly certificate_name?: string;
  /** The operator's wish that keeps it paused or disabled. */
  readonly intent?: Intent;
  /** Why its drain cannot end before its time; absent: it can, when no flow is left. */
  readonly drain_unwatched?: string;
  /** Pauses, disables and drains to come, the earliest first; absent: none. */
  readonly scheduled?: readonly Intent[];
  /** Damping keeps it down until then at the latest, even when it passes; absent: it does not. */
  readonly damped_until_ms?: number;
  /** Up only until the first verdict of a new check. */
  readonly carried: boolean;
  /** Why its probes are void. */
  readonly blind?: string;
  /** Changes from up to down and back in the last hour; first verdicts and operators' do not count. */
  readonly flaps: number;
}

export interface ProbeResult {
  readonly ok: boolean;
  /** Such as L4OK or L7STS. */
  readonly code: string;
  readonly detail?: string;
  /** Absent in the page after an event that does not carry it. */
  readonly duration_ms?: number;
}

export interface Transition {
  readonly from: string;
  readonly to: string;
  readonly at_ms: number;
  readonly result?: ProbeResult;
}

/** What an operator wants until it ends. A viewer does not see `by`. */
export interface Intent {
  readonly kind: "pause" | "disable" | "drain" | "weight" | "lameduck";
  readonly reason?: string;
  /** Identity or peer of the operator; only under `admin/`. */
  readonly by?: string;
  readonly since_ms: number;
  /** When it begins; absent: it has begun. */
  readonly from_ms?: number;
  /** Of one to come: its name, by which it is taken back. */
  readonly id?: string;
  /** When it ends by itself; absent: never. */
  readonly until_ms?: number;
  /** Of a weight: the file's, which it stands in place of. */
  readonly file_weight?: number;
  /** Of a drain: what follows it. */
  readonly then?: DrainEnd;
  /** fleet, site=NAME or lb=NAME; absent: of this load balancer by itself. */
  readonly scope?: string;
}

/** Without header values, bodies and file paths. */
export interface HealthCheck {
  readonly name: string;
  readonly type: string;
  readonly port: number;
  readonly interval_ms: number;
  readonly fast_interval_ms: number;
  readonly down_interval_ms: number;
  readonly timeout_ms: number;
  readonly rise: number;
  readonly fall: number;
  /** Of http and https: method, host and path, as one line. */
  readonly request?: string;
  readonly response_code?: string;
}

export interface VppStatus {
  readonly state: "off" | "connecting" | "connected" | "unknown";
  readonly since_ms?: number;
  readonly error?: string;
  readonly version?: string;
  readonly pid?: number;
  readonly boottime_ms?: number;
  readonly connecttime_ms?: number;
  /** False: this VPP knows only "in use" and "not in use". */
  readonly weights?: boolean;
  /** VPP API calls per second of the last quarter of a second in which there was one. */
  readonly calls_per_s?: number;
}

/** VPP's load balancer as VPP reports it. */
export interface LbState {
  /** When it was read, by the dashboard's clock. */
  readonly read_ms: number;
  readonly vips: readonly LbVip[];
}

export interface LbVip {
  readonly prefix: string;
  readonly protocol: string;
  readonly port: number;
  readonly encap: string;
  readonly servers: readonly LbServer[];
}

export interface LbServer {
  readonly address: string;
  readonly weight: number;
  /** False: removed, and kept by VPP for its last flows. */
  readonly in_use: boolean;
  readonly buckets: number;
  /** An upper bound of its sticky flows. */
  readonly flows?: number;
}

/** `GET view/api/state/{maglevd}/backends/{name}`. */
export interface BackendDetails {
  readonly backend: Backend;
  /** Oldest first. */
  readonly transitions: readonly Transition[];
  readonly history: BackendHistory;
}

/** Last results and the strip of the last ten minutes, of one backend. */
export interface BackendHistory {
  /** Last results, oldest first; at most MAX_RESULTS. */
  readonly results: readonly {
    readonly at_ms: number;
    readonly ok: boolean;
    readonly code: string;
  }[];
  /** One character for each slot of History.slot_ms, oldest first; see STRIP. */
  readonly strip: string;
}

/**
 * Characters of a strip, worst last: the worst that a slot saw counts. "." means that nobody
 * looked, which is drawn as a gap and never as up.
 */
export const STRIP = {
  none: ".",
  up: "u",
  paused: "p",
  unknown: "?",
  failing: "f",
  disabled: "x",
  down: "d",
} as const;

/** `GET view/api/history/{maglevd}`. */
export interface History {
  /** End of the newest slot and instant of the newest point, by the dashboard's clock. */
  readonly end_ms: number;
  /** Length of a slot of a strip. */
  readonly slot_ms: number;
  readonly backends: Readonly<Record<string, BackendHistory>>;
  /** By VIP, `prefix protocol port` as vipKey() joins them. */
  readonly vips: Readonly<Record<string, VipRates>>;
}

/** Packets per second; arrays of equal length, oldest first; null: a gap, never a zero. */
export interface VipRates {
  readonly at_ms: readonly number[];
  /** First packets of flows. */
  readonly first: readonly (number | null)[];
  /** Packets of flows that had a server already. */
  readonly next: readonly (number | null)[];
  /** Packets dropped because there was no server. */
  readonly dropped: readonly (number | null)[];
}

// Explanations and the timeline

/** One part of the chain from a server's probes to its weight in VPP, or of a frontend's. */
export interface ExplainLink {
  /** Such as probe, state, pool, vpp, difference; further ones of later maglevds. */
  readonly kind: string;
  /** For people. */
  readonly text: string;
  /** The weight after this link; absent: it has none, or VPP lacks the server. */
  readonly weight?: number;
  /** The link lowers or replaces the weight. */
  readonly decides: boolean;
  readonly since_ms?: number;
  /** It may have begun before `since_ms`. */
  readonly since_at_least?: true;
  /** Identity and peer of the operator behind it; only under `admin/`. */
  readonly by?: string;
}

/** An entry of a pool, with the links that depend on the pool. */
export interface ExplainedPlace {
  readonly frontend: string;
  readonly pool: string;
  readonly backend: string;
  readonly address: string;
  readonly state: BackendStateName;
  readonly links: readonly ExplainLink[];
  readonly weight: number;
  readonly effective_weight: number;
  /** Weight and buckets in VPP; absent: VPP lacks the server, or is not known. */
  readonly vpp_weight?: number;
  readonly buckets?: number;
  /** Why VPP's weight is not the effective one; empty when it is. */
  readonly difference: string;
  /** One sentence: whether the server takes new flows, and why not. */
  readonly answer: string;
}

/** `GET view/api/explain/{maglevd}/backends/{name}`. */
export interface BackendExplanation {
  readonly name: string;
  readonly state: BackendStateName;
  /** The beginning of the chain, which all places share. */
  readonly links: readonly ExplainLink[];
  readonly places: readonly ExplainedPlace[];
}

/** `GET view/api/explain/{maglevd}/frontends/{name}`. */
export interface FrontendExplanation {
  readonly name: string;
  readonly state: FrontendStateName;
  readonly links: readonly ExplainLink[];
  /** All entries of all pools, with the links that decide. */
  readonly servers: readonly ExplainedPlace[];
}

/**
 * Parameters of `GET view/api/timeline/{maglevd}`, which gives a page of the history that maglevd
 * keeps:
 *
 *     backend=NAME, frontend=NAME   only records of this one; names that are gone are accepted
 *     before=ID                     only records that are older than this one
 */
export const TIMELINE_QUERY = {
  backend: "backend",
  frontend: "frontend",
  before: "before",
} as const;

/** Records of a page of the timeline. */
export const TIMELINE_PAGE = 100;

export interface TimelinePage {
  /** Newest first. */
  readonly records: readonly TimelineRecord[];
  /** `before` of the page with older records; absent: this is the last page. */
  readonly next_before?: number;
  /** Why the history does not survive the end of maglevd. */
  readonly warning?: string;
}

export interface TimelineRecord {
  /** Rises with each record, also over restarts of maglevd. */
  readonly id: number;
  readonly at_ms: number;
  /** Name of the event, as in the log: backend-transition, operator-action, … */
  readonly event: string;
  readonly backend?: string;
  readonly frontend?: string;
  /** The other fields of the log record. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** `GET view/api/problems`: what is wrong now, worst first; for scripts and for the page's banner. */
export interface Problem {
  readonly maglevd: string;
  readonly severity: "critical" | "warning";
  /** maglevd, vpp, frontend, backend, dataplane, config, clock, certificate, or prober. */
  readonly kind: string;
  readonly name?: string;
  readonly message: string;
  readonly since_ms?: number;
}

/** A key for a VIP that is equal in frontends and in VPP's state. */
export function vipKey(vip: { prefix: string; protocol: string; port: number }): string {
  return `${vip.prefix} ${vip.protocol} ${vip.port}`;
}

/** The key of a frontend's VIP: VPP's prefix of a single address. */
export function frontendVipKey(frontend: Pick<Frontend, "address" | "protocol" | "port">): string {
  const { address, protocol, port } = frontend;
  return vipKey({ prefix: `${address}/${address.includes(":") ? 128 : 32}`, protocol, port });
}

interface EventBase {
  readonly maglevd: string;
  readonly t_ms: number;
}

/**
 * Data of the server-sent events; the event's name is `type`, its id `<epoch>-<seq>`. `probes`,
 * `vpp-api`, `rates` and `history` have no id: they are not replayed.
 */
export type DashboardEvent =
  | EventBase & {
    readonly type: "backend";
    readonly backend: Backend;
    readonly transition?: Transition;
  }
  | EventBase & {
    readonly type: "frontend";
    readonly frontend: Frontend;
    readonly transition?: { readonly from: string; readonly to: string; readonly at_ms: number };
  }
  /** The status changed, not the lists. */
  | EventBase & { readonly type: "maglevd-status"; readonly status: MaglevdStatus }
  /** Everything of this maglevd was read again (a reload, a gap): replaces it whole. */
  | EventBase & { readonly type: "maglevd-state"; readonly state: MaglevdState }
  | EventBase & { readonly type: "vpp-status"; readonly vpp: VppStatus }
  /** Only VIPs that changed in more than flows, and the keys of those that went. */
  | EventBase & {
    readonly type: "lb-state";
    readonly read_ms: number;
    readonly vips: readonly LbVip[];
    readonly removed: readonly string[];
  }
  /** Records of transitions are left out: these have events of their own. */
  | EventBase & {
    readonly type: "log";
    readonly level: LogLevelName;
    readonly time: string;
    readonly msg: string;
    readonly attributes: Readonly<Record<string, string>>;
  }
  /**
   * Probes of the last 250 ms: backend → its last result's code, counter, number of probes, and the
   * last result's duration to a hundredth of a millisecond.
   */
  | EventBase & {
    readonly type: "probes";
    readonly probes: Readonly<
      Record<
        string,
        readonly [code: string, ok: boolean, counter: number, count: number, duration_ms?: number]
      >
    >;
  }
  /** VPP API calls of the last 250 ms. */
  | EventBase & { readonly type: "vpp-api"; readonly calls: number; readonly failed: number }
  /** A new point of the rates: VIP → first, next and dropped packets per second; null: a gap. */
  | EventBase & {
    readonly type: "rates";
    readonly at_ms: number;
    readonly vips: Readonly<
      Record<string, readonly [first: number, next: number, dropped: number] | null>
    >;
  }
  /** The comparison changed: replaces it whole. */
  | { readonly type: "fleet"; readonly t_ms: number; readonly fleet: Fleet }
  /** Events were lost: load the state again. The stream goes on from `seq` of that state. */
  | { readonly type: "resync"; readonly t_ms: number };

/** Types of events that carry an id and are replayed. */
export const REPLAYED = [
  "backend",
  "frontend",
  "maglevd-status",
  "maglevd-state",
  "vpp-status",
  "lb-state",
  "log",
  "fleet",
] as const;

// Actions, under admin/api/{maglevd}/

export type BackendAction = "pause" | "resume" | "disable" | "enable";

/** Body of `POST backends/{name}/{action}`; at most one of for_ms and until_ms. */
export interface ActionBody {
  readonly reason?: string;
  readonly for_ms?: number;
  readonly until_ms?: number;
  /** fleet, site=NAME or lb=NAME: of the fleet's load balancers; absent: this one by itself. */
  readonly scope?: string;
}

/** What follows a drain. */
export type DrainEnd = "pause" | "disable";

/** Body of `POST backends/{name}/drain`. */
export interface DrainBody {
  readonly reason?: string;
  /** Absent: five times VPP's flow timeout. */
  readonly for_ms?: number;
  /** Absent: disable. */
  readonly then?: DrainEnd;
  /** Also when it takes the last server with a weight from a frontend. */
  readonly force?: boolean;
  /** As in ActionBody; then for_ms is mandatory, and nothing follows (`then`). */
  readonly scope?: string;
}

/** Body of `PUT frontends/{f}/pools/{p}/backends/{b}/weight`; "file": back to the file's weight. */
export interface WeightBody extends ActionBody {
  readonly weight: number | "file";
}

/** Body of `POST sync`; without frontend: all. */
export interface SyncBody {
  readonly frontend?: string;
  readonly reason?: string;
}

/** Body of `POST intents/{id}/cancel`. */
export interface CancelBody {
  readonly reason?: string;
}

/** Body of `POST plan`. The plan of a drain is that of its beginning. */
export interface PlanBody extends ActionBody, DrainBody {
  readonly action: BackendAction | "drain" | "weight";
  readonly backend: string;
  readonly frontend?: string;
  readonly pool?: string;
  readonly weight?: number | "file";
}

export interface ActionAnswer {
  readonly ok: true;
  readonly warning?: string;
  readonly backend?: Backend;
  readonly frontend?: Frontend;
  readonly sync?: SyncReport;
}

export interface SyncReport {
  readonly vips_added: number;
  readonly vips_removed: number;
  readonly servers_added: number;
  readonly servers_removed: number;
  readonly weights_updated: number;
  readonly failed: number;
  readonly duration_ms: number;
}

/** Answer to `plan`: what the action would do. */
export interface PlanAnswer {
  readonly ok: true;
  readonly warning?: string;
  readonly states: readonly {
    readonly backend: string;
    readonly from: string;
    readonly to: string;
    /** Of a plan of several load balancers: which one. */
    readonly lb?: string;
  }[];
  readonly vips: readonly PlannedVip[];
  readonly vips_unchanged: number;
  /** The line of maglevc that does the same. */
  readonly command: string;
}

export interface PlannedVip {
  readonly frontend: string;
  /** Of a plan of several load balancers: which one. */
  readonly lb?: string;
  readonly change: string;
  readonly reason?: string;
  readonly buckets: number;
  /** Share of new flows that move right after the change, 0 to 1. */
  readonly share_moved: number;
  readonly moved: number;
  readonly lost: number;
  readonly servers: readonly {
    readonly address: string;
    readonly backends: readonly string[];
    readonly change: string;
    readonly flush: boolean;
    readonly weight_now?: number;
    readonly weight_then?: number;
    readonly buckets_now?: number;
    readonly buckets_then?: number;
    /** An upper bound of the sticky flows that are dropped; only with `flush`. */
    readonly flows?: number;
  }[];
}

/** Every answer that is not a success, with status 400, 401, 403, 404, 409, 429, 502 or 504. */
export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string };
}
