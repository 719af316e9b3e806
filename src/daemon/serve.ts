/** Runs the daemon from start to stop: order of the start, signals, reload, order of the stop. */
import { settledWithin } from "../async/deadline.ts";
import { MaglevError } from "../base/errors.ts";
import { buildInfo } from "../system/launch/build.ts";
import { LogBroadcaster } from "../log/broadcaster.ts";
import { chosenFormat } from "../log/chosen_format.ts";
import { History } from "../history/history.ts";
import { LogHandler } from "../log/handler.ts";
import { HostCheck } from "../probe/host/host_check.ts";
import { releaseHangUps } from "../system/signals/held_hang_ups.ts";
import { collectAfterStart } from "../system/garbage.ts";
import { openServiceManager } from "../system/service_manager.ts";
import { SignalInbox } from "../system/signals/inbox.ts";
import { FLUSH_DEADLINE_MS, STOP_DEADLINE_MS, StopRequest } from "../system/signals/stop.ts";
import { SystemClock } from "../system/system_clock.ts";
import { CertificateWatch } from "../probe/host/certificate_watch.ts";
import { checkedOnHost, type ConfigResult, configSize, readConfig } from "./config.ts";
import type { FleetRequests } from "../fleet/member/requests/requests.ts";
import type { GrpcServer } from "../grpc/server/server.ts";
import { STATUS_NAMES } from "../grpc/status.ts";
import { createFleetMember, intentsOfBook, openBook, type OpenedBook } from "./fleet/fleet.ts";
import type { MaglevdSettings } from "./flags.ts";
import { WorkerPool } from "../probe/engine/worker_pool.ts";
import { openPenalties } from "../damping/disk_store.ts";
import { openIntents } from "../intent/disk_store.ts";
import { type MetricsPort, openMetricsPort } from "./metrics_port.ts";
import { createGrpcServer, flagOfFailure, NO_OBSERVER, servedMethods } from "./grpc.ts";
import { type Loaded, Reloader } from "./reload.ts";
import { ServiceStatus } from "./service_status.ts";
import { writeLine } from "../system/stdio.ts";
import { statsProblem } from "../vpp/stats/segment_file.ts";
import { type FolderIo, folderIo } from "../system/state_file.ts";
import { type Daemon, wireDaemon } from "./wire.ts";

interface Context {
  readonly settings: MaglevdSettings;
  readonly broadcaster: LogBroadcaster;
  readonly clock: SystemClock;
  readonly logger: LogHandler;
  readonly signals: SignalInbox;
  readonly history: History;
  readonly hostCheck: HostCheck;
  readonly engine: WorkerPool;
}

/** Runs the daemon until a signal stops it; the result is the exit status. */
export async function serve(settings: MaglevdSettings): Promise<number> {
  const signals = new SignalInbox();
  const clock = new SystemClock();
  const broadcaster = new LogBroadcaster();
  const logger = new LogHandler({
    level: settings["log-level"],
    format: chosenFormat(settings["log-format"]),
    clock,
    writer: Deno.stdout,
    broadcaster,
  });
  const history = new History({ broadcaster, clock, logger });
  const hostCheck = new HostCheck({ log: logger });
  const engine = new WorkerPool({ clock, log: logger, workers: settings["probe-workers"] });
  const context: Context = {
    settings,
    broadcaster,
    clock,
    logger,
    signals,
    history,
    hostCheck,
    engine,
  };
  try {
    const started = await start(context);
    if (typeof started === "string") return await startFailed(context, started);
    return "status" in started
      ? await startFailed(context, started.message, started.status)
      : await untilStopped(started, context);
  } finally {
    signals.close();
  }
}

/** Parts that start() creates and untilStopped() stops. */
interface Parts {
  readonly daemon: Daemon;
  /** Absent: switched off. */
  readonly metrics: MetricsPort | undefined;
  readonly loaded: Loaded;
  /** Absent: without a store of a fleet, or a state directory. */
  readonly book: OpenedBook | undefined;
}

/** A configuration that cannot be used. */
interface Refusal {
  readonly message: string;
  /** The same as that of `--check`. */
  readonly status: 1 | 2;
}

/** A daemon ready to start, or the reason why it cannot start. */
async function start(context: Context): Promise<Parts | Refusal | string> {
  const { settings, clock, logger, history, hostCheck, engine } = context;
  // They load in threads of their own, while this one reads the configuration.
  engine.warm();
  const vppApiAddr = settings["vpp-api-addr"];
  logger.info("maglevd-start", {
    version: buildInfo().version,
    commit: buildInfo().commit,
    pid: Deno.pid,
    config: settings.config,
    vpp: vppApiAddr === "" ? "off" : vppApiAddr,
    state: settings["state-dir"] === "" ? "off" : settings["state-dir"],
  });
  const path = settings.config;
  const result = checkedOnHost(await readConfig(path, { vppApiAddr }), { path, host: hostCheck });
  for (const { fields } of result.warnings) logger.warn("config-warning", fields);
  if (result.kind === "error") return refusal(result, logger);
  const { config, hash, text } = result;
  const loaded = { loadedAtMs: clock.wallMs(), hash, text };
  logger.info("config-loaded", { file: path, ...configSize(config) });
  const metrics = await metricsPort(context);
  if (typeof metrics === "string") return metrics;
  const folder = settings["state-dir"];
  const [opened, penalties, book] = await Promise.all([
    folder === "" ? undefined : openIntents({ folder, clock, logger }),
    folder === "" ? undefined : openPenalties({ folder, clock, logger }),
    openBook(settings, { clock, logger }),
    history.open(folder),
  ]);
  const shared = intentsOfBook(book?.kept, settings, clock);
  const kept = opened && [...opened.kept, ...shared];
  const intents = opened && kept && { ...opened, kept, maxAgeMs: settings["state-max-age"] };
  const vppStatsAddr = vppApiAddr === "" ? "" : usableStats(settings["vpp-stats-addr"], logger);
  const events = metrics?.events;
  const vpp = { vppApiAddr, vppStatsAddr };
  const disk = { intents, penalties, announceFolder };
  const daemon = wireDaemon({ config, ...vpp, clock, logger, engine, ...disk, events });
  return { daemon, metrics, loaded, book };
}

