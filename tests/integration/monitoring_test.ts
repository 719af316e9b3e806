/**
 * Alert rules and the dashboard for Grafana. Goal: each rule fires when it should and stays silent
 * otherwise, and no rule and no panel asks for something that maglevd does not export. Method:
 * promtool on the rules' own test file; a real Prometheus that scrapes a maglevd.
 */
import assert from "node:assert/strict";
import { FAMILIES, FAMILY_NAMES } from "../../src/metrics/families.ts";
import { countTraffic } from "../../src/sim/plugin/traffic.ts";
import { parseIp } from "../../src/base/address.ts";
import { ALERTS } from "../../tools/monitoring/alerts.ts";
import { PANELS } from "../../tools/monitoring/dashboard.ts";
import { askPromtool, findPrometheus, findPromtool } from "../support/judges/promtool.ts";
import { freePort } from "../support/servers/free_port.ts";
import { readUntil } from "../support/judges/until.ts";
import { certificates } from "../support/servers/certificates.ts";
import { withFolder } from "../support/servers/daemon.ts";
import { Prometheus } from "../support/servers/prometheus.ts";
import { tlsServer } from "../support/servers/tls_servers.ts";
import { onStage } from "../support/worlds/stage.ts";

const FOLDER = new URL("../../docs/monitoring/", import.meta.url).pathname;
const promtool = findPromtool();
const prometheus = findPrometheus();
const missing = " (skipped: needs Debian's package prometheus, which `test` extracts as root)";

Deno.test({
  name: `each alert fires on its series and stays silent on others${promtool ? "" : missing}`,
  ignore: promtool === undefined,
  async fn() {
    const lint = ["check", "rules", "--lint=all", "--lint-fatal", "alerts.yml"];
    const checked = await askPromtool(promtool!, lint, { cwd: FOLDER });
    assert.match(checked, new RegExp(`SUCCESS: ${ALERTS.length} rules found`));
    const tested = await askPromtool(promtool!, ["test", "rules", "alerts.test.yml"], {
      cwd: FOLDER,
    });
    assert.match(tested, /^ *SUCCESS$/m);
  },
});

Deno.test("an alert's summary uses only labels that its expression keeps", () => {
  for (const { name, query, summary } of ALERTS) {
    const by = /by \(([^)]*)\)/.exec(query)?.[1]?.split(", ");
    const family = FAMILY_NAMES.find((family) => query.includes(family));
    const kept = by ?? ["job", "instance", ...Object.keys(family ? FAMILIES[family].labels : {})];
    for (const [, label] of summary.matchAll(/\$labels\.(\w+)/g)) {
      assert.ok(kept.includes(label!), `${name}: ${label} is not among ${kept.join(", ")}`);
    }
  }
});

/** Gauges that are 1 in trouble or 0 in trouble and that no rule watches, each with the reason. */
const UNWATCHED: Readonly<Record<string, string>> = {
  maglev_backend_damped: "the server is down: MaglevBackendDown",
  maglev_backend_enabled: "an operator disabled it",
};

Deno.test("each gauge of a state that loses traffic is watched by a rule", () => {
  const states = FAMILY_NAMES.filter((name) => {
    const { type, help } = FAMILIES[name];
    return type === "gauge" && name.startsWith("maglev_") &&
      /^[01] (?:while|when|for a)\b/.test(help);
  });
  assert.ok(states.length >= 8, states.join(" "));
  const unwatched = states.filter((name) => !ALERTS.some(({ query }) => query.includes(name)));
  assert.deepEqual(unwatched.sort(), Object.keys(UNWATCHED).sort());
});

const A = "127.0.43.31";
const B = "127.0.43.32";
const VIP = "192.0.2.1";
/** `encap` needs CAP_NET_RAW; without it its alert has no data here. */
const MAY_SEND_GRE = Deno.uid() === 0;
const ENCAP_ALERT = "MaglevEncapFails";
/** The check through the tunnel fails, or cannot be made, because VPP's source is not here. */
const TUNNEL_ALERTS: readonly string[] = [ENCAP_ALERT, "MaglevProberBlind"];

Deno.test({
  name: "every alert and panel has data at a Prometheus that scrapes maglevd, and alerts of a " +
    `stopped server fire there${prometheus ? "" : missing}`,
  ignore: prometheus === undefined,
  fn: () => withFolder((folder) => onStage([A, B], (stage) => askAll(stage, folder))),
});

