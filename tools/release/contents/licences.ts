/**
 * The packages of npm that a bundle was made of, with their licences: Debian's copyright file, and
 * the notices that these licences require with each copy.
 */

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
}

interface Bundled extends Manifest {
  /** Text of its licence file; empty without one. */
  readonly notice: string;
}

/** Names that Debian's copyright format has for licences of npm. */
const DEBIAN_NAMES: Readonly<Record<string, string>> = {
  MIT: "Expat",
  "BSD-2-Clause": "BSD-2-clause",
  "BSD-3-Clause": "BSD-3-clause",
};

/**
 * The paragraph of the bundles, and one of each licence, from the `node_modules` of the folder in
 * which was bundled. One paragraph, because of several for the same files the last one counts.
 */
export async function licenceParagraphs(sources: string): Promise<string> {
  const byLicence = new Map<string, Manifest[]>();
  const authors = new Set<string>();
  for (const manifest of await bundledPackages(sources)) {
    const licence = manifest.license ?? "";
    if (licence === "") throw new Error(`cannot list licences: ${manifest.name} names none`);
    for (const name of licence.replace(/^\((.*)\)$/, "$1").split(" AND ")) {
      const debian = DEBIAN_NAMES[name] ?? name;
      byLicence.set(debian, [...byLicence.get(debian) ?? [], manifest]);
    }
    authors.add(authorOf(manifest));
  }
  if (byLicence.size === 0) throw new Error(`cannot list licences: ${sources} has no packages`);
  const licences = [...byLicence].toSorted(([a], [b]) => a < b ? -1 : 1);
  const bundles = [
    "Files: usr/lib/vpp-maglev/*.js",
    `Copyright: ${[...authors].join("\n ")}`,
    `License: ${licences.map(([licence]) => licence).join(" and ")}`,
    "Comment: These packages are bundled:",
    ...licences.flatMap(([licence, packages]) => [
      ` ${licence}:`,
      ...packages.map(({ name, version }) => ` npm ${name} ${version}`),
    ]),
    "",
  ];
  const texts = licences.map(([licence]) => `License: ${licence}\n ${placeOf(licence)}\n`);
  return [bundles.join("\n"), ...texts].join("\n");
}

function authorOf({ author, name }: Manifest): string {
  const text = typeof author === "string" ? author : author?.name;
  return text?.replace(/\s*[<(].*$/, "") || `the authors of ${name}`;
}

function placeOf(licence: string): string {
  const own =
    "The file notices of vpp-maglev-runtime has the text, with the notice of each package.";
  return licence === "Apache-2.0"
    ? `On Debian /usr/share/common-licenses/Apache-2.0 has the text.\n ${own}`
    : own;
}

/** Licences of what is in the deno program or within a package without a licence file. */
const FURTHER = ["deno", "v8", "protobuf"] as const;

/**
 * The licence file of each package, of the same folder, and those of debian/licences in the checkout
 * `root`. One text of several packages stands once.
 */
export async function licenceNotices(sources: string, root: string): Promise<string> {
  const byNotice = new Map<string, string[]>();
  for (const { name, version, license, notice } of await bundledPackages(sources)) {
    const text = notice || `It has no file; its manifest names ${license}.\n`;
    byNotice.set(text, [...byNotice.get(text) ?? [], `${name} ${version}`]);
  }
  for (const name of FURTHER) {
    byNotice.set(await Deno.readTextFile(`${root}/debian/licences/${name}`), [name]);
  }
  return [...byNotice].map(([text, names]) => `--- ${names.join(", ")}\n\n${text}\n`).join("");
}

/** Sorted by name. Types leave nothing in a bundle. */
async function bundledPackages(sources: string): Promise<readonly Bundled[]> {
  const all = await manifests(`${sources}/node_modules/.deno`);
  return all.filter(({ name }) => !name.startsWith("@types/") && name !== "undici-types");
}

async function manifests(folder: string): Promise<readonly Bundled[]> {
  const found: Bundled[] = [];
  for await (const { name: place, isDirectory } of Deno.readDir(folder)) {
    // `@scope+name@version`, with the versions of its peers after another underscore.
    const name = /^(@?[^@]+)@/.exec(place)?.[1]?.replace("+", "/");
    if (!isDirectory || name === undefined) continue;
    const own = `${folder}/${place}/node_modules/${name}`;
    const manifest = JSON.parse(await Deno.readTextFile(`${own}/package.json`));
    found.push({ ...manifest, notice: await noticeIn(own) });
  }
  return found.toSorted((a, b) => a.name < b.name ? -1 : 1);
}

async function noticeIn(folder: string): Promise<string> {
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && /^(licen[cs]e|copying)\b/i.test(name)) {
      return (await Deno.readTextFile(`${folder}/${name}`)).replaceAll("\r\n", "\n");
    }
  }
  return "";
}
