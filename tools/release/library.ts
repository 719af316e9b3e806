/**
 * The folder of code that all programs share, `/usr/lib/vpp-maglev` in a package: bundle, deno
 * program, shim and launcher.
 */
import { bundle } from "./bundle.ts";
import { output } from "./command.ts";
import { type Architecture, architectureOf, requirePinned } from "./contents/deno_program.ts";
import type { Stamp } from "./version.ts";

/** Prefix of the compiler's programs for each machine. */
const PREFIXES: Readonly<Record<Architecture, string>> = {
  amd64: "x86_64-linux-gnu-",
  arm64: "aarch64-linux-gnu-",
};

export interface LibraryOptions {
  /** The checkout. */
  readonly root: string;
  /** A folder for intermediate files. */
  readonly work: string;
  readonly stamp: Stamp;
  /** The deno program; decides the architecture. */
  readonly deno: string;
}

/** Writes the files into the new folder `to`; throws for another deno program than the pinned one. */
export async function writeLibrary(options: LibraryOptions, to: string): Promise<void> {
  const { root, work, stamp, deno } = options;
  await requirePinned(deno);
  await Deno.mkdir(to, { recursive: true });
  await bundle({ root, work: `${work}/sources`, build: stamp }, to);
  await buildShim(root, { work: `${work}/shim`, architecture: await architectureOf(deno) }, to);
  await Deno.copyFile(deno, `${to}/deno`);
  for (const name of ["launcher.sh", "launcher_table.sh"]) {
    await Deno.copyFile(`${root}/tools/release/${name}`, `${to}/${name}`);
  }
  await Deno.copyFile(`${root}/debian/healthcheck`, `${to}/healthcheck`);
  for (const name of ["deno", "launcher.sh", "healthcheck", "maglev_vac_bridge"]) {
    await Deno.chmod(`${to}/${name}`, 0o755);
  }
  await Deno.chmod(`${to}/maglev_shim.so`, 0o644);
}

async function buildShim(
  root: string,
  { work, architecture }: { readonly work: string; readonly architecture: Architecture },
  to: string,
): Promise<void> {
  const own = (Deno.build.arch === "x86_64" ? "amd64" : "arm64") === architecture;
  const prefix = own ? "" : PREFIXES[architecture];
  await Deno.remove(work, { recursive: true }).catch(() => {});
  const compiler = own ? "cc" : `${prefix}gcc`;
  await output("make", ["-s", "-C", `${root}/ffi`, `CC=${compiler}`, `OUT=${work}`, "all"]);
  for (const name of ["maglev_shim.so", "maglev_vac_bridge"]) {
    await output(`${prefix}strip`, ["--strip-unneeded", "-o", `${to}/${name}`, `${work}/${name}`]);
  }
}
