// Generated from proto/maglev.proto by `deno task proto`; not to be edited.
import type { MessageType, MethodInfo } from "../protobuf/message.ts";

/** Message maglev.GetVersionRequest. */
export type GetVersionRequest = Readonly<Record<string, never>>;

/** The type of maglev.GetVersionRequest. */
export const GetVersionRequest: MessageType<GetVersionRequest> = {
  name: "maglev.GetVersionRequest",
  fields: [],
  empty: {},
  write(_message, _writer) {
  },
  read(reader) {
    while (!reader.atEnd) reader.skip(reader.tag());
    return {};
  },
};

/** Message maglev.VersionInfo. */
export interface VersionInfo {
  readonly version: string;
  readonly commit: string;
  readonly buildDate: string;
  readonly startedUnixNs: bigint;
  /** The caller's: none, viewer, or operator. */
  readonly role: string;
}

/** The type of maglev.VersionInfo. */
export const VersionInfo: MessageType<VersionInfo> = {
  name: "maglev.VersionInfo",
  fields: [
    { name: "version", kind: "string", repeated: false, optional: false },
    { name: "commit", kind: "string", repeated: false, optional: false },
    { name: "build_date", kind: "string", repeated: false, optional: false },
    { name: "started_unix_ns", kind: "int64", repeated: false, optional: false },
    { name: "role", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    version: "",
    commit: "",
    buildDate: "",
    startedUnixNs: 0n,
    role: "",
  },
  write(message, writer) {
    writer.string(1, message.version);
    writer.string(2, message.commit);
    writer.string(3, message.buildDate);
    writer.int64(4, message.startedUnixNs);
    writer.string(5, message.role);
  },
  read(reader) {
    let version: string = "";
    let commit: string = "";
    let buildDate: string = "";
    let startedUnixNs: bigint = 0n;
    let role: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          version = reader.string();
          break;
        case 18:
          commit = reader.string();
          break;
        case 26:
          buildDate = reader.string();
          break;
        case 32:
          startedUnixNs = reader.int64();
          break;
        case 42:
          role = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { version, commit, buildDate, startedUnixNs, role };
  },
};

/** Message maglev.GetStatusRequest. */
export type GetStatusRequest = Readonly<Record<string, never>>;

/** The type of maglev.GetStatusRequest. */
export const GetStatusRequest: MessageType<GetStatusRequest> = {
  name: "maglev.GetStatusRequest",
  fields: [],
  empty: {},
  write(_message, _writer) {
  },
  read(reader) {
    while (!reader.atEnd) reader.skip(reader.tag());
    return {};
  },
};

/** Message maglev.StatusInfo. */
export interface StatusInfo {
  /** As /readyz says it. */
  readonly ready: boolean;
  /** Why it is not ready; empty when it is. */
  readonly reason: string;
  /** off, connecting, or connected. */
  readonly vpp: string;
  /** Since when VPP is in that state. */
  readonly vppSinceUnixNs: bigint;
  /** Why VPP is not connected; empty when it is, or off. */
  readonly vppError: string;
  /** off, waiting, releasing, or done. */
  readonly warmup: string;
  /** Latest end of the warm-up; absent when it is off or done, and once only a blind prober holds it up. */
  readonly warmupUntilUnixNs: bigint | undefined;
  /** Frontends that the warm-up still holds back. */
  readonly warmupHeld: readonly string[];
  readonly configFile: string;
  /** When the configuration in force was read. */
  readonly configLoadedUnixNs: bigint;
  /** SHA-256 of the text in force, in hexadecimal. */
  readonly configHash: string;
  /** Groups of threads that probe, one for each network namespace. */
  readonly probers: readonly ProberStatus[];
  /** How many are in each state; states without any are left out. */
  readonly backends: readonly StateCount[];
  readonly frontends: readonly StateCount[];
  /** What VPP would not survive, and was therefore not sent to it. */
  readonly withheld: readonly string[];
}

/** The type of maglev.StatusInfo. */
export const StatusInfo: MessageType<StatusInfo> = {
  name: "maglev.StatusInfo",
  fields: [
    { name: "ready", kind: "bool", repeated: false, optional: false },
    { name: "reason", kind: "string", repeated: false, optional: false },
    { name: "vpp", kind: "string", repeated: false, optional: false },
    { name: "vpp_since_unix_ns", kind: "int64", repeated: false, optional: false },
    { name: "vpp_error", kind: "string", repeated: false, optional: false },
    { name: "warmup", kind: "string", repeated: false, optional: false },
    { name: "warmup_until_unix_ns", kind: "int64", repeated: false, optional: true },
    { name: "warmup_held", kind: "string", repeated: true, optional: false },
    { name: "config_file", kind: "string", repeated: false, optional: false },
    { name: "config_loaded_unix_ns", kind: "int64", repeated: false, optional: false },
    { name: "config_hash", kind: "string", repeated: false, optional: false },
    {
      name: "probers",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => ProberStatus,
    },
    {
      name: "backends",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => StateCount,
    },
    {
      name: "frontends",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => StateCount,
    },
    { name: "withheld", kind: "string", repeated: true, optional: false },
  ],
  empty: {
    ready: false,
    reason: "",
    vpp: "",
    vppSinceUnixNs: 0n,
    vppError: "",
    warmup: "",
    warmupUntilUnixNs: undefined,
    warmupHeld: [],
    configFile: "",
    configLoadedUnixNs: 0n,
    configHash: "",
    probers: [],
    backends: [],
    frontends: [],
    withheld: [],
  },
  write(message, writer) {
    writer.bool(1, message.ready);
    writer.string(2, message.reason);
    writer.string(3, message.vpp);
    writer.int64(4, message.vppSinceUnixNs);
    writer.string(5, message.vppError);
    writer.string(6, message.warmup);
    if (message.warmupUntilUnixNs !== undefined) writer.int64(7, message.warmupUntilUnixNs, true);
    for (const item of message.warmupHeld) writer.string(8, item, true);
    writer.string(9, message.configFile);
    writer.int64(10, message.configLoadedUnixNs);
    writer.string(11, message.configHash);
    for (const item of message.probers) writer.message(12, ProberStatus, item);
    for (const item of message.backends) writer.message(13, StateCount, item);
    for (const item of message.frontends) writer.message(14, StateCount, item);
    for (const item of message.withheld) writer.string(15, item, true);
  },
  read(reader) {
    let ready: boolean = false;
    let reason: string = "";
    let vpp: string = "";
    let vppSinceUnixNs: bigint = 0n;
    let vppError: string = "";
    let warmup: string = "";
    let warmupUntilUnixNs: bigint | undefined = undefined;
    const warmupHeld: string[] = [];
    let configFile: string = "";
    let configLoadedUnixNs: bigint = 0n;
    let configHash: string = "";
    const probers: ProberStatus[] = [];
    const backends: StateCount[] = [];
    const frontends: StateCount[] = [];
    const withheld: string[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          ready = reader.bool();
          break;
        case 18:
          reason = reader.string();
          break;
        case 26:
          vpp = reader.string();
          break;
        case 32:
          vppSinceUnixNs = reader.int64();
          break;
        case 42:
          vppError = reader.string();
          break;
        case 50:
          warmup = reader.string();
          break;
        case 56:
          warmupUntilUnixNs = reader.int64();
          break;
        case 66:
          warmupHeld.push(reader.string());
          break;
        case 74:
          configFile = reader.string();
          break;
        case 80:
          configLoadedUnixNs = reader.int64();
          break;
        case 90:
          configHash = reader.string();
          break;
        case 98:
          probers.push(reader.message(ProberStatus));
          break;
        case 106:
          backends.push(reader.message(StateCount));
          break;
        case 114:
          frontends.push(reader.message(StateCount));
          break;
        case 122:
          withheld.push(reader.string());
          break;
        default:
          reader.skip(tag);
      }
    }
    return {
      ready,
      reason,
      vpp,
      vppSinceUnixNs,
      vppError,
      warmup,
      warmupUntilUnixNs,
      warmupHeld,
      configFile,
      configLoadedUnixNs,
      configHash,
      probers,
      backends,
      frontends,
      withheld,
    };
  },
};

/** Message maglev.StateCount. */
export interface StateCount {
  readonly state: string;
  readonly count: number;
}

/** The type of maglev.StateCount. */
export const StateCount: MessageType<StateCount> = {
  name: "maglev.StateCount",
  fields: [
    { name: "state", kind: "string", repeated: false, optional: false },
    { name: "count", kind: "number", repeated: false, optional: false },
  ],
  empty: {
    state: "",
    count: 0,
  },
  write(message, writer) {
    writer.string(1, message.state);
    writer.uint32(2, message.count);
  },
  read(reader) {
    let state: string = "";
    let count: number = 0;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          state = reader.string();
          break;
        case 16:
          count = reader.uint32();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { state, count };
  },
};

/** Message maglev.ProberStatus. */
export interface ProberStatus {
  /** Empty: maglevd's own. */
  readonly netns: string;
  readonly threads: number;
  readonly backends: number;
  /** Probes are void because the prober itself lacks something; states and weights stay. */
  readonly blind: boolean;
  /** What it lacks; empty unless blind. */
  readonly reason: string;
  /** Absent unless blind. */
  readonly blindSinceUnixNs: bigint | undefined;
}

/** The type of maglev.ProberStatus. */
export const ProberStatus: MessageType<ProberStatus> = {
  name: "maglev.ProberStatus",
  fields: [
    { name: "netns", kind: "string", repeated: false, optional: false },
    { name: "threads", kind: "number", repeated: false, optional: false },
    { name: "backends", kind: "number", repeated: false, optional: false },
    { name: "blind", kind: "bool", repeated: false, optional: false },
    { name: "reason", kind: "string", repeated: false, optional: false },
    { name: "blind_since_unix_ns", kind: "int64", repeated: false, optional: true },
  ],
  empty: {
    netns: "",
    threads: 0,
    backends: 0,
    blind: false,
    reason: "",
    blindSinceUnixNs: undefined,
  },
  write(message, writer) {
    writer.string(1, message.netns);
    writer.uint32(2, message.threads);
    writer.uint32(3, message.backends);
    writer.bool(4, message.blind);
    writer.string(5, message.reason);
    if (message.blindSinceUnixNs !== undefined) writer.int64(6, message.blindSinceUnixNs, true);
  },
  read(reader) {
    let netns: string = "";
    let threads: number = 0;
    let backends: number = 0;
    let blind: boolean = false;
    let reason: string = "";
    let blindSinceUnixNs: bigint | undefined = undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          netns = reader.string();
          break;
        case 16:
          threads = reader.uint32();
          break;
        case 24:
          backends = reader.uint32();
          break;
        case 32:
          blind = reader.bool();
          break;
        case 42:
          reason = reader.string();
          break;
        case 48:
          blindSinceUnixNs = reader.int64();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { netns, threads, backends, blind, reason, blindSinceUnixNs };
  },
};

/** Message maglev.ListFrontendsRequest. */
export interface ListFrontendsRequest {
  /** Fill in `frontends` too. */
  readonly details: boolean;
}

/** The type of maglev.ListFrontendsRequest. */
export const ListFrontendsRequest: MessageType<ListFrontendsRequest> = {
  name: "maglev.ListFrontendsRequest",
  fields: [
    { name: "details", kind: "bool", repeated: false, optional: false },
  ],
  empty: {
    details: false,
  },
  write(message, writer) {
    writer.bool(1, message.details);
  },
  read(reader) {
    let details: boolean = false;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          details = reader.bool();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { details };
  },
};

/** Message maglev.ListFrontendsResponse. */
export interface ListFrontendsResponse {
  readonly frontendNames: readonly string[];
  readonly frontends: readonly FrontendInfo[];
}

/** The type of maglev.ListFrontendsResponse. */
export const ListFrontendsResponse: MessageType<ListFrontendsResponse> = {
  name: "maglev.ListFrontendsResponse",
  fields: [
    { name: "frontend_names", kind: "string", repeated: true, optional: false },
    {
      name: "frontends",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => FrontendInfo,
    },
  ],
  empty: {
    frontendNames: [],
    frontends: [],
  },
  write(message, writer) {
    for (const item of message.frontendNames) writer.string(1, item, true);
    for (const item of message.frontends) writer.message(2, FrontendInfo, item);
  },
  read(reader) {
    const frontendNames: string[] = [];
    const frontends: FrontendInfo[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          frontendNames.push(reader.string());
          break;
        case 18:
          frontends.push(reader.message(FrontendInfo));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { frontendNames, frontends };
  },
};

/** Message maglev.GetFrontendRequest. */
export interface GetFrontendRequest {
  readonly name: string;
}

/** The type of maglev.GetFrontendRequest. */
export const GetFrontendRequest: MessageType<GetFrontendRequest> = {
  name: "maglev.GetFrontendRequest",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    name: "",
  },
  write(message, writer) {
    writer.string(1, message.name);
  },
  read(reader) {
    let name: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name };
  },
};

/** Message maglev.FrontendInfo. */
export interface FrontendInfo {
  readonly name: string;
  readonly address: string;
  /** tcp, udp, or any. */
  readonly protocol: string;
  /** 0: all ports. */
  readonly port: number;
  readonly pools: readonly PoolInfo[];
  readonly description: string;
  readonly srcIpSticky: boolean;
  readonly flushOnDown: boolean;
  /** unknown, up, or down. */
  readonly state: string;
  readonly activePool: string;
  /** Something the caller of a change should know, such as that it will not survive a restart. */
  readonly warning: string;
}

/** The type of maglev.FrontendInfo. */
export const FrontendInfo: MessageType<FrontendInfo> = {
  name: "maglev.FrontendInfo",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
    { name: "address", kind: "string", repeated: false, optional: false },
    { name: "protocol", kind: "string", repeated: false, optional: false },
    { name: "port", kind: "number", repeated: false, optional: false },
    { name: "pools", kind: "message", repeated: true, optional: false, message: () => PoolInfo },
    { name: "description", kind: "string", repeated: false, optional: false },
    { name: "src_ip_sticky", kind: "bool", repeated: false, optional: false },
    { name: "flush_on_down", kind: "bool", repeated: false, optional: false },
    { name: "state", kind: "string", repeated: false, optional: false },
    { name: "active_pool", kind: "string", repeated: false, optional: false },
    { name: "warning", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    name: "",
    address: "",
    protocol: "",
    port: 0,
    pools: [],
    description: "",
    srcIpSticky: false,
    flushOnDown: false,
    state: "",
    activePool: "",
    warning: "",
  },
  write(message, writer) {
    writer.string(1, message.name);
    writer.string(2, message.address);
    writer.string(3, message.protocol);
    writer.uint32(4, message.port);
    for (const item of message.pools) writer.message(5, PoolInfo, item);
    writer.string(6, message.description);
    writer.bool(7, message.srcIpSticky);
    writer.bool(8, message.flushOnDown);
    writer.string(9, message.state);
    writer.string(10, message.activePool);
    writer.string(11, message.warning);
  },
  read(reader) {
    let name: string = "";
    let address: string = "";
    let protocol: string = "";
    let port: number = 0;
    const pools: PoolInfo[] = [];
    let description: string = "";
    let srcIpSticky: boolean = false;
    let flushOnDown: boolean = false;
    let state: string = "";
    let activePool: string = "";
    let warning: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          address = reader.string();
          break;
        case 26:
          protocol = reader.string();
          break;
        case 32:
          port = reader.uint32();
          break;
        case 42:
          pools.push(reader.message(PoolInfo));
          break;
        case 50:
          description = reader.string();
          break;
        case 56:
          srcIpSticky = reader.bool();
          break;
        case 64:
          flushOnDown = reader.bool();
          break;
        case 74:
          state = reader.string();
          break;
        case 82:
          activePool = reader.string();
          break;
        case 90:
          warning = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return {
      name,
      address,
      protocol,
      port,
      pools,
      description,
      srcIpSticky,
      flushOnDown,
      state,
      activePool,
      warning,
    };
  },
};

/** Message maglev.PoolInfo. */
export interface PoolInfo {
  readonly name: string;
  readonly backends: readonly PoolBackendInfo[];
}

/** The type of maglev.PoolInfo. */
export const PoolInfo: MessageType<PoolInfo> = {
  name: "maglev.PoolInfo",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
    {
      name: "backends",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => PoolBackendInfo,
    },
  ],
  empty: {
    name: "",
    backends: [],
  },
  write(message, writer) {
    writer.string(1, message.name);
    for (const item of message.backends) writer.message(2, PoolBackendInfo, item);
  },
  read(reader) {
    let name: string = "";
    const backends: PoolBackendInfo[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          backends.push(reader.message(PoolBackendInfo));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name, backends };
  },
};

/** Message maglev.PoolBackendInfo. */
export interface PoolBackendInfo {
  readonly name: string;
  /** Of the file, or what an operator has put in its place; 0 to 100. */
  readonly weight: number;
  /** What VPP is given now. */
  readonly effectiveWeight: number;
  readonly state: string;
  /** Why `weight` is not the file's. */
  readonly intent: Intent | undefined;
}

/** The type of maglev.PoolBackendInfo. */
export const PoolBackendInfo: MessageType<PoolBackendInfo> = {
  name: "maglev.PoolBackendInfo",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
    { name: "weight", kind: "number", repeated: false, optional: false },
    { name: "effective_weight", kind: "number", repeated: false, optional: false },
    { name: "state", kind: "string", repeated: false, optional: false },
    { name: "intent", kind: "message", repeated: false, optional: true, message: () => Intent },
  ],
  empty: {
    name: "",
    weight: 0,
    effectiveWeight: 0,
    state: "",
    intent: undefined,
  },
  write(message, writer) {
    writer.string(1, message.name);
    writer.uint32(2, message.weight);
    writer.uint32(3, message.effectiveWeight);
    writer.string(4, message.state);
    writer.message(5, Intent, message.intent);
  },
  read(reader) {
    let name: string = "";
    let weight: number = 0;
    let effectiveWeight: number = 0;
    let state: string = "";
    let intent: Intent | undefined = undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 16:
          weight = reader.uint32();
          break;
        case 24:
          effectiveWeight = reader.uint32();
          break;
        case 34:
          state = reader.string();
          break;
        case 42:
          intent = reader.message(Intent);
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name, weight, effectiveWeight, state, intent };
  },
};

/** Message maglev.ListBackendsRequest. */
export interface ListBackendsRequest {
  /** Fill in `backends` too; their transitions are left out. */
  readonly details: boolean;
}

/** The type of maglev.ListBackendsRequest. */
export const ListBackendsRequest: MessageType<ListBackendsRequest> = {
  name: "maglev.ListBackendsRequest",
  fields: [
    { name: "details", kind: "bool", repeated: false, optional: false },
  ],
  empty: {
    details: false,
  },
  write(message, writer) {
    writer.bool(1, message.details);
  },
  read(reader) {
    let details: boolean = false;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          details = reader.bool();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { details };
  },
};

/** Message maglev.ListBackendsResponse. */
export interface ListBackendsResponse {
  readonly backendNames: readonly string[];
  readonly backends: readonly BackendInfo[];
}

