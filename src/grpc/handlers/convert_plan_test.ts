import assert from "node:assert/strict";
import { configVerdict, planConfigResponse, reloadConfigResponse } from "./convert_plan.ts";
import type { ConfigFinding, ConfigVerdict } from "../calls/daemon_api.ts";

function finding(text: string, fields: ConfigFinding["fields"]): ConfigFinding {
  return { text, fields };
}

const PARSE = finding("f:3:1: bad", {
  stage: "parse",
  file: "f",
  line: 3,
  column: 1,
  path: "a.b",
  message: "bad",
  rule: "syntax",
});
const SEMANTIC = finding("f:4:2: worse", { stage: "semantic", file: "f", line: 4, column: 2 });
const UNREADABLE = finding("cannot read f", { message: "cannot read f" });
const WARNING = finding("f:5:1: odd", { stage: "semantic", message: "odd" });

Deno.test("configVerdict() has errors by stage as text, and all findings as issues, in order", () => {
  const verdict = { ok: false, errors: [PARSE, SEMANTIC, UNREADABLE], warnings: [WARNING] };
  const { ok, parseError, semanticError, issues } = configVerdict(verdict);
  assert.equal(ok, false);
  assert.equal(parseError, "f:3:1: bad");
  assert.equal(semanticError, "f:4:2: worse\ncannot read f");
  assert.deepEqual(issues[0], {
    stage: "parse",
    file: "f",
    line: 3,
    column: 1,
    path: "a.b",
    message: "bad",
    rule: "syntax",
  });
  assert.deepEqual(issues.map(({ stage, line }) => [stage, line]), [
    ["parse", 3],
    ["semantic", 4],
    ["semantic", 0],
    ["semantic", 0],
  ]);
  const fine = configVerdict({ ok: true, errors: [], warnings: [WARNING] });
  assert.deepEqual([fine.ok, fine.parseError, fine.semanticError], [true, "", ""]);
  assert.deepEqual(fine.issues.map(({ message }) => message), ["odd"]);
});

Deno.test("planConfigResponse() has a verdict and no plan for an invalid file", () => {
  const verdict: ConfigVerdict = { ok: false, errors: [PARSE], warnings: [] };
  const response = planConfigResponse(
    { verdict, forecast: undefined, planHash: "", hash: "" },
    "VPP is away",
  );
  assert.deepEqual([response.ok, response.parseError], [false, "f:3:1: bad"]);
  assert.deepEqual([response.plan, response.started, response.kept], [undefined, [], 0]);
});

Deno.test("reloadConfigResponse() has the warning by itself when there is no plan", () => {
  const verdict: ConfigVerdict = { ok: true, errors: [], warnings: [] };
  const outline = {
    started: ["a"],
    stopped: [],
    restarted: [],
    readdressed: [],
    kept: [],
    carried: [],
    intentsDropped: [],
    lbConfChanged: true,
    flowsForgotten: true,
    size: { routes: 2, vips: 1 },
  };
  const report = { outline, forecast: undefined };
  const response = reloadConfigResponse({ verdict, report }, "flows are forgotten");
  assert.deepEqual([response.plan, response.warning], [undefined, "flows are forgotten"]);
  const refused = reloadConfigResponse(
    { verdict: { ...verdict, ok: false }, report: undefined },
    "flows are forgotten",
  );
  assert.equal(refused.warning, "");
});
