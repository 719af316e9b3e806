/** maglevd as a process: output and exit status of its flags and of a bad start. */
import assert from "node:assert/strict";
import { demoConfig } from "../../src/demo/scenario.ts";
import { runToEnd, withFolder } from "../support/servers/daemon.ts";

const GOOD = demoConfig(18080);

async function withConfig<T>(text: string, fn: (path: string) => Promise<T>): Promise<T> {
  return await withFolder(async (folder) => {
    const path = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(path, text);
    return await fn(path);
  });
}

Deno.test("maglevd --check exits 0 and summarizes a valid file", async () => {
  await withConfig(GOOD, async (config) => {
    const { code, stdout, stderr } = await runToEnd({ config, flags: ["--check"] });
    assert.equal(stdout, `${config}: valid: 1 frontends, 3 backends, 1 healthchecks\n`);
    assert.deepEqual([code, stderr], [0, ""]);
  });
});

Deno.test("maglevd --check exits 1 for a parse error and lists all of them with positions", async () => {
  const text = GOOD.replace("fast-interval: 250ms", "fast-intervall: 250ms")
    .replace("rise: 2", "rise: two");
  await withConfig(text, async (config) => {
    const { code, stdout } = await runToEnd({ config, flags: ["-check"] });
    assert.equal(code, 1);
    const lines = stdout.trim().split("\n");
    assert.equal(lines.length, 2, stdout);
    assert.match(
      lines[0]!,
      /maglev\.yaml:14:7: parse error: maglev\.healthchecks\.web.*did you mean "fast-interval"\?/,
    );
    assert.match(lines[1]!, /maglev\.yaml:17:13: parse error: maglev\.healthchecks\.web\.rise: /);
  });
});

Deno.test("maglevd --check exits 2 for a semantic error", async () => {
  await withConfig(GOOD.replace("web3: {}", "web4: {}"), async (config) => {
    const { code, stdout } = await runToEnd({ config, flags: ["--check"] });
    assert.equal(code, 2, stdout);
    assert.match(stdout, /semantic error: maglev\.frontends\.web\.pools\[0\]\.backends\.web4: /);
  });
});

Deno.test("maglevd --check reads standard input as - and as /dev/stdin", async () => {
  for (const config of ["-", "/dev/stdin"]) {
    const good = await runToEnd({ config, flags: ["--check"], stdin: GOOD });
    assert.equal(good.stdout, `${config}: valid: 1 frontends, 3 backends, 1 healthchecks\n`);
    const stdin = GOOD.replace("rise: 2", "rise: 0");
    const bad = await runToEnd({ config, flags: ["--check"], stdin });
    assert.equal(bad.code, 2);
    assert.ok(bad.stdout.startsWith(`${config}:17:13: semantic error: `), bad.stdout);
    const run = await runToEnd({ config, stdin: GOOD });
    assert.deepEqual([run.code, run.stdout], [2, ""]);
    assert.match(run.stderr, /flag --config: cannot run on standard input .*; use a file/);
  }
});

Deno.test("a start with a bad configuration exits with the status of --check", async () => {
  const cases = [
    [GOOD.replace("rise: 2", "rise: 0"), 2, /semantic error/],
    [GOOD.replace("rise: 2", "rise: two"), 1, /parse error/],
    [GOOD.replace("rise: 2", "\trise: 2"), 1, /parse error: this line is indented with a tab/],
  ] as const;
  for (const [text, status, words] of cases) {
    await withConfig(text, async (config) => {
      const check = await runToEnd({ config, flags: ["--check"] });
      const start = await runToEnd({ config });
      assert.deepEqual([check.code, start.code], [status, status]);
      assert.match(start.stderr, words);
      assert.equal(start.stderr, `maglevd: cannot start: ${check.stdout}`);
    });
  }
});

Deno.test("maglevd requires vpp.lb only while VPP integration is on", async () => {
  const text = GOOD.replace(/ {2}vpp:\n( {4}.*\n| {6}.*\n)+/, "");
  await withConfig(text, async (config) => {
    const off = await runToEnd({ config, flags: ["--check"] });
    assert.equal(off.code, 0, off.stdout);
    const on = await runToEnd({ config, vppApiAddr: "/run/vpp/api.sock", flags: ["--check"] });
    assert.equal(on.code, 2);
    assert.match(
      on.stdout,
      /:\d+:\d+: semantic error: maglev\.vpp\.lb: is missing: needed while VPP integration is on/,
    );
  });
});

