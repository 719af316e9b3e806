/**
 * The links of one entry of a pool, up to the weight that VPP should have. PURE.
 *
 * Each link computes its weight with the function that decides it in health/. So a link cannot
 * claim another rule than the one in force.
 */
import { agentText } from "../health/agent.ts";
import { type EncapCheck, isEncapFailed } from "../health/encap.ts";
import type { CountedState } from "../health/state.ts";
import { clampWeight, effectiveWeight } from "../health/weight.ts";
import type { Link } from "./chain.ts";
import { isKept, type Place } from "./place.ts";
import { rampCost } from "./ramp_cost.ts";
import { intentText, operatorOf, quotedNames } from "./health_links.ts";

/** In the order of the chain. */
const LINKS: readonly ((place: Place, before: number) => Link | undefined)[] = [
  weightLink,
  agentLink,
  stateLink,
  encapLink,
  dampingLink,
  maxDownLink,
  poolLink,
  lastGoodLink,
  slowStartLink,
  addressLink,
  ({ withdrawn }) => withdrawn,
];

/** The links from the weight in force to the merged server. */
export function placeLinks(place: Place): readonly Link[] {
  const links: Link[] = [];
  let weight = 0;
  for (const linkOf of LINKS) {
    const link = linkOf(place, weight);
    if (link === undefined) continue;
    links.push(link);
    weight = link.weight ?? weight;
  }
  return links;
}

function weightLink({ snapshot, view, pool, entry }: Place): Link {
  const { name: poolName, backends } = view.config.pools[pool]!;
  const { name, weight } = backends[entry]!;
  const at = { frontend: view.name, pool: poolName, backend: name };
  const drain = snapshot.intents.ofBackend(name);
  if (drain?.kind === "drain") {
    const text = `${intentText(drain)}: no new flows, established ones stay`;
    return { kind: "weight", text, weight, decides: true, sinceMs: drain.sinceMs };
  }
  const intent = snapshot.intents.ofWeight(at);
  // The view differs from the file in weights alone, so the places are the same.
  const file = snapshot.config.frontends.get(view.name)?.pools[pool]?.backends[entry]?.weight;
  const own = file ?? weight;
  return intent === undefined
    ? own === 0
      ? { kind: "weight", text: "the file's weight is 0", weight: own, decides: true }
      : { kind: "weight", text: "the file's weight", weight: own }
    : {
      kind: "weight",
      text: `in place of the file's ${file ?? intent.instead}, ${intentText(intent)}`,
      weight: intent.weight ?? weight,
      decides: true,
      sinceMs: intent.sinceMs,
      by: operatorOf(intent),
    };
}

/** Only while the server's agent takes something away. */
function agentLink({ snapshot, view, pool, entry }: Place): Link | undefined {
  const { name, weight } = view.config.pools[pool]!.backends[entry]!;
  const agent = snapshot.backends.get(name)?.agent;
  if (agent === undefined) return undefined;
  return {
    kind: "agent",
    text: `the server's agent reports ${agentText(agent)}`,
    weight,
    decides: true,
  };
}

function stateLink(place: Place, before: number): Link {
  const { own } = place.facts;
  const { flushOnDown } = place.view.config;
  const { weight } = effectiveWeight(own, { active: true, configured: before, flushOnDown });
  const text = own === "down" && isSpared(place)
    ? "down, but held: its weight and its flows stay"
    : EFFECTS[own](flushOnDown);
  return { kind: "state", text, weight, decides: weight !== before || own === "blind" };
}

/** True for one that a brake holds. */
function isSpared(place: Place): boolean {
  const { view, brakes, pool, entry } = place;
  const { name, backends } = view.config.pools[pool]!;
  return brakes.get(name)?.held.has(backends[entry]!.name) === true ||
    (isKept(view) && view.effectiveWeights[pool]![entry]! > 0);
}

/** Only of a server that is checked through VPP's tunnel. */
function encapLink(place: Place, before: number): Link | undefined {
  const { snapshot, view, encapVoid } = place;
  const { name, own, state } = place.facts;
  const check = snapshot.encap?.get(view.name)?.get(name);
  if (check === undefined) return undefined;
  const isDown = state !== own;
  const weight = isDown ? 0 : before;
  const { sinceMs, mode } = check;
  const reason = encapVoid(name);
  const isVoid = reason === undefined ? "" : `; its probes are void: ${reason}`;
  const text = `${encapText(check)}${mode === "warn" ? " (encap: warn)" : ""}${isVoid}`;
  const decides = isDown || reason !== undefined;
  return { kind: "encap", text, weight, decides, ...(sinceMs === undefined ? {} : { sinceMs }) };
}

function encapText(check: EncapCheck): string {
  const { lastResult } = check;
  if (lastResult === undefined) return "no result through VPP's tunnel yet, so it passes";
  const { code, detail, ok } = lastResult;
  const last = `${ok ? "passed" : "failed"}: ${detail === "" ? code : `${code} ${detail}`}`;
  return isEncapFailed(check)
    ? `it fails through VPP's tunnel; the last probe ${last}`
    : `it passes through VPP's tunnel; the last probe ${last}`;
}

