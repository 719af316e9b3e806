/**
 * Answers of a server in tests of maglevc's commands: a small world of two frontends, with what
 * is hard to show in it (IPv6, intents, an expiring certificate).
 */
import { later } from "../../../src/base/instant.ts";
import {
  EndedFleetIntent,
  FleetInfo,
  FleetMember,
  FleetRollout,
  ReloadConfigResponse,
  RolloutLb,
} from "../../../src/grpc/gen/maglev.ts";
import { create } from "../../../src/grpc/messages/codec.ts";
import type { messages } from "../../../src/grpc/client/client.ts";
import type { Answers } from "../fakes/fake_client.ts";
import {
  acted,
  backendsOf,
  BLIND,
  checksOf,
  frontendsOf,
  intentOf,
  named,
} from "./cli_backends.ts";
import { backendExplanation, frontendExplanation, historyOf } from "./cli_diagnosis.ts";
import { countersOf, lbState, planOf } from "./cli_lb.ts";
import { ago, DAY, HOUR, MINUTE, NOW_MS, SECOND, type Words } from "./cli_words.ts";

/** Everything that a server of these words answers. */
export function answersOf(words: Words): Required<Answers> {
  const frontends = frontendsOf(words);
  const backends = backendsOf(words);
  const checks = checksOf(words);
  return {
    GetVersion: () => ({
      version: "1.4.0",
      commit: "8f4f614c2d",
      buildDate: "2026-02-11T10:21:03Z",
      startedUnixNs: ago(3 * DAY + 4 * HOUR),
      role: "operator",
    }),
    GetStatus: () => statusOf(words),
    ListFrontends: () => ({ frontendNames: frontends.map(({ name }) => name), frontends }),
    GetFrontend: ({ name }) => named(frontends, name),
    ListBackends: () => ({
      backendNames: backends.map(({ name }) => name),
      backends: backends.map((backend) => ({ ...backend, transitions: [] })),
    }),
    GetBackend: ({ name }) => named(backends, name),
    ListHealthChecks: () => ({
      healthcheckNames: checks.map(({ name }) => name),
      healthchecks: checks,
    }),
    GetHealthCheck: ({ name }) => named(checks, name),
    PauseBackend: ({ name }) => acted(named(backends, name), { state: "paused", words }),
    ResumeBackend: ({ name }) => acted(named(backends, name), { state: "unknown", words }),
    DisableBackend: ({ name }) => acted(named(backends, name), { state: "disabled", words }),
    SetLameduck: ({ on }) => ({
      on: on === true,
      intent: on === true
        ? { ...intentOf("disable", words), kind: "lameduck", backend: "" }
        : undefined,
      warning: "",
    }),
    ClearBackend: ({ name }) => acted(named(backends, name), { state: "up", words }),
    DrainBackend: ({ name }) => ({
      ...named(backends, name),
      intent: intentOf("drain", words),
      drain: {
        flows: 12n,
        quietNs: 10_000_000_000n,
        quietNeededNs: 42_000_000_000n,
        unwatched: words.reason,
        ended: "",
      },
    }),
    ListIntents: () => ({
      intents: [
        ...(["disable", "weight"] as const).map((kind) => intentOf(kind, words)),
        { ...intentOf("drain", words), fromUnixNs: ago(-HOUR), id: "89abcdef", scheduled: true },
      ],
    }),
    CancelIntent: () => ({ intent: intentOf("weight", words), warning: "" }),
    GetFleet: () => ({
      ...create(FleetInfo),
      fleet: "edge",
      lb: "lb1",
      site: "ams",
      store: "foreign",
      storeReason: words.reason,
      storeSinceUnixNs: ago(HOUR),
      confirmedUnixNs: ago(HOUR),
      revision: 18412n,
      intents: (["disable", "weight"] as const).map((kind, at) => ({
        intent: { ...intentOf(kind, words), scope: at === 0 ? "fleet" : "site=ams" },
        via: "lb2",
        force: false,
        revision: 18000n,
        here: at === 0 ? "held" : "obeyed",
        hereReason: at === 0 ? words.reason : "",
        plans: [],
      })),
      members: [{
        ...create(FleetMember),
        name: "lb2",
        version: "1.0",
        present: true,
        sinceUnixNs: ago(HOUR),
        applied: 18377n,
        held: [{ id: "0123abcd", reason: words.reason }],
      }],
      rollout: {
        ...create(FleetRollout),
        id: "fedcba98",
        hash: "9f3c".repeat(16),
        waves: "lb1/rest",
        waveCount: 2,
        wavesOpen: 1,
        state: "refused",
        stepUnixNs: ago(HOUR),
        sinceUnixNs: ago(HOUR),
        note: words.reason,
        identity: words.identity,
        reason: words.reason,
        lbs: ["refused", "closed"].map((state, at) => ({
          ...create(RolloutLb),
          name: `lb${at + 1}`,
          wave: at + 1,
          present: true,
          state,
          note: at === 0 ? words.reason : "",
        })),
      },
      ended: [{
        ...create(EndedFleetIntent),
        id: "89abcdef",
        scope: "fleet",
        target: [words.web1],
        identity: "bob",
        reason: words.reason,
        atUnixNs: ago(HOUR),
        cause: "ended",
      }],
    }),
    AdoptIntent: () => ({ id: "0123abcd", revision: 7n, warning: words.reason }),
    StartRollout: () => ({ id: "fedcba98", revision: 7n, warning: words.reason }),
    StepRollout: () => ({ id: "fedcba98", revision: 7n, warning: "" }),
    RestoreFleet: () => ({ id: "", revision: 7n, warning: "" }),
    ForgetFleet: () => ({ id: "", revision: 7n, warning: "" }),
    EnableBackend: ({ name }) => acted(named(backends, name), { state: "unknown", words }),
    SetFrontendPoolBackendWeight: ({ frontend }) => named(frontends, frontend),
    CheckConfig: () => ({ ok: false, ...findings(words), hash: "" }),
    ReloadConfig: () => create(ReloadConfigResponse, findings(words)),
    PlanConfig: () => ({
      ok: true,
      parseError: "",
      semanticError: "",
      issues: findings(words).issues.filter(({ stage }) => stage === "warning"),
      started: [words.web1, "web9"],
      stopped: [],
      restarted: [words.web2],
      readdressed: ["db1"],
      kept: 12,
      endedIntents: [{
        intent: intentOf("weight", words),
        cause: "a reload puts the file's weights in force",
      }],
      lbConfChanged: true,
      plan: planOf(words),
      planHash: "5e".repeat(32),
    }),
    PlanBackend: () => ({ plan: planOf(words), foretold: undefined }),
    ExplainBackend: () => backendExplanation(words),
    ExplainFrontend: () => frontendExplanation(words),
    ListHistory: () => historyOf(words),
    GetVPPInfo: () => ({
      version: "26.10-rc0~93-g8c1ffe7",
      buildDate: "2026-02-20T07:11:32",
      buildDirectory: "/w/workspace/vpp-merge-master-debian12-x86_64",
      pid: 48_213,
      boottimeNs: ago(12 * MINUTE + 7 * SECOND),
      connecttimeNs: ago(11 * MINUTE + 59 * SECOND),
      weights: true,
    }),
    GetVPPLBState: () => lbState(),
    SyncVPPLBState: () => ({
      scope: "all",
      vipsAdded: 1,
      vipsRemoved: 0,
      serversAdded: 3,
      serversRemoved: 2,
      weightsUpdated: 1,
      failed: 0,
      durationNs: 1_234_567n,
    }),
    GetVPPLBCounters: () => countersOf({ takenMs: later(NOW_MS, -3200), factor: 1n }),
  };
}

