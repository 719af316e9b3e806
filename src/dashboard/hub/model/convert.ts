/**
 * PURE. Messages of maglevd as objects of the page, field by field: a field that is not named here
 * does not leave the dashboard. So header values, bodies and file paths of healthchecks end here.
 * Peers and identities of operators stay for now; audience.ts takes them out for viewers.
 *
 * Every text is bounded, because it may come from a maglevd that is not one.
 */
import type { messages } from "../../../grpc/client/client.ts";
import type {
  Backend,
  BackendStateName,
  EncapTrouble,
  Frontend,
  FrontendStateName,
  HealthCheck,
  Intent,
  LbVip,
  LogLevelName,
  Pool,
  ProbeResult,
  SyncReport,
  Transition,
  VppStatus,
} from "../../protocol.ts";
import {
  clip,
  head,
  MAX_ATTRIBUTE,
  MAX_ATTRIBUTES,
  MAX_NAME,
  MAX_POOLS,
  MAX_SENTENCES,
  MAX_TEXT,
  MAX_TRANSITIONS,
} from "./bounds.ts";

const BACKEND_STATES: readonly BackendStateName[] = [
  "unknown",
  "up",
  "down",
  "paused",
  "disabled",
  "removed",
];
const FRONTEND_STATES: readonly FrontendStateName[] = ["unknown", "up", "down"];
const LEVELS: readonly LogLevelName[] = ["debug", "info", "warn", "error"];
const INTENTS: readonly Intent["kind"][] = ["pause", "disable", "drain", "weight", "lameduck"];
/** Two readings of one end by two clocks differ by less. */
const END_MS = 1000;

/** Nanoseconds as whole milliseconds. */
export function milliseconds(ns: bigint): number {
  return Math.round(Number(ns) / 1e6);
}

/** Milliseconds as nanoseconds, exact to the millisecond. */
export function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}

export function nameOf(text: string): string {
  return clip(text, MAX_NAME);
}

export function backendState(text: string): BackendStateName {
  return BACKEND_STATES.find((state) => state === text) ?? "unknown";
}

export function frontendState(text: string): FrontendStateName {
  return FRONTEND_STATES.find((state) => state === text) ?? "unknown";
}

export function logLevel(text: string): LogLevelName {
  return LEVELS.find((level) => level === text) ?? "info";
}

/** `flaps`: changes between up and down in the last hour. */
export function backendOf(info: messages.BackendInfo, flaps: number): Backend {
  const { certificateExpiryUnixNs, certificateName, lastResult, blind, heldUntilUnixNs } = info;
  return {
    name: nameOf(info.name),
    address: clip(info.address, MAX_NAME),
    state: backendState(info.state),
    healthcheck: nameOf(info.healthcheck),
    since_ms: milliseconds(info.sinceUnixNs),
    counter: info.counter,
    rise: info.rise,
    fall: info.fall,
    ...(lastResult === undefined ? {} : { last_result: resultOf(lastResult) }),
    ...(certificateExpiryUnixNs === undefined ? {} : {
      certificate_expiry_ms: milliseconds(certificateExpiryUnixNs),
      ...(certificateName === "" ? {} : { certificate_name: clip(certificateName, MAX_TEXT) }),
    }),
    ...intentPart(info.intent),
    ...(info.drain === undefined || info.drain.unwatched === ""
      ? {}
      : { drain_unwatched: clip(info.drain.unwatched, MAX_TEXT) }),
    ...(info.scheduled.length === 0 ? {} : {
      scheduled: head(info.scheduled, MAX_SENTENCES).items.map(intentOf),
    }),
    ...(heldUntilUnixNs === undefined ? {} : {
      damped_until_ms: END_MS * Math.ceil(milliseconds(heldUntilUnixNs) / END_MS),
    }),
    carried: info.carried,
    ...(blind === "" ? {} : { blind: clip(blind, MAX_TEXT) }),
    flaps,
  };
}

export function resultOf(result: messages.ProbeResult): ProbeResult {
  return {
    ok: result.ok,
    code: clip(result.code, 16),
    ...(result.detail === "" ? {} : { detail: clip(result.detail, MAX_TEXT) }),
    duration_ms: Number(result.durationNs) / 1e6,
  };
}

/** Oldest first; the newest when there are too many. */
export function transitionsOf(records: readonly messages.TransitionRecord[]): Transition[] {
  return records.slice(-MAX_TRANSITIONS).map(transitionOf);
}

export function transitionOf(record: messages.TransitionRecord): Transition {
  return {
    from: backendState(record.from),
    to: backendState(record.to),
    at_ms: milliseconds(record.atUnixNs),
    ...(record.result === undefined ? {} : { result: resultOf(record.result) }),
  };
}

export function frontendOf(info: messages.FrontendInfo): Frontend {
  const { description } = info;
  return {
    name: nameOf(info.name),
    address: clip(info.address, MAX_NAME),
    protocol: clip(info.protocol, 8),
    port: info.port,
    ...(description === "" ? {} : { description: clip(description, MAX_TEXT) }),
    src_ip_sticky: info.srcIpSticky,
    flush_on_down: info.flushOnDown,
    state: frontendState(info.state),
    ...(info.held ? { held: true as const } : {}),
    ...(info.announced === "announced" || info.announced === "withdrawn"
      ? { announced: info.announced }
      : {}),
    active_pool: nameOf(info.activePool),
    pools: head(info.pools, MAX_POOLS).items.map(poolOf),
  };
}

