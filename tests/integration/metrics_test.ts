/**
 * The metrics port of a real maglevd. Goal: exactly the documented metrics exist, their values are
 * correct, and Prometheus' own tools accept them. Method: HTTP by fetch, a simulated VPP with
 * counters.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { parseIp } from "../../src/base/address.ts";
import { FAMILY_NAMES } from "../../src/metrics/families.ts";
import { isOfStore } from "../../src/metrics/store_families.ts";
import { countTraffic } from "../../src/sim/plugin/traffic.ts";
import { type Daemon, runToEnd, withFolder } from "../support/servers/daemon.ts";
import { type ReadFamily, readMetrics, valueOf } from "../support/judges/prometheus_text.ts";
import { checkMetrics, findPromtool, testRule } from "../support/judges/promtool.ts";
import { onStage } from "../support/worlds/stage.ts";

const A = "127.0.43.1";
const B = "127.0.43.2";
const METRICS = "127.0.0.1:0";
const WEB = { address: "192.0.2.1", pools: { main: { b0: 100, b1: 50 } } };
const BOTH = { web: WEB };

async function portOf(daemon: Daemon): Promise<string> {
  const { address } = await daemon.seen(({ msg }) => msg === "metrics-listen");
  return `http://${address}`;
}

async function get(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

type Families = ReadonlyMap<string, ReadFamily>;

/** Scrapes until it holds. */
async function scrapeUntil(url: string, holds: (families: Families) => boolean): Promise<Families> {
  return await readUntil(async () => readMetrics((await get(`${url}/metrics`)).text), holds);
}

const weightOf = (families: Families, backend: string) =>
  valueOf(families, "maglev_frontend_pool_backend_effective_weight", { backend });

Deno.test("maglevd's metrics are the documented families, cover probes, VPP and its VIPs, and drop removed objects", async () => {
  await onStage([A, B], async ({ configure, start, simulator, servers }) => {
    await configure(BOTH, { countersInterval: "1s" });
    const daemon = start({ metricsAddr: METRICS });
    const url = await portOf(daemon);
    // At the top of its counter (rise 2, fall 3), so that it takes three failures to go down.
    const health = { backend: "b1" };
    await scrapeUntil(
      url,
      (all) => weightOf(all, "b0") === 100 && valueOf(all, "maglev_backend_health", health) === 4,
    );
    await servers[1]!.close();
    await scrapeUntil(url, (families) => weightOf(families, "b1") === 0);
    countTraffic(simulator.plugin, {
      address: parseIp("192.0.2.1")!,
      port: 80,
      kind: "next",
      packets: 12,
      bytes: 1200,
    });
    const families = await scrapeUntil(
      url,
      (all) => valueOf(all, "maglev_vpp_vip_packets_total", { kind: "next" }) === 12,
    );
    const expected = FAMILY_NAMES.filter((name) => !isOfStore(name));
    assert.deepEqual([...families.keys()].sort(), expected.sort());
    const value = (name: string, labels = {}) => valueOf(families, name, labels);
    assert.equal(value("maglev_backend_state", { backend: "b1", state: "down" }), 1);
    assert.ok(value("maglev_probe_total", { backend: "b0", type: "http", code: "L7OK" })! > 0);
    assert.ok(value("maglev_probe_total", { backend: "b1", result: "fail", code: "L4CON" })! >= 3);
    const probes = families.get("maglev_probe_total")!.samples
      .filter(({ labels }) => labels.backend === "b1").reduce((sum, { value }) => sum + value, 0);
    assert.equal(value("maglev_probe_duration_seconds_count", { backend: "b1" }), probes);
    assert.equal(value("maglev_vpp_connected"), 1);
    assert.ok(value("maglev_vpp_connected_seconds")! < 60);
    assert.ok(value("maglev_vpp_uptime_seconds")! >= 0);
    assert.equal(families.get("maglev_vpp_info")!.samples[0]!.labels.pid, `${simulator.pid}`);
    // The scope is "vip" when a verdict's run precedes the first full one.
    const added = families.get("maglev_vpp_lbsync_total")!.samples
      .filter(({ labels }) => labels.kind === "vip_added").map(({ value }) => value);
    assert.deepEqual(added, [1]);
    assert.ok(value("maglev_vpp_lbsync_duration_seconds_count", { scope: "all" })! >= 1);
    for (const [name, count] of simulator.requests) {
      const sent = { msg: name, direction: "send", result: "success" };
      if (/^(lb_add_del_vip|lb_as_set|show_version)/.test(name)) {
        assert.equal(value("maglev_vpp_api_total", sent), count, name);
      }
    }
    assert.equal(value("maglev_vpp_vip_route_bytes_total", { prefix: "192.0.2.1/32" }), 1200);
    assert.ok(value("process_open_fds")! > 10);
    const promtool = findPromtool();
    if (promtool === undefined) console.log("not tried: promtool check metrics: no promtool here");
    else assert.equal(await checkMetrics(promtool, (await get(`${url}/metrics`)).text), "");

    await configure({ web: { ...WEB, pools: { main: { b0: 100 } } } }, { countersInterval: "1s" });
    const path = daemon.mark;
    daemon.process.signal("SIGHUP");
    await daemon.seen(({ msg }) => msg === "config-reload", { from: path });
    const entries = await scrapeUntil(url, (all) => weightOf(all, "b1") === undefined);
    assert.equal(weightOf(entries, "b0"), 100);
    assert.equal(daemon.process.errors, "");
  });
});

