import assert from "node:assert/strict";
import { healthcheck, http, TCP } from "../../tests/support/healthcheck.ts";
import { parseIp } from "../base/address.ts";
import type { HealthcheckConfig } from "../config/model.ts";
import { unsupported } from "./supported.ts";

const TLS = { serverName: "", insecureSkipVerify: false };

Deno.test("unsupported() names what this build cannot probe, and nothing else", () => {
  const cases: [
    changes: Partial<HealthcheckConfig>,
    sentence: string | undefined,
  ][] = [
    [{ params: TCP }, undefined],
    [{ params: http() }, undefined],
    [
      { params: { type: "icmp" }, port: 0 },
      undefined,
    ],
    [
      { params: { ...http(), ...TLS, type: "https" } },
      'healthcheck "check": type https is not supported by this build; use tcp, http or icmp',
    ],
    [
      { params: { type: "tcp", ssl: true, ...TLS } },
      'healthcheck "check": params.ssl is not supported by this build; leave it out or set it to false',
    ],
    [
      { probeIpv4Src: parseIp("192.0.2.1") },
      'healthcheck "check": probe-ipv4-src is not supported by this build; leave it out',
    ],
    [
      { probeIpv6Src: parseIp("2001:db8::1") },
      'healthcheck "check": probe-ipv6-src is not supported by this build; leave it out',
    ],
  ];
  for (const [changes, sentence] of cases) {
    assert.equal(unsupported(healthcheck(changes)), sentence);
  }
});
