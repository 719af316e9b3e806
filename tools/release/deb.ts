/**
 * Builds the Debian packages with dpkg-deb: debian/control names them, debian/ has their scripts.
 * The bytes follow from the commit alone: times are that of the commit, owners are root.
 */
import { output } from "./command.ts";
import type { Architecture } from "./contents/deno_program.ts";
import { licenceNotices, licenceParagraphs } from "./contents/licences.ts";
import { PROGRAMS } from "./programs.ts";
import { sharedFiles } from "./contents/share.ts";
import type { Stamp } from "./version.ts";

/** Packages of the project that published these names first had versions below this epoch. */
const EPOCH = "1:";

export interface DebOptions {
  /** The checkout. */
  readonly root: string;
  /** A folder for the packages' trees; its former content is removed. */
  readonly work: string;
  readonly stamp: Stamp;
  readonly architecture: Architecture;
  /** As writeLibrary() writes it. */
  readonly library: string;
  /** Where it was bundled. */
  readonly sources: string;
  /** Folder of the result. */
  readonly out: string;
  /** Of xz, from 0 to 9; default: 6, which takes half a minute. */
  readonly level?: number;
}

/** Builds all packages in the place of former ones; returns their paths. */
export async function buildDebs(options: DebOptions): Promise<readonly string[]> {
  const { root, work } = options;
  await Deno.remove(work, { recursive: true }).catch(() => {});
  const [source, ...packages] = stanzas(await Deno.readTextFile(`${root}/debian/control`));
  await removeFormer(packages.map((fields) => fields.get("Package")!), options);
  const paths: string[] = [];
  for (const fields of packages) {
    const name = fields.get("Package")!;
    const tree = new Tree(`${work}/${name}`);
    await fill(tree, name, options);
    await tree.write(
      "DEBIAN/control",
      await controlText({ source: source!, fields, tree }, options),
    );
    paths.push(await pack(tree, name, options));
  }
  return paths;
}

/**
 * Removes packages of these names and this architecture from folder `out`. `apt install ./NAME_*.deb`
 * and the Dockerfile would otherwise take those of two versions.
 */
export async function removeFormer(
  names: readonly string[],
  { out, architecture }: Pick<DebOptions, "out" | "architecture">,
): Promise<void> {
  for await (const { name: file } of Deno.readDir(out)) {
    const known = names.some((name) => file.startsWith(`${name}_`));
    if (known && file.endsWith(`_${architecture}.deb`)) await Deno.remove(`${out}/${file}`);
  }
}

/** The version as Debian sorts it. */
export function debianVersion({ version }: Stamp): string {
  return `${EPOCH}${version}`;
}

type Fields = ReadonlyMap<string, string>;

/** The paragraphs of a control file. */
export function stanzas(text: string): readonly Fields[] {
  return text.trim().split(/\n\n+/).map((stanza) => {
    const fields = stanza.split(/\n(?! )/).map((field): [string, string] => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon), field.slice(colon + 1).trim()];
    });
    return new Map(fields);
  });
}

/** The tree of one package. */
class Tree {
  constructor(readonly root: string) {}

