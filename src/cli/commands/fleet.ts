/** A server's part in its fleet: the store, shared intents, the other load balancers. */
import type { WallMs } from "../../base/instant.ts";
import type { messages } from "../../grpc/client/client.ts";
import { sharedRollout } from "../../grpc/client/fleet/rollouts.ts";
import { rolloutBlocks } from "../fleet/rollout_view.ts";
import type { Args } from "../language/node.ts";
import { elapsed, wallMsOfNanoseconds } from "../render/mod.ts";
import type { Cell, Row } from "../render/model.ts";
import { answer, ask, need } from "./call.ts";
import { intentText } from "./cells.ts";
import type { Answer, Command, CommandContext } from "./command.ts";
import { nanoseconds, scopeRequest, spanOf } from "./intent.ts";

/** `show fleet intents`. */
export async function showFleetIntents(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "GetFleet", { request: {} });
  const { nowMs } = context;
  return answer("GetFleet", message, {
    view: [
      { kind: "lines", lines: headLines(message, nowMs) },
      ...rolloutBlocks(sharedRollout(message), nowMs),
      {
        kind: "table",
        columns: [
          { header: "id", whole: true },
          { header: "scope" },
          { header: "target" },
          { header: "here" },
          { header: "intent" },
        ],
        rows: message.intents.map((each) => intentRow(each, nowMs)),
        empty: "No intents of the fleet.",
      },
      {
        kind: "table",
        columns: [
          { header: "load balancer" },
          { header: "site" },
          { header: "applied" },
          { header: "status" },
          { header: "notes" },
        ],
        rows: message.members.map((each) => memberRow(each, nowMs)),
        empty: "No load balancer has published its status.",
      },
      {
        kind: "table",
        columns: [
          { header: "ended", whole: true },
          { header: "scope" },
          { header: "target" },
          { header: "by" },
        ],
        rows: message.ended.slice(0, MAX_ENDED).map((each) => endedRow(each, nowMs)),
        empty: "No ended intents.",
      },
    ],
    ok: message.store === "ok",
  });
}

/** Ended intents that are listed. */
const MAX_ENDED = 10;

function headLines(
  { fleet, lb, site, store, storeReason, storeSinceUnixNs, revision, confirmedUnixNs, nameTaken }:
    messages.FleetInfo,
  nowMs: WallMs,
): Cell[] {
  if (store === "off") return [{ text: "no store of a fleet is configured (--fleet-store)" }];
  const where = site === "" ? lb : `${lb} of site ${site}`;
  const since = elapsed(nowMs - wallMsOfNanoseconds(storeSinceUnixNs));
  const lines: Cell[] = [{
    text: `${fleet}: ${where}, store ${store} for ${since}, revision ${revision}`,
    comparisonKey: `${fleet} ${store}`,
    style: store === "ok" ? "good" : "bad",
  }];
  if (storeReason !== "") lines.push({ text: storeReason, style: "bad" });
  if (store !== "ok") {
    const age = confirmedUnixNs === undefined
      ? "the store has not confirmed any intent yet"
      : `in force as of ${elapsed(nowMs - wallMsOfNanoseconds(confirmedUnixNs))} ago`;
    lines.push({ text: age, comparisonKey: "age", style: "warn" });
  }
  if (nameTaken) {
    lines.push({
      text: `another process has the name ${lb}; it publishes, not this`,
      style: "bad",
    });
  }
  return lines;
}

function intentRow(
  { intent, here, hereReason }: messages.FleetIntent,
  nowMs: WallMs,
): Row {
  const { id = "", scope = "", backend = "", frontend = "", pool = "", kind = "" } = intent ?? {};
  const target = kind === "weight" ? `${backend} in ${frontend} pool ${pool}` : backend;
  return {
    key: id,
    cells: [
      { text: id, style: "name" },
      { text: scope },
      { text: target },
      {
        text: hereReason === "" ? here : `${here}: ${hereReason}`,
        style: here === "obeyed" ? "good" : here === "held" ? "bad" : "muted",
      },
      { text: intent === undefined ? "" : intentText(intent, nowMs), comparisonKey: kind },
    ],
  };
}

