/**
 * The output of each command next to its JSON form, in tests/fixtures/cli/: for plain names every
 * rendering; for long and hostile ones the two in which a fault shows, so that a changed column
 * changes few files. All renderings of all names are checked for the rules that hold for each.
 *
 * `MAGLEV_GOLDEN=write deno test -A src/cli/commands/golden_test.ts` writes the files.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { later, type WallMs } from "../../base/instant.ts";
import { PlanConfigResponse, ReloadConfigResponse } from "../../grpc/gen/maglev.ts";
import { create } from "../../grpc/messages/codec.ts";
import { jsonText } from "../render/mod.ts";
import { mergeJson, mergeViews } from "../compare/merge.ts";
import type { Answer } from "./command.ts";
import type { Args } from "../language/node.ts";
import { COMMANDS } from "./mod.ts";
import { type Answers, fakeClient } from "../../../tests/support/fakes/fake_client.ts";
import { answersOf } from "../../../tests/support/worlds/cli_answers.ts";
import { countersOf } from "../../../tests/support/worlds/cli_lb.ts";
import {
  ago,
  HOSTILE,
  LONG,
  NOW_MS,
  PLAIN,
  type Words,
} from "../../../tests/support/worlds/cli_words.ts";
import { GoldenFolder } from "../../../tests/support/judges/golden.ts";
import { checkWords, HARMFUL, type Put, shown } from "../../../tests/support/judges/renderings.ts";

type Name = keyof typeof COMMANDS;

const GOLDEN = new GoldenFolder("cli/");
const WORLDS = { plain: PLAIN, long: LONG, hostile: HOSTILE } as const;
/** Renderings that are recorded for other than plain names. */
const TELLING = ["80 columns, colour", "no terminal", "no terminal, standard error"];

function argsOf(words: Words): Args {
  return {
    frontend: words.web,
    backend: words.web1,
    pool: words.pool,
    weight: "25",
    healthcheck: words.check,
    reason: words.reason,
    for: "2h0m0s",
    id: "0123abcd",
    hash: "ab".repeat(32),
    waves: "lb1/rest",
  };
}

interface Case {
  readonly name: Name;
  readonly answers: Answers;
  readonly args?: Args;
  readonly memory?: Map<string, unknown>;
  readonly nowMs?: WallMs;
}

function run({ name, answers, args, memory, nowMs = NOW_MS }: Case): Promise<Answer> {
  const { client } = fakeClient(answers);
  return COMMANDS[name](
    { client, nowMs, forecast: true, memory },
    args ?? argsOf(PLAIN),
  );
}

function fileName(name: Name, variant: string): string {
  return `${name.replaceAll(" ", "_")}.${variant}.txt`;
}

for (const [variant, words] of Object.entries(WORLDS)) {
  for (const name of Object.keys(COMMANDS) as Name[]) {
    // The four plans of a backend differ in their requests, not in their output.
    if (/^plan backend (resume|enable|disable)$/.test(name)) continue;
    // The output of these has no names.
    if (variant !== "plain" && /version|vpp/.test(name)) continue;
    // The same output as with a number.
    if (/^plan weight file$/.test(name)) continue;
    Deno.test(`${name}: golden text and JSON, ${variant} names`, async () => {
      const { view, json } = await run({ name, answers: answersOf(words), args: argsOf(words) });
      const plain = variant === "plain";
      if (plain) checkWords(view);
      const value = await json();
      const text = jsonText(value);
      assert.doesNotMatch(text, HARMFUL);
      assert.deepEqual(JSON.parse(text), value);
      const renderings = shown([view]);
      await GOLDEN.check(
        fileName(name, variant),
        plain
          ? [...renderings, { title: "json", text }]
          : renderings.filter(({ title }) => TELLING.includes(title)),
      );
    });
  }
}

const WORLD = answersOf(PLAIN);

