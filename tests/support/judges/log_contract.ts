/** Checks log records: the event is known, the fields follow src/base/ports.ts. */
import assert from "node:assert/strict";
import type { LogEventName } from "../../../src/base/ports.ts";

// The type makes it complete: an event that is missing here is a type error.
const EVENTS: Readonly<Record<LogEventName, true>> = {
  "maglevd-start": true,
  "config-loaded": true,
  "config-error": true,
  "config-reload": true,
  "config-warning": true,
  "vpp-connect": true,
  "vpp-connect-failed": true,
  "vpp-disconnect": true,
  "vpp-no-weights": true,
  "vpp-ping-failed": true,
  "vpp-platform": true,
  "vpp-lb-state": true,
  "vpp-lb-conf-set": true,
  "vpp-lb-conf-set-failed": true,
  "vpp-lb-read-failed": true,
  "vpp-withheld": true,
  "vpp-lbsync-vip-add": true,
  "vpp-lbsync-vip-del": true,
  "vpp-lbsync-vip-recreate": true,
  "vpp-lbsync-as-add": true,
  "vpp-lbsync-as-del": true,
  "vpp-lbsync-as-weight": true,
  "vpp-lbsync-as-flush": true,
  "vpp-lbsync-vip-flush": true,
  "vpp-lbsync-error": true,
  "vpp-lbsync-drift": true,
  "vpp-lbsync-done": true,
  "vpp-counters": true,
  "vpp-counters-error": true,
  "vpp-warmup-start": true,
  "vpp-warmup-hold": true,
  "vpp-warmup-release": true,
  "vpp-warmup-done": true,
  "vpp-api-send": true,
  "vpp-api-recv": true,
  "backend-transition": true,
  "frontend-transition": true,
  "probe-start": true,
  "probe-done": true,
  "probe-void": true,
  "probe-worker": true,
  "prober-blind": true,
  "prober-restored": true,
  "operator-action": true,
  "operator-intent-restored": true,
  "operator-intent-expired": true,
  "operator-intent-dropped": true,
  "operator-intent-not-stored": true,
  "operator-intent-stored": true,
  "operator-intent-file-unusable": true,
  "grpc-listen": true,
  "grpc-reload": true,
  "grpc-refused": true,
  "grpc-error": true,
  "metrics-listen": true,
  "events-dropped": true,
  "dashboard-start": true,
  "dashboard-listen": true,
  "dashboard-warning": true,
  "dashboard-action": true,
  "dashboard-login-failed": true,
  "dashboard-error": true,
  "dashboard-certificate": true,
  shutdown: true,
};

/** Names of all events. */
export const LOG_EVENTS = Object.keys(EVENTS) as readonly LogEventName[];

const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** Names that another one stands for. */
const REPLACED: Readonly<Record<string, string>> = { error: "err", cause: "err or message" };

/** @throws {AssertionError} naming the event and the field */
export function checkLogFields(event: string, names: readonly string[]): void {
  for (const key of names) {
    assert.match(key, KEBAB_CASE, `${event}: ${key} is not kebab-case`);
    const better = REPLACED[key];
    assert.equal(better, undefined, `${event}: ${key} is called ${better}`);
    assert.ok(
      key !== "reason" || event.startsWith("operator-") || event === "dashboard-action",
      `${event}: reason is an operator's; why something failed is err, an explanation message`,
    );
  }
}
