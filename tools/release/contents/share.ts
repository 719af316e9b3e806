/** Files of a release that are not code: completions, man pages, monitoring, descriptions. */
import { MAGLEVC_FLAGS } from "../../../src/cli/flags.ts";
import { completionScript } from "../../../src/cli/language/completion_scripts.ts";
import { type ProgramPackage, PROGRAMS } from "../programs.ts";

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
    {
      package: client,
      path: "zsh/vendor-completions/_maglevc",
      content: completionScript("zsh", MAGLEVC_FLAGS),
    },
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
    const page = `${program.name}.${section}`;
    const path = `man/man${section}/${page}`;
    files.push({ package: owner, path, content: await read(`docs/man/${page}`) });
  }
  for await (const { name } of Deno.readDir(`${root}/docs/monitoring`)) {
    const content = await read(`docs/monitoring/${name}`);
    files.push({ package: daemon, path: `vpp-maglev/monitoring/${name}`, content });
  }
  for await (const { name } of Deno.readDir(`${root}/docs`)) {
    if (!name.endsWith(".md")) continue;
    files.push({
      package: daemon,
      path: `doc/vpp-maglevd/${name}`,
      content: installedLinks(await read(`docs/${name}`)),
    });
  }
  return files.toSorted((a, b) => a.path < b.path ? -1 : 1);
}

/** A document whose links to other files of a checkout lead to where the packages have these. */
function installedLinks(document: string): string {
  return document.replaceAll(
    /\]\((?:\.\.\/)?(proto\/|monitoring\/|maglev\.schema\.json)/g,
    "](../../vpp-maglev/$1",
  );
}