/** The type of maglev.ListBackendsResponse. */
export const ListBackendsResponse: MessageType<ListBackendsResponse> = {
  name: "maglev.ListBackendsResponse",
  fields: [
    { name: "backend_names", kind: "string", repeated: true, optional: false },
    {
      name: "backends",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => BackendInfo,
    },
  ],
  empty: {
    backendNames: [],
    backends: [],
  },
  write(message, writer) {
    for (const item of message.backendNames) writer.string(1, item, true);
    for (const item of message.backends) writer.message(2, BackendInfo, item);
  },
  read(reader) {
    const backendNames: string[] = [];
    const backends: BackendInfo[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          backendNames.push(reader.string());
          break;
        case 18:
          backends.push(reader.message(BackendInfo));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { backendNames, backends };
  },
};

/** Message maglev.GetBackendRequest. */
export interface GetBackendRequest {
  readonly name: string;
}

/** The type of maglev.GetBackendRequest. */
export const GetBackendRequest: MessageType<GetBackendRequest> = {
  name: "maglev.GetBackendRequest",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    name: "",
  },
  write(message, writer) {
    writer.string(1, message.name);
  },
  read(reader) {
    let name: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name };
  },
};

/** Message maglev.BackendInfo. */
export interface BackendInfo {
  readonly name: string;
  readonly address: string;
  /** unknown, up, down, paused, disabled, or removed. */
  readonly state: string;
  readonly enabled: boolean;
  /** Name of its healthcheck; empty: static, always up. */
  readonly healthcheck: string;
  /** Oldest first. */
  readonly transitions: readonly TransitionRecord[];
  /** Since when it is in this state. */
  readonly sinceUnixNs: bigint;
  /** Of rise and fall, from 0 to rise + fall - 1; up from rise on. A pass from there on is the maximum. */
  readonly counter: number;
  readonly rise: number;
  readonly fall: number;
  /** Absent before the first. */
  readonly lastResult: ProbeResult | undefined;
  /** First end of validity among the certificates seen last; absent when none was seen. */
  readonly certificateExpiryUnixNs: bigint | undefined;
  /** The operator's wish that keeps it paused or disabled; absent when there is none. */
  readonly intent: Intent | undefined;
  /** Something the caller of a change should know, such as that it will not survive a restart. */
  readonly warning: string;
  /** Its check changed while it was up: it counts as up until the first verdict of the new check. */
  readonly carried: boolean;
  /** Why its probes are void; empty unless they are. */
  readonly blind: string;
  /**
   * Whose end that is: the name in the server's own certificate, or "authority NAME" of one that it
   * sends along.
   */
  readonly certificateName: string;
}

/** The type of maglev.BackendInfo. */
export const BackendInfo: MessageType<BackendInfo> = {
  name: "maglev.BackendInfo",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
    { name: "address", kind: "string", repeated: false, optional: false },
    { name: "state", kind: "string", repeated: false, optional: false },
    { name: "enabled", kind: "bool", repeated: false, optional: false },
    { name: "healthcheck", kind: "string", repeated: false, optional: false },
    {
      name: "transitions",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => TransitionRecord,
    },
    { name: "since_unix_ns", kind: "int64", repeated: false, optional: false },
    { name: "counter", kind: "number", repeated: false, optional: false },
    { name: "rise", kind: "number", repeated: false, optional: false },
    { name: "fall", kind: "number", repeated: false, optional: false },
    {
      name: "last_result",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => ProbeResult,
    },
    { name: "certificate_expiry_unix_ns", kind: "int64", repeated: false, optional: true },
    { name: "intent", kind: "message", repeated: false, optional: true, message: () => Intent },
    { name: "warning", kind: "string", repeated: false, optional: false },
    { name: "carried", kind: "bool", repeated: false, optional: false },
    { name: "blind", kind: "string", repeated: false, optional: false },
    { name: "certificate_name", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    name: "",
    address: "",
    state: "",
    enabled: false,
    healthcheck: "",
    transitions: [],
    sinceUnixNs: 0n,
    counter: 0,
    rise: 0,
    fall: 0,
    lastResult: undefined,
    certificateExpiryUnixNs: undefined,
    intent: undefined,
    warning: "",
    carried: false,
    blind: "",
    certificateName: "",
  },
  write(message, writer) {
    writer.string(1, message.name);
    writer.string(2, message.address);
    writer.string(3, message.state);
    writer.bool(4, message.enabled);
    writer.string(5, message.healthcheck);
    for (const item of message.transitions) writer.message(6, TransitionRecord, item);
    writer.int64(7, message.sinceUnixNs);
    writer.uint32(8, message.counter);
    writer.uint32(9, message.rise);
    writer.uint32(10, message.fall);
    writer.message(11, ProbeResult, message.lastResult);
    if (message.certificateExpiryUnixNs !== undefined) {
      writer.int64(12, message.certificateExpiryUnixNs, true);
    }
    writer.message(13, Intent, message.intent);
    writer.string(14, message.warning);
    writer.bool(15, message.carried);
    writer.string(16, message.blind);
    writer.string(17, message.certificateName);
  },
  read(reader) {
    let name: string = "";
    let address: string = "";
    let state: string = "";
    let enabled: boolean = false;
    let healthcheck: string = "";
    const transitions: TransitionRecord[] = [];
    let sinceUnixNs: bigint = 0n;
    let counter: number = 0;
    let rise: number = 0;
    let fall: number = 0;
    let lastResult: ProbeResult | undefined = undefined;
    let certificateExpiryUnixNs: bigint | undefined = undefined;
    let intent: Intent | undefined = undefined;
    let warning: string = "";
    let carried: boolean = false;
    let blind: string = "";
    let certificateName: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          address = reader.string();
          break;
        case 26:
          state = reader.string();
          break;
        case 32:
          enabled = reader.bool();
          break;
        case 42:
          healthcheck = reader.string();
          break;
        case 50:
          transitions.push(reader.message(TransitionRecord));
          break;
        case 56:
          sinceUnixNs = reader.int64();
          break;
        case 64:
          counter = reader.uint32();
          break;
        case 72:
          rise = reader.uint32();
          break;
        case 80:
          fall = reader.uint32();
          break;
        case 90:
          lastResult = reader.message(ProbeResult);
          break;
        case 96:
          certificateExpiryUnixNs = reader.int64();
          break;
        case 106:
          intent = reader.message(Intent);
          break;
        case 114:
          warning = reader.string();
          break;
        case 120:
          carried = reader.bool();
          break;
        case 130:
          blind = reader.string();
          break;
        case 138:
          certificateName = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return {
      name,
      address,
      state,
      enabled,
      healthcheck,
      transitions,
      sinceUnixNs,
      counter,
      rise,
      fall,
      lastResult,
      certificateExpiryUnixNs,
      intent,
      warning,
      carried,
      blind,
      certificateName,
    };
  },
};

/** Message maglev.ProbeResult. */
export interface ProbeResult {
  readonly ok: boolean;
  /** L4, L6, L7, or empty. */
  readonly layer: string;
  /** Such as L4OK, L7STS; or of no probe: disabled, enabled, paused, resumed, removed, static. */
  readonly code: string;
  /** For people. */
  readonly detail: string;
  readonly durationNs: bigint;
}

/** The type of maglev.ProbeResult. */
export const ProbeResult: MessageType<ProbeResult> = {
  name: "maglev.ProbeResult",
  fields: [
    { name: "ok", kind: "bool", repeated: false, optional: false },
    { name: "layer", kind: "string", repeated: false, optional: false },
    { name: "code", kind: "string", repeated: false, optional: false },
    { name: "detail", kind: "string", repeated: false, optional: false },
    { name: "duration_ns", kind: "int64", repeated: false, optional: false },
  ],
  empty: {
    ok: false,
    layer: "",
    code: "",
    detail: "",
    durationNs: 0n,
  },
  write(message, writer) {
    writer.bool(1, message.ok);
    writer.string(2, message.layer);
    writer.string(3, message.code);
    writer.string(4, message.detail);
    writer.int64(5, message.durationNs);
  },
  read(reader) {
    let ok: boolean = false;
    let layer: string = "";
    let code: string = "";
    let detail: string = "";
    let durationNs: bigint = 0n;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          ok = reader.bool();
          break;
        case 18:
          layer = reader.string();
          break;
        case 26:
          code = reader.string();
          break;
        case 34:
          detail = reader.string();
          break;
        case 40:
          durationNs = reader.int64();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { ok, layer, code, detail, durationNs };
  },
};

/** Message maglev.TransitionRecord. */
export interface TransitionRecord {
  readonly from: string;
  readonly to: string;
  readonly atUnixNs: bigint;
  /** What caused it. */
  readonly result: ProbeResult | undefined;
}

/** The type of maglev.TransitionRecord. */
export const TransitionRecord: MessageType<TransitionRecord> = {
  name: "maglev.TransitionRecord",
  fields: [
    { name: "from", kind: "string", repeated: false, optional: false },
    { name: "to", kind: "string", repeated: false, optional: false },
    { name: "at_unix_ns", kind: "int64", repeated: false, optional: false },
    {
      name: "result",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => ProbeResult,
    },
  ],
  empty: {
    from: "",
    to: "",
    atUnixNs: 0n,
    result: undefined,
  },
  write(message, writer) {
    writer.string(1, message.from);
    writer.string(2, message.to);
    writer.int64(3, message.atUnixNs);
    writer.message(4, ProbeResult, message.result);
  },
  read(reader) {
    let from: string = "";
    let to: string = "";
    let atUnixNs: bigint = 0n;
    let result: ProbeResult | undefined = undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          from = reader.string();
          break;
        case 18:
          to = reader.string();
          break;
        case 24:
          atUnixNs = reader.int64();
          break;
        case 34:
          result = reader.message(ProbeResult);
          break;
        default:
          reader.skip(tag);
      }
    }
    return { from, to, atUnixNs, result };
  },
};

/** What an operator wants, until it ends. */
export interface Intent {
  /** pause, disable, or weight. */
  readonly kind: string;
  readonly peer: string;
  readonly identity: string;
  readonly reason: string;
  readonly sinceUnixNs: bigint;
  /** When it ends by itself; absent: never. */
  readonly untilUnixNs: bigint | undefined;
  /** What it is about. */
  readonly backend: string;
  /** Of a weight: where, and the file's weight that it stands in place of. */
  readonly frontend: string;
  readonly pool: string;
  readonly weight: number;
  readonly fileWeight: number;
}

/** The type of maglev.Intent. */
export const Intent: MessageType<Intent> = {
  name: "maglev.Intent",
  fields: [
    { name: "kind", kind: "string", repeated: false, optional: false },
    { name: "peer", kind: "string", repeated: false, optional: false },
    { name: "identity", kind: "string", repeated: false, optional: false },
    { name: "reason", kind: "string", repeated: false, optional: false },
    { name: "since_unix_ns", kind: "int64", repeated: false, optional: false },
    { name: "until_unix_ns", kind: "int64", repeated: false, optional: true },
    { name: "backend", kind: "string", repeated: false, optional: false },
    { name: "frontend", kind: "string", repeated: false, optional: false },
    { name: "pool", kind: "string", repeated: false, optional: false },
    { name: "weight", kind: "number", repeated: false, optional: false },
    { name: "file_weight", kind: "number", repeated: false, optional: false },
  ],
  empty: {
    kind: "",
    peer: "",
    identity: "",
    reason: "",
    sinceUnixNs: 0n,
    untilUnixNs: undefined,
    backend: "",
    frontend: "",
    pool: "",
    weight: 0,
    fileWeight: 0,
  },
  write(message, writer) {
    writer.string(1, message.kind);
    writer.string(2, message.peer);
    writer.string(3, message.identity);
    writer.string(4, message.reason);
    writer.int64(5, message.sinceUnixNs);
    if (message.untilUnixNs !== undefined) writer.int64(6, message.untilUnixNs, true);
    writer.string(7, message.backend);
    writer.string(8, message.frontend);
    writer.string(9, message.pool);
    writer.uint32(10, message.weight);
    writer.uint32(11, message.fileWeight);
  },
  read(reader) {
    let kind: string = "";
    let peer: string = "";
    let identity: string = "";
    let reason: string = "";
    let sinceUnixNs: bigint = 0n;
    let untilUnixNs: bigint | undefined = undefined;
    let backend: string = "";
    let frontend: string = "";
    let pool: string = "";
    let weight: number = 0;
    let fileWeight: number = 0;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          kind = reader.string();
          break;
        case 18:
          peer = reader.string();
          break;
        case 26:
          identity = reader.string();
          break;
        case 34:
          reason = reader.string();
          break;
        case 40:
          sinceUnixNs = reader.int64();
          break;
        case 48:
          untilUnixNs = reader.int64();
          break;
        case 58:
          backend = reader.string();
          break;
        case 66:
          frontend = reader.string();
          break;
        case 74:
          pool = reader.string();
          break;
        case 80:
          weight = reader.uint32();
          break;
        case 88:
          fileWeight = reader.uint32();
          break;
        default:
          reader.skip(tag);
      }
    }
    return {
      kind,
      peer,
      identity,
      reason,
      sinceUnixNs,
      untilUnixNs,
      backend,
      frontend,
      pool,
      weight,
      fileWeight,
    };
  },
};

/** Message maglev.BackendRequest. */
export interface BackendRequest {
  readonly name: string;
  /** Why, for the log and for those who look. */
  readonly reason: string;
  readonly end:
    | { readonly kind: "untilUnixNs"; readonly value: bigint }
    | { readonly kind: "forNs"; readonly value: bigint }
    | undefined;
}

/** The type of maglev.BackendRequest. */
export const BackendRequest: MessageType<BackendRequest> = {
  name: "maglev.BackendRequest",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
    { name: "reason", kind: "string", repeated: false, optional: false },
    { name: "until_unix_ns", kind: "int64", repeated: false, optional: true, oneof: "end" },
    { name: "for_ns", kind: "int64", repeated: false, optional: true, oneof: "end" },
  ],
  empty: {
    name: "",
    reason: "",
    end: undefined,
  },
  write(message, writer) {
    writer.string(1, message.name);
    writer.string(2, message.reason);
    switch (message.end?.kind) {
      case "untilUnixNs":
        writer.int64(3, message.end.value, true);
        break;
      case "forNs":
        writer.int64(4, message.end.value, true);
        break;
    }
  },
  read(reader) {
    let name: string = "";
    let reason: string = "";
    let end: BackendRequest["end"];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          reason = reader.string();
          break;
        case 24:
          end = { kind: "untilUnixNs", value: reader.int64() };
          break;
        case 32:
          end = { kind: "forNs", value: reader.int64() };
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name, reason, end };
  },
};

/** Message maglev.SetWeightRequest. */
export interface SetWeightRequest {
  readonly frontend: string;
  readonly pool: string;
  readonly backend: string;
  /** 0 to 100. */
  readonly weight: number;
  readonly reason: string;
  /** Back to the file's weight; `weight` is ignored. */
  readonly file: boolean;
  readonly end:
    | { readonly kind: "untilUnixNs"; readonly value: bigint }
    | { readonly kind: "forNs"; readonly value: bigint }
    | undefined;
}

/** The type of maglev.SetWeightRequest. */
export const SetWeightRequest: MessageType<SetWeightRequest> = {
  name: "maglev.SetWeightRequest",
  fields: [
    { name: "frontend", kind: "string", repeated: false, optional: false },
    { name: "pool", kind: "string", repeated: false, optional: false },
    { name: "backend", kind: "string", repeated: false, optional: false },
    { name: "weight", kind: "number", repeated: false, optional: false },
    { name: "reason", kind: "string", repeated: false, optional: false },
    { name: "until_unix_ns", kind: "int64", repeated: false, optional: true, oneof: "end" },
    { name: "for_ns", kind: "int64", repeated: false, optional: true, oneof: "end" },
    { name: "file", kind: "bool", repeated: false, optional: false },
  ],
  empty: {
    frontend: "",
    pool: "",
    backend: "",
    weight: 0,
    reason: "",
    file: false,
    end: undefined,
  },
  write(message, writer) {
    writer.string(1, message.frontend);
    writer.string(2, message.pool);
    writer.string(3, message.backend);
    writer.int32(4, message.weight);
    writer.string(5, message.reason);
    writer.bool(8, message.file);
    switch (message.end?.kind) {
      case "untilUnixNs":
        writer.int64(6, message.end.value, true);
        break;
      case "forNs":
        writer.int64(7, message.end.value, true);
        break;
    }
  },
  read(reader) {
    let frontend: string = "";
    let pool: string = "";
    let backend: string = "";
    let weight: number = 0;
    let reason: string = "";
    let file: boolean = false;
    let end: SetWeightRequest["end"];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          frontend = reader.string();
          break;
        case 18:
          pool = reader.string();
          break;
        case 26:
          backend = reader.string();
          break;
        case 32:
          weight = reader.int32();
          break;
        case 42:
          reason = reader.string();
          break;
        case 48:
          end = { kind: "untilUnixNs", value: reader.int64() };
          break;
        case 56:
          end = { kind: "forNs", value: reader.int64() };
          break;
        case 64:
          file = reader.bool();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { frontend, pool, backend, weight, reason, file, end };
  },
};

/** Message maglev.ListHealthChecksRequest. */
export interface ListHealthChecksRequest {
  /** Fill in `healthchecks` too. */
  readonly details: boolean;
}

/** The type of maglev.ListHealthChecksRequest. */
export const ListHealthChecksRequest: MessageType<ListHealthChecksRequest> = {
  name: "maglev.ListHealthChecksRequest",
  fields: [
    { name: "details", kind: "bool", repeated: false, optional: false },
  ],
  empty: {
    details: false,
  },
  write(message, writer) {
    writer.bool(1, message.details);
  },
  read(reader) {
    let details: boolean = false;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          details = reader.bool();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { details };
  },
};

/** Message maglev.ListHealthChecksResponse. */
export interface ListHealthChecksResponse {
  readonly healthcheckNames: readonly string[];
  readonly healthchecks: readonly HealthCheckInfo[];
}

/** The type of maglev.ListHealthChecksResponse. */
export const ListHealthChecksResponse: MessageType<ListHealthChecksResponse> = {
  name: "maglev.ListHealthChecksResponse",
  fields: [
    { name: "healthcheck_names", kind: "string", repeated: true, optional: false },
    {
      name: "healthchecks",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => HealthCheckInfo,
    },
  ],
  empty: {
    healthcheckNames: [],
    healthchecks: [],
  },
  write(message, writer) {
    for (const item of message.healthcheckNames) writer.string(1, item, true);
    for (const item of message.healthchecks) writer.message(2, HealthCheckInfo, item);
  },
  read(reader) {
    const healthcheckNames: string[] = [];
    const healthchecks: HealthCheckInfo[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          healthcheckNames.push(reader.string());
          break;
        case 18:
          healthchecks.push(reader.message(HealthCheckInfo));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { healthcheckNames, healthchecks };
  },
};

/** Message maglev.GetHealthCheckRequest. */
export interface GetHealthCheckRequest {
  readonly name: string;
}

/** The type of maglev.GetHealthCheckRequest. */
export const GetHealthCheckRequest: MessageType<GetHealthCheckRequest> = {
  name: "maglev.GetHealthCheckRequest",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    name: "",
  },
  write(message, writer) {
    writer.string(1, message.name);
  },
  read(reader) {
    let name: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name };
  },
};

/** Message maglev.HealthCheckInfo. */
export interface HealthCheckInfo {
  readonly name: string;
  /** icmp, tcp, http, or https. */
  readonly type: string;
  readonly port: number;
  readonly intervalNs: bigint;
  readonly fastIntervalNs: bigint;
  readonly downIntervalNs: bigint;
  readonly timeoutNs: bigint;
  readonly rise: number;
  readonly fall: number;
  /** Empty: the system's choice. */
  readonly probeIpv4Src: string;
  readonly probeIpv6Src: string;
  /** TCP: with TLS. */
  readonly ssl: boolean;
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
  /** Empty: the system's authorities. */
  readonly caFile: string;
  readonly path: string;
  readonly host: string;
  /** GET, HEAD, or POST. */
  readonly method: string;
  readonly headers: readonly HeaderInfo[];
  /** Such as 200-299,301. */
  readonly responseCode: string;
  readonly responseRegexp: string;
  /** Must not match. */
  readonly responseRegexpNot: string;
  /** Protocols offered in the TLS handshake. */
  readonly alpn: readonly string[];
  /** Of a POST; empty for callers who may only look. */
  readonly body: string;
  /** Headers of ours that are left out, such as User-Agent. */
  readonly removedHeaders: readonly string[];
}

