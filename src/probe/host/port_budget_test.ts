import assert from "node:assert/strict";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { dns, GRPC, UDP } from "../../../tests/support/worlds/healthcheck.ts";
import { parseIp } from "../../base/address.ts";
import type { HealthcheckConfig } from "../../config/model.ts";
import { needsPorts, type PortSettings, portWarnings } from "./port_budget.ts";

const SETTINGS: PortSettings = { range: "32768\t60999\n", reserved: "\n", twReuse: "2\n" };
const TLS = { type: "tcp", ssl: true, serverName: "", insecureSkipVerify: true, alpn: [] } as const;

/** `count` backends of one address and port, each probed with `check`. */
function config(count: number, check: Partial<HealthcheckConfig>, address = "192.0.2.1") {
  const backends = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`b${i}`, { address, healthcheck: "c" }]),
  );
  const base = { port: 80, intervalMs: 200, downIntervalMs: 200 };
  return smallConfig({ healthchecks: { c: { ...base, ...check } }, backends, frontends: {} });
}

Deno.test("portWarnings() is empty while the range suffices, otherwise it has numbers and fixes", () => {
  // 94 x 5 probes a second x 60 s = 28,200 of 28,232 ports.
  assert.deepEqual(portWarnings(config(94, {}), SETTINGS), []);
  assert.deepEqual(portWarnings(config(95, {}), SETTINGS), [
    "probes of 192.0.2.1 port 80 may need 28500 local ports (95 backends, 475 probes a second, " +
    "each port is kept 60 s), and this host has 28232 (net.ipv4.ip_local_port_range " +
    "32768-60999): probes without a port are void; probe at most 470.5 times a second in all, " +
    "or widen net.ipv4.ip_local_port_range, or set net.ipv4.tcp_tw_reuse=1, or set " +
    "probe-ipv4-src or probe-ipv6-src, whose probes end with a reset",
  ]);
});

Deno.test("portWarnings() considers how each kind of probe ends", () => {
  const source = { probeIpv4Src: parseIp("192.0.2.9") };
  const tls = { params: TLS };
  const cases: [what: string, ReturnType<typeof config>, PortSettings, warnings: RegExp[]][] = [
    ["ICMP has no ports", config(500, { params: { type: "icmp" }, port: 0 }), SETTINGS, []],
    ["UDP leaves none behind", config(500, { params: UDP }), SETTINGS, []],
    ["nor does DNS over UDP", config(500, { params: dns() }), SETTINGS, []],
    [
      "DNS over TCP",
      config(500, { params: dns({ transport: "tcp" }) }),
      SETTINGS,
      [/ may need 150000 /],
    ],
    ["with a source: a reset", config(500, source), SETTINGS, []],
    [
      "TLS with a source: all destinations share its ports",
      config(500, { ...tls, ...source }),
      SETTINGS,
      [/^probes of source address 192\.0\.2\.9 may need 150000 .* or widen net\.ipv4\.ip_local_port_range$/],
    ],
    [
      "gRPC over TLS with a source",
      config(500, { params: { ...GRPC, ssl: true }, ...source }),
      SETTINGS,
      [/^probes of source address 192\.0\.2\.9 may need 150000 /],
    ],
    ["TLS", config(500, tls), SETTINGS, [/ may need 150000 .*[.]tcp_tw_reuse=1$/]],
    ["ports are used again after 1 s", config(500, {}), { ...SETTINGS, twReuse: "1\n" }, []],
    ["as on loopback", config(500, {}, "127.0.0.1"), SETTINGS, []],
    ["but not there", config(500, {}, "127.0.0.1"), { ...SETTINGS, twReuse: "0\n" }, [/150000/]],
    ["the down interval counts", config(1, { intervalMs: 60_000, downIntervalMs: 2 }), SETTINGS, [
      /may need 30000 /,
    ]],
    [
      "reserved ports are not free",
      config(94, {}),
      { ...SETTINGS, reserved: "80,40000-40099,60999-61010\n" },
      [/this host has 28131 .* 32768-60999 without 101 reserved ones\)/],
    ],
  ];
  for (const [what, wanted, settings, warnings] of cases) {
    const found = portWarnings(wanted, settings);
    assert.equal(found.length, warnings.length, `${what}: ${found}`);
    warnings.forEach((warning, i) => assert.match(found[i]!, warning, what));
  }
});

Deno.test("portWarnings() reports an unknown range, and is bounded", () => {
  assert.deepEqual(portWarnings(config(1, {}), { ...SETTINGS, range: "moo" }), [
    'cannot check whether there are enough local ports for the probes: "moo" is not a range of ports',
  ]);
  const backends = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`b${i}`, { address: `192.0.2.${i}`, healthcheck: "c" }]),
  );
  const healthchecks = { c: { port: 80, intervalMs: 1, downIntervalMs: 1 } };
  const found = portWarnings(smallConfig({ healthchecks, backends, frontends: {} }), SETTINGS);
  assert.equal(found.length, 6);
  assert.equal(found[5], "45 more destinations need more local ports than this host has");
});

Deno.test("needsPorts() is false without a probe over TCP", () => {
  assert.equal(needsPorts(config(1, {})), true);
  assert.equal(needsPorts(config(1, { params: { type: "icmp" }, port: 0 })), false);
  assert.equal(needsPorts(smallConfig({ backends: {}, frontends: {} })), false);
});
