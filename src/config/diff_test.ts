import { deepEqual, equal, ok } from "node:assert/strict";
import { type BackendsDiff, type ConfigDiff, diffConfig, sameHealthcheck } from "./diff.ts";
import type { Config } from "./model.ts";
import { parseConfig } from "./parse.ts";

const BASE = `maglev:
  healthchecker: { transition-history: 5 }
  vpp:
    lb: { ipv4-src-address: 192.0.2.1, ipv6-src-address: 2001:db8::1 }
  healthchecks:
    web: { type: http, port: 80, params: { headers: { X-A: 1, X-B: 2 } } }
    ping: { type: icmp }
  backends:
    a: { address: 10.0.0.1, healthcheck: web }
    b: { address: 10.0.0.2, healthcheck: ping }
    c: { address: 10.0.0.3 }
  frontends:
    one: { address: 192.0.2.10, pools: [{ name: p, backends: { a: { weight: 10 }, b: {} } }] }
    two: { address: 192.0.2.11, pools: [{ name: p, backends: { c: {} } }] }
`;

function config(text: string): Config {
  const result = parseConfig(text, { file: "f" });
  ok(result.kind === "ok", JSON.stringify(result.kind === "ok" ? "" : result.issues));
  return result.config;
}

/** BASE with replacements, each of which must apply. */
function changed(replacements: readonly (readonly [string, string])[]): Config {
  let text = BASE;
  for (const [from, to] of replacements) {
    ok(text.includes(from), `the base has no ${from}`);
    text = text.replace(from, to);
  }
  return config(text);
}

Deno.test("another body of a POST, or another alpn, is another definition", () => {
  const of = (params: string) =>
    config(BASE.replace("type: http, port: 80, params: { headers: { X-A: 1, X-B: 2 } }", params))
      .healthchecks.get("web")!;
  const post = (body: string) =>
    of(`type: http, port: 80, params: { method: POST, body: ${body} }`);
  equal(sameHealthcheck(post("a"), post("a")), true);
  equal(sameHealthcheck(post("a"), post("b")), false);
  const tls = (alpn: string) => of(`type: https, port: 443, params: { alpn: ${alpn} }`);
  equal(sameHealthcheck(tls("http/1.1"), tls("[http/1.1]")), true);
  equal(sameHealthcheck(tls("http/1.1"), of("type: https, port: 443")), true);
  equal(sameHealthcheck(tls("http/1.1"), tls("[]")), false);
  equal(sameHealthcheck(tls("[a, b]"), tls("[b, a]")), false);
});

const UNCHANGED: ConfigDiff = {
  backends: {
    added: [],
    removed: [],
    restarted: [],
    readdressed: [],
    untouched: ["a", "b", "c"],
    enabledChanged: [],
  },
  lbConfChanged: false,
};

interface Case {
  readonly what: string;
  readonly edits: readonly (readonly [string, string])[];
  readonly backends?: Partial<BackendsDiff>;
  readonly lbConfChanged?: true;
}

