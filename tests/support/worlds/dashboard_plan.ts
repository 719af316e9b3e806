/** Plans of the dashboard's test server: what an action moves, worked out from the weights that are shown. */
import { maglevcLine } from "../../../src/dashboard/hub/model/plan.ts";
import type {
  Frontend,
  MaglevdState,
  PlanAnswer,
  PlanBody,
  PlannedVip,
  PoolBackend,
} from "../../../src/dashboard/protocol.ts";

const BUCKETS = 1024;
/** Sticky flows of each server. */
const FLOWS = 41;

const STATES: Readonly<Partial<Record<PlanBody["action"], string>>> = {
  pause: "paused",
  disable: "disabled",
  resume: "up",
  enable: "up",
};

/** The answer to a plan: its shares and buckets are those of the effective weights before and after. */
export function planOf(maglevd: MaglevdState, body: PlanBody): PlanAnswer {
  const stateOf = (name: string) => maglevd.backends.find((each) => each.name === name)?.state;
  const address = maglevd.backends.find(({ name }) => name === body.backend)?.address ?? "";
  const from = stateOf(body.backend) ?? "unknown";
  const states = [{ backend: body.backend, from, to: STATES[body.action] ?? from }];
  const vips = maglevd.frontends
    .filter((frontend) => entriesOf(frontend).some(({ name }) => name === body.backend))
    .map((frontend) => vipOf(frontend, { body, address, stateOf }))
    .filter((vip) => vip.moved + vip.lost > 0 || body.action === "disable");
  return {
    ok: true,
    states,
    vips,
    vips_unchanged: maglevd.frontends.length - vips.length,
    command: commandOf(maglevd.address, body),
  };
}

function vipOf(
  frontend: Frontend,
  { body, address, stateOf }: {
    readonly body: PlanBody;
    readonly address: string;
    readonly stateOf: (name: string) => string | undefined;
  },
): PlannedVip {
  const { action, backend, pool } = body;
  const before = sharesOf(entriesOf(frontend));
  const rises = action === "resume" || action === "enable";
  const weigh = (entry: PoolBackend, of: string): number => {
    const weight = entry.weight || 100;
    if (entry.name !== backend) return stateOf(entry.name) === "up" ? weight : 0;
    if (action === "weight") {
      const wanted = body.weight === "file" ? 100 : body.weight ?? 0;
      return stateOf(backend) === "up" ? of === pool ? wanted : weight : 0;
    }
    return rises ? weight : 0;
  };
  let serves = false;
  const after = sharesOf(frontend.pools.flatMap(({ name, backends }) => {
    const weights = backends.map((entry) => weigh(entry, name));
    const isActive = !serves && weights.some((weight) => weight > 0);
    serves ||= isActive;
    return backends.map((entry, at) => ({
      ...entry,
      effective_weight: isActive ? weights[at]! : 0,
    }));
  }));
  const gained = after.reduce((sum, share, at) => sum + Math.max(0, share - before[at]!), 0);
  const lost = serves ? 0 : before.reduce((sum, share) => sum + share, 0);
  const at = entriesOf(frontend).findIndex(({ name }) => name === backend);
  const flush = action === "disable";
  return {
    frontend: frontend.name,
    change: "update",
    buckets: BUCKETS,
    share_moved: gained,
    moved: bucketsOf(gained),
    lost: bucketsOf(lost),
    servers: [{
      address,
      backends: [backend],
      change: "weight",
      flush,
      ...(flush ? { flows: FLOWS } : {}),
      buckets_now: bucketsOf(before[at]!),
      buckets_then: bucketsOf(after[at]!),
    }],
  };
}

function entriesOf({ pools }: Frontend): readonly PoolBackend[] {
  return pools.flatMap(({ backends }) => backends);
}

/** The share of new flows of each server; all 0 when none has a weight. */
function sharesOf(entries: readonly Pick<PoolBackend, "effective_weight">[]): readonly number[] {
  const total = entries.reduce((sum, entry) => sum + entry.effective_weight, 0);
  return entries.map(({ effective_weight }) => total === 0 ? 0 : effective_weight / total);
}

function bucketsOf(share: number): number {
  return Math.round(BUCKETS * share);
}

function commandOf(address: string, body: PlanBody): string {
  const { action: kind, backend, reason, for_ms: forMs } = body;
  const { then, force, frontend = "", pool = "", weight = "file" } = body;
  const options = { reason, forMs };
  return maglevcLine(
    address,
    kind === "drain"
      ? { kind, backend, then, force, ...options }
      : kind === "weight"
      ? { kind, frontend, pool, backend, weight, ...options }
      : { kind, backend, ...options },
  );
}
