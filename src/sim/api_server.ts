/**
 * The simulator: replaces a VPP with the lb plugin at its Unix sockets. Clients cannot distinguish
 * it from VPP, except that it injects faults on request, restarts immediately and needs no root.
 *
 * A "life" is the time between two starts of a VPP: plugin state, message ids and pid belong to it
 * and end with it.
 */
import type { Clock } from "../base/ports.ts";
import { memclntKeepalive } from "../vpp/wire/messages.ts";
import { ClientSocket } from "./client_socket.ts";
import { messageIds, withoutMessages } from "./plugin/message_ids.ts";
import { Faults } from "./faults.ts";
import { DEFAULT_STATS_BYTES } from "./plugin/counters.ts";
import { LbPlugin } from "./plugin/plugin.ts";
import type { StatsSegment } from "./stats_segment.ts";
import { StatsServer } from "./stats_server.ts";
import { Pool } from "./plugin/pool.ts";
import { type Release, VERSIONS, WEIGHT_MESSAGES } from "./plugin/release.ts";
import {
  answer,
  type AnsweringVpp,
  type Handlers,
  handlersFor,
  type VersionInfo,
} from "./plugin/requests.ts";

/** The default version of the simulator: the VPP of the recordings. */
export const DEFAULT_VERSION: VersionInfo = {
  version: VERSIONS.main,
  buildDate: "2026-08-22T00:00:00",
  buildDirectory: "/simulator",
};

const DEFAULT_PID = 4711;
/** Top bit of the index of clients that came over the socket (SOCK_API_REG_HANDLE_BIT). */
const SOCKET_CLIENT_BIT = 0x80000000;

/** Options of startSimulator. */
export interface SimulatorOptions {
  /** Of the unix socket. A file that is there is replaced. */
  readonly path: string;
  /** Of the stats socket, which needs the shim; absent: none. */
  readonly statsPath?: string;
  readonly clock: Clock;
  readonly version?: Partial<VersionInfo>;
  readonly faults?: Faults;
  /** The release it is in its first life; default `main`. */
  readonly release?: Release;
  /** Ids of the first life's messages; default: its own. */
  readonly messageTable?: ReadonlyMap<string, number>;
  /** Of the first life, each later one having the next; default 4711. */
  readonly pid?: number;
  /** Size of the stats segment; default: that of VPP. */
  readonly statsBytes?: number;
}

/** A running simulator. */
export interface Simulator {
  readonly path: string;
  /** Path of the stats socket; undefined without one. */
  readonly statsPath: string | undefined;
  /** The plugin of this life: ask again after a restart. */
  readonly plugin: LbPlugin;
  readonly faults: Faults;
  /** The stats segment of this life, when there is a stats socket. */
  readonly segment: StatsSegment | undefined;
  readonly pid: number;
  /** Clients connected. */
  readonly clients: number;
  /** The reasons why lives ended by themselves: requests or packets that crash VPP. */
  readonly deaths: readonly string[];
  /** Requests handled in this life, by name without CRC. */
  readonly requests: ReadonlyMap<string, number>;
  /**
   * Dies as by kill -9 (sockets end, the socket's file stays and refuses) and comes back after
   * `downMs` (default 0) empty, with other ids and pid, and as another `release` when one is
   * given. Resolves when it is back. A simulator that died by itself only comes back by this.
   */
  restart(options?: RestartOptions): Promise<void>;
  /** Sends memclnt_keepalive to every client. */
  sendKeepalive(): void;
  /** Ends it and removes the socket's file; resolves when nothing is left. Idempotent. */
  stop(): Promise<void>;
}

/** Options of Simulator.restart(). */
export interface RestartOptions {
  readonly downMs?: number;
  readonly release?: Release;
}

/** Starts a simulator. Throws what Deno.listen throws when the path cannot be listened on. */
export function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const simulator = new RunningSimulator(options);
  simulator.listen();
  return Promise.resolve(simulator);
}

