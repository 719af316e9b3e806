/**
 * The composition root: the one place that builds the parts and connects them. It holds no
 * decisions.
 */
import type { WallMs } from "../base/instant.ts";
import type { Clock, Logger } from "../base/ports.ts";
import { Checker } from "../checker/checker.ts";
import type { PenaltyStore } from "../checker/ports.ts";
import type { ReloadResult } from "../checker/worked_reload.ts";
import type { KeptIntents } from "../intent/ports.ts";
import type { Config, FrontendConfig } from "../config/model.ts";
import type { ProbeEngine } from "../probe/ports.ts";
import { createVppConnection, type VppConnectionOptions } from "../vpp/api/connection.ts";
import { vipKeyOf, vppLbOf } from "../vpp/lb/desired.ts";
import type { LbCapabilities } from "../vpp/lb/model.ts";
import { VppCounters } from "../vpp/counters/counters.ts";
import { ApiTally } from "../vpp/api_tally.ts";
import type { ApiObserver, ApiTotals, VppConnection } from "../vpp/ports.ts";
import { Reconciler } from "../vpp/sync/reconcile.ts";
import { SentWeights } from "../vpp/sync/sent_weights.ts";
import { stateSince } from "../vpp/state_since.ts";
import { openStatsSession } from "../vpp/stats/session.ts";
import type { SyncReport } from "../vpp/sync/report.ts";
import { withheldText } from "../vpp/sync/guard/withheld.ts";
import type { FolderIo } from "../system/state_file.ts";
import type { Announcer } from "../announce/announcer.ts";
import { createAnnouncer, VppProgress } from "./announce/source.ts";
import type { DrainWatch } from "../vpp/drain/watch.ts";
import { acknowledgeDrains, acknowledgeOnEvents, watchDrains } from "./drains.ts";
import { desiredSource } from "./desired_source.ts";
import {
  blindSentences,
  expiredSentences,
  type Readiness,
  readinessOf,
  type ReadinessSource,
} from "./readiness.ts";

export interface WireOptions {
  readonly config: Config;
  /** Empty: no VPP. */
  readonly vppApiAddr: string;
  /** Empty: no counters. */
  readonly vppStatsAddr: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** New; closed by stop(). */
  readonly engine: ProbeEngine;
  /** Absent: operators' intents end with the process. */
  readonly intents?: (KeptIntents & { readonly store: Closable }) | undefined;
  /** Absent: penalties for flapping end with the process. */
  readonly penalties?: (PenaltyStore & Closable) | undefined;
  /** Counts events; absent: they are not counted. */
  readonly events?: EventCounts | undefined;
  /** Opens the folder of the file of `maglev.announce`, whose path a reload may change. */
  readonly announceFolder: (path: string) => FolderIo;
  /** Connects to VPP's API; absent: over its socket or shared memory. */
  readonly connect?: VppConnectionOptions["connect"];
  /** Opens VPP's stats segment; absent: over its socket. */
  readonly openStats?: VppConnectionOptions["openStats"];
}

/** A store with pending writes. */
interface Closable {
  /** Waits for pending writes. */
  close(): Promise<void>;
}

/** Where events of VPP are counted. */
export interface EventCounts {
  readonly apiObserver: ApiObserver;
  synchronised(report: SyncReport): void;
}

/** The running daemon. */
export interface Daemon extends ReadinessSource {
  readonly checker: Checker;
  readonly engine: ProbeEngine;
  /** Absent without VPP integration. */
  readonly vpp: DaemonVpp | undefined;
  readonly announcer: Announcer;
  start(): void;
  /** Puts a checked configuration in force before it returns. */
  reload(config: Config): ReloadResult;
  /** Cancels probes, leaves VPP as it is, closes everything. */
  stop(): Promise<void>;
}

/** The parts that keep VPP in line with the configuration. */
export interface DaemonVpp {
  /** Unix time in milliseconds since which it is connected, or is not. */
  readonly sinceMs: WallMs;
  readonly connection: VppConnection;
  readonly reconciler: Reconciler;
  /** Without a stats socket it never has a snapshot. */
  readonly counters: VppCounters;
  readonly calls: ApiTotals;
  readonly progress: VppProgress;
  /** Ends drains early. */
  readonly drains: DrainWatch;
}