  /** Writes a file with its folders. */
  async write(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    await Deno.mkdir(`${this.root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(`${this.root}/${path}`, bytes);
    await Deno.chmod(`${this.root}/${path}`, mode);
  }

  /** Paths of all regular files outside DEBIAN/, sorted by bytes. */
  async files(folder = ""): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(`${this.root}/${folder}`)) {
      if (folder === "" && name === "DEBIAN") continue;
      if (isDirectory) found.push(...await this.files(`${folder}${name}/`));
      else found.push(`${folder}${name}`);
    }
    return found.sort();
  }
}

async function fill(tree: Tree, name: string, options: DebOptions): Promise<void> {
  const { root, library } = options;
  await documents(tree, name, options);
  await scripts(tree, name, root);
  for (const file of (await sharedFiles(root)).filter((each) => each.package === name)) {
    if (file.path.startsWith("man/")) {
      await tree.write(`usr/share/${file.path}.gz`, await gzip(file.content));
    } else {
      await tree.write(`usr/share/${file.path}`, file.content, modeOf(file.path));
    }
  }
  for (const { program, folder, daemon, package: owner } of PROGRAMS) {
    if (owner !== name) continue;
    await tree.write(`usr/${folder}/${program.name}`, starter(program.name, daemon), 0o755);
  }
  if (name === "vpp-maglev-runtime") {
    for await (const { name: file } of Deno.readDir(library)) {
      const from = `${library}/${file}`;
      const { mode } = await Deno.stat(from);
      const executable = ((mode ?? 0) & 0o111) !== 0;
      const content = await Deno.readFile(from);
      await tree.write(`usr/lib/vpp-maglev/${file}`, content, executable ? 0o755 : 0o644);
    }
    await Deno.mkdir(`${tree.root}/var/cache/vpp-maglev`, { recursive: true });
  }
  if (name === "vpp-maglevd") await daemonFiles(tree, root);
}

async function daemonFiles(tree: Tree, root: string): Promise<void> {
  for (const unit of ["vpp-maglev", "vpp-maglev-frontend"]) {
    const text = await Deno.readTextFile(`${root}/debian/units/${unit}.service`);
    await tree.write(`lib/systemd/system/${unit}.service`, text);
  }
  const etc = (file: string) => Deno.readTextFile(`${root}/debian/etc/${file}`);
  // An operator edits it, so dpkg asks at each upgrade that brings another one: it never changes.
  await tree.write("etc/vpp-maglev/maglev.yaml", await etc("start.yaml"));
  await tree.write("usr/share/doc/vpp-maglevd/examples/maglev.yaml", await etc("maglev.yaml"));
  // It may hold a password.
  await tree.write("etc/default/vpp-maglev", await etc("default"), 0o640);
}

/** The program in the PATH. A hang-up must not end a daemon before the launcher has its trap. */
function starter(name: string, daemon: boolean): string {
  return `#!/bin/sh\n${daemon ? "trap '' HUP\n" : ""}` +
    `exec /usr/lib/vpp-maglev/launcher.sh ${name} "$@"\n`;
}

function modeOf(path: string): number {
  return path.startsWith("bug/") ? 0o755 : 0o644;
}

async function documents(tree: Tree, name: string, options: DebOptions): Promise<void> {
  const { root, stamp, sources } = options;
  const folder = `usr/share/doc/${name}`;
  const copyright = await Deno.readTextFile(`${root}/debian/copyright`);
  if (name === "vpp-maglev-runtime") {
    await tree.write(`${folder}/copyright`, `${copyright}\n${await licenceParagraphs(sources)}`);
    await tree.write(`${folder}/notices.gz`, await gzip(await licenceNotices(sources, root)));
  } else {
    await tree.write(`${folder}/copyright`, copyright);
  }
  const [source] = stanzas(await Deno.readTextFile(`${root}/debian/control`));
  const date = new Date(stamp.epochS * 1000).toUTCString().replace("GMT", "+0000");
  const change = `vpp-maglev (${debianVersion(stamp)}) unstable; urgency=medium\n\n` +
    `  * Built from commit ${stamp.commit}.\n\n -- ${source!.get("Maintainer")}  ${date}\n`;
  await tree.write(`${folder}/changelog.gz`, await gzip(change));
}

async function scripts(tree: Tree, name: string, root: string): Promise<void> {
  for await (const { name: file } of Deno.readDir(`${root}/debian`)) {
    if (!file.startsWith(`${name}.`)) continue;
    const kind = file.slice(name.length + 1);
    const text = await Deno.readTextFile(`${root}/debian/${file}`);
    if (kind === "lintian-overrides") await tree.write(`usr/share/lintian/overrides/${name}`, text);
    else await tree.write(`DEBIAN/${kind}`, text, kind === "triggers" ? 0o644 : 0o755);
  }
}

interface Control {
  readonly source: Fields;
  readonly fields: Fields;
  readonly tree: Tree;
}

async function controlText(
  { source, fields, tree }: Control,
  { stamp, architecture }: DebOptions,
): Promise<string> {
  const files = await tree.files();
  const conffiles = files.filter((path) => path.startsWith("etc/"));
  if (conffiles.length > 0) {
    await tree.write("DEBIAN/conffiles", conffiles.map((path) => `/${path}\n`).join(""));
  }
  await tree.write("DEBIAN/md5sums", `${await output("md5sum", files, { cwd: tree.root })}\n`);
  const sizes = await Promise.all(
    files.map(async (path) => (await Deno.stat(`${tree.root}/${path}`)).size),
  );
  const version = debianVersion(stamp);
  const own = [...fields].filter(([field]) => !["Package", "Architecture"].includes(field));
  const lines = [
    ["Package", fields.get("Package")],
    ["Source", source.get("Source")],
    ["Version", version],
    ["Architecture", architecture],
    ["Maintainer", source.get("Maintainer")],
    ["Installed-Size", Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1024)],
    ["Section", source.get("Section")],
    ["Priority", source.get("Priority")],
    ...own,
  ];
  return lines.map(([field, value]) =>
    `${field}: ${String(value).replaceAll("${binary:Version}", version)}\n`
  ).join("");
}

async function pack(tree: Tree, name: string, options: DebOptions): Promise<string> {
  const { stamp, architecture, out, level = 6 } = options;
  await output("find", [tree.root, "-type", "d", "-exec", "chmod", "0755", "{}", "+"]);
  const time = `--date=@${stamp.epochS}`;
  await output("find", [tree.root, "-exec", "touch", "--no-dereference", time, "{}", "+"]);
  const path = `${out}/${name}_${stamp.version}_${architecture}.deb`;
  await output(
    "dpkg-deb",
    ["--root-owner-group", "-Zxz", `-z${level}`, "--build", tree.root, path],
    {
      env: { SOURCE_DATE_EPOCH: String(stamp.epochS) },
    },
  );
  return path;
}

/** Without name and time, as reproducible archives need it. */
async function gzip(text: string): Promise<Uint8Array> {
  const child = new Deno.Command("gzip", { args: ["-9n"], stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error("cannot compress: gzip failed");
  return stdout;
}