/** The type of maglev.HealthCheckInfo. */
export const HealthCheckInfo: MessageType<HealthCheckInfo> = {
  name: "maglev.HealthCheckInfo",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
    { name: "type", kind: "string", repeated: false, optional: false },
    { name: "port", kind: "number", repeated: false, optional: false },
    { name: "interval_ns", kind: "int64", repeated: false, optional: false },
    { name: "fast_interval_ns", kind: "int64", repeated: false, optional: false },
    { name: "down_interval_ns", kind: "int64", repeated: false, optional: false },
    { name: "timeout_ns", kind: "int64", repeated: false, optional: false },
    { name: "rise", kind: "number", repeated: false, optional: false },
    { name: "fall", kind: "number", repeated: false, optional: false },
    { name: "probe_ipv4_src", kind: "string", repeated: false, optional: false },
    { name: "probe_ipv6_src", kind: "string", repeated: false, optional: false },
    { name: "ssl", kind: "bool", repeated: false, optional: false },
    { name: "server_name", kind: "string", repeated: false, optional: false },
    { name: "insecure_skip_verify", kind: "bool", repeated: false, optional: false },
    { name: "ca_file", kind: "string", repeated: false, optional: false },
    { name: "path", kind: "string", repeated: false, optional: false },
    { name: "host", kind: "string", repeated: false, optional: false },
    { name: "method", kind: "string", repeated: false, optional: false },
    {
      name: "headers",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => HeaderInfo,
    },
    { name: "response_code", kind: "string", repeated: false, optional: false },
    { name: "response_regexp", kind: "string", repeated: false, optional: false },
    { name: "response_regexp_not", kind: "string", repeated: false, optional: false },
    { name: "alpn", kind: "string", repeated: true, optional: false },
    { name: "body", kind: "string", repeated: false, optional: false },
    { name: "removed_headers", kind: "string", repeated: true, optional: false },
  ],
  empty: {
    name: "",
    type: "",
    port: 0,
    intervalNs: 0n,
    fastIntervalNs: 0n,
    downIntervalNs: 0n,
    timeoutNs: 0n,
    rise: 0,
    fall: 0,
    probeIpv4Src: "",
    probeIpv6Src: "",
    ssl: false,
    serverName: "",
    insecureSkipVerify: false,
    caFile: "",
    path: "",
    host: "",
    method: "",
    headers: [],
    responseCode: "",
    responseRegexp: "",
    responseRegexpNot: "",
    alpn: [],
    body: "",
    removedHeaders: [],
  },
  write(message, writer) {
    writer.string(1, message.name);
    writer.string(2, message.type);
    writer.uint32(3, message.port);
    writer.int64(4, message.intervalNs);
    writer.int64(5, message.fastIntervalNs);
    writer.int64(6, message.downIntervalNs);
    writer.int64(7, message.timeoutNs);
    writer.uint32(8, message.rise);
    writer.uint32(9, message.fall);
    writer.string(10, message.probeIpv4Src);
    writer.string(11, message.probeIpv6Src);
    writer.bool(12, message.ssl);
    writer.string(13, message.serverName);
    writer.bool(14, message.insecureSkipVerify);
    writer.string(15, message.caFile);
    writer.string(16, message.path);
    writer.string(17, message.host);
    writer.string(18, message.method);
    for (const item of message.headers) writer.message(19, HeaderInfo, item);
    writer.string(20, message.responseCode);
    writer.string(21, message.responseRegexp);
    writer.string(22, message.responseRegexpNot);
    for (const item of message.alpn) writer.string(23, item, true);
    writer.string(24, message.body);
    for (const item of message.removedHeaders) writer.string(25, item, true);
  },
  read(reader) {
    let name: string = "";
    let type: string = "";
    let port: number = 0;
    let intervalNs: bigint = 0n;
    let fastIntervalNs: bigint = 0n;
    let downIntervalNs: bigint = 0n;
    let timeoutNs: bigint = 0n;
    let rise: number = 0;
    let fall: number = 0;
    let probeIpv4Src: string = "";
    let probeIpv6Src: string = "";
    let ssl: boolean = false;
    let serverName: string = "";
    let insecureSkipVerify: boolean = false;
    let caFile: string = "";
    let path: string = "";
    let host: string = "";
    let method: string = "";
    const headers: HeaderInfo[] = [];
    let responseCode: string = "";
    let responseRegexp: string = "";
    let responseRegexpNot: string = "";
    const alpn: string[] = [];
    let body: string = "";
    const removedHeaders: string[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          type = reader.string();
          break;
        case 24:
          port = reader.uint32();
          break;
        case 32:
          intervalNs = reader.int64();
          break;
        case 40:
          fastIntervalNs = reader.int64();
          break;
        case 48:
          downIntervalNs = reader.int64();
          break;
        case 56:
          timeoutNs = reader.int64();
          break;
        case 64:
          rise = reader.uint32();
          break;
        case 72:
          fall = reader.uint32();
          break;
        case 82:
          probeIpv4Src = reader.string();
          break;
        case 90:
          probeIpv6Src = reader.string();
          break;
        case 96:
          ssl = reader.bool();
          break;
        case 106:
          serverName = reader.string();
          break;
        case 112:
          insecureSkipVerify = reader.bool();
          break;
        case 122:
          caFile = reader.string();
          break;
        case 130:
          path = reader.string();
          break;
        case 138:
          host = reader.string();
          break;
        case 146:
          method = reader.string();
          break;
        case 154:
          headers.push(reader.message(HeaderInfo));
          break;
        case 162:
          responseCode = reader.string();
          break;
        case 170:
          responseRegexp = reader.string();
          break;
        case 178:
          responseRegexpNot = reader.string();
          break;
        case 186:
          alpn.push(reader.string());
          break;
        case 194:
          body = reader.string();
          break;
        case 202:
          removedHeaders.push(reader.string());
          break;
        default:
          reader.skip(tag);
      }
    }
    return {
      name,
      type,
      port,
      intervalNs,
      fastIntervalNs,
      downIntervalNs,
      timeoutNs,
      rise,
      fall,
      probeIpv4Src,
      probeIpv6Src,
      ssl,
      serverName,
      insecureSkipVerify,
      caFile,
      path,
      host,
      method,
      headers,
      responseCode,
      responseRegexp,
      responseRegexpNot,
      alpn,
      body,
      removedHeaders,
    };
  },
};

/** Message maglev.HeaderInfo. */
export interface HeaderInfo {
  readonly name: string;
  /** Empty for callers who may only look: it may be a secret. */
  readonly value: string;
  readonly hidden: boolean;
}

/** The type of maglev.HeaderInfo. */
export const HeaderInfo: MessageType<HeaderInfo> = {
  name: "maglev.HeaderInfo",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
    { name: "value", kind: "string", repeated: false, optional: false },
    { name: "hidden", kind: "bool", repeated: false, optional: false },
  ],
  empty: {
    name: "",
    value: "",
    hidden: false,
  },
  write(message, writer) {
    writer.string(1, message.name);
    writer.string(2, message.value);
    writer.bool(3, message.hidden);
  },
  read(reader) {
    let name: string = "";
    let value: string = "";
    let hidden: boolean = false;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          value = reader.string();
          break;
        case 24:
          hidden = reader.bool();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name, value, hidden };
  },
};

/** Message maglev.WatchRequest. */
export interface WatchRequest {
  /** Which kinds are wanted; none chosen: all. */
  readonly log: boolean;
  /** debug, info, warn, or error; empty: info. Independent of the daemon's own. */
  readonly logLevel: string;
  readonly backend: boolean;
  readonly frontend: boolean;
  /** Only those of these names; empty: of all. */
  readonly backendNames: readonly string[];
  readonly frontendNames: readonly string[];
}

/** The type of maglev.WatchRequest. */
export const WatchRequest: MessageType<WatchRequest> = {
  name: "maglev.WatchRequest",
  fields: [
    { name: "log", kind: "bool", repeated: false, optional: false },
    { name: "log_level", kind: "string", repeated: false, optional: false },
    { name: "backend", kind: "bool", repeated: false, optional: false },
    { name: "frontend", kind: "bool", repeated: false, optional: false },
    { name: "backend_names", kind: "string", repeated: true, optional: false },
    { name: "frontend_names", kind: "string", repeated: true, optional: false },
  ],
  empty: {
    log: false,
    logLevel: "",
    backend: false,
    frontend: false,
    backendNames: [],
    frontendNames: [],
  },
  write(message, writer) {
    writer.bool(1, message.log);
    writer.string(2, message.logLevel);
    writer.bool(3, message.backend);
    writer.bool(4, message.frontend);
    for (const item of message.backendNames) writer.string(5, item, true);
    for (const item of message.frontendNames) writer.string(6, item, true);
  },
  read(reader) {
    let log: boolean = false;
    let logLevel: string = "";
    let backend: boolean = false;
    let frontend: boolean = false;
    const backendNames: string[] = [];
    const frontendNames: string[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          log = reader.bool();
          break;
        case 18:
          logLevel = reader.string();
          break;
        case 24:
          backend = reader.bool();
          break;
        case 32:
          frontend = reader.bool();
          break;
        case 42:
          backendNames.push(reader.string());
          break;
        case 50:
          frontendNames.push(reader.string());
          break;
        default:
          reader.skip(tag);
      }
    }
    return { log, logLevel, backend, frontend, backendNames, frontendNames };
  },
};

/** Message maglev.Event. */
export interface Event {
  readonly event:
    | { readonly kind: "log"; readonly value: LogEvent }
    | { readonly kind: "backend"; readonly value: BackendEvent }
    | { readonly kind: "frontend"; readonly value: FrontendEvent }
    | undefined;
}

/** The type of maglev.Event. */
export const Event: MessageType<Event> = {
  name: "maglev.Event",
  fields: [
    {
      name: "log",
      kind: "message",
      repeated: false,
      optional: true,
      oneof: "event",
      message: () => LogEvent,
    },
    {
      name: "backend",
      kind: "message",
      repeated: false,
      optional: true,
      oneof: "event",
      message: () => BackendEvent,
    },
    {
      name: "frontend",
      kind: "message",
      repeated: false,
      optional: true,
      oneof: "event",
      message: () => FrontendEvent,
    },
  ],
  empty: {
    event: undefined,
  },
  write(message, writer) {
    switch (message.event?.kind) {
      case "log":
        writer.message(1, LogEvent, message.event.value);
        break;
      case "backend":
        writer.message(2, BackendEvent, message.event.value);
        break;
      case "frontend":
        writer.message(3, FrontendEvent, message.event.value);
        break;
    }
  },
  read(reader) {
    let event: Event["event"];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          event = { kind: "log", value: reader.message(LogEvent) };
          break;
        case 18:
          event = { kind: "backend", value: reader.message(BackendEvent) };
          break;
        case 26:
          event = { kind: "frontend", value: reader.message(FrontendEvent) };
          break;
        default:
          reader.skip(tag);
      }
    }
    return { event };
  },
};

/** Message maglev.LogEvent. */
export interface LogEvent {
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly attributes: readonly LogAttribute[];
}

/** The type of maglev.LogEvent. */
export const LogEvent: MessageType<LogEvent> = {
  name: "maglev.LogEvent",
  fields: [
    { name: "time", kind: "string", repeated: false, optional: false },
    { name: "level", kind: "string", repeated: false, optional: false },
    { name: "msg", kind: "string", repeated: false, optional: false },
    {
      name: "attributes",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => LogAttribute,
    },
  ],
  empty: {
    time: "",
    level: "",
    msg: "",
    attributes: [],
  },
  write(message, writer) {
    writer.string(1, message.time);
    writer.string(2, message.level);
    writer.string(3, message.msg);
    for (const item of message.attributes) writer.message(4, LogAttribute, item);
  },
  read(reader) {
    let time: string = "";
    let level: string = "";
    let msg: string = "";
    const attributes: LogAttribute[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          time = reader.string();
          break;
        case 18:
          level = reader.string();
          break;
        case 26:
          msg = reader.string();
          break;
        case 34:
          attributes.push(reader.message(LogAttribute));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { time, level, msg, attributes };
  },
};

/** Message maglev.LogAttribute. */
export interface LogAttribute {
  readonly key: string;
  readonly value: string;
}

/** The type of maglev.LogAttribute. */
export const LogAttribute: MessageType<LogAttribute> = {
  name: "maglev.LogAttribute",
  fields: [
    { name: "key", kind: "string", repeated: false, optional: false },
    { name: "value", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    key: "",
    value: "",
  },
  write(message, writer) {
    writer.string(1, message.key);
    writer.string(2, message.value);
  },
  read(reader) {
    let key: string = "";
    let value: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          key = reader.string();
          break;
        case 18:
          value = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { key, value };
  },
};

/** Message maglev.BackendEvent. */
export interface BackendEvent {
  readonly name: string;
  readonly transition: TransitionRecord | undefined;
}

/** The type of maglev.BackendEvent. */
export const BackendEvent: MessageType<BackendEvent> = {
  name: "maglev.BackendEvent",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
    {
      name: "transition",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => TransitionRecord,
    },
  ],
  empty: {
    name: "",
    transition: undefined,
  },
  write(message, writer) {
    writer.string(1, message.name);
    writer.message(2, TransitionRecord, message.transition);
  },
  read(reader) {
    let name: string = "";
    let transition: TransitionRecord | undefined = undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          transition = reader.message(TransitionRecord);
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name, transition };
  },
};

/** Message maglev.FrontendEvent. */
export interface FrontendEvent {
  readonly name: string;
  readonly transition: FrontendTransition | undefined;
}

/** The type of maglev.FrontendEvent. */
export const FrontendEvent: MessageType<FrontendEvent> = {
  name: "maglev.FrontendEvent",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
    {
      name: "transition",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => FrontendTransition,
    },
  ],
  empty: {
    name: "",
    transition: undefined,
  },
  write(message, writer) {
    writer.string(1, message.name);
    writer.message(2, FrontendTransition, message.transition);
  },
  read(reader) {
    let name: string = "";
    let transition: FrontendTransition | undefined = undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          transition = reader.message(FrontendTransition);
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name, transition };
  },
};

/** Message maglev.FrontendTransition. */
export interface FrontendTransition {
  readonly from: string;
  readonly to: string;
  readonly atUnixNs: bigint;
}

/** The type of maglev.FrontendTransition. */
export const FrontendTransition: MessageType<FrontendTransition> = {
  name: "maglev.FrontendTransition",
  fields: [
    { name: "from", kind: "string", repeated: false, optional: false },
    { name: "to", kind: "string", repeated: false, optional: false },
    { name: "at_unix_ns", kind: "int64", repeated: false, optional: false },
  ],
  empty: {
    from: "",
    to: "",
    atUnixNs: 0n,
  },
  write(message, writer) {
    writer.string(1, message.from);
    writer.string(2, message.to);
    writer.int64(3, message.atUnixNs);
  },
  read(reader) {
    let from: string = "";
    let to: string = "";
    let atUnixNs: bigint = 0n;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          from = reader.string();
          break;
        case 18:
          to = reader.string();
          break;
        case 24:
          atUnixNs = reader.int64();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { from, to, atUnixNs };
  },
};

/** Message maglev.CheckConfigRequest. */
export type CheckConfigRequest = Readonly<Record<string, never>>;

/** The type of maglev.CheckConfigRequest. */
export const CheckConfigRequest: MessageType<CheckConfigRequest> = {
  name: "maglev.CheckConfigRequest",
  fields: [],
  empty: {},
  write(_message, _writer) {
  },
  read(reader) {
    while (!reader.atEnd) reader.skip(reader.tag());
    return {};
  },
};

/** Message maglev.CheckConfigResponse. */
export interface CheckConfigResponse {
  readonly ok: boolean;
  /** What could not be read, one finding a line. */
  readonly parseError: string;
  /** What was read and does not fit. */
  readonly semanticError: string;
  /** All findings, warnings included. */
  readonly issues: readonly ConfigIssue[];
}