const CASES: readonly Case[] = [
  { what: "nothing", edits: [] },
  {
    what: "a probe setting restarts who uses it",
    edits: [["port: 80", "port: 81"]],
    backends: { restarted: ["a"], untouched: ["b", "c"] },
  },
  {
    what: "a pace restarts who uses it",
    edits: [["type: icmp", "type: icmp, rise: 3"]],
    backends: { restarted: ["b"], untouched: ["a", "c"] },
  },
  {
    what: "the order of headers is part of the definition",
    edits: [["X-A: 1, X-B: 2", "X-B: 2, X-A: 1"]],
    backends: { restarted: ["a"], untouched: ["b", "c"] },
  },
  ...["response-regexp-not: down", "method: POST", "headers: { User-Agent: }", "response-regexp: a"]
    .map((key) => ({
      what: `another ${key} restarts who uses it`,
      edits: [["headers: { X-A: 1, X-B: 2 }", key]] as const,
      backends: { restarted: ["a"], untouched: ["b", "c"] },
    })),
  {
    what: "another alpn restarts who uses it",
    edits: [["type: icmp", "type: tcp, port: 1, params: { ssl: true, alpn: smtp }"]],
    backends: { restarted: ["b"], untouched: ["a", "c"] },
  },
  {
    what: "a default written out is no change",
    edits: [["type: icmp", "type: icmp, interval: 2000ms, fall: 3"]],
  },
  {
    what: "a renamed healthcheck with the same definition goes on",
    edits: [["web: {", "www: {"], ["healthcheck: web", "healthcheck: www"]],
  },
  {
    what: "another healthcheck with another definition restarts",
    edits: [["10.0.0.1, healthcheck: web", "10.0.0.1, healthcheck: ping"]],
    backends: { restarted: ["a"], untouched: ["b", "c"] },
  },
  {
    what: "checked to static and static to checked restart",
    edits: [["10.0.0.2, healthcheck: ping", "10.0.0.2"], [
      "10.0.0.3",
      "10.0.0.3, healthcheck: ping",
    ]],
    backends: { restarted: ["b", "c"], untouched: ["a"] },
  },
  {
    what: "another namespace restarts all that are probed",
    edits: [["transition-history: 5", "netns: dataplane"]],
    backends: { restarted: ["a", "b"], untouched: ["c"] },
  },
  {
    what: "another address goes on",
    edits: [["10.0.0.1,", "10.9.0.1,"], ["10.0.0.3", "10.9.0.3"]],
    backends: { readdressed: ["a", "c"], untouched: ["b"] },
  },
  {
    what: "another address and another definition restart, and are not readdressed as well",
    edits: [["10.0.0.1,", "10.9.0.1,"], ["port: 80", "port: 81"]],
    backends: { restarted: ["a"], untouched: ["b", "c"] },
  },
  {
    what: "enabled goes on, and is told",
    edits: [["10.0.0.2,", "10.0.0.2, enabled: false,"], ["10.0.0.3", "10.9.0.3, enabled: false"]],
    backends: { readdressed: ["c"], untouched: ["a", "b"], enabledChanged: ["b", "c"] },
  },
  {
    what: "a backend comes and one goes",
    edits: [["    b: { address", "    d: { address"], ["b: {}", "d: {}"]],
    backends: { added: ["d"], removed: ["b"], untouched: ["a", "c"] },
  },
  {
    what: "a weight changes no backend",
    edits: [["weight: 10", "weight: 11"]],
  },
  {
    what: "the order in a pool changes no backend",
    edits: [["a: { weight: 10 }, b: {}", "b: {}, a: { weight: 10 }"]],
  },
  {
    what: "a description changes no backend",
    edits: [["two: {", "two: { description: x,"]],
  },
  {
    what: "another name of a frontend changes no backend",
    edits: [["    one: {", "    three: {"]],
  },
  {
    what: "a source address changes what lb_conf programs",
    edits: [["192.0.2.1,", "192.0.2.2,"]],
    lbConfChanged: true,
  },
  {
    what: "the flow timeout changes what lb_conf programs",
    edits: [["lb: {", "lb: { flow-timeout: 41s,"]],
    lbConfChanged: true,
  },
  {
    what: "the buckets per core change what lb_conf programs",
    edits: [["lb: {", "lb: { sticky-buckets-per-core: 1024,"]],
    lbConfChanged: true,
  },
  {
    what: "an interval of vpp.lb changes nothing that lb_conf programs",
    edits: [["lb: {", "lb: { sync-interval: 31s,"]],
  },
  {
    what: "the section vpp.lb goes",
    edits: [["    lb: { ipv4-src-address: 192.0.2.1, ipv6-src-address: 2001:db8::1 }\n", ""]],
    lbConfChanged: true,
  },
  {
    what: "the history changes no check",
    edits: [["transition-history: 5", "transition-history: 6"]],
  },
];

for (const { what, edits, backends, lbConfChanged = false } of CASES) {
  Deno.test(`diffConfig() distinguishes: ${what}`, () => {
    deepEqual(diffConfig(config(BASE), changed(edits)), {
      lbConfChanged,
      backends: { ...UNCHANGED.backends, ...backends },
    });
  });
}

Deno.test("diffConfig() of a configuration and itself is empty, also read twice", () => {
  const once = config(BASE);
  deepEqual(diffConfig(once, once), UNCHANGED);
  deepEqual(diffConfig(once, config(BASE)), UNCHANGED);
});

Deno.test("diffConfig() backwards swaps what is added and removed", () => {
  const before = config(BASE);
  const after = changed([["    b: { address", "    d: { address"], ["b: {}", "d: {}"]]);
  const [forth, back] = [diffConfig(before, after), diffConfig(after, before)];
  deepEqual(forth.backends.added, back.backends.removed);
  deepEqual(forth.backends.removed, back.backends.added);
});
