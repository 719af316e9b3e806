import assert from "node:assert/strict";
import type { Backend, DashboardEvent, Frontend } from "../../protocol.ts";
import { backendFor, eventFor, frontendFor, maglevdFor } from "./audience.ts";

const INTENT = { kind: "pause", reason: "r", by: "eve", since_ms: 1 } as const;
const BACKEND: Backend = {
  ...{ name: "b0", address: "10.0.0.1", state: "paused", healthcheck: "", since_ms: 1 },
  ...{ counter: 0, rise: 1, fall: 1, carried: false, flaps: 0 },
} as const;
const FRONTEND: Frontend = {
  ...{ name: "web", address: "192.0.2.1", protocol: "tcp", port: 80, src_ip_sticky: false },
  ...{ flush_on_down: false, state: "up" as const, active_pool: "main" },
  pools: [{ name: "main", backends: [{ name: "b0", weight: 1, effective_weight: 1 }] }],
};

Deno.test("viewers see an intent without who made it; operators see all", () => {
  const paused = { ...BACKEND, intent: INTENT };
  assert.deepEqual(backendFor(paused, "viewer").intent, {
    kind: "pause",
    reason: "r",
    since_ms: 1,
  });
  assert.equal(backendFor(paused, "operator"), paused);
  const [pool] = FRONTEND.pools;
  const weighed = {
    ...FRONTEND,
    pools: [{ ...pool!, backends: [{ ...pool!.backends[0]!, intent: INTENT }] }],
  };
  assert.ok(!JSON.stringify(frontendFor(weighed, "viewer")).includes("eve"));
  assert.equal(weighed.pools[0]!.backends[0]!.intent.by, "eve", "the original stays");
});

Deno.test("viewers do not see who requested what is to come, or lameduck", () => {
  const scheduled = [{ ...INTENT, from_ms: 2 }];
  const later = { ...BACKEND, scheduled };
  assert.deepEqual(backendFor(later, "viewer").scheduled, [
    { kind: "pause", reason: "r", since_ms: 1, from_ms: 2 },
  ]);
  const lameduck = { ...INTENT, kind: "lameduck" } as const;
  const status = { name: "m", address: "", connected: true, connection_since_ms: 1, lameduck };
  const event: DashboardEvent = { maglevd: "m", t_ms: 1, type: "maglevd-status", status };
  assert.equal(eventFor(event, "operator"), event);
  assert.ok(!JSON.stringify(eventFor(event, "viewer")).includes("eve"));
  const state = { ...status, frontends: [], backends: [later], healthchecks: [] };
  const whole = maglevdFor({ ...state, vpp: { state: "off" } }, "viewer");
  assert.ok(!JSON.stringify(whole).includes("eve"));
});

Deno.test("what has nothing to hide is the same object, so it is encoded once", () => {
  assert.equal(backendFor(BACKEND, "viewer"), BACKEND);
  assert.equal(frontendFor(FRONTEND, "viewer"), FRONTEND);
  const event: DashboardEvent = { maglevd: "m", t_ms: 1, type: "backend", backend: BACKEND };
  assert.equal(eventFor(event, "viewer"), event);
});

Deno.test("of a log record viewers get attributes that are known to be harmless", () => {
  const shown = (msg: string, attributes: Record<string, string>) => {
    const event: DashboardEvent = {
      ...{ maglevd: "m", t_ms: 1, type: "log", level: "info", time: "t" } as const,
      msg,
      attributes,
    };
    const seen = eventFor(event, "viewer");
    return seen.type === "log" ? seen.attributes : {};
  };
  assert.deepEqual(
    shown("operator-action", {
      ...{ method: "PauseBackend", backend: "b0", peer: "192.0.2.9:1", identity: "eve" },
      ...{ reason: "r", err: "no key /etc/k.pem", before: "up", after: "paused" },
    }),
    { method: "PauseBackend", backend: "b0", reason: "r", before: "up", after: "paused" },
  );
  assert.deepEqual(shown("config-reload", { file: "/etc/x", by: "eve", ok: "true" }), {
    ok: "true",
  });
  assert.deepEqual(shown("config-error", { message: "no /etc/ca.pem", line: "3" }), { line: "3" });
  assert.deepEqual(shown("operator-action", { identity: "1001", peer: "7", backend: "b0" }), {
    backend: "b0",
  });
  assert.deepEqual(shown("grpc-reload", { err: "cannot read /etc/key.pem" }), {});
  assert.deepEqual(shown("grpc-listen", { address: "unix:/run/x" }), {});
  assert.deepEqual(shown("prober-blind", { err: "no port", unheard: "of", count: "12" }), {
    err: "no port",
    count: "12",
  });
});
