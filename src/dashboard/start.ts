/** Starts the parts of the dashboard's server: credentials, page, certificate, listener, hub. */
import { MaglevError } from "../base/errors.ts";
import { formatListenAddress, type ListenAddress } from "../base/listen_address.ts";
import type { Clock, Logger, Prng } from "../base/ports.ts";
import { MaglevClient } from "../grpc/client/client.ts";
import { type Credentials, readCredentials } from "../grpc/client/credentials.ts";
import { DASHBOARD_LIMITS } from "../http/limits.ts";
import { HttpServer } from "../http/server.ts";
import { buildInfo } from "../system/launch/build.ts";
import { listenAt, type ListenResult } from "../system/listen.ts";
import { atTurnEnd } from "../async/turn_end.ts";
import { KeyPairWatch, readKeyPair } from "../system/tls/files.ts";
import { TlsIdentity } from "../system/tls/listener.ts";
import { type Assets, loadAssets } from "./assets.ts";
import { PASSWORD_VARIABLE } from "./flags.ts";
import { createHub } from "./hub/hub.ts";
import { MAX_ANSWER_BYTES, MAX_ANSWER_MESSAGES } from "./hub/model/bounds.ts";
import { readPassword } from "./password.ts";
import type { Hub } from "./ports.ts";
import { Login } from "./server/access/login.ts";
import { dashboard } from "./server/app.ts";
import { DashboardMetrics } from "./server/metrics.ts";
import { type CheckedSettings, openLoginWarning } from "./settings.ts";

export interface StartContext {
  readonly checked: CheckedSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly prng: Prng;
}

/** A dashboard that serves browsers. */
export interface RunningDashboard {
  /** Where it listens. */
  readonly addresses: readonly ListenAddress[];
  /** Ends streams, calls and timers. */
  stop(): Promise<void>;
}

/** @throws {MaglevError} the reason why it cannot start */
export async function startDashboard(context: StartContext): Promise<RunningDashboard> {
  const { checked, clock, logger } = context;
  const { settings, servers, proxies, hosts } = checked;
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
    defer: atTurnEnd,
    handle: dashboard({
      hub,
      assets,
      login,
      adminRequiresTls: settings["admin-requires-tls"],
      proxies,
      hosts,
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
  return {
    addresses: listening.addresses,
    async stop() {
      await Promise.all([server.stop(), hub.stop(), tls?.watch.stop()]);
    },
  };
}

function hubOf({ checked, clock, prng }: StartContext, { tls, token }: Credentials): Hub {
  return createHub({
    servers: checked.servers,
    connect: ({ address }) =>
      new MaglevClient({
        ...{ address, tls, token, clock },
        maxAnswerBytes: MAX_ANSWER_BYTES,
        maxAnswerMessages: MAX_ANSWER_MESSAGES,
      }),
    security: { tls: tls !== undefined, token: token !== undefined },
    version: buildInfo().version,
    clock,
    prng,
  });
}

/** Undefined: `/admin/` does not exist. */
async function loginOf({ checked, logger }: StartContext): Promise<Login | undefined> {
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

async function pageOf({ logger }: StartContext): Promise<Assets | undefined> {
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
async function tlsOf({ checked, clock, logger }: StartContext): Promise<Tls | undefined> {
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
  { checked }: StartContext,
  tls: TlsIdentity | undefined,
): Promise<ListenResult & { readonly kind: "ok" }> {
  const listening = await listenAt(checked.listen, { tls });
  if (listening.kind === "ok") return listening;
  throw new MaglevError("failed-precondition", `flag --listen: ${listening.message}`);
}
