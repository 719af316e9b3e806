/**
 * `deno task vpp:codegen [--check] [FOLDER]`: writes wire/messages.ts from the `.api.json` files
 * of FOLDER, which by default is `../shared/vpp/api` next to the checkout or, where that is absent,
 * `/usr/share/vpp/api` (where VPP's packages put them). With --check nothing is written and the
 * exit status is 1 when the committed file is stale.
 */
import { MaglevError } from "../../src/base/errors.ts";
import { format } from "../format.ts";
import { readDefinitions } from "./definitions.ts";
import { generateMessages, WANTED_MESSAGES } from "./generate.ts";

const TARGET = new URL("../../src/vpp/wire/messages.ts", import.meta.url);
const PROJECT = new URL("../../", import.meta.url);
const DEFAULT_FOLDERS: readonly string[] = [
  new URL("../shared/vpp/api", PROJECT).pathname,
  "/usr/share/vpp/api",
];

/** The formatted text of messages.ts for the definitions in `folder` and the folders below it. */
export async function generateFrom(folder: string): Promise<string> {
  const files: unknown[] = [];
  for (const path of await definitionFiles(folder)) {
    files.push(JSON.parse(await Deno.readTextFile(path)));
  }
  if (files.length === 0) {
    throw new MaglevError("not-found", `cannot read API definitions: no *.api.json in ${folder}`);
  }
  return await format(generateMessages(readDefinitions(files), WANTED_MESSAGES));
}

/** The text of the committed messages.ts. */
export function committedMessages(): Promise<string> {
  return Deno.readTextFile(TARGET);
}

/** Sorted, so that the result does not depend on the order of the directory. */
async function definitionFiles(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) paths.push(...await definitionFiles(path));
    else if (entry.name.endsWith(".api.json")) paths.push(path);
  }
  return paths.sort();
}

async function firstFolder(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const found = await Deno.stat(folder).then((info) => info.isDirectory, () => false);
    if (found) return folder;
  }
  throw new MaglevError("not-found", `cannot find API definitions in ${folders.join(" or ")}`);
}

async function main(args: readonly string[]): Promise<number> {
  const check = args.includes("--check");
  const folder = args.find((arg) => !arg.startsWith("-")) ?? await firstFolder(DEFAULT_FOLDERS);
  const text = await generateFrom(folder);
  if (text === await committedMessages().catch(() => "")) return 0;
  if (check) {
    console.error(`${TARGET.pathname} is stale: run \`deno task vpp:codegen\``);
    return 1;
  }
  await Deno.writeTextFile(TARGET, text);
  console.error(`Wrote ${TARGET.pathname} from ${folder}`);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
