/** Generated documents: current, in line with parsing, and complete. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { generatedFiles } from "./main.ts";
import { document, valid } from "../../tests/support/judges/json_schema.ts";
import { jsonSchema } from "./config_schema.ts";
import { formatIssue } from "../../src/config/issue.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { BEGIN, END, referenceText, withReference } from "./config_reference.ts";
import { MAGLEV } from "../../src/config/schema/schema.ts";
import type { Keys } from "../../src/config/schema/types.ts";

const FIXTURES = new URL("../../tests/fixtures/config/", import.meta.url);
const GUIDE = Deno.readTextFileSync(new URL("../../docs/config-guide.md", import.meta.url));

Deno.test("generated documentation is current; run deno run -A tools/docs/main.ts", async () => {
  const stale = (await generatedFiles()).filter(({ current, wanted }) => current !== wanted);
  deepEqual(stale.map(({ name }) => name), []);
});

Deno.test("withReference() replaces only the text between the marks", () => {
  const guide = `before\n${BEGIN}\nold\n${END}\nafter\n`;
  const replaced = withReference(guide);
  equal(replaced, `before\n${BEGIN}\n\n${referenceText()}\n${END}\nafter\n`);
  equal(withReference(replaced), replaced);
  equal(withReference("no marks"), undefined);
  equal(withReference(`${END}${BEGIN}`), undefined);
});

Deno.test("the reference has a heading for every key of the table", () => {
  const text = referenceText();
  const check = (keys: Keys) => {
    for (const [key, row] of Object.entries(keys)) {
      const heading = row.type === "section" || keys === MAGLEV;
      if (heading) ok(new RegExp("^### .*[.]" + key + "[.`]", "m").test(text), key);
      else ok(text.includes(`#### \`${key}\`\n`), key);
      if (row.type === "variants") Object.values(row.variants).forEach(check);
      if ("keys" in row) check(row.keys);
    }
  };
  check(MAGLEV);
});

function guideExamples(): readonly string[] {
  return [...GUIDE.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1]!);
}

Deno.test("every example of the guide is valid without a warning", () => {
  const examples = guideExamples();
  ok(examples.length >= 4);
  for (const example of examples) {
    const result = parseConfig(example, { file: "example" });
    const issues = result.kind === "ok" ? result.warnings : result.issues;
    deepEqual(issues.map(formatIssue), []);
  }
});

Deno.test("the guide shows the messages that are printed", () => {
  const file = `maglev:
  healthchecks:
    http: { type: http, port: 80 }
  backends:
    a: { adress: 10.0.0.1, healthcheck: htpp }
`;
  const result = parseConfig(file, { file: "f" });
  ok(result.kind === "parse-error");
  for (const { message } of result.issues) ok(GUIDE.includes(message), message);
});

// ---- The JSON Schema.

function read(folder: string, name: string): string {
  return Deno.readTextFileSync(new URL(`${folder}/${name}`, FIXTURES));
}

function names(folder: string): readonly string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, FIXTURES))].map((entry) => entry.name)
    .filter((name) => name.endsWith(".yaml")).sort();
}

Deno.test("the JSON Schema accepts every valid file", () => {
  const schema = jsonSchema();
  for (const example of guideExamples()) ok(valid(schema, document(example)), example);
  for (const folder of ["good", "warn"]) {
    for (const name of names(folder)) ok(valid(schema, document(read(folder, name))), name);
  }
});

/** Rules over several keys, and rules that a schema cannot express. */
const BEYOND: readonly string[] = [
  "encap-check",
  "damping-order",
  "isolation-targets",
  "isolation-targets-quorum",
  "address-form",
  "link-local",
  "missing-key-vpp",
  "vip-as-server",
  "vip-chain",
  "vip-ring",
  "bad-ca-file",
  "bad-client-cert",
  "all-ports-overlap",
  "announce-without-file",
  "min-up-unreachable",
  "bad-header",
  "bad-regexp",
  "bad-text",
  "delay-order",
  "duplicate-frontend",
  "duplicate-pool",
  "encap-conflict",
  "mixed-families",
  "bad-step",
  "not-unicast",
  "not-whole-seconds",
  "scoped-backend",
  "unknown-name",
];

/** Files that are not YAML, or not a single document: a schema does not apply to them. */
const NO_DOCUMENT: readonly string[] = [
  "alias-expansion",
  "bad-alias",
  "bad-key",
  "control-character",
  "duplicate-key",
  "nested-too-deeply",
  "several-documents",
  "unknown-tag",
  "yaml-syntax",
  "yaml-syntax-tab",
];

