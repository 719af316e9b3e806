/**
 * Keeps one VPP connected: connect, see who it is, watch that it lives, and from the start again
 * when it does not. Its users see two states, connected and disconnected, and use what the
 * connected one holds until the next change.
 *
 * API and stats segment are one unit: the connection is up when both are, and an end of one tears
 * both down. The segment comes in through `openStats`; without it there is the API alone.
 */
import { MaglevError } from "../base/errors.ts";
import { isPermissionFault } from "../base/permission.ts";
import type { Clock, Logger, Timer } from "../base/ports.ts";
import { REQUEST_DEADLINE_MS, VppClient } from "./client.ts";
import type { Call } from "./exchange.ts";
import { demandMessages, missingForWeights, openLb } from "./lb_dialect.ts";
import { demandOk } from "./lb_requests.ts";
import type {
  ApiObserver,
  ConnectionState,
  StatsSession,
  Transport,
  VppConnection,
  VppInfo,
} from "./ports.ts";
import { connectTransport } from "./transport/connect.ts";
import type { MessageCodec } from "./wire/codec.ts";
import {
  controlPing,
  controlPingReply,
  memclntKeepalive,
  memclntKeepaliveReply,
  showVersion,
  type ShowVersionReply,
  showVersionReply,
} from "./wire/messages.ts";

/** What VPP calls us. */
const CLIENT_NAME = "vpp-maglev";

const RETRY_MS = 500;
const CONNECT_DEADLINE_MS = 5000;
const PING_INTERVAL_MS = 10_000;
const PING_DEADLINE_MS = REQUEST_DEADLINE_MS;
/** A VPP that stays away is named again this often. */
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
    demandOk("show_version", reply.retval);
    return reply;
  },
};

/** What a connect may depend on. */
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
}

/** A connection that is not started yet. */
export function createVppConnection(options: VppConnectionOptions): VppConnection {
  return new Connection(options);
}

/** One unit of API and stats, from connect to tear-down. */
interface Session {
  readonly client: VppClient;
  readonly stats: StatsSession | undefined;
  pingTimer: Timer | undefined;
}

class Connection implements VppConnection {
  onChange: (state: ConnectionState) => void = () => {};
  readonly #options: VppConnectionOptions;
  #state: ConnectionState = { kind: "disconnected", reason: "not started" };
  #session: Session | undefined;
  #retryTimer: Timer | undefined;
  /** The attempt under way; resolves in any case. */
  #attempt: Promise<void> = Promise.resolve();
  #running = false;
  #abort = new AbortController();
  /** Monotonic time of the last vpp-connect-failed at warn; undefined after a success. */
  #warnedMs: number | undefined;
  /** Version of the VPP that was last said to have no weights. */
  #weightlessVersion: string | undefined;

  constructor(options: VppConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
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
  }

  /** One attempt. Never rejects: what goes wrong is logged and tried again, unless stopped. */
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

  /** Connects both, or neither. */
  async #open(signal: AbortSignal): Promise<Session> {
    const { apiAddress, statsAddress, clock, logger, observer, openStats } = this.#options;
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
    let stats: StatsSession | undefined;
    try {
      demandMessages(client.table, REQUIRED_MESSAGES);
      const either = AbortSignal.any([signal, opening.signal]);
      stats = await openStats?.(statsAddress ?? "", { ...how, signal: either });
      if (lost !== undefined) throw new MaglevError("unavailable", lost);
      if (signal.aborted) throw new MaglevError("aborted", "stopped");
    } catch (error) {
      client.close();
      stats?.close();
      throw lost === undefined ? error : new MaglevError("unavailable", lost, { cause: error });
    }
    const session: Session = { client, stats, pingTimer: undefined };
    this.#session = session;
    client.onEnd = (reason) => this.#lost(session, reason);
    if (stats !== undefined) stats.onEnd = (reason) => this.#lost(session, `stats: ${reason}`);
    return session;
  }

  /** Learns who VPP is; from then on it is connected. */
  async #greet(session: Session): Promise<void> {
    const { clock, logger, apiAddress, statsAddress } = this.#options;
    const [version, pid, lb] = await Promise.all([
      session.client.request(SHOW_VERSION, {}),
      session.client.ping(),
      openLb(session.client),
    ]);
    // The session may have ended between the answers and here.
    if (this.#session !== session) throw new MaglevError("unavailable", "connection lost");
    const info: VppInfo = {
      version: version.version,
      buildDate: version.buildDate,
      buildDirectory: version.buildDirectory,
      pid,
      connectedAtMs: clock.wallMs(),
      bootAtMs: session.stats?.bootAtMs,
      weights: lb.capabilities.weights,
    };
    this.#warnedMs = undefined;
    this.#pingLater(session);
    logger.info("vpp-connect", {
      version: info.version,
      "build-date": info.buildDate,
      pid,
      api: apiAddress,
      stats: session.stats === undefined ? undefined : statsAddress,
    });
    this.#logWeights(session, info);
    this.#change({ kind: "connected", info, lb, stats: session.stats?.reader });
  }

  /** Said once, not at each connect: it stays so for as long as this VPP is installed. */
  #logWeights(session: Session, { version, weights }: VppInfo): void {
    if (weights || this.#weightlessVersion === version) return;
    this.#weightlessVersion = version;
    this.#options.logger.warn("vpp-no-weights", {
      version,
      missing: missingForWeights(session.client.table),
      consequence: "a server of weight 0 is deleted from VPP, any other weight is 100",
    });
  }

  /** Pings for as long as the session lives; the client itself ends when an answer is missing. */
  #pingLater(session: Session): void {
    session.pingTimer = this.#options.clock.after(PING_INTERVAL_MS, () => {
      session.client.ping({ deadlineMs: PING_DEADLINE_MS }).then(
        () => {
          if (this.#session === session) this.#pingLater(session);
        },
        (error) => this.#lost(session, MaglevError.from(error).message),
      );
    });
  }

  /** The session ended by itself. While it is still being greeted, #connect sees to the rest. */
  #lost(session: Session, reason: string): void {
    if (this.#session !== session) return;
    this.#close(session);
    if (this.#state.kind !== "connected") return;
    this.#options.logger.warn("vpp-disconnect", { reason });
    this.#retryLater();
    this.#change({ kind: "disconnected", reason });
  }

  /** Idempotent; another session that has taken its place meanwhile is left alone. */
  #close(session: Session): void {
    if (this.#session === session) this.#session = undefined;
    session.pingTimer?.cancel();
    session.client.close();
    session.stats?.close();
  }

  #retryLater(): void {
    this.#retryTimer = this.#options.clock.after(RETRY_MS, () => {
      this.#retryTimer = undefined;
      this.#attempt = this.#connect();
    });
  }

  /**
   * The first failure in a row is news, and then one a minute. A missing permission is an error,
   * because no retry can get it.
   */
  #logFailure(error: unknown): void {
    const { clock, logger, apiAddress } = this.#options;
    const reason = MaglevError.from(error).message;
    const nowMs = clock.monotonicMs();
    const due = this.#warnedMs === undefined || nowMs - this.#warnedMs >= REPEAT_LOG_MS;
    if (due) this.#warnedMs = nowMs;
    const level = isPermissionFault(error) ? "error" : "warn";
    logger[due ? level : "debug"]("vpp-connect-failed", { api: apiAddress, reason });
    // Another reason for the same state is no change of it: onChange is not called.
    this.#state = { kind: "disconnected", reason };
  }

  #change(state: ConnectionState): void {
    this.#state = state;
    this.onChange(state);
  }
}
