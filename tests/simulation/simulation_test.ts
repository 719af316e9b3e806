/** The whole system from one seed: nothing that must always be true is broken, and runs repeat. */
import assert from "node:assert/strict";
import { PLANTED } from "../vpp/planted/faults.ts";
import { MUTATIONS } from "./mutations/mutations.ts";
import { foundBugs } from "./mutations/table.ts";
import { actionsOf, actionText } from "./scenario/actions.ts";
import { runSeed } from "./run.ts";
import { shrink } from "./shrink.ts";

const SEEDS = 200;

Deno.test(`${SEEDS} simulated worlds break nothing`, async () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const result = await runSeed({ seed });
    if (result.failure === undefined) continue;
    const shrunk = await shrink(actionsOf(seed), result);
    const { invariant, message } = shrunk.result.failure!;
    const steps = shrunk.actions.map(actionText).join("\n  ");
    assert.fail(
      `seed ${seed}: "${invariant}" is broken: ${message}\n  ${steps}\n` +
        `deno task simulate --seed ${seed} --steps "${shrunk.places.join(",")}" --trace`,
    );
  }
});

/**
 * Seeds beyond the first that have failed, by a rule or by maglevd, in this world or an earlier one.
 * A fault of maglevd also has a unit test, because a change of the world changes what a seed is.
 */
const ONCE_FAILED = [
  268,
  271,
  610,
  3640,
  50070,
  50097,
  50151,
  50498,
  50591,
  51215,
  52053,
  53087,
  53940,
  54150,
  2367,
  3223,
  7113,
  10694,
  12417,
  16924,
  19518,
  23198,
  37247,
  37484,
  38722,
  55063,
  62712,
  63871,
  67284,
  67884,
  74554,
  75947,
  80671,
  81359,
  81517,
  84951,
  89582,
  91863,
];

/** The same of the world with policies and chains. */
const ONCE_FAILED_WITH_POLICIES = [
  351,
  422,
  568,
  679,
  787,
  1359,
  2248,
  2824,
  4598,
  4704,
  4873,
  5753,
  387,
  5857,
  415,
  1191,
  2101,
  3284,
  4019,
  709,
  1159,
  4988,
  5116,
  5681,
  8184,
  8524,
  8572,
  9063,
  9500,
  9688,
  9772,
  10243,
  10990,
  20310,
  20641,
  20950,
  21321,
  21556,
  27834,
  30011,
];

Deno.test("seeds that once failed break nothing", async () => {
  const runs = [
    ...ONCE_FAILED.map((seed) => ({ seed, plain: true })),
    ...ONCE_FAILED_WITH_POLICIES.map((seed) => ({ seed })),
  ];
  for (const run of runs) {
    const { seed, failure } = await runSeed(run);
    assert.equal(failure, undefined, `seed ${seed}: "${failure?.invariant}": ${failure?.message}`);
  }
});

Deno.test("a seed has the same trace each time, also on a busy machine", async () => {
  const seeds = [3, 11, 28];
  const quiet = [];
  for (const seed of seeds) quiet.push(await runSeed({ seed }));
  // Programs, because threads that never end hold up the end of the test's process.
  const busy = [1, 2].map(() =>
    new Deno.Command(Deno.execPath(), {
      args: ["eval", "console.log(); for (;;);"],
      stdin: "null",
      stdout: "piped",
    }).spawn()
  );
  try {
    for (const { stdout } of busy) {
      const reader = stdout.getReader();
      await reader.read();
      reader.releaseLock();
    }
    for (const { seed, hash, lines } of quiet) {
      const again = await runSeed({ seed });
      assert.equal(again.hash, hash, `seed ${seed}`);
      assert.ok(lines > 100, `${lines} lines`);
    }
  } finally {
    for (const program of busy) {
      program.kill("SIGKILL");
      await program.stdout.cancel();
      await program.status;
    }
  }
});

Deno.test("the trace names the backend of an operator's action", async () => {
  const { trace } = await runSeed({ seed: 3 });
  const at = trace.findIndex((line) => line.includes(" act action="));
  assert.match(trace[at + 1] ?? "", /^[\d.]+ {3}of b\d$/);
});

Deno.test("each planted bug has its place in the source once", async () => {
  for (const { name, file, from } of [...MUTATIONS, ...PLANTED.map(({ fault }) => fault)]) {
    const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
    assert.equal(text.split(from).length - 1, 1, `${name}: its text in ${file}`);
  }
});

/** Rules of judges that no planted bug has broken so far. */
const UNBROKEN = [
  // Exceptions that the daemon does not catch.
  "no bug",
  // Other rules are broken before.
  "calm comes",
  "the daemon runs",
  "void probes of tunnels do not count",
  "frontends are as their servers",
  // No chain was fatal within 40 seeds.
  "VPP survives",
];

Deno.test("each rule of the judges is broken by a planted bug of the table", async () => {
  const rows = (await foundBugs()).filter((row) => MUTATIONS.some(({ name }) => name === row.name));
  assert.ok(rows.length > 90, `${rows.length} rows`);
  const broken = new Set(rows.map(({ rule }) => rule));
  const rules = new Set<string>();
  for (const file of ["run.ts", ...await judges("judge"), ...await judges("judge/vpp")]) {
    const text = await Deno.readTextFile(new URL(file, import.meta.url));
    const found = text.matchAll(/(?:fail\(\s*|invariant: |INVARIANT = )"([^"]+)"/gi);
    for (const [, rule] of found) rules.add(rule!);
  }
  assert.ok(rules.size > 40, `${rules.size} rules`);
  const unbroken = [...rules].filter((rule) => !broken.has(rule)).sort();
  assert.deepEqual(unbroken, [...UNBROKEN].sort());
});

/** The sources of judges in a folder. */
async function judges(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(new URL(folder, import.meta.url)));
  return entries.map(({ name }) => `${folder}/${name}`)
    .filter((path) => path.endsWith(".ts") && !path.endsWith("_test.ts"));
}
