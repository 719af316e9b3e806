/** The faults that stories of policies must find, each with its story. */
import type { Mutation } from "../../simulation/mutations/mutation.ts";
import { MUTATIONS } from "../../simulation/mutations/mutations.ts";

/** A story, and a fault that it must find. */
export interface Planted {
  /** A file of tests/vpp, and a part of the test's name. */
  readonly story: readonly [file: string, name: string];
  readonly fault: Mutation;
}

/** A bug that the simulation finds, too. */
function known(name: string): Mutation {
  const fault = MUTATIONS.find((mutation) => mutation.name === name);
  if (fault === undefined) {
    throw new Error(`cannot plant ${JSON.stringify(name)}: it is not a mutation`);
  }
  return fault;
}

const LAST_GOOD: readonly Mutation[] = [
  known("last-good closes the frontend"),
  known("a lost flush"),
  {
    name: "last-good forgets what VPP has when maglevd restarts",
    file: "src/health/policy/last_good.ts",
    from: "const inVpp = (before === undefined && closed !== true) || isEarly;",
    to: "const inVpp = false;",
  },
  {
    name: "a held server comes back to a restarted VPP without weight",
    file: "src/daemon/desired_source.ts",
    from: "return view && vipsOf([view], vppLbOf(checker.current.config))[0]!.vip;",
    to: "const vip = view && vipsOf([view], vppLbOf(checker.current.config))[0]!.vip;\n" +
      '      return vip && view.state === "down"\n' +
      "        ? { ...vip, servers: vip.servers.map((s) => ({ ...s, weight: 0 })) }\n" +
      "        : vip;",
  },
];

const ALL_FAIL: readonly Mutation[] = [
  known("last-good flushes what it holds"),
  known("last-good goes on when a server comes up"),
  {
    name: "the dashboard has no sentence about a held frontend",
    file: "src/dashboard/web/model/notes.ts",
    from: "if (held.length > 0) {",
    to: "if (held.length > 9) {",
  },
];

const MAX_DOWN: readonly Mutation[] = [
  known("max-down lets one more go"),
  known("max-down never lets a held server go"),
  known("max-down forgets which servers came first at a restart"),
];

const ISOLATION: readonly Mutation[] = [
  known("isolation holds nothing back"),
  known("isolation never ends"),
  {
    name: "a failure counts whose probe began while the prober was cut off",
    file: "src/probe/isolation/isolation.ts",
    from: "return this.#isolatedMs !== undefined || startedMs <= this.#cutMs ? this.#reason",
    to: "return this.#isolatedMs !== undefined ? this.#reason",
  },
];

const DRAIN: readonly Mutation[] = [
  known("a drain ends while flows go on"),
  known("a drain ends immediately"),
  known("a drain at its end brings the backend back"),
  known("kept intents are not restored"),
  {
    name: "a drain flushes",
    file: "src/health/weight.ts",
    from: "weight: options.active ? clampWeight(options.configured) : 0, flush: false",
    to: "weight: options.active ? clampWeight(options.configured) : 0, " +
      "flush: options.configured === 0",
  },
  {
    name: "only time ends a drain",
    file: "src/daemon/drains.ts",
    from: 'if (intent?.kind === "drain") checker.endDrain',
    to: 'if (intent?.kind === "drain" && end === undefined) checker.endDrain',
  },
  {
    name: "the last server of a frontend is drained",
    file: "src/checker/operations/worked_request.ts",
    from: "const message = isNow ? drainObstacle(registry, request) : undefined;",
    to: "const message = isNow ? undefined : drainObstacle(registry, request);",
  },
];

const DAMPING: readonly Mutation[] = [
  known("lameduck is not noticed"),
  known("lameduck does not survive a restart"),
  {
    name: "a flapping server is never held",
    file: "src/health/policy/damping.ts",
    from: "return penalty < policy.suppress",
    to: "return penalty < 100 * policy.suppress",
  },
  {
    name: "penalties are not restored",
    file: "src/checker/checker.ts",
    from: "withPenalties(createdAll(config, nowMs), penalties?.kept ?? [], now)",
    to: "withPenalties(createdAll(config, nowMs), [], now)",
  },
];

const SLOW_START: readonly Mutation[] = [
  known("a server comes up with its whole weight"),
  known("the next step of slow-start is not waited for"),
  {
    name: "a ramp begins again when maglevd restarts",
    file: "src/health/policy/slow_start.ts",
    from: "? { ...begun, step: 0, weight: found } : undefined;",
    to: "? begun : undefined;",
  },
];

