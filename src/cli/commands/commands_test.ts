import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { later, type WallMs } from "../../base/instant.ts";
import { ReloadConfigResponse } from "../../grpc/gen/maglev.ts";
import { create } from "../../grpc/messages/codec.ts";
import type { Args } from "../language/node.ts";
import { renderView } from "../render/mod.ts";
import { expiryCell } from "./cells.ts";
import { COMMANDS } from "./mod.ts";
import { type Answers, fakeClient } from "../../../tests/support/fakes/fake_client.ts";
import { answersOf } from "../../../tests/support/worlds/cli_answers.ts";
import { countersOf } from "../../../tests/support/worlds/cli_lb.ts";
import { ago, NOW_MS, PLAIN } from "../../../tests/support/worlds/cli_words.ts";
import type { Answer } from "./command.ts";

type Name = keyof typeof COMMANDS;

const WORLD = answersOf(PLAIN);

interface Options {
  readonly answers?: Answers;
  readonly args?: Args;
  readonly forecast?: boolean;
  readonly memory?: Map<string, unknown>;
  readonly signal?: AbortSignal;
}

function run(name: Name, { answers = WORLD, args = {}, ...options }: Options = {}) {
  const { client, asked } = fakeClient(answers);
  const answer = COMMANDS[name]({ client, nowMs: NOW_MS, ...options }, args);
  return { answer, asked };
}

async function requests(
  name: Name,
  options: Options,
): Promise<[method: string, request: unknown][]> {
  const { answer, asked } = run(name, options);
  await answer;
  return asked.map(({ method, request }) => [method, request]);
}

function text({ view }: Answer): string {
  return renderView(view, { width: Infinity, color: false });
}

const PLACE = { frontend: "web", pool: "primary", backend: "web1", weight: "25" };

function planned(action: string) {
  return { name: "web1", action, reason: "", end: undefined };
}

Deno.test("show history reads pages until it has the requested number, oldest first", async () => {
  const sizes: (number | undefined)[] = [];
  const history = (args: Args) => {
    sizes.length = 0;
    const { client } = fakeClient({
      ListHistory({ beforeId = 0n, pageSize = 0 }) {
        sizes.push(pageSize);
        const last = beforeId === 0n ? 2500 : Number(beforeId) - 1;
        const count = Math.min(last, pageSize);
        const records = Array.from({ length: count }, (_, at) => ({
          id: BigInt(last - count + 1 + at),
          atUnixNs: 1n,
          event: "shutdown",
          backend: "",
          frontend: "",
          attributes: [],
        }));
        const more = last > count;
        return { records, nextBeforeId: more ? records[0]!.id : 0n, warning: "" };
      },
    });
    return COMMANDS["show history"]({ client, nowMs: NOW_MS }, args);
  };
  const idsOf = async (args: Args) => {
    const json = await (await history(args)).json() as { records: { id: string }[] };
    return json.records.map(({ id }) => Number(id));
  };
  const range = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, at) => from + at);
  assert.deepEqual(await idsOf({}), range(2401, 2500));
  assert.deepEqual(sizes, [100]);
  assert.deepEqual(await idsOf({ num: "1200" }), range(1301, 2500));
  assert.deepEqual(sizes, [1000, 200]);
  assert.deepEqual(await idsOf({ since: "2026-03-01T00:00:00.000Z" }), range(1, 2500));
  assert.deepEqual(sizes, [1000, 1000, 1000]);
});

