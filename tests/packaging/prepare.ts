/**
 * Installs what the tests of packages need, and builds what they share into build/packaging: a base
 * system, and the packages of two versions and of an older commit. The base system and the older
 * packages are kept for the next run.
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
  NO_OLDER,
  output,
  PROGRAMS_EXTRACTED,
  PROGRAMS_NEEDED,
  ROOT,
  run,
  withPlace,
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

/** How many commits older the older build may be, where no release is tagged: the first that builds. */
const OLDER_BY: readonly number[] = [100, 120, 140];

/** The last release before the checkout, else older commits; empty: the checkout has too few. */
async function olderCommits(): Promise<readonly string[]> {
  const git = (...args: readonly string[]) => run(["git", "-C", ROOT, ...args]);
  const tag = await git("describe", "--abbrev=0", "--match=v*", "HEAD~1");
  const names = tag.code === 0 ? [tag.stdout.trim()] : OLDER_BY.map((count) => `HEAD~${count}`);
  const found = await Promise.all(
    names.map((name) => git("rev-parse", "--verify", "--quiet", `${name}^{commit}`)),
  );
  return found.filter(({ code }) => code === 0).map(({ stdout }) => stdout.trim());
}

/** Builds the packages of an older commit by its own tools; result: the reason when none builds. */
async function makeOlder(): Promise<string | undefined> {
  let reason = `the checkout has fewer than ${OLDER_BY[0]} commits`;
  for (const commit of await olderCommits()) {
    const problem = await buildOlder(commit);
    if (problem === undefined) return undefined;
    // Its release may be broken, or need another Deno.
    reason = `commit ${commit} cannot be built: ${problem}`;
    console.error(`test:packaging: ${reason}`);
  }
  return reason;
}

/** Builds those of `commit`; result: the reason when that fails. */
async function buildOlder(commit: string): Promise<string | undefined> {
  const out = `${BUILT}/older`;
  const done = `${out}/${commit}`;
  if (await exists(done)) return undefined;
  await Deno.remove(out, { recursive: true }).catch(() => {});
  await Deno.mkdir(out, { recursive: true });
  return await withPlace(async (place) => {
    const folder = `${place}/checkout`;
    await output(["git", "clone", "-q", "--shared", "--no-checkout", ROOT, folder]);
    await output(["git", "-C", folder, "checkout", "-q", "--detach", commit]);
    await fastDpkgDeb(`${place}/bin`);
    const tool = [Deno.execPath(), "run", "--frozen", "-A", "tools/release/main.ts"];
    const { code, stderr } = await run([...tool, "deb", "--out", out], {
      cwd: folder,
      env: { PATH: `${place}/bin:${Deno.env.get("PATH")}` },
    });
    if (code !== 0) return /^error: (.*)$/m.exec(stderr)?.[1] ?? `exit status ${code}`;
    await Deno.writeTextFile(done, "");
  });
}

/** A dpkg-deb that hardly compresses, because the tools of older commits take half a minute. */
async function fastDpkgDeb(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  const path = (await output(["sh", "-c", "command -v dpkg-deb"])).trim();
  await Deno.writeTextFile(
    `${folder}/dpkg-deb`,
    '#!/bin/sh\nfor word; do shift; case $word in -z6) word=-z0 ;; esac; set -- "$@" "$word"; ' +
      `done\nexec ${path} "$@"\n`,
    { mode: 0o755 },
  );
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

if (Deno.uid() !== 0) {
  console.log("test:packaging: nothing is prepared, because this needs root");
} else {
  const missing = Object.entries(PROGRAMS_NEEDED).filter(([program]) => !isThere(program));
  if (missing.length > 0 && mayInstall()) {
    await install("test:packaging", missing.flatMap(([, packages]) => packages.split(" ")));
    const absent = missing.map(([program]) => program).filter((program) => !isThere(program));
    // Their tests would be skipped, and the whole would seem to be well.
    if (absent.length > 0) throw new Error(`cannot install ${absent.join(", ")}`);
  }
  await Deno.mkdir(BUILT, { recursive: true });
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
  const reason = await makeOlder();
  if (reason !== undefined) await Deno.writeTextFile(NO_OLDER, `${reason}\n`);
  else await Deno.remove(NO_OLDER).catch(() => {});
}
