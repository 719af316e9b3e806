/** Starts and stops the dashboard's server: credentials, hub, listener, signals. */
import { settledWithin } from "../async/deadline.ts";
import { MaglevError } from "../base/errors.ts";
import { formatListenAddress } from "../base/listen_address.ts";
import { type Credentials, readCredentials } from "../grpc/client/credentials.ts";
import { MaglevClient } from "../grpc/client/client.ts";
import { DASHBOARD_LIMITS } from "../http/limits.ts";
import { HttpServer } from "../http/server.ts";
import type { LogFormat } from "../log/forms.ts";
import { LogHandler } from "../log/handler.ts";
import { buildInfo } from "../system/launch/build.ts";
import { listenAt, type ListenResult } from "../system/listen.ts";
import { SignalInbox } from "../system/signals.ts";
import { writeLine } from "../system/stdio.ts";
import { SystemClock } from "../system/system_clock.ts";
import { KeyPairWatch, readKeyPair } from "../system/tls/files.ts";
import { TlsIdentity } from "../system/tls/listener.ts";
import { type Assets, loadAssets } from "./assets.ts";
import { type FrontendSettings, PASSWORD_VARIABLE } from "./flags.ts";
import { readPassword } from "./password.ts";
import { createHub } from "./hub/hub.ts";
import { MAX_ANSWER_BYTES } from "./hub/model/bounds.ts";
import type { Hub } from "./ports.ts";
import { dashboard } from "./server/app.ts";
import { Login } from "./server/login.ts";
import { DashboardMetrics } from "./server/metrics.ts";
import { type CheckedSettings, openLoginWarning } from "./settings.ts";

/** How long browsers and calls may take to end. */
const STOP_DEADLINE_MS = 1500;
/** A second signal within this time is an echo of the first: `deno task` forwards signals. */
const SIGNAL_ECHO_MS = 300;
/** How long the last log lines may take to be written. */
const FLUSH_DEADLINE_MS = 300;

interface Context {
  readonly checked: CheckedSettings;
  readonly clock: SystemClock;
  readonly logger: LogHandler;
}

/** Serves until a signal stops it: the exit status; or the reason why it cannot start. */
export async function serve(checked: CheckedSettings): Promise<number | string> {
  const signals = new SignalInbox();
  const clock = new SystemClock();
  const { settings } = checked;
  const logger = new LogHandler({
    level: settings["log-level"],
    format: logFormat(settings["log-format"]),
    clock,
    writer: Deno.stdout,
  });
  try {
    const parts = await start({ checked, clock, logger });
    return await untilStopped(parts, { clock, logger, signals });
  } catch (error) {
    if (error instanceof MaglevError) return error.message;
    throw error;
  } finally {
    await settledWithin(logger.flush(), { clock, deadlineMs: FLUSH_DEADLINE_MS });
    signals.close();
  }
}

/** The configured form; `auto` is the one for people on a terminal. */
function logFormat(configured: FrontendSettings["log-format"]): LogFormat {
  const terminal = Deno.stdout.isTerminal();
  const format = configured === "auto" ? (terminal ? "pretty" : "json") : configured;
  return format === "pretty" && terminal && !Deno.noColor ? "colored" : format;
}

/** What start() creates and untilStopped() stops. */
interface Parts {
  readonly hub: Hub;
  readonly server: HttpServer;
  readonly certificates: KeyPairWatch | undefined;
}

/** @throws {MaglevError} the reason why it cannot start */
async function start(context: Context): Promise<Parts> {
  const { checked, clock, logger } = context;
  const { settings, servers, proxies } = checked;
  const build = buildInfo();
  logger.info("dashboard-start", {
    version: build.version,
    commit: build.commit,
    pid: Deno.pid,
    servers: servers.map(({ name, address }) => name === address ? name : `${name}=${address}`),
  });
  const credentials = await readCredentials({
    tls: checked.tls,
    ca: settings["tls-ca"],
    cert: settings["tls-cert"],
    key: settings["tls-key"],
    serverName: settings["tls-server-name"],
    token: settings["token-file"],
  });
  const login = await loginOf(context);
  const assets = await pageOf(context);
  const tls = await tlsOf(context);
  const listening = await listen(context, tls?.identity);
  const hub = hubOf(context, credentials);
  const metrics = new DashboardMetrics({
    build,
    startedMs: clock.wallMs(),
    figures: () => ({
      connected: hub.state("viewer").maglevds.map(({ name, connected }) => [name, connected]),
      residentBytes: Deno.memoryUsage().rss,
    }),
  });
  const server = new HttpServer({
    listeners: listening.listeners,
    clock,
    limits: DASHBOARD_LIMITS,
    encrypted: tls !== undefined,
    handle: dashboard({
      hub,
      assets,
      login,
      adminRequiresTls: settings["admin-requires-tls"],
      proxies,
      build,
      metrics,
      clock,
      logger,
    }),
    failed: (error) => {
      // The client has its 500; the others are served on.
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      logger.error("dashboard-error", { err: text });
    },
  });
  hub.start();
  server.start();
  tls?.watch.start();
  for (const address of listening.addresses) {
    logger.info("dashboard-listen", {
      address: formatListenAddress(address),
      tls: tls !== undefined,
      admin: login !== undefined,
    });
  }
  return { hub, server, certificates: tls?.watch };
}

