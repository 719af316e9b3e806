/**
 * A whole world from one seed: servers, VPP, a disk and one maglevd, with the actions that happen to
 * them. It only makes things happen; judge/ reports what is wrong.
 */
import { agentDice, withAgents } from "./agents.ts";
import { setImmediate } from "node:timers";
import { later, type MonotonicMs } from "../../../src/base/instant.ts";
import type { LogEventName, LogFields } from "../../../src/base/ports.ts";
import type { Config } from "../../../src/config/model.ts";
import type { Daemon } from "../../../src/daemon/wire.ts";
import type { SyncReport } from "../../../src/vpp/sync/report.ts";
import type { Action } from "../scenario/actions.ts";
import { chainDice, smallSegment, withChains } from "./chains.ts";
import { policyDice, randomConfig, withPolicies } from "./configs.ts";
import { Dice } from "./dice.ts";
import { Disk } from "./disk.ts";
import { encapDice, withEncap } from "./tunnels.ts";
import { DaemonProcess } from "./process.ts";
import type { SentRequest } from "./requests.ts";
import { Servers } from "./servers.ts";
import { WorldTime } from "./time.ts";
import { SimVpp } from "./vpp.ts";
import type { TakenFault } from "./watched_faults.ts";

/** Packets come to each VIP so often. */
const TRAFFIC_MS = 700;

/** What a world reports to its judge. All are called in the turn in which it happens. */
export interface Observer {
  wired(daemon: Daemon, process: DaemonProcess): void;
  sent(requests: readonly SentRequest[]): void;
  /** A run of the reconciler has ended. */
  synchronized(report: SyncReport): void;
  refused(request: string, retval: number): void;
  vppDied(reason: string): void;
  /** An injected fault of VPP took effect. */
  faulted(fault: TakenFault): void;
  logged(level: string, event: LogEventName, fields: LogFields): void;
  /** After each turn. */
  stepped(): void;
  failed(error: unknown): void;
}

export class World {
  readonly time = new WorldTime();
  readonly dice: Dice;
  readonly servers: Servers;
  readonly disk: Disk;
  readonly vpp: SimVpp;
  /** The file that the daemon reads at its next start. */
  config: Config;
  process: DaemonProcess | undefined;
  readonly #observer: Observer;

  /**
   * `config`: the first file; default: a random one, for some seeds with policies. `trafficMs`: the
   * time between the packets to each VIP.
   */
  constructor(
    seed: number,
    observer: (world: World) => Observer,
    { config, plain = false, trafficMs = TRAFFIC_MS }: {
      readonly config?: Config;
      readonly plain?: boolean;
      readonly trafficMs?: number;
    } = {},
  ) {
    this.dice = new Dice(seed ^ 0x5eed);
    this.servers = new Servers(this.dice);
    this.disk = new Disk(this.dice);
    const policies = plain ? undefined : policyDice(seed);
    const file = config ?? randomConfig(this.dice);
    const braked = policies === undefined ? file : withPolicies(file, policies);
    const chains = plain ? undefined : chainDice(seed);
    const chained = chains === undefined ? braked : withChains(braked, chains);
    const agents = plain ? undefined : agentDice(seed);
    const asked = agents === undefined ? chained : withAgents(chained, agents);
    const tunnels = plain ? undefined : encapDice(seed);
    this.config = tunnels === undefined ? asked : withEncap(asked, tunnels);
    this.#observer = observer(this);
    const { time, dice } = this;
    this.vpp = new SimVpp({
      statsBytes: chains && smallSegment(chains),
      time,
      dice,
      onSent: (requests) => this.#observer.sent(requests),
      onRefused: (request, retval) => this.#observer.refused(request, retval),
      onDeath: (reason) => this.#observer.vppDied(reason),
      onFault: (fault) => this.#observer.faulted(fault),
    }, "main");
    const receive = () => {
      this.vpp.receive();
      time.after(trafficMs, receive);
    };
    time.after(trafficMs, receive);
  }

  /** The daemon; undefined while none runs or it has not read its intents yet. */
  get daemon(): Daemon | undefined {
    return this.process?.daemon;
  }

  /** Starts a daemon with the present file. */
  boot(): void {
    if (this.process !== undefined) return;
    const { time, dice, vpp, disk, servers, config } = this;
    const process: DaemonProcess = new DaemonProcess({
      time,
      dice,
      vpp,
      disk,
      servers,
      config,
      onLog: (level, event, fields) => this.#observer.logged(level, event, fields),
      onSync: (report) => this.#observer.synchronized(report),
      onWired: (daemon) => this.#observer.wired(daemon, process),
    });
    this.process = process;
  }

  /** Kills the daemon; its connections end. */
  kill(losesPower = false): void {
    const { process } = this;
    if (process === undefined) return;
    process.kill();
    this.process = undefined;
    if (losesPower) this.disk.losePower();
    // The kernel closes its sockets.
    this.vpp.cut();
  }

  /** Schedules the actions. */
  schedule(actions: readonly Action[], act: (action: Action) => void): void {
    for (const action of actions) {
      this.time.at(action.atMs as MonotonicMs, () => act(action));
    }
  }

  /** Lets `ms` pass; ends early when `over` is true. */
  async pass(ms: number, over: () => boolean): Promise<void> {
    const endMs = later(this.time.nowMs, ms);
    while (!over()) {
      try {
        if (!this.time.step(endMs)) return;
      } catch (error) {
        this.#observer.failed(error);
        return;
      }
      await turn();
      this.#observer.stepped();
    }
  }
}

/** Lets every promise settle: nothing here waits for real input or real time. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
