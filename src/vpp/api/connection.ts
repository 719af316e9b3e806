/**
 * Keeps one VPP connected: connects, identifies it, pings it, and connects again when it is lost.
 * It has two states, connected and disconnected. The values of the connected state are valid until
 * the next change.
 *
 * The API is the connection. The stats segment, opened by `openStats` at connect, belongs to it.
 * When the segment is missing or ends, VPP is programmed without counters, and
 * stats/attendant.ts retries it.
 */
import { Emitter } from "../../async/emitter.ts";
import { MaglevError } from "../../base/errors.ts";
import type { MonotonicMs } from "../../base/instant.ts";
import { isPermissionFault } from "../../base/permission.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import { REQUEST_DEADLINE_MS, VppClient } from "./client.ts";
import type { Call } from "./exchange.ts";
import { missingForWeights, openLb, requireMessages } from "./lb_dialect.ts";
import { expectOk } from "./lb_requests.ts";
import type {
  ApiObserver,
  ConnectionState,
  StatsSession,
  Transport,
  VppConnection,
  VppInfo,
} from "../ports.ts";
import { StatsAttendant } from "../stats/attendant.ts";
import { connectTransport } from "../transport/connect.ts";
import type { MessageCodec } from "../wire/codec.ts";
import {
  controlPing,
  controlPingReply,
  memclntKeepalive,
  memclntKeepaliveReply,
  showVersion,
  type ShowVersionReply,
  showVersionReply,
} from "../wire/messages.ts";

/** The name of this client in VPP. */
const CLIENT_NAME = "vpp-maglev";

const RETRY_MS = 500;
const CONNECT_DEADLINE_MS = 5000;
const PING_INTERVAL_MS = 10_000;
const PING_DEADLINE_MS = REQUEST_DEADLINE_MS;
/** Period of the warnings while VPP cannot be reached. */
const REPEAT_LOG_MS = 60_000;

const REQUIRED_MESSAGES: readonly MessageCodec<unknown>[] = [
  controlPing,
  controlPingReply,
  memclntKeepalive,
  memclntKeepaliveReply,
  showVersion,
  showVersionReply,
];

const SHOW_VERSION: Call<Record<string, never>, ShowVersionReply, ShowVersionReply> = {
  request: showVersion,
  reply: showVersionReply,
  result(reply) {
    expectOk("show_version", reply.retval);
    return reply;
  },
};