function hubOf({ checked, clock }: Context, { tls, token }: Credentials): Hub {
  return createHub({
    servers: checked.servers,
    connect: ({ address }) =>
      new MaglevClient({ address, tls, token, clock, maxAnswerBytes: MAX_ANSWER_BYTES }),
    security: { tls: tls !== undefined, token: token !== undefined },
    version: buildInfo().version,
    clock,
    prng: Math.random,
  });
}

/** Undefined: `/admin/` does not exist. */
async function loginOf({ checked, logger }: Context): Promise<Login | undefined> {
  const { settings } = checked;
  const { user } = settings;
  const password = await readPassword({
    file: settings["password-file"],
    variable: Deno.env.get(PASSWORD_VARIABLE),
  });
  const lacking = [user === "" ? "user" : "", password === "" ? "password" : ""]
    .filter((part) => part !== "");
  // One of the two is a mistake; neither is a dashboard for viewers.
  if (lacking.length === 1) {
    const message = `/admin/ does not exist: its ${lacking[0]} is not set`;
    logger.warn("dashboard-warning", { message });
  }
  if (lacking.length > 0) return undefined;
  const warning = openLoginWarning(checked);
  if (warning !== undefined) logger.warn("dashboard-warning", { message: warning });
  return new Login({ user, password });
}

async function pageOf({ logger }: Context): Promise<Assets | undefined> {
  const assets = await loadAssets();
  if (typeof assets !== "string") return assets;
  logger.warn("dashboard-warning", { message: assets });
  return undefined;
}

interface Tls {
  readonly identity: TlsIdentity;
  readonly watch: KeyPairWatch;
}

/** The certificate for browsers, which is replaced when its files change. */
async function tlsOf({ checked, clock, logger }: Context): Promise<Tls | undefined> {
  const { "listen-tls-cert": cert, "listen-tls-key": key } = checked.settings;
  if (cert === "") return undefined;
  const paths = { cert, key };
  const current = await readKeyPair(paths);
  const identity = new TlsIdentity(current);
  const watch = new KeyPairWatch({
    paths,
    current,
    clock,
    renewed: (pair) => {
      identity.replace(pair);
      logger.info("dashboard-certificate", { path: cert });
    },
    refused: ({ message }) => logger.warn("dashboard-warning", { message }),
  });
  return { identity, watch };
}

/** @throws {MaglevError} */
async function listen(
  { checked }: Context,
  tls: TlsIdentity | undefined,
): Promise<ListenResult & { readonly kind: "ok" }> {
  const listening = await listenAt(checked.listen, { tls });
  if (listening.kind === "ok") return listening;
  throw new MaglevError("failed-precondition", `flag --listen: ${listening.message}`);
}

interface Running {
  readonly clock: SystemClock;
  readonly logger: LogHandler;
  readonly signals: SignalInbox;
}

async function untilStopped(
  { hub, server, certificates }: Parts,
  { clock, logger, signals }: Running,
): Promise<number> {
  const stop = Promise.withResolvers<{ readonly status: number; readonly by: string }>();
  const onBug = (event: ErrorEvent | PromiseRejectionEvent) => {
    event.preventDefault();
    const error = "reason" in event ? event.reason : event.error;
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    // A clean restart is better than half a dashboard.
    writeLine(Deno.stderr, `maglevd-frontend: internal error: ${text}`);
    stop.resolve({ status: 1, by: "internal error" });
  };
  addEventListener("error", onBug);
  addEventListener("unhandledrejection", onBug);
  let stoppingMs: number | undefined;
  signals.handle({
    onReload: () => {},
    onStop: (signal) => {
      const nowMs = clock.monotonicMs();
      stoppingMs ??= nowMs;
      // A second signal: the operator does not want to wait.
      if (nowMs - stoppingMs >= SIGNAL_ECHO_MS) Deno.exit(1);
      stop.resolve({ status: 0, by: signal });
    },
  });
  const { status, by } = await stop.promise;
  logger.info("shutdown", { by });
  const stopped = Promise.all([server.stop(), hub.stop(), certificates?.stop()]);
  await settledWithin(stopped, { clock, deadlineMs: STOP_DEADLINE_MS });
  return status;
}
