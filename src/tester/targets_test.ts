import assert from "node:assert/strict";
import { parseConfig } from "../config/parse.ts";
import { placeOf, serverOf, type TargetOptions, type Vip, vipsOf } from "./targets.ts";

const CONFIG = `maglev:
  healthchecks:
    web: {type: http, port: 8080, interval: 1s, timeout: 1s, params: {host: web.example.net}}
    tls: {type: https, port: 8443, interval: 1s, timeout: 1s, params: {server-name: s.example.net}}
    secure: {type: https, port: 443, interval: 1s, timeout: 1s, params: {host: www.example.net}}
    tcp: {type: tcp, port: 25, interval: 1s, timeout: 1s}
  backends:
    b0.lab: {address: 10.0.0.1, healthcheck: web}
    b1: {address: 10.0.0.2, healthcheck: tls}
    b2: {address: 10.0.0.3, healthcheck: tcp}
    b3: {address: 10.0.0.4, healthcheck: secure}
    s0: {address: 10.0.0.5}
    v6: {address: 2001:db8::5, healthcheck: web}
  frontends:
`;

function vips(frontends: string, options: Partial<TargetOptions> = {}): readonly Vip[] {
  const result = parseConfig(CONFIG + frontends, { file: "x", scope: "vips" });
  assert.equal(result.kind, "ok", JSON.stringify(result));
  if (result.kind !== "ok") return [];
  return vipsOf([result.config], { host: "", filter: () => true, ...options });
}

const frontend = (name: string, address: string, port: number | undefined, backend: string) => {
  const place = port === undefined ? "" : `protocol: tcp, port: ${port}, `;
  return `    ${name}: {address: ${address}, ${place}pools: [{name: p, backends: {${backend}: {}}}]}\n`;
};

/** How one VIP is probed, in short. */
function probing(port: number | undefined, backend: string, host = ""): string {
  const [vip] = vips(frontend("f", "192.0.2.1", port, backend), { host });
  const { probing } = vip!;
  if (probing.kind !== "get") return probing.kind;
  return `${probing.tls ? "https" : "http"} ${probing.host} ${probing.serverName}`.trimEnd();
}

Deno.test("the port and the servers' check decide how a VIP is probed", () => {
  assert.equal(probing(80, "s0"), "http");
  assert.equal(probing(443, "s0"), "https");
  assert.equal(probing(8080, "b0.lab"), "http web.example.net web.example.net");
  assert.equal(probing(9999, "b0.lab"), "connect", "the check has another port than the VIP");
  assert.equal(probing(80, "b0.lab"), "http web.example.net web.example.net");
  assert.equal(probing(8443, "b1"), "https s.example.net s.example.net");
  assert.equal(probing(443, "b3"), "https www.example.net www.example.net");
  assert.equal(probing(25, "b2"), "connect");
  assert.equal(probing(443, "b0.lab"), "https web.example.net web.example.net");
  assert.equal(probing(undefined, "s0"), "none");
});

Deno.test("--host is the Host of all VIPs, and the name in TLS if it is a name", () => {
  assert.equal(probing(443, "b3", "a.example.net:443"), "https a.example.net:443 a.example.net");
  assert.equal(probing(443, "b3", "192.0.2.9"), "https 192.0.2.9");
});

Deno.test("UDP and all ports are listed with the reason why they are not probed", () => {
  const list = vips(
    "    dns: {address: 192.0.2.1, protocol: udp, port: 53, pools: [{name: p, backends: {s0: {}}}]}\n" +
      frontend("all", "192.0.2.2", undefined, "s0"),
  );
  assert.deepEqual(list.map(({ probing }) => probing.kind), ["none", "none"]);
  assert.deepEqual(list.map(placeOf), ["192.0.2.1:53", "192.0.2.2"]);
});

Deno.test("VIPs of several files are united by address, protocol and port", () => {
  const read = (text: string) => {
    const result = parseConfig(CONFIG + text, { file: "x", scope: "vips" });
    assert.ok(result.kind === "ok");
    return result.config;
  };
  const one = read(frontend("web", "192.0.2.1", 80, "s0"));
  const two = read(
    frontend("www", "192.0.2.1", 80, "s0") + frontend("web", "2001:db8::1", 80, "v6"),
  );
  const list = vipsOf([one, two], { host: "", filter: () => true });
  assert.deepEqual(list.map(({ name }) => name), ["web", "web ([2001:db8::1]:80)"]);
});

Deno.test("the first pool with servers decides on the wanted shares; disabled ones get none", () => {
  const [vip] = vips(`    f:
      address: 192.0.2.1
      protocol: tcp
      port: 80
      pools:
        - {name: empty, backends: {b2: {weight: 0}}}
        - {name: main, backends: {b0.lab: {weight: 100}, b1: {weight: 50}}}
`);
  assert.deepEqual(vip!.servers.map(({ name, share }) => [name, Math.round(share * 100)]), [
    ["b0.lab", 67],
    ["b1", 33],
  ]);
});

Deno.test("a value of the header is matched by name, host part or address, without case", () => {
  const servers = [
    { name: "b0.lab", address: "10.0.0.1", share: 1 },
    { name: "b1", address: "10.0.0.2", share: 0 },
  ];
  const of = (value: string) => serverOf(value, servers)?.name;
  assert.deepEqual(
    ["B0.lab", "b0", "b0.other.net", "10.0.0.2", "b1.example.net", "b2", ""].map(of),
    [
      ...["b0.lab", "b0.lab", "b0.lab", "b1", "b1", undefined, undefined],
    ],
  );
});

Deno.test("a fault outside of frontends and backends is a warning in this scope", () => {
  const text = CONFIG.replace("port: 25, interval: 1s", "port: 25, interval: -1s") +
    frontend("f", "192.0.2.1", 25, "b2");
  assert.equal(parseConfig(text, { file: "x" }).kind, "semantic-error");
  const result = parseConfig(text, { file: "x", scope: "vips" });
  assert.ok(result.kind === "ok");
  assert.equal(result.config.healthchecks.has("tcp"), false);
  assert.match(result.warnings[0]!.path, /^maglev\.healthchecks\.tcp/);
  const [vip] = vipsOf([result.config], { host: "", filter: () => true });
  assert.equal(vip!.probing.kind, "connect");
  const bad = CONFIG + frontend("f", "192.0.2.1", 25, "nowhere");
  assert.equal(parseConfig(bad, { file: "x", scope: "vips" }).kind, "semantic-error");
});
