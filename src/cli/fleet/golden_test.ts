/**
 * The output of the fleet's commands next to its JSON, in tests/fixtures/cli_fleet/, for plain, long
 * and hostile names. `MAGLEV_GOLDEN=write` writes the files.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { backendIntent } from "../../../tests/support/fakes/intents.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { ip } from "../../../tests/support/fakes/vips.ts";
import { GoldenFolder } from "../../../tests/support/judges/golden.ts";
import { checkWords, HARMFUL, shown } from "../../../tests/support/judges/renderings.ts";
import {
  HOSTILE,
  LONG,
  MINUTE,
  NOW_MS,
  PLAIN,
  type Words,
} from "../../../tests/support/worlds/cli_words.ts";
import {
  daemonOf,
  failingServer,
  fleetServer,
} from "../../../tests/support/worlds/fleet_client.ts";
import { FleetLb } from "../../../tests/support/worlds/fleet_world.ts";
import type { SmallConfig } from "../../../tests/support/fakes/small_config.ts";
import { later, type WallMs } from "../../base/instant.ts";
import { jsonText } from "../render/mod.ts";
import { type FleetServer, readFleet } from "../../grpc/client/fleet/read.ts";
import { readStores } from "../../grpc/client/fleet/stores.ts";
import {
  FleetInfo,
  FleetIntent,
  FleetMember,
  FleetRollout,
  RolloutLb,
} from "../../grpc/gen/maglev.ts";
import { create } from "../../grpc/messages/codec.ts";
import { readVotes } from "./votes.ts";
import { FLEET_COMMANDS, type FleetCommand } from "./fleet.ts";
import { fleetJson, votesJson } from "./json.ts";
import { readReshuffle } from "./reshuffle.ts";
import { reshuffleJson, reshuffleView } from "./reshuffle_view.ts";
import { differencesView, fleetView, votesView } from "./view.ts";

const GOLDEN = new GoldenFolder("cli_fleet/");
const WORLDS = { plain: PLAIN, long: LONG, hostile: HOSTILE } as const;
const TELLING = ["80 columns, colour", "no terminal", "no terminal, standard error"];

const CONFIG: SmallConfig = {
  backends: { aa: {}, bb: {}, cc: {} },
  frontends: {
    web: { pools: "aa bb | cc" },
    api: { pools: "bb cc:50" },
    dns: { pools: "cc aa" },
  },
};

/** A server came back ten minutes ago. */
const TABLES = [-90, -10].map((minutes, at) => ({
  sinceMs: later(NOW_MS, minutes * MINUTE),
  srcIpSticky: false,
  newFlowsTableLength: 1024,
  addresses: ["10.0.0.1", "10.0.0.2"],
  weights: Uint8Array.of(at * 100, 100),
}));

/** The names of CONFIG as those of `words`; plain names have two letters. */
function renamed(words: Words): <T>(message: T) => T {
  const names: Readonly<Record<string, string>> = {
    aa: words.web1,
    bb: words.web2,
    web: words.web,
    pool0: words.pool,
    ann: words.identity,
  };
  const change = (value: unknown): unknown => {
    if (typeof value === "string") return names[value] ?? value;
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, change(each)]));
  };
  return <T>(message: T) => change(message) as T;
}

/** A rollout that waits for its second wave. */
const ROLLOUT = create(FleetRollout, {
  id: "fedcba98",
  hash: "9f3c".repeat(16),
  waves: "lb1/lb2/rest",
  waveCount: 3,
  wavesOpen: 2,
  state: "open",
  stepUnixNs: BigInt(later(NOW_MS, -2 * MINUTE)) * 1_000_000n,
  sinceUnixNs: BigInt(later(NOW_MS, -5 * MINUTE)) * 1_000_000n,
  note: "all gates were green for 60 s",
  identity: "ann",
  reason: "web",
  bakeNs: 60_000_000_000n,
  lbs: [
    create(RolloutLb, { name: "lb1", wave: 1, present: true, state: "applied" }),
    create(RolloutLb, { name: "lb2", wave: 2, present: true, state: "waiting", note: "web" }),
    create(RolloutLb, { name: "lb3", wave: 3, state: "closed" }),
    create(RolloutLb, { name: "lb4", wave: 3, present: true }),
    create(RolloutLb, { name: "lb9", present: true, state: "closed" }),
  ],
});

/** A load balancer's store; lb3 has lost it. */
function storeOf({ lb, present }: { readonly lb: string; readonly present: readonly string[] }) {
  const isAway = lb === "lb3";
  return create(FleetInfo, {
    fleet: "edge",
    lb,
    store: isAway ? "away" : "ok",
    storeReason: isAway ? "ann" : "",
    storeSinceUnixNs: BigInt(later(NOW_MS, -3 * MINUTE)) * 1_000_000n,
    revision: isAway ? 18_377n : 18_412n,
    members: ["lb1", "lb2", "lb3"].map((name) =>
      create(FleetMember, { name, present: present.includes(name) })
    ),
    intents: isAway ? [] : [create(FleetIntent, { here: "held", hereReason: "ann" })],
    rollout: isAway ? undefined : ROLLOUT,
  });
}

