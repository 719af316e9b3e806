/**
 * One maglevd as a simulated process, wired as in production: its checker, probe workers, intents
 * and reconciler, over a simulated network, disk and clock.
 */
import type { LogEventName, LogFields, Logger, LogLevel } from "../../../src/base/ports.ts";
import type { Config } from "../../../src/config/model.ts";
import { type Daemon, wireDaemon } from "../../../src/daemon/wire.ts";
import type { CallContext } from "../../../src/grpc/calls/calls.ts";
import type { DaemonApi } from "../../../src/grpc/calls/daemon_api.ts";
import { openPenalties } from "../../../src/damping/disk_store.ts";
import { History } from "../../../src/history/history.ts";
import { openIntents } from "../../../src/intent/disk_store.ts";
import { WorkerPool } from "../../../src/probe/engine/worker_pool.ts";
import type { SyncReport } from "../../../src/vpp/sync/report.ts";
import type { Dice } from "./dice.ts";
import type { Disk } from "./disk.ts";
import type { Servers } from "./servers.ts";
import { ProcessClock, type WorldTime } from "./time.ts";
import { CountedBroadcaster, countSubscriptions } from "./subscriptions.ts";
import type { SimVpp } from "./vpp.ts";
import { SimWorker } from "./worker.ts";

/** The operator who makes all calls. */
export const OPERATOR = {
  caller: { peer: "unix", identity: "alice", role: "operator" },
  signal: new AbortController().signal,
} as unknown as CallContext;

/** A reading of the clock takes up to so long on a busy host. */
const BUSY_MS = 3;
const FOLDER = "/var/lib/maglevd";
/** Intents are kept for longer than any run takes. */
const MAX_AGE_MS = 365 * 24 * 3600 * 1000;

export interface ProcessOptions {
  readonly time: WorldTime;
  readonly dice: Dice;
  readonly vpp: SimVpp;
  readonly disk: Disk;
  readonly servers: Servers;
  readonly config: Config;
  readonly onLog: (level: LogLevel, event: LogEventName, fields: LogFields) => void;
  readonly onSync: (report: SyncReport) => void;
  /** Called when it is wired, before it starts. */
  readonly onWired: (daemon: Daemon) => void;
}

export class DaemonProcess {
  readonly clock: ProcessClock;
  readonly startedMs: number;
  readonly logger: Logger;
  readonly history: History;
  readonly #broadcaster = new CountedBroadcaster();
  readonly #options: ProcessOptions;
  readonly #workers: SimWorker[] = [];
  #listeners = () => 0;
  /** Undefined until it has read its intents. */
  daemon: Daemon | undefined;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.clock = new ProcessClock(options.time);
    this.startedMs = options.time.nowMs;
    const log = (level: LogLevel) => (event: LogEventName, fields: LogFields = {}) => {
      if (this.clock.dead) return;
      this.#broadcaster.publish({ timeMs: this.clock.wallMs(), level, event, fields });
      options.onLog(level, event, fields);
    };
    this.logger = {
      enabled: (level) => level !== "debug",
      debug: () => {},
      info: log("info"),
      warn: log("warn"),
      error: log("error"),
    };
    const { clock, logger } = this;
    this.history = new History({ broadcaster: this.#broadcaster, clock, logger });
    void this.#boot();
  }

  async #boot(): Promise<void> {
    const { clock, logger } = this;
    const { time, dice, vpp, disk, servers, config, onSync, onWired } = this.#options;
    const spawn = () => {
      const worker = new SimWorker({ time, main: clock, servers, dice });
      if (clock.dead) worker.terminate();
      this.#workers.push(worker);
      return worker;
    };
    const engine = new WorkerPool({ clock, log: logger, workers: 1, spawn });
    engine.warm();
    const io = disk.io(clock);
    const [opened, penalties] = await Promise.all([
      openIntents({ folder: FOLDER, clock, logger, io }),
      openPenalties({ folder: FOLDER, clock, logger, io }),
      this.history.open(FOLDER, io),
    ]);
    const daemon = wireDaemon({
      config,
      vppApiAddr: "/run/vpp/api.sock",
      vppStatsAddr: "/run/vpp/stats.sock",
      clock,
      logger,
      engine,
      intents: { ...opened, maxAgeMs: MAX_AGE_MS },
      penalties,
      connect: (_, options) => vpp.connect(clock, options),
      openStats: () => vpp.openStats(clock),
      announceFolder: () => io,
      events: {
        apiObserver: { message() {} },
        synchronised: (report) => clock.dead ? undefined : onSync(report),
      },
    });
    this.daemon = daemon;
    this.#listeners = countSubscriptions(daemon.checker);
    onWired(daemon);
    daemon.start();
  }

  /** The daemon as its gRPC handlers see it, without those parts that they do not use here. */
  api(): DaemonApi {
    const { checker, vpp, engine } = this.daemon!;
    const { clock, logger, history } = this;
    const api: Omit<DaemonApi, "config" | "readiness" | "startedAtMs"> = {
      checker,
      vpp,
      probers: engine,
      clock,
      logger,
      history,
      broadcaster: this.#broadcaster,
    };
    return api as DaemonApi;
  }

  /** Stops it in order. */
  async end(): Promise<void> {
    await this.daemon!.stop();
    await this.history.close();
  }

  /** One of its probe workers dies of a bug. */
  crashWorker(): void {
    this.#workers.findLast(({ clock }) => !clock.dead)?.crash();
  }

  /** Its host is busy for `ms`: each reading of its clock takes time. */
  busyFor(ms: number, dice: Dice): void {
    this.clock.readingMs = () => dice.between(0, BUSY_MS);
    this.#options.time.after(ms, () => this.clock.readingMs = undefined);
  }

  /** Stopped as by SIGSTOP. */
  stop(): void {
    for (const { clock } of [this, ...this.#workers]) clock.stop();
  }

  resume(): void {
    for (const { clock } of [this, ...this.#workers]) clock.resume();
  }

  /** Killed as by SIGKILL: nothing of it happens again. */
  kill(): void {
    for (const { clock } of [this, ...this.#workers]) clock.kill();
  }

  /** Subscriptions to its events and its log, without those that wiring makes. */
  get subscriptions(): number {
    return this.#listeners() + this.#broadcaster.subscriptions;
  }

  /** Timers that wait, of all its threads that live. */
  get timers(): number {
    return [this, ...this.#workers].filter(({ clock }) => !clock.dead)
      .reduce((sum, { clock }) => sum + clock.timers, 0);
  }
}
