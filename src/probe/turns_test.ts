import assert from "node:assert/strict";
import { dns, GRPC, healthcheck, http, TCP, UDP } from "../../tests/support/worlds/healthcheck.ts";
import type { ProbeParams } from "../config/model.ts";
import { ANSWER_TIMED_OUT, CONNECT_TIMED_OUT, failed, HANDSHAKE_TIMED_OUT } from "./outcome.ts";
import { turnsUntil } from "./turns.ts";

const TLS = { serverName: "", insecureSkipVerify: false, alpn: [] };
const HTTPS: ProbeParams = { ...http(), ...TLS, type: "https" };
const STEPS: ProbeParams = {
  ...TCP,
  steps: [{ kind: "expect", text: "a" }, { kind: "send", text: "b" }],
};

Deno.test("turnsUntil() counts what a probe waited for until it timed out", () => {
  const cases: readonly (readonly [ProbeParams, connect: number, secured: number, all: number])[] =
    [
      [TCP, 1, 1, 1],
      [{ ...TCP, ssl: true }, 1, 6, 6],
      [STEPS, 1, 1, 3],
      [http(), 1, 1, 3],
      [http({ http2: true }), 1, 1, 5],
      [HTTPS, 1, 6, 8],
      [GRPC, 1, 1, 5],
      [{ ...GRPC, ssl: true }, 1, 6, 10],
      [http({ redirects: "follow-same-host" }), 4, 4, 6],
      [{ type: "icmp" }, 1, 1, 1],
      [UDP, 1, 1, 1],
      [dns(), 1, 1, 4],
      [dns({ transport: "tcp" }), 1, 1, 3],
    ];
  for (const [params, connect, secured, all] of cases) {
    const check = healthcheck({ params });
    assert.equal(turnsUntil(CONNECT_TIMED_OUT, check), connect, JSON.stringify(params));
    assert.equal(turnsUntil(HANDSHAKE_TIMED_OUT, check), secured, JSON.stringify(params));
    assert.equal(turnsUntil(ANSWER_TIMED_OUT, check), all, JSON.stringify(params));
    assert.equal(turnsUntil(failed("L4CON", "refused"), check), 1);
    assert.equal(turnsUntil(failed("L7STS", "status 500"), check), 1);
  }
});
