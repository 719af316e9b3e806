/**
 * Builds the gRPC server of this daemon: flags become its options, and the daemon the interface
 * that its handlers use.
 */
import type { MaglevError } from "../base/errors.ts";
import type { Clock, Logger } from "../base/ports.ts";
import { type ListenAddress, parseListenAddress } from "../base/listen_address.ts";
import type { FleetRequests } from "../fleet/member/requests/requests.ts";
import { METHODS, type ServedMethod } from "../grpc/calls/methods.ts";
import type { DaemonApi, GrpcObserver } from "../grpc/calls/daemon_api.ts";
import type { GrpcServer } from "../grpc/server/server.ts";
import type { HistoryReader } from "../history/history.ts";
import type { LogBroadcaster } from "../log/broadcaster.ts";
import type { MaglevdSettings } from "./flags.ts";
import type { Reloader } from "./reload.ts";
import type { Daemon } from "./wire.ts";

/** The settings that are about gRPC. */
export type GrpcSettings = Pick<
  MaglevdSettings,
  | "grpc-addr"
  | "reflection"
  | "grpc-tls-cert"
  | "grpc-tls-key"
  | "grpc-client-ca"
  | "grpc-tokens"
  | "grpc-anonymous-role"
>;

export interface GrpcOptions {
  readonly settings: GrpcSettings;
  readonly daemon: Daemon;
  /** Absent: no store of a fleet. */
  readonly fleet?: FleetRequests | undefined;
  readonly reloader: Reloader;
  readonly broadcaster: LogBroadcaster;
  readonly history: HistoryReader;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly observer: GrpcObserver;
}

/** The error in the settings, as a message about a flag; undefined: they are valid. */
export function badGrpcSettings(settings: GrpcSettings): string | undefined {
  const address = settings["grpc-addr"];
  const parsed = address === "" ? undefined : parseListenAddress(address);
  if (typeof parsed === "string") return `flag --grpc-addr: cannot use "${address}": ${parsed}`;
  const [cert, key, ca] = [
    settings["grpc-tls-cert"],
    settings["grpc-tls-key"],
    settings["grpc-client-ca"],
  ];
  if ((cert === "") !== (key === "")) {
    return "flags --grpc-tls-cert and --grpc-tls-key: need both or neither";
  }
  if (ca !== "" && cert === "") return "flag --grpc-client-ca: needs --grpc-tls-cert too";
  if (parsed?.kind === "unix" && cert !== "") {
    return "flag --grpc-tls-cert: a unix socket has no TLS";
  }
  return undefined;
}

/** Flags that name a file which is read when the server starts. */
const FILE_FLAGS = ["grpc-tokens", "grpc-tls-cert", "grpc-tls-key", "grpc-client-ca"] as const;

/** The flag that made a start fail: the one whose file is refused, otherwise the address. */
export function flagOfFailure(
  { path }: MaglevError,
  settings: GrpcSettings,
): keyof GrpcSettings {
  return FILE_FLAGS.find((flag) => path !== undefined && settings[flag] === path) ?? "grpc-addr";
}

/** The server, not listening yet; undefined when it is switched off. */
export async function createGrpcServer(options: GrpcOptions): Promise<GrpcServer | undefined> {
  const { settings, observer } = options;
  const address = addressOf(settings["grpc-addr"]);
  if (address === undefined) return undefined;
  // Loaded on demand: `--version` and `--check` are faster without it, and a permission that the
  // library lacks is then reported like any other error of the start.
  const { GrpcServer } = await import("../grpc/server/server.ts");
  const cert = settings["grpc-tls-cert"];
  return new GrpcServer({
    address,
    reflection: settings.reflection,
    tls: cert === ""
      ? undefined
      : { cert, key: settings["grpc-tls-key"], clientCa: settings["grpc-client-ca"] },
    tokens: settings["grpc-tokens"],
    anonymousRole: settings["grpc-anonymous-role"],
    daemon: daemonApiOf(options),
    observer,
  });
}

/** The methods that a server of these settings has. */
export function servedMethods({ reflection }: Pick<GrpcSettings, "reflection">): ServedMethod[] {
  const isReflection = ({ service }: ServedMethod) => service.startsWith("grpc.reflection.");
  return [...METHODS.values()].filter((method) => reflection || !isReflection(method));
}

function addressOf(text: string): ListenAddress | undefined {
  const parsed = text === "" ? undefined : parseListenAddress(text);
  return typeof parsed === "string" ? undefined : parsed;
}

function daemonApiOf(options: GrpcOptions): DaemonApi {
  const { daemon, fleet, reloader, broadcaster, history, logger, clock } = options;
  const { checker, vpp } = daemon;
  return {
    checker,
    fleet,
    vpp,
    config: {
      inForce: () => reloader.inForce,
      async check() {
        const checked = await reloader.check();
        return { verdict: checked, hash: checked.ok ? checked.loaded.hash : "" };
      },
      reload: ({ peer, identity }, planHash) =>
        reloader.reload(identity === "" ? peer : identity, planHash),
      plan: (signal) => reloader.plan(signal),
    },
    readiness: daemon,
    probers: daemon.engine,
    announcer: daemon.announcer,
    history,
    broadcaster,
    logger,
    clock,
    startedAtMs: clock.wallMs(),
  };
}

/** Counts nothing. */
export const NO_OBSERVER: GrpcObserver = {
  started: () => {},
  handled: () => {},
  received: () => {},
  sent: () => {},
};
