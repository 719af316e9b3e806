import assert from "node:assert/strict";
import { wall } from "../../tests/support/fakes/instants.ts";
import { healthcheck, TCP } from "../../tests/support/worlds/healthcheck.ts";
import {
  clientCertificatesOf,
  EXPIRES_SOON_MS,
  UNREAD_PAIR,
  validityProblem,
} from "./client_certificates.ts";

const FROM_MS = Date.UTC(2026, 0, 1);
const UNTIL_MS = Date.UTC(2026, 11, 31, 12);

Deno.test("validityProblem() reports a certificate from two weeks before its end on", () => {
  const validity = { validFromMs: wall(FROM_MS), validUntilMs: wall(UNTIL_MS) };
  const cases: [nowMs: number, problem: string | undefined][] = [
    [FROM_MS - 1, "is not valid before 2026-01-01"],
    [FROM_MS, undefined],
    [UNTIL_MS - EXPIRES_SOON_MS, undefined],
    [UNTIL_MS - EXPIRES_SOON_MS + 1, "expires on 2026-12-31"],
    [UNTIL_MS, "expires on 2026-12-31"],
    [UNTIL_MS + 1, "expired on 2026-12-31"],
  ];
  for (const [nowMs, problem] of cases) {
    assert.equal(validityProblem(validity, wall(nowMs)), problem, String(nowMs - UNTIL_MS));
  }
});

Deno.test("clientCertificatesOf() lists each file once, in order", () => {
  const check = (certPath: string) =>
    healthcheck({ params: { ...TCP, client: { ...UNREAD_PAIR, certPath, keyPath: "" } } });
  const healthchecks = new Map([
    ["a", check("/z.pem")],
    ["b", healthcheck()],
    ["c", check("/a.pem")],
    ["d", check("/z.pem")],
  ]);
  assert.deepEqual(
    clientCertificatesOf({ healthchecks }).map(({ certPath }) => certPath),
    ["/a.pem", "/z.pem"],
  );
});
