/**
 * Installs what the tests of packages need, and builds what they share into build/packaging: a base
 * system, and the packages of two versions. The base system is kept for the next run.
 */
import { extract, install, isThere, mayInstall } from "../../tools/debian.ts";
import { buildDebs } from "../../tools/release/deb.ts";
import { architectureOf } from "../../tools/release/contents/deno_program.ts";
import { writeLibrary } from "../../tools/release/library.ts";
import { type Stamp, stampOf } from "../../tools/release/version.ts";
import {
  BASE,
  type Build,
  BUILT,
  output,
  PROGRAMS_EXTRACTED,
  PROGRAMS_NEEDED,
  ROOT,
} from "./support.ts";

const PACKAGES =
  "systemd,systemd-sysv,adduser,dbus,iproute2,procps,ca-certificates,python3-minimal";

async function makeBase(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-base-" });
  const release = await Deno.readTextFile("/etc/os-release");
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] ?? "stable";
  // It becomes the root folder, which all users enter.
  await Deno.chmod(folder, 0o755);
  try {
    await output(["debootstrap", "--variant=minbase", `--include=${PACKAGES}`, suite, folder]);
    await output(["sh", "-c", `rm -rf ${folder}/var/cache/apt/archives/*.deb`]);
    await output(["tar", "-cpf", `${BASE}.new`, "-C", folder, "."]);
    await Deno.rename(`${BASE}.new`, BASE);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The first has the quality of a release; the second is compressed quickly. */
async function makeBuild(build: Build, own: Stamp): Promise<void> {
  const out = `${BUILT}/${build}`;
  await Deno.remove(out, { recursive: true }).catch(() => {});
  await Deno.mkdir(out, { recursive: true });
  const stamp = build === "first" ? own : { ...own, version: `${own.version}+next` };
  const deno = Deno.execPath();
  const work = `${BUILT}/work-${build}`;
  const library = `${work}/library`;
  await Deno.remove(library, { recursive: true }).catch(() => {});
  await writeLibrary({ root: ROOT, work, stamp, deno }, library);
  await buildDebs({
    ...{ root: ROOT, work: `${work}/packages`, stamp, library, sources: `${work}/sources`, out },
    architecture: await architectureOf(deno),
    level: build === "first" ? 6 : 0,
  });
}

if (Deno.uid() !== 0) {
  console.log("test:packaging: nothing is prepared, because this needs root");
} else {
  const missing = Object.entries(PROGRAMS_NEEDED).filter(([program]) => !isThere(program));
  if (missing.length > 0 && mayInstall()) {
    await install("test:packaging", missing.flatMap(([, packages]) => packages.split(" ")));
  }
  await Deno.mkdir(BUILT, { recursive: true });
  const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
  if (
    mayInstall() &&
    !(await Promise.all(Object.values(PROGRAMS_EXTRACTED).map(exists))).every(Boolean)
  ) {
    await extract("test:packaging", Object.keys(PROGRAMS_EXTRACTED), `${BUILT}/extracted`);
  }
  if (!await exists(BASE) && isThere("debootstrap")) await makeBase();
  await output([Deno.execPath(), "run", "--frozen", "-A", `${ROOT}/tools/dashboard/build.ts`]);
  const stamp = await stampOf(ROOT);
  for (const build of ["first", "second"] as const) await makeBuild(build, stamp);
}