/** The type of maglev.CheckConfigResponse. */
export const CheckConfigResponse: MessageType<CheckConfigResponse> = {
  name: "maglev.CheckConfigResponse",
  fields: [
    { name: "ok", kind: "bool", repeated: false, optional: false },
    { name: "parse_error", kind: "string", repeated: false, optional: false },
    { name: "semantic_error", kind: "string", repeated: false, optional: false },
    {
      name: "issues",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => ConfigIssue,
    },
  ],
  empty: {
    ok: false,
    parseError: "",
    semanticError: "",
    issues: [],
  },
  write(message, writer) {
    writer.bool(1, message.ok);
    writer.string(2, message.parseError);
    writer.string(3, message.semanticError);
    for (const item of message.issues) writer.message(4, ConfigIssue, item);
  },
  read(reader) {
    let ok: boolean = false;
    let parseError: string = "";
    let semanticError: string = "";
    const issues: ConfigIssue[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          ok = reader.bool();
          break;
        case 18:
          parseError = reader.string();
          break;
        case 26:
          semanticError = reader.string();
          break;
        case 34:
          issues.push(reader.message(ConfigIssue));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { ok, parseError, semanticError, issues };
  },
};

/** Message maglev.ReloadConfigRequest. */
export interface ReloadConfigRequest {
  readonly reason: string;
}

/** The type of maglev.ReloadConfigRequest. */
export const ReloadConfigRequest: MessageType<ReloadConfigRequest> = {
  name: "maglev.ReloadConfigRequest",
  fields: [
    { name: "reason", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    reason: "",
  },
  write(message, writer) {
    writer.string(1, message.reason);
  },
  read(reader) {
    let reason: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          reason = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { reason };
  },
};

/** Message maglev.ReloadConfigResponse. */
export interface ReloadConfigResponse {
  readonly ok: boolean;
  readonly parseError: string;
  readonly semanticError: string;
  readonly issues: readonly ConfigIssue[];
  /** What it did; the same fields as in PlanConfigResponse. */
  readonly started: readonly string[];
  readonly stopped: readonly string[];
  readonly restarted: readonly string[];
  readonly readdressed: readonly string[];
  readonly kept: number;
  readonly endedIntents: readonly EndedIntent[];
  readonly lbConfChanged: boolean;
  /** Of the moment before it; absent when it took too long to work out. */
  readonly plan: Plan | undefined;
  /** Plan.warning where `plan` is absent. */
  readonly warning: string;
}

/** The type of maglev.ReloadConfigResponse. */
export const ReloadConfigResponse: MessageType<ReloadConfigResponse> = {
  name: "maglev.ReloadConfigResponse",
  fields: [
    { name: "ok", kind: "bool", repeated: false, optional: false },
    { name: "parse_error", kind: "string", repeated: false, optional: false },
    { name: "semantic_error", kind: "string", repeated: false, optional: false },
    {
      name: "issues",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => ConfigIssue,
    },
    { name: "started", kind: "string", repeated: true, optional: false },
    { name: "stopped", kind: "string", repeated: true, optional: false },
    { name: "restarted", kind: "string", repeated: true, optional: false },
    { name: "readdressed", kind: "string", repeated: true, optional: false },
    { name: "kept", kind: "number", repeated: false, optional: false },
    {
      name: "ended_intents",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => EndedIntent,
    },
    { name: "lb_conf_changed", kind: "bool", repeated: false, optional: false },
    { name: "plan", kind: "message", repeated: false, optional: true, message: () => Plan },
    { name: "warning", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    ok: false,
    parseError: "",
    semanticError: "",
    issues: [],
    started: [],
    stopped: [],
    restarted: [],
    readdressed: [],
    kept: 0,
    endedIntents: [],
    lbConfChanged: false,
    plan: undefined,
    warning: "",
  },
  write(message, writer) {
    writer.bool(1, message.ok);
    writer.string(2, message.parseError);
    writer.string(3, message.semanticError);
    for (const item of message.issues) writer.message(4, ConfigIssue, item);
    for (const item of message.started) writer.string(5, item, true);
    for (const item of message.stopped) writer.string(6, item, true);
    for (const item of message.restarted) writer.string(7, item, true);
    for (const item of message.readdressed) writer.string(8, item, true);
    writer.uint32(9, message.kept);
    for (const item of message.endedIntents) writer.message(10, EndedIntent, item);
    writer.bool(11, message.lbConfChanged);
    writer.message(12, Plan, message.plan);
    writer.string(13, message.warning);
  },
  read(reader) {
    let ok: boolean = false;
    let parseError: string = "";
    let semanticError: string = "";
    const issues: ConfigIssue[] = [];
    const started: string[] = [];
    const stopped: string[] = [];
    const restarted: string[] = [];
    const readdressed: string[] = [];
    let kept: number = 0;
    const endedIntents: EndedIntent[] = [];
    let lbConfChanged: boolean = false;
    let plan: Plan | undefined = undefined;
    let warning: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          ok = reader.bool();
          break;
        case 18:
          parseError = reader.string();
          break;
        case 26:
          semanticError = reader.string();
          break;
        case 34:
          issues.push(reader.message(ConfigIssue));
          break;
        case 42:
          started.push(reader.string());
          break;
        case 50:
          stopped.push(reader.string());
          break;
        case 58:
          restarted.push(reader.string());
          break;
        case 66:
          readdressed.push(reader.string());
          break;
        case 72:
          kept = reader.uint32();
          break;
        case 82:
          endedIntents.push(reader.message(EndedIntent));
          break;
        case 88:
          lbConfChanged = reader.bool();
          break;
        case 98:
          plan = reader.message(Plan);
          break;
        case 106:
          warning = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return {
      ok,
      parseError,
      semanticError,
      issues,
      started,
      stopped,
      restarted,
      readdressed,
      kept,
      endedIntents,
      lbConfChanged,
      plan,
      warning,
    };
  },
};

/** Message maglev.ConfigIssue. */
export interface ConfigIssue {
  /** parse, semantic, or warning. */
  readonly stage: string;
  readonly file: string;
  /** From 1; 0: the file as a whole. */
  readonly line: number;
  readonly column: number;
  /** Such as maglev.frontends.web.pools[0]. */
  readonly path: string;
  readonly message: string;
  /** Which rule; a stable name. */
  readonly rule: string;
}

/** The type of maglev.ConfigIssue. */
export const ConfigIssue: MessageType<ConfigIssue> = {
  name: "maglev.ConfigIssue",
  fields: [
    { name: "stage", kind: "string", repeated: false, optional: false },
    { name: "file", kind: "string", repeated: false, optional: false },
    { name: "line", kind: "number", repeated: false, optional: false },
    { name: "column", kind: "number", repeated: false, optional: false },
    { name: "path", kind: "string", repeated: false, optional: false },
    { name: "message", kind: "string", repeated: false, optional: false },
    { name: "rule", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    stage: "",
    file: "",
    line: 0,
    column: 0,
    path: "",
    message: "",
    rule: "",
  },
  write(message, writer) {
    writer.string(1, message.stage);
    writer.string(2, message.file);
    writer.uint32(3, message.line);
    writer.uint32(4, message.column);
    writer.string(5, message.path);
    writer.string(6, message.message);
    writer.string(7, message.rule);
  },
  read(reader) {
    let stage: string = "";
    let file: string = "";
    let line: number = 0;
    let column: number = 0;
    let path: string = "";
    let message: string = "";
    let rule: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          stage = reader.string();
          break;
        case 18:
          file = reader.string();
          break;
        case 24:
          line = reader.uint32();
          break;
        case 32:
          column = reader.uint32();
          break;
        case 42:
          path = reader.string();
          break;
        case 50:
          message = reader.string();
          break;
        case 58:
          rule = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { stage, file, line, column, path, message, rule };
  },
};

/** Message maglev.PlanConfigRequest. */
export type PlanConfigRequest = Readonly<Record<string, never>>;

/** The type of maglev.PlanConfigRequest. */
export const PlanConfigRequest: MessageType<PlanConfigRequest> = {
  name: "maglev.PlanConfigRequest",
  fields: [],
  empty: {},
  write(_message, _writer) {
  },
  read(reader) {
    while (!reader.atEnd) reader.skip(reader.tag());
    return {};
  },
};

/** Message maglev.PlanConfigResponse. */
export interface PlanConfigResponse {
  readonly ok: boolean;
  readonly parseError: string;
  readonly semanticError: string;
  readonly issues: readonly ConfigIssue[];
  /**
   * Every backend of either file is in exactly one of these five: new ones, those that are gone,
   * those whose check changed, those that go on at another address, and those that go on as they are.
   */
  readonly started: readonly string[];
  readonly stopped: readonly string[];
  readonly restarted: readonly string[];
  readonly readdressed: readonly string[];
  readonly kept: number;
  /** Weights, pauses and the like that the reload ends. */
  readonly endedIntents: readonly EndedIntent[];
  /** VPP's global settings change. */
  readonly lbConfChanged: boolean;
  readonly plan: Plan | undefined;
}

/** The type of maglev.PlanConfigResponse. */
export const PlanConfigResponse: MessageType<PlanConfigResponse> = {
  name: "maglev.PlanConfigResponse",
  fields: [
    { name: "ok", kind: "bool", repeated: false, optional: false },
    { name: "parse_error", kind: "string", repeated: false, optional: false },
    { name: "semantic_error", kind: "string", repeated: false, optional: false },
    {
      name: "issues",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => ConfigIssue,
    },
    { name: "started", kind: "string", repeated: true, optional: false },
    { name: "stopped", kind: "string", repeated: true, optional: false },
    { name: "restarted", kind: "string", repeated: true, optional: false },
    { name: "readdressed", kind: "string", repeated: true, optional: false },
    { name: "kept", kind: "number", repeated: false, optional: false },
    {
      name: "ended_intents",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => EndedIntent,
    },
    { name: "lb_conf_changed", kind: "bool", repeated: false, optional: false },
    { name: "plan", kind: "message", repeated: false, optional: true, message: () => Plan },
  ],
  empty: {
    ok: false,
    parseError: "",
    semanticError: "",
    issues: [],
    started: [],
    stopped: [],
    restarted: [],
    readdressed: [],
    kept: 0,
    endedIntents: [],
    lbConfChanged: false,
    plan: undefined,
  },
  write(message, writer) {
    writer.bool(1, message.ok);
    writer.string(2, message.parseError);
    writer.string(3, message.semanticError);
    for (const item of message.issues) writer.message(4, ConfigIssue, item);
    for (const item of message.started) writer.string(5, item, true);
    for (const item of message.stopped) writer.string(6, item, true);
    for (const item of message.restarted) writer.string(7, item, true);
    for (const item of message.readdressed) writer.string(8, item, true);
    writer.uint32(9, message.kept);
    for (const item of message.endedIntents) writer.message(10, EndedIntent, item);
    writer.bool(11, message.lbConfChanged);
    writer.message(12, Plan, message.plan);
  },
  read(reader) {
    let ok: boolean = false;
    let parseError: string = "";
    let semanticError: string = "";
    const issues: ConfigIssue[] = [];
    const started: string[] = [];
    const stopped: string[] = [];
    const restarted: string[] = [];
    const readdressed: string[] = [];
    let kept: number = 0;
    const endedIntents: EndedIntent[] = [];
    let lbConfChanged: boolean = false;
    let plan: Plan | undefined = undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          ok = reader.bool();
          break;
        case 18:
          parseError = reader.string();
          break;
        case 26:
          semanticError = reader.string();
          break;
        case 34:
          issues.push(reader.message(ConfigIssue));
          break;
        case 42:
          started.push(reader.string());
          break;
        case 50:
          stopped.push(reader.string());
          break;
        case 58:
          restarted.push(reader.string());
          break;
        case 66:
          readdressed.push(reader.string());
          break;
        case 72:
          kept = reader.uint32();
          break;
        case 82:
          endedIntents.push(reader.message(EndedIntent));
          break;
        case 88:
          lbConfChanged = reader.bool();
          break;
        case 98:
          plan = reader.message(Plan);
          break;
        default:
          reader.skip(tag);
      }
    }
    return {
      ok,
      parseError,
      semanticError,
      issues,
      started,
      stopped,
      restarted,
      readdressed,
      kept,
      endedIntents,
      lbConfChanged,
      plan,
    };
  },
};

/** Message maglev.EndedIntent. */
export interface EndedIntent {
  readonly intent: Intent | undefined;
  readonly cause: string;
}

/** The type of maglev.EndedIntent. */
export const EndedIntent: MessageType<EndedIntent> = {
  name: "maglev.EndedIntent",
  fields: [
    { name: "intent", kind: "message", repeated: false, optional: true, message: () => Intent },
    { name: "cause", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    intent: undefined,
    cause: "",
  },
  write(message, writer) {
    writer.message(1, Intent, message.intent);
    writer.string(2, message.cause);
  },
  read(reader) {
    let intent: Intent | undefined = undefined;
    let cause: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          intent = reader.message(Intent);
          break;
        case 18:
          cause = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { intent, cause };
  },
};

/**
 * What a change would do. Three instants are told apart: now; at once, right after the change, when
 * what begins is unknown and has weight 0 unless it is carried; and settled, once that has passed its
 * checks.
 */
export interface Plan {
  /** In the order in which they would happen. */
  readonly states: readonly StateChange[];
  /** Backends that begin afresh, and are taken to be up when settled. */
  readonly assumedUp: readonly string[];
  /** VIPs that would be other ones. */
  readonly vips: readonly VipChange[];
  readonly vipsUnchanged: number;
  readonly operations: OperationCounts | undefined;
  /** What keeps VPP from being as this says right after the change, such as that it is away. */
  readonly warning: string;
  /**
   * Of assumed_up: their check changed while they were up, so they count as up until the first
   * verdict of the new one. Nothing of theirs moves unless it fails.
   */
  readonly carried: readonly string[];
}

/** The type of maglev.Plan. */
export const Plan: MessageType<Plan> = {
  name: "maglev.Plan",
  fields: [
    {
      name: "states",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => StateChange,
    },
    { name: "assumed_up", kind: "string", repeated: true, optional: false },
    { name: "vips", kind: "message", repeated: true, optional: false, message: () => VipChange },
    { name: "vips_unchanged", kind: "number", repeated: false, optional: false },
    {
      name: "operations",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => OperationCounts,
    },
    { name: "warning", kind: "string", repeated: false, optional: false },
    { name: "carried", kind: "string", repeated: true, optional: false },
  ],
  empty: {
    states: [],
    assumedUp: [],
    vips: [],
    vipsUnchanged: 0,
    operations: undefined,
    warning: "",
    carried: [],
  },
  write(message, writer) {
    for (const item of message.states) writer.message(1, StateChange, item);
    for (const item of message.assumedUp) writer.string(2, item, true);
    for (const item of message.vips) writer.message(3, VipChange, item);
    writer.uint32(4, message.vipsUnchanged);
    writer.message(5, OperationCounts, message.operations);
    writer.string(6, message.warning);
    for (const item of message.carried) writer.string(7, item, true);
  },
  read(reader) {
    const states: StateChange[] = [];
    const assumedUp: string[] = [];
    const vips: VipChange[] = [];
    let vipsUnchanged: number = 0;
    let operations: OperationCounts | undefined = undefined;
    let warning: string = "";
    const carried: string[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          states.push(reader.message(StateChange));
          break;
        case 18:
          assumedUp.push(reader.string());
          break;
        case 26:
          vips.push(reader.message(VipChange));
          break;
        case 32:
          vipsUnchanged = reader.uint32();
          break;
        case 42:
          operations = reader.message(OperationCounts);
          break;
        case 50:
          warning = reader.string();
          break;
        case 58:
          carried.push(reader.string());
          break;
        default:
          reader.skip(tag);
      }
    }
    return { states, assumedUp, vips, vipsUnchanged, operations, warning, carried };
  },
};

/** Message maglev.StateChange. */
export interface StateChange {
  readonly backend: string;
  /** Empty: there is no such backend now. */
  readonly from: string;
  readonly to: string;
}

/** The type of maglev.StateChange. */
export const StateChange: MessageType<StateChange> = {
  name: "maglev.StateChange",
  fields: [
    { name: "backend", kind: "string", repeated: false, optional: false },
    { name: "from", kind: "string", repeated: false, optional: false },
    { name: "to", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    backend: "",
    from: "",
    to: "",
  },
  write(message, writer) {
    writer.string(1, message.backend);
    writer.string(2, message.from);
    writer.string(3, message.to);
  },
  read(reader) {
    let backend: string = "";
    let from: string = "";
    let to: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          backend = reader.string();
          break;
        case 18:
          from = reader.string();
          break;
        case 26:
          to = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { backend, from, to };
  },
};

/** Message maglev.OperationCounts. */
export interface OperationCounts {
  readonly vipsAdded: number;
  readonly vipsRemoved: number;
  /** Of the two before, those that belong together. */
  readonly vipsRecreated: number;
  readonly serversAdded: number;
  readonly serversRemoved: number;
  readonly weightsUpdated: number;
}

/** The type of maglev.OperationCounts. */
export const OperationCounts: MessageType<OperationCounts> = {
  name: "maglev.OperationCounts",
  fields: [
    { name: "vips_added", kind: "number", repeated: false, optional: false },
    { name: "vips_removed", kind: "number", repeated: false, optional: false },
    { name: "vips_recreated", kind: "number", repeated: false, optional: false },
    { name: "servers_added", kind: "number", repeated: false, optional: false },
    { name: "servers_removed", kind: "number", repeated: false, optional: false },
    { name: "weights_updated", kind: "number", repeated: false, optional: false },
  ],
  empty: {
    vipsAdded: 0,
    vipsRemoved: 0,
    vipsRecreated: 0,
    serversAdded: 0,
    serversRemoved: 0,
    weightsUpdated: 0,
  },
  write(message, writer) {
    writer.uint32(1, message.vipsAdded);
    writer.uint32(2, message.vipsRemoved);
    writer.uint32(3, message.vipsRecreated);
    writer.uint32(4, message.serversAdded);
    writer.uint32(5, message.serversRemoved);
    writer.uint32(6, message.weightsUpdated);
  },
  read(reader) {
    let vipsAdded: number = 0;
    let vipsRemoved: number = 0;
    let vipsRecreated: number = 0;
    let serversAdded: number = 0;
    let serversRemoved: number = 0;
    let weightsUpdated: number = 0;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          vipsAdded = reader.uint32();
          break;
        case 16:
          vipsRemoved = reader.uint32();
          break;
        case 24:
          vipsRecreated = reader.uint32();
          break;
        case 32:
          serversAdded = reader.uint32();
          break;
        case 40:
          serversRemoved = reader.uint32();
          break;
        case 48:
          weightsUpdated = reader.uint32();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { vipsAdded, vipsRemoved, vipsRecreated, serversAdded, serversRemoved, weightsUpdated };
  },
};

/** Message maglev.VipChange. */
export interface VipChange {
  readonly frontend: string;
  readonly prefix: string;
  readonly protocol: string;
  readonly port: number;
  /** added, removed, recreated, changed, or refused (VPP would). */
  readonly change: string;
  /** Why it is recreated or refused. */
  readonly reason: string;
  readonly servers: readonly ServerChange[];
  readonly atOnce: TableShift | undefined;
  readonly settled: TableShift | undefined;
}

/** The type of maglev.VipChange. */
export const VipChange: MessageType<VipChange> = {
  name: "maglev.VipChange",
  fields: [
    { name: "frontend", kind: "string", repeated: false, optional: false },
    { name: "prefix", kind: "string", repeated: false, optional: false },
    { name: "protocol", kind: "string", repeated: false, optional: false },
    { name: "port", kind: "number", repeated: false, optional: false },
    { name: "change", kind: "string", repeated: false, optional: false },
    { name: "reason", kind: "string", repeated: false, optional: false },
    {
      name: "servers",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => ServerChange,
    },
    {
      name: "at_once",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => TableShift,
    },
    {
      name: "settled",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => TableShift,
    },
  ],
  empty: {
    frontend: "",
    prefix: "",
    protocol: "",
    port: 0,
    change: "",
    reason: "",
    servers: [],
    atOnce: undefined,
    settled: undefined,
  },
  write(message, writer) {
    writer.string(1, message.frontend);
    writer.string(2, message.prefix);
    writer.string(3, message.protocol);
    writer.uint32(4, message.port);
    writer.string(5, message.change);
    writer.string(6, message.reason);
    for (const item of message.servers) writer.message(7, ServerChange, item);
    writer.message(8, TableShift, message.atOnce);
    writer.message(9, TableShift, message.settled);
  },
  read(reader) {
    let frontend: string = "";
    let prefix: string = "";
    let protocol: string = "";
    let port: number = 0;
    let change: string = "";
    let reason: string = "";
    const servers: ServerChange[] = [];
    let atOnce: TableShift | undefined = undefined;
    let settled: TableShift | undefined = undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          frontend = reader.string();
          break;
        case 18:
          prefix = reader.string();
          break;
        case 26:
          protocol = reader.string();
          break;
        case 32:
          port = reader.uint32();
          break;
        case 42:
          change = reader.string();
          break;
        case 50:
          reason = reader.string();
          break;
        case 58:
          servers.push(reader.message(ServerChange));
          break;
        case 66:
          atOnce = reader.message(TableShift);
          break;
        case 74:
          settled = reader.message(TableShift);
          break;
        default:
          reader.skip(tag);
      }
    }
    return { frontend, prefix, protocol, port, change, reason, servers, atOnce, settled };
  },
};

/** New flows from now to then, counted in buckets of VPP's new-flow table. */
export interface TableShift {
  readonly buckets: number;
  /** Had a server and have another one then. An expectation when src-ip-sticky changes. */
  readonly moved: number;
  /** Had a server and have none then: new flows are dropped. */
  readonly lost: number;
  readonly gained: number;
  /** The share of `moved` in all, 0 to 1. */
  readonly shareMoved: number;
  /** src-ip-sticky changes. */
  readonly rehashed: boolean;
}

/** The type of maglev.TableShift. */
export const TableShift: MessageType<TableShift> = {
  name: "maglev.TableShift",
  fields: [
    { name: "buckets", kind: "number", repeated: false, optional: false },
    { name: "moved", kind: "number", repeated: false, optional: false },
    { name: "lost", kind: "number", repeated: false, optional: false },
    { name: "gained", kind: "number", repeated: false, optional: false },
    { name: "share_moved", kind: "number", repeated: false, optional: false },
    { name: "rehashed", kind: "bool", repeated: false, optional: false },
  ],
  empty: {
    buckets: 0,
    moved: 0,
    lost: 0,
    gained: 0,
    shareMoved: 0,
    rehashed: false,
  },
  write(message, writer) {
    writer.uint32(1, message.buckets);
    writer.double(2, message.moved);
    writer.uint32(3, message.lost);
    writer.uint32(4, message.gained);
    writer.double(5, message.shareMoved);
    writer.bool(6, message.rehashed);
  },
  read(reader) {
    let buckets: number = 0;
    let moved: number = 0;
    let lost: number = 0;
    let gained: number = 0;
    let shareMoved: number = 0;
    let rehashed: boolean = false;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          buckets = reader.uint32();
          break;
        case 17:
          moved = reader.double();
          break;
        case 24:
          lost = reader.uint32();
          break;
        case 32:
          gained = reader.uint32();
          break;
        case 41:
          shareMoved = reader.double();
          break;
        case 48:
          rehashed = reader.bool();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { buckets, moved, lost, gained, shareMoved, rehashed };
  },
};

/** Message maglev.ServerChange. */
export interface ServerChange {
  readonly address: string;
  /** added, removed, reweighted, or kept. */
  readonly change: string;
  /** Its established flows are forgotten. */
  readonly flush: boolean;
  /** Absent where the VIP does not have it. */
  readonly now: ServerShare | undefined;
  readonly atOnce: ServerShare | undefined;
  readonly settled: ServerShare | undefined;
  /** Names of the backends that have this address. */
  readonly backends: readonly string[];
}

/** The type of maglev.ServerChange. */
export const ServerChange: MessageType<ServerChange> = {
  name: "maglev.ServerChange",
  fields: [
    { name: "address", kind: "string", repeated: false, optional: false },
    { name: "change", kind: "string", repeated: false, optional: false },
    { name: "flush", kind: "bool", repeated: false, optional: false },
    { name: "now", kind: "message", repeated: false, optional: true, message: () => ServerShare },
    {
      name: "at_once",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => ServerShare,
    },
    {
      name: "settled",
      kind: "message",
      repeated: false,
      optional: true,
      message: () => ServerShare,
    },
    { name: "backends", kind: "string", repeated: true, optional: false },
  ],
  empty: {
    address: "",
    change: "",
    flush: false,
    now: undefined,
    atOnce: undefined,
    settled: undefined,
    backends: [],
  },
  write(message, writer) {
    writer.string(1, message.address);
    writer.string(2, message.change);
    writer.bool(3, message.flush);
    writer.message(4, ServerShare, message.now);
    writer.message(5, ServerShare, message.atOnce);
    writer.message(6, ServerShare, message.settled);
    for (const item of message.backends) writer.string(7, item, true);
  },
  read(reader) {
    let address: string = "";
    let change: string = "";
    let flush: boolean = false;
    let now: ServerShare | undefined = undefined;
    let atOnce: ServerShare | undefined = undefined;
    let settled: ServerShare | undefined = undefined;
    const backends: string[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          address = reader.string();
          break;
        case 18:
          change = reader.string();
          break;
        case 24:
          flush = reader.bool();
          break;
        case 34:
          now = reader.message(ServerShare);
          break;
        case 42:
          atOnce = reader.message(ServerShare);
          break;
        case 50:
          settled = reader.message(ServerShare);
          break;
        case 58:
          backends.push(reader.string());
          break;
        default:
          reader.skip(tag);
      }
    }
    return { address, change, flush, now, atOnce, settled, backends };
  },
};

