/** PURE. Plans of maglevd for the dialog, with the line of maglevc that does the same. */
import { formatDuration } from "../../../base/duration.ts";
import type { messages } from "../../../grpc/client/client.ts";
import type { ActionOptions, DrainTarget, WeightTarget } from "../../ports.ts";
import type { BackendAction, PlanAnswer, PlannedVip } from "../../protocol.ts";
import { clip, head, MAX_NAME, MAX_TEXT } from "./bounds.ts";
import { nameOf } from "./convert.ts";

/** What is planned. */
export type PlannedAction =
  | ({ readonly kind: BackendAction; readonly backend: string } & ActionOptions)
  | ({ readonly kind: "drain" } & DrainTarget)
  | ({ readonly kind: "weight" } & WeightTarget & ActionOptions);

/** VIPs, states and servers that a plan may list. */
const MAX_PLANNED_VIPS = 500;
const MAX_PLANNED_STATES = 1000;
const MAX_PLANNED_SERVERS = 1000;

/** The answer for the page. `flowsOf`: sticky flows of a server of a VIP, where they are known. */
export function planAnswer(
  plan: messages.Plan,
  { command, flowsOf }: {
    readonly command: string;
    readonly flowsOf: (vip: messages.VipChange, address: string) => number | undefined;
  },
): PlanAnswer {
  const { warning, states, vips } = plan;
  return {
    ok: true,
    ...(warning === "" ? {} : { warning: clip(warning, 4 * MAX_TEXT) }),
    states: head(states, MAX_PLANNED_STATES).items.map(({ backend, from, to }) => ({
      backend: nameOf(backend),
      from: clip(from, 16),
      to: clip(to, 16),
    })),
    vips: head(vips, MAX_PLANNED_VIPS).items.map((vip) => plannedVip(vip, flowsOf)),
    vips_unchanged: plan.vipsUnchanged,
    command,
  };
}

/** New flows right after the change are what the operator has to know; what settles is not shown. */
function plannedVip(
  vip: messages.VipChange,
  flowsOf: (vip: messages.VipChange, address: string) => number | undefined,
): PlannedVip {
  const { frontend, change, reason, atOnce, servers } = vip;
  return {
    frontend: nameOf(frontend),
    change: clip(change, 16),
    ...(reason === "" ? {} : { reason: clip(reason, MAX_TEXT) }),
    buckets: atOnce?.buckets ?? 0,
    share_moved: atOnce?.shareMoved ?? 0,
    moved: atOnce?.moved ?? 0,
    lost: atOnce?.lost ?? 0,
    servers: head(servers, MAX_PLANNED_SERVERS).items.map((server) => {
      const { address, now, atOnce: then, flush } = server;
      const flows = flush ? flowsOf(vip, address) : undefined;
      return {
        address: clip(address, MAX_NAME),
        backends: server.backends.map(nameOf),
        change: clip(server.change, 16),
        flush,
        ...(now === undefined ? {} : { weight_now: now.weight, buckets_now: now.buckets }),
        ...(then === undefined ? {} : { weight_then: then.weight, buckets_then: then.buckets }),
        ...(flows === undefined ? {} : { flows }),
      };
    }),
  };
}

/** The line for a shell: `maglevc --server 'lb1:9090' set backend b0 disable for 1h`. */
export function maglevcLine(server: string, action: PlannedAction): string {
  const target = action.kind === "weight"
    ? ["frontend", action.frontend, "pool", action.pool, "backend", action.backend]
    : ["backend", action.backend];
  const verb = action.kind === "weight" ? ["weight", String(action.weight)] : [action.kind];
  const words = [
    ...["set", ...target, ...verb],
    ...endWords(action),
    ...(action.kind === "drain" ? drainWords(action) : []),
    ...scopeWords(action.scope),
    ...reasonWords(action),
  ];
  // A word that looks like a flag would be taken for one.
  const guard = words.some((word) => word.startsWith("-")) ? ["--"] : [];
  return ["maglevc", "--server", server, ...guard, ...words].map(shellWord).join(" ");
}

function scopeWords(scope: string | undefined): string[] {
  if (scope === undefined) return [];
  const at = scope.indexOf("=");
  return at < 0 ? [scope] : [scope.slice(0, at), scope.slice(at + 1)];
}

function drainWords({ then, force = false }: DrainTarget): string[] {
  return [...(then === undefined ? [] : ["then", then]), ...(force ? ["force"] : [])];
}

function endWords({ forMs, untilMs }: ActionOptions): string[] {
  if (forMs !== undefined) return ["for", formatDuration(Math.round(forMs))];
  return untilMs === undefined ? [] : ["until", isoTime(untilMs)];
}

/** A time that Date cannot hold is refused by maglevd; here it must not throw. */
function isoTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}

function reasonWords({ reason = "" }: ActionOptions): string[] {
  return reason === "" ? [] : ["reason", reason];
}

/** A word as sh reads it back; POSIX, 2.2.2: within single quotes only a single quote is special. */
export function shellWord(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
