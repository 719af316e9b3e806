/**
 * Runs maglevc: arguments in, exit status out. The status is 0; 1 when a server refused or did not
 * answer; 2 when the command is invalid; 4 when `show fleet` found differences, or a shared drain is not done on
 * all load balancers. Modules that only some commands need are loaded on demand, because the gRPC
 * library takes longer to load than everything else.
 */
import { hasUnsafe } from "../base/text.ts";
import { MaglevError } from "../base/errors.ts";
import { type NamedServer, parseServers } from "../base/lb_names.ts";
import { permissionText } from "../base/permission.ts";
import { BUILD } from "../base/version.ts";
import { buildInfo } from "../system/launch/build.ts";
import { usage } from "../system/settings.ts";
import { SystemClock } from "../system/system_clock.ts";
import { callerName } from "./caller.ts";
import { type CommandLine, MAGLEVC_FLAGS, readCommandLine } from "./flags.ts";
import { helpAt, helpText } from "./language/help.ts";
import { historyPath } from "./shell/history.ts";
import { isLocal, runLocally } from "./local.ts";
import type { Invocation } from "./language/node.ts";
import { OutputError, STATUS_OF_SIGNAL, writeText } from "../terminal/output.ts";
import { complain } from "./output.ts";
import { parse } from "./language/parse.ts";
import type { Server } from "./servers.ts";
import type { Session } from "./session.ts";
import type { Terminal } from "../terminal/terminal.ts";

const HEAD = `maglevc ${BUILD.version}: shows and steers maglevd

Usage: maglevc [flags] [command]
Without a command: the shell on a terminal, else commands from standard input, a line each.
Exit: 0; 1 a server refused or did not answer; 2 the command is invalid;
4 load balancers differ (show fleet), or are not all drained (drain … wait).`;

/** Runs maglevc to its end, and returns the exit status. */
export async function runMaglevc(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    if (error instanceof OutputError) {
      if (error.reason === undefined) return STATUS_OF_SIGNAL.SIGPIPE;
      return fail(`cannot write to standard output: ${error.reason}`, 1);
    }
    if (error instanceof MaglevError) return fail(error.message, 1);
    const permission = permissionText(error);
    if (permission === undefined) throw error;
    return fail(permission, 1);
  }
}

async function run(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--complete");
  const read = readCommandLine(at < 0 ? args : args.slice(0, at), environment);
  if (at >= 0) {
    return read.kind === "ok" ? await completeWords(read, args.slice(at + 1)) : 0;
  }
  if (read.kind === "error") return fail(read.message, 2);
  const { settings, words } = read;
  if (settings.help) {
    writeText(Deno.stdout, `${usage(MAGLEVC_FLAGS, HEAD)}\n\n${helpText()}\n`);
    return 0;
  }
  if (settings["print-permissions"]) {
    return fail(
      "flag --print-permissions: cannot answer: the program does not see the permissions it was " +
        "started with; start it by its launcher (`deno task maglevc`)",
      2,
    );
  }
  if (settings.version) {
    const { version, commit, date } = buildInfo();
    writeText(Deno.stdout, `maglevc ${version} (commit ${commit}, ${date})\n`);
    return 0;
  }
  if (words.at(-1) === "?") {
    writeText(Deno.stdout, helpAt(words.slice(0, -1), "").map((line) => `${line}\n`).join(""));
    return 0;
  }
  const parsed = parse(words);
  if (parsed.kind === "error") return fail(parsed.message, 2);
  const addresses = parseServers(settings.server);
  if (typeof addresses === "string") return fail(`flag --server: ${addresses}`, 2);
  if (parsed.kind === "empty") return await withoutCommand(read, addresses);
  const { invocation } = parsed;
  if (isLocal(invocation.command)) {
    return await runLocally(invocation.command, { args: invocation.args, stdout: Deno.stdout });
  }
  return await oneShot(read, { addresses, invocation });
}

async function withoutCommand(
  read: CommandLine,
  addresses: readonly NamedServer[],
): Promise<number> {
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) {
    const { runScript } = await import("./shell/script.ts");
    return await withSession(read, { addresses }, (session) => runScript(session, Deno.stdin));
  }
  const { promptOf, runShell } = await import("./shell/shell.ts");
  // The terminal is unknown, or cannot move its cursor.
  if (["", "dumb"].includes(environment("TERM") ?? "")) {
    const { runPlainShell } = await import("./shell/script.ts");
    return await withSession(
      read,
      { addresses, forecast: true },
      (session) => runPlainShell(session, { input: Deno.stdin, prompt: promptOf(session.servers) }),
    );
  }
  const { Terminal } = await import("../terminal/terminal.ts");
  const terminal = new Terminal(standardTerminal());
  return await withSession(
    read,
    { addresses, terminal, forecast: true },
    (session) => runShell(session, { terminal, historyPath: historyPath(environment) }),
  );
}

