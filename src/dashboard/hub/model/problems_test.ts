import assert from "node:assert/strict";
import type { Backend, Frontend, MaglevdState, Problem } from "../../protocol.ts";
import { disagreements } from "./dataplane.ts";
import { MAX_PROBLEMS, type ProblemOptions, problemsOf, sortedProblems } from "./problems.ts";

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;

function backend(name: string, fields: Partial<Backend> = {}): Backend {
  return {
    ...{ name, address: `10.0.0.${name.slice(1)}`, state: "up", healthcheck: "c", since_ms: 1 },
    ...{ counter: 4, rise: 2, fall: 3, carried: false, flaps: 0 },
    ...fields,
  };
}

function frontend(name: string, fields: Partial<Frontend> = {}): Frontend {
  return {
    ...{ name, address: "192.0.2.1", protocol: "tcp", port: 80, src_ip_sticky: false },
    ...{ flush_on_down: false, state: "up", active_pool: "main" },
    pools: [
      {
        name: "main",
        backends: [
          { name: "b0", weight: 100, effective_weight: 100 },
          { name: "b1", weight: 50, effective_weight: 50 },
        ],
      },
      { name: "spare", backends: [{ name: "b2", weight: 10, effective_weight: 0 }] },
    ],
    ...fields,
  };
}

function server(address: string, weight: number, fields = {}) {
  return { address, weight, in_use: true, buckets: 1, ...fields };
}

const SERVERS = [server("10.0.0.0", 100), server("10.0.0.1", 50), server("10.0.0.2", 0)];

function world(fields: Partial<MaglevdState> = {}): MaglevdState {
  return {
    ...{ name: "lb1", address: "lb1:9090", connected: true, connection_since_ms: 1, ready: true },
    frontends: [frontend("web")],
    backends: ["b0", "b1", "b2"].map((name) => backend(name)),
    healthchecks: [],
    vpp: { state: "connected", weights: true },
    lb: {
      read_ms: NOW,
      vips: [
        {
          ...{ prefix: "192.0.2.1/32", protocol: "tcp", port: 80, encap: "gre4" },
          servers: SERVERS,
        },
      ],
    },
    ...fields,
  };
}

function textsOf(state: MaglevdState, options: Partial<ProblemOptions> = {}): string[] {
  const problems = problemsOf(state, {
    nowMs: NOW,
    notes: [],
    isSettled: () => true,
    ...options,
  });
  return problems.map(({ severity, kind, name = "", message }) =>
    `${severity} ${kind} ${name}: ${message}`
  );
}

Deno.test("nothing is wrong with what is well", () => {
  assert.deepEqual(textsOf(world()), []);
  assert.deepEqual(textsOf(world({ vpp: { state: "off" } })), []);
});

Deno.test("each thing that is wrong has its sentence", () => {
  const cases: [Partial<MaglevdState>, string[]][] = [
    [{ connected: false, error: "refused" }, ["critical maglevd : not connected: refused"]],
    [{ connected: false }, ["warning maglevd : not connected yet"]],
    [{ ready: false, reason: "VPP" }, ["warning maglevd : not ready: VPP"]],
    [{ blind: [{ netns: "dmz", reason: "no descriptors" }] }, [
      "critical prober : cannot probe in network namespace dmz: no descriptors; states and " +
      "weights stay as they are",
    ]],
    [{ blind: [{ netns: "", reason: "0 of 2 targets answer", isolated: true }] }, [
      "critical prober : is cut off: 0 of 2 targets answer; states and weights stay as they are",
    ]],
    [{ frontends: [frontend("web", { announced: "withdrawn", active_pool: "spare" })] }, [
      "warning frontend web: its prefix is withdrawn from the routing (announce)",
      "warning frontend web: served by the fallback pool spare",
    ]],
    [{ config_on_disk: "invalid" }, ["warning config : the configuration file on disk is invalid"]],
    [{ config_on_disk: "differs" }, [
      "warning config : the configuration file on disk is not the one in force",
    ]],
    [{ config_on_disk: "same", clock_skew_ms: 999 }, []],
    [{ clock_skew_ms: -1500 }, ["warning clock : its clock is 1.5s after the dashboard's"]],
    [{ vpp: { state: "connecting", error: "no socket" } }, [
      "critical vpp : VPP is not connected: no socket",
    ]],
    [{ withheld: ["too many VIPs"] }, ["warning vpp : withheld: too many VIPs"]],
    [{ frontends: [frontend("web", { state: "down", active_pool: "" })] }, [
      "critical frontend web: no backend serves it",
    ]],
    [{ frontends: [frontend("web", { active_pool: "spare" })] }, [
      "warning frontend web: served by the fallback pool spare",
    ]],
    [{
      backends: [
        backend("b0", {
          state: "down",
          last_result: { ok: false, code: "L7STS", detail: "status 503", duration_ms: 1 },
        }),
        backend("b1", { certificate_expiry_ms: NOW + 13.5 * DAY }),
        backend("b2", { certificate_expiry_ms: NOW + 15 * DAY }),
      ],
    }, [
      "warning backend b0: down: L7STS status 503",
      "warning certificate b1: its certificate expires in 13 days",
    ]],
    [{ backends: [backend("b0", { certificate_expiry_ms: NOW - 1 })], vpp: { state: "off" } }, [
      "critical certificate b0: its certificate has expired",
    ]],
  ];
  for (const [fields, expected] of cases) {
    assert.deepEqual(textsOf(world(fields)), expected, JSON.stringify(fields));
  }
  assert.deepEqual(textsOf(world(), { notes: ["cut"] }), ["warning maglevd : cut"]);
});

