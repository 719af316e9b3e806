/**
 * Every method of the API, called by python's grpcio: its response, and its error when it cannot
 * respond.
 */
import assert from "node:assert/strict";
import { vppHas } from "../support/judges/lb_view.ts";
import { type Ended, type Json, part } from "../support/judges/grpc_client.ts";
import {
  actionsOf,
  actionsSeen,
  grpcTest,
  onGrpcStage,
  SERVERS,
  texts,
} from "../support/worlds/grpc_stage.ts";

const WEB = "192.0.2.1/32 6 80";
const API = "192.0.2.2/32 6 443";

function ok(ended: Ended): Json | undefined {
  assert.equal(ended.code, "OK", ended.details);
  return ended.message;
}

grpcTest("every reading method returns the present objects, in the file's order", async () => {
  await onGrpcStage({}, async ({ client, simulator }) => {
    await vppHas(simulator, {
      [WEB]: [`${SERVERS[0]} 100`, `${SERVERS[1]} 50`, `${SERVERS[2]} 0`],
      [API]: [`${SERVERS[1]} 100`],
    });
    const version = ok(await client.call("GetVersion"));
    assert.equal(part(version, "version"), "0.1.0");
    assert.ok(Date.now() - Number(part(version, "startedUnixNs")) / 1e6 < 60_000);

    const frontends = ok(await client.call("ListFrontends", { details: true }));
    assert.deepEqual(part(frontends, "frontendNames"), ["web", "api"]);
    assert.deepEqual(texts(frontends, "frontends", "name"), ["web", "api"]);
    assert.deepEqual(part(ok(await client.call("ListFrontends")), "frontends"), []);
    const noPolicy = { held: false, slowStartStep: 0 };
    assert.deepEqual(part(frontends, "frontends", 0), {
      name: "web",
      address: "192.0.2.1",
      protocol: "tcp",
      port: 80,
      description: "The web",
      srcIpSticky: false,
      flushOnDown: true,
      onAllDown: "close",
      held: false,
      announced: "",
      slowStartSteps: 0,
      slowStartDurationNs: "0",
      state: "up",
      activePool: "main",
      warning: "",
      pools: [
        {
          name: "main",
          maxDown: "",
          backends: [
            { name: "b0", weight: 100, effectiveWeight: 100, state: "up", ...noPolicy },
            { name: "b1", weight: 50, effectiveWeight: 50, state: "up", ...noPolicy },
          ],
        },
        {
          name: "spare",
          maxDown: "",
          backends: [{ name: "b2", weight: 70, effectiveWeight: 0, state: "up", ...noPolicy }],
        },
      ],
    });
    assert.deepEqual(
      ok(await client.call("GetFrontend", { name: "api" })),
      part(frontends, "frontends", 1),
    );

    const backends = ok(await client.call("ListBackends", { details: true }));
    assert.deepEqual(part(backends, "backendNames"), ["b0", "b1", "b2"]);
    const b0 = ok(await client.call("GetBackend", { name: "b0" }));
    assert.equal(part(b0, "address"), SERVERS[0]);
    assert.equal(part(b0, "state"), "up");
    assert.equal(part(b0, "enabled"), true);
    assert.equal(part(b0, "healthcheck"), "web");
    assert.equal(part(b0, "lastResult", "code"), "L7OK");
    assert.deepEqual(texts(b0, "transitions", "to"), ["up"]);
    assert.equal(part(b0, "transitions", 0, "atUnixNs"), part(b0, "sinceUnixNs"));
    assert.deepEqual(part(backends, "backends", 0, "transitions"), [], "left out of the list");

    assert.deepEqual(part(ok(await client.call("ListHealthChecks")), "healthcheckNames"), ["web"]);
    assert.deepEqual(part(ok(await client.call("ListIntents")), "intents"), []);
    const check = ok(await client.call("GetHealthCheck", { name: "web" }));
    assert.deepEqual(
      ["type", "intervalNs", "fastIntervalNs", "path", "method", "responseCode", "rise"].map(
        (key) => part(check, key),
      ),
      ["http", "200000000", "50000000", "/healthz", "GET", "200", 2],
    );

    const pages = client.stream("GetFingerprints");
    assert.equal((await pages.ended).code, "OK");
    const [prints] = pages.messages;
    assert.deepEqual(texts(prints, "vips", "vip", "prefix"), ["192.0.2.1/32", "192.0.2.2/32"]);
    assert.deepEqual(texts(prints, "vips", "wanted"), texts(prints, "vips", "actual"));
    assert.deepEqual(texts(prints, "vips", "details"), ["undefined", "undefined"]);
    const fields = ["algorithm", "vpp", "weights", "vipCount"];
    assert.deepEqual(fields.map((key) => part(prints, key)), ["maglev-1", "known", true, 2]);
    const details = client.stream("GetFingerprints", {
      vips: [{ prefix: "192.0.2.2/32", protocol: "tcp", port: 443 }],
    });
    assert.equal((await details.ended).code, "OK");
    const api = part(details.messages[0], "vips", 0, "details");
    assert.deepEqual(texts(api, "entries", "backend"), ["b1"]);
    assert.deepEqual(part(api, "wanted", "servers", 0, "weight"), 100);
    assert.deepEqual(part(api, "wanted", "length"), part(api, "actual", "length"));

    const info = ok(await client.call("GetVPPInfo"));
    assert.match(String(part(info, "version")), /\d/);
    assert.equal(part(info, "weights"), true);
    assert.ok(Number(part(info, "connecttimeNs")) > 0 && Number(part(info, "boottimeNs")) > 0);

    const state = ok(await client.call("GetVPPLBState"));
    assert.equal(part(state, "conf", "ip4SrcAddress"), "192.0.2.254");
    assert.deepEqual(texts(state, "vips", "prefix"), ["192.0.2.1/32", "192.0.2.2/32"]);
    assert.deepEqual(texts(part(state, "vips", 0), "applicationServers", "weight"), [
      "100",
      "50",
      "0",
    ]);
    const buckets = texts(part(state, "vips", 0), "applicationServers", "numBuckets").map(Number);
    assert.equal(buckets.reduce((a, b) => a + b), part(state, "vips", 0, "flowTableLength"));
    assert.equal(part(state, "vips", 1, "protocol"), "tcp");
    assert.equal(part(state, "vips", 1, "port"), 443);
  });
});

