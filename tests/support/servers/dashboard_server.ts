/**
 * The dashboard's server in the process of a test: hub, handler, HTTP and page as in the program, on
 * maglevds in memory, which can die, hang and lie.
 */
import assert from "node:assert/strict";
import { loadAssets } from "../../../src/dashboard/assets.ts";
import { createHub } from "../../../src/dashboard/hub/hub.ts";
import { dashboard } from "../../../src/dashboard/server/app.ts";
import { parseAllowedHosts } from "../../../src/dashboard/server/access/allowed_hosts.ts";
import { parseTrustedProxies } from "../../../src/dashboard/server/access/client.ts";
import { DashboardMetrics } from "../../../src/dashboard/server/metrics.ts";
import { DASHBOARD_LIMITS } from "../../../src/http/limits.ts";
import { HttpServer } from "../../../src/http/server.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";
import type { FakeMaglevd } from "../fakes/fake_maglevd.ts";
import { RecordingLogger } from "../fakes/recording_logger.ts";
import { builtFiles } from "./dashboard_fixture.ts";

const BUILD = { version: "0.1.0", commit: "c0ffee", date: "2026-11-28T00:00:00Z" };

/** Serves the page on these maglevds until it is disposed of. */
export async function serveDashboard(
  maglevds: Readonly<Record<string, FakeMaglevd>>,
): Promise<AsyncDisposable & { readonly url: string }> {
  // Builds the page if its sources changed.
  await builtFiles();
  const assets = await loadAssets();
  const proxies = parseTrustedProxies("");
  const hosts = parseAllowedHosts("", "");
  assert.ok(typeof assets !== "string" && typeof proxies !== "string" && typeof hosts !== "string");
  const clock = new SystemClock();
  const hub = createHub({
    servers: Object.keys(maglevds).map((name) => ({ name, address: `${name}:9090` })),
    connect: ({ name }) => maglevds[name]!.connect(),
    security: { tls: false, token: false },
    version: BUILD.version,
    clock,
    prng: Math.random,
  });
  const metrics = new DashboardMetrics({
    build: BUILD,
    startedMs: clock.wallMs(),
    figures: () => ({ connected: [], residentBytes: 0 }),
  });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = new HttpServer({
    listeners: [listener],
    clock,
    limits: DASHBOARD_LIMITS,
    encrypted: false,
    handle: dashboard({
      hub,
      assets,
      login: undefined,
      adminRequiresTls: false,
      proxies,
      hosts,
      build: BUILD,
      metrics,
      clock,
      logger: new RecordingLogger(),
    }),
    failed: (error) => assert.fail(`the handler failed: ${error}`),
  });
  hub.start();
  server.start();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/view/`,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await hub.stop();
    },
  };
}
