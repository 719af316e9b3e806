/**
 * A VPP with the lb plugin as a simulated process: the plugin, the answers and the clients of
 * src/sim, over simulated connections. It dies, restarts empty, freezes, and is changed by others.
 */
import { DEFAULT_STATS_BYTES, THREADS } from "../../../src/sim/plugin/counters.ts";
import { ClientSocket } from "../../../src/sim/client_socket.ts";
import { formatAddress46 } from "../../../src/sim/plugin/address46.ts";
import { messageIds, withoutMessages } from "../../../src/sim/plugin/message_ids.ts";
import { LbPlugin } from "../../../src/sim/plugin/plugin.ts";
import type { Vip } from "../../../src/sim/plugin/types.ts";
import { countAt, TRAFFIC_KINDS } from "../../../src/sim/plugin/traffic.ts";
import { type Release, VERSIONS, WEIGHT_MESSAGES } from "../../../src/sim/plugin/release.ts";
import {
  answer,
  type AnsweringVpp,
  type Handlers,
  handlersFor,
} from "../../../src/sim/plugin/requests.ts";
import type { Transport } from "../../../src/vpp/ports.ts";
import { MaglevError } from "../../../src/base/errors.ts";
import type { ConnectOptions } from "../../../src/vpp/api/connection.ts";
import type { StatsSession } from "../../../src/vpp/ports.ts";
import { openTransport } from "../../../src/vpp/transport/opening.ts";
import { greetVpp } from "../../../src/vpp/transport/unix_socket.ts";
import { RETVAL_OFFSET } from "../../../src/vpp/wire/codec.ts";
import { PluginStats } from "../../support/worlds/plugin_stats.ts";
import { wall } from "../../support/fakes/instants.ts";
import type { Dice } from "./dice.ts";
import { pair, type StreamEnd } from "./stream.ts";
import { ProcessClock, type WorldTime } from "./time.ts";
import { ServerFlows } from "./flows.ts";
import { OPERATIONS, RequestReader, type SentRequest } from "./requests.ts";
import {
  type HadVip,
  linksOf,
  makesOf,
  routedIn,
  type Seen,
  seen,
  type VppMakes,
  type VppView,
} from "./vpp_view.ts";
import { type TakenFault, WatchedFaults } from "./watched_faults.ts";

const SOCKET_CLIENT_BIT = 0x80000000;
const FIRST_PID = 4711;
/** Between the last bytes of a VPP that dies and its death. */
const DYING_MS = 0.5;

/** Everything that ends with a VPP. */
interface Life {
  readonly clock: ProcessClock;
  readonly plugin: LbPlugin;
  readonly ids: ReadonlyMap<string, number>;
  readonly bootAtMs: number;
  readonly ends: Set<StreamEnd>;
  readonly stats: Set<StatsSession>;
  frozen: PromiseWithResolvers<void> | undefined;
}

export interface SimVppOptions {
  /** Size of its stats segment; default: VPP's. */
  readonly statsBytes?: number | undefined;
  readonly time: WorldTime;
  readonly dice: Dice;
  /** Called with the requests of each write of the daemon, in the turn in which it writes. */
  readonly onSent: (requests: readonly SentRequest[]) => void;
  /** Called with each request that VPP refused, without a fault that makes it. */
  readonly onRefused: (request: string, retval: number) => void;
  /** Called when VPP dies of a request that it does not survive. */
  readonly onDeath: (reason: string) => void;
  /** Called when an injected fault takes effect. */
  readonly onFault: (fault: TakenFault) => void;
}

/** VPP dies of the operation that comes after `requests` more. */
export interface Doom {
  readonly requests: number;
  /** So many bytes of its reply are still sent; undefined: no reply. */
  readonly replyBytes: number | undefined;
  /** It is started again after this time. */
  readonly downMs: number;
}

export class SimVpp {
  readonly faults: WatchedFaults;
  readonly #options: SimVppOptions;
  #life: Life | undefined;
  #lives = 0;
  #doom: Doom | undefined;
  #release: Release;
  /** Number of times at which packets came. */
  #received = 0;
  readonly #flows = new ServerFlows();
  /** Nothing listens on the socket. */
  isUnreachable = false;
  /** The stats segment cannot be opened. */
  hasNoStats = false;
  /** Rises with each operation that VPP has carried out, and each change by others. */
  changes = 0;
  /** What the plugin had after so many changes. */
  #seen: Seen | undefined;

  constructor(options: SimVppOptions, release: Release) {
    this.#options = options;
    this.#release = release;
    this.faults = new WatchedFaults(options.onFault);
    this.start();
  }

