/**
 * Runs simulations: `--seeds N` many from `--seed S` on (default 0), in `--jobs J` processes. Of a
 * failure it prints the shortest list of actions that was found, and the command that shows it
 * again. `--day` runs a day with 1,000 servers instead. `--steps 3,5` runs one seed with these of its
 * actions alone; `--trace` prints its trace. `--plain` leaves out policies.
 */
import { parseArgs } from "node:util";
import { actionsOf, actionText } from "./scenario/actions.ts";
import { type RunResult, runSeed } from "./run.ts";
import { shrink } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1" },
    seed: { type: "string", default: "0" },
    jobs: { type: "string", default: "1" },
    steps: { type: "string" },
    /** A day with 1,000 servers; `--hours N`: a part of it. */
    day: { type: "boolean", default: false },
    hours: { type: "string", default: "24" },
    plain: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    /** Does not shrink. */
    quick: { type: "boolean", default: false },
    /** Ends at the first failure, without shrinking it. */
    first: { type: "boolean", default: false },
  },
});
/** A line is written for so many. */
const PROGRESS_SEEDS = 1000;
const first = Number(values.seed);
const count = Number(values.seeds);
const jobs = Number(values.jobs);
const { plain } = values;

if (values.day) Deno.exit(await day());
if (jobs > 1) Deno.exit(await inProcesses());
Deno.exit(values.steps === undefined ? await runAll() : await runSteps(values.steps));

/** In a process of its own, because only the start of a process can expose \`gc()\`. */
async function day(): Promise<number> {
  const script = new URL("day.ts", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", "--v8-flags=--expose-gc", script];
  args.push(values.hours, values.seed);
  return (await new Deno.Command(Deno.execPath(), { args }).spawn().status).code;
}

/** Each process takes every J-th block of seeds. */
async function inProcesses(): Promise<number> {
  const share = Math.ceil(count / jobs);
  const children = Array.from({ length: jobs }, (_, i) => {
    const seeds = Math.min(share, count - i * share);
    const args = ["run", "-A", "--no-check", import.meta.filename!];
    args.push("--seed", String(first + i * share), "--seeds", String(seeds));
    if (values.quick) args.push("--quick");
    if (values.plain) args.push("--plain");
    if (values.first) args.push("--first");
    return new Deno.Command(Deno.execPath(), { args }).spawn();
  });
  const statuses = await Promise.all(children.map((child) => child.status));
  return statuses.every(({ success }) => success) ? 0 : 1;
}

async function runAll(): Promise<number> {
  const startMs = performance.now();
  let failures = 0;
  let simulatedMs = 0;
  for (let seed = first; seed < first + count; seed++) {
    if (seed > first && (seed - first) % PROGRESS_SEEDS === 0) {
      console.error(`${seed - first} seeds from ${first}, ${failures} failed`);
    }
    const result = await runSeed({ seed, plain });
    simulatedMs += result.simulatedMs;
    if (result.failure === undefined) continue;
    failures++;
    await report(result);
    if (values.first) break;
  }
  const seconds = (performance.now() - startMs) / 1000;
  const hours = simulatedMs / 3_600_000;
  console.log(
    `${count} seeds from ${first}, ${failures} failed; ${hours.toFixed(1)} simulated hours in ` +
      `${seconds.toFixed(1)} s`,
  );
  return failures === 0 ? 0 : 1;
}

async function runSteps(steps: string): Promise<number> {
  const actions = actionsOf(first, plain);
  const places = steps === "" ? [] : steps.split(",").map(Number);
  const result = await runSeed({
    seed: first,
    plain,
    actions: places.map((place) => actions[place]!),
  });
  print(result, places);
  return result.failure === undefined ? 0 : 1;
}

async function report(result: RunResult): Promise<void> {
  if (values.quick || values.first) {
    const { invariant, message } = result.failure!;
    console.log(`seed ${result.seed} fails: ${invariant}: ${message.split("\n")[0]}`);
    return;
  }
  const shrunk = await shrink(actionsOf(result.seed, plain), result, plain);
  print(shrunk.result, shrunk.places);
}

function print({ seed, failure, hash, trace }: RunResult, places: readonly number[]): void {
  if (values.trace) { for (const line of trace) console.log(line); }
  const actions = actionsOf(seed, plain);
  console.log(`\nseed ${seed}, trace ${hash}:`);
  for (const place of places) console.log(`  ${place}: ${actionText(actions[place]!)}`);
  if (failure === undefined) {
    console.log("  nothing is wrong");
    return;
  }
  const { atMs, invariant, message } = failure;
  console.log(`  ${(atMs / 1000).toFixed(4)} s "${invariant}" is broken: ${message}`);
  console.log(
    `  deno task simulate --seed ${seed} --steps "${places.join(",")}"${
      plain ? " --plain" : ""
    } --trace`,
  );
}
