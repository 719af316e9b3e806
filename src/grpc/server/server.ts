/**
 * The gRPC server: the sockets of listener.ts, HTTP/2 and calls of @grpc/grpc-js, and our handlers.
 */
import * as grpc from "@grpc/grpc-js";
import { Coalesced } from "../../async/coalesce.ts";
import { settledWithin } from "../../async/deadline.ts";
import { MaglevError } from "../../base/errors.ts";
import type { Clock, LogFields, Logger, Timer } from "../../base/ports.ts";
import { ActiveCalls, type AnswerBudget, DEFAULT_BUDGET } from "../calls/active_calls.ts";
import type { ListenAddress } from "../../base/listen_address.ts";
import type { AccessPolicy } from "../calls/auth.ts";
import type { Role } from "../calls/methods.ts";
import { type ConnectionQuota, DEFAULT_QUOTA } from "./connection_limits.ts";
import { HealthService } from "./health.ts";
import { CallWatch } from "../calls/interceptors.ts";
import { RefusedActions } from "../calls/refused_actions.ts";
import { GONE, Listener } from "./listener.ts";
import type { DaemonApi, GrpcObserver } from "../calls/daemon_api.ts";
import { openPeerUsers, type PeerUsers } from "../../system/peer_users.ts";
import { closeSessionsLater } from "../session_close.ts";
import { addServices } from "./services.ts";
import { readTlsFiles, type TlsPaths } from "./tls_files.ts";
import { readTokenFile, type TokenTable } from "../calls/tokens.ts";
import { TimeSlices } from "../../async/time_slices.ts";

/** Options of the server. */
export interface GrpcServerOptions {
  readonly address: ListenAddress;
  readonly reflection: boolean;
  /** Undefined: no TLS. */
  readonly tls: TlsPaths | undefined;
  /** Path of the token file; empty: no tokens. */
  readonly tokens: string;
  readonly anonymousRole: Role;
  readonly daemon: DaemonApi;
  readonly observer: GrpcObserver;
  readonly quota?: ConnectionQuota;
  readonly budget?: AnswerBudget;
}

/** Largest request, in bytes. */
const MAX_REQUEST_BYTES = 256 * 1024;
/** Maximum number of calls at a time on one connection; the standard recommends at least this. */
const MAX_STREAMS = 100;
/** A connection without calls is closed after this time; clients reconnect when they need to. */
const MAX_IDLE_MS = 30 * 60_000;
/** Interval of keepalive pings, and the time for an answer. */
const KEEPALIVE_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 15_000;
/** Time that ended calls have to send their status when the daemon stops. */
const DRAIN_MS = 400;
/** Maximum number of records of refused connections per second. */
const REFUSALS_PER_SECOND = 5;