async function oneShot(
  read: CommandLine,
  { addresses, invocation }: {
    readonly addresses: readonly NamedServer[];
    readonly invocation: Invocation;
  },
): Promise<number> {
  const { runCommand } = await import("./session.ts");
  return await withSession(read, { addresses }, async (session) => {
    const abort = new AbortController();
    const watches = invocation.command === "watch events";
    if (!watches || !Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) {
      // Ctrl-C ends other commands as it ends other programs. The listener stays installed until
      // the end, because `deno task` forwards a Ctrl-C that the terminal has already sent here.
      const waits = invocation.args.wait !== undefined;
      if (watches || waits) Deno.addSignalListener("SIGINT", () => abort.abort());
      return await runCommand(session, invocation, abort.signal);
    }
    const { Terminal } = await import("../terminal/terminal.ts");
    const terminal = new Terminal(standardTerminal());
    terminal.enter();
    try {
      const watched = terminal.interruptible((interrupt) =>
        terminal.untilKey(interrupt, (either) => runCommand(session, invocation, either))
      );
      return await Promise.race([watched, terminal.ended]);
    } finally {
      terminal.leave();
    }
  });
}

async function withSession(
  { settings, color, tls }: CommandLine,
  options: {
    readonly addresses: readonly NamedServer[];
    readonly terminal?: Terminal;
    readonly forecast?: boolean;
  },
  fn: (session: Session) => Promise<number>,
): Promise<number> {
  const { addresses, terminal, forecast = false } = options;
  const clock = new SystemClock();
  const servers = await openServers({ settings, tls }, { addresses, clock });
  try {
    return await fn({
      servers,
      output: settings.output,
      color: color ?? terminal !== undefined,
      forecast,
      width: () => terminal?.size.columns ?? (Deno.stdout.isTerminal() ? columns() : Infinity),
      clock,
      prng: Math.random,
      stdout: Deno.stdout,
      stderr: Deno.stderr,
    });
  } finally {
    for (const server of servers) server.close();
  }
}

async function openServers(
  { settings, tls }: Pick<CommandLine, "settings" | "tls">,
  { addresses, clock }: { readonly addresses: readonly NamedServer[]; readonly clock: SystemClock },
): Promise<readonly Server[]> {
  const { readCredentials } = await import("../grpc/client/credentials.ts");
  const { Server } = await import("./servers.ts");
  const credentials = await readCredentials({
    tls,
    ca: settings["tls-ca"],
    cert: settings["tls-cert"],
    key: settings["tls-key"],
    serverName: settings["tls-server-name"],
    token: settings["token-file"],
  });
  const { timeout: timeoutMs } = settings;
  const user = callerName({ env: environment, uid: Deno.uid });
  return addresses.map((address) => new Server(address, { credentials, timeoutMs, user, clock }));
}

/** Prints candidates for a shell's completion, without error messages. */
async function completeWords(read: CommandLine, words: readonly string[]): Promise<number> {
  const { complete } = await import("./language/complete.ts");
  const addresses = parseServers(read.settings.server);
  let servers: readonly Server[] = [];
  const names = async (...[slot, args]: Parameters<Parameters<typeof complete>[2]>) => {
    if (typeof addresses === "string") return [];
    const { liveNames } = await import("./shell/names.ts");
    const clock = new SystemClock();
    servers = await openServers(read, { addresses, clock });
    return await liveNames({ servers, clock })(slot, args);
  };
  const found = await complete(words.slice(0, -1), words.at(-1) ?? "", names);
  for (const server of servers) server.close();
  // A name with a line break or another control character must not be offered.
  const lines = found.map(({ text, help }) => [text, help])
    .filter(([text = ""]) => !hasUnsafe(text));
  writeText(Deno.stdout, lines.map((line) => `${line.join("\t")}\n`).join(""));
  return 0;
}

function standardTerminal() {
  return { input: Deno.stdin, output: Deno.stdout, clock: new SystemClock() };
}

function columns(): number {
  const { columns } = Deno.consoleSize();
  return columns > 0 ? columns : 80;
}

function fail(message: string, status: number): number {
  complain(Deno.stderr, message);
  return status;
}

function environment(name: string): string | undefined {
  return Deno.env.get(name);
}
