/**
 * Runs maglevt: arguments in, exit status out. 0; 1 the configuration cannot be read, or holds
 * nothing to probe; 2 the command line is invalid; 3 a rule was broken.
 */
import { MaglevError } from "../base/errors.ts";
import { permissionText } from "../base/permission.ts";
import type { Clock } from "../base/ports.ts";
import { BUILD } from "../base/version.ts";
import { buildInfo } from "../system/launch/build.ts";
import { usage } from "../system/settings.ts";
import { SystemClock } from "../system/system_clock.ts";
import { OutputError, type OutputStream, STATUS_OF_SIGNAL, writeText } from "../terminal/output.ts";
import { complain } from "./complaints.ts";
import { type CommandLine, MAGLEVT_FLAGS, readCommandLine } from "./flags.ts";
import { loadVips } from "./load.ts";
import { type JsonLine, type ReadConfig, startLine, verdictLine } from "./report.ts";
import type { Broken } from "./rules.ts";
import { notFoundHint, Session } from "./session.ts";
import type { Vip } from "./targets.ts";
import { type VipProbe, vipProbe } from "./vip_probe.ts";

const HEAD = `maglevt ${BUILD.version}: probes VIPs from outside, for failover drills

Usage: maglevt [flags]
Probes stand on a fixed grid: a slow answer delays none, several are in flight. A late prober is
counted apart and is never an outage. Keys on the screen: q p r m and arrows.
Exit: 0; 1 the configuration cannot be read, or holds nothing to probe; 2 the command line is
invalid; 3 a rule was broken.`;

/** Probes a second over TLS from one source address, above which ports may run out (TIME_WAIT). */
const MAX_SOURCED_TLS = 470;

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
  const probes = probesOf(vips, read);
  for (const warning of [...warnings, ...portWarnings(read, vips)]) complain(warning);
  using log = settings.log === "" ? undefined : openLog(settings.log);
  const sinks = [...form === "json" ? [Deno.stdout] : [], ...log === undefined ? [] : [log]];
  const over = Promise.withResolvers<void>();
  const onLine = sinks.length === 0 ? undefined : lineWriter(sinks, (error) => over.reject(error));
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
  return await probe(session, { read, form, clock, over });
}

interface ProbeOptions {
  readonly read: CommandLine;
  readonly form: "tui" | "json";
  readonly clock: Clock;
  /** Resolved or rejected: the run is over. */
  readonly over: PromiseWithResolvers<void>;
}

/** Probes until the end that the command line, a key or a signal sets. */
async function probe(session: Session, options: ProbeOptions): Promise<number> {
  const { read: { settings, uri }, form, clock, over } = options;
  const mark = () => session.mark();
  Deno.addSignalListener("SIGUSR1", mark);
  const timers = new Set([
    ...settings.duration > 0 ? [clock.after(settings.duration, () => over.resolve())] : [],
  ]);
  const second = everySecond(clock, () => session.second());
  session.prober.start();
  let status: number | "quit" = "quit";
  let broken: readonly Broken[];
  try {
    if (form === "json") await endOfJson(over.promise);
    else status = await endOfScreen(session, options);
  } finally {
    for (const timer of timers) timer.cancel();
    second.cancel();
    Deno.removeSignalListener("SIGUSR1", mark);
    broken = await session.end();
  }
  const hint = notFoundHint(session.probed, uri);
  if (hint !== undefined) complain(hint);
  complain(verdictLine(broken, session.probed.length));
  return status === "quit" ? (broken.length > 0 ? 3 : 0) : status;
}

/** Resolves at the end of the duration or by a signal, which is a usual end. */
async function endOfJson(over: Promise<void>): Promise<void> {
  const signalled = Promise.withResolvers<void>();
  const end = () => signalled.resolve();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, end);
  try {
    await Promise.race([over, signalled.promise]);
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.removeSignalListener(signal, end);
  }
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

/** Calls `fn` each second. */
function everySecond(clock: Clock, fn: () => void) {
  let timer = clock.after(1000, tick);
  function tick(): void {
    timer = clock.after(1000, tick);
    fn();
  }
  return { cancel: () => timer.cancel() };
}

/** Writes lines until a write fails; lines come from timers, which have no caller for an error. */
function lineWriter(
  sinks: readonly OutputStream[],
  onError: (error: unknown) => void,
): (line: JsonLine) => void {
  let open = true;
  return (line) => {
    if (!open) return;
    try {
      const text = `${JSON.stringify(line)}\n`;
      for (const sink of sinks) writeText(sink, text);
    } catch (error) {
      open = false;
      onError(error);
    }
  };
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

function probesOf(vips: readonly Vip[], read: CommandLine): ReadonlyMap<Vip, VipProbe> {
  const { settings, uri, codes, sources } = read;
  const probes = new Map<Vip, VipProbe>();
  for (const vip of vips) {
    const probe = vipProbe(vip, {
      uri,
      header: settings.header,
      codes,
      verify: !settings.insecure,
      keepalive: settings.keepalive,
      sources,
    });
    if (probe !== undefined) probes.set(vip, probe);
  }
  return probes;
}

/** Connections over TLS close with a FIN, and hold their local port for a minute afterwards. */
function portWarnings({ settings, sources }: CommandLine, vips: readonly Vip[]): readonly string[] {
  if (sources.length === 0 || settings.keepalive) return [];
  const tls = vips.filter(({ probing, address }) =>
    probing.kind === "get" && probing.tls && sources.some(({ family }) => family === address.family)
  );
  const perSecond = Math.round(tls.length * 1000 / settings.interval);
  if (perSecond <= MAX_SOURCED_TLS) return [];
  return [
    `${perSecond} probes a second over TLS from one source address may use up its local ports, ` +
    `which stay in TIME_WAIT for 60 s (at most about ${MAX_SOURCED_TLS} a second); ` +
    "use a longer --interval, --keepalive, or no --source",
  ];
}

/** The log, opened to append; closed by the caller. */
function openLog(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { append: true, create: true });
  } catch (error) {
    const reason = MaglevError.from(error).message.replace(/ \(os error \d+\).*$/, "");
    throw new MaglevError("failed-precondition", `cannot open the log ${path}: ${reason}`);
  }
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
