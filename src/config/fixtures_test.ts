/**
 * One file for each rule, with the exact text of its message. To write the .txt files
 * again after a message was changed on purpose: `UPDATE_FIXTURES=1 deno test -A` on this file; then
 * read what changed.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { formatIssue, type Issue, type Rule, RULES } from "./issue.ts";
import { wallMsOf } from "../base/instant.ts";
import { certificates } from "../../tests/support/servers/certificates.ts";
import type { PairPaths, PairReadout } from "./client_certificates.ts";
import { pairReader, readCa } from "./load.ts";
import { exitStatus, type LoadResult, parseConfig } from "./parse.ts";
import { MAGLEV } from "./schema/schema.ts";
import type { Keys, Row } from "./schema/types.ts";

const ROOT_URL = new URL("../../tests/fixtures/config/", import.meta.url);

/** Rules that no text breaks: the file itself does, or sheer number. See load_test, issue_test. */
const WITHOUT_FIXTURE: readonly Rule[] = [
  "unreadable",
  "too-large",
  "not-utf8",
  "too-many-errors",
  "no-final-newline",
];

interface Fixture {
  readonly name: string;
  readonly text: string;
  readonly result: LoadResult;
}

const MADE = await certificates();
const READ_PAIR = await pairReader();

/** Reads a made pair for `client.pem`, and the fixtures for all other paths. */
function readPair({ cert, key }: PairPaths): PairReadout {
  const made: Readonly<Record<string, string>> = {
    "/client.pem": `${MADE.folder}/good.pem`,
    "/client.key": `${MADE.folder}/good.key`,
    "/other.key": `${MADE.folder}/expired.key`,
    "/expired.pem": `${MADE.folder}/expired.pem`,
    "/early.pem": `${MADE.folder}/notYetValid.pem`,
    "/early.key": `${MADE.folder}/notYetValid.key`,
  };
  const place = (path: string) => made[path] ?? localPath(path);
  const read = READ_PAIR({ cert: place(cert), key: place(key) });
  if (read.kind === "ok") return read;
  const problem = [cert, key].reduce(
    (text, path) => text.replaceAll(place(path), path),
    read.problem,
  );
  return { ...read, problem };
}

function localPath(path: string): string {
  return new URL(`ca/${path.split("/").at(-1)}`, ROOT_URL).pathname;
}

function fixtures(folder: string): readonly Fixture[] {
  const names = [...Deno.readDirSync(new URL(`${folder}/`, ROOT_URL))].map((entry) => entry.name)
    .filter((name) => name.endsWith(".yaml")).sort();
  return names.map((name) => {
    const text = Deno.readTextFileSync(new URL(`${folder}/${name}`, ROOT_URL));
    const result = parseConfig(text, {
      file: name,
      vpp: text.startsWith("# VPP is on"),
      readCa: (path) => readCa(localPath(path)),
      readPair,
      nowMs: wallMsOf(new Date("2026-01-01")),
    });
    return { name, text, result };
  });
}

function issuesOf(result: LoadResult): readonly Issue[] {
  switch (result.kind) {
    case "ok":
      return result.warnings;
    case "parse-error":
      return result.issues;
    case "semantic-error":
      return [...result.issues, ...result.warnings];
  }
}

/** The rule a file is named after: `out-of-range-above.yaml` is one more for `out-of-range`. */
function ruleOf(name: string): Rule | undefined {
  const stem = name.replace(/\.yaml$/, "");
  const rules = Object.keys(RULES) as Rule[];
  return rules.filter((rule) => stem.startsWith(rule)).sort((a, b) => b.length - a.length)[0];
}

function expectedText(folder: string, fixture: Fixture): string {
  const url = new URL(`${folder}/${fixture.name.replace(/yaml$/, "txt")}`, ROOT_URL);
  if (Deno.env.get("UPDATE_FIXTURES") === "1") {
    Deno.writeTextFileSync(url, actualText(fixture));
  }
  return Deno.readTextFileSync(url);
}

function actualText(fixture: Fixture): string {
  return issuesOf(fixture.result).map((issue) => `${formatIssue(issue)}\n`).join("");
}

