/** The packages of npm that a bundle was made of, with their licences: Debian's copyright file. */

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
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
  for (const manifest of await manifests(`${sources}/node_modules/.deno`)) {
    // Types leave nothing in a bundle.
    if (manifest.name.startsWith("@types/") || manifest.name === "undici-types") continue;
    const licence = manifest.license ?? "";
    if (licence === "") throw new Error(`cannot list licences: ${manifest.name} names none`);
    byLicence.set(licence, [...byLicence.get(licence) ?? [], manifest]);
  }
  const paragraphs = [...byLicence].toSorted(([a], [b]) => a < b ? -1 : 1).map(paragraph);
  if (paragraphs.length === 0) throw new Error(`cannot list licences: ${sources} has no packages`);
  return paragraphs.join("\n");
}

async function manifests(folder: string): Promise<readonly Manifest[]> {
  const found: Manifest[] = [];
  for await (const { name: place, isDirectory } of Deno.readDir(folder)) {
    // `@scope+name@version`, with the versions of its peers after another underscore.
    const name = /^(@?[^@]+)@/.exec(place)?.[1]?.replace("+", "/");
    if (!isDirectory || name === undefined) continue;
    const path = `${folder}/${place}/node_modules/${name}/package.json`;
    found.push(JSON.parse(await Deno.readTextFile(path)));
  }
  return found.toSorted((a, b) => a.name < b.name ? -1 : 1);
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