Deno.test("each command calls its one method", async () => {
  const cases: [name: Name, args: Args, method: string, request: unknown][] = [
    ["show version", {}, "GetVersion", {}],
    ["show frontends", {}, "ListFrontends", { details: true }],
    ["show frontend", { frontend: "web" }, "GetFrontend", { name: "web" }],
    ["show backends", {}, "ListBackends", { details: true }],
    ["show backend", { backend: "web1" }, "GetBackend", { name: "web1" }],
    ["show healthchecks", {}, "ListHealthChecks", { details: true }],
    ["show healthcheck", { healthcheck: "tls" }, "GetHealthCheck", { name: "tls" }],
    ["show status", {}, "GetStatus", {}],
    ["show intents", {}, "ListIntents", {}],
    ["cancel intent", { id: "0123abcd" }, "CancelIntent", { id: "0123abcd", reason: "" }],
    ["show fleet intents", {}, "GetFleet", {}],
    [
      "fleet adopt",
      { id: "0123abcd" },
      "AdoptIntent",
      { id: "0123abcd", scope: "fleet", reason: "" },
    ],
    ["fleet restore", {}, "RestoreFleet", { reason: "" }],
    ["fleet forget", {}, "ForgetFleet", { reason: "" }],
    [
      "fleet rollout",
      { hash: "ab", waves: "lb1/rest", bake: "10m0s", moves: "50", removes: "2", reason: "r" },
      "StartRollout",
      {
        hash: "ab",
        waves: "lb1/rest",
        reason: "r",
        bakeNs: 600_000_000_000n,
        moves: 0.5,
        removes: 2,
      },
    ],
    [
      "fleet rollout next",
      { force: "" },
      "StepRollout",
      { step: "next", force: true, reason: "" },
    ],
    ["fleet rollout stop", {}, "StepRollout", { step: "stop", force: false, reason: "" }],
    ["fleet rollout revert", {}, "StepRollout", { step: "revert", force: false, reason: "" }],
    [
      "set backend pause",
      { backend: "web1", in: "2h0m0s", for: "1h0m0s" },
      "PauseBackend",
      {
        name: "web1",
        reason: "",
        end: { $case: "forNs", value: 3_600_000_000_000n },
        begin: { $case: "inNs", value: 7_200_000_000_000n },
      },
    ],
    ["show vpp info", {}, "GetVPPInfo", {}],
    ["show vpp lb state", {}, "GetVPPLBState", {}],
    ["show vpp lb counters", {}, "GetVPPLBCounters", {}],
    ["show vpp lb servers", {}, "GetVPPLBCounters", {}],
    ["sync vpp lb state", {}, "SyncVPPLBState", { frontend: "", reason: "" }],
    [
      "sync vpp lb state",
      { frontend: "web", reason: "r" },
      "SyncVPPLBState",
      { frontend: "web", reason: "r" },
    ],
    [
      "set backend pause",
      { backend: "web1" },
      "PauseBackend",
      { name: "web1", reason: "", end: undefined, begin: undefined },
    ],
    [
      "set backend disable",
      { backend: "web1", reason: "r", for: "76h0m0s" },
      "DisableBackend",
      {
        name: "web1",
        reason: "r",
        end: { $case: "forNs", value: 273_600_000_000_000n },
        begin: undefined,
      },
    ],
    [
      "set backend resume",
      { backend: "web1", reason: "r" },
      "ResumeBackend",
      { name: "web1", reason: "r", end: undefined, begin: undefined },
    ],
    [
      "set backend enable",
      { backend: "web1" },
      "EnableBackend",
      { name: "web1", reason: "", end: undefined, begin: undefined },
    ],
    [
      "set lameduck on",
      { reason: "r", for: "10m0s" },
      "SetLameduck",
      { on: true, reason: "r", end: { $case: "forNs", value: 600_000_000_000n } },
    ],
    [
      "set lameduck off",
      {},
      "SetLameduck",
      { on: false, reason: "", end: undefined },
    ],
    [
      "set backend clear",
      { backend: "web1", reason: "r" },
      "ClearBackend",
      { name: "web1", reason: "r" },
    ],
    [
      "set backend drain",
      { backend: "web1", for: "10m0s", then: "pause", force: "force", reason: "r" },
      "DrainBackend",
      {
        name: "web1",
        reason: "r",
        forNs: 600_000_000_000n,
        then: "pause",
        force: true,
        begin: undefined,
      },
    ],
    [
      "set weight",
      { ...PLACE, until: "2026-03-01T09:30:00.250Z", from: "2026-03-01T09:30:00.125Z" },
      "SetFrontendPoolBackendWeight",
      {
        frontend: "web",
        pool: "primary",
        backend: "web1",
        weight: 25,
        reason: "",
        end: { $case: "untilUnixNs", value: ago(-250) },
        begin: { $case: "fromUnixNs", value: ago(-125) },
      },
    ],
    [
      "set weight file",
      { ...PLACE, reason: "r" },
      "SetFrontendPoolBackendWeight",
      {
        frontend: "web",
        pool: "primary",
        backend: "web1",
        file: true,
        reason: "r",
        end: undefined,
        begin: undefined,
      },
    ],
    [
      "plan backend pause",
      { backend: "web1", reason: "r", for: "1h0m0s" },
      "PlanBackend",
      {
        name: "web1",
        action: "pause",
        reason: "r",
        end: { $case: "forNs", value: 3_600_000_000_000n },
      },
    ],
    ["plan backend resume", { backend: "web1" }, "PlanBackend", planned("resume")],
    ["plan backend enable", { backend: "web1" }, "PlanBackend", planned("enable")],
    ["plan backend disable", { backend: "web1" }, "PlanBackend", planned("disable")],
    ["plan backend drain", { backend: "web1", force: "force" }, "PlanBackend", {
      ...planned("drain"),
      force: true,
    }],
    [
      "plan weight",
      { ...PLACE, reason: "r" },
      "PlanBackend",
      { ...planned("weight"), frontend: "web", pool: "primary", weight: 25, reason: "r" },
    ],
    [
      "plan weight file",
      PLACE,
      "PlanBackend",
      { ...planned("weight"), frontend: "web", pool: "primary", file: true },
    ],
    ["explain backend", { backend: "web1" }, "ExplainBackend", { name: "web1" }],
    ["explain frontend", { frontend: "web" }, "ExplainFrontend", { name: "web" }],
    [
      "show history",
      { backend: "web1", since: "2026-03-01T00:00:00.000Z" },
      "ListHistory",
      {
        backend: "web1",
        frontend: "",
        sinceUnixNs: 1_772_323_200_000_000_000n,
        beforeId: 0n,
        pageSize: 1000,
      },
    ],
    ["config check", {}, "CheckConfig", {}],
    ["config plan", {}, "PlanConfig", {}],
    ["config reload", { reason: "r" }, "ReloadConfig", { reason: "r", planHash: "" }],
    ["config reload", { plan: "ab" }, "ReloadConfig", { reason: "", planHash: "ab" }],
  ];
  for (const [name, args, method, request] of cases) {
    // The answer about frontends also has a line about VPP.
    const beside = name.startsWith("show frontend") ? [["GetStatus", {}]] : [];
    // A server without plans would ignore the hash, so the plan comes first.
    const before = "plan" in args ? [["PlanConfig", {}]] : [];
    const all = [...before, [method, request], ...beside];
    assert.deepEqual(await requests(name, { args }), all, name);
  }
  const tried = new Set(cases.map(([name]) => name));
  assert.deepEqual(Object.keys(COMMANDS).filter((name) => !tried.has(name as Name)), []);
});