/** Message maglev.ServerShare. */
export interface ServerShare {
  readonly weight: number;
  readonly buckets: number;
}

/** The type of maglev.ServerShare. */
export const ServerShare: MessageType<ServerShare> = {
  name: "maglev.ServerShare",
  fields: [
    { name: "weight", kind: "number", repeated: false, optional: false },
    { name: "buckets", kind: "number", repeated: false, optional: false },
  ],
  empty: {
    weight: 0,
    buckets: 0,
  },
  write(message, writer) {
    writer.uint32(1, message.weight);
    writer.uint32(2, message.buckets);
  },
  read(reader) {
    let weight: number = 0;
    let buckets: number = 0;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          weight = reader.uint32();
          break;
        case 16:
          buckets = reader.uint32();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { weight, buckets };
  },
};

/** Message maglev.PlanBackendRequest. */
export interface PlanBackendRequest {
  readonly name: string;
  /** pause, resume, disable, enable, or weight. */
  readonly action: string;
  /** For weight. */
  readonly frontend: string;
  readonly pool: string;
  readonly weight: number;
  /** As in the request that is planned. */
  readonly reason: string;
  /** The file's weight; `weight` is ignored. */
  readonly file: boolean;
  readonly end:
    | { readonly kind: "untilUnixNs"; readonly value: bigint }
    | { readonly kind: "forNs"; readonly value: bigint }
    | undefined;
}

/** The type of maglev.PlanBackendRequest. */
export const PlanBackendRequest: MessageType<PlanBackendRequest> = {
  name: "maglev.PlanBackendRequest",
  fields: [
    { name: "name", kind: "string", repeated: false, optional: false },
    { name: "action", kind: "string", repeated: false, optional: false },
    { name: "frontend", kind: "string", repeated: false, optional: false },
    { name: "pool", kind: "string", repeated: false, optional: false },
    { name: "weight", kind: "number", repeated: false, optional: false },
    { name: "reason", kind: "string", repeated: false, optional: false },
    { name: "until_unix_ns", kind: "int64", repeated: false, optional: true, oneof: "end" },
    { name: "for_ns", kind: "int64", repeated: false, optional: true, oneof: "end" },
    { name: "file", kind: "bool", repeated: false, optional: false },
  ],
  empty: {
    name: "",
    action: "",
    frontend: "",
    pool: "",
    weight: 0,
    reason: "",
    file: false,
    end: undefined,
  },
  write(message, writer) {
    writer.string(1, message.name);
    writer.string(2, message.action);
    writer.string(3, message.frontend);
    writer.string(4, message.pool);
    writer.int32(5, message.weight);
    writer.string(6, message.reason);
    writer.bool(9, message.file);
    switch (message.end?.kind) {
      case "untilUnixNs":
        writer.int64(7, message.end.value, true);
        break;
      case "forNs":
        writer.int64(8, message.end.value, true);
        break;
    }
  },
  read(reader) {
    let name: string = "";
    let action: string = "";
    let frontend: string = "";
    let pool: string = "";
    let weight: number = 0;
    let reason: string = "";
    let file: boolean = false;
    let end: PlanBackendRequest["end"];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          action = reader.string();
          break;
        case 26:
          frontend = reader.string();
          break;
        case 34:
          pool = reader.string();
          break;
        case 40:
          weight = reader.int32();
          break;
        case 50:
          reason = reader.string();
          break;
        case 56:
          end = { kind: "untilUnixNs", value: reader.int64() };
          break;
        case 64:
          end = { kind: "forNs", value: reader.int64() };
          break;
        case 72:
          file = reader.bool();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { name, action, frontend, pool, weight, reason, file, end };
  },
};

/** Message maglev.PlanBackendResponse. */
export interface PlanBackendResponse {
  readonly plan: Plan | undefined;
}

/** The type of maglev.PlanBackendResponse. */
export const PlanBackendResponse: MessageType<PlanBackendResponse> = {
  name: "maglev.PlanBackendResponse",
  fields: [
    { name: "plan", kind: "message", repeated: false, optional: true, message: () => Plan },
  ],
  empty: {
    plan: undefined,
  },
  write(message, writer) {
    writer.message(1, Plan, message.plan);
  },
  read(reader) {
    let plan: Plan | undefined = undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          plan = reader.message(Plan);
          break;
        default:
          reader.skip(tag);
      }
    }
    return { plan };
  },
};

/** Message maglev.GetVPPInfoRequest. */
export type GetVPPInfoRequest = Readonly<Record<string, never>>;

/** The type of maglev.GetVPPInfoRequest. */
export const GetVPPInfoRequest: MessageType<GetVPPInfoRequest> = {
  name: "maglev.GetVPPInfoRequest",
  fields: [],
  empty: {},
  write(_message, _writer) {
  },
  read(reader) {
    while (!reader.atEnd) reader.skip(reader.tag());
    return {};
  },
};

/** Message maglev.VPPInfo. */
export interface VPPInfo {
  readonly version: string;
  readonly buildDate: string;
  readonly buildDirectory: string;
  readonly pid: number;
  /** Unix times; 0: VPP does not tell. */
  readonly boottimeNs: bigint;
  readonly connecttimeNs: bigint;
  /** False up to VPP 26.06: a server of weight 0 is deleted there, any other weight is 100. */
  readonly weights: boolean;
}

/** The type of maglev.VPPInfo. */
export const VPPInfo: MessageType<VPPInfo> = {
  name: "maglev.VPPInfo",
  fields: [
    { name: "version", kind: "string", repeated: false, optional: false },
    { name: "build_date", kind: "string", repeated: false, optional: false },
    { name: "build_directory", kind: "string", repeated: false, optional: false },
    { name: "pid", kind: "number", repeated: false, optional: false },
    { name: "boottime_ns", kind: "int64", repeated: false, optional: false },
    { name: "connecttime_ns", kind: "int64", repeated: false, optional: false },
    { name: "weights", kind: "bool", repeated: false, optional: false },
  ],
  empty: {
    version: "",
    buildDate: "",
    buildDirectory: "",
    pid: 0,
    boottimeNs: 0n,
    connecttimeNs: 0n,
    weights: false,
  },
  write(message, writer) {
    writer.string(1, message.version);
    writer.string(2, message.buildDate);
    writer.string(3, message.buildDirectory);
    writer.uint32(4, message.pid);
    writer.int64(5, message.boottimeNs);
    writer.int64(6, message.connecttimeNs);
    writer.bool(7, message.weights);
  },
  read(reader) {
    let version: string = "";
    let buildDate: string = "";
    let buildDirectory: string = "";
    let pid: number = 0;
    let boottimeNs: bigint = 0n;
    let connecttimeNs: bigint = 0n;
    let weights: boolean = false;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          version = reader.string();
          break;
        case 18:
          buildDate = reader.string();
          break;
        case 26:
          buildDirectory = reader.string();
          break;
        case 32:
          pid = reader.uint32();
          break;
        case 40:
          boottimeNs = reader.int64();
          break;
        case 48:
          connecttimeNs = reader.int64();
          break;
        case 56:
          weights = reader.bool();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { version, buildDate, buildDirectory, pid, boottimeNs, connecttimeNs, weights };
  },
};

/** Message maglev.GetVPPLBStateRequest. */
export type GetVPPLBStateRequest = Readonly<Record<string, never>>;

/** The type of maglev.GetVPPLBStateRequest. */
export const GetVPPLBStateRequest: MessageType<GetVPPLBStateRequest> = {
  name: "maglev.GetVPPLBStateRequest",
  fields: [],
  empty: {},
  write(_message, _writer) {
  },
  read(reader) {
    while (!reader.atEnd) reader.skip(reader.tag());
    return {};
  },
};

/** Message maglev.VPPLBState. */
export interface VPPLBState {
  /** Absent when this VPP does not tell. */
  readonly conf: VPPLBConf | undefined;
  readonly vips: readonly VPPLBVIP[];
}

/** The type of maglev.VPPLBState. */
export const VPPLBState: MessageType<VPPLBState> = {
  name: "maglev.VPPLBState",
  fields: [
    { name: "conf", kind: "message", repeated: false, optional: true, message: () => VPPLBConf },
    { name: "vips", kind: "message", repeated: true, optional: false, message: () => VPPLBVIP },
  ],
  empty: {
    conf: undefined,
    vips: [],
  },
  write(message, writer) {
    writer.message(1, VPPLBConf, message.conf);
    for (const item of message.vips) writer.message(2, VPPLBVIP, item);
  },
  read(reader) {
    let conf: VPPLBConf | undefined = undefined;
    const vips: VPPLBVIP[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          conf = reader.message(VPPLBConf);
          break;
        case 18:
          vips.push(reader.message(VPPLBVIP));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { conf, vips };
  },
};

/** Message maglev.VPPLBConf. */
export interface VPPLBConf {
  readonly ip4SrcAddress: string;
  readonly ip6SrcAddress: string;
  readonly stickyBucketsPerCore: number;
  /** Seconds. */
  readonly flowTimeout: number;
}

/** The type of maglev.VPPLBConf. */
export const VPPLBConf: MessageType<VPPLBConf> = {
  name: "maglev.VPPLBConf",
  fields: [
    { name: "ip4_src_address", kind: "string", repeated: false, optional: false },
    { name: "ip6_src_address", kind: "string", repeated: false, optional: false },
    { name: "sticky_buckets_per_core", kind: "number", repeated: false, optional: false },
    { name: "flow_timeout", kind: "number", repeated: false, optional: false },
  ],
  empty: {
    ip4SrcAddress: "",
    ip6SrcAddress: "",
    stickyBucketsPerCore: 0,
    flowTimeout: 0,
  },
  write(message, writer) {
    writer.string(1, message.ip4SrcAddress);
    writer.string(2, message.ip6SrcAddress);
    writer.uint32(3, message.stickyBucketsPerCore);
    writer.uint32(4, message.flowTimeout);
  },
  read(reader) {
    let ip4SrcAddress: string = "";
    let ip6SrcAddress: string = "";
    let stickyBucketsPerCore: number = 0;
    let flowTimeout: number = 0;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          ip4SrcAddress = reader.string();
          break;
        case 18:
          ip6SrcAddress = reader.string();
          break;
        case 24:
          stickyBucketsPerCore = reader.uint32();
          break;
        case 32:
          flowTimeout = reader.uint32();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { ip4SrcAddress, ip6SrcAddress, stickyBucketsPerCore, flowTimeout };
  },
};

/** Message maglev.VPPLBVIP. */
export interface VPPLBVIP {
  readonly prefix: string;
  /** tcp, udp, any, or a number. */
  readonly protocol: string;
  readonly port: number;
  readonly encap: string;
  readonly flowTableLength: number;
  readonly srcIpSticky: boolean;
  readonly applicationServers: readonly VPPLBApplicationServer[];
}

/** The type of maglev.VPPLBVIP. */
export const VPPLBVIP: MessageType<VPPLBVIP> = {
  name: "maglev.VPPLBVIP",
  fields: [
    { name: "prefix", kind: "string", repeated: false, optional: false },
    { name: "protocol", kind: "string", repeated: false, optional: false },
    { name: "port", kind: "number", repeated: false, optional: false },
    { name: "encap", kind: "string", repeated: false, optional: false },
    { name: "flow_table_length", kind: "number", repeated: false, optional: false },
    { name: "src_ip_sticky", kind: "bool", repeated: false, optional: false },
    {
      name: "application_servers",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => VPPLBApplicationServer,
    },
  ],
  empty: {
    prefix: "",
    protocol: "",
    port: 0,
    encap: "",
    flowTableLength: 0,
    srcIpSticky: false,
    applicationServers: [],
  },
  write(message, writer) {
    writer.string(1, message.prefix);
    writer.string(2, message.protocol);
    writer.uint32(3, message.port);
    writer.string(4, message.encap);
    writer.uint32(5, message.flowTableLength);
    writer.bool(6, message.srcIpSticky);
    for (const item of message.applicationServers) writer.message(7, VPPLBApplicationServer, item);
  },
  read(reader) {
    let prefix: string = "";
    let protocol: string = "";
    let port: number = 0;
    let encap: string = "";
    let flowTableLength: number = 0;
    let srcIpSticky: boolean = false;
    const applicationServers: VPPLBApplicationServer[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          prefix = reader.string();
          break;
        case 18:
          protocol = reader.string();
          break;
        case 24:
          port = reader.uint32();
          break;
        case 34:
          encap = reader.string();
          break;
        case 40:
          flowTableLength = reader.uint32();
          break;
        case 48:
          srcIpSticky = reader.bool();
          break;
        case 58:
          applicationServers.push(reader.message(VPPLBApplicationServer));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { prefix, protocol, port, encap, flowTableLength, srcIpSticky, applicationServers };
  },
};

/** Message maglev.VPPLBApplicationServer. */
export interface VPPLBApplicationServer {
  readonly address: string;
  readonly weight: number;
  /** 1: in use; 0: removed, and kept by VPP for its last flows. */
  readonly flags: number;
  readonly numBuckets: number;
  /**
   * Sticky entries that point to it: an upper bound of its flows, because stale entries count until
   * their place is used again. Absent when VPP does not print it.
   */
  readonly flows: number | undefined;
  /**
   * Packets and bytes sent to this address over all VIPs since its route was made. Absent when
   * VPP's stats segment does not have them.
   */
  readonly packets: bigint | undefined;
  readonly bytes: bigint | undefined;
  /** Names of the backends that have this address. */
  readonly backends: readonly string[];
}

/** The type of maglev.VPPLBApplicationServer. */
export const VPPLBApplicationServer: MessageType<VPPLBApplicationServer> = {
  name: "maglev.VPPLBApplicationServer",
  fields: [
    { name: "address", kind: "string", repeated: false, optional: false },
    { name: "weight", kind: "number", repeated: false, optional: false },
    { name: "flags", kind: "number", repeated: false, optional: false },
    { name: "num_buckets", kind: "number", repeated: false, optional: false },
    { name: "flows", kind: "number", repeated: false, optional: true },
    { name: "packets", kind: "int64", repeated: false, optional: true },
    { name: "bytes", kind: "int64", repeated: false, optional: true },
    { name: "backends", kind: "string", repeated: true, optional: false },
  ],
  empty: {
    address: "",
    weight: 0,
    flags: 0,
    numBuckets: 0,
    flows: undefined,
    packets: undefined,
    bytes: undefined,
    backends: [],
  },
  write(message, writer) {
    writer.string(1, message.address);
    writer.uint32(2, message.weight);
    writer.uint32(3, message.flags);
    writer.uint32(4, message.numBuckets);
    if (message.flows !== undefined) writer.uint32(5, message.flows, true);
    if (message.packets !== undefined) writer.uint64(6, message.packets, true);
    if (message.bytes !== undefined) writer.uint64(7, message.bytes, true);
    for (const item of message.backends) writer.string(8, item, true);
  },
  read(reader) {
    let address: string = "";
    let weight: number = 0;
    let flags: number = 0;
    let numBuckets: number = 0;
    let flows: number | undefined = undefined;
    let packets: bigint | undefined = undefined;
    let bytes: bigint | undefined = undefined;
    const backends: string[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          address = reader.string();
          break;
        case 16:
          weight = reader.uint32();
          break;
        case 24:
          flags = reader.uint32();
          break;
        case 32:
          numBuckets = reader.uint32();
          break;
        case 40:
          flows = reader.uint32();
          break;
        case 48:
          packets = reader.uint64();
          break;
        case 56:
          bytes = reader.uint64();
          break;
        case 66:
          backends.push(reader.string());
          break;
        default:
          reader.skip(tag);
      }
    }
    return { address, weight, flags, numBuckets, flows, packets, bytes, backends };
  },
};

/** Message maglev.SyncVPPLBStateRequest. */
export interface SyncVPPLBStateRequest {
  /** Empty: all. */
  readonly frontend: string;
  readonly reason: string;
}

/** The type of maglev.SyncVPPLBStateRequest. */
export const SyncVPPLBStateRequest: MessageType<SyncVPPLBStateRequest> = {
  name: "maglev.SyncVPPLBStateRequest",
  fields: [
    { name: "frontend", kind: "string", repeated: false, optional: false },
    { name: "reason", kind: "string", repeated: false, optional: false },
  ],
  empty: {
    frontend: "",
    reason: "",
  },
  write(message, writer) {
    writer.string(1, message.frontend);
    writer.string(2, message.reason);
  },
  read(reader) {
    let frontend: string = "";
    let reason: string = "";
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          frontend = reader.string();
          break;
        case 18:
          reason = reader.string();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { frontend, reason };
  },
};

/** Message maglev.SyncVPPLBStateResponse. */
export interface SyncVPPLBStateResponse {
  /** all or vip. */
  readonly scope: string;
  readonly vipsAdded: number;
  readonly vipsRemoved: number;
  readonly serversAdded: number;
  readonly serversRemoved: number;
  readonly weightsUpdated: number;
  /** What VPP refused or did not answer, and VIPs of which something was withheld; see the log. */
  readonly failed: number;
  readonly durationNs: bigint;
}

/** The type of maglev.SyncVPPLBStateResponse. */
export const SyncVPPLBStateResponse: MessageType<SyncVPPLBStateResponse> = {
  name: "maglev.SyncVPPLBStateResponse",
  fields: [
    { name: "scope", kind: "string", repeated: false, optional: false },
    { name: "vips_added", kind: "number", repeated: false, optional: false },
    { name: "vips_removed", kind: "number", repeated: false, optional: false },
    { name: "servers_added", kind: "number", repeated: false, optional: false },
    { name: "servers_removed", kind: "number", repeated: false, optional: false },
    { name: "weights_updated", kind: "number", repeated: false, optional: false },
    { name: "failed", kind: "number", repeated: false, optional: false },
    { name: "duration_ns", kind: "int64", repeated: false, optional: false },
  ],
  empty: {
    scope: "",
    vipsAdded: 0,
    vipsRemoved: 0,
    serversAdded: 0,
    serversRemoved: 0,
    weightsUpdated: 0,
    failed: 0,
    durationNs: 0n,
  },
  write(message, writer) {
    writer.string(1, message.scope);
    writer.uint32(2, message.vipsAdded);
    writer.uint32(3, message.vipsRemoved);
    writer.uint32(4, message.serversAdded);
    writer.uint32(5, message.serversRemoved);
    writer.uint32(6, message.weightsUpdated);
    writer.uint32(7, message.failed);
    writer.int64(8, message.durationNs);
  },
  read(reader) {
    let scope: string = "";
    let vipsAdded: number = 0;
    let vipsRemoved: number = 0;
    let serversAdded: number = 0;
    let serversRemoved: number = 0;
    let weightsUpdated: number = 0;
    let failed: number = 0;
    let durationNs: bigint = 0n;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          scope = reader.string();
          break;
        case 16:
          vipsAdded = reader.uint32();
          break;
        case 24:
          vipsRemoved = reader.uint32();
          break;
        case 32:
          serversAdded = reader.uint32();
          break;
        case 40:
          serversRemoved = reader.uint32();
          break;
        case 48:
          weightsUpdated = reader.uint32();
          break;
        case 56:
          failed = reader.uint32();
          break;
        case 64:
          durationNs = reader.int64();
          break;
        default:
          reader.skip(tag);
      }
    }
    return {
      scope,
      vipsAdded,
      vipsRemoved,
      serversAdded,
      serversRemoved,
      weightsUpdated,
      failed,
      durationNs,
    };
  },
};

