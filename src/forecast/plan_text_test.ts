import assert from "node:assert/strict";
import { finish } from "../async/steps.ts";
import { createBackend, step } from "../health/machine.ts";
import { Registry } from "../checker/registry.ts";
import { workOutReload } from "../checker/worked_reload.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { parseSubset } from "../config/parse_subset.ts";
import type { Config } from "../config/model.ts";
import { plansOfReload } from "./forecast.ts";
import { type PlanContext, planText, removalOf } from "./plan_text.ts";

const CONTEXT: PlanContext = {
  next: "aa",
  inForce: "bb",
  vpp: { kind: "connected", bootAtMs: wall(1000) },
};

function config(servers: readonly string[], frontends: readonly string[], lb = ""): Config {
  const text = "maglev:\n" +
    `  vpp: { lb: { ipv4-src-address: 10.0.0.1, ipv6-src-address: "2001:db8::1"${lb} } }\n` +
    "  healthchecks: { c: { type: icmp } }\n  backends:\n" +
    ["a", "b", "c", "d"].map((name, i) =>
      `    ${name}: { address: 192.0.2.${i + 1}, healthcheck: c }\n`
    ).join("") +
    "  frontends:\n" +
    frontends.map((name, i) =>
      `    ${name}: { address: 198.51.100.${i + 1}, pools: [ { name: p, backends: { ` +
      `${servers.map((server) => `${server}: {}`).join(", ")} } } ] }\n`
    ).join("");
  const result = parseSubset(text, { file: "maglev.yaml" });
  assert.ok(result !== undefined && result.kind === "ok", JSON.stringify(result));
  return result.config;
}

/** A reload from `before` to `after` with these servers up. */
function reload(before: Config, after: Config, up: readonly string[]) {
  const backends = new Map([...before.backends.keys()].map((name) => {
    let backend = createBackend(name, {
      policy: { rise: 1, fall: 1 },
      enabled: true,
      historyCapacity: 1,
      nowMs: wall(0),
    });
    if (!up.includes(name)) return [name, backend];
    const result = { ok: true, layer: "L3", code: "L3OK", detail: "" } as never;
    const stepped = step(backend, { kind: "probe", result }, wall(1));
    assert.ok(stepped.ok);
    backend = stepped.backend;
    assert.equal(backend.state, "up");
    return [name, backend];
  }));
  const registry = new Registry(before, backends);
  const worked = finish(workOutReload(registry.snapshot(), after, wall(2)));
  return { worked, plans: finish(plansOfReload(worked, { can: { weights: true } })) };
}

function textOf(before: Config, after: Config, up: readonly string[], context = CONTEXT): string {
  const { worked, plans } = reload(before, after, up);
  return planText(worked, plans, context);
}

Deno.test("planText() has the operations of the file, not those of health", () => {
  const before = config(["a", "b", "c"], ["web"]);
  const after = config(["b", "c"], ["web"]);
  const text = textOf(before, after, ["a", "b", "c"]);
  assert.match(text, /\["as-del","198\.51\.100\.1\/32 255 0","192\.0\.2\.1",true\]/);
  // Another server of the VIP goes down in between: the file causes the same.
  assert.equal(textOf(before, after, ["a", "b"]), text);
});

Deno.test("planText() differs when the file, the running file or VPP differs", () => {
  const before = config(["a", "b"], ["web"]);
  const after = config(["a"], ["web"]);
  const vpp = { kind: "connected", bootAtMs: wall(2000) } as const;
  const texts = [
    CONTEXT,
    { ...CONTEXT, next: "ab" },
    { ...CONTEXT, inForce: "bc" },
    { ...CONTEXT, vpp },
    { ...CONTEXT, vpp: { kind: "disconnected" } as const },
    { ...CONTEXT, vpp: { kind: "off" } as const },
  ].map((context) => textOf(before, after, ["a", "b"], context));
  assert.equal(new Set(texts).size, texts.length);
});

Deno.test("planText() differs when a state makes the file cause another operation", () => {
  const before = config(["a", "b"], ["web"]);
  const after = config(["a", "b", "c"], ["web"]);
  assert.notEqual(textOf(before, after, ["a", "b"]), textOf(before, after, ["a", "b", "c"]));
});

Deno.test("removalOf() gives the greater share of removed VIPs and servers", () => {
  const before = config(["a", "b", "c", "d"], ["web", "api"]);
  const removal = (after: Config) => {
    const { worked, plans } = reload(before, after, ["a"]);
    return removalOf(worked, plans);
  };
  assert.equal(removal(before).percent, 0);
  assert.deepEqual(removal(config(["a", "b", "c"], ["web", "api"])), {
    percent: 25,
    text: "it removes 0 of 2 VIPs and 2 of 8 servers",
  });
  assert.equal(removal(config(["a", "b", "c", "d"], ["web"])).percent, 50);
  // A recreated VIP is not removed.
  const longer = config(["a", "b", "c", "d"], ["web", "api"], ", new-flows-table-length: 2048");
  assert.equal(removal(longer).percent, 0);
  const sticky = config(["a", "b", "c", "d"], ["web", "api"], ", sticky-buckets-per-core: 1024");
  assert.equal(removal(sticky).percent, 100);
});
