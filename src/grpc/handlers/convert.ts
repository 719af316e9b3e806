/**
 * Backends, frontends, healthchecks and operators' intents as messages of the API. PURE.
 */
import { later, LATEST_MS, type MonotonicMs, type WallMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import { encapKey } from "../../checker/encap/pairs.ts";
import type { FrontendView, Snapshot } from "../../checker/ports.ts";
import { type Intent as OperatorIntent, intentId } from "../../intent/intent.ts";
import { penaltyAt, suppressedUntil } from "../../health/policy/damping.ts";
import type { HealthcheckConfig, PoolConfig, Share } from "../../config/model.ts";
import { agentText } from "../../health/agent.ts";
import { type EncapCheck, isEncapFailed } from "../../health/encap.ts";
import type {
  Backend,
  FrontendTransition as FrontendChange,
  ProbeResult as Result,
  Transition,
} from "../../health/state.ts";
import type { DrainProgress } from "../../vpp/drain/watch.ts";
import {
  BackendInfo,
  type DrainProgress as DrainMessage,
  type EncapInfo,
  type FrontendInfo,
  type FrontendTransition,
  HealthCheckInfo,
  type Intent,
  type PoolInfo,
  type ProbeResult,
  type TransitionRecord,
} from "../gen/maglev.ts";
import { create } from "../messages/codec.ts";

/** Largest milliseconds whose nanoseconds fit into an int64: in the year 2262. */
export const MAX_MS = LATEST_MS;

/**
 * Milliseconds, fractions allowed, as whole nanoseconds. Times after 2262 become the last one that
 * fits, because a certificate may be valid until the year 9999.
 */
export function nanoseconds(ms: number): bigint {
  const near = Math.max(-MAX_MS, Math.min(ms, MAX_MS));
  const whole = Math.floor(near);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((near - whole) * 1e6));
}

/** An instant in the same form. */
export function unixNanoseconds(instant: WallMs): bigint {
  return nanoseconds(instant);
}

/** Nanoseconds as whole milliseconds, as exactly as a number can hold them. */
export function milliseconds(ns: bigint): number {
  return Math.round(Number(ns) / 1e6);
}

/** The instant of a message, rounded likewise. */
export function wallMsOfNanoseconds(unixNs: bigint): WallMs {
  return milliseconds(unixNs) as WallMs;
}

export function probeResult(result: Result): ProbeResult {
  const { ok, layer, code, detail, durationMs } = result;
  return { ok, layer, code, detail, durationNs: nanoseconds(durationMs) };
}

export function transitionRecord({ from, to, atMs, result }: Transition): TransitionRecord {
  return { from, to, atUnixNs: unixNanoseconds(atMs), result: probeResult(result) };
}

export function frontendTransition({ from, to, atMs }: FrontendChange): FrontendTransition {
  return { from, to, atUnixNs: unixNanoseconds(atMs) };
}

/** Parts of a backend's message besides its state. */
export interface BackendContext {
  readonly snapshot: Snapshot;
  /** With its history. */
  readonly transitions: boolean;
  /** Why its newest probe was void; undefined: it was not void. */
  readonly blind: string | undefined;
  /** Undefined: it is not drained, or there is no VPP. */
  readonly drain: DrainProgress | undefined;
  /** The present instant, for its penalty. */
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
}

export function backendInfo(
  backend: Backend,
  { snapshot, transitions, blind = "", drain, clock }: BackendContext,
): BackendInfo {
  const { config, intents } = snapshot;
  const definition = config.backends.get(backend.name);
  const { certificateExpiryMs, certificateName, lastResult } = backend;
  return create(BackendInfo, {
    name: backend.name,
    address: definition?.address.text ?? "",
    state: backend.state,
    enabled: backend.enabled,
    healthcheck: definition?.healthcheck ?? "",
    transitions: transitions ? backend.history.map(transitionRecord) : [],
    sinceUnixNs: unixNanoseconds(backend.sinceMs),
    counter: backend.counter,
    rise: backend.policy.rise,
    fall: backend.policy.fall,
    lastResult: lastResult === undefined ? undefined : probeResult(lastResult),
    certificateExpiryUnixNs: certificateExpiryMs === undefined
      ? undefined
      : unixNanoseconds(certificateExpiryMs),
    certificateName: certificateName ?? "",
    intent: intentOf(intents.ofBackend(backend.name)),
    scheduled: intents.scheduledOf(backend.name).map(intentMessage),
    blind,
    carried: backend.standing === "carried",
    drain: drain && drainMessage(drain),
    ...dampingPart(backend, { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() }),
    agent: backend.agent === undefined ? "" : agentText(backend.agent),
  });
}

