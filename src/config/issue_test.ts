import { deepEqual, equal, ok } from "node:assert/strict";
import { formatIssue, IssueList, issueToJson, joinPath, MAX_LISTED } from "./issue.ts";

const PLACE = { mark: { line: 3, column: 7 }, path: "maglev.backends.a" };

Deno.test("formatIssue() names file, line, column, stage and path in one line", () => {
  const issues = new IssueList("/etc/m.yaml");
  issues.add("unknown-key", PLACE, "no");
  issues.add("unreadable", { mark: { line: 0, column: 0 }, path: "" }, "gone");
  issues.add("unknown-name", PLACE, "who");
  issues.add("no-effect", PLACE, "why");
  deepEqual([...issues.errors(), ...issues.warnings()].map(formatIssue), [
    "/etc/m.yaml: parse error: gone",
    "/etc/m.yaml:3:7: parse error: maglev.backends.a: no",
    "/etc/m.yaml:3:7: semantic error: maglev.backends.a: who",
    "/etc/m.yaml:3:7: warning: maglev.backends.a: why",
  ]);
});

Deno.test("issueToJson() keeps every field", () => {
  const issues = new IssueList("m.yaml");
  issues.add("unknown-key", PLACE, "no");
  equal(
    JSON.stringify(issueToJson(issues.errors()[0]!)),
    '{"stage":"parse","rule":"unknown-key","file":"m.yaml","line":3,"column":7,' +
      '"path":"maglev.backends.a","message":"no"}',
  );
});

Deno.test("IssueList lists parse errors first, then by line and column", () => {
  const issues = new IssueList("m.yaml");
  const at = (line: number, column: number) => ({ mark: { line, column }, path: "" });
  issues.add("unknown-name", at(1, 1), "c");
  issues.add("unknown-key", at(9, 9), "b");
  issues.add("unknown-key", at(9, 2), "a");
  issues.add("unknown-name", at(2, 1), "d");
  deepEqual(issues.errors().map((issue) => issue.message), ["a", "b", "c", "d"]);
});

Deno.test("IssueList keeps a thousand of each kind and counts the rest", () => {
  const issues = new IssueList("m.yaml");
  let made = 0;
  for (let line = 1; line <= MAX_LISTED + 25; line++) {
    const place = { mark: { line, column: 1 }, path: "" };
    issues.add("out-of-range", place, () => `issue ${++made}`);
    issues.add("no-effect", place, "w");
  }
  issues.add("unknown-key", PLACE, "too late to be listed");
  equal(issues.errors().length, MAX_LISTED + 1);
  equal(issues.errors().at(-1)?.message, "and 26 more errors that are not listed");
  equal(issues.warnings().at(-1)?.message, "and 25 more warnings that are not listed");
  equal(issues.warnings().at(-1)?.stage, "warning");
  equal(made, MAX_LISTED, "messages that nobody sees are not made");
  ok(issues.hasParseErrors);
});

Deno.test("IssueList stops the search for suggestions at its bound on work", () => {
  const issues = new IssueList("m.yaml");
  const names = Array.from({ length: 50_000 }, (_, i) => `backend-${i}`);
  const hints = Array.from({ length: 20 }, () => issues.suggestion("backend-x", names, "; none"));
  equal(hints[0], '; did you mean "backend-0"?');
  equal(hints.at(-1), "; none");
  equal(new IssueList("m.yaml").suggestion("x".repeat(1e6), ["x"], "; none"), "; none");
});

Deno.test("joinPath() quotes a segment that is not plain", () => {
  equal(joinPath("", "maglev"), "maglev");
  equal(joinPath("maglev.backends", "nginx-0"), "maglev.backends.nginx-0");
  equal(joinPath("maglev.backends", "nginx.lab"), 'maglev.backends."nginx.lab"');
  equal(joinPath("maglev.backends", "a\nb"), 'maglev.backends."a\\nb"');
});
