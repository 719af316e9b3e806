/** Builds the archive of a release, for machines without dpkg: unpack it anywhere and run `bin/…`. */
import { output } from "./command.ts";
import type { Architecture } from "./contents/deno_program.ts";
import { licenceNotices, licenceParagraphs } from "./contents/licences.ts";
import { PROGRAMS } from "./programs.ts";
import { sharedFiles } from "./contents/share.ts";
import type { Stamp } from "./version.ts";

export interface ArchiveOptions {
  /** The checkout. */
  readonly root: string;
  readonly work: string;
  readonly stamp: Stamp;
  readonly architecture: Architecture;
  /** As writeLibrary() writes it. */
  readonly library: string;
  /** Where it was bundled. */
  readonly sources: string;
  /** Folder of the result. */
  readonly out: string;
}

/** Builds it; returns its path. */
export async function buildArchive(options: ArchiveOptions): Promise<string> {
  const { root, work, stamp, architecture, library, sources, out } = options;
  const name = `vpp-maglev_${stamp.version}_${architecture}`;
  await Deno.remove(work, { recursive: true }).catch(() => {});
  await Deno.mkdir(`${work}/${name}/bin`, { recursive: true });
  await output("cp", ["-r", library, `${work}/${name}/lib`]);
  for (const { program, daemon } of PROGRAMS) {
    const path = `${work}/${name}/bin/${program.name}`;
    await Deno.writeTextFile(path, starter(program.name, daemon));
    await Deno.chmod(path, 0o755);
  }
  const files = [
    [
      "share/doc/copyright",
      `${await Deno.readTextFile(`${root}/debian/copyright`)}\n${await licenceParagraphs(sources)}`,
    ] as const,
    ["share/doc/notices", await licenceNotices(sources, root)] as const,
    ...(await sharedFiles(root)).map(({ path, content }) => [`share/${path}`, content] as const),
    ...await Promise.all(
      [
        "etc/maglev.yaml",
        "etc/default",
        "units/vpp-maglev.service",
        "units/vpp-maglev-frontend.service",
      ].map(async (path) =>
        [`share/doc/${path}`, await Deno.readTextFile(`${root}/debian/${path}`)] as const
      ),
    ),
  ];
  for (const [path, content] of files) {
    const target = `${work}/${name}/${path}`;
    await Deno.mkdir(target.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(target, content);
  }
  const tar = `${work}/${name}.tar`;
  await output("tar", [
    ...["--sort=name", `--mtime=@${stamp.epochS}`, "--owner=0", "--group=0", "--numeric-owner"],
    ...["--format=ustar", "--mode=go=rX,u+rw,a-s", "-C", work, "-cf", tar, name],
  ]);
  await output("gzip", ["-9nf", tar]);
  const path = `${out}/${name}.tar.gz`;
  await Deno.rename(`${tar}.gz`, path);
  return path;
}

/** Finds its own place, also through symbolic links. */
function starter(name: string, daemon: boolean): string {
  return `#!/bin/sh\n${daemon ? "trap '' HUP\n" : ""}` +
    'own=$(readlink -f -- "$0") || exit 1\n' +
    `exec "\${own%/*}/../lib/launcher.sh" ${name} "$@"\n`;
}