function drainMessage(
  { flows, quietMs, neededMs, unwatched, end }: DrainProgress,
): DrainMessage {
  return {
    flows: flows === undefined ? undefined : BigInt(flows),
    quietNs: quietMs === undefined ? undefined : nanoseconds(quietMs),
    quietNeededNs: nanoseconds(neededMs),
    unwatched,
    ended: end ?? "",
  };
}

function dampingPart(
  { damping, policy }: Backend,
  now: { readonly wallMs: WallMs; readonly monotonicMs: MonotonicMs },
): Pick<BackendInfo, "dampingPenalty" | "heldUntilUnixNs"> {
  if (damping === undefined || policy.damping === undefined) return { dampingPenalty: 0 };
  const dampingPenalty = penaltyAt(damping, policy.damping, now.monotonicMs);
  const untilMs = suppressedUntil(damping, policy.damping);
  if (untilMs === undefined || untilMs <= now.monotonicMs) return { dampingPenalty };
  const heldUntilUnixNs = unixNanoseconds(later(now.wallMs, untilMs - now.monotonicMs));
  return { dampingPenalty, heldUntilUnixNs };
}

/** Parts of a frontend that are not in the snapshot. */
export interface FrontendContext {
  /** See Announcer; undefined also where it is not known. */
  readonly announced: boolean | undefined;
  /** Why the newest probe of a backend, or of a pair by encapKey(), was void. */
  readonly voidReason: (name: string) => string | undefined;
}

export function frontendInfo(
  view: FrontendView,
  snapshot: Snapshot,
  { announced, voidReason }: FrontendContext,
): FrontendInfo {
  const { config } = view;
  return {
    name: view.name,
    address: config.address.text,
    protocol: config.protocol,
    port: config.port,
    pools: config.pools.map((_, index) => poolInfo(view, { index, snapshot, voidReason })),
    description: config.description,
    srcIpSticky: config.srcIpSticky,
    flushOnDown: config.flushOnDown,
    state: view.state,
    activePool: config.pools[view.activePool]?.name ?? "",
    warning: "",
    onAllDown: config.onAllDown ?? "close",
    held: view.held === true,
    announced: announced === undefined ? "" : announced ? "announced" : "withdrawn",
    slowStartSteps: config.slowStart?.steps ?? 0,
    slowStartDurationNs: nanoseconds(config.slowStart?.durationMs ?? 0),
  };
}

function poolInfo(
  view: FrontendView,
  { index, snapshot, voidReason }: Pick<FrontendContext, "voidReason"> & {
    readonly index: number;
    readonly snapshot: Snapshot;
  },
): PoolInfo {
  const pool: PoolConfig = view.config.pools[index]!;
  const held = view.memory.maxDown?.get(pool.name)?.held ?? [];
  const { slowStart } = view.memory;
  const checks = pool.encap === undefined ? undefined : snapshot.encap?.get(view.name);
  return {
    name: pool.name,
    maxDown: shareText(pool.maxDown),
    backends: pool.backends.map(({ name, weight }, place) => ({
      name,
      weight,
      effectiveWeight: view.effectiveWeights[index]?.[place] ?? 0,
      state: snapshot.backends.get(name)?.state ?? "",
      intent: intentOf(
        snapshot.intents.ofWeight({ frontend: view.name, pool: pool.name, backend: name }),
      ),
      held: held.includes(name),
      slowStartStep: slowStart?.pool === pool.name ? slowStart.ramps.get(name)?.step ?? 0 : 0,
      encap: encapInfo(checks?.get(name), () => voidReason(encapKey(view.name, name))),
    })),
  };
}

function encapInfo(
  check: EncapCheck | undefined,
  blindOf: () => string | undefined,
): EncapInfo | undefined {
  if (check === undefined) return undefined;
  const { mode, lastResult, sinceMs, counter, policy: { rise, fall } } = check;
  const known = isEncapFailed(check) ? "failing" : "passing";
  return {
    mode,
    state: lastResult === undefined ? "unknown" : known,
    lastResult: lastResult === undefined ? undefined : probeResult(lastResult),
    sinceUnixNs: sinceMs === undefined ? 0n : unixNanoseconds(sinceMs),
    counter,
    rise,
    fall,
    blind: blindOf() ?? "",
  };
}

/** `2` or `50%`; empty without one. */
function shareText(share: Share | undefined): string {
  if (share === undefined) return "";
  return "count" in share ? String(share.count) : `${share.percent}%`;
}

export function intentOf(intent: OperatorIntent | undefined): Intent | undefined {
  return intent && intentMessage(intent);
}