/** Everything that a restart loses. */
interface Life {
  readonly number: number;
  readonly release: Release;
  readonly pid: number;
  readonly plugin: LbPlugin;
  readonly ids: ReadonlyMap<string, number>;
  readonly requests: Map<string, number>;
  readonly stats: StatsServer | undefined;
}

/** A client with the message table it was given. */
interface Client {
  readonly socket: ClientSocket;
  readonly handlers: Handlers;
  readonly vpp: AnsweringVpp;
}

class RunningSimulator implements Simulator {
  readonly path: string;
  readonly statsPath: string | undefined;
  readonly faults: Faults;
  readonly #options: SimulatorOptions;
  #life: Life;
  #listener: Deno.UnixListener | undefined;
  #clients = newClients();
  readonly #running = new Set<Promise<void>>();
  /** Set while it is down between two lives: ends that immediately. */
  #comeBack: (() => void) | undefined;
  #stopped = false;
  readonly deaths: string[] = [];
  /** True while it is dead by itself. */
  #dead = false;
  /** Set while it is frozen. */
  #thawed: PromiseWithResolvers<void> | undefined;

  constructor(options: SimulatorOptions) {
    this.path = options.path;
    this.statsPath = options.statsPath;
    this.faults = options.faults ?? new Faults();
    this.#options = options;
    this.#life = this.#begin(0, options.release ?? "main");
    this.faults.watch(() => this.#applyFaults());
  }

  get plugin(): LbPlugin {
    this.#life.plugin.advance(this.#options.clock.monotonicMs());
    return this.#life.plugin;
  }

  get segment(): StatsSegment | undefined {
    return this.#life.stats?.segment;
  }

  get pid(): number {
    return this.#life.pid;
  }

  get clients(): number {
    return this.#clients.size - 1;
  }

  get requests(): ReadonlyMap<string, number> {
    return this.#life.requests;
  }

  /** Opens the socket, unless it is to stay closed. */
  listen(): void {
    const down = this.#stopped || this.#dead || this.#comeBack !== undefined ||
      this.faults.refuseConnections;
    if (down || this.#listener !== undefined) return;
    this.#life.stats?.listen();
    // Deno removes the name it listened on when the listener closes. A VPP that dies leaves its
    // file, and connects to it are refused. So it listens under another name.
    const name = `${this.path}.new`;
    removeFile(name);
    this.#listener = Deno.listen({ transport: "unix", path: name });
    Deno.renameSync(name, this.path);
    this.#track(this.#accept(this.#listener));
  }

  async restart(options: RestartOptions = {}): Promise<void> {
    if (this.#stopped || this.#comeBack !== undefined) return;
    if (!this.#dead) this.#die();
    this.#dead = false;
    this.#life = this.#begin(this.#life.number + 1, options.release ?? this.#life.release);
    if ((options.downMs ?? 0) > 0) await this.#pause(options.downMs!);
    this.listen();
  }

  sendKeepalive(): void {
    for (const client of this.#clients) {
      const id = client?.vpp.ids.get(memclntKeepalive.key);
      if (client === undefined || id === undefined) continue;
      const { clientIndex } = client.socket;
      client.socket.send(memclntKeepalive.encode({ id, clientIndex, context: 0 }, {}));
    }
  }

  async stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true;
      this.faults.watch(() => {});
      this.#comeBack?.();
      if (!this.#dead) this.#die();
      this.#thawed?.resolve();
      for (const path of [this.path, this.#options.statsPath ?? []].flat()) removeFile(path);
    }
    await Promise.all(this.#running);
  }

  #begin(number: number, release: Release): Life {
    const { clock, messageTable, pid = DEFAULT_PID } = this.#options;
    const plugin = new LbPlugin(clock.monotonicMs(), { statsBytes: this.#statsBytes });
    plugin.onDeath = (reason) => {
      this.deaths.push(reason);
      this.#dead = true;
      this.#die();
    };
    const ids = number === 0 && messageTable !== undefined ? messageTable : messageIds(number);
    return {
      number,
      release,
      pid: pid + number,
      plugin,
      stats: this.#beginStats(plugin),
      ids: release === "main" ? ids : withoutMessages(ids, new Set(WEIGHT_MESSAGES)),
      requests: new Map(),
    };
  }

  #beginStats({ counters }: LbPlugin): StatsServer | undefined {
    const { clock, statsPath: path } = this.#options;
    if (path === undefined) return undefined;
    const mayServe = () => this.#mayServe();
    const sizeBytes = this.#statsBytes;
    return new StatsServer({ path, sizeBytes, clock, counters, faults: this.faults, mayServe });
  }

  get #statsBytes(): number {
    return this.#options.statsBytes ?? DEFAULT_STATS_BYTES;
  }

  #mayServe(): Promise<void> {
    return this.#thawed?.promise ?? Promise.resolve();
  }

  /** Ends the listeners and every connection immediately. */
  #die(): void {
    this.#listener?.close();
    this.#listener = undefined;
    for (const client of this.#clients) client?.socket.close();
    this.#clients = newClients();
    this.#track(this.#life.stats?.die());
  }

  async #pause(ms: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(ms, over.resolve);
    this.#comeBack = over.resolve;
    await over.promise;
    timer.cancel();
    this.#comeBack = undefined;
  }

  #applyFaults(): void {
    this.#life.stats?.applyFaults();
    if (this.faults.refuseConnections) {
      this.#listener?.close();
      this.#listener = undefined;
      this.#track(this.#life.stats?.refuse());
    } else {
      this.listen();
    }
    if (this.faults.frozen) {
      this.#thawed ??= Promise.withResolvers<void>();
    } else {
      this.#thawed?.resolve();
      this.#thawed = undefined;
    }
  }

  async #accept(listener: Deno.UnixListener): Promise<void> {
    try {
      for (;;) this.#serve(await listener.accept());
    } catch (error) {
      const closed = error instanceof Deno.errors.BadResource ||
        error instanceof Deno.errors.Interrupted;
      if (!closed) throw error;
    }
  }

  #serve(conn: Deno.UnixConn): void {
    const clients = this.#clients;
    const life = this.#life;
    const index = clients.take((index) => {
      const clientIndex = (SOCKET_CLIENT_BIT | index) >>> 0;
      const ids = withoutMessages(life.ids, this.faults.omit);
      const { plugin, pid, release } = life;
      const version = { ...DEFAULT_VERSION, version: VERSIONS[release], ...this.#options.version };
      const vpp = { plugin, release, ids, clientIndex, pid, version, faults: this.faults };
      const socket = new ClientSocket(conn, {
        clientIndex,
        clock: this.#options.clock,
        faults: this.faults,
        mayHandle: () => this.#mayServe(),
        onMessage: (message) => this.#handle(message, client),
      });
      const client: Client = { socket, vpp, handlers: handlersFor(ids) };
      return client;
    });
    const client = clients.at(index)!;
    this.#track(client.socket.done.finally(() => clients.put(index)));
  }

  #handle(message: Uint8Array, client: Client): void {
    client.vpp.plugin.advance(this.#options.clock.monotonicMs());
    const result = answer(message, client);
    // Of its last request a VPP that dies answers nothing.
    if (result === undefined || client.vpp.plugin.death !== undefined) return;
    const { requests } = this.#life;
    requests.set(result.request, (requests.get(result.request) ?? 0) + 1);
    const target = result.clientIndex === undefined ? client : this.#client(result.clientIndex);
    for (const reply of result.replies) target?.socket.send(reply);
    if (result.request === "sockclnt_delete" && target !== undefined) target.socket.closing = true;
  }

  #client(clientIndex: number): Client | undefined {
    const isSocket = (clientIndex & SOCKET_CLIENT_BIT) !== 0;
    return isSocket ? this.#clients.at(clientIndex & ~SOCKET_CLIENT_BIT) : undefined;
  }

  #track(work: Promise<void> | undefined): void {
    if (work === undefined) return;
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}

/** A pool of clients whose index 0 is the listening socket's, as in VPP. */
function newClients(): Pool<Client | undefined> {
  const clients = new Pool<Client | undefined>();
  clients.take(() => undefined);
  return clients;
}

function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
