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

/** One paragraph a licence, from the `node_modules` of the folder in which was bundled. */
export async function licenceParagraphs(sources: string): Promise<string> {
  const byLicence = new Map<string, Manifest[]>();
  for (const manifest of await bundledPackages(sources)) {
    const licence = manifest.license ?? "";
    if (licence === "") throw new Error(`cannot list licences: ${manifest.name} names none`);
    byLicence.set(licence, [...byLicence.get(licence) ?? [], manifest]);
  }
  const paragraphs = [...byLicence].toSorted(([a], [b]) => a < b ? -1 : 1).map(paragraph);
  if (paragraphs.length === 0) throw new Error(`cannot list licences: ${sources} has no packages`);
  return paragraphs.join("\n");
}

/** The licence file of each package, of the same folder; one text of several packages once. */
export async function licenceNotices(sources: string): Promise<string> {
  const byNotice = new Map<string, string[]>();
  for (const { name, version, license, notice } of await bundledPackages(sources)) {
    const text = notice || `It has no file; its manifest names ${license}.\n`;
    byNotice.set(text, [...byNotice.get(text) ?? [], `${name} ${version}`]);
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

function paragraph([licence, packages]: [string, readonly Manifest[]]): string {
  const names = packages.map(({ name, version }) => ` npm ${name} ${version}`);
  const authors = packages.map(({ author, name }) => {
    const text = typeof author === "string" ? author : author?.name;
    return text?.replace(/\s*[<(].*$/, "") || `the authors of ${name}`;
  });
  return [
    "Files: usr/lib/vpp-maglev/*.js",
    `Copyright: ${[...new Set(authors)].join("\n ")}`,
    `License: ${DEBIAN_NAMES[licence] ?? licence}`,
    "Comment: Of these packages, bundled:",
    ...names,
    "",
  ].join("\n");
}