Deno.test("problems of all are listed worst first, then in the order of the maglevds", () => {
  const of = (maglevd: string, severity: Problem["severity"]): Problem => ({
    ...{ maglevd, severity, kind: "vpp", message: "" },
  });
  const sorted = sortedProblems([
    [of("a", "warning"), of("a", "critical")],
    [of("b", "warning"), of("b", "critical")],
  ]);
  assert.deepEqual(sorted.map(({ maglevd, severity }) => `${severity} ${maglevd}`), [
    "critical a",
    "critical b",
    "warning a",
    "warning b",
  ]);
  const many = Array.from(
    { length: MAX_PROBLEMS + 5 },
    (_, at) => backend(`b${at}`, { state: "down" }),
  );
  const texts = textsOf(world({ backends: many, frontends: [], lb: { read_ms: 1, vips: [] } }));
  assert.equal(texts.length, MAX_PROBLEMS + 1);
  assert.equal(texts.at(-1), "critical maglevd : 5 more problems are not listed");
});

Deno.test("VPP is compared with the weights in force, and only when it can be", () => {
  const vips = (servers: readonly ReturnType<typeof server>[]) => ({
    lb: { read_ms: NOW, vips: [{ ...world().lb!.vips[0]!, servers }] },
  });
  const differences = (fields: Partial<MaglevdState>, isSettled = true) =>
    disagreements(world(fields), () => isSettled).map(({ message }) => message);
  const [b0, b1, b2] = SERVERS as [typeof SERVERS[0], typeof SERVERS[0], typeof SERVERS[0]];
  assert.deepEqual(differences({ lb: { read_ms: NOW, vips: [] } }), [
    "VPP does not have this VIP",
  ]);
  assert.deepEqual(differences(vips([b0, b1])), [], "weight 0 and not there is the same");
  assert.deepEqual(differences(vips([b0, b2])), [
    "VPP does not use 10.0.0.1, which should have weight 50",
  ]);
  assert.deepEqual(differences(vips([b0, { ...b1, in_use: false }, b2])), [
    "VPP does not use 10.0.0.1, which should have weight 50",
  ]);
  assert.deepEqual(differences(vips([b0, { ...b1, weight: 49 }, b2])), [
    "10.0.0.1 has weight 49 in VPP, and should have 50",
  ]);
  assert.deepEqual(differences(vips([...SERVERS, server("10.0.0.9", 1)])), [
    "VPP uses 10.0.0.9, which is not in this frontend",
  ]);
  // A VPP without weights: in use or not.
  const plain = { state: "connected", weights: false } as const;
  assert.deepEqual(differences({ ...vips([b0, { ...b1, weight: 100 }]), vpp: plain }), []);
  assert.deepEqual(differences({ ...vips(SERVERS), vpp: plain }), [
    "VPP still uses 10.0.0.2, which should have weight 0",
  ]);
  // Two backends of one address are one server with the greater weight.
  const shared = [backend("b0", { address: "10.0.0.1" }), backend("b1"), backend("b2")];
  assert.deepEqual(differences({ backends: shared, ...vips([{ ...b1, weight: 100 }, b2]) }), []);
  // A blind prober keeps VPP's own weights.
  const blind = [backend("b0"), backend("b1", { blind: "no port" }), backend("b2")];
  assert.deepEqual(differences({ backends: blind, ...vips([b0, { ...b1, weight: 3 }, b2]) }), []);
  const wrong = { lb: { read_ms: NOW, vips: [] } };
  assert.deepEqual(differences(wrong, false), []);
  for (const warmup of ["waiting", "releasing"] as const) {
    assert.deepEqual(differences({ ...wrong, warmup }), []);
  }
  assert.deepEqual(differences({ ...wrong, vpp: { state: "connecting" } }), []);
});

Deno.test("problemsOf() names servers that fail through VPP's tunnel, and those it cannot check", () => {
  const backends = [
    {
      name: "b0",
      weight: 100,
      effective_weight: 0,
      encap: { failing: true as const, text: "no answer through the tunnel" },
    },
    { name: "b1", weight: 50, effective_weight: 50, encap: { text: "no route" } },
  ];
  const web = frontend("web", { pools: [{ name: "main", backends }] });
  const texts = textsOf(world({ frontends: [web] }));
  assert.deepEqual(texts.filter((text) => text.includes("encap")), [
    "warning frontend web: backend b0 fails through VPP's tunnel (encap): no answer through the tunnel",
    "warning frontend web: backend b1 cannot be checked (encap): no route",
  ]);
});
