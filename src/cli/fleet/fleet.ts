/**
 * `show fleet`, `show fleet differences`, `votes` and `reshuffle`: one view of all servers of
 * `--server`. Exit status 0: all could be compared and agree; 4: they differ; 1: some could not be
 * asked or compared, and the others agree.
 */
import type { Outcome } from "../execute.ts";
import type { Json } from "../../grpc/client/client.ts";
import { plainForm, plainParts } from "../render/plain.ts";
import { jsonText, renderView, yamlText } from "../render/mod.ts";
import type { View } from "../render/model.ts";
import { type AskOptions, readFleet } from "../../grpc/client/fleet/read.ts";
import { type LbStore, readStores } from "../../grpc/client/fleet/stores.ts";
import { readVotes } from "./votes.ts";
import { fleetJson, votesJson } from "./json.ts";
import { readReshuffle } from "./reshuffle.ts";
import { reshuffleJson, reshuffleView } from "./reshuffle_view.ts";
import { differencesView, fleetView, votesView } from "./view.ts";

/** The commands of this file. */
export const FLEET_COMMANDS = [
  "show fleet",
  "show fleet differences",
  "show fleet votes",
  "show fleet reshuffle",
] as const;
export type FleetCommand = typeof FLEET_COMMANDS[number];

/** Exit status when load balancers differ. */
export const DIFFER = 4;

export interface FleetOptions extends AskOptions {
  readonly output: "text" | "json" | "yaml";
  /** Columns; Infinity: no terminal. */
  readonly width: number;
  readonly color: boolean;
}

/** What is written, and the exit status. */
export interface FleetOutcome extends Omit<Outcome, "ok"> {
  readonly status: number;
}

export async function runFleet(
  command: FleetCommand,
  options: FleetOptions,
): Promise<FleetOutcome> {
  const nowMs = options.clock.wallMs();
  if (command === "show fleet votes") {
    const votes = await readVotes(options);
    const status = votes.rows.some(({ split }) => split)
      ? DIFFER
      : votes.failures.length > 0
      ? 1
      : 0;
    return { ...await written(votesView(votes, nowMs), votesJson(votes), options), status };
  }
  if (command === "show fleet reshuffle") {
    const reshuffle = await readReshuffle(options);
    const status = reshuffle.failures.length > 0 ? 1 : 0;
    const view = reshuffleView(reshuffle, nowMs);
    return { ...await written(view, reshuffleJson(reshuffle), options), status };
  }
  const isWhole = command === "show fleet";
  const [state, stores] = await Promise.all([
    readFleet(options),
    isWhole ? readStores(options) : new Map<string, LbStore>(),
  ]);
  const view = isWhole ? fleetView(state, stores, nowMs) : differencesView(state, nowMs);
  const status = { agree: 0, differ: DIFFER, incomplete: 1 }[state.comparison.verdict];
  return { ...await written(view, fleetJson(state, stores), options), status };
}

async function written(
  view: View,
  json: Json,
  { output, width, color }: FleetOptions,
): Promise<Omit<Outcome, "ok">> {
  if (output !== "text") {
    return { text: output === "json" ? jsonText(json) : await yamlText(json), errors: [] };
  }
  if (width !== Infinity) return { text: renderView(view, { width, color }), errors: [] };
  const { view: rows, asides } = plainParts(view);
  return { text: renderView(plainForm(rows), { width, color }), errors: asides };
}
