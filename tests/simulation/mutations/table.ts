/** The table of planted bugs in docs/benchmarks.md. */

/** A bug that a seed finds, and the rule that it breaks. */
export interface FoundBug {
  readonly name: string;
  readonly seed: number;
  readonly rule: string;
}

const FILE = new URL("../../../docs/benchmarks.md", import.meta.url);
const ROW = /^\| (.+?) +\| (\d+)(?: \*)? +\| (\S.*?) +\|$/gm;

/** Its rows; those of other tables may be among them. */
export async function foundBugs(): Promise<readonly FoundBug[]> {
  const text = await Deno.readTextFile(FILE);
  return [...text.matchAll(ROW)].map(([, name, seed, rule]) => {
    return { name: name!, seed: Number(seed), rule: rule! };
  });
}