function statusOf(words: Words): messages.StatusInfo {
  return {
    ready: false,
    reason: "VPP is not connected",
    lameduck: undefined,
    announceProblem: "",
    vpp: "connecting",
    vppSinceUnixNs: ago(12 * MINUTE + 7 * SECOND),
    vppError: `/run/vpp/api.sock: ${words.detail}`,
    warmup: "waiting",
    warmupUntilUnixNs: ago(-25 * SECOND),
    warmupHeld: [words.web, "dns6"],
    configFile: words.file,
    configLoadedUnixNs: ago(3 * DAY + 4 * HOUR),
    configHash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    configError: "line 40, maglev.frontends.web.address, and 1 more",
    probers: [
      {
        netns: "",
        threads: 2,
        backends: 1200,
        blind: false,
        reason: "",
        isolated: false,
        blindSinceUnixNs: undefined,
      },
      {
        netns: "dmz",
        threads: 1,
        backends: 4,
        blind: true,
        reason: BLIND,
        isolated: false,
        blindSinceUnixNs: ago(42 * SECOND),
      },
    ],
    backends: [{ state: "up", count: 2 }, { state: "down", count: 1 }],
    frontends: [{ state: "up", count: 1 }, { state: "down", count: 1 }],
    withheld: ["frontend dns6: its server 2001:db8::1 is the VIP of frontend web"],
  };
}

function findings(
  words: Words,
): Pick<messages.CheckConfigResponse, "parseError" | "semanticError" | "issues"> {
  const place = { file: words.file, path: "", rule: "" };
  return {
    parseError: "",
    semanticError: "two findings",
    issues: [
      {
        ...place,
        stage: "semantic",
        line: 12,
        column: 7,
        path: "maglev.frontends.web.pools[0].backends",
        message: `no backend "${words.web1}x"; did you mean "${words.web1}"?`,
        rule: "unknown-name",
      },
      {
        ...place,
        stage: "parse",
        line: 0,
        column: 0,
        message: "the file is empty",
        rule: "no-configuration",
      },
      {
        ...place,
        stage: "warning",
        line: 44,
        column: 3,
        path: "maglev.backends.db9",
        message: "no frontend uses it",
        rule: "unused-backend",
      },
    ],
  };
}
