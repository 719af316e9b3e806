/**
 * Runs maglevt: arguments in, exit status out. 0; 1 the configuration cannot be read or holds
 * nothing to probe, or the output cannot be written; 2 the command line is invalid; 3 a rule was
 * broken.
 */
import { MaglevError } from "../base/errors.ts";
import { permissionText } from "../base/permission.ts";
import type { Clock, Timer } from "../base/ports.ts";
import { BUILD } from "../base/version.ts";
import { buildInfo } from "../system/launch/build.ts";
import { usage } from "../system/settings.ts";
import { SystemClock } from "../system/system_clock.ts";
import { OutputError, STATUS_OF_SIGNAL, writeText } from "../terminal/output.ts";
import { complain } from "./complaints.ts";
import { type CommandLine, MAGLEVT_FLAGS, readCommandLine } from "./flags.ts";
import { lineWriter, openLog } from "./line_writer.ts";
import { loadVips } from "./load.ts";
import { type JsonLine, type ReadConfig, startLine, verdictLine } from "./report.ts";
import type { Broken } from "./rules.ts";
import { notFoundHint, Session } from "./session.ts";
import type { Vip } from "./targets.ts";
import { type VipProbe, vipProbes } from "./vip_probe.ts";
import { startWarnings } from "./warnings.ts";

const HEAD = `maglevt ${BUILD.version}: probes VIPs from outside, for failover drills

Usage: maglevt [flags]
Probes stand on a fixed grid: a slow answer delays none, several are in flight. A late prober is
counted apart and is never an outage. Keys on the screen: q p r m and arrows.
Exit: 0; 1 the configuration cannot be read or holds nothing to probe, or the output cannot be
written; 2 the command line is invalid; 3 a rule was broken.`;

/** They end a run without a screen, and later the wait for probes in flight. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/**
 * `deno task` forwards a Ctrl-C that the terminal has already sent. A signal within this time after
 * the one before, in milliseconds, is the same one.
 */
const SAME_SIGNAL_MS = 100;

/** Runs maglevt to its end, and returns the exit status. */
export async function runMaglevt(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    if (error instanceof OutputError) {
      if (error.reason === undefined) return STATUS_OF_SIGNAL.SIGPIPE;
      complain(`cannot write to standard output: ${error.reason}`);
      return 1;
    }
    const message = error instanceof MaglevError ? error.message : permissionText(error);
    if (message === undefined) throw error;
    complain(message);
    return 1;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const read = readCommandLine(args, environment);
  if (read.kind === "error") return fail([read.message], 2);
  const { settings } = read;
  if (settings.help) {
    writeText(Deno.stdout, `${usage(MAGLEVT_FLAGS, HEAD)}\n`);
    return 0;
  }
  if (settings["print-permissions"]) {
    const message = "flag --print-permissions: cannot answer: the program does not see the " +
      "permissions it was started with; start it by its launcher (`deno task maglevt`)";
    return fail([message], 2);
  }
  if (settings.version) {
    const { version, commit, date } = buildInfo();
    writeText(Deno.stdout, `maglevt ${version} (commit ${commit}, ${date})\n`);
    return 0;
  }
  const form = formOf(settings.output);
  if (form === "no-terminal") {
    return fail(["flag --output: tui needs a terminal; use json"], 2);
  }
  const loaded = await loadVips(read);
  if (loaded.kind === "error") return fail(loaded.messages, loaded.status);
  const { vips, configs, warnings } = loaded;
  const probes = await probesOf(vips, read);
  for (const warning of [...warnings, ...startWarnings(read, vips)]) complain(warning);
  using log = settings.log === "" ? undefined : openLog(settings.log);
  const over = Promise.withResolvers<void>();
  const lost: string[] = [];
  const onLine = lineWriter({
    stdout: form === "json" ? Deno.stdout : undefined,
    log,
    onStdoutLost: (error) => over.reject(error),
    onLogLost(reason) {
      const text = `cannot write the log ${settings.log}: ${reason}`;
      lost.push(text);
      session.note(text);
    },
  });
  const clock = new SystemClock();
  const session = new Session({
    vips,
    probes,
    intervalMs: settings.interval,
    timeoutMs: settings.timeout,
    graceMs: settings.grace,
    outageAfter: settings["outage-after"],
    rules: read.rules,
    clock,
    prng: Math.random,
    ...(onLine === undefined ? {} : { onLine }),
  });
  onLine?.(firstLine(session, { read, configs }));
  return await probe(session, { read, form, clock, over, lost });
}

interface ProbeOptions {
  readonly read: CommandLine;
  readonly form: "tui" | "json";
  readonly clock: Clock;
  /** Resolved or rejected: the run is over. */
  readonly over: PromiseWithResolvers<void>;
  /** Output that was lost during the run, in sentences. */
  readonly lost: readonly string[];
}