grpcTest("GetVPPLBCounters returns VPP's counters, in the order of its VIPs", async () => {
  await onGrpcStage({ logLevel: "debug" }, async ({ client, configPath, daemon, simulator }) => {
    await vppHas(simulator, {
      [WEB]: [`${SERVERS[0]} 100`, `${SERVERS[1]} 50`, `${SERVERS[2]} 0`],
      [API]: [`${SERVERS[1]} 100`],
    });
    const text = await Deno.readTextFile(configPath);
    const often = "  lb:\n      counters-interval: 100ms";
    await Deno.writeTextFile(configPath, text.replace("  lb:", often));
    assert.equal(part(ok(await client.call("ReloadConfig")), "ok"), true);
    const web = [...simulator.plugin.vips()].find(({ port }) => port === 80)!;
    simulator.plugin.counters.add("vip", web.index, { thread: 1, counts: [5, 3, 2, 1] });
    // The first may have been under way.
    for (let i = 0; i < 2; i++) {
      await daemon.seen(({ msg }) => msg === "vpp-counters", { from: daemon.mark });
    }
    const counters = ok(await client.call("GetVPPLBCounters"));
    const fields = ["prefix", "protocol", "port", "next", "first", "untracked", "noServer"];
    const told = (vip: number) => fields.map((key) => part(counters, "vips", vip, key));
    assert.deepEqual(told(0), ["192.0.2.1/32", "tcp", 80, "5", "3", "2", "1"]);
    assert.deepEqual(told(1), ["192.0.2.2/32", "tcp", 443, "0", "0", "0", "0"]);
    assert.ok(Date.now() - Number(part(counters, "takenAt")) / 1e6 < 10_000);
  });
});

