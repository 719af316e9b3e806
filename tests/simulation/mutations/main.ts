/**
 * Plants each bug of mutations.ts in a copy of the tree, and reports the first seed that finds it.
 * `--seeds N`: how many seeds each may take (default 10,000); `--only TEXT`: those of this name;
 * `--from I`: from the I-th on; `--again`: each at its seed in docs/benchmarks.md alone, and those that
 * break another rule are reported.
 */
import { parseArgs } from "node:util";
import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";
import { type FoundBug, foundBugs } from "./table.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10000" },
    only: { type: "string", default: "" },
    from: { type: "string", default: "0" },
    again: { type: "boolean", default: false },
  },
});
const ROOT = new URL("../../../", import.meta.url).pathname;
/** The parts of the tree that the simulation needs. */
const PARTS = ["src", "tests", "ffi", "deno.json", "deno.lock"];

const table = values.again ? await foundBugs() : [];
const rowOf = (name: string) => table.find((row) => row.name === name);
const chosen = MUTATIONS.slice(Number(values.from))
  .filter(({ name }) => name.includes(values.only) && (!values.again || rowOf(name) !== undefined));
const folder = await Deno.makeTempDir({ prefix: "maglev-mutations-" });
let unfound = 0;
try {
  for (const part of PARTS) {
    const from = `${ROOT}${part}`;
    await new Deno.Command("cp", { args: ["-r", from, `${folder}/`] }).output();
  }
  console.log("| planted bug | found by seed | broken |\n| - | - | - |");
  for (const mutation of chosen) {
    const row = rowOf(mutation.name);
    const found = await tryOut(mutation, row?.seed);
    const isFound = found !== undefined && (row === undefined || found.rule === row.rule);
    if (!isFound) unfound++;
    if (row !== undefined && isFound) continue;
    console.log(`| ${mutation.name} | ${found?.seed ?? "-"} | ${found?.rule ?? "-"} |`);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
console.log(unfound === 0 ? "all were found" : `${unfound} were not found`);
Deno.exit(unfound === 0 ? 0 : 1);

/** `only`: the seed; default: all. Undefined: not found. */
async function tryOut(
  { file, from, to, name }: Mutation,
  only?: number,
): Promise<FoundBug | undefined> {
  const path = `${folder}/${file}`;
  const text = await Deno.readTextFile(path);
  if (text.split(from).length !== 2) throw new Error(`${name}: its text is not once in ${file}`);
  await Deno.writeTextFile(path, text.replace(from, () => to));
  try {
    const args = ["run", "-A", "--no-check", "tests/simulation/main.ts"];
    if (only === undefined) args.push("--seeds", values.seeds, "--first");
    else args.push("--seed", String(only), "--seeds", "1", "--first");
    const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: folder }).output();
    const match = /^seed (\d+) fails: ([^:]*)/m.exec(new TextDecoder().decode(stdout));
    return match === null ? undefined : { name, seed: Number(match[1]), rule: match[2]! };
  } finally {
    await Deno.writeTextFile(path, text);
  }
}