/** Serves the API from listen() to stop(). */
export class GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #active: ActiveCalls;
  readonly #watch: CallWatch;
  readonly #health: HealthService;
  readonly #refusals: RefusalLog;
  readonly #refusedActions: RefusedActions;
  #tokens: TokenTable | undefined;
  readonly #reloads = new Coalesced(() => this.#reloadAll());
  #server: grpc.Server | undefined;
  #users: PeerUsers | undefined;
  #listener: Listener | undefined;

  constructor(options: GrpcServerOptions) {
    closeSessionsLater();
    const { daemon, observer } = options;
    this.#options = options;
    this.#clock = daemon.clock;
    this.#logger = daemon.logger;
    this.#active = new ActiveCalls(options.budget ?? DEFAULT_BUDGET);
    this.#watch = new CallWatch(observer, daemon.clock);
    this.#health = new HealthService({ readiness: daemon.readiness, clock: daemon.clock });
    this.#refusals = new RefusalLog(daemon.clock, daemon.logger);
    this.#refusedActions = new RefusedActions(daemon.clock, daemon.logger);
  }

  /**
   * Reads tokens and certificates, and accepts calls from now on. Returns the addresses it listens
   * on.
   *
   * @throws {MaglevError} with a message for operators: a port in use, a file that cannot be used
   */
  async listen(): Promise<readonly string[]> {
    const { address, tls, tokens, quota } = this.#options;
    if (tls !== undefined && address.kind === "unix") {
      throw new MaglevError("invalid-argument", "cannot use TLS on a unix socket; leave it off");
    }
    this.#tokens = tokens === "" ? undefined : await readTokenFile(tokens);
    const material = tls === undefined ? undefined : await readTlsFiles(tls);
    const server = this.#createServer();
    if (address.kind === "unix") this.#users = openPeerUsers();
    // The listener does TLS: the library gets plain streams.
    const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
    const listener = new Listener({
      address,
      tls: material,
      quota: quota ?? DEFAULT_QUOTA,
      users: this.#users,
      clock: this.#clock,
      onConnection: (socket) => injector.injectConnection(socket),
      onRefused: (fields) => this.#refusals.add(fields),
    });
    this.#listener = listener;
    const addresses = await listener.listen();
    for (const address of addresses) {
      this.#logger.info("grpc-listen", { address, ...accessFields(this.#policy, tls) });
    }
    return addresses;
  }

  /**
   * Reads tokens and certificates again. Connections stay; new calls are authorised by the new
   * tokens. A file that cannot be used is logged, and its previous content stays in force. Tokens
   * and certificates are replaced independently, so that a bad certificate does not keep a revoked
   * token valid. Calls during a reload share one more reload.
   */
  reload(): Promise<void> {
    return this.#reloads.run(undefined);
  }

  /**
   * Sends NOT_SERVING to watchers of health, ends all calls with UNAVAILABLE, then the connections;
   * takes at most about DRAIN_MS.
   */
  async stop(): Promise<void> {
    const [server, listener] = [this.#server, this.#listener];
    this.#server = undefined;
    this.#listener = undefined;
    this.#health.stop();
    this.#active.stop();
    await listener?.close();
    if (server !== undefined) await this.#drain(server);
    listener?.destroyConnections();
    this.#users?.close();
    this.#watch.close();
    this.#refusals.close();
    this.#refusedActions.close();
  }

  async #reloadAll(): Promise<void> {
    const { tls, tokens } = this.#options;
    if (tls === undefined && tokens === "") return;
    const wrong: string[] = [];
    try {
      if (tokens !== "") this.#tokens = await readTokenFile(tokens);
    } catch (error) {
      wrong.push(`${MaglevError.from(error).message}; keeping the previous tokens`);
    }
    try {
      if (tls !== undefined) this.#listener?.renewTls(await readTlsFiles(tls));
    } catch (error) {
      wrong.push(`${MaglevError.from(error).message}; keeping the previous certificate`);
    }
    const fields = accessFields(this.#policy, tls);
    if (wrong.length === 0) this.#logger.info("grpc-reload", { ok: true, ...fields });
    else {
      this.#logger.error("grpc-reload", { ok: false, err: wrong.join("; "), ...fields });
    }
  }

  get #policy(): AccessPolicy {
    const { tls, anonymousRole } = this.#options;
    const clientCertificates = tls !== undefined && tls.clientCa !== "";
    return { tokens: this.#tokens, clientCertificates, anonymousRole };
  }

  #createServer(): grpc.Server {
    const { daemon, reflection } = this.#options;
    const server = new grpc.Server({
      "grpc.max_receive_message_length": MAX_REQUEST_BYTES,
      "grpc.max_concurrent_streams": MAX_STREAMS,
      "grpc.max_connection_idle_ms": MAX_IDLE_MS,
      "grpc.keepalive_time_ms": KEEPALIVE_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
      "grpc.enable_channelz": 0,
      interceptors: [this.#watch.interceptor],
    });
    this.#server = server;
    addServices(server, {
      daemon,
      reflection,
      health: this.#health,
      environment: {
        policy: () => this.#policy,
        peer: (key) => this.#listener?.peer(key) ?? GONE,
        active: this.#active,
        refusedActions: this.#refusedActions,
        slices: new TimeSlices(this.#clock),
        clock: this.#clock,
        logger: this.#logger,
      },
    });
    return server;
  }

  /** Waits until connections have ended by themselves, and ends those that do not. */
  async #drain(server: grpc.Server): Promise<void> {
    const drained = Promise.withResolvers<void>();
    server.tryShutdown(() => drained.resolve());
    await settledWithin(drained.promise, { clock: this.#clock, deadlineMs: DRAIN_MS });
    server.forceShutdown();
  }
}

function accessFields(policy: AccessPolicy, tls: TlsPaths | undefined): LogFields {
  return {
    tls: tls === undefined ? "off" : tls.clientCa === "" ? "on" : "mutual",
    tokens: policy.tokens?.size ?? 0,
    anonymous: policy.anonymousRole,
  };
}

/** Logs at debug why connections were refused, at a limited rate. */
class RefusalLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #count = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  add(fields: LogFields): void {
    this.#count++;
    if (this.#count <= REFUSALS_PER_SECOND) this.#logger.debug("grpc-refused", fields);
    this.#timer ??= this.#clock.after(1000, () => {
      const more = this.#count - REFUSALS_PER_SECOND;
      if (more > 0) this.#logger.debug("grpc-refused", { count: more });
      this.close();
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#count = 0;
  }
}
