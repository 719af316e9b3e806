/**
 * Probes from a configured source address, against servers that say where a client came from. An
 * address that is not on this host makes probes void, with that reason, whatever their kind.
 */
import assert from "node:assert/strict";
import { certificates } from "../../../tests/support/servers/certificates.ts";
import { healthcheck, http, TCP } from "../../../tests/support/worlds/healthcheck.ts";
import { closedPort, resetAfter, stall } from "../../../tests/support/servers/nasty_servers.ts";
import { icmpTest } from "../../../tests/support/servers/icmp_test_case.ts";
import { until } from "../../../tests/support/judges/until.ts";
import { sockets } from "../../../tests/support/servers/sockets.ts";
import { notTls, tlsServer } from "../../../tests/support/servers/tls_servers.ts";
import { parseIp } from "../../base/address.ts";
import type { HealthcheckConfig, ProbeParams } from "../../config/model.ts";
import { IcmpProber } from "../icmp/icmp.ts";
import type { Verdict } from "../outcome.ts";
import { Cancellation } from "../prober.ts";
import { probeOf } from "../probers.ts";
import { closeZones } from "./zone.ts";

const TLS = { serverName: "", insecureSkipVerify: true, alpn: [] };
const SSL: ProbeParams = { type: "tcp", ssl: true, ...TLS };
const HTTPS: ProbeParams = { ...http(), ...TLS, type: "https" };
const OK = "HTTP/1.1 200 OK\r\n\r\n";

function probe(
  address: string,
  check: Partial<HealthcheckConfig>,
  cancellation = new Cancellation(),
): Promise<Verdict> {
  return probeOf({ address, healthcheck: healthcheck(check) })(cancellation);
}

Deno.test("each kind of probe comes from the source address of the backend's family", async () => {
  const sources = { probeIpv4Src: parseIp("127.0.0.77"), probeIpv6Src: parseIp("::1") };
  for (const [address, source] of [["127.0.0.1", "127.0.0.77"], ["::1", "::1"]] as const) {
    const pair = (await certificates()).of("good");
    const plain = await notTls((socket) => socket.once("data", () => socket.end(OK)), address);
    const secure = await tlsServer(pair, undefined, { hostname: address });
    try {
      const kinds: [server: typeof plain, params: ProbeParams, code: string][] = [
        [plain, TCP, "L4OK"],
        [plain, http(), "L7OK"],
        [secure, SSL, "L6OK"],
        [secure, HTTPS, "L7OK"],
      ];
      for (const [server, params, code] of kinds) {
        const seen = server.clients.length;
        const verdict: Verdict = await probe(address, { port: server.port, params, ...sources });
        assert.equal(verdict.code, code, verdict.detail);
        await until(() => server.clients.length === seen + 1 && server.open() === 0);
        assert.equal(server.clients.at(-1), source);
      }
    } finally {
      await plain.close();
      await secure.close();
    }
  }
});

/** Sources from which a backend cannot be probed, with the reason, for every kind of probe. */
const UNFIT: readonly (readonly [address: string, v4: string, v6: string, detail: string])[] = [
  ["127.0.0.1", "192.0.2.9", "::1", "source address 192.0.2.9 is not on this host"],
  ["::1", "127.0.0.1", "2001:db8::9", "source address 2001:db8::9 is not on this host"],
];

async function assertUnfit(params: ProbeParams, run: typeof probe): Promise<void> {
  for (const [address, v4, v6, detail] of UNFIT) {
    const before = sockets();
    const sources = { probeIpv4Src: parseIp(v4), probeIpv6Src: parseIp(v6) };
    const verdict = await run(address, { port: 1, params, ...sources });
    const { ok, inconclusive, code } = verdict;
    assert.deepEqual([ok, inconclusive, code, verdict.detail], [false, true, "L4CON", detail]);
    assert.equal(verdict.lack, "source-address");
    await until(() => sockets() <= before);
  }
}

for (const params of [TCP, http(), SSL, HTTPS]) {
  const kind = "ssl" in params && params.ssl ? "tcp with ssl" : params.type;
  Deno.test(`a source address that is not on this host is an inconclusive verdict that names it: ${kind}`, () => {
    return assertUnfit(params, probe);
  });
}