/** States of the world with output of their own. */
const VARIANTS: Readonly<Record<string, () => Case | Promise<Case>>> = {
  "nothing configured": () => ({
    name: "show backends",
    answers: { ListBackends: () => ({ backendNames: [], backends: [] }) },
  }),
  "disabled": () => ({ name: "show backend", answers: WORLD, args: { backend: "web2" } }),
  "never probed": () => ({ name: "show backend", answers: WORLD, args: { backend: "db2" } }),
  "static": () => ({ name: "show backend", answers: WORLD, args: { backend: "sorry" } }),
  "certificate expired": () => ({
    name: "show backend",
    answers: {
      GetBackend: () => ({
        ...WORLD.GetBackend({ name: "web1" }),
        certificateExpiryUnixNs: ago(90_061_000),
      }),
    },
  }),
  "down, any port": () => ({ name: "show frontend", answers: WORLD, args: { frontend: "dns6" } }),
  "tcp with tls": () => ({
    name: "show healthcheck",
    answers: WORLD,
    args: { healthcheck: "tls" },
  }),
  "icmp": () => ({ name: "show healthcheck", answers: WORLD, args: { healthcheck: "ping" } }),
  "without weights": () => ({
    name: "show vpp info",
    answers: { GetVPPInfo: () => ({ ...WORLD.GetVPPInfo({}), weights: false, boottimeNs: 0n }) },
  }),
  "older vpp": () => ({
    name: "show vpp lb state",
    answers: { GetVPPLBState: () => ({ conf: undefined, vips: [] }) },
  }),
  "with rates": async () => {
    const memory = new Map<string, unknown>();
    const name = "show vpp lb counters";
    const before = () => countersOf({ takenMs: later(NOW_MS, -8200), factor: 1n });
    await run({ name, memory, answers: { GetVPPLBCounters: before } });
    const now = () => countersOf({ takenMs: later(NOW_MS, -3200), factor: 2n });
    return { name, memory, answers: { GetVPPLBCounters: now } };
  },
  "stale": () => ({
    name: "show vpp lb counters",
    answers: WORLD,
    nowMs: later(NOW_MS, 3_600_000),
  }),
  "nothing to do": () => ({
    name: "sync vpp lb state",
    args: {},
    answers: {
      SyncVPPLBState: () => ({
        ...WORLD.SyncVPPLBState({}),
        vipsAdded: 0,
        serversAdded: 0,
        serversRemoved: 0,
        weightsUpdated: 0,
      }),
    },
  }),
  "failed": () => ({
    name: "sync vpp lb state",
    args: {},
    answers: { SyncVPPLBState: () => ({ ...WORLD.SyncVPPLBState({}), failed: 2 }) },
  }),
  "paused already": () => ({
    name: "set backend disable",
    args: { backend: "web2" },
    answers: { ...WORLD, DisableBackend: () => WORLD.GetBackend({ name: "web2" }) },
  }),
  "forecast refused": () => ({
    name: "set backend pause",
    answers: {
      ...WORLD,
      PlanBackend: () => {
        throw new MaglevError("resource-exhausted", "too many plans at once");
      },
    },
  }),
  "valid": () => ({
    name: "config check",
    answers: {
      CheckConfig: () => ({
        ok: true,
        parseError: "",
        semanticError: "",
        issues: [],
        hash: "9f8e",
      }),
    },
  }),
  "without issues": () => ({
    name: "config check",
    answers: {
      CheckConfig: () => ({
        ok: false,
        parseError: "a.yaml: one\na.yaml: two",
        semanticError: "",
        issues: [],
        hash: "",
      }),
    },
  }),
  "refused": () => ({
    name: "config plan",
    answers: {
      PlanConfig: () => ({ ...WORLD.PlanConfig({}), ...WORLD.CheckConfig({}), plan: undefined }),
    },
  }),
  "done": () => ({
    name: "config reload",
    answers: {
      ReloadConfig: () => create(ReloadConfigResponse, { ok: true }),
    },
  }),
  "with what it did": () => ({
    name: "config reload",
    answers: { ReloadConfig: () => ({ ...WORLD.PlanConfig({}), issues: [], warning: "" }) },
  }),
  "without its plan": () => ({
    name: "config reload",
    answers: {
      ReloadConfig: () => ({
        ...create(ReloadConfigResponse),
        ok: true,
        kept: 17,
        lbConfChanged: true,
        warning: "sticky-buckets-per-core changes: all sticky flows of all VIPs are forgotten",
      }),
    },
  }),
  "nothing changes": () => ({
    name: "config plan",
    answers: {
      PlanConfig: () =>
        create(PlanConfigResponse, {
          ok: true,
          kept: 17,
          plan: { ...WORLD.PlanConfig({}).plan!, states: [], assumedUp: [], vips: [] },
        }),
    },
  }),
  "ready": () => ({
    name: "show status",
    answers: {
      GetStatus: () => ({
        ...WORLD.GetStatus({}),
        ready: true,
        reason: "",
        vpp: "connected",
        vppError: "",
        warmup: "done",
        warmupUntilUnixNs: undefined,
        warmupHeld: [],
        configError: "",
        probers: WORLD.GetStatus({}).probers.slice(0, 1),
        backends: [{ state: "up", count: 3 }],
        withheld: [],
      }),
    },
  }),
  "with vpp": () => ({
    name: "show frontends",
    answers: { ...WORLD, GetStatus: () => ({ ...WORLD.GetStatus({}), vpp: "connected" }) },
  }),
  "vpp off": () => ({
    name: "show frontends",
    answers: { ...WORLD, GetStatus: () => ({ ...WORLD.GetStatus({}), vpp: "off", vppError: "" }) },
  }),
  "carried": () => ({
    name: "show backend",
    answers: { GetBackend: () => ({ ...WORLD.GetBackend({ name: "web1" }), carried: true }) },
  }),
};