/** Five load balancers: a failed check, an intent and another weight, a drift; one is away. */
function fleet(words: Words): FleetServer[] {
  const change = renamed(words);
  const sinceMs = later(NOW_MS, -90 * MINUTE);
  const intent = backendIntent("disable", "cc", { sinceMs: later(NOW_MS, -7 * MINUTE) });
  const api = { pools: "bb cc:70" };
  const [lb1, lb2, lb3, lb4] = [
    new FleetLb("lb1", { config: CONFIG, sinceMs }),
    new FleetLb("lb2", { config: CONFIG, sinceMs }),
    new FleetLb("lb3", {
      config: { ...CONFIG, frontends: { ...CONFIG.frontends, api } },
      states: { aa: "down" },
      sinceMs: later(NOW_MS, -3 * MINUTE),
    }),
    new FleetLb("lb4", { config: CONFIG, intents: [intent], sinceMs }),
  ] as const;
  lb2.plugin.setWeight({ pfx: { address: ip("192.0.2.1"), len: 32 }, protocol: 6, port: 80 }, {
    address: ip("10.0.0.2"),
    weight: 10,
    flush: false,
  });
  const drifts = [{
    vip: { address: ip("192.0.2.9"), prefixLength: 32, protocol: 17, port: 53 },
    atMs: later(NOW_MS, -20_000),
    found: ["10.0.0.1 weight 3"],
    expected: ["10.0.0.1 weight 100"],
  }];
  const clock = new FakeClock({ wallMs: NOW_MS });
  return [
    fleetServer(lb1, {
      change,
      daemon: daemonOf(lb1, { clock, drifts, tables: TABLES }),
      store: storeOf({ lb: "lb1", present: ["lb1", "lb2"] }),
    }),
    ...[lb2, lb3, lb4].map((lb) =>
      fleetServer(lb, {
        change,
        daemon: daemonOf(lb, { clock, tables: TABLES.slice(1) }),
        ...(lb === lb4 ? {} : { store: storeOf({ lb: lb.lb, present: ["lb2", "lb1"] }) }),
      })
    ),
    failingServer("lb5", new MaglevError("deadline-exceeded", "Deadline exceeded after 10s")),
    failingServer("lb6", new MaglevError("unimplemented", "unknown method")),
  ];
}

async function run(command: FleetCommand, servers: readonly FleetServer[]) {
  const clock = new FakeClock({ wallMs: NOW_MS });
  const nowMs: WallMs = clock.wallMs();
  if (command === "show fleet votes") {
    const votes = await readVotes({ servers, clock });
    return { view: votesView(votes, nowMs), json: votesJson(votes) };
  }
  if (command === "show fleet reshuffle") {
    const reshuffle = await readReshuffle({ servers, clock });
    return { view: reshuffleView(reshuffle, nowMs), json: reshuffleJson(reshuffle) };
  }
  const state = await readFleet({ servers, clock });
  if (command !== "show fleet") {
    return { view: differencesView(state, nowMs), json: fleetJson(state) };
  }
  const stores = await readStores({ servers, clock });
  return { view: fleetView(state, stores, nowMs), json: fleetJson(state, stores) };
}

for (const [variant, words] of Object.entries(WORLDS)) {
  for (const command of FLEET_COMMANDS) {
    Deno.test(`${command}: golden text and JSON, ${variant} names`, async () => {
      const { view, json } = await run(command, fleet(words));
      const plain = variant === "plain";
      if (plain) checkWords(view);
      const text = jsonText(json);
      assert.doesNotMatch(text, HARMFUL);
      assert.deepEqual(JSON.parse(text), json);
      const renderings = shown([view]);
      await GOLDEN.check(
        `${command.replaceAll(" ", "_")}.${variant}.txt`,
        plain
          ? [...renderings, { title: "json", text }]
          : renderings.filter(({ title }) => TELLING.includes(title)),
      );
    });
  }
}

Deno.test("a fleet that agrees: golden text", async () => {
  const clock = new FakeClock({ wallMs: NOW_MS });
  const servers = ["lb1", "lb2"].map((name) => {
    const lb = new FleetLb(name, { config: CONFIG, sinceMs: later(NOW_MS, -90 * MINUTE) });
    return fleetServer(lb, { daemon: daemonOf(lb, { clock }) });
  });
  for (const command of FLEET_COMMANDS) {
    const { view } = await run(command, servers);
    await GOLDEN.check(`${command.replaceAll(" ", "_")}.agreeing.txt`, shown([view]));
  }
});

Deno.test("golden files of the fleet: none is left over", async () => {
  assert.deepEqual(await GOLDEN.unused(), []);
});