async function askAll(
  { configure, configPath, start, simulator, servers }: Parameters<
    Parameters<typeof onStage>[1]
  >[0],
  folder: string,
): Promise<void> {
  const pair = (await certificates()).of("good");
  const tls = await tlsServer(pair);
  // The daemon may read the folder of its configuration.
  const pem = configPath.replace(/[^/]*$/, "pair.pem");
  await Deno.writeTextFile(pem, pair.cert + pair.key);
  const web = { address: VIP, pools: { main: { b0: 100, b1: 50 } }, extra: "announce: {}" };
  const stateDir = `${folder}/state`;
  await Deno.mkdir(stateDir);
  // No answer comes through its tunnel.
  const inner = { address: "192.0.2.2", pools: { tunnel: { inner: 100 } } };
  await configure({ web, ...(MAY_SEND_GRE ? { inner } : {}) }, {
    countersInterval: "1s",
    announce: `{ file: ${stateDir}/announce.conf }`,
  });
  const text = await Deno.readTextFile(configPath);
  await Deno.writeTextFile(
    configPath,
    text.replace("    lb:\n", "    lb:\n      sync-interval: 1s\n").replace(
      "- name: tunnel\n",
      "- name: tunnel\n          encap: on\n",
    ).replace(
      "  backends:\n",
      `    tls: { type: https, port: ${tls.port}, interval: 1s, timeout: 900ms, params: { client-cert: ${pem} } }
    ping: { type: icmp, interval: 1s, timeout: 900ms }
  backends:
    inner: { address: 127.0.0.1, healthcheck: ping }
    shop: { address: 127.0.0.1, healthcheck: tls }\n`,
    ),
  );
  // Nothing listens there: the store is away.
  const flags = ["--fleet-store", `etcd:127.0.0.1:${freePort()}`, "--fleet", "edge"]
    .concat("--fleet-lb", "lb1");
  const daemon = start({ metricsAddr: "127.0.0.1:0", grpcAddr: "127.0.0.1:0", stateDir, flags });
  const target = String((await daemon.seen(({ msg }) => msg === "metrics-listen")).address);
  const server = await Prometheus.start(prometheus!, {
    folder,
    target,
    rules: `${FOLDER}alerts.yml`,
  });
  const traffic = setInterval(() => {
    for (const kind of ["next", "untracked", "no-server"] as const) {
      countTraffic(simulator.plugin, {
        address: parseIp(VIP)!,
        port: 80,
        kind,
        packets: 10,
        bytes: 1000,
      });
    }
  }, 200);
  try {
    const queries = [
      ...ALERTS.filter(({ name }) => MAY_SEND_GRE || name !== ENCAP_ALERT)
        .map(({ name, query }) => ({ name, query })),
      ...PANELS.flatMap(({ title, queries }) =>
        queries.map(({ expr }) => ({ name: title, query: filledIn(expr) }))
      ),
    ];
    // A rate needs two scrapes, and counts from the first one in which the series was there.
    await readUntil(
      async () => {
        const asked = queries.map(async ({ name, query }) => {
          const samples = await server.ask(query);
          return samples.some(({ value }) => !Number.isNaN(value)) ? [] : [`${name}: ${query}`];
        });
        return (await Promise.all(asked)).flat();
      },
      (silent) => silent.length === 0,
      { everyMs: 200 },
    );
    await servers[0]!.close();
    await servers[1]!.close();
    await Deno.writeTextFile(configPath, "maglev: [");
    daemon.process.signal("SIGHUP");
    const expected = ["MaglevBackendDown", "MaglevConfigReloadFailed", "MaglevVipDropsPackets"]
      .concat("MaglevVipWithoutServers", "MaglevFlowsNotRemembered", "MaglevVipNotAnnounced");
    const quiet = async () => {
      const names = (await server.alerts()).map(({ labels }) => labels.alertname);
      return expected.filter((name) => !names.includes(name));
    };
    await readUntil(quiet, (names) => names.length === 0, { everyMs: 200 });
    const alerts = await server.alerts();
    for (const { labels, annotations } of alerts) {
      assert.ok(
        [...expected, ...TUNNEL_ALERTS, "MaglevFleetStoreAway"].includes(labels.alertname!),
        `${labels.alertname} fires, too`,
      );
      assert.doesNotMatch(annotations.summary!, /<no value>| {2}|\(\)/);
    }
  } finally {
    clearInterval(traffic);
    await server.stop();
    await tls.close();
  }
}

/** A panel's expression with Grafana's variables filled in. */
function filledIn(expression: string): string {
  const values = { $job: ".*", $instance: ".*", $__rate_interval: "1m" };
  return Object.entries(values).reduce(
    (text, [variable, value]) => text.replaceAll(variable, value),
    expression,
  );
}
