/**
 * Builds releases into build/: the archive, the Debian packages, both from one bundle, single
 * executables, or only the folder that archive and packages share (for benchmarks).
 *
 *   deno run -A tools/release/main.ts release|deb|all|compile|library [--deno PATH] [--out FOLDER]
 *
 * --deno  the deno program of the target; default: the one that runs this. Its machine decides the
 *         architecture: `npm pack @deno/linux-arm64-glibc` has one for arm64, for which the shim is
 *         compiled with aarch64-linux-gnu-gcc.
 * --out   default: build
 */
import { buildArchive } from "./archive.ts";
import { output } from "./command.ts";
import { compile } from "./compile.ts";
import { buildDebs } from "./deb.ts";
import { architectureOf } from "./contents/deno_program.ts";
import { writeLibrary } from "./library.ts";
import { stampOf } from "./version.ts";

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

const KINDS = ["release", "deb", "all", "compile", "library"] as const;

interface Wanted {
  readonly kind: typeof KINDS[number];
  readonly deno: string;
  readonly out: string;
}

/** The command line, or the reason why it cannot be used. */
function parse([what, ...rest]: readonly string[]): Wanted | string {
  const kind = KINDS.find((name) => name === what);
  if (kind === undefined) return `expected ${KINDS.join(", ")}`;
  let deno = Deno.execPath();
  let out = `${ROOT}/build`;
  for (let i = 0; i < rest.length; i += 2) {
    const value = rest[i + 1];
    if (value === undefined) return `${rest[i]} needs a value`;
    if (rest[i] === "--deno") deno = value;
    else if (rest[i] === "--out") out = value;
    else return `unknown argument ${rest[i]}; expected --deno or --out`;
  }
  return { kind, deno, out };
}

async function main(args: readonly string[]): Promise<number> {
  const wanted = parse(args);
  if (typeof wanted === "string") {
    console.error(`release: ${wanted}`);
    return 2;
  }
  const { kind, deno, out } = wanted;
  const stamp = await stampOf(ROOT);
  const architecture = await architectureOf(deno);
  const work = `${out}/release-${architecture}`;
  const library = `${work}/library`;
  await Deno.remove(library, { recursive: true }).catch(() => {});
  await output(Deno.execPath(), ["run", "--frozen", "-A", `${ROOT}/tools/dashboard/build.ts`]);
  await writeLibrary({ root: ROOT, work, stamp, deno }, library);
  const sources = `${work}/sources`;
  const common = { root: ROOT, stamp, architecture, library, sources, out };
  if (kind === "library") console.log(library);
  if (kind === "compile") {
    for (const path of await compile({ library, out })) console.log(path);
  }
  if (kind === "release" || kind === "all") {
    console.log(await buildArchive({ ...common, work: `${work}/archive` }));
  }
  if (kind === "deb" || kind === "all") {
    for (const path of await buildDebs({ ...common, work: `${work}/packages` })) console.log(path);
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