/** Message maglev.GetVPPLBCountersRequest. */
export type GetVPPLBCountersRequest = Readonly<Record<string, never>>;

/** The type of maglev.GetVPPLBCountersRequest. */
export const GetVPPLBCountersRequest: MessageType<GetVPPLBCountersRequest> = {
  name: "maglev.GetVPPLBCountersRequest",
  fields: [],
  empty: {},
  write(_message, _writer) {
  },
  read(reader) {
    while (!reader.atEnd) reader.skip(reader.tag());
    return {};
  },
};

/** Message maglev.VPPLBCounters. */
export interface VPPLBCounters {
  readonly vips: readonly VPPLBVipCounters[];
  /** Unix time in nanoseconds of the reading. */
  readonly takenAt: bigint;
  readonly servers: readonly VPPLBServerCounters[];
}

/** The type of maglev.VPPLBCounters. */
export const VPPLBCounters: MessageType<VPPLBCounters> = {
  name: "maglev.VPPLBCounters",
  fields: [
    {
      name: "vips",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => VPPLBVipCounters,
    },
    { name: "taken_at", kind: "int64", repeated: false, optional: false },
    {
      name: "servers",
      kind: "message",
      repeated: true,
      optional: false,
      message: () => VPPLBServerCounters,
    },
  ],
  empty: {
    vips: [],
    takenAt: 0n,
    servers: [],
  },
  write(message, writer) {
    for (const item of message.vips) writer.message(1, VPPLBVipCounters, item);
    writer.int64(2, message.takenAt);
    for (const item of message.servers) writer.message(3, VPPLBServerCounters, item);
  },
  read(reader) {
    const vips: VPPLBVipCounters[] = [];
    let takenAt: bigint = 0n;
    const servers: VPPLBServerCounters[] = [];
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          vips.push(reader.message(VPPLBVipCounters));
          break;
        case 16:
          takenAt = reader.int64();
          break;
        case 26:
          servers.push(reader.message(VPPLBServerCounters));
          break;
        default:
          reader.skip(tag);
      }
    }
    return { vips, takenAt, servers };
  },
};

/** Packets and bytes that VPP sent to an application server, over all its VIPs. */
export interface VPPLBServerCounters {
  readonly address: string;
  /** Names of the backends that have this address. */
  readonly backends: readonly string[];
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** The type of maglev.VPPLBServerCounters. */
export const VPPLBServerCounters: MessageType<VPPLBServerCounters> = {
  name: "maglev.VPPLBServerCounters",
  fields: [
    { name: "address", kind: "string", repeated: false, optional: false },
    { name: "backends", kind: "string", repeated: true, optional: false },
    { name: "packets", kind: "int64", repeated: false, optional: false },
    { name: "bytes", kind: "int64", repeated: false, optional: false },
  ],
  empty: {
    address: "",
    backends: [],
    packets: 0n,
    bytes: 0n,
  },
  write(message, writer) {
    writer.string(1, message.address);
    for (const item of message.backends) writer.string(2, item, true);
    writer.uint64(3, message.packets);
    writer.uint64(4, message.bytes);
  },
  read(reader) {
    let address: string = "";
    const backends: string[] = [];
    let packets: bigint = 0n;
    let bytes: bigint = 0n;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          address = reader.string();
          break;
        case 18:
          backends.push(reader.string());
          break;
        case 24:
          packets = reader.uint64();
          break;
        case 32:
          bytes = reader.uint64();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { address, backends, packets, bytes };
  },
};

/** Message maglev.VPPLBVipCounters. */
export interface VPPLBVipCounters {
  readonly prefix: string;
  readonly protocol: string;
  readonly port: number;
  /** Packets of flows that had a server already. */
  readonly next: bigint;
  /** First packets of flows. */
  readonly first: bigint;
  /** Packets of flows that could not be remembered. */
  readonly untracked: bigint;
  /** Packets dropped because there was no server. */
  readonly noServer: bigint;
  /** Of the VIP's route; absent when VPP does not tell. */
  readonly fibPackets: bigint | undefined;
  readonly fibBytes: bigint | undefined;
}

/** The type of maglev.VPPLBVipCounters. */
export const VPPLBVipCounters: MessageType<VPPLBVipCounters> = {
  name: "maglev.VPPLBVipCounters",
  fields: [
    { name: "prefix", kind: "string", repeated: false, optional: false },
    { name: "protocol", kind: "string", repeated: false, optional: false },
    { name: "port", kind: "number", repeated: false, optional: false },
    { name: "next", kind: "int64", repeated: false, optional: false },
    { name: "first", kind: "int64", repeated: false, optional: false },
    { name: "untracked", kind: "int64", repeated: false, optional: false },
    { name: "no_server", kind: "int64", repeated: false, optional: false },
    { name: "fib_packets", kind: "int64", repeated: false, optional: true },
    { name: "fib_bytes", kind: "int64", repeated: false, optional: true },
  ],
  empty: {
    prefix: "",
    protocol: "",
    port: 0,
    next: 0n,
    first: 0n,
    untracked: 0n,
    noServer: 0n,
    fibPackets: undefined,
    fibBytes: undefined,
  },
  write(message, writer) {
    writer.string(1, message.prefix);
    writer.string(2, message.protocol);
    writer.uint32(3, message.port);
    writer.uint64(4, message.next);
    writer.uint64(5, message.first);
    writer.uint64(6, message.untracked);
    writer.uint64(7, message.noServer);
    if (message.fibPackets !== undefined) writer.uint64(8, message.fibPackets, true);
    if (message.fibBytes !== undefined) writer.uint64(9, message.fibBytes, true);
  },
  read(reader) {
    let prefix: string = "";
    let protocol: string = "";
    let port: number = 0;
    let next: bigint = 0n;
    let first: bigint = 0n;
    let untracked: bigint = 0n;
    let noServer: bigint = 0n;
    let fibPackets: bigint | undefined = undefined;
    let fibBytes: bigint | undefined = undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          prefix = reader.string();
          break;
        case 18:
          protocol = reader.string();
          break;
        case 24:
          port = reader.uint32();
          break;
        case 32:
          next = reader.uint64();
          break;
        case 40:
          first = reader.uint64();
          break;
        case 48:
          untracked = reader.uint64();
          break;
        case 56:
          noServer = reader.uint64();
          break;
        case 64:
          fibPackets = reader.uint64();
          break;
        case 72:
          fibBytes = reader.uint64();
          break;
        default:
          reader.skip(tag);
      }
    }
    return { prefix, protocol, port, next, first, untracked, noServer, fibPackets, fibBytes };
  },
};

/** What the methods of maglev.Maglev are asked, and what they answer. */
export interface MaglevTypes {
  readonly GetVersion: { readonly request: GetVersionRequest; readonly response: VersionInfo };
  readonly GetStatus: { readonly request: GetStatusRequest; readonly response: StatusInfo };
  readonly ListFrontends: {
    readonly request: ListFrontendsRequest;
    readonly response: ListFrontendsResponse;
  };
  readonly GetFrontend: { readonly request: GetFrontendRequest; readonly response: FrontendInfo };
  readonly ListBackends: {
    readonly request: ListBackendsRequest;
    readonly response: ListBackendsResponse;
  };
  readonly GetBackend: { readonly request: GetBackendRequest; readonly response: BackendInfo };
  readonly ListHealthChecks: {
    readonly request: ListHealthChecksRequest;
    readonly response: ListHealthChecksResponse;
  };
  readonly GetHealthCheck: {
    readonly request: GetHealthCheckRequest;
    readonly response: HealthCheckInfo;
  };
  readonly PauseBackend: { readonly request: BackendRequest; readonly response: BackendInfo };
  readonly ResumeBackend: { readonly request: BackendRequest; readonly response: BackendInfo };
  readonly DisableBackend: { readonly request: BackendRequest; readonly response: BackendInfo };
  readonly EnableBackend: { readonly request: BackendRequest; readonly response: BackendInfo };
  readonly SetFrontendPoolBackendWeight: {
    readonly request: SetWeightRequest;
    readonly response: FrontendInfo;
  };
  readonly WatchEvents: { readonly request: WatchRequest; readonly response: Event };
  readonly CheckConfig: {
    readonly request: CheckConfigRequest;
    readonly response: CheckConfigResponse;
  };
  readonly ReloadConfig: {
    readonly request: ReloadConfigRequest;
    readonly response: ReloadConfigResponse;
  };
  readonly PlanConfig: {
    readonly request: PlanConfigRequest;
    readonly response: PlanConfigResponse;
  };
  readonly PlanBackend: {
    readonly request: PlanBackendRequest;
    readonly response: PlanBackendResponse;
  };
  readonly GetVPPInfo: { readonly request: GetVPPInfoRequest; readonly response: VPPInfo };
  readonly GetVPPLBState: { readonly request: GetVPPLBStateRequest; readonly response: VPPLBState };
  readonly SyncVPPLBState: {
    readonly request: SyncVPPLBStateRequest;
    readonly response: SyncVPPLBStateResponse;
  };
  readonly GetVPPLBCounters: {
    readonly request: GetVPPLBCountersRequest;
    readonly response: VPPLBCounters;
  };
}

/** The methods of service maglev.Maglev. */
export const Maglev: {
  readonly [M in keyof MaglevTypes]: MethodInfo<
    MaglevTypes[M]["request"],
    MaglevTypes[M]["response"]
  >;
} = {
  /** What answers here. */
  GetVersion: {
    name: "GetVersion",
    path: "/maglev.Maglev/GetVersion",
    request: GetVersionRequest,
    response: VersionInfo,
    requestStream: false,
    responseStream: false,
  },
  /** Is it ready, and what keeps it from being so. */
  GetStatus: {
    name: "GetStatus",
    path: "/maglev.Maglev/GetStatus",
    request: GetStatusRequest,
    response: StatusInfo,
    requestStream: false,
    responseStream: false,
  },
  ListFrontends: {
    name: "ListFrontends",
    path: "/maglev.Maglev/ListFrontends",
    request: ListFrontendsRequest,
    response: ListFrontendsResponse,
    requestStream: false,
    responseStream: false,
  },
  GetFrontend: {
    name: "GetFrontend",
    path: "/maglev.Maglev/GetFrontend",
    request: GetFrontendRequest,
    response: FrontendInfo,
    requestStream: false,
    responseStream: false,
  },
  ListBackends: {
    name: "ListBackends",
    path: "/maglev.Maglev/ListBackends",
    request: ListBackendsRequest,
    response: ListBackendsResponse,
    requestStream: false,
    responseStream: false,
  },
  GetBackend: {
    name: "GetBackend",
    path: "/maglev.Maglev/GetBackend",
    request: GetBackendRequest,
    response: BackendInfo,
    requestStream: false,
    responseStream: false,
  },
  ListHealthChecks: {
    name: "ListHealthChecks",
    path: "/maglev.Maglev/ListHealthChecks",
    request: ListHealthChecksRequest,
    response: ListHealthChecksResponse,
    requestStream: false,
    responseStream: false,
  },
  GetHealthCheck: {
    name: "GetHealthCheck",
    path: "/maglev.Maglev/GetHealthCheck",
    request: GetHealthCheckRequest,
    response: HealthCheckInfo,
    requestStream: false,
    responseStream: false,
  },
  /** Probing stops, no new flows, established ones go on. */
  PauseBackend: {
    name: "PauseBackend",
    path: "/maglev.Maglev/PauseBackend",
    request: BackendRequest,
    response: BackendInfo,
    requestStream: false,
    responseStream: false,
  },
  ResumeBackend: {
    name: "ResumeBackend",
    path: "/maglev.Maglev/ResumeBackend",
    request: BackendRequest,
    response: BackendInfo,
    requestStream: false,
    responseStream: false,
  },
  /** Probing stops, no new flows, established ones are flushed. */
  DisableBackend: {
    name: "DisableBackend",
    path: "/maglev.Maglev/DisableBackend",
    request: BackendRequest,
    response: BackendInfo,
    requestStream: false,
    responseStream: false,
  },
  EnableBackend: {
    name: "EnableBackend",
    path: "/maglev.Maglev/EnableBackend",
    request: BackendRequest,
    response: BackendInfo,
    requestStream: false,
    responseStream: false,
  },
  SetFrontendPoolBackendWeight: {
    name: "SetFrontendPoolBackendWeight",
    path: "/maglev.Maglev/SetFrontendPoolBackendWeight",
    request: SetWeightRequest,
    response: FrontendInfo,
    requestStream: false,
    responseStream: false,
  },
  /** The present state of everything first (from equals to), then what happens. */
  WatchEvents: {
    name: "WatchEvents",
    path: "/maglev.Maglev/WatchEvents",
    request: WatchRequest,
    response: Event,
    requestStream: false,
    responseStream: true,
  },
  /** Reads and judges the configuration file, and changes nothing. */
  CheckConfig: {
    name: "CheckConfig",
    path: "/maglev.Maglev/CheckConfig",
    request: CheckConfigRequest,
    response: CheckConfigResponse,
    requestStream: false,
    responseStream: false,
  },
  /** Puts the configuration file in force when nothing is wrong with it. */
  ReloadConfig: {
    name: "ReloadConfig",
    path: "/maglev.Maglev/ReloadConfig",
    request: ReloadConfigRequest,
    response: ReloadConfigResponse,
    requestStream: false,
    responseStream: false,
  },
  /** What ReloadConfig would do now. */
  PlanConfig: {
    name: "PlanConfig",
    path: "/maglev.Maglev/PlanConfig",
    request: PlanConfigRequest,
    response: PlanConfigResponse,
    requestStream: false,
    responseStream: false,
  },
  /** What pausing, disabling, enabling or weighing a backend would do now. */
  PlanBackend: {
    name: "PlanBackend",
    path: "/maglev.Maglev/PlanBackend",
    request: PlanBackendRequest,
    response: PlanBackendResponse,
    requestStream: false,
    responseStream: false,
  },
  GetVPPInfo: {
    name: "GetVPPInfo",
    path: "/maglev.Maglev/GetVPPInfo",
    request: GetVPPInfoRequest,
    response: VPPInfo,
    requestStream: false,
    responseStream: false,
  },
  /** Read from VPP, not remembered. */
  GetVPPLBState: {
    name: "GetVPPLBState",
    path: "/maglev.Maglev/GetVPPLBState",
    request: GetVPPLBStateRequest,
    response: VPPLBState,
    requestStream: false,
    responseStream: false,
  },
  SyncVPPLBState: {
    name: "SyncVPPLBState",
    path: "/maglev.Maglev/SyncVPPLBState",
    request: SyncVPPLBStateRequest,
    response: SyncVPPLBStateResponse,
    requestStream: false,
    responseStream: false,
  },
  GetVPPLBCounters: {
    name: "GetVPPLBCounters",
    path: "/maglev.Maglev/GetVPPLBCounters",
    request: GetVPPLBCountersRequest,
    response: VPPLBCounters,
    requestStream: false,
    responseStream: false,
  },
};

