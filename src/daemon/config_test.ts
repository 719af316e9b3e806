import assert from "node:assert/strict";
import { parseConfig } from "../config/parse.ts";
import { checkedOnHost, type ConfigResult } from "./config.ts";

const parsed = parseConfig("maglev: {}\n", { file: "f" });
assert.ok(parsed.kind === "ok");
const GOOD: ConfigResult = {
  kind: "ok",
  config: parsed.config,
  hash: "",
  text: new Uint8Array(0),
  warnings: [],
};
const LACKING = { problem: () => "no ICMP", warnings: () => ["few ports"] };

Deno.test("a lack of the host refuses a configuration that runs here", () => {
  const judged = checkedOnHost(GOOD, { path: "m.yaml", host: LACKING });
  assert.ok(judged.kind === "error");
  assert.equal(judged.status, 1);
  assert.deepEqual(judged.errors.map(({ text }) => text), ["no ICMP"]);
  assert.deepEqual(judged.errors[0]?.fields, { file: "m.yaml", message: "no ICMP" });
});

Deno.test("a lack of the host is a warning of --check, because the file may be for another host", () => {
  const judged = checkedOnHost(GOOD, { path: "m.yaml", host: LACKING, elsewhere: true });
  assert.equal(judged.kind, "ok");
  assert.deepEqual(judged.warnings.map(({ text }) => text), [
    "m.yaml: warning: few ports",
    "m.yaml: warning: no ICMP; maglevd does not start here without it",
  ]);
});

Deno.test("a sufficient host adds its warnings; an invalid file is not checked against it", () => {
  const host = { problem: () => undefined, warnings: () => ["few ports"] };
  const judged = checkedOnHost(GOOD, { path: "m.yaml", host });
  assert.deepEqual([judged.kind, judged.warnings.length], ["ok", 1]);
  assert.equal(checkedOnHost(GOOD, { path: "m.yaml", host: { problem: () => undefined } }), GOOD);
  const bad: ConfigResult = { kind: "error", status: 2, errors: [], warnings: [] };
  assert.equal(checkedOnHost(bad, { path: "m.yaml", host: LACKING }), bad);
});