const WINDOW: readonly Mutation[] = [
  known("a scheduled intent does not begin"),
  known("what is to come is not stored"),
  known("the end of an intent is not noticed"),
  {
    name: "a restarted VPP gets the servers of the window",
    file: "src/daemon/desired_source.ts",
    from: "return view && vipsOf([view], vppLbOf(checker.current.config))[0]!.vip;",
    to: "const vip = view && vipsOf([view], vppLbOf(checker.current.config))[0]!.vip;\n" +
      "      return vip && { ...vip, servers: vip.servers.map((s) => ({ ...s, weight: 100 })) };",
  },
];

const ANNOUNCE: readonly Mutation[] = [
  known("a prefix is announced without its hysteresis"),
  known("lameduck is not noticed"),
  {
    name: "weights do not withdraw",
    file: "src/announce/border.ts",
    from: "const above = serving >= minUp;",
    to: "const above = serving >= 0;",
  },
  {
    name: "a VPP that is away withdraws",
    file: "src/config/schema/announce.ts",
    from: 'default: "keep",\n    help: "When VPP cannot be reached',
    to: 'default: "withdraw",\n    help: "When VPP cannot be reached',
  },
];

const ENCAP: readonly Mutation[] = [
  known("a server that fails through the tunnel keeps its weight"),
  known("a passed check through the tunnel is not noticed"),
  {
    name: "a check through the tunnel goes to the server's own address",
    file: "src/probe/encap/encap.ts",
    from: "ends: { source: own, destination } };",
    to: "ends: { source: own, destination: destination.length === " +
      "probe.tunnel.destination.length ? probe.tunnel.destination : destination } };",
  },
];

const ENCAP_BYTES: readonly Mutation[] = [
  {
    name: "the outer TTL is not VPP's",
    file: "src/probe/encap/packet.ts",
    from: "export const OUTER_HOPS = 127;",
    to: "export const OUTER_HOPS = 128;",
  },
  {
    name: "the outer packet must not be fragmented",
    file: "src/probe/encap/packet.ts",
    from: "hops: OUTER_HOPS, fragment: 0 }",
    to: "hops: OUTER_HOPS, fragment: DONT_FRAGMENT }",
  },
];

/** All, by story. */
const RESHUFFLE: readonly Mutation[] = [
  {
    name: "tables are made for another order of servers than VPP's",
    file: "src/vpp/lb/new_flow_table.ts",
    from: "return result.sort((a, b) => compareKeys(a.key, b.key));",
    to: "return result.sort((a, b) => compareKeys(b.key, a.key));",
  },
  {
    name: "a table with another weight is not kept",
    file: "src/vpp/sync/past/table_past.ts",
    from: "address.text === addresses[at] && weight === weights[at]",
    to: "address.text === addresses[at] && weight >= 0",
  },
  {
    name: "what a reshuffle costs follows from the tables of now",
    file: "src/fleet/reshuffle.ts",
    from: "breaking: tables.breaking(table, now)",
    to: "breaking: tables.breaking(past.at(-1)?.table ?? table, now)",
  },
];

export const PLANTED: readonly Planted[] = [
  ...of(["brakes_test.ts", "last-good keeps the last server"], LAST_GOOD),
  ...of(["brakes_test.ts", "all servers of a VIP fail under last-good"], ALL_FAIL),
  ...of(["brakes_test.ts", "four of four fail"], MAX_DOWN),
  ...of(["isolation_test.ts", "a cut uplink"], ISOLATION),
  ...of(["drain_test.ts", "a drain keeps its flows"], DRAIN),
  ...of(["damping_test.ts", "lameduck moves no flow"], DAMPING),
  ...of(["slow_start_test.ts", "three steps"], SLOW_START),
  ...of(["scheduled_test.ts", "a maintenance window"], WINDOW),
  ...of(["announce_test.ts", "a real BIRD"], ANNOUNCE),
  ...of(["encap_story_test.ts", "encap finds"], ENCAP),
  ...of(["encap_test.ts", "encapsulated probes"], ENCAP_BYTES),
  ...of(["reshuffle_test.ts", "20,000 flows"], RESHUFFLE),
];

function of(story: Planted["story"], faults: readonly Mutation[]): readonly Planted[] {
  return faults.map((fault) => ({ story, fault }));
}
