/**
 * The packages as files: what lintian reports, sizes, the same bytes in every folder, and a build
 * for arm64 that runs here under an emulator.
 */
import assert from "node:assert/strict";
import { buildArchive } from "../../tools/release/archive.ts";
import { buildDebs } from "../../tools/release/deb.ts";
import { architectureOf } from "../../tools/release/contents/deno_program.ts";
import { writeLibrary } from "../../tools/release/library.ts";
import { stampOf, versionText } from "../../tools/release/version.ts";
import { linksOf } from "../support/judges/documents.ts";
import { Daemon } from "../support/servers/daemon.ts";
import { judgePermissions } from "../support/worlds/closed_permissions.ts";
import {
  BUILT,
  launcherOf,
  output,
  packagesOf,
  packagingTest,
  ROOT,
  run,
  versionOf,
  withPlace,
} from "./support.ts";

packagingTest("lintian finds nothing that is not explained", ["lintian"], async () => {
  const { code, stdout } = await run([
    ...["lintian", "--allow-root", "--no-cfg", "--fail-on", "warning,error"],
    ...Object.values(packagesOf("first")),
  ]);
  assert.deepEqual([code, stdout], [0, ""]);
});

packagingTest("packages are small, and name each other's version", ["dpkg-deb"], async () => {
  const packages = packagesOf("first");
  assert.deepEqual(Object.keys(packages).sort(), [
    "vpp-maglev",
    "vpp-maglev-runtime",
    "vpp-maglevd",
  ]);
  for (const [name, path] of Object.entries(packages)) {
    const megabytes = (await Deno.stat(path)).size / 1e6;
    const most = name === "vpp-maglev-runtime" ? 35 : 0.5;
    assert.ok(megabytes < most, `${name}: ${megabytes} MB`);
    const field = (of: string) => output(["dpkg-deb", "-f", path, of]);
    const version = await field("Version");
    assert.match(version, /^1:\d+\.\d+\.\d+/);
    const needs = await field("Depends");
    if (name !== "vpp-maglev-runtime") {
      assert.ok(needs.includes(`vpp-maglev-runtime (= ${version})`), needs);
    }
  }
  const conffiles = await output(["dpkg-deb", "-I", packages["vpp-maglevd"]!, "conffiles"]);
  assert.equal(conffiles, "/etc/default/vpp-maglev\n/etc/vpp-maglev/maglev.yaml");
  const runtime = packages["vpp-maglev-runtime"]!;
  const copyright = await output([
    "sh",
    "-c",
    `dpkg-deb --fsys-tarfile ${runtime} | tar -xO ./usr/share/doc/vpp-maglev-runtime/copyright`,
  ]);
  for (const name of ["@grpc/grpc-js", "yaml", "solid-js", "uplot", "prom-client"]) {
    assert.match(copyright, new RegExp(`^ npm ${name} \\d`, "m"));
  }
});

packagingTest("the first version sorts before the second, and after the older project's", [
  "dpkg",
], async () => {
  const versions = await Promise.all(
    (["first", "second"] as const).map((build) =>
      output(["dpkg-deb", "-f", packagesOf(build)["vpp-maglevd"]!, "Version"])
    ),
  );
  const sorts = async (a: string, b: string) =>
    (await run(["dpkg", "--compare-versions", a, "lt", b])).code === 0;
  assert.ok(await sorts(versions[0]!, versions[1]!), versions.join(" "));
  assert.ok(await sorts("1.0.2", versions[0]!));
  assert.ok(await sorts(versions[0]!, "1:99.0"));
  const place = { dirty: false, count: 99, commit: "0123456789abcdef" };
  const inOrder = [
    versionText("1.1.0", { ...place, tag: "before" }),
    versionText("1.2.0", { ...place, tag: "none" }),
    versionText("1.2.0", { ...place, tag: "none", count: 100 }),
    versionText("1.2.0", { ...place, tag: "here" }),
    versionText("1.2.0", { ...place, tag: "before", count: 101 }),
    versionText("1.2.1", { ...place, tag: "none" }),
  ];
  for (const [at, version] of inOrder.slice(1).entries()) {
    assert.ok(await sorts(inOrder[at]!, version), `${inOrder[at]} < ${version}`);
  }
});