  get statsBytes(): number {
    return this.#options.statsBytes ?? DEFAULT_STATS_BYTES;
  }

  get release(): Release {
    return this.#release;
  }

  get lives(): boolean {
    return this.#life !== undefined;
  }

  get frozen(): boolean {
    return this.#life?.frozen !== undefined;
  }

  /** Number of starts. */
  get starts(): number {
    return this.#lives;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#life?.ends.size ?? 0;
  }

  /** The plugin; undefined while VPP is dead. */
  get plugin(): LbPlugin | undefined {
    this.#life?.plugin.advance(this.#options.time.nowMs);
    return this.#life?.plugin;
  }

  /** Starts, empty; does nothing while it lives. */
  start(release = this.#release): void {
    if (this.#life !== undefined) return;
    const { time } = this.#options;
    this.#release = release;
    const plugin = new LbPlugin(time.nowMs, { statsBytes: this.statsBytes });
    const life: Life = {
      clock: new ProcessClock(time),
      plugin,
      ids: withoutMessages(
        messageIds(this.#lives++),
        new Set(release === "main" ? [] : WEIGHT_MESSAGES),
      ),
      bootAtMs: Math.floor(time.wallMs / 1000) * 1000,
      ends: new Set(),
      stats: new Set(),
      frozen: undefined,
    };
    plugin.onDeath = (reason) => {
      this.#options.onDeath(reason);
      this.die();
    };
    this.#life = life;
    this.changes++;
  }

  /** Dies as by kill -9. */
  die(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.#cut(life);
    life.clock.kill();
    life.frozen?.resolve();
  }

  /** Undefined takes an earlier doom back. */
  set doom(doom: Doom | undefined) {
    this.#doom = doom;
  }

  /** Cuts all connections; VPP lives on. */
  cut(): void {
    if (this.#life !== undefined) this.#cut(this.#life);
  }

  freeze(): void {
    if (this.#life !== undefined) this.#life.frozen ??= Promise.withResolvers();
  }

  thaw(): void {
    this.#life?.frozen?.resolve();
    if (this.#life !== undefined) this.#life.frozen = undefined;
  }

  /** The VIPs in use, by vipKeyText(). */
  vips(): ReadonlyMap<string, Vip> {
    return this.#look().vips;
  }

  /** The plugin as it is now; looked at again only after changes. */
  #look(): Seen {
    const { plugin, changes } = this;
    const before = this.#seen;
    const isSame = before?.plugin === plugin && before?.changes === changes;
    return before !== undefined && isSame ? before : this.#seen = seen(plugin, changes);
  }

  /** Packets come to each VIP, as many as no other has got. */
  receive(): void {
    const { plugin } = this;
    if (plugin === undefined || this.frozen) return;
    this.#received++;
    for (const vip of this.vips().values()) {
      const packets = 100 + this.#received % 10 + 10 * vip.index;
      const kind = TRAFFIC_KINDS[this.#received % TRAFFIC_KINDS.length]!;
      countAt(plugin, vip, { packets, bytes: 64 * packets, kind });
      for (const server of plugin.serversOf(vip)) {
        this.#flows.send(server, { plugin, nowMs: this.#options.time.nowMs });
      }
    }
  }

  /** When a flow of this server in a VIP (vipKeyText) had its last packet; undefined: never. */
  lastPacketMs(vipKey: string, address: string): number | undefined {
    const vip = this.vips().get(vipKey);
    const server = [...vip === undefined ? [] : this.#life!.plugin.serversOf(vip)]
      .find((each) => formatAddress46(each.address) === address);
    return server && this.#flows.lastMs(server);
  }

  /** The VIPs and servers in use. */
  view(): VppView {
    return this.#look().view;
  }

  /** Addresses of NAT VIPs: VPP takes no other VIP with such an address. */
  natAddresses(): ReadonlySet<string> {
    return this.#look().natAddresses;
  }

  /** The VIPs in use, as links of chains. */
  links(): readonly HadVip[] {
    return linksOf(this.#look());
  }

  /** Addresses that have a route: also those of servers that are deleted and not collected yet. */
  routed(): ReadonlySet<string> {
    return routedIn(this.plugin);
  }

  /** The makes of the VIPs in use. */
  makes(): VppMakes {
    return makesOf(this.#look());
  }

  /** Connects a process of this clock, handshake included. */
  connect(clock: ProcessClock, options: ConnectOptions): Promise<Transport> {
    return openTransport("/run/vpp/api.sock", options, {
      open: async () => {
        await clock.pause(this.#options.dice.between(0.05, 0.5));
        const life = this.#life;
        if (life === undefined || this.isUnreachable) {
          throw new Deno.errors.ConnectionRefused("Connection refused (os error 111)");
        }
        const { near, far } = pair(clock, life.clock, () => this.#delayMs());
        this.#serve(far, life);
        const reader = new RequestReader(life.ids);
        near.onWrite = (bytes) => {
          const sent = reader.push(bytes);
          // A VPP that is dead carries nothing out.
          if (sent.length > 0 && this.#life === life) this.#options.onSent(sent);
        };
        return near;
      },
      greet: (stream) => greetVpp(stream, options),
    });
  }

  /** Opens the stats segment. */
  async openStats(clock: ProcessClock): Promise<StatsSession> {
    await clock.pause(this.#options.dice.between(0.05, 2));
    const life = this.#life;
    if (life === undefined || this.hasNoStats) {
      throw new MaglevError("unavailable", "cannot connect to the stats socket: refused");
    }
    const stats = new PluginStats(() => life.plugin.counters);
    const session: StatsSession = {
      bootAtMs: wall(life.bootAtMs),
      reader: {
        prepare: (queries) => stats.prepare(queries),
        room: () => ({ sizeBytes: this.statsBytes, threads: THREADS, routes: undefined }),
      },
      onEnd: () => {},
      close: () => void life.stats.delete(session),
    };
    life.stats.add(session);
    return session;
  }

  /** The stats segment of the connected clients becomes invalid. */
  endStats(): void {
    for (const session of [...this.#life?.stats ?? []]) {
      this.#life?.stats.delete(session);
      session.onEnd("the segment is invalid");
    }
  }

  #delayMs(): number {
    return this.#options.dice.between(0.02, 0.4);
  }

  #cut(life: Life): void {
    for (const end of life.ends) end.close();
    life.ends.clear();
  }

  #serve(end: StreamEnd, life: Life): void {
    const { dice } = this.#options;
    const clientIndex = (SOCKET_CLIENT_BIT | dice.integer(1, 1000)) >>> 0;
    const { plugin, ids } = life;
    const version = { version: VERSIONS[this.#release], buildDate: "2026", buildDirectory: "/" };
    const pid = FIRST_PID + this.#lives;
    const vpp: AnsweringVpp = {
      plugin,
      release: this.#release,
      ids,
      clientIndex,
      pid,
      version,
      faults: this.faults,
    };
    const handlers: Handlers = handlersFor(ids);
    life.ends.add(end);
    const socket = new ClientSocket(end, {
      clientIndex,
      clock: life.clock,
      faults: this.faults,
      mayHandle: () => life.frozen?.promise ?? Promise.resolve(),
      onMessage: (message) => {
        if (life.clock.dead || this.#life !== life) return;
        plugin.advance(this.#options.time.nowMs);
        this.faults.hasRefused = false;
        const result = answer(message, { handlers, vpp });
        if (result === undefined || plugin.death !== undefined) return;
        if (OPERATIONS.has(result.request)) {
          this.changes++;
          if (this.#isDoomed(socket, result.replies)) return;
        }
        for (const reply of result.replies) {
          if (!this.faults.hasRefused) this.#noteRefusal(result.request, reply);
          socket.send(reply);
        }
        if (result.request === "sockclnt_delete") socket.closing = true;
      },
    });
    void socket.done.then(() => life.ends.delete(end));
  }

  /** True when VPP dies of this operation. */
  #isDoomed(socket: ClientSocket, replies: readonly Uint8Array[]): boolean {
    const doom = this.#doom;
    if (doom === undefined) return false;
    if (doom.requests > 0) {
      this.#doom = { ...doom, requests: doom.requests - 1 };
      return false;
    }
    this.#doom = undefined;
    this.#options.onFault("death");
    const { time } = this.#options;
    const { replyBytes, downMs } = doom;
    const die = () => {
      this.die();
      time.after(downMs, () => this.start());
    };
    if (replyBytes === undefined) {
      die();
      return true;
    }
    this.faults.cutAfterBytes = replyBytes;
    for (const reply of replies) socket.send(reply);
    time.after(DYING_MS, die);
    return true;
  }

  #noteRefusal(request: string, reply: Uint8Array): void {
    if (!OPERATIONS.has(request)) return;
    const retval = new DataView(reply.buffer, reply.byteOffset).getInt32(RETVAL_OFFSET);
    if (retval !== 0) this.#options.onRefused(request, retval);
  }
}