Deno.test("good fixtures are valid without a warning", () => {
  const files = fixtures("good");
  ok(files.length >= 5);
  for (const { name, result } of files) {
    deepEqual(issuesOf(result).map(formatIssue), [], name);
    equal(exitStatus(result), 0);
  }
});

Deno.test("bad fixtures break the rule in their name, with exactly these messages", () => {
  for (const fixture of fixtures("bad")) {
    const rule = ruleOf(fixture.name);
    ok(rule !== undefined, `${fixture.name} is named after no rule`);
    const first = issuesOf(fixture.result)[0];
    ok(issuesOf(fixture.result).some((issue) => issue.rule === rule), fixture.name);
    equal(first?.stage, RULES[rule], fixture.name);
    equal(exitStatus(fixture.result), RULES[rule] === "parse" ? 1 : 2, fixture.name);
    equal(actualText(fixture), expectedText("bad", fixture), fixture.name);
  }
});

Deno.test("warning fixtures are valid, with exactly these warnings", () => {
  for (const fixture of fixtures("warn")) {
    equal(exitStatus(fixture.result), 0, fixture.name);
    for (const issue of issuesOf(fixture.result)) equal(issue.rule, ruleOf(fixture.name));
    equal(actualText(fixture), expectedText("warn", fixture), fixture.name);
  }
});

Deno.test("every rule has a fixture", () => {
  const covered = new Set(
    [...fixtures("bad"), ...fixtures("warn")].map(({ name }) => ruleOf(name)),
  );
  const missing = (Object.keys(RULES) as Rule[]).filter((rule) =>
    !covered.has(rule) && !WITHOUT_FIXTURE.includes(rule)
  );
  deepEqual(missing, []);
});

Deno.test("every expected text has its file", () => {
  for (const folder of ["bad", "warn"]) {
    const names = new Set(
      [...Deno.readDirSync(new URL(`${folder}/`, ROOT_URL))].map((e) => e.name),
    );
    const stray = [...names].filter((name) => !names.has(name.replace(/txt$/, "yaml")));
    deepEqual(stray, []);
  }
});

/** Every row with a pattern of its path. */
function rows(path: string, keys: Keys): readonly { path: string; key: string; row: Row }[] {
  return Object.entries(keys).flatMap(([key, row]) => {
    const own = { path, key, row };
    const at = `${path}\\.${key}`;
    switch (row.type) {
      case "section":
        return [own, ...rows(at, row.keys)];
      case "named":
        return [own, ...rows(`${at}\\.[^.]+`, row.keys)];
      case "list":
        return [own, ...rows(`${at}\\[\\d+\\]`, row.keys)];
      default:
        return [own];
    }
  });
}

/** The ways to break a row, and how often a fixture must show each (below and above a range). */
function breakable(row: Row): readonly (readonly [Rule, number])[] {
  const rules: [Rule, number][] = [];
  if (row.type === "integer" || row.type === "duration" || row.type === "port") {
    rules.push(["out-of-range", 2]);
  }
  if (row.type === "integer" && row.powerOfTwo) rules.push(["not-a-power-of-two", 1]);
  if (row.type === "duration" && row.wholeSeconds) rules.push(["not-whole-seconds", 1]);
  if (row.type === "address" && row.family !== undefined) rules.push(["wrong-family", 1]);
  if (row.required || row.requiredUnless) rules.push(["missing-key", 1]);
  if (row.together !== undefined) rules.push(["protocol-and-port", 1]);
  return rules;
}

Deno.test("every rule of every key of the table has a fixture", () => {
  const issues = fixtures("bad").flatMap(({ result }) => issuesOf(result));
  for (const { path, key, row } of rows("maglev", MAGLEV)) {
    for (const [rule, count] of breakable(row)) {
      const pattern = new RegExp(rule === "missing-key" ? `^${path}$` : `^${path}\\.${key}$`);
      const found = issues.filter((issue) =>
        issue.rule === rule && pattern.test(issue.path) &&
        (rule !== "missing-key" || issue.message.includes(`\`${key}\``))
      );
      ok(found.length >= count, `${path}.${key}: ${rule} is shown ${found.length} times`);
    }
  }
});