packagingTest(
  "links of the installed documents lead to installed files",
  ["dpkg-deb"],
  () =>
    withPlace(async (place) => {
      for (const path of Object.values(packagesOf("first"))) {
        await output(["dpkg-deb", "-x", path, place]);
      }
      const folder = `${place}/usr/share/doc/vpp-maglevd`;
      const dead: string[] = [];
      let links = 0;
      for await (const { name } of Deno.readDir(folder)) {
        if (!name.endsWith(".md")) continue;
        for (const { target } of linksOf(await Deno.readTextFile(`${folder}/${name}`))) {
          const [path] = target.split("#");
          if (path === "" || /^\w+:/.test(target)) continue;
          links++;
          const there = await Deno.stat(`${folder}/${path}`).then(() => true, () => false);
          if (!there) dead.push(`${name}: ${target}`);
        }
      }
      assert.ok(links > 50, `${links} links`);
      assert.deepEqual(dead, []);
    }),
);

const DENO = Deno.execPath();

const HASHES = ["sh", "-c", "sha256sum *.deb *.tar.gz"];

/** Builds archive and packages of the last commit in a new clone at `folder`; SHA-256 by file. */
async function hashesOfClone(folder: string, circumstances: readonly string[]): Promise<string> {
  await output(["git", "clone", "-q", "--shared", ROOT, folder]);
  const tool = [DENO, "run", "--frozen", "-A", "tools/release/main.ts"];
  const words = ["sh", "-c", 'umask "$UMASK"; "$@"', "sh", ...tool, "all"];
  await output(["env", ...circumstances, ...words], { cwd: folder });
  return await output(HASHES, { cwd: `${folder}/build` });
}

/** The same of the first build, which prepare.ts made in this checkout. */
async function hashesOfFirst(place: string): Promise<string> {
  await archiveOfFirst(place);
  await output(["sh", "-c", `ln -s ${BUILT}/first/*.deb ${place}/`]);
  return await output(HASHES, { cwd: place });
}

/** Builds the archive of the first build in folder `place`; its path. */
async function archiveOfFirst(place: string): Promise<string> {
  const work = `${BUILT}/work-first`;
  return await buildArchive({
    ...{ root: ROOT, work: `${place}/work`, out: place, architecture: await architectureOf(DENO) },
    ...{ library: `${work}/library`, sources: `${work}/sources` },
    stamp: { ...await stampOf(ROOT), version: versionOf("first") },
  });
}

packagingTest(
  "a commit gives the same archive and packages in two folders, whatever the circumstances",
  ["git"],
  () =>
    withPlace(async (place) => {
      await Deno.mkdir(`${place}/much/deeper`, { recursive: true });
      const other = ["UMASK=077", "TZ=Asia/Tokyo", "LC_ALL=C", "DPKG_DEB_THREADS_MAX=1"];
      const deeper = await hashesOfClone(`${place}/much/deeper/b`, other);
      assert.equal(deeper.split("\n").length, 4);
      await Deno.mkdir(`${place}/a`);
      // Of a checkout with changes, or of another commit than prepare.ts saw, there is no such build.
      const own = deeper.includes(`_${versionOf("first")}_`)
        ? await hashesOfFirst(`${place}/a`)
        : await hashesOfClone(`${place}/a/c`, ["UMASK=022", "TZ=UTC"]);
      assert.equal(deeper, own);
    }),
);