const EFFECTS: Readonly<Record<CountedState, (flushOnDown: boolean) => string>> = {
  up: () => "up",
  unknown: () => "unknown: no flows before the first verdict",
  blind: () => "unknown, because the prober is blind to it: the weight that VPP has stays",
  paused: () => "paused: no new flows, established ones stay",
  down: (flush) =>
    flush
      ? "down: no new flows, established ones are flushed (flush-on-down)"
      : "down: no new flows, established ones stay (flush-on-down: false)",
  damped: () => "down: its checks pass, and damping holds it down",
  disabled: () => "disabled: no new flows, established ones are flushed",
  removed: () => "removed: no new flows, established ones are flushed",
};

/** Only where damping gives way. */
function dampingLink(place: Place): Link | undefined {
  const { state, weight } = place.facts;
  if (state !== "damped" || place.view.memory.dampingOverridden !== true) return undefined;
  const text = "no other server of the frontend is up, so it counts as up (damping gives way)";
  return { kind: "damping", text, weight: clampWeight(weight), decides: true };
}

/** Only of a pool with `max-down` and servers that are out or held. */
function maxDownLink(place: Place, before: number): Link | undefined {
  const { view, brakes, pool } = place;
  const brake = brakes.get(view.config.pools[pool]!.name);
  if (brake?.may === undefined) return undefined;
  const { held, out, may } = brake;
  const entry = place.facts;
  if (held.has(entry.name)) {
    const text = `held, and counts as up (max-down): ${may}`;
    return { kind: "max-down", text, weight: clampWeight(entry.weight), decides: true };
  }
  if (!out.has(entry.name)) return undefined;
  return { kind: "max-down", text: `not held (max-down): ${may}`, weight: before };
}

function poolLink(place: Place, before: number): Link {
  const { view, pool } = place;
  const { state, isHeld, weight: configured } = place.facts;
  const { flushOnDown, pools } = view.config;
  const active = view.activePool === pool;
  const { weight } = effectiveWeight(isHeld ? "up" : state, { active, configured, flushOnDown });
  const name = JSON.stringify(pools[pool]!.name);
  const serving = JSON.stringify(pools[view.activePool]!.name);
  const text = active
    ? `pool ${name} is active: ${place.activeReason}`
    : pool < view.activePool
    ? `pool ${name} is passed over: none of its servers is up with a weight; ${serving} is active`
    : `pool ${name} is on standby: pool ${serving} before it is active`;
  return { kind: "pool", text, weight, decides: weight !== before };
}

/** Only while VPP keeps the weights of the frontend, and of one that was held until its verdict. */
function lastGoodLink(place: Place, before: number): Link | undefined {
  const { view, pool, entry } = place;
  const weight = view.effectiveWeights[pool]![entry]!;
  if (view.memory.waiting?.has(place.facts.name) === true) {
    const text = "it was held, and counts as up until its first verdict (on-all-down: last-good)";
    return { kind: "on-all-down", text, weight, decides: weight !== before };
  }
  if (!isKept(view)) return undefined;
  return {
    kind: "on-all-down",
    text: weight > 0
      ? "no server is up, so VPP keeps the weight it has (on-all-down: last-good)"
      : "no server is up; this one had no weight when the others were held, so it stays without",
    weight,
    decides: weight !== before,
  };
}

/** Only of a server that rises to its weight. */
function slowStartLink(place: Place, before: number): Link | undefined {
  const { view, pool, entry } = place;
  const { name, backends } = view.config.pools[pool]!;
  const { slowStart } = view.config;
  const { slowStart: memory } = view.memory;
  const ramp = memory?.pool === name ? memory.ramps.get(backends[entry]!.name) : undefined;
  if (ramp === undefined || before === 0) return undefined;
  const steps = slowStart?.steps;
  return {
    kind: "slow-start",
    text: steps === undefined
      ? `${ramp.weight} of ${before} while it is held (slow-start was removed)`
      : `step ${ramp.step} of ${steps} (slow-start): ${ramp.weight} of ${before}` +
        costText(place, { target: before, steps }),
    weight: view.effectiveWeights[pool]![entry]!,
    decides: true,
  };
}

/** The buckets that the rise moves; empty among thousands of entries, because tables take time. */
function costText(
  place: Place,
  { target, steps }: { readonly target: number; readonly steps: number },
): string {
  const { isWhole, snapshot: { config }, view: { servers } } = place;
  const length = config.vppLb?.newFlowsTableLength;
  if (isWhole || length === undefined) return "";
  const at = servers.indexOf(place.facts.server);
  const { moved, jump } = rampCost({ servers, at, target, length, steps });
  return `; its steps move ${moved} of ${length} buckets in all, a single step would move ${jump}`;
}

/** Only for an address that another entry shares. */
function addressLink(place: Place, before: number): Link | undefined {
  const { name, server } = place.facts;
  const others = place.namesAt(server.address.text).filter((other) => other !== name);
  if (others.length === 0 && server.weight === before) return undefined;
  const partners = others.length === 0 ? "its own entries in other pools" : quotedNames(others);
  return {
    kind: "address",
    text: `${server.address.text} is one server in VPP together with ${partners}: ` +
      "the greatest of their weights counts",
    weight: server.weight,
    decides: server.weight !== before,
  };
}