grpcTest(
  "an operator's actions are in force at the reply, and recorded once each",
  async () => {
    await onGrpcStage({}, async ({ client, daemon, simulator }) => {
      const until = BigInt(Date.now() + 3_600_000) * 1_000_000n;
      const paused = ok(
        await client.call("PauseBackend", {
          name: "b0",
          reason: "a new disk",
          untilUnixNs: String(until),
        }),
      );
      assert.equal(part(paused, "state"), "paused");
      assert.equal(part(paused, "intent", "reason"), "a new disk");
      assert.equal(part(paused, "intent", "untilUnixNs"), String(until));
      assert.match(String(part(paused, "intent", "peer")), /^127\.0\.0\.1:\d+$/);
      await vppHas(simulator, {
        [WEB]: [`${SERVERS[0]} 0`, `${SERVERS[1]} 50`, `${SERVERS[2]} 0`],
        [API]: [`${SERVERS[1]} 100`],
      });
      assert.equal(
        part(ok(await client.call("ResumeBackend", { name: "b0" })), "state"),
        "unknown",
      );
      await daemon.transition("b0", "up", daemon.lines.length - 3);

      assert.equal(part(ok(await client.call("DisableBackend", { name: "b0" })), "enabled"), false);
      const refused = await client.call("PauseBackend", { name: "b0" });
      assert.equal(refused.code, "FAILED_PRECONDITION");
      assert.match(refused.details, /cannot pause backend "b0": it is disabled/);
      assert.equal(part(ok(await client.call("EnableBackend", { name: "b0" })), "enabled"), true);

      const entry = { frontend: "web", pool: "main", backend: "b1" };
      const weighed = ok(
        await client.call("SetFrontendPoolBackendWeight", {
          ...entry,
          weight: 7,
          reason: "canary",
        }),
      );
      assert.equal(part(weighed, "pools", 0, "backends", 1, "weight"), 7);
      assert.equal(part(weighed, "pools", 0, "backends", 1, "intent", "fileWeight"), 50);
      const bad = await client.call("SetFrontendPoolBackendWeight", { ...entry, weight: 101 });
      assert.equal(bad.code, "INVALID_ARGUMENT");
      assert.match(bad.details, /need an integer from 0 to 100, have 101/);

      const synced = ok(await client.call("SyncVPPLBState", { frontend: "web", reason: "drill" }));
      assert.equal(part(synced, "scope"), "vip");
      assert.equal(part(synced, "failed"), 0);
      assert.equal(part(ok(await client.call("SyncVPPLBState")), "scope"), "all");
      assert.equal(part(ok(await client.call("ReloadConfig", { reason: "new" })), "ok"), true);

      const web = { frontend: "web", pool: "main", backend: "b1" };
      assert.deepEqual(
        (await actionsSeen(daemon, 10)).map(({ err: _, until: _until, ...rest }) => rest),
        [
          {
            method: "PauseBackend",
            backend: "b0",
            identity: "",
            reason: "a new disk",
            result: "ok",
            before: "up",
            after: "paused",
          },
          {
            method: "ResumeBackend",
            backend: "b0",
            identity: "",
            result: "ok",
            before: "paused",
            after: "unknown",
          },
          {
            method: "DisableBackend",
            backend: "b0",
            identity: "",
            result: "ok",
            before: "up",
            after: "disabled",
          },
          {
            method: "PauseBackend",
            backend: "b0",
            identity: "",
            result: "failed-precondition",
            before: "disabled",
            after: "disabled",
          },
          {
            method: "EnableBackend",
            backend: "b0",
            identity: "",
            result: "ok",
            before: "disabled",
            after: "unknown",
          },
          {
            method: "SetFrontendPoolBackendWeight",
            ...web,
            weight: 7,
            identity: "",
            reason: "canary",
            result: "ok",
            before: 50,
            after: 7,
          },
          {
            method: "SetFrontendPoolBackendWeight",
            ...web,
            weight: 101,
            identity: "",
            result: "invalid-argument",
            before: 7,
            after: 7,
          },
          {
            method: "SyncVPPLBState",
            frontend: "web",
            identity: "",
            reason: "drill",
            result: "ok",
            before: "2 VIPs, 4 servers",
            after: "2 VIPs, 4 servers",
          },
          {
            method: "SyncVPPLBState",
            identity: "",
            result: "ok",
            before: "2 VIPs, 4 servers",
            after: "2 VIPs, 4 servers",
          },
          {
            method: "ReloadConfig",
            identity: "",
            reason: "new",
            result: "ok",
            before: "2 frontends, 3 backends",
            after: "2 frontends, 3 backends",
          },
        ],
      );
    });
  },
);