/** Probes until the end that the command line, a key or a signal sets. */
async function probe(session: Session, options: ProbeOptions): Promise<number> {
  const { read: { settings, uri }, form, clock, over, lost } = options;
  Deno.addSignalListener("SIGUSR1", () => session.mark());
  const ending = onEnding(clock);
  // Terminal acts on signals while it has the screen.
  if (form === "json") ending.act = () => over.resolve();
  const timers = [
    ...settings.duration > 0 ? [clock.after(settings.duration, () => over.resolve())] : [],
    everySecond(clock, () => session.second()),
  ];
  session.prober.start();
  let status: number | "quit" = "quit";
  let broken: readonly Broken[];
  try {
    if (form === "json") await over.promise;
    else status = await endOfScreen(session, options);
  } finally {
    for (const timer of timers) timer.cancel();
    ending.act = () => session.abandon();
    broken = await session.end();
  }
  const hint = notFoundHint(session.probed, uri);
  for (const text of [...lost, ...hint === undefined ? [] : [hint]]) complain(text);
  complain(verdictLine(broken, session.probed));
  if (status !== "quit") return status;
  return broken.length > 0 ? 3 : lost.length > 0 ? 1 : 0;
}

/** Calls `act` for each ending signal, until the program exits. */
function onEnding(clock: Clock): { act: () => void } {
  const ending = { act: () => {} };
  let lastMs = -Infinity;
  const listener = () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - lastMs >= SAME_SIGNAL_MS) ending.act();
    lastMs = nowMs;
  };
  for (const signal of ENDING) Deno.addSignalListener(signal, listener);
  return ending;
}

async function endOfScreen(
  session: Session,
  { read: { settings, uri }, clock, over }: ProbeOptions,
): Promise<number | "quit"> {
  // Only the screen needs it, and the start of a machine-readable run is shorter without.
  const { Tui } = await import("./tui.ts");
  const tui = new Tui(session, {
    input: Deno.stdin,
    output: Deno.stdout,
    clock,
    color: (environment("NO_COLOR") ?? "") === "",
    version: BUILD.version,
    host: Deno.hostname(),
    uri,
    intervalMs: settings.interval,
    timeoutMs: settings.timeout,
  });
  return await tui.run(over.promise);
}

/** Calls `fn` each second from now on. */
function everySecond(clock: Clock, fn: () => void): Timer {
  const startMs = clock.monotonicMs();
  let timer: Timer;
  const wait = () => {
    const restMs = 1000 - (clock.monotonicMs() - startMs) % 1000;
    timer = clock.after(restMs, () => {
      wait();
      fn();
    });
  };
  wait();
  return { cancel: () => timer.cancel() };
}

function firstLine(
  session: Session,
  { read, configs }: { readonly read: CommandLine; readonly configs: readonly ReadConfig[] },
): JsonLine {
  const { settings, uri, rules, codes } = read;
  const { version } = buildInfo();
  return startLine({
    time: session.timeline.utc(0),
    version,
    host: Deno.hostname(),
    configs,
    vips: session.vips,
    settings: {
      interval_ms: settings.interval,
      timeout_ms: settings.timeout,
      duration_ms: settings.duration,
      grace_ms: settings.grace,
      outage_after: settings["outage-after"],
      uri,
      host: settings.host,
      header: settings.header,
      response_code: codes.map(([from, to]) => from === to ? `${from}` : `${from}-${to}`).join(","),
      insecure: settings.insecure,
      keepalive: settings.keepalive,
      filter: settings.filter,
      source: settings.source,
      max_outage_ms: rules.maxOutageMs ?? null,
      max_p99_ms: rules.maxP99Ms ?? null,
      min_ok_percent: rules.minOkPercent ?? null,
    },
  });
}

function probesOf(
  vips: readonly Vip[],
  { settings, uri, codes, sources }: CommandLine,
): Promise<ReadonlyMap<Vip, VipProbe>> {
  const { header, insecure, keepalive } = settings;
  return vipProbes(vips, { uri, header, codes, verify: !insecure, keepalive, sources });
}

function formOf(output: "auto" | "tui" | "json"): "tui" | "json" | "no-terminal" {
  if (output === "json") return "json";
  const dumb = ["", "dumb"].includes(environment("TERM") ?? "");
  if (!dumb && Deno.stdin.isTerminal() && Deno.stdout.isTerminal()) return "tui";
  return output === "tui" ? "no-terminal" : "json";
}

function fail(messages: readonly string[], status: number): number {
  for (const message of messages) complain(message);
  return status;
}

function environment(name: string): string | undefined {
  return Deno.env.get(name);
}