export function wireDaemon(options: WireOptions): Daemon {
  const { config, clock, logger, engine, vppApiAddr, intents, penalties } = options;
  const sent = vppApiAddr === "" ? undefined : new SentWeights();
  const weightsSent = sent && {
    of: (frontend: FrontendConfig) => sent.of(vipKeyOf(frontend)),
    isProgrammed: (frontend: FrontendConfig) => sent.isOwn(vipKeyOf(frontend)),
    isConnected: (): boolean => vpp?.connection.state.kind === "connected",
  };
  const checker = new Checker({
    config,
    engine,
    clock,
    logger,
    intents,
    penalties,
    weightsSent,
  });
  const vpp: DaemonVpp | undefined = sent && wireVpp(checker, { ...options, sent });
  const announcer = createAnnouncer({
    checker,
    clock,
    logger,
    isLameduck: () => checker.current.intents.lameduck !== undefined,
    folder: options.announceFolder,
    ...(sent && vpp
      ? {
        vpp: {
          sent,
          ...vpp.progress,
          vip: (key) => vpp.reconciler.vip(key),
          withheld: () => vpp.reconciler.withheld(),
        },
      }
      : {}),
  });
  vpp?.progress.follow(() => announcer.updateSoon());
  // After the announcer, which follows the checker too: prefixes are withdrawn before their VIPs.
  checker.subscribe(({ kind }) => {
    if (kind === "reload") vpp?.reconciler.reload(announcer.written);
  });
  let running = false;
  return {
    checker,
    engine,
    vpp,
    announcer,
    readiness: () => readinessNow({ running, vpp, engine, checker }),
    start() {
      running = true;
      vpp?.reconciler.start();
      vpp?.counters.start();
      vpp?.connection.start();
      checker.start();
      vpp?.drains.update();
      announcer.start();
    },
    reload(next) {
      const result = checker.reload(next);
      vpp?.counters.reload();
      return result;
    },
    async stop() {
      running = false;
      checker.stop();
      await Promise.all([
        announcer.stop(),
        engine.close(),
        stopVpp(vpp),
        intents?.store.close(),
        penalties?.close(),
      ]);
    },
  };
}

/** Capabilities of the connected VPP; all of them while VPP is not connected. */
export function capabilitiesOf({ vpp }: Pick<Daemon, "vpp">): LbCapabilities {
  const state = vpp?.connection.state;
  return state?.kind === "connected" ? state.lb.capabilities : { weights: true };
}

function wireVpp(
  checker: Checker,
  options: WireOptions & { readonly sent: SentWeights },
): DaemonVpp {
  const { sent, clock, logger, vppApiAddr, vppStatsAddr, events, connect } = options;
  const openStats = options.openStats ?? openStatsSession;
  const calls = new ApiTally(events?.apiObserver);
  const connection = createVppConnection({
    apiAddress: vppApiAddr,
    clock,
    logger,
    observer: calls,
    ...(connect === undefined ? {} : { connect }),
    ...(vppStatsAddr === "" ? {} : { statsAddress: vppStatsAddr, openStats }),
  });
  const since = stateSince(connection, clock);
  const reconciler = new Reconciler({
    connection,
    source: desiredSource(checker),
    clock,
    logger,
    lbConfig: () => vppLbOf(checker.current.config),
    sent,
    onStats: (report) => {
      checker.weightsKnown("sent");
      events?.synchronised(report);
      progress.synchronised(report);
      acknowledgeDrains({ checker, reconciler, connection });
    },
  });
  const progress = new VppProgress(connection, () => reconciler.warmedUp);
  const counters = new VppCounters({
    connection,
    counted: () => reconciler.counted(),
    clock,
    logger,
    intervalMs: () => vppLbOf(checker.current.config).countersIntervalMs,
  });
  connection.subscribe(({ kind }) => {
    if (kind !== "connected") sent.disconnected();
  });
  sent.onFound = () => checker.weightsKnown("found");
  checker.subscribe((event) => {
    if (event.kind === "program") reconciler.transition(event);
  });
  acknowledgeOnEvents({ checker, reconciler, connection });
  const drains = watchDrains({ checker, reconciler, connection, clock });
  return {
    get sinceMs() {
      return since();
    },
    connection,
    reconciler,
    counters,
    calls,
    progress,
    drains,
  };
}

async function stopVpp(vpp: Daemon["vpp"]): Promise<void> {
  if (vpp === undefined) return;
  vpp.drains.stop();
  // The reconciler first: it waits for replies to requests it has sent.
  await Promise.all([vpp.reconciler.stop(), vpp.counters.stop()]);
  await vpp.connection.stop();
}

function readinessNow(
  { running, vpp, engine, checker }: Pick<Daemon, "vpp" | "engine" | "checker"> & {
    readonly running: boolean;
  },
): Readiness {
  return readinessOf({
    running,
    vpp: vpp?.connection.state ?? { kind: "off" },
    warmedUp: vpp?.reconciler.warmedUp ?? true,
    blind: blindSentences(engine.probers()),
    expired: expiredSentences(engine.probers()),
    withheld: vpp?.reconciler.withheld().map(withheldText) ?? [],
    lameduck: checker.current.intents.lameduck !== undefined,
  });
}
