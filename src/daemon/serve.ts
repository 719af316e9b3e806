/**
 * The daemon's life: start order, signals, reload, stop order.
 */
import { MaglevError } from "../base/errors.ts";
import { BUILD } from "../base/version.ts";
import { LogBroadcaster } from "../log/broadcaster.ts";
import { LogHandler } from "../log/handler.ts";
import { Machine } from "../probe/machine.ts";
import { SignalInbox } from "../system/signals.ts";
import { SystemClock } from "../system/system_clock.ts";
import { configSize, readConfig, type Readout } from "./config.ts";
import { createEngine } from "./engine.ts";
import type { MaglevdSettings } from "./flags.ts";
import { openIntents } from "./intent_store.ts";
import { Reloader } from "./reload.ts";
import { writeLine } from "./stdio.ts";
import { statsProblem } from "../vpp/stats/segment_file.ts";
import { type Daemon, wireDaemon } from "./wire.ts";

/** Everything must have ended by then: maglevd exits within 2 s (specification of the daemon). */
const STOP_DEADLINE_MS = 1500;
/** How long the last log lines may take to be written. */
const FLUSH_DEADLINE_MS = 300;

interface Context {
  readonly settings: MaglevdSettings;
  readonly clock: SystemClock;
  readonly logger: LogHandler;
  readonly signals: SignalInbox;
  readonly machine: Machine;
}

/** Runs the daemon until a signal stops it; the result is the exit status. */
export async function serve(settings: MaglevdSettings): Promise<number> {
  const signals = new SignalInbox();
  const clock = new SystemClock();
  const logger = new LogHandler({
    level: settings["log-level"],
    format: settings["log-format"],
    clock,
    writer: Deno.stdout,
    broadcaster: new LogBroadcaster(),
  });
  const machine = new Machine({ log: logger });
  const context: Context = { settings, clock, logger, signals, machine };
  try {
    const daemon = await start(context);
    return typeof daemon === "string"
      ? await startFailed(context, daemon)
      : await untilStopped(daemon, context);
  } finally {
    signals.close();
  }
}

/** A daemon ready to start, or one line of why there is none. */
async function start(context: Context): Promise<Daemon | string> {
  const { settings, clock, logger, machine } = context;
  const vppApiAddr = settings["vpp-api-addr"];
  logger.info("maglevd-start", {
    version: BUILD.version,
    commit: BUILD.commit,
    pid: Deno.pid,
    config: settings.config,
    vpp: vppApiAddr === "" ? "off" : vppApiAddr,
    state: settings["state-dir"] === "" ? "off" : settings["state-dir"],
  });
  const readout = await readConfig(settings.config, { vppApiAddr });
  for (const { fields } of readout.warnings) logger.warn("config-warning", fields);
  if (readout.kind === "error") return refusal(readout, logger);
  const { config } = readout;
  logger.info("config-loaded", { file: settings.config, ...configSize(config) });
  const problem = machine.problem(config);
  if (problem !== undefined) {
    logger.error("config-error", { file: settings.config, message: problem });
    return problem;
  }
  const folder = settings["state-dir"];
  const opened = folder === "" ? undefined : await openIntents({ folder, clock, logger });
  const intents = opened && { ...opened, maxAgeMs: settings["state-max-age"] };
  const vppStatsAddr = vppApiAddr === "" ? "" : usableStats(settings["vpp-stats-addr"], logger);
  const engine = createEngine({ clock, log: logger, workers: settings["probe-workers"] });
  return wireDaemon({ config, vppApiAddr, vppStatsAddr, clock, logger, engine, intents });
}

/** The address, or none where it is of no use: servers go in and out of VPP without counters too. */
function usableStats(address: string, logger: LogHandler): string {
  const problem = address === "" ? undefined : statsProblem();
  if (problem === undefined) return address;
  logger.warn("config-warning", {
    message: `no counters of VPP: ${problem} (--vpp-stats-addr= wants none)`,
  });
  return "";
}

function refusal(readout: Readout & { kind: "error" }, logger: LogHandler): string {
  for (const { fields } of readout.errors) logger.error("config-error", fields);
  const [first] = readout.errors;
  const more = readout.errors.length - 1;
  return (first?.text ?? "bad configuration") +
    (more > 0 ? ` (and ${more} more: see --check)` : "");
}

async function startFailed({ logger }: Context, problem: string): Promise<number> {
  await flush(logger);
  writeLine(Deno.stderr, `maglevd: cannot start: ${problem}`);
  return 1;
}

async function untilStopped(daemon: Daemon, context: Context): Promise<number> {
  const { settings, clock, logger, signals, machine } = context;
  const stop = Promise.withResolvers<{ status: number; reason: string }>();
  const reloader = new Reloader({
    path: settings.config,
    vppApiAddr: settings["vpp-api-addr"],
    daemon,
    logger,
    clock,
    machine,
  });
  const onBug = (event: ErrorEvent | PromiseRejectionEvent) => {
    event.preventDefault();
    const error = "reason" in event ? event.reason : event.error;
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    // A mistake of ours: better a clean restart than half a daemon. VPP stays as it is.
    writeLine(Deno.stderr, `maglevd: internal error: ${text}`);
    stop.resolve({ status: 1, reason: `internal error: ${MaglevError.from(error).message}` });
  };
  let stopping = false;
  addEventListener("error", onBug);
  addEventListener("unhandledrejection", onBug);
  daemon.start();
  signals.handle({
    onReload: () => reloader.request("SIGHUP"),
    onStop: (signal) => {
      // A second signal: whoever sent it does not want to wait for order.
      if (stopping) Deno.exit(1);
      stopping = true;
      stop.resolve({ status: 0, reason: signal });
    },
  });
  const { status, reason } = await stop.promise;
  logger.info("shutdown", { reason });
  reloader.close();
  await withDeadline(daemon.stop(), STOP_DEADLINE_MS);
  await flush(logger);
  return status;
}

async function flush(logger: LogHandler): Promise<void> {
  await withDeadline(logger.flush(), FLUSH_DEADLINE_MS);
}

async function withDeadline(work: Promise<void>, deadlineMs: number): Promise<void> {
  const deadline = Promise.withResolvers<void>();
  const timer = setTimeout(deadline.resolve, deadlineMs);
  await Promise.race([work, deadline.promise]);
  clearTimeout(timer);
}