Deno.test('an alert on rate(maglev_vpp_api_total{result="failure"}[5m]) sees the first request that VPP refuses', async () => {
  const LABELS = { msg: "lb_as_set_weight_reply", direction: "recv", result: "failure" };
  const SERIES = "maglev_vpp_api_total";
  const values: number[] = [];
  await onStage([A, B], async ({ configure, start, simulator, servers }) => {
    await configure(BOTH);
    simulator.faults.refuseConnections = true;
    const url = await portOf(start({ metricsAddr: METRICS }));
    const first = readMetrics((await get(`${url}/metrics`)).text);
    assert.equal(valueOf(first, SERIES, LABELS), 0, "the series is there before VPP is");
    simulator.faults.refuseConnections = false;
    const added = { scope: "all", kind: "as_added" };
    const before = await scrapeUntil(
      url,
      (all) => weightOf(all, "b1") === 50 && valueOf(all, "maglev_vpp_lbsync_total", added) === 2,
    );
    values.push(valueOf(before, SERIES, LABELS) ?? NaN);
    simulator.faults.refuse({ message: "lb_as_set_weight", retval: -7, times: 1 });
    await servers[1]!.close();
    const after = await scrapeUntil(url, (all) => (valueOf(all, SERIES, LABELS) ?? 0) > 0);
    values.push(valueOf(after, SERIES, LABELS) ?? NaN);
    const errors = after.get("maglev_vpp_api_errors_total")!.samples;
    assert.deepEqual(errors.map(({ labels, value }) => [labels, value]), [
      [{ msg: LABELS.msg, error: "INVALID_VALUE" }, 1],
    ]);
  });
  assert.deepEqual(values, [0, 1]);
  const promtool = findPromtool();
  if (promtool === undefined) {
    return console.log("not tried: promtool test rules: no promtool here");
  }
  const labels = Object.entries(LABELS).map(([label, value]) => `${label}="${value}"`).join(",");
  const said = await testRule(promtool, {
    expression: 'rate(maglev_vpp_api_total{result="failure"}[5m]) > 0',
    // As scraped: quiet, then one refusal, and quiet again.
    series: { [`${SERIES}{${labels}}`]: [0, 0, 0, ...Array<number>(10).fill(values[1]!)] },
    firing: { 2: [], 4: [{ ...LABELS }], 12: [] },
  });
  assert.equal(said, "");
});