packagingTest("the archive runs where it is unpacked, also by a link, and has the licences", [
  "tar",
], () =>
  withPlace(async (place) => {
    const path = await archiveOfFirst(place);
    const folder = `${place}/a b`;
    await Deno.mkdir(folder);
    await output(["tar", "-xzf", path, "-C", folder, "--strip-components=1"]);
    await Deno.symlink(`${folder}/bin/maglevd`, `${place}/maglevd`);
    const env = { XDG_CACHE_HOME: place };
    const version = await output([`${place}/maglevd`, "--version"], { env });
    assert.ok(version.startsWith(`maglevd ${versionOf("first")} `), version);
    const config = `${folder}/share/doc/etc/maglev.yaml`;
    assert.match(
      await output([`${place}/maglevd`, "--check", "--config", config], { env }),
      /valid/,
    );
    const notices = await Deno.readTextFile(`${folder}/share/doc/notices`);
    assert.match(notices, /^--- deno\n\nMIT License/m);
    assert.match(notices, /^--- .*solid-js \d[\s\S]*Permission is hereby granted/m);
    assert.match(await Deno.readTextFile(`${folder}/share/doc/copyright`), /^License: Expat$/m);
  }));

packagingTest(
  "each packaged program works with the permissions that it prints, and has no others",
  [],
  async () => {
    const shim = `${BUILT}/work-first/library/maglev_shim.so`;
    await judgePermissions({ launcher: launcherOf("first"), shim });
  },
);

packagingTest("packages for arm64 are built, and their maglevd probes, with its shim", [
  "aarch64-linux-gnu-gcc",
  "qemu-aarch64-static",
  "npm",
], () =>
  withPlace(async (place) => {
    const version = Deno.version.deno;
    await output(["npm", "pack", "--silent", `@deno/linux-arm64-glibc@${version}`], { cwd: place });
    await output(["sh", "-c", "tar -xzf *.tgz"], { cwd: place });
    const deno = await output(["find", place, "-type", "f", "-name", "deno"]);
    await Deno.chmod(deno, 0o755);
    const stamp = await stampOf(ROOT);
    const library = `${place}/library`;
    await writeLibrary({ root: ROOT, work: `${place}/work`, stamp, deno }, library);
    const [path] = await buildDebs({
      ...{ root: ROOT, work: `${place}/packages`, stamp, library, out: place },
      sources: `${place}/work/sources`,
      architecture: "arm64",
      level: 0,
    });
    assert.equal(await output(["dpkg-deb", "-f", path!, "Architecture"]), "arm64");
    assert.equal(await architectureOf(`${library}/maglev_shim.so`), "arm64");
    const emulator = `${place}/emulated`;
    await Deno.writeTextFile(
      emulator,
      `#!/bin/sh\nexec qemu-aarch64-static -L /usr/aarch64-linux-gnu ${deno} "$@"\n`,
    );
    await Deno.chmod(emulator, 0o755);
    const launched = await output(["sh", `${library}/launcher.sh`, "maglevc", "--version"], {
      env: { MAGLEV_DENO: emulator, XDG_CACHE_HOME: place },
    });
    assert.ok(launched.startsWith(`maglevc ${stamp.version} (commit ${stamp.commit}`), launched);
    await probes(place, [
      "env",
      `MAGLEV_DENO=${emulator}`,
      `XDG_CACHE_HOME=${place}`,
      "sh",
      `${library}/launcher.sh`,
    ]);
  }));

/** Starts maglevd by `launcher`, and waits until it found a server. */
async function probes(place: string, launcher: readonly string[]): Promise<void> {
  using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const config = `${place}/maglev.yaml`;
  await Deno.writeTextFile(
    config,
    `maglev:
  healthchecks: { web: { type: tcp, port: ${server.addr.port}, interval: 1s, rise: 1 } }
  backends: { own: { address: 127.0.0.1, healthcheck: web } }
`,
  );
  const daemon = new Daemon({ config, launcher });
  let code: number | undefined;
  try {
    // Emulated, on a busy machine.
    const up = { deadlineMs: 300_000 };
    await daemon.seen(({ msg, to }) => msg === "backend-transition" && to === "up", up);
    const maps = await Deno.readTextFile(`/proc/${daemon.process.pid}/maps`);
    assert.match(maps, /\/library\/maglev_shim\.so$/m);
  } finally {
    code = await daemon.stop();
  }
  assert.equal(code, 0);
}