function encapPart(info: messages.EncapInfo | undefined): { readonly encap?: EncapTrouble } {
  if (info === undefined || (info.state !== "failing" && info.blind === "")) return {};
  const { mode, state, blind, lastResult } = info;
  const failing = state === "failing" ? { failing: true as const } : {};
  const text = clip(blind === "" ? lastResult?.detail ?? "" : blind, MAX_TEXT);
  return { encap: { ...(mode === "warn" ? { warn: true as const } : {}), ...failing, text } };
}

function poolOf({ name, backends }: messages.PoolInfo): Pool {
  return {
    name: nameOf(name),
    backends: backends.map((
      { name, weight, effectiveWeight, intent, held, slowStartStep, encap },
    ) => ({
      name: nameOf(name),
      weight,
      effective_weight: effectiveWeight,
      ...(held ? { held: true as const } : {}),
      ...(slowStartStep > 0 ? { rising: true as const } : {}),
      ...encapPart(encap),
      ...intentPart(intent),
    })),
  };
}

function intentPart(intent: messages.Intent | undefined): { readonly intent?: Intent } {
  return intent === undefined ? {} : { intent: intentOf(intent) };
}

export function intentOf(intent: messages.Intent): Intent {
  const { reason, identity, peer, fromUnixNs, untilUnixNs } = intent;
  const by = identity === "" ? peer : identity;
  const kind = INTENTS.find((kind) => kind === intent.kind) ?? "disable";
  return {
    kind,
    ...(reason === "" ? {} : { reason: clip(reason, MAX_TEXT) }),
    ...(by === "" ? {} : { by: clip(by, MAX_TEXT) }),
    // One that was scheduled has been in force since it began, not since it was requested.
    since_ms: milliseconds(
      intent.scheduled ? intent.sinceUnixNs : fromUnixNs ?? intent.sinceUnixNs,
    ),
    ...(intent.scheduled && fromUnixNs !== undefined
      ? { from_ms: milliseconds(fromUnixNs), id: clip(intent.id, MAX_NAME) }
      : {}),
    ...(untilUnixNs === undefined ? {} : { until_ms: milliseconds(untilUnixNs) }),
    ...(kind === "weight" ? { file_weight: intent.fileWeight } : {}),
    ...(intent.scope === "" ? {} : { scope: clip(intent.scope, MAX_NAME) }),
    // After a drain of the fleet new flows come back.
    ...(kind === "drain" && intent.then !== "resume"
      ? { then: intent.then === "pause" ? "pause" : "disable" }
      : {}),
  };
}

export function healthCheckOf(info: messages.HealthCheckInfo): HealthCheck {
  const web = info.type === "http" || info.type === "https";
  return {
    name: nameOf(info.name),
    type: clip(info.type, 16),
    port: info.port,
    interval_ms: milliseconds(info.intervalNs),
    fast_interval_ms: milliseconds(info.fastIntervalNs),
    down_interval_ms: milliseconds(info.downIntervalNs),
    timeout_ms: milliseconds(info.timeoutNs),
    rise: info.rise,
    fall: info.fall,
    ...(web ? { request: requestLine(info) } : {}),
    ...(info.responseCode === "" ? {} : { response_code: clip(info.responseCode, MAX_TEXT) }),
  };
}

/** `GET www.example.net/healthz`; a query may hold a secret, so it is left out. */
function requestLine({ method, host, path }: messages.HealthCheckInfo): string {
  const end = path.search(/[?#]/);
  const shown = end < 0 ? path : `${path.slice(0, end)}?…`;
  return clip(`${method} ${host}${shown}`, MAX_TEXT);
}

/** What GetStatus has of VPP. */
export function vppStateOf(status: messages.StatusInfo): VppStatus {
  const { vpp, vppError, vppSinceUnixNs } = status;
  const state = vpp === "off" || vpp === "connecting" || vpp === "connected" ? vpp : "unknown";
  return {
    state,
    since_ms: milliseconds(vppSinceUnixNs),
    ...(vppError === "" ? {} : { error: clip(vppError, MAX_TEXT) }),
  };
}

/** What GetVPPInfo has of it. */
export function vppInfoOf(info: messages.VPPInfo): Partial<VppStatus> {
  return {
    version: clip(info.version, MAX_NAME),
    pid: info.pid,
    ...(info.boottimeNs === 0n ? {} : { boottime_ms: milliseconds(info.boottimeNs) }),
    ...(info.connecttimeNs === 0n ? {} : { connecttime_ms: milliseconds(info.connecttimeNs) }),
    weights: info.weights,
  };
}

export function lbVipOf(vip: messages.VPPLBVIP): LbVip {
  return {
    prefix: clip(vip.prefix, MAX_NAME),
    protocol: clip(vip.protocol, 8),
    port: vip.port,
    encap: clip(vip.encap, 16),
    servers: vip.applicationServers.map(({ address, weight, flags, numBuckets, flows }) => ({
      address: clip(address, MAX_NAME),
      weight,
      in_use: flags === 1,
      buckets: numBuckets,
      ...(flows === undefined ? {} : { flows }),
    })),
  };
}

export function syncReportOf(report: messages.SyncVPPLBStateResponse): SyncReport {
  return {
    vips_added: report.vipsAdded,
    vips_removed: report.vipsRemoved,
    servers_added: report.serversAdded,
    servers_removed: report.serversRemoved,
    weights_updated: report.weightsUpdated,
    failed: report.failed,
    duration_ms: Number(report.durationNs) / 1e6,
  };
}

/** The attributes of a log record, by key; the first ones of too many. */
export function attributesOf(
  event: Pick<messages.LogEvent, "attributes">,
): Record<string, string> {
  const { items } = head(event.attributes, MAX_ATTRIBUTES);
  return Object.fromEntries(
    items.map(({ key, value }) => [clip(key, 64), clip(value, MAX_ATTRIBUTE)]),
  );
}
