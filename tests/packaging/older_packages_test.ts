/**
 * Packages of the project that had these names first, upgraded to ours: one package of its early
 * versions, two of its version 1.0.2. Goal: edited configuration files stay, no file is in two
 * packages, its unit is gone. Method: packages of that shape, in a root without systemd running.
 */
import assert from "node:assert/strict";
import { output, packagesOf, packagingTest, run, unpackBase, withPlace } from "./support.ts";

interface OldPackage {
  readonly name: string;
  readonly version: string;
  /** Path to content. */
  readonly files: Readonly<Record<string, string>>;
}

const CONFFILES = {
  "etc/vpp-maglev/maglev.yaml": "maglev: {}\n",
  "etc/default/vpp-maglev": "MAGLEV_CONFIG=/etc/vpp-maglev/maglev.yaml\n",
};
const DAEMON = {
  ...CONFFILES,
  "usr/sbin/maglevd": "#!/bin/sh\n",
  "usr/sbin/maglevd-frontend": "#!/bin/sh\n",
  "usr/share/man/man8/maglevd.8": ".TH maglevd 8\n",
};
const CLIENT = {
  "usr/bin/maglevc": "#!/bin/sh\n",
  "usr/share/man/man1/maglevc.1": ".TH maglevc 1\n",
};
const UNIT = "[Service]\nExecStart=/usr/sbin/maglevd\n[Install]\nWantedBy=multi-user.target\n";

const SHAPES: Readonly<Record<string, readonly OldPackage[]>> = {
  "one package": [{
    name: "vpp-maglev",
    version: "0.9.4",
    files: { ...DAEMON, ...CLIENT, "lib/systemd/system/vpp-maglevd.service": UNIT },
  }],
  "two packages": [
    {
      name: "vpp-maglevd",
      version: "1.0.2",
      files: { ...DAEMON, "lib/systemd/system/vpp-maglev.service": UNIT },
    },
    { name: "vpp-maglev", version: "1.0.2", files: CLIENT },
  ],
};

async function buildOld({ name, version, files }: OldPackage, place: string): Promise<string> {
  const tree = `${place}/${name}-${version}`;
  const conffiles = Object.keys(files).filter((path) => path.startsWith("etc/"));
  const control = `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\n` +
    "Maintainer: a <a@b.example>\nDescription: of an older project\n";
  const all = {
    ...files,
    "DEBIAN/control": control,
    "DEBIAN/conffiles": conffiles.map((path) => `/${path}\n`).join(""),
  };
  for (const [path, content] of Object.entries(all)) {
    await Deno.mkdir(`${tree}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${tree}/${path}`, content);
  }
  await output(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, `${tree}.deb`]);
  return `${tree}.deb`;
}

for (const [shape, packages] of Object.entries(SHAPES)) {
  packagingTest(
    `the older project's ${shape} are upgraded to ours`,
    ["debootstrap"],
    () =>
      withPlace(async (place) => {
        const root = `${place}/root`;
        await unpackBase(root);
        const inside = (line: string) => output(["chroot", root, "sh", "-c", line]);
        const install = async (paths: readonly string[]) => {
          for (const path of paths) await output(["cp", path, `${root}/root/`]);
          const names = paths.map((path) => `/root/${path.slice(path.lastIndexOf("/") + 1)}`);
          await inside(`dpkg -i --auto-deconfigure --force-confold ${names.join(" ")}`);
        };
        await install(await Promise.all(packages.map((old) => buildOld(old, place))));
        const edited = {
          "etc/vpp-maglev/maglev.yaml": "maglev: {} # by the operator\n",
          "etc/default/vpp-maglev": "MAGLEV_LOG_LEVEL=debug\n",
        };
        for (const [path, text] of Object.entries(edited)) {
          await Deno.writeTextFile(`${root}/${path}`, text);
        }
        const wants = `${root}/etc/systemd/system/multi-user.target.wants`;
        await output(["mkdir", "-p", wants]);
        const leftover = `${wants}/vpp-maglevd.service`;
        await Deno.symlink("/lib/systemd/system/vpp-maglevd.service", leftover);

        await install(Object.values(packagesOf("first")));
        for (const [path, text] of Object.entries(edited)) {
          assert.equal(await Deno.readTextFile(`${root}/${path}`), text, path);
        }
        assert.equal((await run(["test", "-L", leftover])).code, 1, "the older unit is disabled");
        // It may hold a password; it was readable for all.
        assert.equal(await inside("stat -c %a /etc/default/vpp-maglev"), "640");
        const owner = (path: string) => inside(`dpkg -S ${path}`);
        assert.equal(await owner("/usr/sbin/maglevd"), "vpp-maglevd: /usr/sbin/maglevd");
        assert.equal(await owner("/usr/bin/maglevc"), "vpp-maglev: /usr/bin/maglevc");
        assert.equal(
          await owner("/etc/default/vpp-maglev"),
          "vpp-maglevd: /etc/default/vpp-maglev",
        );
        assert.equal(await inside("dpkg --audit"), "");
        assert.equal(await inside("dpkg --verify vpp-maglev vpp-maglev-runtime"), "");
        const enabled = await inside("systemctl is-enabled vpp-maglev");
        assert.equal(enabled, "enabled");

        await inside("dpkg --purge vpp-maglevd vpp-maglev vpp-maglev-runtime");
        const left = await run([
          "chroot",
          root,
          "find",
          "/etc",
          "/usr",
          "/var",
          "/lib",
          "-name",
          "*maglev*",
        ]);
        assert.deepEqual(left.stdout.split("\n").filter((path) => path !== ""), []);
      }),
  );
}
