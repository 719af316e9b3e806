/**
 * maglevc as scripts use it: the content of each stream and the exit status, for success and for
 * each failure. Against a real maglevd, as real processes.
 */
import assert from "node:assert/strict";
import { closedPort } from "../support/servers/nasty_servers.ts";
import { until } from "../support/judges/until.ts";
import { certificates } from "../support/servers/certificates.ts";
import {
  bash,
  maglevc,
  maglevcCommand,
  type MaglevcStage,
  onMaglevcStage,
} from "../support/terminals/maglevc.ts";

async function withHome(fn: (home: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "maglevc-home-" });
  try {
    await fn(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("a wrong command is exit 2 with a line on standard error, without a call", async () => {
  await withHome(async (home) => {
    const cases: [string[], RegExp][] = [
      [["shwo", "version"], /^maglevc: unknown word "shwo".*\n$/],
      [["show"], /^maglevc: .*incomplete; expected .*\n$/],
      [["set", "frontend", "w", "pool", "p", "backend", "b", "weight", "-5"], /0.*100.*\n$/],
      [
        ["--sever", "x", "show", "version"],
        /^maglevc: unknown flag --sever; did you mean --server\?/,
      ],
      [["show", "version", "--output", "xml"], /need one of text, json, yaml\n$/],
      [["--server", "a:b", "show", "version"], /^maglevc: flag --server: cannot use "a:b": .*\n$/],
      [["--server", "a,a", "show", "version"], /given twice\n$/],
      [["show", "backends", "\x1b[2J"], /^maglevc: [ -~]*\n$/],
    ];
    for (const [args, expected] of cases) {
      const { code, stdout, stderr } = await maglevc(args, { home });
      assert.deepEqual([code, stdout], [2, ""], args.join(" "));
      assert.match(stderr, expected);
      assert.equal(stderr.split("\n").length, 2, stderr);
    }
  });
});

Deno.test("commands without a server work without one", async () => {
  await withHome(async (home) => {
    const out = async (...args: string[]) => {
      const { code, stdout, stderr } = await maglevc(args, { home });
      assert.deepEqual([code, stderr], [0, ""], args.join(" "));
      return stdout;
    };
    assert.match(await out("--version"), /^maglevc \d+\.\d+\.\d+ \(commit \w+, [\w:+-]+\)\n$/);
    assert.match(await out("--help"), /--token-file PATH .*MAGLEV_TOKEN_FILE[\s\S]*watch events/);
    assert.match(await out("help"), /^Commands [\s\S]*show frontends/);
    assert.match(await out("help", "watch"), /^ {2}watch events .*\n[\s\S]*\n {2}num <n> /);
    assert.match(await out("he", "se", "ba"), /^ {2}set backend <name> pause .*\n/);
    assert.match(await out("completion", "bash"), /--complete[\s\S]*complete -F/);
    assert.match(await out("show", "?"), /^version {2,}\S[\s\S]*\nbackends {2,}\S/);
    assert.equal(await out("--complete", "sh"), "show\tLook at something\n");
  });
});

Deno.test("an unreachable server is exit 1 with a message that names it", async () => {
  await withHome(async (home) => {
    const port = closedPort();
    const server = `127.0.0.1:${port}`;
    const cases: [string, string][] = [
      [server, `${server}: connection refused: no process listens there; is maglevd running?`],
      [
        `unix:${home}/no.sock`,
        `unix:${home}/no.sock: no such socket; is maglevd running?`,
      ],
    ];
    for (const [address, message] of cases) {
      const { code, stdout, stderr } = await maglevc(["show", "version"], {
        home,
        env: { MAGLEV_SERVER: address },
      });
      assert.deepEqual([code, stdout, stderr], [1, "", `maglevc: ${message}\n`]);
    }
    const quiet = await maglevc(["--server", server, "--complete", "show", "frontends", ""], {
      home,
    });
    assert.equal(quiet.code, 0);
    assert.equal(quiet.stderr, "");
  });
});

Deno.test("a server that accepts and stays silent is exit 1 after the timeout", async () => {
  await withHome(async (home) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const server = `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
    const { code, stdout, stderr } = await maglevc(
      ["--server", server, "--timeout", "300ms", "show", "version"],
      { home },
    );
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^maglevc: 127\.0\.0\.1:\d+: no answer within 300ms: no connection was/);
    // The completion of a shell does not wait.
    const args = ["--server", server, "--complete", "show", "frontends", ""];
    const quiet = await maglevc(args, { home });
    assert.deepEqual([quiet.code, quiet.stderr], [0, ""]);
  });
});

Deno.test("one-shot commands against a maglevd", async (t) => {
  await onMaglevcStage({ net: 61 }, async (stage) => {
    for (const [name, fn] of ON_STAGE) await t.step(name, () => fn(stage));
  });
});

const ESC = "\x1b";

const ON_STAGE: [string, (stage: MaglevcStage) => Promise<void>][] = [
  ["a command in short words answers on standard output, exit 0", async ({ address, home }) => {
    const { code, stdout, stderr } = await maglevc(["sh", "ba", "--server", address], { home });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^NAME .*\n(b\d .*\n){3}$/);
  }],
  ["a refusal is exit 1, its text without wrapping on standard error", async (stage) => {
    const { address, home } = stage;
    const { code, stdout, stderr } = await maglevc(["show", "backend", "b9"], {
      home,
      env: { MAGLEV_SERVER: address },
    });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^maglevc: [^\n]*b9[^\n]*\n$/);
    assert.doesNotMatch(stderr, /NOT_FOUND|rpc|Error/);
  }],
  ["colour only when it is asked for", async ({ address, home }) => {
    const colored = async (args: string[], env: Record<string, string> = {}) => {
      const run = { home, env: { MAGLEV_SERVER: address, ...env } };
      const { code, stdout } = await maglevc([...args, "show", "frontends"], run);
      assert.equal(code, 0);
      return stdout.includes(ESC);
    };
    assert.equal(await colored([]), false);
    assert.equal(await colored([], { NO_COLOR: "1" }), false);
    assert.equal(await colored(["--color"]), true);
    assert.equal(await colored(["--color"], { NO_COLOR: "1" }), true);
    assert.equal(await colored([], { MAGLEV_COLOR: "1" }), true);
    assert.equal(await colored(["--color=false"], { MAGLEV_COLOR: "1" }), false);
  }],
  ["into a file", async ({ address, home }) => {
    const line = `maglevc --server ${address} show frontends > file; echo $?; cat file`;
    const { stdout, stderr } = await bash(line, { home });
    assert.match(stdout, /^0\nNAME .*\nweb .*\napi .*\n$/);
    assert.equal(stderr, "");
  }],
  ["into head, which leaves early, and without a reader at all", async ({ address, home }) => {
    const head = await bash(`maglevc --server ${address} show frontends | head -1`, { home });
    assert.match(head.stdout, /^NAME .*\n$/);
    assert.deepEqual([head.code, head.stderr], [0, ""]);
    // A parent that waits after the reader closed gets the status of a program killed by SIGPIPE.
    const gone = `{ while [ ! -e gone ]; do :; done; maglevc --server ${address} show frontends; ` +
      "echo $? > status; } | { exec <&-; touch gone; }; wait; cat status";
    const { stdout, stderr } = await bash(gone, { home });
    assert.deepEqual([stdout, stderr], ["141\n", ""]);
  }],
  ["a full disk is an error", async ({ address, home }) => {
    const line = `maglevc --server ${address} show frontends > /dev/full`;
    const { code, stdout, stderr } = await bash(line, { home });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.equal(stderr, "maglevc: cannot write to standard output: No space left on device\n");
  }],
  ["JSON and YAML say the same, and are what tools read", async ({ address, home }) => {
    const args = ["--server", address, "show", "frontends", "web"];
    const json = await maglevc([...args, "--output", "json"], { home });
    const { name, state, activePool, pools } = JSON.parse(json.stdout);
    assert.deepEqual([name, state, activePool, pools.length], ["web", "up", "main", 2]);
    const yaml = await maglevc([...args, "--output=yaml"], { home });
    assert.match(yaml.stdout, /^name: web\naddress: 192\.0\.2\.1\n/);
  }],
  ["a configuration with errors is exit 1", async ({ address, home, configPath }) => {
    const good = await Deno.readTextFile(configPath);
    const ok = await maglevc(["--server", address, "config", "check"], { home });
    assert.equal(ok.code, 0, ok.stderr);
    await Deno.writeTextFile(configPath, good.replace("interval: 200ms", "interval: never"));
    const bad = await maglevc(["--server", address, "config", "check"], { home });
    await Deno.writeTextFile(configPath, good);
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /maglev\.yaml:\d+:\d+: parse error: /);
  }],
  ["several servers: what goes well is shown, exit 1 when one is away", async (stage) => {
    const { address, home } = stage;
    const away = `127.0.0.1:${closedPort()}`;
    const one = await maglevc(["--server", `${address},${away}`, "show", "frontends"], { home });
    assert.equal(one.code, 1);
    assert.match(one.stdout, new RegExp(`^${address}:\nNAME `));
    assert.match(one.stderr, new RegExp(`^maglevc: ${away}: connection refused: .*\n$`));
    const twin = address.replace("127.0.0.1", "localhost");
    const two = await maglevc(["--server", `${address},${twin}`, "show", "frontends"], { home });
    assert.deepEqual([two.code, two.stderr], [0, ""]);
    assert.match(two.stdout, /^127\.0\.0\.1, localhost: no differences\n/);
    const named = `east=${address},west=${twin}`;
    const three = await maglevc(["--server", named, "show", "frontends"], { home });
    assert.match(three.stdout, /^east, west: no differences\n/);
    const json = await maglevc(
      ["--server", `${address},${away}`, "--output", "json", "show", "frontends", "web"],
      { home },
    );
    assert.equal(json.code, 1);
    const [first, second] = JSON.parse(json.stdout);
    assert.equal(first.answer.name, "web");
    assert.match(second.error, /^connection refused/);
  }],
  ["commands from standard input, up to the first that fails", async ({ address, home }) => {
    const good = await maglevc(["--server", address], {
      home,
      stdin: "# all\nshow frontends\n\nsh ba b0\n",
    });
    assert.deepEqual([good.code, good.stderr], [0, ""]);
    assert.match(good.stdout, /^NAME [\s\S]*\nname +b0\n/);
    const bad = await maglevc(["--server", address], {
      home,
      stdin: "show backend b9\nset backend b0 pause\n",
    });
    assert.deepEqual([bad.code, bad.stdout], [1, ""]);
    assert.match(
      bad.stderr,
      /b9[\s\S]*\nmaglevc: line 1 failed; the commands after it were not run\n$/,
    );
    const { stdout } = await maglevc(["--server", address, "show", "backend", "b0"], { home });
    assert.match(stdout, /\nstate +up\n/);
  }],
  ["completion for shells has live names", async ({ address, home }) => {
    const complete = async (...words: string[]) => {
      const args = ["--server", address, "--complete", ...words];
      const { code, stdout, stderr } = await maglevc(args, { home });
      assert.deepEqual([code, stderr], [0, ""]);
      return stdout.split("\n").slice(0, -1).map((line) => line.split("\t")[0]);
    };
    assert.deepEqual(await complete("show", "frontends", ""), ["api", "web"]);
    assert.deepEqual(await complete("set", "frontend", "web", "pool", "s"), ["spare"]);
    const weight = ["set", "frontend", "web", "pool", "spare", "backend", ""];
    assert.deepEqual(await complete(...weight), ["b2"]);
  }],
  ["watch events prints a line for people, of the names that are asked for", async (stage) => {
    const { address, home, servers, daemon } = stage;
    const args = ["--server", address, "watch", "events", "num", "5"];
    const all = await maglevc(args, { home });
    assert.deepEqual([all.code, all.stderr], [0, ""]);
    const line =
      /^\d{4}-\d\d-\d\d [\d:.]{12}Z {2}(backend|frontend) {2}(b0|b1|b2|web|api) {2}is up.*$/;
    const lines = all.stdout.trimEnd().split("\n");
    for (const text of lines) assert.match(text, line);
    assert.equal(new Set(lines.map((text) => line.exec(text)![2])).size, 5);
    // The log has the transition too, and comes with it.
    const piped = `maglevc --server ${address} watch events num 3 log backend b1 | ` +
      '{ read -r line; echo "$line"; touch begun; cat; }';
    const watching = bash(piped, { home });
    await fileAppears(`${home}/begun`);
    servers[1]!.status = 503;
    await daemon.transition("b1", "down");
    const { stdout } = await watching;
    const [first, ...others] = stdout.trimEnd().split("\n");
    assert.match(first!, / {2}backend {2}b1 {2}is up/);
    assert.equal(others.length, 2, stdout);
    assert.equal(
      others.filter((text) => / {2}backend {2}b1 {2}up → down {2}L7STS /.test(text)).length,
      1,
    );
    assert.ok(!stdout.includes("backend-transition"), stdout);
    servers[1]!.status = 200;
    await daemon.transition("b1", "up");
  }],
  ["a name that is not there cannot be watched", async ({ address, home }) => {
    const args = ["--server", address, "watch", "events", "backend", "b9"];
    const { code, stdout, stderr } = await maglevc(args, { home });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^maglevc: no backend "b9"; did you mean "b\d"\?\n$/);
  }],
  ["watch events --output json prints lines of JSON", async ({ address, home }) => {
    const args = ["--server", address, "--output", "json", "watch", "events", "num", "5"];
    const { code, stdout, stderr } = await maglevc(args, { home });
    assert.deepEqual([code, stderr], [0, ""]);
    const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const names = lines.map((line) => (line.backend ?? line.frontend).name);
    assert.deepEqual(names.sort(), ["api", "b0", "b1", "b2", "web"]);
  }],
  ["Ctrl-C ends watch events with exit 0 and no complaint", async ({ address, home }) => {
    const line = `sh -c 'echo $$ > pid; exec "$@"' sh ${quotedCommand(home)} --server ${address} ` +
      // Twice, as `deno task` has it.
      "watch events | { read -r _; kill -INT $(cat pid); kill -INT $(cat pid); cat >/dev/null; }; " +
      'echo "${PIPESTATUS[0]}"';
    const { stdout, stderr } = await bash(line, { home });
    assert.deepEqual([stdout, stderr], ["0\n", ""]);
  }],
  ["Ctrl-C ends another one-shot as it ends other programs: exit 130", async ({ home }) => {
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = silent.addr as Deno.NetAddr;
    const line = `sh -c 'echo $$ > pid; exec "$@"' sh ${quotedCommand(home)} ` +
      `--server 127.0.0.1:${port} show version | ` +
      "{ until [ -e asked ]; do sleep 0.05; done; kill -INT $(cat pid); cat; }; " +
      'echo "${PIPESTATUS[0]}"';
    const running = bash(line, { home });
    using _asked = await silent.accept();
    await Deno.writeTextFile(`${home}/asked`, "");
    assert.equal((await running).stdout, "130\n");
  }],
];

function fileAppears(path: string): Promise<void> {
  const isThere = () => Deno.stat(path).then(() => true, () => false);
  return until(isThere, { what: `${path} appears` });
}

function quotedCommand(home: string): string {
  return maglevcCommand({ home }).map((word) => `'${word}'`).join(" ");
}

Deno.test("a caller without permission gets the required role, and the way to get it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "maglevc-tokens-" });
  const tokens = `${folder}/tokens`;
  await Deno.writeTextFile(tokens, "viewer looking eve\noperator acting alice\n", { mode: 0o600 });
  const file = async (name: string, text: string, mode = 0o600) => {
    await Deno.writeTextFile(`${folder}/${name}`, text, { mode });
    await Deno.chmod(`${folder}/${name}`, mode);
    return `${folder}/${name}`;
  };
  const options = { net: 62, flags: ["--grpc-tokens", tokens], files: [tokens] };
  try {
    await onMaglevcStage(options, async ({ address, home }) => {
      const run = (token: string | undefined, ...words: string[]) =>
        maglevc(
          [...(token === undefined ? [] : ["--token-file", token]), "--server", address, ...words],
          { home, files: [folder] },
        );
      const pause = ["set", "backend", "b0", "pause"];
      const anonymous = await run(undefined, ...pause);
      assert.deepEqual([anonymous.code, anonymous.stdout], [1, ""]);
      assert.match(
        anonymous.stderr,
        /^maglevc: PauseBackend needs role operator; .*--token-file\)\n$/,
      );
      const viewer = await run(await file("viewer", "looking\n"), ...pause);
      assert.equal(viewer.code, 1);
      assert.match(viewer.stderr, /needs role operator; .*eve.* has role viewer/);
      const operator = await run(await file("operator", "# mine\nacting\n"), ...pause);
      assert.deepEqual([operator.code, operator.stderr], [0, ""]);
      assert.match(operator.stdout, /^b0: up → paused\n/);
      const open = await run(await file("open", "acting\n", 0o644), "show", "version");
      assert.deepEqual([open.code, open.stdout], [1, ""]);
      assert.match(open.stderr, /readable or writable by others; run `chmod o= .*open`/);
      const wrong = await run(await file("wrong", "operator acting alice\n"), "show", "version");
      assert.match(wrong.stderr, /need one line with a token alone/);
      assert.doesNotMatch(wrong.stderr, /acting/);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("TLS works with an authority, and each failure is reported", async () => {
  const { folder } = await certificates();
  const flags = ["--grpc-tls-cert", `${folder}/good.pem`, "--grpc-tls-key", `${folder}/good.key`];
  await onMaglevcStage({ net: 63, flags, files: [folder] }, async ({ address, home }) => {
    const run = (...args: string[]) =>
      maglevc(["--server", address, "show", "version", ...args], { home, files: [folder] });
    const good = await run("--tls-ca", `${folder}/ca.pem`);
    assert.deepEqual([good.code, good.stderr], [0, ""]);
    const cases: [string[], RegExp][] = [
      [["--tls"], /: TLS failed: unable to verify .* \(--tls-ca names the authority /],
      [["--tls-ca", `${folder}/other_ca.pem`], /: TLS failed: /],
      [
        ["--tls-ca", `${folder}/ca.pem`, "--tls-server-name", "bad.test"],
        /: TLS failed: .*\(--tls-server-name /,
      ],
      [
        [],
        /: it does not speak gRPC \(.*\); is it maglevd's gRPC port\? add --tls if it speaks TLS/,
      ],
      [["--tls-ca", `${folder}/good.key`], /good\.key: it has no certificate in PEM form/],
      [["--tls-cert", `${folder}/good.pem`, "--tls-key", `${folder}/ca.pem`], /no private key/],
      [["--tls-ca", `${folder}/none.pem`], /none\.pem: no such file/],
    ];
    for (const [args, expected] of cases) {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stdout], [1, ""], args.join(" "));
      assert.match(stderr, expected);
      assert.equal(stderr.split("\n").length, 2, stderr);
    }
  });
});