for (const [variant, make] of Object.entries(VARIANTS)) {
  Deno.test(`golden text: ${variant}`, async () => {
    const made = await make();
    const { view, ok } = await run(made);
    await GOLDEN.check(fileName(made.name, variant.replace(/\W+/g, "_")), [
      { title: `exit ${ok ? 0 : 1}`, text: "" },
      ...shown([view]),
    ]);
  });
}

/** A second server whose answers differ. */
const OTHER: Required<Answers> = {
  ...WORLD,
  ListBackends: (request) => {
    const [web1, web2, db1, db2] = WORLD.ListBackends(request).backends;
    const backends = [
      { ...web1!, state: "down", sinceUnixNs: ago(5000), lastResult: db1!.lastResult },
      { ...web2!, sinceUnixNs: ago(60_000) },
      { ...db1!, name: "web3" },
      db1!,
      { ...db2!, sinceUnixNs: ago(90_000) },
    ];
    return { backendNames: backends.map(({ name }) => name), backends };
  },
  GetBackend: (request) => ({
    ...WORLD.GetBackend(request),
    state: "disabled",
    enabled: false,
    transitions: WORLD.GetBackend({ name: "web2" }).transitions,
    intent: WORLD.GetBackend({ name: "web2" }).intent,
  }),
  GetVPPInfo: () => ({ ...WORLD.GetVPPInfo({}), pid: 77, version: "26.06-release" }),
  GetVPPLBState: () => ({
    ...WORLD.GetVPPLBState({}),
    vips: WORLD.GetVPPLBState({}).vips.slice(0, 2).map((vip) => ({
      ...vip,
      encap: "gre6",
      applicationServers: vip.applicationServers.slice(1),
    })),
  }),
  ExplainBackend: () => {
    const explained = WORLD.ExplainBackend({});
    const [place] = explained.places;
    // There VPP has the weight, and another number of buckets.
    const links = place!.links.map((link) => {
      if (link.kind === "vpp") return { ...link, weight: 25, text: "900 of 4096 buckets" };
      if (link.kind !== "difference") return link;
      return { ...link, weight: 25, decides: false, text: "none: VPP has what it should have" };
    });
    const answer = "takes new flows, with weight 25 in VPP";
    return { ...explained, places: [{ ...place!, links, vppWeight: 25, difference: "", answer }] };
  },
  ExplainFrontend: () => {
    const explained = WORLD.ExplainFrontend({});
    const servers = explained.servers.map((server) => ({ ...server, links: [], difference: "" }));
    return { ...explained, servers };
  },
  GetVPPLBCounters: () => countersOf({ takenMs: later(NOW_MS, -4000), factor: 3n }),
  SyncVPPLBState: () => ({ ...WORLD.SyncVPPLBState({}), failed: 1 }),
};

const SEVERAL: readonly Name[] = [
  "show version",
  "show frontends",
  "show backends",
  "show backend",
  "show vpp info",
  "show vpp lb state",
  "show vpp lb counters",
  "show vpp lb servers",
  "show status",
  "show history",
  "explain backend",
  "explain frontend",
  "set backend pause",
  "sync vpp lb state",
];

for (const name of SEVERAL) {
  Deno.test(`${name}: golden text and JSON of several servers`, async () => {
    const one = await run({ name, answers: WORLD });
    const two = await run({ name, answers: OTHER });
    const error = { kind: "error", message: "no connection: connection refused" } as const;
    const show = /^(show|explain) /.test(name);
    const servers = ["lb1:9090", "[2001:db8::2]:9090"];
    const put: Put = (views) =>
      mergeViews(views.map((view, at) => ({ server: servers[at]!, view })), { show });
    const json = mergeJson([
      { server: "lb1:9090", result: { kind: "answer", json: await one.json() } },
      { server: "lb3:9090", result: error },
    ]);
    await GOLDEN.check(fileName(name, "several"), [
      ...shown([one.view, two.view], put),
      { title: "json", text: jsonText(json) },
    ]);
  });
}

Deno.test("each golden file is checked by a test", async () => {
  assert.deepEqual(await GOLDEN.unused(), []);
});
