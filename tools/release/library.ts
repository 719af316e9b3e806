/**
 * The folder of code that all programs share, `/usr/lib/vpp-maglev` in a package: bundle, deno
 * program, shim and launcher.
 */
import { bundle } from "./bundle.ts";
import { output } from "./command.ts";
import type { Stamp } from "./version.ts";

/** Machine of a release, as Debian names it. */
export type Architecture = "amd64" | "arm64";

/** ELF's e_machine, and the compiler, of each. */
const MACHINES: Readonly<Record<Architecture, { machine: number; prefix: string }>> = {
  amd64: { machine: 62, prefix: "x86_64-linux-gnu-" },
  arm64: { machine: 183, prefix: "aarch64-linux-gnu-" },
};

/** The machine that the program at `path` was made for; throws for another one. */
export async function architectureOf(path: string): Promise<Architecture> {
  using file = await Deno.open(path);
  const head = new Uint8Array(20);
  await file.read(head);
  const machine = new DataView(head.buffer).getUint16(18, true);
  for (const [name, known] of Object.entries(MACHINES)) {
    if (known.machine === machine && head[0] === 0x7f) return name as Architecture;
  }
  throw new Error(`cannot package ${path}: neither a program for amd64 nor for arm64`);
}

export interface LibraryOptions {
  /** The checkout. */
  readonly root: string;
  /** A folder for intermediate files. */
  readonly work: string;
  readonly stamp: Stamp;
  /** The deno program; decides the architecture. */
  readonly deno: string;
}

/** Writes the files into the new folder `to`. */
export async function writeLibrary(options: LibraryOptions, to: string): Promise<void> {
  const { root, work, stamp, deno } = options;
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
  const prefix = own ? "" : MACHINES[architecture].prefix;
  await Deno.remove(work, { recursive: true }).catch(() => {});
  const compiler = own ? "cc" : `${prefix}gcc`;
  await output("make", ["-s", "-C", `${root}/ffi`, `CC=${compiler}`, `OUT=${work}`, "all"]);
  for (const name of ["maglev_shim.so", "maglev_vac_bridge"]) {
    await output(`${prefix}strip`, ["--strip-unneeded", "-o", `${to}/${name}`, `${work}/${name}`]);
  }
}
