/**
 * Converts a draft without issues to a Config. The compiler proves here that the types of the table
 * are those of model.ts. Defaults that are another key's value are filled in here; fixed ones come
 * with the draft.
 */
import { InvariantError } from "../base/assert.ts";
import type { Place } from "./issue.ts";
import type {
  AnnounceConfig,
  AnnounceFileConfig,
  BackendConfig,
  Config,
  DampingConfig,
  FrontendConfig,
  HealthcheckConfig,
  HttpParams,
  IsolationConfig,
  PoolConfig,
  ProbeParams,
  SlowStartConfig,
  StepParams,
  TlsParams,
  VppLbConfig,
} from "./model.ts";
import type {
  AnnounceDraft,
  AnnounceFileDraft,
  BackendDraft,
  ConfigDraft,
  FrontendDraft,
  HealthcheckDraft,
  PoolDraft,
  SlowStartDraft,
  VppLbDraft,
} from "./schema/schema.ts";
import type { DampingDraft } from "./schema/checks/damping.ts";
import type { IsolationDraft } from "./schema/healthchecker.ts";
import type { NamedDrafts, Slot, ValueOf } from "./schema/types.ts";
import type { http } from "./schema/healthcheck.ts";
import { type KeyPair, pairName, pairPathsOf } from "./client_certificates.ts";
import type { tls } from "./schema/checks/tls.ts";
import type { StepKeys } from "./schema/checks/steps.ts";
import type { Draft } from "./schema/types.ts";
import { nameInHost } from "./schema/text_rules.ts";

const STEP_KINDS = ["send", "expect", "expect-regexp"] as const;

/** The files that a configuration names. */
export interface NamedFiles {
  /** Path of a `ca-file` → its certificates (PEM). */
  readonly caFiles: ReadonlyMap<string, string>;
  /** By pairName(). */
  readonly pairs: ReadonlyMap<string, KeyPair>;
}

/** The configuration; `draft` has been checked and had no errors. */
export function buildConfig(draft: ConfigDraft, files: NamedFiles): Config {
  const { healthchecker, vpp, announce, healthchecks, backends, frontends } = draft.keys;
  const { "transition-history": history, netns, isolation } = need(healthchecker).keys;
  const lb = need(vpp).keys.lb.value;
  return {
    healthchecker: {
      transitionHistory: need(history),
      netns: need(netns),
      ...(isolation.value === undefined ? {} : { isolation: buildIsolation(isolation.value) }),
    },
    vppLb: lb === undefined ? undefined : buildVppLb(lb),
    ...(announce.value === undefined ? {} : { announce: buildAnnounceFile(announce.value) }),
    healthchecks: buildNamed(
      need(healthchecks),
      (name, healthcheck) => buildHealthcheck(name, healthcheck, files),
    ),
    backends: buildNamed(need(backends), buildBackend),
    frontends: buildNamed(need(frontends), buildFrontend),
  };
}

/** The settings of the sections that buildVips() does not read. */
const UNREAD: Pick<Config, "healthchecker" | "vppLb"> = {
  healthchecker: { transitionHistory: 0, netns: "" },
  vppLb: undefined,
};

/**
 * The frontends and backends, which have no errors, and the healthchecks without `faulty` ones. The
 * other sections are not read.
 */
export function buildVips(
  draft: ConfigDraft,
  { files, faulty }: {
    readonly files: NamedFiles;
    /** True for the path of a section with an error. */
    readonly faulty: (path: string) => boolean;
  },
): Config {
  const { healthchecks, backends, frontends } = draft.keys;
  const sound = new Map(
    [...healthchecks.value ?? []].filter(([, { path, draft }]) =>
      draft !== undefined && !faulty(path)
    ),
  );
  return {
    ...UNREAD,
    healthchecks: buildNamed(
      sound,
      (name, healthcheck) => buildHealthcheck(name, healthcheck, files),
    ),
    backends: buildNamed(need(backends), buildBackend),
    frontends: buildNamed(need(frontends), buildFrontend),
  };
}

/** The value of a slot that cannot be empty in a draft without errors. */
function need<T>(slot: Slot<T>): T {
  return slot.value ?? impossible(slot);
}

function buildNamed<K, T>(
  drafts: NamedDrafts<K>,
  build: (name: string, draft: Draft<K>) => T,
): ReadonlyMap<string, T> {
  const built = new Map<string, T>();
  for (const named of drafts.values()) {
    built.set(named.name, build(named.name, named.draft ?? impossible(named)));
  }
  return built;
}

function impossible({ path }: Place): never {
  throw new InvariantError(`${path} has no value, but there is no error`);
}

