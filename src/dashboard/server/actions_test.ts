/** Actions of operators: what reaches the hub, what is logged, and what is answered. */
import assert from "node:assert/strict";
import { ODD_NAME } from "../../../tests/support/fakes/fake_hub.ts";
import {
  type AskOptions,
  DashboardWorld,
  POST,
  PUT,
  USER,
} from "../../../tests/support/worlds/dashboard_handler.ts";
import { MaglevError } from "../../base/errors.ts";

const ODD = encodeURIComponent(ODD_NAME);
const WEIGHT = "/admin/api/lb1/frontends/web/pools/main/backends/nginx0/weight";

Deno.test("actions reach the hub as they were asked for, with the user", async () => {
  const world = new DashboardWorld();
  const body = { reason: "update", for_ms: 3_600_000 };
  await world.ask(`/admin/api/${ODD}/backends/a%2Fb/disable`, { ...POST, body });
  await world.ask(WEIGHT, { ...PUT, body: { weight: 0, until_ms: 1_800_000_000_000 } });
  await world.ask("/admin/api/lb1/sync", { ...POST, body: { frontend: "web", reason: "r" } });
  await world.ask("/admin/api/lb1/plan", {
    ...POST,
    body: { action: "weight", backend: "b", frontend: "f", pool: "p", weight: "file" },
  });
  const drain = { reason: "r", for_ms: 60_000, then: "pause", force: true };
  await world.ask("/admin/api/lb1/backends/a/drain", { ...POST, body: drain });
  await world.ask("/admin/api/lb1/plan", { ...POST, body: { action: "drain", backend: "a" } });
  await world.ask("/admin/api/lb1/intents/i%2F1/cancel", { ...POST, body: { reason: "r" } });
  const end = { reason: undefined, forMs: undefined, untilMs: undefined };
  assert.deepEqual(world.hub.asked, [
    {
      maglevd: ODD_NAME,
      method: "act",
      request: { kind: "disable", backend: "a/b", ...end, reason: "update", forMs: 3_600_000 },
      user: USER,
    },
    {
      maglevd: "lb1",
      method: "setWeight",
      request: {
        frontend: "web",
        pool: "main",
        backend: "nginx0",
        weight: 0,
        ...end,
        untilMs: 1_800_000_000_000,
      },
      user: USER,
    },
    { maglevd: "lb1", method: "sync", request: { frontend: "web", reason: "r" }, user: USER },
    {
      maglevd: "lb1",
      method: "plan",
      request: { kind: "weight", backend: "b", frontend: "f", pool: "p", weight: "file", ...end },
      user: USER,
    },
    {
      maglevd: "lb1",
      method: "drain",
      request: { backend: "a", reason: "r", forMs: 60_000, then: "pause", force: true },
      user: USER,
    },
    {
      maglevd: "lb1",
      method: "plan",
      request: {
        kind: "drain",
        backend: "a",
        reason: undefined,
        forMs: undefined,
        then: undefined,
        force: undefined,
      },
      user: USER,
    },
    { maglevd: "lb1", method: "cancel", request: { id: "i/1", reason: "r" }, user: USER },
  ]);
});

Deno.test("every action leaves a record with user and client, also one that was refused", async () => {
  const world = new DashboardWorld({ proxies: "10.0.0.1" });
  const proxied: AskOptions = {
    ...POST,
    peer: "10.0.0.1",
    headers: { "x-forwarded-for": "198.51.100.7" },
    body: { reason: "update", for_ms: 60_000 },
  };
  await world.ask("/admin/api/lb1/backends/nginx0/pause", proxied);
  world.hub.refusal = new MaglevError("failed-precondition", "nginx0 is disabled");
  await world.ask("/admin/api/lb1/backends/nginx0/pause", proxied);
  assert.deepEqual(
    world.logger.records.map(({ level, event, fields }) => [level, event, fields.result]),
    [["info", "dashboard-action", "ok"], ["info", "dashboard-action", "failed-precondition"]],
  );
  const { fields } = world.logger.records[0]!;
  assert.deepEqual(fields, {
    action: "pause",
    maglevd: "lb1",
    backend: "nginx0",
    reason: "update",
    "for-ms": 60_000,
    until: undefined,
    user: USER,
    peer: "198.51.100.7",
    result: "ok",
    err: undefined,
  });
  const metrics = (await world.ask("/metrics")).text;
  assert.match(metrics, /maglev_dashboard_actions_total\{action="pause",result="ok"\} 1/);
});

Deno.test("an action that is refused before its maglevd is asked leaves a record too", async () => {
  const world = new DashboardWorld();
  const path = "/admin/api/lb1/backends/nginx0/pause";
  await world.ask(path, { ...POST, headers: { origin: "http://elsewhere.test" }, body: {} });
  await world.ask(path, { ...POST, headers: { "content-type": "text/plain" }, body: {} });
  await world.ask(path, { ...POST, body: { for_ms: "soon" } });
  await world.ask("/admin/api/ghost/backends/nginx0/pause", { ...POST, body: {} });
  assert.deepEqual(world.hub.asked, []);
  assert.deepEqual(
    world.logger.records.map(({ event, fields: { action, maglevd, user, result } }) => [
      ...[event, action, maglevd, user, result],
    ]),
    [
      ["lb1", "permission-denied"],
      ["lb1", "permission-denied"],
      ["lb1", "invalid-argument"],
      ["ghost", "not-found"],
    ].map(([maglevd, result]) => ["dashboard-action", "pause", maglevd, USER, result]),
  );
});

Deno.test("what a maglevd refuses has a status of its own", async () => {
  const statuses = [
    ["invalid-argument", 400],
    ["permission-denied", 403],
    ["unauthenticated", 403],
    ["not-found", 404],
    ["failed-precondition", 409],
    ["aborted", 409],
    ["resource-exhausted", 429],
    ["unavailable", 502],
    ["unimplemented", 502],
    ["internal", 502],
    ["deadline-exceeded", 504],
  ] as const;
  for (const [code, expected] of statuses) {
    const world = new DashboardWorld();
    world.hub.refusal = new MaglevError(code, "as maglevd words it");
    const { status, json } = await world.ask("/admin/api/lb1/sync", POST);
    assert.equal(status, expected, code);
    assert.deepEqual(json, { error: { code, message: "as maglevd words it" } });
  }
});
