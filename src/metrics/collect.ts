/**
 * PURE. Renders the metrics that are computed at a scrape. It yields pieces of the page, written on
 * demand, so that the sender can pause between them: 10,000 backends have 270,000 series.
 */
import { FAMILY_NAMES, isOfVpp, type ScrapedName } from "./families.ts";
import { lastServers } from "../forecast/next_failure.ts";
import { LACKS } from "../probe/lack.ts";
import { backendRows } from "./collect_backends.ts";
import { fleetRows } from "./collect_fleet.ts";
import { storeRows } from "./collect_store.ts";
import { isOfStore } from "./store_families.ts";
import { vppRows } from "./collect_vpp.ts";
import { familyHead, Page, SeriesWriter } from "./text.ts";
import type { MetricsView } from "./view.ts";

/** Writes a family's lines; it yields when the page is full. */
export type Rows = (view: MetricsView, page: Page) => Iterable<void>;

function single(name: ScrapedName, value: (view: MetricsView) => number | undefined): Rows {
  const writer = new SeriesWriter(name);
  return (view, page) => {
    const number = value(view);
    if (number !== undefined) writer.line(page, number);
    return [];
  };
}

const blind = new SeriesWriter("maglev_prober_blind");

/** A series for each kind of lack, so that an alert has something to look at while all is well. */
function* blindRows({ probers }: MetricsView, page: Page): Iterable<void> {
  for (const { netns, blind: spots } of probers) {
    for (const lack of LACKS) {
      const spot = spots.find((candidate) => candidate.lack === lack);
      blind.line(page, spot?.backends ?? 0, netns, lack);
    }
    if (page.full) yield;
  }
}

const isolated = new SeriesWriter("maglev_prober_isolated");

function* isolatedRows({ probers }: MetricsView, page: Page): Iterable<void> {
  for (const prober of probers) {
    isolated.line(page, prober.isolated === undefined ? 0 : 1, prober.netns);
    if (page.full) yield;
  }
}

const expired = new SeriesWriter("maglev_prober_isolation_expired");

function* expiredRows({ probers }: MetricsView, page: Page): Iterable<void> {
  for (const prober of probers) {
    expired.line(page, prober.expired === undefined ? 0 : 1, prober.netns);
    if (page.full) yield;
  }
}

const build = new SeriesWriter("maglev_build_info");

const ROWS: Readonly<Record<ScrapedName, Rows>> = {
  ...backendRows,
  ...vppRows,
  ...fleetRows,
  ...storeRows,
  maglev_announce_stale: single(
    "maglev_announce_stale",
    ({ announceStale }) => announceStale === undefined ? undefined : Number(announceStale),
  ),
  maglev_lameduck: single(
    "maglev_lameduck",
    ({ snapshot: { config, intents } }) =>
      config.announce === undefined ? undefined : Number(intents.lameduck !== undefined),
  ),
  maglev_next_failure_empties: single(
    "maglev_next_failure_empties",
    ({ snapshot }) => lastServers(snapshot).reduce((sum) => sum + 1, 0),
  ),
  maglev_prober_blind: blindRows,
  maglev_prober_isolated: isolatedRows,
  maglev_prober_isolation_expired: expiredRows,
  maglev_eventloop_lag_seconds: single(
    "maglev_eventloop_lag_seconds",
    (view) => view.eventLoopLagS,
  ),
  maglev_build_info({ build: { version, commit, date } }, page) {
    build.line(page, 1, version, commit, date);
    return [];
  },
  process_cpu_user_seconds_total: single(
    "process_cpu_user_seconds_total",
    (view) => view.process.userCpuS,
  ),
  process_cpu_system_seconds_total: single(
    "process_cpu_system_seconds_total",
    (view) => view.process.systemCpuS,
  ),
  process_cpu_seconds_total: single(
    "process_cpu_seconds_total",
    ({ process }) => process.userCpuS + process.systemCpuS,
  ),
  process_start_time_seconds: single(
    "process_start_time_seconds",
    (view) => view.process.startS,
  ),
  process_resident_memory_bytes: single(
    "process_resident_memory_bytes",
    (view) => view.process.residentBytes,
  ),
  process_open_fds: single("process_open_fds", (view) => view.process.openDescriptors),
  process_max_fds: single("process_max_fds", (view) => view.process.maxDescriptors),
};

/**
 * The text of all families that are worked out at a scrape, in pieces that end with a line. The
 * bytes of a piece are valid until the next one is made.
 */
export function* collect(view: MetricsView): Generator<Uint8Array, void> {
  const page = new Page();
  for (const name of FAMILY_NAMES) {
    if (!isScraped(name) || (view.vpp === undefined && isOfVpp(name))) continue;
    if (view.fleet === undefined && isOfStore(name)) continue;
    page.addText(familyHead(name));
    for (const _ of ROWS[name](view, page)) yield page.take();
  }
  if (page.length > 0) yield page.take();
}

function isScraped(name: string): name is ScrapedName {
  return Object.hasOwn(ROWS, name);
}