grpcTest(
  "an invalid request gets the reason, and the nearest known name",
  async () => {
    await onGrpcStage({}, async ({ client, daemon }) => {
      const entry = { frontend: "web", pool: "main", backend: "b0", weight: 1 };
      const cases: [method: string, request: Json, code: string, details: RegExp][] = [
        ["GetBackend", { name: "b7" }, "NOT_FOUND", /^no backend "b7"; did you mean "b0"\?$/],
        ["GetBackend", { name: "" }, "NOT_FOUND", /^no backend ""$/],
        [
          "GetBackend",
          { name: "x".repeat(50_000) },
          "NOT_FOUND",
          /^no backend "x{900,}.*characters/,
        ],
        [
          "GetFrontend",
          { name: "webb" },
          "NOT_FOUND",
          /^no frontend "webb"; did you mean "web"\?$/,
        ],
        ["GetHealthCheck", { name: "wen" }, "NOT_FOUND", /did you mean "web"/],
        ["PauseBackend", { name: "nobody" }, "NOT_FOUND", /^no backend "nobody"$/],
        ["PauseBackend", { name: "b0", forNs: "-1" }, "INVALID_ARGUMENT", /a time after now/],
        ["PauseBackend", { name: "b0", untilUnixNs: "1" }, "INVALID_ARGUMENT", /a time after now/],
        [
          "PauseBackend",
          { name: "b0", forNs: "9223372036854775807" },
          "INVALID_ARGUMENT",
          /it is too far away: the latest is 2262-04-11$/,
        ],
        ["ResumeBackend", { name: "b0", forNs: "1" }, "INVALID_ARGUMENT", /only pauses, disables/],
        ["PauseBackend", { name: "b0", reason: "a\nb" }, "INVALID_ARGUMENT", /one line/],
        [
          "SetFrontendPoolBackendWeight",
          { ...entry, pool: "mian" },
          "NOT_FOUND",
          /no pool of frontend "web" with the name "mian"; did you mean "main"/,
        ],
        ["SetFrontendPoolBackendWeight", { ...entry, weight: -1 }, "INVALID_ARGUMENT", /have -1/],
        ["SyncVPPLBState", { frontend: "wep" }, "NOT_FOUND", /did you mean "web"/],
        ["PlanBackend", { name: "b0", action: "pauze" }, "INVALID_ARGUMENT", /did you mean pause/],
        ["PlanBackend", { name: "b9", action: "pause" }, "NOT_FOUND", /did you mean "b0"/],
        ["WatchEvents", { logLevel: "loud" }, "INVALID_ARGUMENT", /debug, info, warn or error/],
        [
          "GetFingerprints",
          { vips: Array.from({ length: 501 }, () => ({})) },
          "INVALID_ARGUMENT",
          /at most 500/,
        ],
        ["NoSuchMethod", {}, "UNIMPLEMENTED", /NoSuchMethod/],
      ];
      for (const [method, request, code, details] of cases) {
        const ended = method === "WatchEvents" || method === "GetFingerprints"
          ? await client.stream(method, request).ended
          : await client.call(method, request);
        assert.equal(ended.code, code, `${method}: ${ended.details}`);
        assert.match(ended.details, details);
      }
      const mutating = cases.filter(([method]) => /Pause|Resume|Set|Sync/.test(method)).length;
      assert.equal(
        (await actionsSeen(daemon, mutating)).length,
        mutating,
        "each action that was refused has its record",
      );
    });
  },
);

