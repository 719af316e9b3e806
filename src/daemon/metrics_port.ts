/** The daemon's metrics port: `/metrics`, `/healthz`, `/readyz`. */
import { formatListenAddress, parseListenAddress } from "../base/listen_address.ts";
import { invariant } from "../base/assert.ts";
import type { Clock, Logger } from "../base/ports.ts";
import { buildInfo } from "../system/launch/build.ts";
import type { EventMetrics } from "../metrics/event_metrics.ts";
import { atTurnEnd } from "../async/turn_end.ts";
import type { FleetRequests } from "../fleet/member/requests/requests.ts";
import { METRICS_LIMITS } from "../http/limits.ts";
import { HttpServer } from "../http/server.ts";
import { Metrics } from "../metrics/metrics.ts";
import { pages } from "../metrics/pages.ts";
import { listenAt } from "../system/listen.ts";
import { ProcessReader } from "../system/process_figures.ts";
import { ALL_MESSAGES } from "../vpp/wire/messages.ts";
import type { Daemon } from "./wire.ts";

export interface MetricsPortOptions {
  /** As the flag has it, and checked. */
  readonly address: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An open port. Until start() clients wait. */
export interface MetricsPort {
  /** Where events are counted from the start on. */
  readonly events: EventMetrics;
  start(daemon: Daemon, fleet?: FleetRequests): void;
  /** Resolves when nothing is left. Idempotent. */
  stop(): Promise<void>;
}

/** Of the connection itself: the transport reads the first three, and the last one is sent. */
const UNCOUNTED_REPLIES: ReadonlySet<string> = new Set([
  "sockclnt_create_reply",
  "sockclnt_delete_reply",
  "get_first_msg_id_reply",
  "memclnt_keepalive_reply",
]);

/** Replies that VPP may refuse with. */
export const COUNTED_REPLIES: readonly string[] = ALL_MESSAGES
  .filter(({ name, hasRetval }) => hasRetval && !UNCOUNTED_REPLIES.has(name))
  .map(({ name }) => name);

/** Begins to listen; one sentence when that is not possible. */
export async function openMetricsPort(options: MetricsPortOptions): Promise<MetricsPort | string> {
  const { clock, logger } = options;
  const wanted = parseListenAddress(options.address);
  invariant(typeof wanted !== "string", `metrics address ${options.address}: ${wanted}`);
  const listening = await listenAt(wanted);
  if (listening.kind === "error") return `flag --metrics-addr: ${listening.message}`;
  const { listeners, addresses } = listening;
  const reader = new ProcessReader();
  const metrics = new Metrics({ build: buildInfo(), clock, readProcess: () => reader.read() });
  metrics.events.announceReplies(COUNTED_REPLIES);
  let server: HttpServer | undefined;
  return {
    events: metrics.events,
    start(daemon, fleet) {
      const { checker, engine, vpp, announcer } = daemon;
      const handle = pages({
        scrape: () => metrics.scrape({ checker, engine, vpp, announcer, fleet }),
        readiness: () => daemon.readiness(),
      });
      server = new HttpServer({
        listeners,
        clock,
        limits: METRICS_LIMITS,
        encrypted: false,
        defer: atTurnEnd,
        handle,
        failed: (error) => {
          // A page that cannot be made is a defect of this program.
          throw error;
        },
      });
      server.start();
      metrics.start();
      for (const address of addresses) {
        logger.info("metrics-listen", { address: formatListenAddress(address) });
      }
    },
    async stop() {
      metrics.stop();
      if (server === undefined) { for (const listener of listeners) listener.close(); }
      await server?.stop();
      await reader.close();
    },
  };
}
