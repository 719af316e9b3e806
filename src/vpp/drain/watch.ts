/**
 * Watches drained servers in VPP once a second, and reports those that have no flow left. Without
 * drains there is no timer. quiet.ts decides.
 *
 * The packets come from the stats segment, which costs VPP nothing. The flows come from the
 * readings of the reconciler: one is requested when the weight is 0 everywhere, and again every
 * ten seconds, because VPP forwards nothing during a reading.
 */
import type { IpAddress } from "../../base/address.ts";
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import type { ActualVip, ServerFigures, VipKey } from "../lb/model.ts";
import { vipKeyText, vipLabel } from "../lb/model.ts";
import type { ConnectionState, StatsReader, VppConnection } from "../ports.ts";
import { afterLook, type DrainEnd, type DrainMemory, flowsOf, routeIndexOf } from "./quiet.ts";

const LOOK_EVERY_MS = 1000;
const READ_EVERY_MS = 10_000;

/** Packets and bytes that left through a server's route; see counters/plan.ts. */
const SERVER_COUNTER = "/net/route/via";

/** A drain in force. */
export interface DrainedServer {
  readonly backend: string;
  readonly address: IpAddress;
  /** The VIPs of the frontends that use the backend. */
  readonly vips: readonly VipKey[];
  /** The same object for as long as it is the same drain. */
  readonly drain: object;
}

/** A drain as VPP shows it. */
export interface DrainProgress {
  /** Sticky flows of the server, expired ones included; undefined: not known. */
  readonly flows: number | undefined;
  /** How long no packet was sent to it, in milliseconds; undefined: not known. */
  readonly quietMs: number | undefined;
  /** How long this must be, in milliseconds. */
  readonly neededMs: number;
  /** Why the drain cannot end before its time; empty: it can. */
  readonly unwatched: string;
  /** VPP is known to send it no new flow: it has weight 0 in every VIP, or is absent. */
  readonly isZero: boolean;
  /** No flow is left; undefined: not known to be so. */
  readonly end: DrainEnd | undefined;
}

export interface DrainWatchOptions {
  readonly clock: Clock;
  readonly connection: Pick<VppConnection, "state">;
  readonly drained: (backend?: string) => readonly DrainedServer[];
  /** The known state of a VIP; undefined: VPP lacks it, or was not read yet. */
  readonly vip: (key: VipKey) => ActualVip | undefined;
  /** Requests a reading of these VIPs (vipKeyText). */
  readonly read: (keys: readonly string[]) => void;
  /** How long no packet must be sent, in milliseconds. */
  readonly neededMs: () => number;
  /** Called once when nothing is left; ends the drain, or leaves it. */
  readonly onEnd: (server: DrainedServer, end: DrainEnd) => void;
}

interface Watched {
  readonly drain: object;
  /** Of the connection during the looks. */
  readonly lb: object;
  readonly memory: DrainMemory;
  readonly end: DrainEnd | undefined;
}

/** The server in VPP: its figures where it has weight 0, or the reason why it cannot be watched. */
type Found =
  | {
    readonly figures: readonly (ServerFigures | undefined)[];
    readonly problem: undefined;
    readonly isZero: true;
  }
  | { readonly figures?: undefined; readonly problem: string; readonly isZero: boolean };

