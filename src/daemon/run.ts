/**
 * maglevd from its arguments to its exit status: start order, signals, reload, stop order.
 */
import { MaglevError } from "../base/errors.ts";
import { BUILD } from "../base/version.ts";
import { LogBroadcaster } from "../log/broadcaster.ts";
import { LogHandler } from "../log/handler.ts";
import { readSettings, usage } from "../system/settings.ts";
import { listenToSignals } from "../system/signals.ts";
import { SystemClock } from "../system/system_clock.ts";
import { configSize, readConfig, type Readout } from "./config.ts";
import { MAGLEVD_FLAGS, type MaglevdSettings } from "./flags.ts";
import { createEngine, DescriptorBudget } from "./engine.ts";
import { Reloader } from "./reload.ts";
import { writeLine } from "./stdio.ts";
import { type Daemon, wireDaemon } from "./wire.ts";

/** Everything must have ended by then; SPEC: exit within 2 s. */
const STOP_DEADLINE_MS = 1500;
/** How long the last log lines may take to be written. */
const FLUSH_DEADLINE_MS = 300;

const HEAD = `maglevd ${BUILD.version}: health-checks servers and programs VPP's load balancer

Usage: maglevd [flags]
SIGHUP reloads the configuration; SIGTERM and SIGINT stop and leave VPP as it is.`;

/** Runs the daemon to its end; the result is the exit status. */
export async function runMaglevd(args: readonly string[]): Promise<number> {
  const read = readSettings(MAGLEVD_FLAGS, { args, env: environment });
  if (read.kind === "error") {
    writeLine(Deno.stderr, `maglevd: ${read.message}`);
    return 2;
  }
  const { settings } = read;
  if (settings.help) {
    writeLine(Deno.stdout, usage(MAGLEVD_FLAGS, HEAD));
    return 0;
  }
  if (settings.version) {
    writeLine(Deno.stdout, `maglevd ${BUILD.version} (commit ${BUILD.commit}, ${BUILD.date})`);
    return 0;
  }
  const bad = badVppAddress(settings["vpp-api-addr"]);
  if (bad !== undefined) {
    writeLine(Deno.stderr, `maglevd: ${bad}`);
    return 2;
  }
  const readout = await readConfig(settings.config, { vppApiAddr: settings["vpp-api-addr"] });
  return settings.check ? reportCheck(settings.config, readout) : await serve(settings, readout);
}

function environment(name: string): string | undefined {
  return Deno.env.get(name);
}

function badVppAddress(address: string): string | undefined {
  if (address === "" || address.startsWith("/")) return undefined;
  if (/^shm(:|$)/.test(address)) {
    return `Flag --vpp-api-addr: cannot use "${address}": this build has no shared-memory ` +
      "transport; give the path of VPP's API socket, such as /run/vpp/api.sock";
  }
  return `Flag --vpp-api-addr: cannot use "${address}": need an absolute path, or nothing for no VPP`;
}

function reportCheck(path: string, readout: Readout): number {
  for (const { text } of readout.warnings) writeLine(Deno.stdout, text);
  if (readout.kind === "error") {
    for (const { text } of readout.errors) writeLine(Deno.stdout, text);
    return readout.status;
  }
  const { frontends, backends, healthchecks } = configSize(readout.config);
  writeLine(
    Deno.stdout,
    `${path}: valid: ${frontends} frontends, ${backends} backends, ${healthchecks} healthchecks`,
  );
  return 0;
}

async function serve(settings: MaglevdSettings, readout: Readout): Promise<number> {
  const clock = new SystemClock();
  const logger = new LogHandler({
    level: settings["log-level"],
    format: settings["log-format"],
    clock,
    writer: Deno.stdout,
    broadcaster: new LogBroadcaster(),
  });
  const vppApiAddr = settings["vpp-api-addr"];
  logger.info("maglevd-start", {
    version: BUILD.version,
    commit: BUILD.commit,
    pid: Deno.pid,
    config: settings.config,
    vpp: vppApiAddr === "" ? "off" : vppApiAddr,
  });
  for (const { fields } of readout.warnings) logger.warn("config-warning", fields);
  if (readout.kind === "error") {
    for (const { fields } of readout.errors) logger.error("config-error", fields);
    await flush(logger);
    const [first] = readout.errors;
    const more = readout.errors.length - 1;
    writeLine(
      Deno.stderr,
      `maglevd: cannot start: ${first?.text ?? "bad configuration"}` +
        (more > 0 ? ` (and ${more} more: see --check)` : ""),
    );
    return 1;
  }
  const { config } = readout;
  logger.info("config-loaded", { file: settings.config, ...configSize(config) });

  const descriptors = new DescriptorBudget();
  const problem = descriptors.problem(config);
  if (problem !== undefined) {
    logger.error("config-error", { file: settings.config, message: problem });
    await flush(logger);
    writeLine(Deno.stderr, `maglevd: cannot start: ${problem}`);
    return 1;
  }
  const daemon = wireDaemon({
    config,
    vppApiAddr,
    clock,
    logger,
    engine: createEngine({ clock, log: logger }),
  });
  return await untilStopped(daemon, { settings, logger, descriptors });
}

interface Context {
  readonly settings: MaglevdSettings;
  readonly logger: LogHandler;
  readonly descriptors: DescriptorBudget;
}

async function untilStopped(daemon: Daemon, context: Context): Promise<number> {
  const { settings, logger, descriptors } = context;
  const stop = Promise.withResolvers<{ status: number; reason: string }>();
  const reloader = new Reloader({
    path: settings.config,
    vppApiAddr: settings["vpp-api-addr"],
    daemon,
    logger,
    descriptors,
  });
  let stopping = false;
  const removeSignals = listenToSignals({
    onReload: () => reloader.request("SIGHUP"),
    onStop: (signal) => {
      // A second signal: whoever sent it does not want to wait for order.
      if (stopping) Deno.exit(1);
      stopping = true;
      stop.resolve({ status: 0, reason: signal });
    },
  });
  const onBug = (event: ErrorEvent | PromiseRejectionEvent) => {
    event.preventDefault();
    const error = "reason" in event ? event.reason : event.error;
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    // A mistake of ours: better a clean restart than half a daemon. VPP stays as it is.
    writeLine(Deno.stderr, `maglevd: internal error: ${text}`);
    stop.resolve({ status: 1, reason: `internal error: ${MaglevError.from(error).message}` });
  };
  addEventListener("error", onBug);
  addEventListener("unhandledrejection", onBug);
  daemon.start();
  const { status, reason } = await stop.promise;
  logger.info("shutdown", { reason });
  reloader.close();
  await withDeadline(daemon.stop(), STOP_DEADLINE_MS);
  await flush(logger);
  removeSignals();
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