export function intentMessage(intent: OperatorIntent): Intent {
  const { kind, by, reason, sinceMs, fromMs, untilMs } = intent;
  const place = intent.kind === "weight" ? intent : undefined;
  return {
    kind,
    peer: by.peer,
    identity: by.identity,
    reason,
    sinceUnixNs: unixNanoseconds(sinceMs),
    untilUnixNs: untilMs === undefined ? undefined : unixNanoseconds(untilMs),
    backend: intent.kind === "lameduck" ? "" : intent.backend,
    frontend: place?.frontend ?? "",
    pool: place?.pool ?? "",
    weight: place?.weight ?? 0,
    fileWeight: place?.instead ?? 0,
    then: intent.kind === "drain" ? intent.then : "",
    fromUnixNs: fromMs === undefined ? undefined : unixNanoseconds(fromMs),
    id: intentId(intent),
    scheduled: intent.scheduled === true,
    scope: intent.scope ?? "",
  };
}

/** A definition. Header values and a body may be secrets: only operators receive them. */
export function healthCheckInfo(
  check: HealthcheckConfig,
  { secrets }: { readonly secrets: boolean },
): HealthCheckInfo {
  const { params } = check;
  const web = params.type === "http" || params.type === "https" ? params : undefined;
  const tls = "serverName" in params ? params : undefined;
  const dns = params.type === "dns" ? params : undefined;
  const udp = params.type === "udp" ? params : undefined;
  return create(HealthCheckInfo, {
    name: check.name,
    type: params.type,
    port: check.port,
    intervalNs: nanoseconds(check.intervalMs),
    fastIntervalNs: nanoseconds(check.fastIntervalMs),
    downIntervalNs: nanoseconds(check.downIntervalMs),
    timeoutNs: nanoseconds(check.timeoutMs),
    rise: check.rise,
    fall: check.fall,
    probeIpv4Src: check.probeIpv4Src?.text ?? "",
    probeIpv6Src: check.probeIpv6Src?.text ?? "",
    ssl: "ssl" in params && params.ssl,
    serverName: tls?.serverName ?? "",
    insecureSkipVerify: tls?.insecureSkipVerify ?? false,
    caFile: tls?.ca?.path ?? "",
    clientCert: tls?.client?.certPath ?? "",
    clientKey: tls?.client?.keyPath ?? "",
    path: web?.path ?? "",
    host: web?.host ?? "",
    method: web?.method ?? "",
    headers: (web?.headers ?? []).map(([name, value]) => ({
      name,
      value: secrets ? value : "",
      hidden: !secrets,
    })),
    responseCode: web === undefined ? "" : codesText(web.responseCodes),
    responseRegexp: web?.responseRegexp ?? "",
    responseRegexpNot: web?.responseRegexpNot ?? "",
    alpn: [...tls?.alpn ?? []],
    body: secrets ? web?.body ?? "" : "",
    removedHeaders: [...web?.removedHeaders ?? []],
    http2: web?.http2 === true,
    redirects: web?.redirects ?? "",
    proxyProtocol: web?.proxyProtocol ?? "",
    responseHeader: web?.responseHeader?.name ?? "",
    responseHeaderRegexp: web?.responseHeader?.regexp ?? "",
    dnsName: dns?.name ?? "",
    dnsQtype: dns?.qtype ?? "",
    dnsTransport: dns?.transport ?? "",
    dnsRcode: dns?.rcode ?? "",
    dnsAnswer: dns?.answer ?? "",
    dnsRecursion: dns?.recursion ?? false,
    udpSend: secrets ? udp?.send ?? "" : "",
    udpExpect: udp?.expect ?? "",
    udpSilence: udp?.silence ?? "",
    agentPort: check.agent?.port ?? 0,
    agentIntervalNs: nanoseconds(check.agent?.intervalMs ?? 0),
    grpcService: params.type === "grpc" ? params.service : "",
    damping: check.damping && {
      halfLifeNs: nanoseconds(check.damping.halfLifeMs),
      suppress: check.damping.suppress,
      reuse: check.damping.reuse,
      maxHoldNs: nanoseconds(check.damping.maxHoldMs),
    },
    grpcAuthority: params.type === "grpc" ? params.authority : "",
    steps: ((params.type === "tcp" ? params.steps : undefined) ?? []).map(({ kind, text }) => {
      const hidden = kind === "send" && !secrets;
      return { kind, text: hidden ? "" : text, hidden };
    }),
  });
}

/** `200-299,301`. */
function codesText(ranges: readonly (readonly [from: number, to: number])[]): string {
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