Deno.test("a drain waits for its end with progress, over a restart of the server", async () => {
  const drained = WORLD.DrainBackend!({ name: "web1" });
  const after = (state: string, kind: string) => ({
    ...drained,
    state,
    intent: kind === "" ? undefined : { ...drained.intent!, kind, untilUnixNs: undefined },
  });
  const waitFor = async (replies: (() => typeof drained)[]) => {
    const said: string[] = [];
    let paused = 0;
    const waiting = {
      pause: (ms: number) => Promise.resolve(void (paused += ms)),
      say: (line: string) => void said.push(line),
    };
    const answers = { ...WORLD, GetBackend: () => replies.shift()!() };
    const { client } = fakeClient(answers);
    const args = { backend: "web1", wait: "wait" };
    const answer = await COMMANDS["set backend drain"]({ client, nowMs: NOW_MS, waiting }, args);
    return { said, paused, ok: answer.ok, text: text(answer) };
  };
  const gone = () => {
    throw new MaglevError("unavailable", "restarting");
  };
  const drain = {
    flows: 3n,
    quietNs: 4_000_000_000n,
    quietNeededNs: 42_000_000_000n,
    unwatched: "",
    ended: "",
  };
  const still = Array.from({ length: 11 }, () => () => ({ ...drained, drain }));
  const good = await waitFor([...still, gone, () => after("disabled", "disable")]);
  assert.deepEqual([good.ok, good.paused], [true, 13_000]);
  assert.deepEqual(good.said.map((line) => line.replace(/, at most [^,]* left$/, "")), [
    "web1: draining for 0s, at most 12 flows left, no packet for 10s of 42s, " +
    "it cannot end early now: new kernel",
    "web1: draining for 10s, at most 3 flows left, no packet for 4.0s of 42s",
  ]);
  assert.match(good.text, /^web1: disabled/);
  const byFile = await waitFor([() => after("disabled", "")]);
  assert.equal(byFile.ok, true, "the file disables it, so that there is no intent");
  for (const [state, kind] of [["unknown", ""], ["up", ""], ["paused", "pause"]] as const) {
    assert.equal((await waitFor([() => after(state, kind)])).ok, false, "an operator ended it");
  }
  await assert.rejects(waitFor(Array.from({ length: 61 }, () => gone)), /restarting/);
});