Deno.test("the JSON Schema refuses the bad fixtures, except those of rules over several keys", () => {
  const schema = jsonSchema();
  for (const name of names("bad")) {
    const rule = name.replace(/\.yaml$/, "");
    if (NO_DOCUMENT.includes(rule)) continue;
    ok(BEYOND.includes(rule) || !valid(schema, document(read("bad", name))), name);
  }
});

function frontend(service: string): string {
  return `maglev: { backends: { a: { address: 10.0.0.1 } }, frontends: { f: { address: 10.0.0.2, ` +
    `${service}, pools: [{ name: p, backends: { a: } }] } } }`;
}

Deno.test("the JSON Schema and reading agree on single values", () => {
  const schema = jsonSchema();
  const cases: readonly string[] = [
    "maglev: { healthchecker: { transition-history: 2.0 } }",
    "maglev: { healthchecker: { transition-history: 2.5 } }",
    "maglev: { healthchecker: { transition-history: '2' } }",
    "maglev: { healthchecker: { netns: 80 } }",
    "maglev: { healthchecker: { netns: [80] } }",
    "maglev: { healthchecker: ~, vpp: ~, backends: ~ }",
    "maglev: ~",
    "maglev: { vpp: { lb: ~ } }",
    "maglev: { healthchecks: { h: { type: icmp } } }",
    "maglev: { healthchecks: { h: { type: icmp, params: ~ } } }",
    "maglev: { healthchecks: { h: { type: icmp, params: { ssl: true } } } }",
    "maglev: { healthchecks: { h: { type: tcp } } }",
    "maglev: { healthchecks: { h: { port: 80 } } }",
    "maglev: { healthchecks: { h: { type: tcp, port: 80, interval: 2 } } }",
    "maglev: { healthchecks: { h: { type: tcp, port: 80, interval: 1m30.5s } } }",
    "maglev: { healthchecks: { h: { type: tcp, port: 80, params: { path: / } } } }",
    "maglev: { healthchecks: { h: { type: http, port: 80, params: { headers: ~ } } } }",
    "maglev: { healthchecks: { h: { type: http, port: 80, params: { headers: { A: 1 } } } } }",
    "maglev: { healthchecks: { h: { type: http, port: 80, params: { response-code: '200,204 - 206' } } } }",
    "maglev: { healthchecks: { h: { type: http, port: 80, params: { response-code: 2xx } } } }",
    "maglev: { backends: { a: ~ } }",
    "maglev: { backends: { a: { address: 10.0.0.1 } } }",
    "maglev: { backends: { a: { address: 10.0.0.1/32 } } }",
    "maglev: { backends: { 'a b': { address: 10.0.0.1 } } }",
    "maglev: { backends: { a: { address: 10.0.0.1, enabled: yes } } }",
    "maglev: { backends: { a: { address: 10.0.0.1, enabled: 'OFF' } } }",
    "maglev: { backends: { a: { address: 10.0.0.1, enabled: oFF } } }",
    "maglev: { backends: { a: { address: 10.0.0.1, enabled: 1 } } }",
    "maglev: { vpp: { lb: { ipv4-src-address: 10.0.0.1, ipv6-src-address: '::1', sync-interval: -1s } } }",
    "maglev: { vpp: { lb: { ipv4-src-address: 10.0.0.1, ipv6-src-address: '::1', sync-interval: 0 } } }",
    "maglev: { vpp: { lb: { ipv4-src-address: 10.0.0.1, ipv6-src-address: '::1', startup-min-delay: -1s } } }",
    frontend("port: 0"),
    frontend("port: 0, protocol: udp"),
    frontend("port: 1, protocol: udp"),
    frontend("port: 1"),
    frontend("port: -1, protocol: udp"),
    frontend("protocol: udp"),
    "{ x-top: [1, 2], maglev: { x-here: 3, backends: { 'x-a b': 4, a: { address: 10.0.0.1, x-5: } } } }",
    "{ x-top: 1 }",
    "{ X-top: 1, maglev: }",
    "maglev: { healthchecks: { h: { type: http, port: 80, params: { x-p: 1, headers: { x-h: 1 } } } } }",
    "maglev: { healthchecks: { h: { type: http, port: 80, params: { headers: { x-h: [1] } } } } }",
  ];
  for (const text of cases) {
    const result = parseConfig(text, { file: "f" });
    equal(valid(schema, document(text)), result.kind === "ok", text);
  }
});
