/**
 * Bundles the programs and their threads: JavaScript that needs neither npm nor a network.
 *
 * It bundles a copy of the sources with three changes: the version, and the two places that start
 * threads. A thread's code is a text within the program and is started from a `blob:` URL. So a
 * running program needs none of its files, and an upgrade can replace them all.
 */
import type { BuildInfo } from "../../src/base/version.ts";
import { output } from "./command.ts";
import { PROGRAMS } from "./programs.ts";

/** Threads: the module of each, and the file that starts it. */
const THREADS = [
  {
    name: "probe",
    module: "src/probe/engine/worker.ts",
    starter: "src/probe/engine/worker_handle.ts",
  },
  {
    name: "config",
    module: "src/daemon/config_worker.ts",
    starter: "src/daemon/config_in_worker.ts",
  },
] as const;

const THREAD_CODE = "src/system/thread_code.gen.ts";

export interface BundleOptions {
  /** The checkout. */
  readonly root: string;
  /** A folder for the copy; its former content is removed. */
  readonly work: string;
  readonly build: BuildInfo;
}

/** Writes the bundle's files into folder `to`, which exists. */
export async function bundle({ root, work, build }: BundleOptions, to: string): Promise<void> {
  await copySources(root, work);
  await edit(`${work}/src/base/version.ts`, /BUILD: BuildInfo = \{[^}]*\}/g, buildText(build));
  const code: Record<string, string> = {};
  for (const { name, module } of THREADS) {
    const file = `${work}/build/${name}.js`;
    await deno(work, ["-o", file, module]);
    code[name] = withoutPlace(await Deno.readTextFile(file));
  }
  await Deno.writeTextFile(`${work}/${THREAD_CODE}`, threadCode(code));
  for (const { name, module, starter } of THREADS) {
    const up = "../".repeat(starter.split("/").length - 2);
    const file = module.slice(module.lastIndexOf("/") + 1);
    const url = `new URL\\("\\./${file.replace(".", "\\.")}", import\\.meta\\.url\\)`;
    await edit(`${work}/${starter}`, new RegExp(url, "g"), `threadUrl("${name}")`);
    const imports = `import { threadUrl } from "${up}${THREAD_CODE.slice("src/".length)}";\n`;
    await edit(`${work}/${starter}`, /^/g, imports);
  }
  const entries = PROGRAMS.map(({ program }) => program.entry);
  await deno(work, ["--code-splitting", "--outdir", to, ...entries]);
}

/** Everything that the programs import, and no test. */
async function copySources(root: string, work: string): Promise<void> {
  await Deno.remove(work, { recursive: true }).catch(() => {});
  await Deno.mkdir(`${work}/build`, { recursive: true });
  const tracked = await output("git", ["-C", root, "ls-files", "src", "ffi"]);
  const code = tracked.split("\n").filter((path) =>
    !/_(test|bench)\.ts$/.test(path) &&
    !/^src\/(sim|demo|dashboard\/web)\//.test(path)
  );
  const assets = "src/dashboard/assets.gen.ts";
  const entries = PROGRAMS.map(({ program }) => program.entry);
  for (const path of [...code, ...entries, assets, "deno.lock"]) {
    const target = `${work}/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(`${root}/${path}`, target);
  }
  const settingsOf = async (folder: string) =>
    JSON.parse(await Deno.readTextFile(`${folder}/deno.json`));
  const { imports, compilerOptions } = await settingsOf(root);
  // Those of the page are within assets.gen.ts; they are installed for the list of licences.
  const page = (await settingsOf(`${root}/src/dashboard/web`)).imports;
  // Packages in a folder of the copy: names in the bundle depend on their place.
  const settings = {
    nodeModulesDir: "auto",
    imports: { ...imported(imports), ...page },
    compilerOptions,
  };
  await Deno.writeTextFile(`${work}/deno.json`, JSON.stringify(settings));
}

/** Packages of npm that only tests and tools import. */
const TOOLS = new Set(["axe-core", "fast-check", "playwright-core", "ts-proto", "vite"]);

function imported(imports: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const wanted = Object.entries(imports)
    .filter(([name]) => !TOOLS.has(name) && !name.startsWith("vite-"));
  return Object.fromEntries(wanted);
}

function buildText({ version, commit, date }: BuildInfo): string {
  return `BUILD: BuildInfo = ${JSON.stringify({ version, commit, date })}`;
}

/** A thread of a `blob:` URL has no place from which packages of Node could be required. */
function withoutPlace(code: string): string {
  return code.replace(/(__deno_internal_createRequire)\(import\.meta\.url\)/, '$1("file:///")');
}

function threadCode(code: Readonly<Record<string, string>>): string {
  return `const CODE: Readonly<Record<string, string>> = ${JSON.stringify(code)};
const urls = new Map<string, string>();

export function threadUrl(name: string): string {
  const known = urls.get(name);
  if (known !== undefined) return known;
  const url = URL.createObjectURL(new Blob([CODE[name]!], { type: "text/javascript" }));
  urls.set(name, url);
  return url;
}
`;
}

/** Replaces what `pattern` finds, which must be found exactly once. */
async function edit(path: string, pattern: RegExp, replacement: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  const found = [...text.matchAll(pattern)].length;
  if (found !== 1) {
    throw new Error(`cannot bundle: ${path} has ${found} places like ${pattern}, expected 1`);
  }
  await Deno.writeTextFile(path, text.replace(pattern, () => replacement));
}

async function deno(cwd: string, args: readonly string[]): Promise<void> {
  await output(Deno.execPath(), ["bundle", "--quiet", "--platform=deno", "--minify", ...args], {
    cwd,
  });
}
