/**
 * Files as the reference takes them, one for each way of writing: all are taken here, with the
 * warnings that their first line names (`# warns: rule, rule`), and the JSON Schema agrees.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { document, valid } from "../../tests/support/judges/json_schema.ts";
import { formatIssue } from "./issue.ts";
import { jsonSchema } from "../../tools/docs/config_schema.ts";
import { parseConfig } from "./parse.ts";

const FOLDER = new URL("../../tests/fixtures/config/drop-in/", import.meta.url);
const NAMES = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort();

function read(name: string): string {
  return Deno.readTextFileSync(new URL(name, FOLDER));
}

function load(name: string) {
  return parseConfig(read(name), { file: name });
}

for (const name of NAMES) {
  Deno.test({
    name: `a file that the reference accepts is accepted: ${name}`,
    fn() {
      const result = load(name);
      ok(
        result.kind === "ok",
        result.kind === "ok" ? "" : result.issues.map(formatIssue).join("\n"),
      );
      const warns = /^# warns: (.*)$/m.exec(read(name))?.[1]?.split(", ") ?? [];
      deepEqual(result.warnings.map(({ rule }) => rule), warns);
      ok(valid(jsonSchema(), document(read(name))), "the JSON Schema refuses it");
    },
  });
}

Deno.test("the files of the reference match their names", () => {
  ok(NAMES.length >= 40);
  const config = (name: string) => {
    const result = load(`${name}.yaml`);
    ok(result.kind === "ok", name);
    return result.config;
  };
  const { backends, frontends } = config("booleans-yaml-1-1");
  deepEqual([...backends.values()].map(({ enabled }) => enabled), [true, true, false, false, true]);
  deepEqual([...frontends.values()].map((f) => [f.srcIpSticky, f.flushOnDown]), [
    [true, false],
    [false, true],
  ]);
  deepEqual(config("booleans-elsewhere").frontends.get("no")?.description, "off");
  deepEqual([...config("port-zero").frontends.values()].map(({ port }) => port), [0, 0]);
  equal(config("sync-interval-negative").vppLb?.syncIntervalMs, 30_000);
  equal(config("merge-keys").healthchecks.get("https")?.rise, 5);
  deepEqual([...config("own-keys").healthchecks.keys()], ["http"]);
  equal(config("document-markers").backends.size, 1);
});