Deno.test("commands reject when the server refuses, and for invalid arguments", async () => {
  const gone = { GetBackend: WORLD.GetBackend };
  await assert.rejects(run("show backend", { answers: gone, args: { backend: "x" } }).answer, {
    code: "not-found",
  });
  await assert.rejects(run("show backend").answer, /no backend given/);
  const far = { until: "9999-12-31T23:59:59.000Z" };
  for (const args of [{ for: "soon" }, { for: "0s" }, { until: "tomorrow" }, far]) {
    const { answer, asked } = run("set backend pause", { args: { backend: "web1", ...args } });
    await assert.rejects(answer, { code: "invalid-argument" });
    assert.deepEqual(asked, []);
  }
});

Deno.test("commands pass the caller's signal to every call", async () => {
  const { signal } = new AbortController();
  const args = { backend: "web1" };
  const { answer, asked } = run("set backend pause", { args, signal, forecast: true });
  await answer;
  assert.deepEqual(asked.map(({ options }) => options?.signal), [signal, signal]);
});

Deno.test("set requests the forecast before the change, within a time limit", async () => {
  const { answer, asked } = run("set backend pause", { args: { backend: "web1" }, forecast: true });
  await answer;
  assert.deepEqual(asked.map(({ method }) => method), ["PlanBackend", "PauseBackend"]);
  assert.deepEqual(asked[0]?.request, { name: "web1", action: "pause" });
  assert.equal(asked[0]?.options?.deadlineMs, 2000);
});

Deno.test("set makes the change after a failed forecast, but not after an aborted one", async () => {
  const abort = new AbortController();
  const fails = (before: () => void): Answers => ({
    ...WORLD,
    PlanBackend: () => {
      before();
      throw new MaglevError("unavailable", "no plan");
    },
  });
  const args = { backend: "web1" };
  const done = run("set backend pause", { answers: fails(() => {}), args, forecast: true });
  assert.match(text(await done.answer), /up → paused\n.*\ncannot forecast .*: no plan\n$/);
  const given = run("set backend pause", {
    answers: fails(() => abort.abort()),
    args,
    forecast: true,
    signal: abort.signal,
  });
  await assert.rejects(given.answer, /no plan/);
  assert.deepEqual(given.asked.map(({ method }) => method), ["PlanBackend"]);
});