icmpTest(
  "a source address that is not on this host is an inconclusive verdict that names it: icmp",
  async () => {
    const icmp = new IcmpProber();
    const run: typeof probe = (address, check, cancellation = new Cancellation()) =>
      icmp.prober({ address, healthcheck: healthcheck(check) })(cancellation);
    try {
      // Opens the sockets, which stay.
      for (const [address] of UNFIT) await run(address, { params: { type: "icmp" } });
      await assertUnfit({ type: "icmp" }, run);
    } finally {
      await icmp.close();
    }
  },
);

Deno.test("an address with a zone is refused with a reason where it cannot be probed", async () => {
  const probeIpv6Src = parseIp("::1");
  for (const params of [TCP, http(), SSL, HTTPS]) {
    const refused = await probe("fe80::1%lo", { params, probeIpv6Src });
    assert.deepEqual([refused.code, refused.inconclusive], ["L4CON", true]);
    assert.match(refused.detail, /with a zone .* by ICMP and UDP only/);
    const { detail, lack } = await probe("fe80::1%nosuch", { params });
    assert.deepEqual([detail, lack], ["this host has no interface nosuch", "interface"]);
    // Plain probes are tried: no host has that address.
    assert.equal((await probe("fe80::1%1", { params })).code, "L4CON");
  }
  closeZones();
});

Deno.test("the source address of the other family has no effect", async () => {
  const server = await notTls((socket) => socket.once("data", () => socket.end(OK)));
  try {
    const check = { port: server.port, params: TCP, probeIpv6Src: parseIp("2001:db8::9") };
    assert.equal((await probe("127.0.0.1", check)).code, "L4OK");
  } finally {
    await server.close();
  }
});

Deno.test("failures with a source address are the same as without one", async () => {
  const probeIpv4Src = parseIp("127.0.0.77");
  for (const params of [TCP, http(), SSL, HTTPS]) {
    const { code, detail } = await probe("127.0.0.1", { port: closedPort(), params, probeIpv4Src });
    assert.equal(`${code} ${detail}`, "L4CON connection refused");
  }
  const server = await resetAfter("HTTP/1.1 200 OK\r\nServer: x");
  try {
    const { code } = await probe("127.0.0.1", { port: server.port, params: http(), probeIpv4Src });
    assert.equal(code, "L7RSP");
  } finally {
    await server.close();
  }
});

Deno.test("cancelling a probe from a source address frees its socket immediately", async () => {
  const probeIpv4Src = parseIp("127.0.0.77");
  const full = await stall();
  const silent = await notTls(() => {});
  try {
    for (
      const [port, params, code] of [
        [full.port, TCP, "L4TOUT"],
        [full.port, http(), "L4TOUT"],
        [silent.port, http(), "L7TOUT"],
      ] as const
    ) {
      const before = sockets();
      const cancellation = new Cancellation();
      const verdict = probe("127.0.0.1", { port, params, probeIpv4Src }, cancellation);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const fromMs = performance.now();
      cancellation.cancel();
      assert.equal((await verdict).code, code);
      assert.ok(performance.now() - fromMs < 10, `took ${performance.now() - fromMs} ms`);
      await until(() => sockets() === before && silent.open() === 0);
    }
  } finally {
    full.close();
    await silent.close();
  }
});

Deno.test("TCP probes from a source address leave no port in TIME_WAIT", async () => {
  const server = await notTls(() => {});
  const waiting = () =>
    Deno.readTextFileSync("/proc/net/tcp").split("\n").filter((line) =>
      / 4D00007F:[0-9A-F]{4} \S+ 06 /.test(line)
    ).length;
  try {
    const before = waiting();
    for (let i = 0; i < 20; i++) {
      const check = { port: server.port, params: TCP, probeIpv4Src: parseIp("127.0.0.77") };
      assert.equal((await probe("127.0.0.1", check)).code, "L4OK");
    }
    await until(() => server.open() === 0);
    assert.ok(waiting() <= before, `${waiting() - before} ports wait`);
  } finally {
    await server.close();
  }
});