/** proto/maglev.proto as a FileDescriptorProto in base64, and what it declares. */
export const FILE = {
  path: "maglev.proto",
  package: "maglev",
  symbols:
    "maglev.GetVersionRequest maglev.VersionInfo maglev.GetStatusRequest maglev.StatusInfo maglev.StateCount maglev.ProberStatus maglev.ListFrontendsRequest maglev.ListFrontendsResponse maglev.GetFrontendRequest maglev.FrontendInfo maglev.PoolInfo maglev.PoolBackendInfo maglev.ListBackendsRequest maglev.ListBackendsResponse maglev.GetBackendRequest maglev.BackendInfo maglev.ProbeResult maglev.TransitionRecord maglev.Intent maglev.BackendRequest maglev.SetWeightRequest maglev.ListHealthChecksRequest maglev.ListHealthChecksResponse maglev.GetHealthCheckRequest maglev.HealthCheckInfo maglev.HeaderInfo maglev.WatchRequest maglev.Event maglev.LogEvent maglev.LogAttribute maglev.BackendEvent maglev.FrontendEvent maglev.FrontendTransition maglev.CheckConfigRequest maglev.CheckConfigResponse maglev.ReloadConfigRequest maglev.ReloadConfigResponse maglev.ConfigIssue maglev.PlanConfigRequest maglev.PlanConfigResponse maglev.EndedIntent maglev.Plan maglev.StateChange maglev.OperationCounts maglev.VipChange maglev.TableShift maglev.ServerChange maglev.ServerShare maglev.PlanBackendRequest maglev.PlanBackendResponse maglev.GetVPPInfoRequest maglev.VPPInfo maglev.GetVPPLBStateRequest maglev.VPPLBState maglev.VPPLBConf maglev.VPPLBVIP maglev.VPPLBApplicationServer maglev.SyncVPPLBStateRequest maglev.SyncVPPLBStateResponse maglev.GetVPPLBCountersRequest maglev.VPPLBCounters maglev.VPPLBServerCounters maglev.VPPLBVipCounters maglev.Maglev maglev.Maglev.GetVersion maglev.Maglev.GetStatus maglev.Maglev.ListFrontends maglev.Maglev.GetFrontend maglev.Maglev.ListBackends maglev.Maglev.GetBackend maglev.Maglev.ListHealthChecks maglev.Maglev.GetHealthCheck maglev.Maglev.PauseBackend maglev.Maglev.ResumeBackend maglev.Maglev.DisableBackend maglev.Maglev.EnableBackend maglev.Maglev.SetFrontendPoolBackendWeight maglev.Maglev.WatchEvents maglev.Maglev.CheckConfig maglev.Maglev.ReloadConfig maglev.Maglev.PlanConfig maglev.Maglev.PlanBackend maglev.Maglev.GetVPPInfo maglev.Maglev.GetVPPLBState maglev.Maglev.SyncVPPLBState maglev.Maglev.GetVPPLBCounters",
  descriptor:
    "CgxtYWdsZXYucHJvdG8SBm1hZ2xldiITChFHZXRWZXJzaW9uUmVxdWVzdCKaAQoLVmVyc2lvbkluZm8SGAoHdmVyc2lvbhgBIAEoCVIHdmVyc2lvbhIWCgZjb21taXQYAiABKAlSBmNvbW1pdBIdCgpidWlsZF9kYXRlGAMgASgJUglidWlsZERhdGUSJgoPc3RhcnRlZF91bml4X25zGAQgASgDUg1zdGFydGVkVW5peE5zEhIKBHJvbGUYBSABKAlSBHJvbGUiEgoQR2V0U3RhdHVzUmVxdWVzdCK/BAoKU3RhdHVzSW5mbxIUCgVyZWFkeRgBIAEoCFIFcmVhZHkSFgoGcmVhc29uGAIgASgJUgZyZWFzb24SEAoDdnBwGAMgASgJUgN2cHASKQoRdnBwX3NpbmNlX3VuaXhfbnMYBCABKANSDnZwcFNpbmNlVW5peE5zEhsKCXZwcF9lcnJvchgFIAEoCVIIdnBwRXJyb3ISFgoGd2FybXVwGAYgASgJUgZ3YXJtdXASNAoUd2FybXVwX3VudGlsX3VuaXhfbnMYByABKANIAFIRd2FybXVwVW50aWxVbml4TnOIAQESHwoLd2FybXVwX2hlbGQYCCADKAlSCndhcm11cEhlbGQSHwoLY29uZmlnX2ZpbGUYCSABKAlSCmNvbmZpZ0ZpbGUSMQoVY29uZmlnX2xvYWRlZF91bml4X25zGAogASgDUhJjb25maWdMb2FkZWRVbml4TnMSHwoLY29uZmlnX2hhc2gYCyABKAlSCmNvbmZpZ0hhc2gSLgoHcHJvYmVycxgMIAMoCzIULm1hZ2xldi5Qcm9iZXJTdGF0dXNSB3Byb2JlcnMSLgoIYmFja2VuZHMYDSADKAsyEi5tYWdsZXYuU3RhdGVDb3VudFIIYmFja2VuZHMSMAoJZnJvbnRlbmRzGA4gAygLMhIubWFnbGV2LlN0YXRlQ291bnRSCWZyb250ZW5kcxIaCgh3aXRoaGVsZBgPIAMoCVIId2l0aGhlbGRCFwoVX3dhcm11cF91bnRpbF91bml4X25zIjgKClN0YXRlQ291bnQSFAoFc3RhdGUYASABKAlSBXN0YXRlEhQKBWNvdW50GAIgASgNUgVjb3VudCLUAQoMUHJvYmVyU3RhdHVzEhQKBW5ldG5zGAEgASgJUgVuZXRucxIYCgd0aHJlYWRzGAIgASgNUgd0aHJlYWRzEhoKCGJhY2tlbmRzGAMgASgNUghiYWNrZW5kcxIUCgVibGluZBgEIAEoCFIFYmxpbmQSFgoGcmVhc29uGAUgASgJUgZyZWFzb24SMgoTYmxpbmRfc2luY2VfdW5peF9ucxgGIAEoA0gAUhBibGluZFNpbmNlVW5peE5ziAEBQhYKFF9ibGluZF9zaW5jZV91bml4X25zIjAKFExpc3RGcm9udGVuZHNSZXF1ZXN0EhgKB2RldGFpbHMYASABKAhSB2RldGFpbHMicgoVTGlzdEZyb250ZW5kc1Jlc3BvbnNlEiUKDmZyb250ZW5kX25hbWVzGAEgAygJUg1mcm9udGVuZE5hbWVzEjIKCWZyb250ZW5kcxgCIAMoCzIULm1hZ2xldi5Gcm9udGVuZEluZm9SCWZyb250ZW5kcyIoChJHZXRGcm9udGVuZFJlcXVlc3QSEgoEbmFtZRgBIAEoCVIEbmFtZSLPAgoMRnJvbnRlbmRJbmZvEhIKBG5hbWUYASABKAlSBG5hbWUSGAoHYWRkcmVzcxgCIAEoCVIHYWRkcmVzcxIaCghwcm90b2NvbBgDIAEoCVIIcHJvdG9jb2wSEgoEcG9ydBgEIAEoDVIEcG9ydBImCgVwb29scxgFIAMoCzIQLm1hZ2xldi5Qb29sSW5mb1IFcG9vbHMSIAoLZGVzY3JpcHRpb24YBiABKAlSC2Rlc2NyaXB0aW9uEiIKDXNyY19pcF9zdGlja3kYByABKAhSC3NyY0lwU3RpY2t5EiIKDWZsdXNoX29uX2Rvd24YCCABKAhSC2ZsdXNoT25Eb3duEhQKBXN0YXRlGAkgASgJUgVzdGF0ZRIfCgthY3RpdmVfcG9vbBgKIAEoCVIKYWN0aXZlUG9vbBIYCgd3YXJuaW5nGAsgASgJUgd3YXJuaW5nIlMKCFBvb2xJbmZvEhIKBG5hbWUYASABKAlSBG5hbWUSMwoIYmFja2VuZHMYAiADKAsyFy5tYWdsZXYuUG9vbEJhY2tlbmRJbmZvUghiYWNrZW5kcyKmAQoPUG9vbEJhY2tlbmRJbmZvEhIKBG5hbWUYASABKAlSBG5hbWUSFgoGd2VpZ2h0GAIgASgNUgZ3ZWlnaHQSKQoQZWZmZWN0aXZlX3dlaWdodBgDIAEoDVIPZWZmZWN0aXZlV2VpZ2h0EhQKBXN0YXRlGAQgASgJUgVzdGF0ZRImCgZpbnRlbnQYBSABKAsyDi5tYWdsZXYuSW50ZW50UgZpbnRlbnQiLwoTTGlzdEJhY2tlbmRzUmVxdWVzdBIYCgdkZXRhaWxzGAEgASgIUgdkZXRhaWxzImwKFExpc3RCYWNrZW5kc1Jlc3BvbnNlEiMKDWJhY2tlbmRfbmFtZXMYASADKAlSDGJhY2tlbmROYW1lcxIvCghiYWNrZW5kcxgCIAMoCzITLm1hZ2xldi5CYWNrZW5kSW5mb1IIYmFja2VuZHMiJwoRR2V0QmFja2VuZFJlcXVlc3QSEgoEbmFtZRgBIAEoCVIEbmFtZSLjBAoLQmFja2VuZEluZm8SEgoEbmFtZRgBIAEoCVIEbmFtZRIYCgdhZGRyZXNzGAIgASgJUgdhZGRyZXNzEhQKBXN0YXRlGAMgASgJUgVzdGF0ZRIYCgdlbmFibGVkGAQgASgIUgdlbmFibGVkEiAKC2hlYWx0aGNoZWNrGAUgASgJUgtoZWFsdGhjaGVjaxI6Cgt0cmFuc2l0aW9ucxgGIAMoCzIYLm1hZ2xldi5UcmFuc2l0aW9uUmVjb3JkUgt0cmFuc2l0aW9ucxIiCg1zaW5jZV91bml4X25zGAcgASgDUgtzaW5jZVVuaXhOcxIYCgdjb3VudGVyGAggASgNUgdjb3VudGVyEhIKBHJpc2UYCSABKA1SBHJpc2USEgoEZmFsbBgKIAEoDVIEZmFsbBI0CgtsYXN0X3Jlc3VsdBgLIAEoCzITLm1hZ2xldi5Qcm9iZVJlc3VsdFIKbGFzdFJlc3VsdBJAChpjZXJ0aWZpY2F0ZV9leHBpcnlfdW5peF9ucxgMIAEoA0gAUhdjZXJ0aWZpY2F0ZUV4cGlyeVVuaXhOc4gBARImCgZpbnRlbnQYDSABKAsyDi5tYWdsZXYuSW50ZW50UgZpbnRlbnQSGAoHd2FybmluZxgOIAEoCVIHd2FybmluZxIYCgdjYXJyaWVkGA8gASgIUgdjYXJyaWVkEhQKBWJsaW5kGBAgASgJUgVibGluZBIpChBjZXJ0aWZpY2F0ZV9uYW1lGBEgASgJUg9jZXJ0aWZpY2F0ZU5hbWVCHQobX2NlcnRpZmljYXRlX2V4cGlyeV91bml4X25zIoABCgtQcm9iZVJlc3VsdBIOCgJvaxgBIAEoCFICb2sSFAoFbGF5ZXIYAiABKAlSBWxheWVyEhIKBGNvZGUYAyABKAlSBGNvZGUSFgoGZGV0YWlsGAQgASgJUgZkZXRhaWwSHwoLZHVyYXRpb25fbnMYBSABKANSCmR1cmF0aW9uTnMigQEKEFRyYW5zaXRpb25SZWNvcmQSEgoEZnJvbRgBIAEoCVIEZnJvbRIOCgJ0bxgCIAEoCVICdG8SHAoKYXRfdW5peF9ucxgDIAEoA1IIYXRVbml4TnMSKwoGcmVzdWx0GAQgASgLMhMubWFnbGV2LlByb2JlUmVzdWx0UgZyZXN1bHQixgIKBkludGVudBISCgRraW5kGAEgASgJUgRraW5kEhIKBHBlZXIYAiABKAlSBHBlZXISGgoIaWRlbnRpdHkYAyABKAlSCGlkZW50aXR5EhYKBnJlYXNvbhgEIAEoCVIGcmVhc29uEiIKDXNpbmNlX3VuaXhfbnMYBSABKANSC3NpbmNlVW5peE5zEicKDXVudGlsX3VuaXhfbnMYBiABKANIAFILdW50aWxVbml4TnOIAQESGAoHYmFja2VuZBgHIAEoCVIHYmFja2VuZBIaCghmcm9udGVuZBgIIAEoCVIIZnJvbnRlbmQSEgoEcG9vbBgJIAEoCVIEcG9vbBIWCgZ3ZWlnaHQYCiABKA1SBndlaWdodBIfCgtmaWxlX3dlaWdodBgLIAEoDVIKZmlsZVdlaWdodEIQCg5fdW50aWxfdW5peF9ucyKCAQoOQmFja2VuZFJlcXVlc3QSEgoEbmFtZRgBIAEoCVIEbmFtZRIWCgZyZWFzb24YAiABKAlSBnJlYXNvbhIkCg11bnRpbF91bml4X25zGAMgASgDSABSC3VudGlsVW5peE5zEhcKBmZvcl9ucxgEIAEoA0gAUgVmb3JOc0IFCgNlbmQi5gEKEFNldFdlaWdodFJlcXVlc3QSGgoIZnJvbnRlbmQYASABKAlSCGZyb250ZW5kEhIKBHBvb2wYAiABKAlSBHBvb2wSGAoHYmFja2VuZBgDIAEoCVIHYmFja2VuZBIWCgZ3ZWlnaHQYBCABKAVSBndlaWdodBIWCgZyZWFzb24YBSABKAlSBnJlYXNvbhIkCg11bnRpbF91bml4X25zGAYgASgDSABSC3VudGlsVW5peE5zEhcKBmZvcl9ucxgHIAEoA0gAUgVmb3JOcxISCgRmaWxlGAggASgIUgRmaWxlQgUKA2VuZCIzChdMaXN0SGVhbHRoQ2hlY2tzUmVxdWVzdBIYCgdkZXRhaWxzGAEgASgIUgdkZXRhaWxzIoQBChhMaXN0SGVhbHRoQ2hlY2tzUmVzcG9uc2USKwoRaGVhbHRoY2hlY2tfbmFtZXMYASADKAlSEGhlYWx0aGNoZWNrTmFtZXMSOwoMaGVhbHRoY2hlY2tzGAIgAygLMhcubWFnbGV2LkhlYWx0aENoZWNrSW5mb1IMaGVhbHRoY2hlY2tzIisKFUdldEhlYWx0aENoZWNrUmVxdWVzdBISCgRuYW1lGAEgASgJUgRuYW1lIpAGCg9IZWFsdGhDaGVja0luZm8SEgoEbmFtZRgBIAEoCVIEbmFtZRISCgR0eXBlGAIgASgJUgR0eXBlEhIKBHBvcnQYAyABKA1SBHBvcnQSHwoLaW50ZXJ2YWxfbnMYBCABKANSCmludGVydmFsTnMSKAoQZmFzdF9pbnRlcnZhbF9ucxgFIAEoA1IOZmFzdEludGVydmFsTnMSKAoQZG93bl9pbnRlcnZhbF9ucxgGIAEoA1IOZG93bkludGVydmFsTnMSHQoKdGltZW91dF9ucxgHIAEoA1IJdGltZW91dE5zEhIKBHJpc2UYCCABKA1SBHJpc2USEgoEZmFsbBgJIAEoDVIEZmFsbBIkCg5wcm9iZV9pcHY0X3NyYxgKIAEoCVIMcHJvYmVJcHY0U3JjEiQKDnByb2JlX2lwdjZfc3JjGAsgASgJUgxwcm9iZUlwdjZTcmMSEAoDc3NsGAwgASgIUgNzc2wSHwoLc2VydmVyX25hbWUYDSABKAlSCnNlcnZlck5hbWUSMAoUaW5zZWN1cmVfc2tpcF92ZXJpZnkYDiABKAhSEmluc2VjdXJlU2tpcFZlcmlmeRIXCgdjYV9maWxlGA8gASgJUgZjYUZpbGUSEgoEcGF0aBgQIAEoCVIEcGF0aBISCgRob3N0GBEgASgJUgRob3N0EhYKBm1ldGhvZBgSIAEoCVIGbWV0aG9kEiwKB2hlYWRlcnMYEyADKAsyEi5tYWdsZXYuSGVhZGVySW5mb1IHaGVhZGVycxIjCg1yZXNwb25zZV9jb2RlGBQgASgJUgxyZXNwb25zZUNvZGUSJwoPcmVzcG9uc2VfcmVnZXhwGBUgASgJUg5yZXNwb25zZVJlZ2V4cBIuChNyZXNwb25zZV9yZWdleHBfbm90GBYgASgJUhFyZXNwb25zZVJlZ2V4cE5vdBISCgRhbHBuGBcgAygJUgRhbHBuEhIKBGJvZHkYGCABKAlSBGJvZHkSJwoPcmVtb3ZlZF9oZWFkZXJzGBkgAygJUg5yZW1vdmVkSGVhZGVycyJOCgpIZWFkZXJJbmZvEhIKBG5hbWUYASABKAlSBG5hbWUSFAoFdmFsdWUYAiABKAlSBXZhbHVlEhYKBmhpZGRlbhgDIAEoCFIGaGlkZGVuIr8BCgxXYXRjaFJlcXVlc3QSEAoDbG9nGAEgASgIUgNsb2cSGwoJbG9nX2xldmVsGAIgASgJUghsb2dMZXZlbBIYCgdiYWNrZW5kGAMgASgIUgdiYWNrZW5kEhoKCGZyb250ZW5kGAQgASgIUghmcm9udGVuZBIjCg1iYWNrZW5kX25hbWVzGAUgAygJUgxiYWNrZW5kTmFtZXMSJQoOZnJvbnRlbmRfbmFtZXMYBiADKAlSDWZyb250ZW5kTmFtZXMinQEKBUV2ZW50EiQKA2xvZxgBIAEoCzIQLm1hZ2xldi5Mb2dFdmVudEgAUgNsb2cSMAoHYmFja2VuZBgCIAEoCzIULm1hZ2xldi5CYWNrZW5kRXZlbnRIAFIHYmFja2VuZBIzCghmcm9udGVuZBgDIAEoCzIVLm1hZ2xldi5Gcm9udGVuZEV2ZW50SABSCGZyb250ZW5kQgcKBWV2ZW50InwKCExvZ0V2ZW50EhIKBHRpbWUYASABKAlSBHRpbWUSFAoFbGV2ZWwYAiABKAlSBWxldmVsEhAKA21zZxgDIAEoCVIDbXNnEjQKCmF0dHJpYnV0ZXMYBCADKAsyFC5tYWdsZXYuTG9nQXR0cmlidXRlUgphdHRyaWJ1dGVzIjYKDExvZ0F0dHJpYnV0ZRIQCgNrZXkYASABKAlSA2tleRIUCgV2YWx1ZRgCIAEoCVIFdmFsdWUiXAoMQmFja2VuZEV2ZW50EhIKBG5hbWUYASABKAlSBG5hbWUSOAoKdHJhbnNpdGlvbhgCIAEoCzIYLm1hZ2xldi5UcmFuc2l0aW9uUmVjb3JkUgp0cmFuc2l0aW9uIl8KDUZyb250ZW5kRXZlbnQSEgoEbmFtZRgBIAEoCVIEbmFtZRI6Cgp0cmFuc2l0aW9uGAIgASgLMhoubWFnbGV2LkZyb250ZW5kVHJhbnNpdGlvblIKdHJhbnNpdGlvbiJWChJGcm9udGVuZFRyYW5zaXRpb24SEgoEZnJvbRgBIAEoCVIEZnJvbRIOCgJ0bxgCIAEoCVICdG8SHAoKYXRfdW5peF9ucxgDIAEoA1IIYXRVbml4TnMiFAoSQ2hlY2tDb25maWdSZXF1ZXN0IpoBChNDaGVja0NvbmZpZ1Jlc3BvbnNlEg4KAm9rGAEgASgIUgJvaxIfCgtwYXJzZV9lcnJvchgCIAEoCVIKcGFyc2VFcnJvchIlCg5zZW1hbnRpY19lcnJvchgDIAEoCVINc2VtYW50aWNFcnJvchIrCgZpc3N1ZXMYBCADKAsyEy5tYWdsZXYuQ29uZmlnSXNzdWVSBmlzc3VlcyItChNSZWxvYWRDb25maWdSZXF1ZXN0EhYKBnJlYXNvbhgBIAEoCVIGcmVhc29uIsEDChRSZWxvYWRDb25maWdSZXNwb25zZRIOCgJvaxgBIAEoCFICb2sSHwoLcGFyc2VfZXJyb3IYAiABKAlSCnBhcnNlRXJyb3ISJQoOc2VtYW50aWNfZXJyb3IYAyABKAlSDXNlbWFudGljRXJyb3ISKwoGaXNzdWVzGAQgAygLMhMubWFnbGV2LkNvbmZpZ0lzc3VlUgZpc3N1ZXMSGAoHc3RhcnRlZBgFIAMoCVIHc3RhcnRlZBIYCgdzdG9wcGVkGAYgAygJUgdzdG9wcGVkEhwKCXJlc3RhcnRlZBgHIAMoCVIJcmVzdGFydGVkEiAKC3JlYWRkcmVzc2VkGAggAygJUgtyZWFkZHJlc3NlZBISCgRrZXB0GAkgASgNUgRrZXB0EjgKDWVuZGVkX2ludGVudHMYCiADKAsyEy5tYWdsZXYuRW5kZWRJbnRlbnRSDGVuZGVkSW50ZW50cxImCg9sYl9jb25mX2NoYW5nZWQYCyABKAhSDWxiQ29uZkNoYW5nZWQSIAoEcGxhbhgMIAEoCzIMLm1hZ2xldi5QbGFuUgRwbGFuEhgKB3dhcm5pbmcYDSABKAlSB3dhcm5pbmcipQEKC0NvbmZpZ0lzc3VlEhQKBXN0YWdlGAEgASgJUgVzdGFnZRISCgRmaWxlGAIgASgJUgRmaWxlEhIKBGxpbmUYAyABKA1SBGxpbmUSFgoGY29sdW1uGAQgASgNUgZjb2x1bW4SEgoEcGF0aBgFIAEoCVIEcGF0aBIYCgdtZXNzYWdlGAYgASgJUgdtZXNzYWdlEhIKBHJ1bGUYByABKAlSBHJ1bGUiEwoRUGxhbkNvbmZpZ1JlcXVlc3QipQMKElBsYW5Db25maWdSZXNwb25zZRIOCgJvaxgBIAEoCFICb2sSHwoLcGFyc2VfZXJyb3IYAiABKAlSCnBhcnNlRXJyb3ISJQoOc2VtYW50aWNfZXJyb3IYAyABKAlSDXNlbWFudGljRXJyb3ISKwoGaXNzdWVzGAQgAygLMhMubWFnbGV2LkNvbmZpZ0lzc3VlUgZpc3N1ZXMSGAoHc3RhcnRlZBgFIAMoCVIHc3RhcnRlZBIYCgdzdG9wcGVkGAYgAygJUgdzdG9wcGVkEhwKCXJlc3RhcnRlZBgHIAMoCVIJcmVzdGFydGVkEiAKC3JlYWRkcmVzc2VkGAggAygJUgtyZWFkZHJlc3NlZBISCgRrZXB0GAkgASgNUgRrZXB0EjgKDWVuZGVkX2ludGVudHMYCiADKAsyEy5tYWdsZXYuRW5kZWRJbnRlbnRSDGVuZGVkSW50ZW50cxImCg9sYl9jb25mX2NoYW5nZWQYCyABKAhSDWxiQ29uZkNoYW5nZWQSIAoEcGxhbhgMIAEoCzIMLm1hZ2xldi5QbGFuUgRwbGFuIksKC0VuZGVkSW50ZW50EiYKBmludGVudBgBIAEoCzIOLm1hZ2xldi5JbnRlbnRSBmludGVudBIUCgVjYXVzZRgCIAEoCVIFY2F1c2UijQIKBFBsYW4SKwoGc3RhdGVzGAEgAygLMhMubWFnbGV2LlN0YXRlQ2hhbmdlUgZzdGF0ZXMSHQoKYXNzdW1lZF91cBgCIAMoCVIJYXNzdW1lZFVwEiUKBHZpcHMYAyADKAsyES5tYWdsZXYuVmlwQ2hhbmdlUgR2aXBzEiUKDnZpcHNfdW5jaGFuZ2VkGAQgASgNUg12aXBzVW5jaGFuZ2VkEjcKCm9wZXJhdGlvbnMYBSABKAsyFy5tYWdsZXYuT3BlcmF0aW9uQ291bnRzUgpvcGVyYXRpb25zEhgKB3dhcm5pbmcYBiABKAlSB3dhcm5pbmcSGAoHY2FycmllZBgHIAMoCVIHY2FycmllZCJLCgtTdGF0ZUNoYW5nZRIYCgdiYWNrZW5kGAEgASgJUgdiYWNrZW5kEhIKBGZyb20YAiABKAlSBGZyb20SDgoCdG8YAyABKAlSAnRvIvEBCg9PcGVyYXRpb25Db3VudHMSHQoKdmlwc19hZGRlZBgBIAEoDVIJdmlwc0FkZGVkEiEKDHZpcHNfcmVtb3ZlZBgCIAEoDVILdmlwc1JlbW92ZWQSJQoOdmlwc19yZWNyZWF0ZWQYAyABKA1SDXZpcHNSZWNyZWF0ZWQSIwoNc2VydmVyc19hZGRlZBgEIAEoDVIMc2VydmVyc0FkZGVkEicKD3NlcnZlcnNfcmVtb3ZlZBgFIAEoDVIOc2VydmVyc1JlbW92ZWQSJwoPd2VpZ2h0c191cGRhdGVkGAYgASgNUg53ZWlnaHRzVXBkYXRlZCKqAgoJVmlwQ2hhbmdlEhoKCGZyb250ZW5kGAEgASgJUghmcm9udGVuZBIWCgZwcmVmaXgYAiABKAlSBnByZWZpeBIaCghwcm90b2NvbBgDIAEoCVIIcHJvdG9jb2wSEgoEcG9ydBgEIAEoDVIEcG9ydBIWCgZjaGFuZ2UYBSABKAlSBmNoYW5nZRIWCgZyZWFzb24YBiABKAlSBnJlYXNvbhIuCgdzZXJ2ZXJzGAcgAygLMhQubWFnbGV2LlNlcnZlckNoYW5nZVIHc2VydmVycxIrCgdhdF9vbmNlGAggASgLMhIubWFnbGV2LlRhYmxlU2hpZnRSBmF0T25jZRIsCgdzZXR0bGVkGAkgASgLMhIubWFnbGV2LlRhYmxlU2hpZnRSB3NldHRsZWQipQEKClRhYmxlU2hpZnQSGAoHYnVja2V0cxgBIAEoDVIHYnVja2V0cxIUCgVtb3ZlZBgCIAEoAVIFbW92ZWQSEgoEbG9zdBgDIAEoDVIEbG9zdBIWCgZnYWluZWQYBCABKA1SBmdhaW5lZBIfCgtzaGFyZV9tb3ZlZBgFIAEoAVIKc2hhcmVNb3ZlZBIaCghyZWhhc2hlZBgGIAEoCFIIcmVoYXNoZWQi9gEKDFNlcnZlckNoYW5nZRIYCgdhZGRyZXNzGAEgASgJUgdhZGRyZXNzEhYKBmNoYW5nZRgCIAEoCVIGY2hhbmdlEhQKBWZsdXNoGAMgASgIUgVmbHVzaBIlCgNub3cYBCABKAsyEy5tYWdsZXYuU2VydmVyU2hhcmVSA25vdxIsCgdhdF9vbmNlGAUgASgLMhMubWFnbGV2LlNlcnZlclNoYXJlUgZhdE9uY2USLQoHc2V0dGxlZBgGIAEoCzITLm1hZ2xldi5TZXJ2ZXJTaGFyZVIHc2V0dGxlZBIaCghiYWNrZW5kcxgHIAMoCVIIYmFja2VuZHMiPwoLU2VydmVyU2hhcmUSFgoGd2VpZ2h0GAEgASgNUgZ3ZWlnaHQSGAoHYnVja2V0cxgCIAEoDVIHYnVja2V0cyL6AQoSUGxhbkJhY2tlbmRSZXF1ZXN0EhIKBG5hbWUYASABKAlSBG5hbWUSFgoGYWN0aW9uGAIgASgJUgZhY3Rpb24SGgoIZnJvbnRlbmQYAyABKAlSCGZyb250ZW5kEhIKBHBvb2wYBCABKAlSBHBvb2wSFgoGd2VpZ2h0GAUgASgFUgZ3ZWlnaHQSFgoGcmVhc29uGAYgASgJUgZyZWFzb24SJAoNdW50aWxfdW5peF9ucxgHIAEoA0gAUgt1bnRpbFVuaXhOcxIXCgZmb3JfbnMYCCABKANIAFIFZm9yTnMSEgoEZmlsZRgJIAEoCFIEZmlsZUIFCgNlbmQiNwoTUGxhbkJhY2tlbmRSZXNwb25zZRIgCgRwbGFuGAEgASgLMgwubWFnbGV2LlBsYW5SBHBsYW4iEwoRR2V0VlBQSW5mb1JlcXVlc3Qi3wEKB1ZQUEluZm8SGAoHdmVyc2lvbhgBIAEoCVIHdmVyc2lvbhIdCgpidWlsZF9kYXRlGAIgASgJUglidWlsZERhdGUSJwoPYnVpbGRfZGlyZWN0b3J5GAMgASgJUg5idWlsZERpcmVjdG9yeRIQCgNwaWQYBCABKA1SA3BpZBIfCgtib290dGltZV9ucxgFIAEoA1IKYm9vdHRpbWVOcxIlCg5jb25uZWN0dGltZV9ucxgGIAEoA1INY29ubmVjdHRpbWVOcxIYCgd3ZWlnaHRzGAcgASgIUgd3ZWlnaHRzIhYKFEdldFZQUExCU3RhdGVSZXF1ZXN0IlkKClZQUExCU3RhdGUSJQoEY29uZhgBIAEoCzIRLm1hZ2xldi5WUFBMQkNvbmZSBGNvbmYSJAoEdmlwcxgCIAMoCzIQLm1hZ2xldi5WUFBMQlZJUFIEdmlwcyK1AQoJVlBQTEJDb25mEiYKD2lwNF9zcmNfYWRkcmVzcxgBIAEoCVINaXA0U3JjQWRkcmVzcxImCg9pcDZfc3JjX2FkZHJlc3MYAiABKAlSDWlwNlNyY0FkZHJlc3MSNQoXc3RpY2t5X2J1Y2tldHNfcGVyX2NvcmUYAyABKA1SFHN0aWNreUJ1Y2tldHNQZXJDb3JlEiEKDGZsb3dfdGltZW91dBgEIAEoDVILZmxvd1RpbWVvdXQiiQIKCFZQUExCVklQEhYKBnByZWZpeBgBIAEoCVIGcHJlZml4EhoKCHByb3RvY29sGAIgASgJUghwcm90b2NvbBISCgRwb3J0GAMgASgNUgRwb3J0EhQKBWVuY2FwGAQgASgJUgVlbmNhcBIqChFmbG93X3RhYmxlX2xlbmd0aBgFIAEoDVIPZmxvd1RhYmxlTGVuZ3RoEiIKDXNyY19pcF9zdGlja3kYBiABKAhSC3NyY0lwU3RpY2t5Ek8KE2FwcGxpY2F0aW9uX3NlcnZlcnMYByADKAsyHi5tYWdsZXYuVlBQTEJBcHBsaWNhdGlvblNlcnZlclISYXBwbGljYXRpb25TZXJ2ZXJzIpICChZWUFBMQkFwcGxpY2F0aW9uU2VydmVyEhgKB2FkZHJlc3MYASABKAlSB2FkZHJlc3MSFgoGd2VpZ2h0GAIgASgNUgZ3ZWlnaHQSFAoFZmxhZ3MYAyABKA1SBWZsYWdzEh8KC251bV9idWNrZXRzGAQgASgNUgpudW1CdWNrZXRzEhkKBWZsb3dzGAUgASgNSABSBWZsb3dziAEBEh0KB3BhY2tldHMYBiABKARIAVIHcGFja2V0c4gBARIZCgVieXRlcxgHIAEoBEgCUgVieXRlc4gBARIaCghiYWNrZW5kcxgIIAMoCVIIYmFja2VuZHNCCAoGX2Zsb3dzQgoKCF9wYWNrZXRzQggKBl9ieXRlcyJLChVTeW5jVlBQTEJTdGF0ZVJlcXVlc3QSGgoIZnJvbnRlbmQYASABKAlSCGZyb250ZW5kEhYKBnJlYXNvbhgCIAEoCVIGcmVhc29uIqACChZTeW5jVlBQTEJTdGF0ZVJlc3BvbnNlEhQKBXNjb3BlGAEgASgJUgVzY29wZRIdCgp2aXBzX2FkZGVkGAIgASgNUgl2aXBzQWRkZWQSIQoMdmlwc19yZW1vdmVkGAMgASgNUgt2aXBzUmVtb3ZlZBIjCg1zZXJ2ZXJzX2FkZGVkGAQgASgNUgxzZXJ2ZXJzQWRkZWQSJwoPc2VydmVyc19yZW1vdmVkGAUgASgNUg5zZXJ2ZXJzUmVtb3ZlZBInCg93ZWlnaHRzX3VwZGF0ZWQYBiABKA1SDndlaWdodHNVcGRhdGVkEhYKBmZhaWxlZBgHIAEoDVIGZmFpbGVkEh8KC2R1cmF0aW9uX25zGAggASgDUgpkdXJhdGlvbk5zIhkKF0dldFZQUExCQ291bnRlcnNSZXF1ZXN0Io8BCg1WUFBMQkNvdW50ZXJzEiwKBHZpcHMYASADKAsyGC5tYWdsZXYuVlBQTEJWaXBDb3VudGVyc1IEdmlwcxIZCgh0YWtlbl9hdBgCIAEoA1IHdGFrZW5BdBI1CgdzZXJ2ZXJzGAMgAygLMhsubWFnbGV2LlZQUExCU2VydmVyQ291bnRlcnNSB3NlcnZlcnMiewoTVlBQTEJTZXJ2ZXJDb3VudGVycxIYCgdhZGRyZXNzGAEgASgJUgdhZGRyZXNzEhoKCGJhY2tlbmRzGAIgAygJUghiYWNrZW5kcxIYCgdwYWNrZXRzGAMgASgEUgdwYWNrZXRzEhQKBWJ5dGVzGAQgASgEUgVieXRlcyKlAgoQVlBQTEJWaXBDb3VudGVycxIWCgZwcmVmaXgYASABKAlSBnByZWZpeBIaCghwcm90b2NvbBgCIAEoCVIIcHJvdG9jb2wSEgoEcG9ydBgDIAEoDVIEcG9ydBISCgRuZXh0GAQgASgEUgRuZXh0EhQKBWZpcnN0GAUgASgEUgVmaXJzdBIcCgl1bnRyYWNrZWQYBiABKARSCXVudHJhY2tlZBIbCglub19zZXJ2ZXIYByABKARSCG5vU2VydmVyEiQKC2ZpYl9wYWNrZXRzGAggASgESABSCmZpYlBhY2tldHOIAQESIAoJZmliX2J5dGVzGAkgASgESAFSCGZpYkJ5dGVziAEBQg4KDF9maWJfcGFja2V0c0IMCgpfZmliX2J5dGVzMvILCgZNYWdsZXYSPAoKR2V0VmVyc2lvbhIZLm1hZ2xldi5HZXRWZXJzaW9uUmVxdWVzdBoTLm1hZ2xldi5WZXJzaW9uSW5mbxI5CglHZXRTdGF0dXMSGC5tYWdsZXYuR2V0U3RhdHVzUmVxdWVzdBoSLm1hZ2xldi5TdGF0dXNJbmZvEkwKDUxpc3RGcm9udGVuZHMSHC5tYWdsZXYuTGlzdEZyb250ZW5kc1JlcXVlc3QaHS5tYWdsZXYuTGlzdEZyb250ZW5kc1Jlc3BvbnNlEj8KC0dldEZyb250ZW5kEhoubWFnbGV2LkdldEZyb250ZW5kUmVxdWVzdBoULm1hZ2xldi5Gcm9udGVuZEluZm8SSQoMTGlzdEJhY2tlbmRzEhsubWFnbGV2Lkxpc3RCYWNrZW5kc1JlcXVlc3QaHC5tYWdsZXYuTGlzdEJhY2tlbmRzUmVzcG9uc2USPAoKR2V0QmFja2VuZBIZLm1hZ2xldi5HZXRCYWNrZW5kUmVxdWVzdBoTLm1hZ2xldi5CYWNrZW5kSW5mbxJVChBMaXN0SGVhbHRoQ2hlY2tzEh8ubWFnbGV2Lkxpc3RIZWFsdGhDaGVja3NSZXF1ZXN0GiAubWFnbGV2Lkxpc3RIZWFsdGhDaGVja3NSZXNwb25zZRJICg5HZXRIZWFsdGhDaGVjaxIdLm1hZ2xldi5HZXRIZWFsdGhDaGVja1JlcXVlc3QaFy5tYWdsZXYuSGVhbHRoQ2hlY2tJbmZvEjsKDFBhdXNlQmFja2VuZBIWLm1hZ2xldi5CYWNrZW5kUmVxdWVzdBoTLm1hZ2xldi5CYWNrZW5kSW5mbxI8Cg1SZXN1bWVCYWNrZW5kEhYubWFnbGV2LkJhY2tlbmRSZXF1ZXN0GhMubWFnbGV2LkJhY2tlbmRJbmZvEj0KDkRpc2FibGVCYWNrZW5kEhYubWFnbGV2LkJhY2tlbmRSZXF1ZXN0GhMubWFnbGV2LkJhY2tlbmRJbmZvEjwKDUVuYWJsZUJhY2tlbmQSFi5tYWdsZXYuQmFja2VuZFJlcXVlc3QaEy5tYWdsZXYuQmFja2VuZEluZm8STgocU2V0RnJvbnRlbmRQb29sQmFja2VuZFdlaWdodBIYLm1hZ2xldi5TZXRXZWlnaHRSZXF1ZXN0GhQubWFnbGV2LkZyb250ZW5kSW5mbxI0CgtXYXRjaEV2ZW50cxIULm1hZ2xldi5XYXRjaFJlcXVlc3QaDS5tYWdsZXYuRXZlbnQwARJGCgtDaGVja0NvbmZpZxIaLm1hZ2xldi5DaGVja0NvbmZpZ1JlcXVlc3QaGy5tYWdsZXYuQ2hlY2tDb25maWdSZXNwb25zZRJJCgxSZWxvYWRDb25maWcSGy5tYWdsZXYuUmVsb2FkQ29uZmlnUmVxdWVzdBocLm1hZ2xldi5SZWxvYWRDb25maWdSZXNwb25zZRJDCgpQbGFuQ29uZmlnEhkubWFnbGV2LlBsYW5Db25maWdSZXF1ZXN0GhoubWFnbGV2LlBsYW5Db25maWdSZXNwb25zZRJGCgtQbGFuQmFja2VuZBIaLm1hZ2xldi5QbGFuQmFja2VuZFJlcXVlc3QaGy5tYWdsZXYuUGxhbkJhY2tlbmRSZXNwb25zZRI4CgpHZXRWUFBJbmZvEhkubWFnbGV2LkdldFZQUEluZm9SZXF1ZXN0Gg8ubWFnbGV2LlZQUEluZm8SQQoNR2V0VlBQTEJTdGF0ZRIcLm1hZ2xldi5HZXRWUFBMQlN0YXRlUmVxdWVzdBoSLm1hZ2xldi5WUFBMQlN0YXRlEk8KDlN5bmNWUFBMQlN0YXRlEh0ubWFnbGV2LlN5bmNWUFBMQlN0YXRlUmVxdWVzdBoeLm1hZ2xldi5TeW5jVlBQTEJTdGF0ZVJlc3BvbnNlEkoKEEdldFZQUExCQ291bnRlcnMSHy5tYWdsZXYuR2V0VlBQTEJDb3VudGVyc1JlcXVlc3QaFS5tYWdsZXYuVlBQTEJDb3VudGVyc2IGcHJvdG8z",
} as const;
