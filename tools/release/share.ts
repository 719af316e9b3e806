/** Files of a release that are not code: completions, man pages, monitoring, descriptions. */
import { MAGLEVC_FLAGS } from "../../src/cli/flags.ts";
import { completionScript } from "../../src/cli/language/completion_scripts.ts";
import { PROGRAMS, type ProgramPackage } from "./programs.ts";

/** A file of a package. */
export interface SharedFile {
  readonly package: ProgramPackage;
  /** Path below /usr/share. */
  readonly path: string;
  readonly content: string;
}

/** All of them; man pages are not compressed. */
export async function sharedFiles(root: string): Promise<readonly SharedFile[]> {
  const daemon: ProgramPackage = "vpp-maglevd";
  const client: ProgramPackage = "vpp-maglev";
  const read = (path: string) => Deno.readTextFile(`${root}/${path}`);
  const files: SharedFile[] = [
    {
      package: client,
      path: "bash-completion/completions/maglevc",
      content: completionScript("bash", MAGLEVC_FLAGS),
    },
    { package: client, path: "zsh/vendor-completions/_maglevc", content: completionScript("zsh", MAGLEVC_FLAGS) },
    {
      package: client,
      path: "fish/vendor_completions.d/maglevc.fish",
      content: completionScript("fish", MAGLEVC_FLAGS),
    },
    {
      package: daemon,
      path: "vpp-maglev/maglev.schema.json",
      content: await read("docs/maglev.schema.json"),
    },
    { package: daemon, path: "bug/vpp-maglevd/script", content: await read("debian/reportbug") },
  ];
  for await (const { name, isFile } of Deno.readDir(`${root}/proto`)) {
    if (!isFile || !name.endsWith(".proto")) continue;
    files.push({
      package: client,
      path: `vpp-maglev/proto/${name}`,
      content: await read(`proto/${name}`),
    });
  }
  for (const { program, package: owner, section } of PROGRAMS) {
    const page = await readIfThere(`${root}/docs/man/${program.name}.${section}`);
    if (page === undefined) continue;
    const path = `man/man${section}/${program.name}.${section}`;
    files.push({ package: owner, path, content: page });
  }
  for (const name of await namesIn(`${root}/docs/monitoring`)) {
    const content = await read(`docs/monitoring/${name}`);
    files.push({ package: daemon, path: `vpp-maglev/monitoring/${name}`, content });
  }
  return files.toSorted((a, b) => a.path < b.path ? -1 : 1);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Names of the files in `folder`; empty when it does not exist. */
async function namesIn(folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}