Deno.test("maglevd with a missing configuration fails to start with one line that names it", async () => {
  const { code, stderr } = await runToEnd({ config: "/etc/vpp-maglev/none.yaml" });
  assert.equal(code, 1);
  assert.equal(stderr.trim().split("\n").length, 1, stderr);
  assert.match(
    stderr,
    /^maglevd: cannot start: \/etc\/vpp-maglev\/none\.yaml: parse error: .*no such file/,
  );
});

Deno.test("maglevd reads a configuration in any folder, also relative to the working folder", async () => {
  await withConfig(GOOD, async (config) => {
    const cwd = config.slice(0, config.lastIndexOf("/"));
    for (
      const path of [
        config,
        "maglev.yaml",
        "./maglev.yaml",
        "../" + config.split("/").at(-2) + "/maglev.yaml",
      ]
    ) {
      const args = ["--config", path, "--vpp-api-addr=", "--check"];
      const { code, stdout } = await runToEnd({ config, args, cwd });
      assert.equal(code, 0, stdout);
      assert.ok(stdout.startsWith(`${path}: valid: `), stdout);
    }
  });
});

const FLAG_ERRORS: [string, string[], Record<string, string>, RegExp][] = [
  [
    "an unknown flag",
    ["--confg", "x"],
    {},
    /^maglevd: unknown flag --confg; did you mean --config\?/,
  ],
  ["a bad level", ["--log-level=loud"], {}, /need one of debug, info, warn, error/],
  ["a path with a comma", ["--config=/a,b/c.yaml"], {}, /--config: .*a comma cannot be granted/],
  ["a bad variable", [], { MAGLEV_LOG_FORMAT: "xml" }, /MAGLEV_LOG_FORMAT: cannot use "xml"/],
  ["a bad prefix of shared memory", ["--vpp-api-addr=shm:a/b"], {}, /need shm: or shm:PREFIX/],
  ["a relative socket", ["--vpp-api-addr=api.sock"], {}, /need an absolute path, shm: or/],
  ["a relative stats socket", ["--vpp-stats-addr=x"], {}, /--vpp-stats-addr.* absolute path/],
];

Deno.test("maglevd exits 2 for flags it cannot use, on stderr only", async (t) => {
  for (const [name, args, env, expected] of FLAG_ERRORS) {
    await t.step(name, async () => {
      const { code, stdout, stderr } = await runToEnd({
        config: "/etc/vpp-maglev/x.yaml",
        args,
        env,
      });
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, expected);
    });
  }
});

Deno.test("maglevd --version prints the commit of the checkout and its date", async () => {
  const { code, stdout } = await runToEnd({ config: "", args: ["-version"] });
  assert.equal(code, 0);
  assert.match(stdout, /^maglevd \d+\.\d+\.\d+ \(commit ([0-9a-f]{40}, \S+|unknown, unknown)\)\n$/);
});

Deno.test("maglevd -h, -help and --help print the flags and exit 0", async () => {
  for (const flag of ["-h", "-help", "--help"]) {
    const help = await runToEnd({ config: "", args: ["--log-level", "INFO", flag] });
    assert.equal(help.code, 0, help.stderr);
    for (const word of ["--config PATH", "MAGLEV_VPP_API_ADDR", "--check", "SIGHUP"]) {
      assert.ok(help.stdout.includes(word), word);
    }
  }
});

Deno.test("the last of two values of a flag counts, for maglevd and for its permissions", async () => {
  await withConfig(GOOD, async (config) => {
    const args = ["-config=/nowhere/x.yaml", "--vpp-api-addr=", "--check", "--config", config];
    const { code, stdout } = await runToEnd({ config, args });
    assert.equal(code, 0, stdout);
  });
});

Deno.test("without its launcher maglevd refuses --print-permissions", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-env", "--no-prompt", new URL("../../main.ts", import.meta.url).pathname]
      .concat("--print-permissions"),
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /flag --print-permissions: .*by its launcher/);
});

Deno.test("maglevd takes its configuration path from the environment", async () => {
  await withConfig(GOOD, async (config) => {
    const { code, stdout } = await runToEnd({
      config,
      args: ["--check", "--vpp-api-addr="],
      env: { MAGLEV_CONFIG: config },
    });
    assert.equal(code, 0, stdout);
    assert.ok(stdout.startsWith(config));
  });
});
