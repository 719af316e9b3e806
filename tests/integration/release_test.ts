/**
 * The code of a release, without packages: tests/packaging has these. Goal: it runs with the
 * permissions of its launcher, without a network, with an empty cache, and after its files are gone.
 */
import assert from "node:assert/strict";
import { writeLibrary } from "../../tools/release/library.ts";
import { PROGRAMS } from "../../tools/release/programs.ts";
import { stampOf } from "../../tools/release/version.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { NET4, NO_NETNS, TestNamespace } from "../support/servers/netns.ts";

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
/** Without a network, where that is permitted. */
const OFFLINE = NO_NETNS === undefined ? ["unshare", "-n"] : [];

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the release, with an environment of its own. */
async function run(library: string, args: readonly string[], home: string): Promise<Ran> {
  const [program, ...rest] = [...OFFLINE, "sh", `${library}/launcher.sh`, ...args];
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args: rest,
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", HOME: home, XDG_CACHE_HOME: home },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const PADDING = "# A line that makes the file long.\n".repeat(600);

/** A configuration; with PADDING it is read in a thread. */
function configText(backends: Readonly<Record<string, string>>, head = ""): string {
  const lines = Object.entries(backends).map(([name, address]) =>
    `    ${name}:\n      address: ${address}\n      healthcheck: ping\n`
  );
  return `maglev:\n${head}  healthchecks:\n    ping:\n      type: icmp\n` +
    "      interval: 100ms\n      timeout: 90ms\n      rise: 1\n" +
    `  backends:\n${lines.join("")}`;
}

Deno.test("a release runs offline, and a running maglevd needs none of its files", async (t) => {
  await withFolder(async (folder) => {
    const library = `${folder}/library`;
    const stamp = await stampOf(ROOT);
    await writeLibrary(
      { root: ROOT, work: `${folder}/work`, stamp, deno: Deno.execPath() },
      library,
    );

    await t.step("each program prints its version, and where it comes from", async () => {
      for (const { program } of PROGRAMS) {
        const { code, stdout, stderr } = await run(library, [program.name, "--version"], folder);
        const expected =
          `${program.name} ${stamp.version} (commit ${stamp.commit}, ${stamp.date})\n`;
        assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: expected, stderr: "" });
      }
      const { stdout } = await run(library, ["maglevc", "--print-permissions"], folder);
      const [deno, ...flags] = stdout.split("\n");
      assert.equal(deno, `${library}/deno`);
      assert.ok(
        ["--no-config", "--no-lock", "--no-remote", "--no-npm", "--no-prompt"]
          .every((flag) => flags.includes(flag)),
        stdout,
      );
      assert.ok(!flags.some((flag) => flag.includes(library) && flag.startsWith("--allow-")));
    });

    await t.step(
      "the packaged configuration is valid, also with every line switched on",
      async () => {
        const packaged = await Deno.readTextFile(`${ROOT}/debian/etc/maglev.yaml`);
        const full = packaged.replace(/^#(?!#)/gm, "");
        const schema = await Deno.readTextFile(`${ROOT}/docs/maglev.schema.json`);
        const keys = JSON.stringify(JSON.parse(schema)).matchAll(/"([a-z][a-z0-9-]*)":\{"/g);
        const missing = [...keys].map(([, key]) => key!)
          .filter((key) => /-/.test(key))
          // Files that no package has stay switched off.
          .filter((key) => !new RegExp(`^(?:##)? *(?:- )?${key}:`, "m").test(full));
        assert.deepEqual([...new Set(missing)], []);
        for (const [name, text] of [["packaged", packaged], ["full", full]] as const) {
          const path = `${folder}/${name}.yaml`;
          await Deno.writeTextFile(path, text);
          const { code, stdout } = await run(
            library,
            ["maglevd", "--check", "--config", path],
            folder,
          );
          assert.ok(code === 0 && stdout.includes(": valid: "), stdout);
        }
      },
    );

    await t.step(
      "the installed file is refused until its addresses are filled in, so no start takes VIPs away",
      async () => {
        const installed = await Deno.readTextFile(`${ROOT}/debian/etc/start.yaml`);
        const check = async (text: string) => {
          const path = `${folder}/start.yaml`;
          await Deno.writeTextFile(path, text);
          return await run(library, ["maglevd", "--check", "--config", path], folder);
        };
        const { code, stdout } = await check(installed);
        assert.equal(code, 2);
        assert.deepEqual(
          [...stdout.matchAll(/the key `(\S+)` is missing/g)].map(([, key]) => key),
          ["ipv4-src-address", "ipv6-src-address"],
        );
        const filledIn = await check(installed.replace(/^#(?= {2})/gm, ""));
        assert.match(filledIn.stdout, /: valid: 0 frontends/);
      },
    );

    await t.step(
      "threads start and the shim opens after an upgrade removed the files",
      async () => {
        const config = `${folder}/maglev.yaml`;
        const namespace = NO_NETNS === undefined ? await TestNamespace.make() : undefined;
        await Deno.writeTextFile(config, PADDING + configText({ first: "127.0.0.1" }));
        const daemon = new Daemon({ config, launcher: ["sh", `${library}/launcher.sh`] });
        const reload = async (text: string) => {
          await Deno.writeTextFile(config, text);
          const from = daemon.mark;
          daemon.process.signal("SIGHUP");
          const { ok, err } = await daemon.seen(({ msg }) => msg === "config-reload", { from });
          const errors = daemon.lines.filter(({ level }) => level === "ERROR");
          assert.deepEqual([ok, err, errors], [true, undefined, []]);
          return from;
        };
        try {
          await daemon.transition("first", "up");
          await Deno.remove(library, { recursive: true });
          await namespace?.respond();
          const head = namespace === undefined
            ? ""
            : `  healthchecker:\n    netns: ${namespace.name}\n`;
          const address = namespace === undefined ? "127.0.0.2" : `${NET4}1`;
          const from = await reload(PADDING + configText({ second: address }, head));
          await daemon.transition("second", "up", from);
          // Read without a thread. The tag needs the library for YAML, which the start did not.
          await reload(configText({ second: `!!str ${address}` }, head));
        } finally {
          assert.equal(await daemon.stop(), 0);
          await namespace?.remove();
        }
      },
    );
  });
});
