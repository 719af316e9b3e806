/**
 * PURE. Renders the metrics that are computed at a scrape. It yields pieces of text, built on
 * demand, so that the sender can pause between them: 10,000 backends have 270,000 series.
 */
import { FAMILY_NAMES, isOfVpp, type ScrapedName } from "./families.ts";
import { LACKS } from "../probe/lack.ts";
import { backendRows } from "./collect_backends.ts";
import { vppRows } from "./collect_vpp.ts";
import { familyHead, SeriesWriter } from "./text.ts";
import type { MetricsView } from "./view.ts";

/** About as many characters are put together before they are handed out. */
const PIECE_CHARACTERS = 64 * 1024;

/** Makes a family's lines: one text for each backend, VIP or the like, or one for all. */
export type Rows = (view: MetricsView) => Iterable<string>;

function single(name: ScrapedName, value: (view: MetricsView) => number | undefined): Rows {
  const writer = new SeriesWriter(name);
  return (view) => {
    const number = value(view);
    return number === undefined ? [] : [writer.line([], number)];
  };
}

const blind = new SeriesWriter("maglev_prober_blind");

/** A series for each kind of lack, so that an alert has something to look at while all is well. */
function* blindRows({ probers }: MetricsView): Iterable<string> {
  for (const { netns, blind: spots } of probers) {
    for (const lack of LACKS) {
      const spot = spots.find((candidate) => candidate.lack === lack);
      yield blind.line([netns, lack], spot?.backends ?? 0);
    }
  }
}

const build = new SeriesWriter("maglev_build_info");

const ROWS: Readonly<Record<ScrapedName, Rows>> = {
  ...backendRows,
  ...vppRows,
  maglev_prober_blind: blindRows,
  maglev_eventloop_lag_seconds: single(
    "maglev_eventloop_lag_seconds",
    (view) => view.eventLoopLagS,
  ),
  maglev_build_info: ({ build: { version, commit, date } }) => [
    build.line([version, commit, date], 1),
  ],
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

/** The text of all families that are worked out at a scrape, in pieces that end with a line. */
export function* collect(view: MetricsView): Generator<string, void> {
  let piece = "";
  for (const name of FAMILY_NAMES) {
    if (!isScraped(name) || (view.vpp === undefined && isOfVpp(name))) continue;
    piece += familyHead(name);
    for (const text of ROWS[name](view)) {
      piece += text;
      if (piece.length < PIECE_CHARACTERS) continue;
      yield piece;
      piece = "";
    }
  }
  if (piece !== "") yield piece;
}

function isScraped(name: string): name is ScrapedName {
  return Object.hasOwn(ROWS, name);
}
