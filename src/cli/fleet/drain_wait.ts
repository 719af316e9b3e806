/**
 * Waits until a shared drain has left no flow on any load balancer, with progress. One that is away is
 * named in each line of progress; the wait ends when it is drained too, or the drain's time is over.
 */
import { MaglevError } from "../../base/errors.ts";
import type { WallMs } from "../../base/instant.ts";
import { appliesTo } from "../../fleet/book/keys.ts";
import type { Json, messages } from "../../grpc/client/client.ts";
import type { Waiting } from "../commands/command.ts";
import { elapsed, wallMsOfNanoseconds } from "../render/mod.ts";
import type { Row, View } from "../render/model.ts";
import type { Server } from "../servers.ts";
import { DIFFER } from "./fleet.ts";

const POLL_MS = 1000;
/** Polls between two lines of progress while nothing changes. */
const POLLS_PER_LINE = 10;
/** Failed polls in a row before the wait fails, so that it outlives a restart of the server. */
const MAX_FAILURES = 60;

export interface DrainWaitOptions {
  readonly backend: string;
  readonly scope: string;
  /** Load balancers that are left out. */
  readonly ignored: readonly string[];
  readonly waiting: Waiting;
  readonly wallMs: () => WallMs;
  readonly signal?: AbortSignal | undefined;
}

/** A drain on one load balancer. */
export interface LbProgress {
  readonly lb: string;
  readonly state:
    | "drained"
    | "draining"
    | "applying"
    /** Its guard holds it, or its configuration lacks it. */
    | "refused"
    | "away"
    | "ignored";
  readonly note: string;
}

export interface DrainWaited {
  readonly view: View;
  readonly json: Json;
  readonly errors: readonly string[];
  /** 0: drained everywhere; 4: not on all of them; 1: it was ended, or cannot be followed. */
  readonly status: number;
}

export async function waitForDrain(
  server: Pick<Server, "ask">,
  options: DrainWaitOptions,
): Promise<DrainWaited> {
  const { backend, ignored, waiting, wallMs, signal } = options;
  let info = await ask(server, options);
  const drain = drainOf(info, options);
  if (drain === undefined) {
    throw new MaglevError("aborted", `cannot wait for the drain of ${backend}: it has ended`);
  }
  const { id, untilUnixNs = 0n } = drain;
  const untilMs = wallMsOfNanoseconds(untilUnixNs);
  const until = new Date(untilMs).toISOString();
  const unknown = ignored.filter((name) => !info.members.some((member) => member.name === name));
  if (unknown.length > 0) {
    const message = `cannot ignore ${unknown.join(", ")}: not a load balancer of the fleet; ` +
      `drain ${id} goes on until ${until}`;
    throw new MaglevError("invalid-argument", message);
  }
  let failures = 0;
  let said = "";
  for (let poll = 0;; poll++) {
    const rows = progressOf(info, { ...options, id, nowMs: wallMs() });
    const open = rows.filter(({ state }) => !isSettled(state));
    if (open.length === 0) return result(id, rows, []);
    const states = rows.map(({ lb, state }) => `${lb} ${state}`).join();
    if (states !== said || poll % POLLS_PER_LINE === 0) waiting.say(lineOf(backend, rows));
    said = states;
    await waiting.pause(POLL_MS);
    if (signal?.aborted === true) {
      const how = `end it with \`cancel intent ${id}\``;
      return { ...result(id, rows, [`drain ${id} goes on until ${until}; ${how}`]), status: 1 };
    }
    try {
      info = await ask(server, options);
      failures = 0;
    } catch (error) {
      failures++;
      if (MaglevError.from(error).code !== "unavailable" || failures > MAX_FAILURES) throw error;
    }
    if (drainOf(info, options)?.id === id && wallMs() < untilMs) continue;
    if (wallMs() >= untilMs) return result(id, rows, [`the time of drain ${id} is over`]);
    return { ...result(id, rows, [`drain ${id} was ended before its time`]), status: 1 };
  }
}

function ask(
  server: Pick<Server, "ask">,
  { signal }: DrainWaitOptions,
): Promise<messages.FleetInfo> {
  return server.ask((client) => client.call("GetFleet", {}, { signal }));
}

function drainOf(
  { intents }: messages.FleetInfo,
  { backend, scope }: DrainWaitOptions,
): messages.Intent | undefined {
  return intents.map(({ intent }) => intent).find((intent) =>
    intent?.kind === "drain" && intent.backend === backend && intent.scope === scope
  );
}

/** PURE. The drain on each load balancer of its scope. */
export function progressOf(
  { members }: Pick<messages.FleetInfo, "members">,
  { id, scope, ignored, nowMs }: Pick<DrainWaitOptions, "scope" | "ignored"> & {
    readonly id: string;
    readonly nowMs: WallMs;
  },
): readonly LbProgress[] {
  return members.filter(({ name, site }) => appliesTo(scope, { lb: name, site }))
    .map((member): LbProgress => {
      const { name: lb, present, sinceUnixNs, held, unfit, drains } = member;
      if (ignored.includes(lb)) return { lb, state: "ignored", note: "" };
      if (!present) {
        const since = elapsed(nowMs - wallMsOfNanoseconds(sinceUnixNs));
        return { lb, state: "away", note: `for ${since}; not waited for with ignore ${lb}` };
      }
      const isIt = (each: { readonly id: string }) => each.id === id;
      const refusal = held.find(isIt) ?? unfit.find(isIt);
      if (refusal !== undefined) return { lb, state: "refused", note: refusal.reason };
      const drain = drains.find(isIt);
      if (drain === undefined) return { lb, state: "applying", note: "it has not applied it yet" };
      const { state, flows, note } = drain;
      const left = flows === undefined || flows === 0n ? "" : `at most ${flows} flows left`;
      const known = state === "drained" || state === "draining" ? state : "applying";
      return { lb, state: known, note: [left, note].filter((part) => part !== "").join(", ") };
    });
}

/** True when waiting changes nothing. */
function isSettled(state: LbProgress["state"]): boolean {
  return state === "drained" || state === "ignored" || state === "refused";
}

function result(
  id: string,
  rows: readonly LbProgress[],
  errors: readonly string[],
): DrainWaited {
  const isDone = rows.length > 0 && errors.length === 0 &&
    rows.every(({ state }) => state === "drained" || state === "ignored");
  return {
    view: [{
      kind: "table",
      columns: [{ header: "load balancer", whole: true }, { header: "drain" }, { header: "note" }],
      rows: rows.map(rowOf),
      empty: "No load balancer has published its status.",
    }],
    json: { id, drained: isDone, loadBalancers: rows.map((row) => ({ ...row })) },
    errors,
    status: isDone ? 0 : DIFFER,
  };
}

function rowOf({ lb, state, note }: LbProgress): Row {
  const isBad = state === "refused" || state === "away";
  const style = state === "drained" ? "good" : isBad ? "bad" : "warn";
  return { key: lb, cells: [{ text: lb, style: "name" }, { text: state, style }, { text: note }] };
}

/** `b7: lb1 drained; lb2 draining (at most 12 flows left); lb4 away (for 3m)`. */
function lineOf(backend: string, rows: readonly LbProgress[]): string {
  const parts = rows.map(({ lb, state, note }) =>
    note === "" ? `${lb} ${state}` : `${lb} ${state} (${note})`
  );
  return `${backend}: ${parts.join("; ")}`;
}
