/**
 * Random fleets of three load balancers with unequal health. Each has a simulated VPP that has what it
 * should have, and plans of the handler that maglevc asks.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../../src/base/errors.ts";
import type { Clock, Prng } from "../../../src/base/ports.ts";
import type { Foretold } from "../../../src/fleet/book/foretold.ts";
import { FleetRequests, type ScopedIntent } from "../../../src/fleet/member/requests/requests.ts";
import type { CallContext } from "../../../src/grpc/calls/calls.ts";
import type { DaemonApi } from "../../../src/grpc/calls/daemon_api.ts";
import { PlanBackendRequest, type PlanBackendResponse } from "../../../src/grpc/gen/maglev.ts";
import { planBackend } from "../../../src/grpc/handlers/config.ts";
import { requestedPlans } from "../../../src/grpc/handlers/fleet/shared_plan.ts";
import { create } from "../../../src/grpc/messages/codec.ts";
import { LbPlugin } from "../../../src/sim/plugin/plugin.ts";
import { PASS } from "../fakes/fake_probe_engine.ts";
import { monotonic } from "../fakes/instants.ts";
import type { SmallConfig } from "../fakes/small_config.ts";
import { type MemberOf, memberWorld, weightWish, wish } from "./member_world.ts";
import { syncPlugin, vipsOn } from "./plugin_sync.ts";

const LBS = [["lb1", "ams"], ["lb2", "ams"], ["lb3", "fra"]] as const;
const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"] as const;

/** A random action with a scope, as the wish and as the request for its plan. */
export interface RandomAction {
  readonly intent: ScopedIntent;
  readonly request: Partial<PlanBackendRequest>;
}

function randomConfig(random: Prng, names: readonly string[]): SmallConfig {
  const pool = (some: readonly string[]) =>
    some.map((name) => `${name}:${[100, 100, 60, 30][Math.floor(random() * 4)]}`).join(" ");
  const frontends = Object.fromEntries(["web", "api", "dns"].map((name, at) => {
    const used = names.filter((_, place) => at === 0 || random() < 0.6 || place === 0);
    const cut = at === 1 && used.length > 3 ? used.length - 1 : used.length;
    const rest = used.slice(cut);
    const pools = [pool(used.slice(0, cut)), ...(rest.length === 0 ? [] : [pool(rest)])];
    return [name, {
      pools: pools.join(" | "),
      srcIpSticky: random() < 0.2,
      flushOnDown: random() < 0.5,
      ...(random() < 0.2 ? { onAllDown: "last-good" as const } : {}),
    }];
  }));
  return {
    backends: Object.fromEntries(names.map((name) => [name, {}])),
    frontends,
    newFlowsTableLength: [64, 256, 1024][Math.floor(random() * 3)]!,
  };
}

/** The handler for plans of a load balancer. */
export function plannerOf(
  { checker, member }: Pick<MemberOf, "checker" | "member">,
  clock: Clock,
): (request: Partial<PlanBackendRequest>) => Promise<PlanBackendResponse> {
  const fleet = new FleetRequests(member);
  const daemon = { checker, clock, vpp: undefined, fleet } as unknown as DaemonApi;
  return async (request) => {
    const { signal } = new AbortController();
    const asked = create(PlanBackendRequest, request);
    const answer = await planBackend(daemon)(asked, { signal } as unknown as CallContext);
    assert.ok(!(answer instanceof MaglevError), String(answer));
    return answer as PlanBackendResponse;
  };
}

/** The plans that a wish carries after these answers. */
export function plansIn(answers: readonly PlanBackendResponse[]): readonly Foretold[] {
  const plans = requestedPlans(answers.flatMap(({ foretold }) => foretold ?? []));
  assert.ok(!(plans instanceof MaglevError), String(plans));
  return plans;
}

/** A fleet; `random` decides about its configuration and its health. */
export function foretoldWorld(random: Prng) {
  const names = NAMES.slice(0, 3 + Math.floor(random() * 6));
  const config = randomConfig(random, names);
  const world = memberWorld();
  const lbs = LBS.map(([lb, site]) => {
    const up = names.filter(() => random() < 0.85);
    const member = world.add({ lb, site, config, up: up.length === 0 ? names : up });
    const plugin = new LbPlugin(monotonic(0));
    /** VPP gets what it should have. */
    const sync = () =>
      syncPlugin(plugin, member.checker.current.frontends, config.newFlowsTableLength!);
    const plan = plannerOf(member, world.clock);
    /** By key of the VIP: frontend, and what VPP has. */
    const vips = () => vipsOn(plugin, member.checker.current.frontends);
    return { ...member, lb, sync, plan, vips };
  });
  for (const { member, engine, checker } of lbs) {
    member.start();
    // The others have failed their checks.
    const rest = [...checker.current.backends.values()].filter(({ state }) => state === "unknown");
    engine.takeDown(...rest.map(({ name }) => name));
  }
  for (const { sync } of lbs) sync();

  function action(): RandomAction {
    const backend = names[Math.floor(random() * names.length)]!;
    const scope = ["fleet", "fleet", "site=ams", "lb=lb3"][Math.floor(random() * 4)]!;
    const atMs = world.clock.wallMs();
    const roll = random();
    if (roll < 0.2) {
      const weight = Math.floor(random() * 100);
      const { frontends } = lbs[0]!.checker.current.config;
      const pool = frontends.get("web")!.pools[0]!;
      const instead = pool.backends.find(({ name }) => name === backend)!.weight;
      const intent = { ...weightWish(backend, weight, { scope, atMs }), instead } as ScopedIntent;
      return weight === instead ? action() : {
        intent,
        request: {
          name: backend,
          action: "weight",
          frontend: "web",
          pool: pool.name,
          weight,
          scope,
        },
      };
    }
    const kind = roll < 0.4 ? "pause" : roll < 0.7 ? "drain" : "disable";
    const request = { name: backend, action: kind, scope };
    if (kind !== "drain") return { intent: wish(kind, backend, { scope, atMs }), request };
    const untilMs = atMs + 3_600_000;
    const base = wish("pause", backend, { scope, atMs, untilMs });
    const intent = { ...base, kind, then: "resume" } as ScopedIntent;
    return { intent, request };
  }

  /** The answers of all load balancers, and the plans that a wish carries then. */
  async function plans(request: Partial<PlanBackendRequest>): Promise<{
    readonly answers: readonly PlanBackendResponse[];
    readonly plans: readonly Foretold[];
  }> {
    const answers = await Promise.all(lbs.map(({ plan }) => plan(request)));
    return { answers, plans: plansIn(answers) };
  }

  async function stop(): Promise<void> {
    for (const { member, checker } of lbs) {
      await member.stop();
      checker.stop();
    }
  }

  /** Servers that an ended intent leaves unknown pass their checks. */
  function settle(): void {
    for (const { engine, checker, sync } of lbs) {
      for (const { name, state } of checker.current.backends.values()) {
        if (state === "unknown") engine.report({ [name]: PASS });
      }
      sync();
    }
  }

  return { ...world, lbs, names, action, plans, settle, stop };
}