Deno.test("set names the VIPs with the largest shares in the forecast, and counts the others", async () => {
  const { plan } = WORLD.PlanBackend({});
  const vips = Array.from({ length: 6 }, (_, at) => ({
    ...plan!.vips[0]!,
    frontend: `f${at}`,
    atOnce: { ...plan!.vips[0]!.atOnce!, moved: at * 1000, shareMoved: at * 1000 / 65_536 },
    settled: { ...plan!.vips[0]!.settled!, moved: 0, shareMoved: 0 },
    movedInSteps: undefined,
  }));
  const cases: [vips: typeof vips, line: string][] = [
    [[], "no new flows moved"],
    [vips.slice(0, 1), "f0 192.0.2.1:80/tcp: no new flows moved"],
    [
      vips.slice(0, 2),
      "f1 192.0.2.1:80/tcp: 1.5 % of new flows moved at once, none when settled; " +
      "f0 192.0.2.1:80/tcp: no new flows moved",
    ],
    [
      vips,
      "f5 192.0.2.1:80/tcp: 7.6 % of new flows moved at once, none when settled; " +
      "f4 192.0.2.1:80/tcp: 6.1 % of new flows moved at once, none when settled; " +
      "f3 192.0.2.1:80/tcp: 4.6 % of new flows moved at once, none when settled; " +
      "3 more VIPs, each 3.1 % or less",
    ],
  ];
  for (const [vips, line] of cases) {
    const answers = {
      ...WORLD,
      PlanBackend: () => ({ plan: { ...plan!, vips }, foretold: undefined }),
    };
    const { answer } = run("set backend resume", {
      answers,
      args: { backend: "web1" },
      forecast: true,
    });
    assert.equal(text(await answer), `web1: up → unknown\n${line}\n`);
  }
});

Deno.test("set has the server's message as JSON, with or without forecast", async () => {
  const args = { backend: "web1" };
  const plain = await run("set backend pause", { args }).answer;
  const told = await run("set backend pause", { args, forecast: true }).answer;
  const json = await plain.json();
  assert.deepEqual(json, await told.json());
  assert.ok(typeof json === "object" && json !== null && "sinceUnixNs" in json);
});

Deno.test("answers are failures for an invalid configuration, and for a sync that failed in part", async () => {
  const good = { ok: true, parseError: "", semanticError: "", issues: [] };
  const cases: [name: Name, answers: Answers, ok: boolean][] = [
    ["config check", WORLD, false],
    ["config check", { CheckConfig: () => ({ ...good, hash: "9f8e" }) }, true],
    ["config reload", WORLD, false],
    ["config reload", { ReloadConfig: () => create(ReloadConfigResponse, good) }, true],
    ["config plan", WORLD, true],
    ["config plan", { PlanConfig: () => ({ ...WORLD.PlanConfig({}), ok: false }) }, false],
    ["sync vpp lb state", WORLD, true],
    [
      "sync vpp lb state",
      { SyncVPPLBState: () => ({ ...WORLD.SyncVPPLBState({}), failed: 1 }) },
      false,
    ],
    ["show backends", WORLD, true],
  ];
  for (const [name, answers, ok] of cases) {
    assert.equal((await run(name, { answers }).answer).ok, ok, name);
  }
});