/** The routing daemon reads the file of announced prefixes. */
function announceFolder(path: string): FolderIo {
  return folderIo(path, { readableByAll: true });
}

/** The configured port; undefined: off; a string: the reason why it cannot be opened. */
async function metricsPort(context: Context): Promise<MetricsPort | undefined | string> {
  const { settings, clock, logger } = context;
  const address = settings["metrics-addr"];
  return address === "" ? undefined : await openMetricsPort({ address, clock, logger });
}

/** The address; empty, with a warning, where stats cannot be read: VPP is programmed without counters too. */
function usableStats(address: string, logger: LogHandler): string {
  const problem = address === "" ? undefined : statsProblem();
  if (problem === undefined) return address;
  logger.warn("config-warning", {
    message: `no counters of VPP: ${problem} (--vpp-stats-addr= turns them off)`,
  });
  return "";
}

function refusal(result: ConfigResult & { kind: "error" }, logger: LogHandler): Refusal {
  for (const { fields } of result.errors) logger.error("config-error", fields);
  const [first] = result.errors;
  const more = result.errors.length - 1;
  const message = (first?.text ?? "bad configuration") +
    (more > 0 ? ` (and ${more} more: see --check)` : "");
  return { message, status: result.status };
}

async function startFailed(context: Context, problem: string, status = 1): Promise<number> {
  // The workers end with the process.
  await flush(context);
  writeLine(Deno.stderr, `maglevd: cannot start: ${problem}`);
  return status;
}

async function untilStopped(parts: Parts, context: Context): Promise<number> {
  const { daemon, metrics, loaded, book } = parts;
  const { settings, clock, logger, signals, history, hostCheck } = context;
  const stop = new StopRequest("maglevd");
  const service = new ServiceStatus({ manager: openServiceManager(), clock, logger });
  const reloader = new Reloader({
    path: settings.config,
    vppApiAddr: settings["vpp-api-addr"],
    daemon,
    logger,
    clock,
    hostCheck,
    initial: loaded,
    observer: {
      reloading: () => service.reloading(),
      reloaded(ok) {
        service.reloaded(ok);
        metrics?.events.reloaded(ok);
      },
    },
  });
  const { checker } = daemon;
  const { vpp } = daemon;
  const fleetParts = { checker, vpp, book, reloader, clock, logger };
  const fleet = await createFleetMember(settings, fleetParts);
  const grpc = await Promise.race([
    listenForGrpc(parts, { reloader, fleet: fleet?.requests, ...context }),
    stop.requested.then(({ by, err }) => err === undefined ? by : `${by}: ${err}`),
  ]);
  if (typeof grpc === "string") {
    await Promise.all([daemon.stop(), metrics?.stop(), history.close()]);
    return await startFailed(context, grpc);
  }
  // In the same turn of the event loop in which it listens, so that no call arrives earlier.
  daemon.start();
  fleet?.member.start();
  metrics?.start(daemon, fleet?.requests);
  stop.handle(signals, {
    clock,
    onReload: () => {
      // Rejects only when the daemon stops.
      reloader.reload("SIGHUP").catch(() => {});
      void grpc?.reload();
    },
  });
  const unheard = releaseHangUps();
  if (unheard !== undefined) {
    logger.warn("config-warning", {
      message: `SIGHUP does not reload: ${unheard}; use \`maglevc config reload\``,
    });
  }
  service.started(daemon);
  const collecting = collectAfterStart(clock);
  const certificates = new CertificateWatch({
    clock,
    logger,
    config: () => checker.current.config,
  });
  certificates.start();
  const { status, ...why } = await stop.requested;
  service.stopping();
  collecting.cancel();
  certificates.stop();
  logger.info("shutdown", why);
  reloader.close();
  // Calls are refused from now on, so that none reaches a stopped checker.
  const calls = grpc?.stop();
  // The history has what happens while the daemon stops.
  const recorded = Promise.all([fleet?.member.stop(), daemon.stop()]).finally(() =>
    history.close()
  );
  const stopped = Promise.all([recorded, calls, metrics?.stop()]);
  await settledWithin(stopped, { clock, deadlineMs: STOP_DEADLINE_MS });
  await flush(context);
  return status;
}

/** The listening server; undefined: off; a string: the reason why it cannot listen. */
async function listenForGrpc(
  { daemon, metrics }: Parts,
  { reloader, fleet, settings, broadcaster, history, logger, clock }: Context & {
    readonly reloader: Reloader;
    readonly fleet: FleetRequests | undefined;
  },
): Promise<GrpcServer | undefined | string> {
  const observer = metrics?.events ?? NO_OBSERVER;
  const server = await createGrpcServer(
    { settings, daemon, fleet, reloader, broadcaster, history, logger, clock, observer },
  );
  if (server !== undefined) metrics?.events.announce(servedMethods(settings), STATUS_NAMES);
  try {
    await server?.listen();
    return server;
  } catch (error) {
    if (error instanceof MaglevError) {
      return `flag --${flagOfFailure(error, settings)}: ${error.message}`;
    }
    throw error;
  }
}

async function flush({ logger, clock }: Context): Promise<void> {
  await settledWithin(logger.flush(), { clock, deadlineMs: FLUSH_DEADLINE_MS });
}