grpcTest("without VPP, calls about VPP are UNAVAILABLE and the rest works", async () => {
  await onGrpcStage({ vppApiAddr: "" }, async ({ client }) => {
    for (const method of ["GetVPPInfo", "GetVPPLBState", "GetVPPLBCounters", "SyncVPPLBState"]) {
      const { code, details } = await client.call(method);
      assert.equal(code, "UNAVAILABLE");
      assert.match(details, /^VPP API connection not established: VPP integration is off/);
    }
    ok(await client.call("PauseBackend", { name: "b0" }));
  });
  await onGrpcStage({}, async ({ client, daemon, simulator }) => {
    await simulator.stop();
    await daemon.seen(({ msg }) => msg === "vpp-disconnect");
    const { code, details } = await client.call("GetVPPLBState");
    assert.equal(code, "UNAVAILABLE");
    assert.match(details, /^VPP API connection not established: ./);
  });
});

grpcTest(
  "CheckConfig, PlanConfig and ReloadConfig report the file's errors with positions",
  async () => {
    await onGrpcStage({}, async ({ client, configPath, daemon }) => {
      const good = await Deno.readTextFile(configPath);
      const inForce = part(ok(await client.call("GetStatus")), "configHash");
      const hashOnDisk = async () => part(ok(await client.call("CheckConfig")), "hash");
      assert.equal(await hashOnDisk(), inForce);
      await Deno.writeTextFile(configPath, good.replace("weight: 100", "weight: 99"));
      assert.match(String(await hashOnDisk()), /^[0-9a-f]{64}$/);
      assert.notEqual(await hashOnDisk(), inForce);
      const cases: [text: string, part: string, says: RegExp][] = [
        [good.replace("  frontends:", "  frontendz:"), "parseError", /frontendz: unknown key/],
        [good.replace("weight: 100", "weight: 101"), "semanticError", /from 0 to 100/],
        [good.trimEnd(), "semanticError", /does not end with a newline/],
      ];
      for (const [text, which, says] of cases) {
        await Deno.writeTextFile(configPath, text);
        for (const method of ["CheckConfig", "PlanConfig", "ReloadConfig"]) {
          const message = ok(await client.call(method));
          assert.equal(part(message, "ok"), false);
          if (method === "CheckConfig") assert.equal(part(message, "hash"), "");
          assert.match(String(part(message, which)), says);
          const other = which === "parseError" ? "semanticError" : "parseError";
          assert.equal(part(message, other), "");
          assert.ok(
            Number(part(message, "issues", "length") ?? texts(message, "issues").length) > 0,
          );
        }
      }
      const records = await actionsSeen(daemon, cases.length);
      assert.equal(records.length, cases.length);
      assert.equal(daemon.lines.filter(({ msg }) => msg === "config-reload").length, cases.length);
      for (const [at, [, , says]] of cases.entries()) {
        assert.equal(records[at]!.result, "failed-precondition");
        assert.match(String(records[at]!.err), says);
        assert.equal(records[at]!.before, records[at]!.after);
      }
      const issue = part(
        await Deno.writeTextFile(configPath, cases[0]![0]).then(() =>
          client.call("CheckConfig").then(ok)
        ),
        "issues",
        0,
      );
      assert.equal(part(issue, "stage"), "parse");
      assert.equal(part(issue, "file"), configPath);
      assert.ok(Number(part(issue, "line")) > 10);
      assert.equal(part(issue, "rule"), "unknown-key");
    });
  },
);