export class DrainWatch {
  readonly #options: DrainWatchOptions;
  /** By backend. */
  #watched = new Map<string, Watched>();
  #readAtMs: MonotonicMs | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: DrainWatchOptions) {
    this.#options = options;
  }

  /** Drains may have begun. */
  update(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    if (this.#options.drained().length > 0) this.#arm();
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Undefined unless the backend is drained. */
  progress(backend: string): DrainProgress | undefined {
    const server = this.#options.drained(backend)[0];
    if (server === undefined) return undefined;
    const found = this.#find(server);
    const neededMs = this.#options.neededMs();
    const watched = this.#watchedOf(server);
    const since = watched?.memory.quietSinceMs;
    const quietMs = since && this.#options.clock.monotonicMs() - since;
    return {
      flows: flowsOf(this.#figures(server)),
      quietMs: found.problem === undefined ? quietMs : undefined,
      neededMs,
      isZero: found.isZero,
      unwatched: found.problem ?? (this.#stats === undefined ? NO_STATS : ""),
      end: found.problem === undefined ? watched?.end : undefined,
    };
  }

  #arm(): void {
    this.#timer = this.#options.clock.after(LOOK_EVERY_MS, () => {
      this.#timer = undefined;
      this.#look();
      this.update();
    });
  }

  #look(): void {
    const { clock, connection: { state }, drained, neededMs, onEnd } = this.#options;
    const nowMs = clock.monotonicMs();
    const next = new Map<string, Watched>();
    const ended: [DrainedServer, DrainEnd][] = [];
    const unread: VipKey[] = [];
    const all = drained().map((server) => ({ server, found: this.#find(server) }));
    const packets = packetsOf(
      this.#stats,
      all.flatMap(({ found }) => routeIndexOf(found.figures ?? []) ?? []),
    );
    for (const { server, found } of all) {
      if (found.problem !== undefined || state.kind !== "connected") continue;
      const { figures } = found;
      const look = { nowMs, figures, packets: packets.get(routeIndexOf(figures)) };
      const past = this.#watchedOf(server);
      if (past?.end !== undefined) {
        next.set(server.backend, past);
        continue;
      }
      const { memory, end } = afterLook(past?.memory, { look, quietMs: neededMs() });
      next.set(server.backend, { drain: server.drain, lb: state.lb, memory, end });
      if (end !== undefined) ended.push([server, end]);
      else unread.push(...server.vips);
      if (past === undefined) this.#readAtMs = undefined;
    }
    this.#watched = next;
    for (const [server, end] of ended) onEnd(server, end);
    this.#read(unread, nowMs);
  }

  #read(vips: readonly VipKey[], nowMs: MonotonicMs): void {
    const due = this.#readAtMs === undefined || nowMs >= later(this.#readAtMs, READ_EVERY_MS);
    if (vips.length === 0 || !due) return;
    this.#readAtMs = nowMs;
    this.#options.read([...new Set(vips.map(vipKeyText))]);
  }

  get #stats(): StatsReader | undefined {
    const { state } = this.#options.connection;
    return state.kind === "connected" ? state.stats : undefined;
  }

  /** Undefined after another connection: that VPP counts from 0. */
  #watchedOf({ backend, drain }: DrainedServer): Watched | undefined {
    const { state } = this.#options.connection;
    const watched = this.#watched.get(backend);
    const same = watched?.drain === drain && state.kind === "connected" && state.lb === watched.lb;
    return same ? watched : undefined;
  }

  #find({ address, vips }: DrainedServer): Found {
    const problem = problemOf(this.#options.connection.state);
    if (problem !== undefined) return { problem, isZero: this.#isAbsent({ address, vips }) };
    const figures: (ServerFigures | undefined)[] = [];
    for (const key of vips) {
      const vip = this.#options.vip(key);
      if (vip === undefined) {
        return { problem: `VPP is not known to have VIP ${vipLabel(key)}`, isZero: false };
      }
      const server = vip.servers.find((each) => each.address.text === address.text);
      if (server === undefined) continue;
      if (server.weight !== 0) {
        return {
          problem: `VPP still has weight ${server.weight} for it in VIP ${vipLabel(key)}`,
          isZero: false,
        };
      }
      figures.push(server.figures);
    }
    return { figures, problem: undefined, isZero: true };
  }

  /** True when a VPP without weights has deleted it from every VIP. */
  #isAbsent({ address, vips }: Pick<DrainedServer, "address" | "vips">): boolean {
    return this.#options.connection.state.kind === "connected" &&
      vips.every((key) =>
        this.#options.vip(key)?.servers.every((each) => each.address.text !== address.text) === true
      );
  }

  /** Its figures in every VIP that VPP has. */
  #figures({ address, vips }: DrainedServer): readonly (ServerFigures | undefined)[] {
    return vips.map((key) =>
      this.#options.vip(key)?.servers.find((each) => each.address.text === address.text)?.figures
    );
  }
}

const NO_STATS = "VPP's stats segment is not available";

function problemOf(state: ConnectionState): string | undefined {
  if (state.kind !== "connected") return "VPP is not connected";
  return state.lb.capabilities.weights
    ? undefined
    : "this VPP has no weights: the server is deleted there, and its flows are not counted";
}

/** Packets sent by route index, of the routes that VPP counts now. */
function packetsOf(
  stats: StatsReader | undefined,
  routeIndices: readonly number[],
): ReadonlyMap<number | undefined, number> {
  const packets = new Map<number, number>();
  if (stats === undefined || routeIndices.length === 0) return packets;
  const indices = Uint32Array.from(new Set(routeIndices)).sort();
  const read = stats.prepare([{ name: SERVER_COUNTER, kind: "combined", indices }]).read();
  if (read.kind !== "ok") return packets;
  const [column] = read.values;
  indices.forEach((routeIndex, place) => {
    const count = column![2 * place]!;
    if (!Number.isNaN(count)) packets.set(routeIndex, count);
  });
  return packets;
}