Deno.test("a reload by a plan is not requested of a server without plans, nor for an invalid file", async () => {
  const args = { plan: "5e".repeat(32) };
  const older = { PlanConfig: () => ({ ...WORLD.PlanConfig({}), planHash: "" }) };
  const { answer, asked } = run("config reload", { answers: older, args });
  await assert.rejects(answer, { code: "failed-precondition", message: /no plans with hashes/ });
  assert.deepEqual(asked.map(({ method }) => method), ["PlanConfig"]);
  const invalid = { PlanConfig: () => ({ ...WORLD.PlanConfig({}), ...WORLD.CheckConfig({}) }) };
  const refused = run("config reload", { answers: invalid, args });
  assert.equal((await refused.answer).ok, false);
  assert.match(text(await refused.answer), /refused: nothing was changed/);
  assert.deepEqual(refused.asked.map(({ method }) => method), ["PlanConfig"]);
});

Deno.test("counters have rates from two readings, which stay until the next reading", async () => {
  const memory = new Map<string, unknown>();
  const show = async (takenMs: WallMs, factor: bigint) => {
    const answers = { GetVPPLBCounters: () => countersOf({ takenMs, factor }) };
    return text(await run("show vpp lb counters", { answers, memory }).answer);
  };
  assert.doesNotMatch(await show(later(NOW_MS, -20_000), 1n), /rates/);
  assert.doesNotMatch(await show(later(NOW_MS, -20_000), 1n), /rates/);
  assert.match(await show(later(NOW_MS, -10_000), 2n), /rates\n[^]*123 k [^]*rates over 10s/);
  assert.match(await show(later(NOW_MS, -10_000), 2n), /rates\n[^]*123 k [^]*rates over 10s/);
  assert.match(await show(later(NOW_MS, -5_000), 3n), /rates\n[^]*247 k [^]*rates over 5.0s/);
  // A VIP whose count restarted at zero has no rate.
  assert.match(await show(NOW_MS, 1n), /rates\n.*\n192\S+ +- /);
});

Deno.test("counters mark an old reading as such, without rates", async () => {
  const memory = new Map<string, unknown>();
  const show = async (takenMs: WallMs, factor: bigint) => {
    const answers = { GetVPPLBCounters: () => countersOf({ takenMs, factor }) };
    return text(await run("show vpp lb counters", { answers, memory }).answer);
  };
  await show(later(NOW_MS, -70_000), 1n);
  const stale = await show(later(NOW_MS, -65_000), 2n);
  assert.match(stale, /read 1m05s ago, at 2026-03-01 09:28:55Z: not live/);
  assert.doesNotMatch(stale, /rates/);
});

Deno.test("counters have no rates when a reading is older than the one before", async () => {
  const memory = new Map<string, unknown>();
  const show = async (takenMs: WallMs) => {
    const answers = { GetVPPLBCounters: () => countersOf({ takenMs, factor: 2n }) };
    return text(await run("show vpp lb counters", { answers, memory }).answer);
  };
  await show(later(NOW_MS, -5_000));
  assert.doesNotMatch(await show(later(NOW_MS, -10_000)), /rates/);
});

Deno.test("expiryCell() warns of an end within 14 days, and shows a fault within 3", () => {
  const styleIn = (days: number) => expiryCell(ago(-days * 86_400_000), NOW_MS).style;
  assert.deepEqual(
    [-1, 2.9, 3.1, 13.9, 14.1].map(styleIn),
    ["bad", "bad", "warn", "warn", "plain"],
  );
});

Deno.test("counters have no rates without a memory", async () => {
  assert.doesNotMatch(text(await run("show vpp lb counters").answer), /rates/);
});

Deno.test("plan lists changed servers before unchanged ones", async () => {
  const { plan } = WORLD.PlanBackend({});
  const [first, ...others] = plan!.vips;
  const answers = {
    PlanBackend: () => ({
      plan: { ...plan!, vips: [{ ...first!, servers: first!.servers.toReversed() }, ...others] },
      foretold: undefined,
    }),
  };
  const { answer } = run("plan backend pause", { answers, args: { backend: "web1" } });
  assert.match(text(await answer), /\.12 .*removed .*\n.*\.11 .*reweighted .*\n.*\.13 +kept /);
});
