import assert from "node:assert/strict";
import { healthcheck, http, TCP } from "../../tests/support/healthcheck.ts";
import { parseIp } from "../base/address.ts";
import type { HealthcheckConfig } from "../config/model.ts";
import { unsupported } from "./supported.ts";

const TLS = { serverName: "", insecureSkipVerify: false };

Deno.test("unsupported() names what this build cannot probe, and nothing else", () => {
  const cases: [
    changes: Partial<HealthcheckConfig>,
    netns: string,
    sentence: string | undefined,
  ][] = [
    [{ params: TCP }, "", undefined],
    [{ params: http() }, "", undefined],
    [
      { params: { type: "icmp" }, port: 0 },
      "",
      'healthcheck "check": type icmp is not supported by this build; use tcp or http',
    ],
    [{ params: { ...http(), ...TLS, type: "https" } }, "", undefined],
    [{ params: { type: "tcp", ssl: true, ...TLS } }, "", undefined],
    [{ probeIpv4Src: parseIp("192.0.2.1") }, "", undefined],
    [{ probeIpv6Src: parseIp("2001:db8::1") }, "", undefined],
    [
      {},
      "dataplane",
      'healthcheck "check": healthchecker.netns ("dataplane") is not supported by this build; ' +
      "leave it out and start the daemon inside the namespace",
    ],
  ];
  for (const [changes, netns, sentence] of cases) {
    assert.equal(unsupported(healthcheck(changes), netns), sentence);
  }
});
