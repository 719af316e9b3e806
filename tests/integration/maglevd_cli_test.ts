/** maglevd as a process: what its flags and a bad start say, and how it exits. */
import assert from "node:assert/strict";
import { demoConfig } from "../../src/demo/scenario.ts";
import { runToEnd, withFolder } from "../support/daemon.ts";

const GOOD = demoConfig(18080);

async function withConfig<T>(text: string, fn: (path: string) => Promise<T>): Promise<T> {
  return await withFolder(async (folder) => {
    const path = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(path, text);
    return await fn(path);
  });
}

Deno.test("maglevd --check exits 0 and says what a valid file holds", async () => {
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
    assert.match(run.stderr, /Flag --config: cannot run on standard input .*; use a file/);
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

Deno.test("maglevd wants vpp.lb only while VPP integration is on", async () => {
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

Deno.test("maglevd names the missing permission when it may not read the configuration", async () => {
  const { code, stderr } = await runToEnd({
    config: "/etc/vpp-maglev/x.yaml",
    args: ["--config", "/etc/hostname", "--vpp-api-addr="],
  });
  assert.equal(code, 1);
  assert.match(stderr, /\/etc\/hostname.*--allow-read/);
});

const FLAG_ERRORS: [string, string[], Record<string, string>, RegExp][] = [
  [
    "an unknown flag",
    ["--confg", "x"],
    {},
    /^maglevd: Unknown flag --confg: did you mean --config\?/,
  ],
  ["a bad level", ["--log-level=loud"], {}, /need one of debug, info, warn, error/],
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

Deno.test("maglevd --version and --help print and exit 0", async () => {
  const version = await runToEnd({ config: "/etc/vpp-maglev/x.yaml", args: ["-version"] });
  assert.match(version.stdout, /^maglevd \d+\.\d+\.\d+ \(commit .+, .+\)\n$/);
  const help = await runToEnd({ config: "/etc/vpp-maglev/x.yaml", args: ["--help"] });
  for (const word of ["--config PATH", "MAGLEV_VPP_API_ADDR", "--check", "SIGHUP"]) {
    assert.ok(help.stdout.includes(word), word);
  }
  assert.deepEqual([version.code, help.code], [0, 0]);
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
