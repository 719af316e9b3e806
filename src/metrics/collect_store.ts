/** PURE. This load balancer's part in a fleet with a store. */
import { type Page, SeriesWriter } from "./text.ts";
import type { FleetFigures, MetricsView } from "./view.ts";

/** What may become of an intent here. */
export const WISHES_HERE = ["obeyed", "held", "unfit", "elsewhere", "over"] as const;

const up = new SeriesWriter("maglev_fleet_store_up");
const foreign = new SeriesWriter("maglev_fleet_store_foreign");
const intents = new SeriesWriter("maglev_fleet_intents");
const members = new SeriesWriter("maglev_fleet_members");
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
  maglev_fleet_intents: rows(({ wishes }, page) => {
    for (const kind of WISHES_HERE) {
      intents.line(page, wishes.filter(({ here }) => here.kind === kind).length, kind);
    }
  }),
  maglev_fleet_members: rows((fleet, page) => {
    const present = fleet.members.filter((member) => member.present).length;
    members.line(page, present, "present");
    members.line(page, fleet.members.length - present, "away");
  }),
  maglev_fleet_name_taken: rows(({ nameTaken }, page) => taken.line(page, Number(nameTaken))),
};