function buildIsolation({ keys }: IsolationDraft): IsolationConfig {
  return {
    targets: need(keys.targets).map((target) => {
      const { address, type, port } = (target ?? impossible(keys.targets)).keys;
      return {
        address: need(address),
        type: need(type),
        port: need(type) === "icmp" ? 0 : need(port),
      };
    }),
    quorum: need(keys.quorum),
    maxHoldMs: need(keys["max-hold"]),
  };
}

function buildVppLb({ keys }: VppLbDraft): VppLbConfig {
  return {
    syncIntervalMs: need(keys["sync-interval"]),
    ipv4SrcAddress: need(keys["ipv4-src-address"]),
    ipv6SrcAddress: need(keys["ipv6-src-address"]),
    stickyBucketsPerCore: need(keys["sticky-buckets-per-core"]),
    flowTimeoutMs: need(keys["flow-timeout"]),
    startupMinDelayMs: need(keys["startup-min-delay"]),
    startupMaxDelayMs: need(keys["startup-max-delay"]),
    countersIntervalMs: need(keys["counters-interval"]),
    newFlowsTableLength: need(keys["new-flows-table-length"]),
    maxRemoval: need(keys["max-removal"]),
  };
}

function buildAnnounceFile({ keys }: AnnounceFileDraft): AnnounceFileConfig {
  return {
    file: need(keys.file),
    format: need(keys.format),
    onStop: need(keys["on-stop"]),
    onVppAway: need(keys["on-vpp-away"]),
  };
}

function buildHealthcheck(
  name: string,
  { keys }: HealthcheckDraft,
  files: NamedFiles,
): HealthcheckConfig {
  const intervalMs = need(keys.interval);
  const params = buildParams(need(keys.params), files);
  const agent = keys.agent.value;
  return {
    name,
    port: params.type === "icmp" ? 0 : need(keys.port),
    intervalMs,
    fastIntervalMs: keys["fast-interval"].value ?? intervalMs,
    downIntervalMs: keys["down-interval"].value ?? intervalMs,
    timeoutMs: need(keys.timeout),
    rise: need(keys.rise),
    fall: need(keys.fall),
    ...(keys.damping.value === undefined ? {} : { damping: buildDamping(keys.damping.value) }),
    probeIpv4Src: keys["probe-ipv4-src"].value,
    probeIpv6Src: keys["probe-ipv6-src"].value,
    ...(agent === undefined
      ? {}
      : { agent: { port: need(agent.keys.port), intervalMs: need(agent.keys.interval) } }),
    params,
  };
}

function buildDamping({ keys }: DampingDraft): DampingConfig {
  return {
    halfLifeMs: need(keys["half-life"]),
    suppress: need(keys.suppress),
    reuse: need(keys.reuse),
    maxHoldMs: need(keys["max-hold"]),
  };
}

function buildParams(
  params: NonNullable<HealthcheckDraft["keys"]["params"]["value"]>,
  files: NamedFiles,
): ProbeParams {
  switch (params.variant) {
    case "icmp":
      return { type: "icmp" };
    case "tcp":
      return {
        type: "tcp",
        ssl: need(params.draft.keys.ssl),
        ...buildTls(params.draft.keys, { host: "", files, alpn: [] }),
        ...buildSteps(need(params.draft.keys.steps)),
      };
    case "grpc": {
      const { keys } = params.draft;
      const authority = keys.authority.value ?? "";
      return {
        type: "grpc",
        service: need(keys.service),
        authority,
        ssl: need(keys.ssl),
        ...buildTls(keys, { host: authority, files, alpn: ["h2"] }),
      };
    }
    case "dns": {
      const { keys } = params.draft;
      return {
        type: "dns",
        name: need(keys.name).replace(/\.$/, ""),
        qtype: need(keys.qtype),
        transport: need(keys.transport),
        rcode: need(keys.rcode),
        answer: keys.answer.value ?? "",
        recursion: need(keys.recursion),
      };
    }
    case "udp": {
      const { keys } = params.draft;
      const [send, silence] = [need(keys.send), need(keys.silence)];
      return { type: "udp", send, expect: keys.expect.value ?? "", silence };
    }
    case "http":
      return { type: "http", ...buildHttp(params.draft.keys) };
    case "https": {
      const httpParams = buildHttp(params.draft.keys);
      const defaults = {
        host: httpParams.host,
        files,
        alpn: [httpParams.http2 ? "h2" : "http/1.1"],
      };
      return { type: "https", ...httpParams, ...buildTls(params.draft.keys, defaults) };
    }
  }
}

function buildSteps(drafts: readonly (Draft<StepKeys> | undefined)[]): StepParams {
  const steps = drafts.flatMap((draft) =>
    STEP_KINDS.flatMap((kind) => {
      const text = draft?.keys[kind].value;
      return text === undefined ? [] : [{ kind, text }];
    })
  );
  return steps.length === 0 ? {} : { steps };
}