Deno.test("maglevd without VPP has no metrics of VPP", async () => {
  await onStage([A], async ({ configure, start }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
    const url = await portOf(start({ metricsAddr: METRICS, vppApiAddr: "" }));
    const families = await scrapeUntil(url, (all) => weightOf(all, "b0") === 100);
    assert.deepEqual(
      [...families.keys()].sort(),
      FAMILY_NAMES.filter((name) => !name.startsWith("maglev_vpp_") && !isOfStore(name)).sort(),
    );
  });
});

Deno.test("maglevd drops all series of a removed backend, its counters and histograms too", async () => {
  await onStage([A, B], async ({ configure, start, configPath }) => {
    await configure(BOTH);
    const daemon = start({ metricsAddr: METRICS });
    const url = await portOf(daemon);
    await scrapeUntil(url, (families) => weightOf(families, "b1") === 50);
    await configure({ web: { ...WEB, pools: { main: { b0: 100 } } } });
    const text = await Deno.readTextFile(configPath);
    await Deno.writeTextFile(configPath, text.replace(/^ {4}b1: .*\n/m, ""));
    daemon.process.signal("SIGHUP");
    await daemon.seen(({ msg }) => msg === "config-reload");
    const { text: page } = await get(`${url}/metrics`);
    assert.ok(page.includes('backend="b0"') && !page.includes('backend="b1"'));
  });
});

Deno.test("maglevd's /readyz follows VPP, /healthz does not; without VPP only that is reported", async () => {
  await onStage([A], async ({ configure, start, simulator }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
    const url = await portOf(start({ metricsAddr: METRICS }));
    await scrapeUntil(url, (families) => valueOf(families, "maglev_vpp_connected") === 1);
    assert.deepEqual(JSON.parse((await get(`${url}/readyz`)).text), {
      ready: true,
      reasons: [],
      config: "loaded",
      vpp: "connected",
      warmUp: "over",
      probers: "seeing",
    });
    await simulator.stop();
    const families = await scrapeUntil(
      url,
      (all) => valueOf(all, "maglev_vpp_connected") === 0,
    );
    for (const name of ["uptime_seconds", "connected_seconds", "info", "vip_packets_total"]) {
      assert.deepEqual(families.get(`maglev_vpp_${name}`)!.samples, [], name);
    }
    const ready = await get(`${url}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(JSON.parse(ready.text).reasons.join(), /VPP is not connected: ./);
    const alive = await get(`${url}/healthz`);
    assert.deepEqual([alive.status, JSON.parse(alive.text)], [200, { alive: true, reasons: [] }]);
    assert.equal((await get(`${url}/`)).status, 404);
  });
});

Deno.test("maglevd serves metrics on a unix socket, and removes it", async () => {
  await withFolder(async (folder) => {
    await onStage([A], async ({ configure, start }) => {
      await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
      const path = `${folder}/metrics.sock`;
      const daemon = start({ metricsAddr: `unix:${path}` });
      await daemon.seen(({ msg, address }) =>
        msg === "metrics-listen" && String(address).startsWith("unix:/")
      );
      const conn = await Deno.connect({ transport: "unix", path });
      await conn.write(new TextEncoder().encode("GET /healthz HTTP/1.0\r\n\r\n"));
      const answer = await new Response(conn.readable).text();
      assert.ok(answer.startsWith("HTTP/1.1 200") && answer.includes('"alive":true'), answer);
      assert.equal(await daemon.stop(), 0);
      await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    });
  });
});

Deno.test("maglevd names a metrics address that it cannot use, and does not start", async () => {
  await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, "maglev:\n  backends:\n    a: { address: 127.0.0.1 }\n");
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    const cases: [string, number, RegExp][] = [
      [`127.0.0.1:${port}`, 1, new RegExp(`cannot start: .*port ${port} is in use`)],
      ["9091", 2, /flag --metrics-addr: cannot use "9091": need host:port/],
      ["unix:metrics.sock", 2, /need an absolute path/],
    ];
    for (const [address, status, says] of cases) {
      const { code, stderr } = await runToEnd({ config, flags: ["--metrics-addr", address] });
      assert.equal(code, status, stderr);
      assert.match(stderr, says);
      assert.equal(stderr.trim().split("\n").length, 1);
    }
    taken.close();
  });
});
