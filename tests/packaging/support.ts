/** What the tests of packages share: when they run, commands, and the packages that prepare.ts built. */
import { isThere, mayInstall } from "../../tools/debian.ts";

export const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
/** Where prepare.ts puts its results. */
export const BUILT = `${ROOT}/build/packaging`;
/** Debian's smallest system with systemd, as a tar archive. */
export const BASE = `${BUILT}/base.tar`;

/** Debian packages that these tests need, by one of their programs. */
export const PROGRAMS_NEEDED: Readonly<Record<string, string>> = {
  lintian: "lintian",
  debootstrap: "debootstrap",
  podman: "podman",
  runc: "runc",
  buildah: "buildah",
  "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
  "qemu-aarch64-static": "qemu-user-static",
  mandoc: "mandoc",
  npm: "npm",
  ip: "iproute2",
  "systemd-analyze": "systemd",
};

/** Servers that are taken out of Debian's packages: installing them would start them. */
export const PROGRAMS_EXTRACTED: Readonly<Record<string, string>> = {
  nginx: `${BUILT}/extracted/usr/sbin/nginx`,
  caddy: `${BUILT}/extracted/usr/bin/caddy`,
};

/** Two builds of the checkout, the second with the higher version, and one of an older commit. */
export type Build = "first" | "second" | "older";

/** Has the reason why there is no build of an older commit. */
export const NO_OLDER = `${BUILT}/no-older`;

/** The reason why there is no build of an older commit; undefined: there is one. */
export function whyNoOlder(): string | undefined {
  try {
    return Deno.readTextFileSync(NO_OLDER).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * A test that runs only in `deno task test:packaging`, where its programs are installed. As root on
 * Debian a missing program is a failure.
 */
export function packagingTest(
  name: string,
  needs: readonly string[],
  fn: (t: Deno.TestContext) => Promise<void>,
): void {
  const plan = planOf(needs);
  const note = plan.kind === "skip" ? ` (skipped: ${plan.reason})` : "";
  Deno.test({
    name: `${name}${note}`,
    ignore: plan.kind === "skip",
    fn: plan.kind === "run" ? fn : () => {
      throw new Error(`this test cannot run: ${plan.reason}`);
    },
  });
}

export type Plan = { readonly kind: "run" } | {
  readonly kind: "skip" | "fail";
  readonly reason: string;
};

/** What becomes of a test with these needs. */
export function planOf(needs: readonly string[]): Plan {
  if (Deno.env.get("MAGLEV_PACKAGING") !== "1") {
    return { kind: "skip", reason: "run by `deno task test:packaging`" };
  }
  if (Deno.uid() !== 0) return { kind: "skip", reason: "needs root" };
  // There prepare.ts installs all of them.
  const kind = mayInstall() ? "fail" : "skip";
  const missing = needs.find((program) => {
    const path = PROGRAMS_EXTRACTED[program];
    return path === undefined ? !isThere(program) : !exists(path);
  });
  if (missing !== undefined) return { kind, reason: `${missing} is not installed` };
  if (exists(`${BUILT}/second`)) return { kind: "run" };
  return { kind, reason: "prepare.ts built nothing" };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A program that has ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end. */
export async function run(
  [program, ...args]: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args,
    stdin: "null",
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
    env: { LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive", NO_COLOR: "1", ...options.env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Its output without the last newline; throws when it fails. */
export async function output(command: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  if (code === 0) return stdout.replace(/\n$/, "");
  throw new Error(`${command.join(" ")}: exit status ${code}\n${stdout}\n${stderr}`);
}

/** The launcher of one build. */
export function launcherOf(build: Build): readonly string[] {
  const machine = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
  const work = build === "older" ? `older/release-${machine}` : `work-${build}`;
  return ["sh", `${BUILT}/${work}/library/launcher.sh`];
}

/** Paths of the packages of one build, by the package's name. */
export function packagesOf(build: Build): Readonly<Record<string, string>> {
  const files = [...Deno.readDirSync(`${BUILT}/${build}`)].map(({ name }) => name);
  const debs = files.filter((name) => name.endsWith(".deb"));
  return Object.fromEntries(debs.map((name) => [name.split("_")[0]!, `${BUILT}/${build}/${name}`]));
}

/** The version of one build, without Debian's epoch. */
export function versionOf(build: Build): string {
  return packagesOf(build)["vpp-maglevd"]!.split("_")[1]!;
}

/** Unpacks the base system into the new folder `root`. */
export async function unpackBase(root: string): Promise<void> {
  await Deno.mkdir(root, { recursive: true });
  await output(["tar", "-xpf", BASE, "-C", root]);
}

/** A folder on a real disk, removed at the end, also when containers left mounts in it. */
export async function withPlace<T>(fn: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-packaging-" });
  try {
    return await fn(folder);
  } finally {
    await run(["rm", "-rf", "--one-file-system", folder]);
  }
}