type Slots<K> = { readonly [P in keyof K]: Slot<ValueOf<K[P]>> };

/** The keys from which absent TLS keys follow. */
interface TlsDefaults {
  readonly host: string;
  readonly files: NamedFiles;
  readonly alpn: readonly string[];
}

function buildTls(
  keys: Slots<Omit<typeof tls, "alpn">> & Partial<Slots<Pick<typeof tls, "alpn">>>,
  { host, files, alpn }: TlsDefaults,
): TlsParams {
  const path = keys["ca-file"].value;
  const pem = path === undefined ? undefined : files.caFiles.get(path);
  const paths = pairPathsOf(keys);
  const pair = paths === undefined ? undefined : files.pairs.get(pairName(paths));
  return {
    serverName: keys["server-name"].value ?? nameInHost(host),
    insecureSkipVerify: need(keys["insecure-skip-verify"]),
    alpn: keys.alpn?.value ?? alpn,
    ...(path === undefined || pem === undefined ? {} : { ca: { path, pem } }),
    ...(paths === undefined || pair === undefined
      ? {}
      : { client: { certPath: paths.cert, keyPath: paths.key, ...pair } }),
  };
}

function buildHttp(keys: Slots<typeof http>): HttpParams {
  const headers = need(keys.headers);
  const method = need(keys.method);
  const proxyProtocol = keys["proxy-protocol"].value;
  const header = keys["response-header"].value;
  const redirects = keys.redirects.value;
  return {
    path: need(keys.path),
    host: keys.host.value ?? "",
    method,
    body: method === "POST" ? keys.body.value ?? "" : "",
    headers: headers.flatMap(([name, value]) => value === null ? [] : [[name, value] as const]),
    removedHeaders: headers.flatMap(([name, value]) => value === null ? [name] : []),
    responseCodes: need(keys["response-code"]),
    responseRegexp: keys["response-regexp"].value ?? "",
    responseRegexpNot: keys["response-regexp-not"].value ?? "",
    ...(need(keys.http2) ? { http2: true } : {}),
    ...(redirects === undefined ? {} : { redirects }),
    ...(proxyProtocol === undefined ? {} : { proxyProtocol }),
    ...(header === undefined
      ? {}
      : { responseHeader: { name: need(header.keys.name), regexp: need(header.keys.regexp) } }),
  };
}

function buildBackend(name: string, { keys }: BackendDraft): BackendConfig {
  return {
    name,
    address: need(keys.address),
    healthcheck: keys.healthcheck.value,
    enabled: need(keys.enabled),
  };
}

function buildFrontend(name: string, { keys }: FrontendDraft): FrontendConfig {
  const port = keys.port.value ?? 0;
  return {
    name,
    description: need(keys.description).trimEnd(),
    address: need(keys.address),
    protocol: port === 0 ? "any" : keys.protocol.value ?? "any",
    port,
    pools: need(keys.pools).map((pool) => buildPool(pool ?? impossible(keys.pools))),
    srcIpSticky: need(keys["src-ip-sticky"]),
    flushOnDown: need(keys["flush-on-down"]),
    ...(need(keys["on-all-down"]) === "last-good" ? { onAllDown: "last-good" as const } : {}),
    ...optional("slowStart", keys["slow-start"].value, buildSlowStart),
    ...optional("announce", keys.announce.value, buildAnnounce),
  };
}

/** The key with what `build` makes of a value, if there is one. */
function optional<K extends string, T, R>(
  key: K,
  value: T | undefined,
  build: (value: T) => R,
): { readonly [key in K]?: R } {
  return (value === undefined ? {} : { [key]: build(value) }) as { readonly [key in K]?: R };
}

function buildSlowStart({ keys }: SlowStartDraft): SlowStartConfig {
  return { durationMs: need(keys.duration), steps: need(keys.steps) };
}

function buildAnnounce({ keys }: AnnounceDraft): AnnounceConfig {
  return { minUp: need(keys["min-up"]), hysteresisMs: need(keys.hysteresis) };
}

function buildPool({ keys }: PoolDraft): PoolConfig {
  const members = buildNamed(need(keys.backends), (name, member) => ({
    name,
    weight: need(member.keys.weight),
  }));
  const maxDown = keys["max-down"].value;
  const mode = need(keys.encap);
  const source = keys["encap-source"].value;
  return {
    name: need(keys.name),
    backends: [...members.values()],
    ...(maxDown === undefined ? {} : { maxDown }),
    ...(mode === "off" ? {} : { encap: { mode, ...(source === undefined ? {} : { source }) } }),
  };
}
