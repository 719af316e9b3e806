/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import type { MaglevdState } from "../../protocol.ts";
import { createLb } from "./lb.ts";
import { notesOf } from "./notes.ts";
import { backend, maglevd, NOW_MS, web } from "./test_lb.ts";

const notes = (state: Partial<MaglevdState>) =>
  notesOf(createLb(maglevd(state)), NOW_MS).map(({ severity, text }) => `${severity}: ${text}`);

Deno.test("a load balancer that is as it should be has no notes", () => {
  assert.deepEqual(notes({}), []);
});

Deno.test("a maglevd that is away: only that is true now", () => {
  const away = notesOf(
    createLb(maglevd({
      connected: false,
      connection_since_ms: NOW_MS - 5000,
      error: "connection refused",
      retry_at_ms: NOW_MS + 4000,
      config_on_disk: "invalid",
    })),
    NOW_MS,
  );
  assert.deepEqual(away, [{
    severity: "critical",
    lb: "lb1",
    text: "maglevd does not answer: connection refused",
    about: "maglevd is away",
    sinceMs: NOW_MS - 5000,
    retryAtMs: NOW_MS + 4000,
  }]);
});

Deno.test("VPP away, blind probers and withheld changes are critical", () => {
  assert.deepEqual(
    notes({
      vpp: { state: "connecting", error: "no socket" },
      blind: [{ netns: "blue", reason: "it is gone" }],
      withheld: ["a VIP with port 0 of another protocol"],
    }),
    [
      "critical: VPP is not connected: no socket; it keeps what it has",
      "critical: Probes in namespace blue are void: it is gone",
      "critical: Not sent to VPP: a VIP with port 0 of another protocol",
    ],
  );
});

Deno.test("the file on disk, the clock and certificates are warnings", () => {
  assert.deepEqual(notes({ config_on_disk: "differs", config_file: "/etc/m.yaml" }), [
    "warning: /etc/m.yaml on disk differs from the configuration in force",
  ]);
  assert.deepEqual(notes({ clock_skew_ms: -999 }), []);
  assert.deepEqual(notes({ clock_skew_ms: -1500 }), [
    "warning: Clock is 1.5 s behind the dashboard's",
  ]);
  const certificate = (ms: number) =>
    notes({ backends: [backend("w1", "up", { certificate_expiry_ms: NOW_MS + ms })] });
  assert.deepEqual(certificate(30 * 86_400_000), []);
  assert.deepEqual(certificate(86_400_000), ["warning: Certificate of w1 expires in 1d"]);
  assert.deepEqual(certificate(-1), ["warning: Certificate of w1 has expired"]);
});

Deno.test("warm-up and a VPP without weights are worth knowing", () => {
  assert.deepEqual(
    notes({
      warmup: "waiting",
      warmup_until_ms: NOW_MS + 12_000,
      vpp: { state: "connected", weights: false },
    }),
    [
      "info: Warming up: VPP keeps what it has until the backends are probed, at most 12s more",
      "info: This VPP has no weights: servers are in use or not in use",
    ],
  );
});

Deno.test("a file of prefixes that is not written is a note", () => {
  const problem = "/run/prefixes is not written (disk full): routers follow what it has";
  assert.ok(notes({ announce_problem: problem }).some((text) => text.includes(problem)));
});

Deno.test("lameduck is one note, with its operator and its end, by the clock of the maglevd", () => {
  const lameduck = { kind: "lameduck", by: "eve", since_ms: 1, until_ms: NOW_MS + 60_500 } as const;
  assert.deepEqual(
    notes({ lameduck, clock_skew_ms: 500, frontends: [web({ announced: "withdrawn" })] }),
    ["warning: Lameduck, all prefixes are withdrawn, by eve, ends in 1m"],
  );
});

Deno.test("policies that hold, withdraw or cut off are in the notes", () => {
  const frontends = ["a", "b", "c", "d"].map((name, at) =>
    web({ name, address: `192.0.2.${at + 1}`, state: "down", held: true })
  );
  assert.deepEqual(
    notes({
      frontends: [...frontends, web({ name: "e", announced: "withdrawn" })],
      blind: [{ netns: "", reason: "0 of 2 targets answer", isolated: true }],
    }),
    [
      "critical: The prober is cut off (isolated), states and weights stay: 0 of 2 targets answer",
      "critical: a, b, c and 1 more: no server is up, VPP keeps the last weights (held)",
      "warning: e: withdrawn from the routing",
    ],
  );
});