grpcTest(
  "PlanConfig and PlanBackend return the effect of a change, and change nothing",
  async () => {
    await onGrpcStage({}, async ({ client, configPath, simulator, daemon }) => {
      await vppHas(simulator, {
        [WEB]: [`${SERVERS[0]} 100`, `${SERVERS[1]} 50`, `${SERVERS[2]} 0`],
        [API]: [`${SERVERS[1]} 100`],
      });
      const mark = simulator.plugin.flushes.length;
      const good = await Deno.readTextFile(configPath);
      await Deno.writeTextFile(
        configPath,
        good.replace("b1: { weight: 50 }", "b1: { weight: 100 }").replace("/healthz", "/health"),
      );
      const plan = ok(await client.call("PlanConfig"));
      assert.equal(part(plan, "ok"), true);
      assert.deepEqual(part(plan, "restarted"), ["b0", "b1", "b2"]);
      assert.equal(part(plan, "kept"), 0);
      assert.deepEqual(part(plan, "plan", "assumedUp"), ["b0", "b1", "b2"]);
      const web = part(plan, "plan", "vips", 0);
      assert.equal(part(web, "frontend"), "web");
      assert.equal(part(web, "settled", "buckets"), 1024);
      const moved = Number(part(web, "settled", "moved"));
      assert.ok(moved > 100 && moved < 400, `${moved} of 1024 move from 100:50 to 100:100`);
      assert.equal(part(web, "settled", "shareMoved"), moved / 1024);

      const pause = ok(await client.call("PlanBackend", { name: "b1", action: "disable" }));
      assert.deepEqual(part(pause, "plan", "states"), [
        { backend: "b1", from: "up", to: "disabled" },
      ]);
      assert.deepEqual(texts(part(pause, "plan"), "vips", "frontend"), ["web", "api"]);
      assert.equal(part(pause, "plan", "vips", 1, "atOnce", "lost"), 1024, "api has no other");
      const weigh = { name: "b1", action: "weight", frontend: "api", pool: "main", weight: 0 };
      const weighed = part(ok(await client.call("PlanBackend", weigh)), "plan");
      assert.equal(part(weighed, "vips", 0, "atOnce", "lost"), 1024);
      assert.deepEqual(texts(weighed, "vips", "frontend"), ["api"], "what stays is only counted");
      assert.equal(part(weighed, "vipsUnchanged"), 1);
      assert.equal(simulator.plugin.flushes.length, mark);
      assert.equal(part(ok(await client.call("GetBackend", { name: "b1" })), "state"), "up");
      assert.deepEqual(actionsOf(daemon), []);
    });
  },
);

grpcTest(
  "an invalid message is INVALID_ARGUMENT, one that is too large is refused",
  async () => {
    await onGrpcStage({}, async ({ client, daemon }) => {
      const cases: [bytes: number[], says: RegExp][] = [
        [[0x0a, 0x05, 0x61], /ends within a field/],
        [[0x0a, 0x02, 0xff, 0xfe], /invalid UTF-8/],
        [[0x0b], /wire type 3/],
        [[0x00, 0x00], /field of number 0/],
        [new Array(20).fill(0xff), /invalid varint/],
      ];
      for (const [bytes, says] of cases) {
        const { code, details } = await client.raw("PauseBackend", new Uint8Array(bytes));
        assert.equal(code, "INVALID_ARGUMENT");
        assert.match(details, says);
      }
      assert.equal(
        (await actionsSeen(daemon, cases.length)).length,
        cases.length,
        "even those have their records",
      );
      const unknown = new Uint8Array([0x0a, 0x02, 0x62, 0x30, 0xf8, 0x07, 0x01]);
      assert.equal(part(ok(await client.raw("GetBackend", unknown)), "name"), "b0");
      const large = new Uint8Array(300_000);
      assert.equal((await client.raw("GetBackend", large)).code, "RESOURCE_EXHAUSTED");
      ok(await client.call("GetBackend", { name: "b0" }));
    });
  },
);
