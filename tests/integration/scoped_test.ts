/**
 * Backends at scoped addresses (`fe80::1%eth0`) in namespaces of the test's own, joined by a link.
 * Goal: each kind of probe reaches them, by the interface's name in the prober's namespace; the
 * zone stays local. Method: the server's side of the link is in one namespace, the engine's worker
 * enters the other.
 */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import type { HealthcheckConfig, TlsParams } from "../../src/config/model.ts";
import { certificates } from "../support/servers/certificates.ts";
import { http, TCP, UDP } from "../support/worlds/healthcheck.ts";
import {
  HTTP_PORT,
  netnsTest,
  PAIR_LINK,
  PAIR_PROBER,
  PAIR_SERVER,
  TLS_PORT,
  withPair,
} from "../support/servers/netns.ts";
import { ICMP, withEngine } from "../support/worlds/netns_engine.ts";

const CERTIFICATES = await certificates();
const TLS: TlsParams = {
  serverName: "good.test",
  insecureSkipVerify: false,
  alpn: [],
  ca: { path: "", pem: CERTIFICATES.ca },
};
const BARE: TlsParams = { ...TLS, serverName: "" };

const KINDS: [kind: string, check: Partial<HealthcheckConfig>, verdict: string][] = [
  ["icmp", ICMP, "L7OK"],
  ["udp", { params: { ...UDP, expect: "" }, port: HTTP_PORT }, "L7OK 4 bytes"],
  ["tcp", { params: TCP, port: HTTP_PORT }, "L4OK"],
  // Passes only when the zone is not in the Host header, which the server's answer repeats.
  [
    "http",
    {
      params: http({ responseRegexp: `host=\\[${PAIR_SERVER}\\]:${HTTP_PORT};` }),
      port: HTTP_PORT,
    },
    "L7OK status 200",
  ],
  ["tls", { params: { type: "tcp", ssl: true, ...TLS }, port: TLS_PORT }, "L6OK"],
  [
    "https",
    {
      params: {
        ...http({ responseRegexp: `host=\\[${PAIR_SERVER}\\]:${TLS_PORT}; sni=good.test;` }),
        ...TLS,
        type: "https",
      },
      port: TLS_PORT,
    },
    "L7OK status 200",
  ],
  [
    "https without a name",
    {
      params: {
        ...http({ responseRegexp: "sni=;" }),
        ...BARE,
        insecureSkipVerify: true,
        type: "https",
      },
      port: TLS_PORT,
    },
    "L7OK status 200",
  ],
  [
    // The address that the certificate lacks is reported without its zone.
    "tls without a name",
    { params: { type: "tcp", ssl: true, ...BARE }, port: TLS_PORT },
    `L6RSP certificate is for good.test, www.good.test, 127.0.0.1, ::1, not for ${PAIR_SERVER}`,
  ],
  ["closed", { params: { type: "tcp", ssl: true, ...TLS }, port: 1 }, "L4CON connection refused"],
];

netnsTest(
  "every kind of probe reaches a scoped address, in the zone of its namespace",
  async () => {
    await withPair(async ({ prober, server }) => {
      await server.respond({ certificates: CERTIFICATES.folder });
      await withEngine(async (engine) => {
        for (const [kind, check] of KINDS) {
          engine.start(kind, `${PAIR_SERVER}%${PAIR_LINK}`, check, prober.name);
          // Our own namespace has no link of that name, and the loopback leads nowhere.
          engine.start(`${kind} outside`, `${PAIR_SERVER}%${PAIR_LINK}`, check, "");
          engine.start(`${kind} no zone`, `${PAIR_SERVER}%nosuch`, check, prober.name);
        }
        await engine.each(4, KINDS.map(([kind]) => kind));
        for (const [kind, , verdict] of KINDS) {
          assert.deepEqual(engine.verdicts(kind), [verdict], kind);
          await engine.seesNothing(`${kind} outside`, `this host has no interface ${PAIR_LINK}`);
          await engine.seesNothing(`${kind} no zone`, "this host has no interface nosuch");
        }
      });
    });
  },
);

netnsTest(
  "ICMP and UDP probe a scoped address from a source address; the other kinds refuse it",
  async () => {
    await withPair(async ({ prober, server }) => {
      await server.respond({ certificates: CERTIFICATES.folder });
      await withEngine(async (engine) => {
        for (const [kind, check] of KINDS) {
          for (const [i, source] of PAIR_PROBER.entries()) {
            const from = { ...check, probeIpv6Src: parseIp(source) };
            engine.start(`${kind} ${i}`, `${PAIR_SERVER}%${PAIR_LINK}`, from, prober.name);
          }
        }
        const reason =
          "an address with a zone (%) can be probed from a source address by ICMP and UDP only";
        await engine.each(3, ["icmp 0", "icmp 1", "udp 0", "udp 1"]);
        for (const [kind, , verdict] of KINDS) {
          for (const i of PAIR_PROBER.keys()) {
            const datagram = kind === "icmp" || kind === "udp";
            if (datagram) assert.deepEqual(engine.verdicts(`${kind} ${i}`), [verdict]);
            else await engine.seesNothing(`${kind} ${i}`, reason);
          }
        }
      });
    });
  },
);
