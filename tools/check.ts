/**
 * Everything that can be checked without a real VPP, in one command: format, lint, types,
 * generated files, tests. Ends with the line `N passed, N failed`; a gate counts as one test.
 *
 *   deno task test            everything
 *   deno task ok              without the tests that start programs: unit and contract tests
 */
import { fetchPromtool } from "../tests/support/judges/promtool.ts";
import { install, isThere, mayInstall } from "./debian.ts";

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ROOT = new URL("../", import.meta.url).pathname;
const quick = Deno.args.includes("--quick");

async function deno(args: string[]): Promise<{ ok: boolean; output: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    env: { NO_COLOR: "1" },
  }).spawn();
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    await Deno.stdout.write(chunk);
    output = (output + decoder.decode(chunk, { stream: true })).slice(-100_000);
  }
  return { ok: (await child.status).success, output };
}

async function gate(name: string, args: string[]): Promise<Outcome> {
  console.log(`\n== ${name}: deno ${args.join(" ")}`);
  const { ok } = await deno(args);
  if (!ok) console.log(`${name}: FAILED`);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

async function tests(paths: string[]): Promise<Outcome> {
  // Types have a gate of their own; checking them again costs seconds for each worker that starts.
  const how = ["--frozen", "--no-check", "-A", "--sanitize-ops", "--sanitize-resources"];
  const args = ["test", ...how, ...paths];
  console.log(`\n== tests: deno ${args.join(" ")}`);
  const { ok, output } = await deno(args);
  const summary = [
    ...output.matchAll(
      /^(?:ok|FAILED) \| (\d+) passed[^|\n]*\| (\d+) failed[^|\n]*(?:\| (\d+) ignored)?/gm,
    ),
  ].at(-1);
  if (summary === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const failed = Number(summary[2]);
  return {
    passed: Number(summary[1]),
    // Something failed outside a test (a module that does not load): count that too.
    failed: ok ? failed : Math.max(1, failed),
    skipped: Number(summary[3] ?? 0),
  };
}

/**
 * The tests of src/, as a pattern: of a folder that holds a member of the workspace `deno test` runs
 * those of the member alone (Deno 2.9.6), and reports the others as nothing.
 */
const SRC = "src/**/*_test.ts";

if (!quick) {
  await fetchPromtool();
  // Not by `setup`: who tries the demo needs no browser of hundreds of megabytes.
  if (!isThere("chromium") && mayInstall()) await install("test", ["chromium"]);
}
const outcomes = [
  await gate("format", ["fmt", "--check", "-q"]),
  await gate("lint", ["lint", "-q"]),
  await gate("types", ["check", "--frozen", "-q", "."]),
  await gate("generated documents", ["run", "--frozen", "-A", "tools/docs/main.ts", "--check"]),
  await tests(
    quick ? [SRC, "ffi", "tests/tidy_test.ts", "tests/contract"] : [SRC, "ffi", "tests"],
  ),
];
const sum = (key: keyof Outcome) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
const skipped = sum("skipped");
console.log(
  `\n${sum("passed")} passed, ${sum("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
);
Deno.exit(sum("failed") === 0 ? 0 : 1);
