/**
 * Plants each fault of faults.ts in a copy of the tree, and prints what failed in its story.
 * `--only TEXT`: stories and faults with this text; `--from I`: from the I-th on. Exits with 1 when
 * a story did not fail. Needs MAGLEV_VPP_PREFIX.
 */
import { parseArgs } from "node:util";
import { SKIP_REASON } from "../support.ts";
import { PLANTED, type Planted } from "./faults.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    from: { type: "string", default: "0" },
  },
});
const ROOT = new URL("../../../", import.meta.url).pathname;

if (SKIP_REASON !== "") {
  console.error(`cannot play stories:${SKIP_REASON}`);
  Deno.exit(2);
}
const chosen = PLANTED.slice(Number(values.from)).filter(({ story, fault }) =>
  `${story.join(" ")} ${fault.name}`.includes(values.only)
);
const folder = await Deno.makeTempDir({ prefix: "maglev-planted-" });
let unfound = 0;
try {
  const names = [...Deno.readDirSync(ROOT)].map(({ name }) => name).filter((name) =>
    name !== ".git"
  );
  const args = ["-r", ...names.map((name) => `${ROOT}${name}`), `${folder}/`];
  await new Deno.Command("cp", { args }).output();
  console.log("| story | planted fault | failed |\n| - | - | - |");
  for (const planted of chosen) {
    const failure = await play(planted);
    if (failure === undefined) unfound++;
    const { story: [file, name], fault } = planted;
    console.log(`| ${file}: ${name} | ${fault.name} | ${failure ?? "-"} |`);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
console.log(unfound === 0 ? "each story failed" : `${unfound} stories did not fail`);
Deno.exit(unfound === 0 ? 0 : 1);

/** The first error of the story with the fault; undefined: it did not fail. */
async function play(
  { story: [file, name], fault }: Planted,
): Promise<string | undefined> {
  const path = `${folder}/${fault.file}`;
  const text = await Deno.readTextFile(path);
  if (text.split(fault.from).length !== 2) {
    throw new Error(`${fault.name}: its text is not once in ${fault.file}`);
  }
  await Deno.writeTextFile(path, text.replace(fault.from, () => fault.to));
  try {
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--filter", name, `tests/vpp/${file}`],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    if (success) return undefined;
    const output = new TextDecoder().decode(stdout);
    if (!/^FAILED \| \d+ passed .*[1-9]\d* failed/m.test(output)) {
      throw new Error(`cannot play the story of ${JSON.stringify(fault.name)}:\n${output}`);
    }
    const lines = [...output.matchAll(/^error: (.*)$/gm)].map(([, line]) => line!);
    const line = lines.find((line) => !line.startsWith("(in promise)")) ?? lines[0] ?? "";
    return line.replaceAll("|", "\\|").slice(0, 160);
  } finally {
    await Deno.writeTextFile(path, text);
  }
}