function memberRow(member: messages.FleetMember, nowMs: WallMs): Row {
  const { name, site, present, sinceUnixNs, applied, held, unfit, drains, clockSkewNs, version } =
    member;
  const since = elapsed(nowMs - wallMsOfNanoseconds(sinceUnixNs));
  const skewMs = Number(clockSkewNs ?? 0n) / 1e6;
  const notes = [
    ...held.map(({ id, reason }) => `holds ${id}: ${reason}`),
    ...unfit.map(({ id, reason }) => `cannot obey ${id}: ${reason}`),
    ...drains.map(({ id, state }) => `${id} ${state}`),
    ...(Math.abs(skewMs) >= SKEW_MS ? [skewText(skewMs)] : []),
  ];
  return {
    key: name,
    cells: [
      { text: name, style: "name" },
      { text: site },
      { text: String(applied), volatile: true },
      {
        text: `${present ? version : "away"} for ${since}`,
        comparisonKey: present ? version : "away",
        style: present ? "good" : "bad",
      },
      { text: notes.join("; "), style: notes.length === drains.length ? "muted" : "bad" },
    ],
  };
}

/** A difference of clocks from here on is shown. */
const SKEW_MS = 1000;

/** `clock 2.5 s ahead`, or `clock 300.0 s late`. */
function skewText(skewMs: number): string {
  const seconds = (Math.abs(skewMs) / 1000).toFixed(1);
  return `clock ${seconds} s ${skewMs < 0 ? "late" : "ahead"}`;
}

function endedRow(
  { id, scope, target, peer, identity, cause, atUnixNs, reason }: messages.EndedFleetIntent,
  nowMs: WallMs,
): Row {
  const who = identity === "" ? peer : identity;
  const ago = elapsed(nowMs - wallMsOfNanoseconds(atUnixNs));
  const by = cause === "expired" ? `its time was over, ${ago} ago` : `${who}, ${ago} ago`;
  return {
    key: `${id} ${atUnixNs}`,
    cells: [
      { text: id },
      { text: scope },
      { text: target.join(" ") },
      { text: reason === "" ? by : `${by}: ${reason}`, comparisonKey: cause, style: "muted" },
    ],
  };
}

/** `fleet adopt <id>`. */
export async function adoptIntent(context: CommandContext, args: Args): Promise<Answer> {
  const { scope = "fleet" } = scopeRequest(args);
  const message = await ask(context, "AdoptIntent", {
    request: {
      id: need(args, "id"),
      scope,
      reason: args.reason ?? "",
    },
  });
  return answer("AdoptIntent", message, { view: doneView(message) });
}

/** `fleet rollout <hash> waves <waves>`. */
export async function startRollout(context: CommandContext, args: Args): Promise<Answer> {
  const { moves, removes, bake, reason = "" } = args;
  const message = await ask(context, "StartRollout", {
    request: {
      hash: need(args, "hash"),
      waves: need(args, "waves"),
      reason,
      ...(moves === undefined ? {} : { moves: Number(moves) / 100 }),
      ...(removes === undefined ? {} : { removes: Number(removes) }),
      ...(bake === undefined ? {} : { bakeNs: nanoseconds(spanOf(bake)) }),
    },
  });
  return answer("StartRollout", message, { view: doneView(message, `rollout ${message.id}`) });
}

/** `fleet rollout next`, `stop` and `revert`. */
export function stepRollout(step: "next" | "stop" | "revert"): Command {
  return async (context, { force, reason = "" }) => {
    const request = { step, force: force !== undefined, reason };
    const message = await ask(context, "StepRollout", { request });
    return answer("StepRollout", message, { view: doneView(message, `rollout ${message.id}`) });
  };
}

/** `fleet restore` and `fleet forget`. */
export function fleetStore(method: "RestoreFleet" | "ForgetFleet"): Command {
  return async (context, args) => {
    const message = await ask(context, method, { request: { reason: args.reason ?? "" } });
    return answer(method, message, { view: doneView(message) });
  };
}

function doneView(
  { revision, warning }: messages.FleetResponse,
  what = "done",
): Answer["view"] {
  const lines: Cell[] = [{ text: `${what}, revision ${revision}`, style: "good" }];
  if (warning !== "") lines.push({ text: `warning: ${warning}`, style: "bad" });
  return [{ kind: "lines", lines }];
}
