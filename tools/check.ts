/**
 * Everything that can be checked without a real VPP, in one command: format, lint, types,
 * generated files, tests. Ends with the line `N passed, N failed`; a gate counts as one test.
 *
 *   deno task test            everything
 *   deno task ok              without the tests that start programs: unit and contract tests
 */
import { fetchPromtool } from "../tests/support/judges/promtool.ts";
import { fetchEtcd } from "../tests/support/servers/etcd.ts";
import { install, isThere, mayInstall } from "./debian.ts";

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ROOT = new URL("../", import.meta.url).pathname;
const LANES = 2;
/** Started early, so that none of them is left alone at the end. */
const LONG: readonly string[] = [
  "completion",
  "bench",
  "lack",
  "dashboard_actions",
  "grpc_plan",
  "documents",
];
const quick = Deno.args.includes("--quick");

/** Runs Deno with its output passed on. */
async function gate(name: string, args: string[]): Promise<Outcome> {
  console.log(`\n== ${name}: deno ${args.join(" ")}`);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).spawn().status;
  if (!success) console.log(`${name}: FAILED`);
  return { passed: success ? 1 : 0, failed: success ? 0 : 1, skipped: 0 };
}

/** Runs these tests, and writes their output in one piece at the end. */
async function tests(paths: readonly string[]): Promise<Outcome> {
  // Types have a gate of their own; checking them again costs seconds for each worker that starts.
  const how = ["--frozen", "--no-check", "-A", "--sanitize-ops", "--sanitize-resources"];
  const args = ["test", ...how, ...paths];
  const beganMs = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(0);
  console.log(`\n== tests, ${seconds} s: deno ${args.join(" ")}`);
  await Deno.stdout.write(stderr);
  await Deno.stdout.write(stdout);
  const output = new TextDecoder().decode(stdout);
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
    failed: success ? failed : Math.max(1, failed),
    skipped: Number(summary[3] ?? 0),
  };
}

/**
 * Runs each group of tests in a process of its own, `LANES` at a time. Tests of programs mostly wait
 * for them; one after the other they would take nearly twice as long.
 */
async function inLanes(groups: readonly (readonly string[])[]): Promise<Outcome[]> {
  const waiting = [...groups];
  const outcomes: Outcome[] = [];
  async function lane(): Promise<void> {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      outcomes.push(await tests(group));
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  return outcomes;
}

/**
 * The files with tests of whole programs, each a group of its own, the longest ones first. Those of
 * the dashboard stand apart from each other, because browsers next to each other are slow.
 */
function programTests(): string[][] {
  const files = [...Deno.readDirSync(`${ROOT}tests/integration`)]
    .filter(({ name }) => name.endsWith("_test.ts"))
    .map(({ name }) => `tests/integration/${name}`).sort();
  const isLong = (file: string) => LONG.some((name) => file.endsWith(`/${name}_test.ts`));
  const hasBrowser = (file: string) => file.includes("/dashboard_");
  const sorted = [...files.filter(isLong), ...files.filter((file) => !isLong(file))];
  const browsers = sorted.filter(hasBrowser);
  const others = sorted.filter((file) => !hasBrowser(file));
  const apart = Math.ceil(others.length / browsers.length);
  return browsers
    .flatMap((file, i) => [file, ...others.slice(i * apart, (i + 1) * apart)])
    .map((file) => [file]);
}

/**
 * The tests of src/, as a pattern: of a folder that holds a member of the workspace `deno test` runs
 * those of the member alone (Deno 2.9.6), and reports the others as nothing.
 */
const SRC = "src/**/*_test.ts";

/** Unit tests, and those tests that span modules and start no program. */
const QUICK: readonly string[] = [SRC, "ffi", "tools", "tests/tidy_test.ts", "tests/contract"];

/** Folders of tests/ without tests that `deno task test` runs in one process. */
const APART: readonly string[] = ["integration", "lab", "packaging", "support", "fixtures"];

/** QUICK and whatever else stands in tests/, except for what runs apart. */
function withoutPrograms(): string[] {
  const names = [...Deno.readDirSync(`${ROOT}tests`)].map(({ name }) => name).sort();
  return [
    SRC,
    "ffi",
    "tools",
    ...names.filter((name) => !APART.includes(name)).map((name) => `tests/${name}`),
  ];
}

if (!quick) {
  await fetchPromtool();
  await fetchEtcd();
  // Not by `setup`: who tries the demo needs no browser of hundreds of megabytes.
  if (!isThere("chromium") && mayInstall()) await install("test", ["chromium"]);
}
const outcomes = [
  await gate("format", ["fmt", "--check", "-q"]),
  await gate("lint", ["lint", "-q"]),
  await gate("types", ["check", "--frozen", "-q", "."]),
  await gate("generated documents", ["run", "--frozen", "-A", "tools/docs/main.ts", "--check"]),
  ...await inLanes(quick ? [QUICK] : [withoutPrograms(), ...programTests()]),
];
const sum = (key: keyof Outcome) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
const skipped = sum("skipped");
console.log(
  `\n${sum("passed")} passed, ${sum("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
);
Deno.exit(sum("failed") === 0 ? 0 : 1);
