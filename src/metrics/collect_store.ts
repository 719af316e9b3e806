/** PURE. This load balancer's part in a fleet with a store. */
import { ROLLOUT_STATES } from "../fleet/book/rollout/states.ts";
import { type Page, SeriesWriter } from "./text.ts";
import type { FleetFigures, MetricsView } from "./view.ts";

/** What may become of an intent here. */
export const WISHES_HERE = ["obeyed", "held", "unfit", "elsewhere", "over"] as const;

/** Kinds of intents that a fleet shares. */
const KINDS = ["pause", "disable", "drain", "weight"] as const;
/** Why a value is not obeyed. */
const IGNORED = ["too-large", "invalid", "newer"] as const;

const up = new SeriesWriter("maglev_fleet_store_up");
const foreign = new SeriesWriter("maglev_fleet_store_foreign");
const silent = new SeriesWriter("maglev_fleet_store_silent_seconds");
const intents = new SeriesWriter("maglev_fleet_intents");
const members = new SeriesWriter("maglev_fleet_members");
const skew = new SeriesWriter("maglev_fleet_clock_skew_seconds");
const ignored = new SeriesWriter("maglev_fleet_values_ignored");
const rollout = new SeriesWriter("maglev_fleet_rollout");
const taken = new SeriesWriter("maglev_fleet_name_taken");

type Write = (fleet: FleetFigures, page: Page) => void;

function rows(write: Write): (view: MetricsView, page: Page) => Iterable<void> {
  return ({ fleet }, page) => {
    if (fleet !== undefined) write(fleet, page);
    return [];
  };
}

/** The families of this file. */
export const storeRows = {
  maglev_fleet_store_up: rows(({ store }, page) => up.line(page, Number(store.kind === "ok"))),
  maglev_fleet_store_foreign: rows(({ store: { kind } }, page) => {
    foreign.line(page, Number(kind === "foreign" || kind === "suspect"));
  }),
  maglev_fleet_store_silent_seconds: rows(({ silentMs }, page) => {
    if (silentMs !== undefined) silent.line(page, silentMs / 1000);
  }),
  maglev_fleet_intents: rows(({ wishes }, page) => {
    for (const kind of KINDS) {
      const ofKind = wishes.filter(({ intent }) => intent.kind === kind);
      for (const what of WISHES_HERE) {
        intents.line(page, ofKind.filter(({ here }) => here.kind === what).length, kind, what);
      }
    }
  }),
  maglev_fleet_members: rows((fleet, page) => {
    const present = fleet.members.filter((member) => member.present).length;
    members.line(page, present, "present");
    members.line(page, fleet.members.length - present, "away");
  }),
  maglev_fleet_clock_skew_seconds: rows(({ members }, page) => {
    const skews = members.flatMap(({ present, skewMs }) => present ? skewMs ?? [] : []);
    skew.line(page, Math.max(0, ...skews.map(Math.abs)) / 1000);
  }),
  maglev_fleet_values_ignored: rows((fleet, page) => {
    for (const reason of IGNORED) ignored.line(page, fleet.ignored.get(reason) ?? 0, reason);
  }),
  maglev_fleet_rollout: rows((fleet, page) => {
    for (const state of ROLLOUT_STATES) {
      rollout.line(page, Number(fleet.rollout?.state === state), state);
    }
  }),
  maglev_fleet_name_taken: rows(({ nameTaken }, page) => taken.line(page, Number(nameTaken))),
};
