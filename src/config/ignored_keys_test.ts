/** Keys that begin with `x-` are passed over in every map of the table, and nowhere else. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { parse as parseYaml, stringify } from "yaml";
import { formatIssue } from "./issue.ts";
import { type LoadResult, parseConfig } from "./parse.ts";
import { parseSubset } from "./parse_subset.ts";
import { mayHaveOwnKeys } from "./ignored_keys.ts";

const FULL = Deno.readTextFileSync(
  new URL("../../tests/fixtures/config/good/full.yaml", import.meta.url),
);

function issuesOf(result: LoadResult): readonly string[] {
  return (result.kind === "ok" ? result.warnings : result.issues).map(formatIssue);
}

/** `value` with keys `x-…` in each map in it but `headers`, and how many maps those are. */
function withOwnKeys(value: unknown, counter: { maps: number }, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => withOwnKeys(item, counter));
  if (typeof value !== "object" || value === null || key === "headers") return value;
  counter.maps++;
  const own = { "x-": null, "x-list": [1, { a: "~" }], "x-text b": "no", "x-map": { type: 3 } };
  const inner = Object.entries(value).map(([name, item]) => [
    name,
    withOwnKeys(item, counter, name),
  ]);
  return { ...own, ...Object.fromEntries(inner) };
}

Deno.test("keys that begin with x- change nothing in any map of a file with every key", () => {
  const plain = parseConfig(FULL, { file: "f" });
  ok(plain.kind === "ok");
  const counter = { maps: 0 };
  const text = stringify(withOwnKeys(parseYaml(FULL), counter));
  ok(counter.maps >= 24, `${counter.maps} maps`);
  const result = parseConfig(text, { file: "f" });
  deepEqual(issuesOf(result), []);
  ok(result.kind === "ok");
  deepEqual(result.config, plain.config);
});

Deno.test("an anchor below an x- key can be used anywhere after it", () => {
  const result = parseConfig(
    `x-times: &times { interval: 1s, timeout: 500ms }
maglev:
  x-pools: &pools
    - name: main
      backends: { a: {} }
  healthchecks:
    x-base: &base { type: http, port: 80, <<: *times }
    web: { <<: *base, port: 8080 }
  backends:
    a: { address: 10.0.0.1, healthcheck: web }
  frontends:
    x-vip: &vip { address: 192.0.2.10, protocol: tcp }
    web: { <<: *vip, port: 80, pools: *pools }
    tls: { <<: *vip, port: 443, pools: *pools }
`,
    { file: "f" },
  );
  deepEqual(issuesOf(result), []);
  ok(result.kind === "ok");
  const { healthchecks, frontends } = result.config;
  deepEqual([...healthchecks.keys()], ["web"]);
  deepEqual([healthchecks.get("web")?.port, healthchecks.get("web")?.intervalMs], [8080, 1000]);
  deepEqual([...frontends.values()].map(({ port }) => port), [80, 443]);
});

Deno.test("a complete x- frontend draws a warning, unless another one is based on it", () => {
  const file = (name: string, other: string) =>
    `maglev:
  backends: { a: { address: 10.0.0.1 } }
  frontends:
    ${name}: &vip { address: 192.0.2.10, pools: &pools [{ name: p, backends: { a: {} } }] }
    web: { ${other}, protocol: tcp, port: 80 }
`;
  const template = parseConfig(file("x-vip", "<<: *vip"), { file: "f" });
  deepEqual(issuesOf(template), []);
  const lost = parseConfig(file("x-ray", "address: 192.0.2.10, pools: *pools"), { file: "f" });
  deepEqual(issuesOf(lost), [
    "f:4:5: warning: maglev.frontends.x-ray: is ignored, because names that begin with `x-` are; " +
    "rename it if it is a frontend",
  ]);
});

Deno.test("headers that begin with x- are sent", () => {
  const result = parseConfig(
    "maglev: { healthchecks: { h: { type: http, port: 80, params: { headers: { x-probe: 1 } } } } }",
    { file: "f" },
  );
  ok(result.kind === "ok");
  const params = result.config.healthchecks.get("h")?.params;
  deepEqual(params?.type === "http" && params.headers, [["x-probe", "1"]]);
});

Deno.test("a name that begins with x- is not defined, and a reference to it is an error", () => {
  const result = parseConfig(
    "maglev: { healthchecks: { x-hc: { type: icmp } }, " +
      "backends: { a: { address: 10.0.0.1, healthcheck: x-hc } } }",
    { file: "f" },
  );
  equal(result.kind, "semantic-error");
  ok(issuesOf(result)[0]?.includes('there is no healthcheck "x-hc"'), `${issuesOf(result)}`);
  ok(issuesOf(result)[0]?.includes("names that begin with `x-` are ignored"));
});

Deno.test("an unknown key that looks like the author's own gets a hint about x-", () => {
  const hints: readonly (readonly [key: string, hint: string])[] = [
    ["X-defaults", '; a key of your own begins with `x-`: "x-defaults"'],
    ["x_defaults", '; a key of your own begins with `x-`: "x-defaults"'],
    [".defaults", '; a key of your own begins with `x-`: "x-defaults"'],
    ["_defaults", '; a key of your own begins with `x-`: "x-defaults"'],
    ["xdefaults", "; known here: healthchecker, vpp, announce, healthchecks, backends, frontends"],
    ["backend", '; did you mean "backends"?'],
  ];
  for (const [key, hint] of hints) {
    const [issue] = issuesOf(parseConfig(`maglev: { ${key}: {} }`, { file: "f" }));
    ok(issue?.endsWith(`unknown key${hint}`), issue ?? "no issue");
  }
});

Deno.test("mayHaveOwnKeys() is true wherever a key begins with x-, and not for keys with x- within", () => {
  for (const text of ["x-a: 1", "a: {x-b: 1}", "a:\n  'x-b': 1", "? x-a\n: 1", '"\\x78-a": 1']) {
    ok(mayHaveOwnKeys(text), text);
  }
  for (const text of ["max-down: 1", "a.x-b: 1", "a: ax-b\n"]) ok(!mayHaveOwnKeys(text), text);
});

Deno.test("a server whose name begins with x- is pointed out by the reader of the common subset too", () => {
  const text = `maglev:
  backends: { a: { address: 10.0.0.1 }, x-b: { address: 10.0.0.2 } }
  frontends: { web: { address: 192.0.2.1, pools: [ { name: p, backends: { a: {}, x-b: {} } } ] } }
`;
  const result = parseSubset(text, { file: "f" });
  ok(result !== undefined);
  deepEqual(issuesOf(result), issuesOf(parseConfig(text, { file: "f" })));
  equal(issuesOf(result).filter((issue) => issue.includes("x-b")).length, 1);
});