/** Options of a connect. */
export interface ConnectOptions {
  readonly clientName: string;
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Options of createVppConnection. */
export interface VppConnectionOptions {
  /** Path of the API socket, or `shm:` or `shm:PREFIX`. */
  readonly apiAddress: string;
  /** Path of the stats socket, for the log; empty when `openStats` is absent. */
  readonly statsAddress?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: ApiObserver;
  /** Default: connectTransport. */
  readonly connect?: (address: string, options: ConnectOptions) => Promise<Transport>;
  readonly openStats?: (address: string, options: ConnectOptions) => Promise<StatsSession>;
  /** Processor of this host, and so of VPP; default: the real one. */
  readonly arch?: string;
}

/** Creates a connection that is not started yet. */
export function createVppConnection(options: VppConnectionOptions): VppConnection {
  return new Connection(options);
}

/** The state from connect to close. */
interface Session {
  readonly client: VppClient;
  readonly stats: StatsAttendant | undefined;
  pingTimer: Timer | undefined;
  /** True while a ping is unanswered. */
  pinging: boolean;
}

class Connection implements VppConnection {
  readonly #changes = new Emitter<ConnectionState>((error) => {
    throw error;
  });
  readonly #options: VppConnectionOptions;
  #state: ConnectionState = { kind: "disconnected", reason: "not tried yet" };
  #session: Session | undefined;
  #retryTimer: Timer | undefined;
  /** The attempt under way; never rejects. */
  #attempt: Promise<void> = Promise.resolve();
  #running = false;
  /** Resolves when the previous session is closed. */
  #closed: Promise<void> = Promise.resolve();
  #abort = new AbortController();
  /** Monotonic time of the last vpp-connect-failed at warn; undefined after a success. */
  #warnedMs: MonotonicMs | undefined;
  /** Version of the VPP for which vpp-no-weights was logged last. */
  #weightlessVersion: string | undefined;
  #platformSaid = false;

  constructor(options: VppConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  subscribe(listener: (state: ConnectionState) => void): () => void {
    return this.#changes.subscribe(listener);
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#abort = new AbortController();
    this.#attempt = this.#connect();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#abort.abort();
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    if (this.#session !== undefined) this.#close(this.#session);
    if (this.#state.kind === "connected") this.#change({ kind: "disconnected", reason: "stopped" });
    await this.#attempt;
    await this.#closed;
  }

  /** Makes one attempt. Never rejects: a failure is logged and retried, unless stopped. */
  async #connect(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const session = await this.#open(signal);
      try {
        await this.#greet(session);
      } catch (error) {
        this.#close(session);
        throw error;
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#logFailure(error);
      this.#retryLater();
    }
  }

  /** Connects to the API, and to the stats segment unless that takes too long. */
  async #open(signal: AbortSignal): Promise<Session> {
    const { apiAddress, clock, logger, observer } = this.#options;
    const connect = this.#options.connect ?? connectTransport;
    const how = {
      clientName: CLIENT_NAME,
      deadlineMs: CONNECT_DEADLINE_MS,
      clock,
      signal,
    };
    const transport = await connect(apiAddress, how);
    const client = new VppClient(transport, { clock, logger, observer });
    const opening = new AbortController();
    let lost: string | undefined;
    client.onEnd = (reason) => {
      lost = reason;
      opening.abort();
    };
    const stats = this.#statsAttendant();
    try {
      requireMessages(client.table, REQUIRED_MESSAGES);
      await stats?.open(AbortSignal.any([signal, opening.signal]));
      if (lost !== undefined) throw new MaglevError("unavailable", lost);
      if (signal.aborted) throw new MaglevError("aborted", "stopped");
    } catch (error) {
      client.close();
      stats?.close();
      throw lost === undefined ? error : new MaglevError("unavailable", lost, { cause: error });
    }
    const session: Session = { client, stats, pingTimer: undefined, pinging: false };
    this.#session = session;
    client.onEnd = (reason) => this.#lost(session, reason);
    if (stats !== undefined) stats.onChange = (now) => this.#statsChanged(session, now);
    return session;
  }

  #statsAttendant(): StatsAttendant | undefined {
    const { statsAddress: address = "", clock, logger, openStats } = this.#options;
    if (openStats === undefined) return undefined;
    const open = (deadlineMs: number, signal: AbortSignal) =>
      openStats(address, { clientName: CLIENT_NAME, deadlineMs, clock, signal });
    return new StatsAttendant({ address, clock, logger, open });
  }

  /** The stats segment of a connected VPP was opened or ended. */
  #statsChanged(session: Session, stats: StatsSession | undefined): void {
    if (this.#session !== session || this.#state.kind !== "connected") return;
    const { info, lb } = this.#state;
    const bootAtMs = stats?.bootAtMs ?? info.bootAtMs;
    this.#change({ kind: "connected", info: { ...info, bootAtMs }, lb, stats: stats?.reader });
  }

  /** Identifies VPP; from then on it is connected. */
  async #greet(session: Session): Promise<void> {
    const { clock, logger, apiAddress, statsAddress } = this.#options;
    const [version, pid, lb] = await Promise.all([
      session.client.request(SHOW_VERSION, {}),
      session.client.ping(),
      openLb(session.client),
    ]);
    // The session may have ended since the replies.
    if (this.#session !== session) throw new MaglevError("unavailable", "connection lost");
    const info: VppInfo = {
      version: version.version,
      buildDate: version.buildDate,
      buildDirectory: version.buildDirectory,
      pid,
      connectedAtMs: clock.wallMs(),
      bootAtMs: session.stats?.session?.bootAtMs,
      weights: lb.capabilities.weights,
    };
    this.#warnedMs = undefined;
    this.#pingLater(session);
    logger.info("vpp-connect", {
      version: info.version,
      "build-date": info.buildDate,
      pid,
      api: apiAddress,
      stats: session.stats?.session === undefined ? undefined : statsAddress,
    });
    this.#logWeights(session, info);
    this.#logPlatform();
    this.#change({ kind: "connected", info, lb, stats: session.stats?.session?.reader });
  }

  /** Without SSE4.2 VPP's lb plugin inverts its lookup of flows (src/plugins/lb/lbhash.h). */
  #logPlatform(): void {
    const { arch = Deno.build.arch, logger } = this.#options;
    if (arch !== "aarch64" || this.#platformSaid) return;
    this.#platformSaid = true;
    logger.warn("vpp-platform", {
      arch,
      message:
        "on this processor VPP's lb plugin sends flows to the server of another flow, even " +
        "of another VIP, and its counters are meaningless; do not use it in production",
    });
  }

  /** Logged once a version, not at each connect, because only another VPP changes it. */
  #logWeights(session: Session, { version, weights }: VppInfo): void {
    if (weights || this.#weightlessVersion === version) return;
    this.#weightlessVersion = version;
    this.#options.logger.warn("vpp-no-weights", {
      version,
      missing: missingForWeights(session.client.table),
      consequence: "a server of weight 0 is deleted from VPP; any other weight counts as 100",
    });
  }

  /** Pings for as long as the session lives. The client itself ends when a reply is missing. */
  #pingLater(session: Session): void {
    session.pingTimer = this.#options.clock.after(PING_INTERVAL_MS, () => {
      session.pinging = true;
      session.client.ping({ deadlineMs: PING_DEADLINE_MS }).then(
        () => {
          session.pinging = false;
          if (this.#session === session) this.#pingLater(session);
        },
        (error) => this.#lost(session, MaglevError.from(error).message),
      );
    });
  }

  /** The session ended by itself. During #greet, #connect handles the failure. */
  #lost(session: Session, reason: string): void {
    if (this.#session !== session) return;
    this.#close(session);
    if (this.#state.kind !== "connected") return;
    const { logger } = this.#options;
    if (session.pinging) logger.warn("vpp-ping-failed", { err: reason });
    logger.warn("vpp-disconnect", { err: reason });
    this.#retryLater();
    this.#change({ kind: "disconnected", reason });
  }

  /** Idempotent; does not affect a session that has replaced this one. */
  #close(session: Session): void {
    if (this.#session === session) this.#session = undefined;
    session.pingTimer?.cancel();
    session.client.close();
    session.stats?.close();
    this.#closed = session.stats?.done() ?? this.#closed;
  }

  #retryLater(): void {
    this.#retryTimer = this.#options.clock.after(RETRY_MS, () => {
      this.#retryTimer = undefined;
      this.#attempt = this.#connect();
    });
  }

  /**
   * Warns of the first failure in a row, then once a minute. A missing permission is an error,
   * because no retry can succeed.
   */
  #logFailure(error: unknown): void {
    const { clock, logger, apiAddress } = this.#options;
    const reason = MaglevError.from(error).message;
    const nowMs = clock.monotonicMs();
    const due = this.#warnedMs === undefined || nowMs - this.#warnedMs >= REPEAT_LOG_MS;
    if (due) this.#warnedMs = nowMs;
    const level = isPermissionFault(error) ? "error" : "warn";
    logger[due ? level : "debug"]("vpp-connect-failed", { api: apiAddress, err: reason });
    // A new reason does not change the state, so no listener is called.
    this.#state = { kind: "disconnected", reason };
  }

  #change(state: ConnectionState): void {
    this.#state = state;
    this.#changes.emit([state]);
  }
}
