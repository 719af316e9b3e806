/**
 * The launcher: its permissions follow from the command line and the environment only. Method: its
 * output is compared with permissionsOf() over random command lines, and with the command line of
 * the process that it became.
 */
import assert from "node:assert/strict";
import { MAGLEVC_FLAGS } from "../../src/cli/flags.ts";
import { MAGLEVD_FLAGS } from "../../src/daemon/flags.ts";
import { FRONTEND_FLAGS } from "../../src/dashboard/flags.ts";
import { LAUNCHER, LAUNCHER_ENVIRONMENT } from "../../src/demo/daemon_process.ts";
import { permissionsOf } from "../../src/system/launch/grants.ts";
import {
  FRONTEND,
  MAGLEVC,
  MAGLEVD,
  MAGLEVT,
  type Program,
} from "../../src/system/launch/permissions.ts";
import { type FlagSpec, type FlagTable, readSettings } from "../../src/system/settings.ts";
import { MAGLEVT_FLAGS } from "../../src/tester/flags.ts";
import { Daemon, printedCommand, withFolder } from "../support/servers/daemon.ts";
import { mulberry32 } from "../support/fakes/mulberry32.ts";

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

type Environment = Readonly<Record<string, string>>;

interface Launched {
  readonly code: number;
  /** The lines that were printed. */
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** Lets the launcher print the command, in an environment of `env` and nothing else. */
async function printed(args: readonly string[], env: Environment, cwd = "/tmp"): Promise<Launched> {
  const [program, ...launcher] = LAUNCHER;
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args: [...launcher, ...args],
    cwd,
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", ...LAUNCHER_ENVIRONMENT, ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, lines: text(stdout).replace(/\n$/, "").split("\n"), stderr: text(stderr) };
}

const allowed = (lines: readonly string[]) => lines.filter((line) => line.startsWith("--allow-"));

/** Parts of the list of one flag. */
function list(lines: readonly string[], name: string): readonly string[] {
  const flag = lines.find((line) => line.startsWith(`--allow-${name}=`)) ?? "=";
  return flag.slice(flag.indexOf("=") + 1).split(",");
}

// --- The same reading as the program's -----------------------------------------------------------

const VALUES: readonly string[] = [
  ...[
    "",
    "-",
    "x.yaml",
    "a b/c.yaml",
    "./x",
    "/srv/x.yaml",
    "/srv/d e/f",
    "/x.yaml",
    "/dev/fd/3",
  ],
  ...["-x/y", "-5", "--config", "-server", "--", "true", "false", "1", "T", "INFO", "debug", "30s"],
  ...["unix:/run/a.sock", "unix:rel", "unix:", "shm:", "shm:pre", "/run/v.sock", ":9090", "*/?[a]"],
  ...["127.0.0.1:0", "[::1]:1", "lb1", "lb1:90", "localhost", "localhost:7", ":8", "10.0.0.1"],
  ...[
    "10.0.0.1:99999",
    "10.0.0.01",
    "256.0.0.1",
    "1.2.3",
    "::1",
    "[::1]",
    "[fe80::1%eth0]:1",
    "1::2::3",
  ],
  ...[
    "[::ffff:1.2.3.4]:5",
    "[::1]]:9",
    "[::1",
    ":::",
    "1:2:3:4:5:6:7::8",
    "2001:db8:0:0:0:0:0:1",
    "1:2:3:4:5:6:7:8:9",
  ],
  ...["a=b", "$HOME", "`id`", "$(id)", "'", '"', "\\", "é", "10.0.0.1:"],
  ...[
    "lb1=10.0.0.1:7",
    "a=b=10.0.0.1",
    "=10.0.0.1",
    "b=unix:/run/a=b",
    "unix:/run/a=b",
    "[=10.0.0.1",
  ],
  "10.0.0.1,unix:/run/b.sock, [2001:db8::1]:7 ,localhost",
];

/** Command lines as operators, scripts and typing errors make them. */
class Lines {
  readonly #random: () => number;
  readonly #flags: FlagTable;
  readonly #words: boolean;

  constructor(program: Program, flags: FlagTable, seed: number) {
    this.#random = mulberry32(seed);
    this.#flags = flags;
    this.#words = program.words;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  line(): readonly string[] {
    const count = Math.floor(this.#random() * 7);
    return Array.from({ length: count }, () => this.#part()).flat();
  }

  #part(): readonly string[] {
    if (this.chance(this.#words ? 0.2 : 0.02)) {
      return [this.pick(["show", "backends", "--", "-12", "-", "--complete", "x=y"])];
    }
    if (this.chance(0.04)) return [this.pick(["-h", "--help", "-help", "--unknown", "-u=1", "-é"])];
    const name = this.pick(Object.keys(this.#flags).filter((flag) => flag !== "print-permissions"));
    const flag = this.pick(["-", "--"]) + name;
    const boolean = this.#flags[name]!.kind === "boolean";
    const value = this.#value(this.#flags[name]!);
    if (boolean) return [this.chance(0.5) ? flag : `${flag}=${this.pick(["true", "0", "F", ""])}`];
    return this.chance(0.5) ? [flag, value] : [`${flag}=${value}`];
  }

  /** Mostly one that the program accepts, so that there is a reading to compare. */
  #value({ kind, choices }: FlagSpec): string {
    if (this.chance(0.1)) return this.pick(VALUES);
    if (kind === "duration") return this.pick(["30s", "1h"]);
    if (kind === "integer") return this.pick(["1", "64"]);
    if (choices !== undefined) return this.pick(choices);
    return this.pick(VALUES.filter((value) => !value.startsWith("-")));
  }

  /** Any of its names. */
  #variable({ env, olderEnv = [] }: FlagSpec): string {
    if (env === undefined || olderEnv.length === 0) return env ?? "";
    return this.pick([env, ...olderEnv]);
  }

  environment(): Environment {
    const specs = Object.values(this.#flags).filter(({ kind }) => kind === "string");
    const paths = ["MAGLEV_READ_PATHS", "MAGLEV_WRITE_PATHS"];
    const entries: [string, string][] = [
      ...specs.filter(() => this.chance(0.15)).map((spec) =>
        [this.#variable(spec), this.#value(spec)] as [string, string]
      ),
      ...paths.filter(() => this.chance(0.2)).map((name) =>
        [name, this.pick(["", "/a", ":/a::/b c:", "rel:/d"])] as [string, string]
      ),
      ...["HOME", "XDG_STATE_HOME"].filter(() => this.chance(0.6)).map((name) =>
        [name, this.pick(["", "/home/o", "rel"])] as [string, string]
      ),
    ];
    if (this.chance(0.1)) {
      entries.push(["CREDENTIALS_DIRECTORY", this.pick(["", "/run/credentials/u"])]);
    }
    if (this.chance(0.1)) entries.push(["MAGLEV_SHIM", this.pick(["", "/opt/shim.so"])]);
    return Object.fromEntries(entries.filter(([name]) => name !== ""));
  }
}

interface Compared {
  readonly ok: number;
  readonly refused: number;
}

async function compare(program: Program, flags: FlagTable, count: number): Promise<Compared> {
  const lines = new Lines(program, flags, 65_36);
  let [ok, refused] = [0, 0];
  const one = async () => {
    const args = lines.line();
    const environment = lines.environment();
    const env = (name: string) => environment[name];
    const at = program.words ? args.indexOf("--complete") : -1;
    const before = at < 0 ? args : args.slice(0, at);
    const read = readSettings(flags, { args: before, env, positionals: program.words });
    const said = `${program.name} ${JSON.stringify(args)} ${JSON.stringify(environment)}`;
    const { code, lines: got, stderr } = await printed(
      [program.name, "--print-permissions", ...args],
      environment,
    );
    if (read.kind === "error") {
      // The program reports it; the launcher must only not stumble.
      assert.ok(code === 0 || code === 2, `${said}: ${stderr}`);
      refused++;
      return;
    }
    const { settings } = read;
    if ("state-dir" in settings && settings["state-dir"] === "/") return;
    const wanted = permissionsOf(program, { flags, settings, env, root: ROOT });
    if (wanted.kind === "comma") {
      assert.equal(code, 2, said);
      assert.match(stderr, /a comma cannot be granted to Deno/, said);
      refused++;
      return;
    }
    assert.equal(code, 0, `${said}: ${stderr}`);
    assert.deepEqual(allowed(got).toSorted(), [...wanted.flags].toSorted(), said);
    assert.deepEqual(
      got.slice(got.findIndex((word) => word.endsWith(program.entry)) + 1),
      args,
      said,
    );
    ok++;
  };
  for (let i = 0; i < count; i++) await one();
  return { ok, refused };
}

Deno.test("the launcher reads 500 random command lines of maglevd as maglevd does", async () => {
  const { ok, refused } = await compare(MAGLEVD, MAGLEVD_FLAGS, 500);
  assert.ok(ok > 200 && refused > 50, `${ok} compared, ${refused} refused`);
});

Deno.test("the launcher reads 500 random command lines of maglevc as maglevc does", async () => {
  const { ok, refused } = await compare(MAGLEVC, MAGLEVC_FLAGS, 500);
  assert.ok(ok > 200 && refused > 50, `${ok} compared, ${refused} refused`);
});

Deno.test("the launcher reads 500 random command lines of maglevd-frontend as it does itself", async () => {
  const { ok, refused } = await compare(FRONTEND, FRONTEND_FLAGS, 500);
  assert.ok(ok > 200 && refused > 50, `${ok} compared, ${refused} refused`);
});

Deno.test("the launcher narrows the network for the same listeners as permissionsOf()", async () => {
  const own = [":0", "0.0.0.0:8080", "[::]:0", "localhost:0", "localhost:70000", "host:1", "["];
  for (const listen of [...VALUES, ...own]) {
    const env = () => undefined;
    const args = ["--server=10.0.0.1", `--listen=${listen}`];
    const read = readSettings(FRONTEND_FLAGS, { args, env });
    assert.equal(read.kind, "ok");
    if (read.kind !== "ok") continue;
    const { settings } = read;
    const wanted = permissionsOf(FRONTEND, { flags: FRONTEND_FLAGS, settings, env, root: ROOT });
    const { lines } = await printed(["maglevd-frontend", ...args, "--print-permissions"], {});
    assert.deepEqual(
      allowed(lines).toSorted(),
      wanted.kind === "ok" && wanted.flags.toSorted(),
      listen,
    );
  }
});

Deno.test("the launcher reads 300 random command lines of maglevt as maglevt does", async () => {
  const { ok, refused } = await compare(MAGLEVT, MAGLEVT_FLAGS, 300);
  assert.ok(ok > 100 && refused > 50, `${ok} compared, ${refused} refused`);
});

Deno.test("maglevt may read each configuration's folder and write its log, and nothing else", async () => {
  const { lines } = await printed(
    [
      ...["maglevt", "--print-permissions", "--config", "/srv/a/m.yaml, rel.yaml"],
      ...["-config=/srv/b/m.yaml", "--log", "/var/log/drill.json"],
    ],
    {},
  );
  assert.deepEqual(
    list(lines, "read").filter((path) => !/^\/(etc|usr)\//.test(path)),
    ["/srv/a", ".", "/srv/b", "/var/log/drill.json"],
  );
  assert.deepEqual(list(lines, "write"), ["/var/log/drill.json"]);
  assert.ok(lines.includes("--allow-net"));
  assert.deepEqual(list(lines, "sys"), ["hostname"]);
  assert.ok(!lines.some((line) => /^--allow-(run|ffi|import|all)|^-A$/.test(line)));
  const comma = await printed(["maglevt", "--print-permissions", "--log=/a,b"], {});
  assert.equal(comma.code, 2);
});

Deno.test("the launcher narrows the network for the same servers as permissionsOf()", async () => {
  for (const server of VALUES) {
    const env = () => undefined;
    const read = readSettings(MAGLEVC_FLAGS, { args: [`--server=${server}`], env });
    assert.equal(read.kind, "ok");
    if (read.kind !== "ok") continue;
    const { settings } = read;
    const wanted = permissionsOf(MAGLEVC, { flags: MAGLEVC_FLAGS, settings, env, root: ROOT });
    const { lines } = await printed(["maglevc", `--server=${server}`, "--print-permissions"], {});
    assert.deepEqual(
      allowed(lines).toSorted(),
      wanted.kind === "ok" && wanted.flags.toSorted(),
      server,
    );
  }
});

// --- What is opened, and what is not ---------------------------------------------------------------

Deno.test("each path of maglevd's command line is opened in any folder, and nothing else", async () => {
  const cases: [flag: string, value: string, read: string[], written: string[]][] = [
    ["config", "/any/where.yaml", ["/any"], []],
    ["config", "/where.yaml", ["/where.yaml"], []],
    ["config", "//where.yaml", ["//where.yaml"], []],
    ["config", "/tmp/../where.yaml", ["/tmp/../where.yaml"], []],
    ["config", "/dev/stdin", ["/dev/stdin"], []],
    ["vpp-api-addr", "/any/api.sock", ["/any/api.sock"], ["/any/api.sock"]],
    ["state-dir", "/any/state", ["/any/state"], ["/any/state"]],
    ...["grpc-tls-cert", "grpc-tls-key", "grpc-client-ca", "grpc-tokens"].map(
      (flag): [string, string, string[], string[]] => [flag, "/any/x.pem", ["/any/x.pem"], []],
    ),
    ...["grpc-addr", "metrics-addr"].map((flag): [string, string, string[], string[]] => {
      const both = ["/any/s.sock", "/any/s.sock.new"];
      return [flag, "unix:/any/s.sock", both, both];
    }),
  ];
  const { lines: plain } = await printed(["maglevd", "--print-permissions", "--vpp-api-addr="], {
    MAGLEV_CONFIG: "",
  });
  const base = (name: string) => list(plain, name).toSorted();
  for (const [flag, value, read, written] of cases) {
    const variable = MAGLEVD_FLAGS[flag as keyof typeof MAGLEVD_FLAGS] as { env?: string };
    const forms: [string[], Environment][] = [[[`--${flag}`, value], {}], [[], {
      [variable.env!]: value,
    }]];
    for (const [args, env] of forms) {
      const quiet = { MAGLEV_CONFIG: "", MAGLEV_VPP_API_ADDR: "" };
      const { lines } = await printed(["maglevd", "--print-permissions", ...args], {
        ...quiet,
        ...env,
      });
      assert.deepEqual(list(lines, "read").toSorted(), [...base("read"), ...read].toSorted(), flag);
      assert.deepEqual(
        list(lines, "write").toSorted(),
        [...base("write"), ...written].toSorted(),
        flag,
      );
    }
  }
});

Deno.test("no program gets a permission without a list, the network aside", async () => {
  for (
    const args of [["maglevd", "--config=", "--vpp-api-addr="], ["maglevc", "--server="], [
      "maglevd-frontend",
      "--listen=",
    ]]
  ) {
    const { lines } = await printed([...args, "--print-permissions"], {});
    const bare = allowed(lines).filter((flag) => !/=./.test(flag));
    assert.deepEqual(bare, ["--allow-net"], args.join(" "));
  }
});

Deno.test("a comma in a path is refused, because Deno would read it as two paths", async () => {
  const cases: [string[], Environment, RegExp][] = [
    [
      ["maglevd", "--config", "/some/file,/etc"],
      {},
      /flag --config: cannot use "\/some\/file,\/etc"/,
    ],
    [["maglevd"], { MAGLEV_CONFIG: "/a,/b/c" }, /environment variable MAGLEV_CONFIG: /],
    [["maglevd", "--state-dir=/a,/"], {}, /flag --state-dir: /],
    [["maglevd", "--grpc-addr", "unix:/a,/etc"], {}, /flag --grpc-addr: /],
    [["maglevd"], { MAGLEV_SHIM: "/a.so,/lib" }, /environment variable MAGLEV_SHIM: /],
    [["maglevd"], { MAGLEV_READ_PATHS: "/a:/b,/c" }, /MAGLEV_READ_PATHS: cannot use "\/b,\/c"/],
    [["maglevc", "--token-file", "/t,/etc"], {}, /flag --token-file: /],
    [["maglevc"], { HOME: "/home/a,/etc" }, /environment variable HOME: /],
  ];
  for (const [args, env, says] of cases) {
    const { code, lines, stderr } = await printed(args, env);
    assert.deepEqual([code, lines], [2, [""]], args.join(" "));
    assert.match(stderr, says);
    assert.match(stderr, /a comma cannot be granted to Deno; use a path without one\n$/);
  }
});

Deno.test("a value that is the whole file system is refused, under any name", async () => {
  const refusals = ["config", "state-dir", "vpp-api-addr", "grpc-tokens", "grpc-tls-key"];
  for (const flag of refusals) {
    for (const value of ["/", "//", "/tmp/..", "/nosuch/..", "/nosuch/a/.././.."]) {
      const { code, stderr } = await printed(["maglevd", `--${flag}`, value], {});
      assert.equal(code, 2, `${flag} ${value}`);
      const expected =
        `maglevd: flag --${flag}: cannot use "${value}": it is the whole file system`;
      assert.ok(stderr.startsWith(expected), stderr);
    }
  }
  const others: [string[], Environment, RegExp][] = [
    [
      ["maglevd", "--grpc-addr", "unix:/a/../.."],
      {},
      /flag --grpc-addr: cannot use "\/a\/\.\.\/\.\."/,
    ],
    [["maglevc", "--server", "unix:/a/.."], {}, /flag --server: cannot use "\/a\/\.\."/],
    [["maglevd"], { MAGLEV_READ_PATHS: "/a:/" }, /variable MAGLEV_READ_PATHS: cannot use "\/"/],
    [["maglevd"], { MAGLEV_WRITE_PATHS: "/a/..:/b" }, /MAGLEV_WRITE_PATHS: cannot use "\/a\/\.\."/],
    [["maglevd"], { CREDENTIALS_DIRECTORY: "/" }, /CREDENTIALS_DIRECTORY: cannot use "\/"/],
    [["maglevd", "--state-dir", "a/../../.."], {}, /flag --state-dir: cannot use "a\/\.\.\/\.\./],
  ];
  for (const [args, env, says] of others) {
    const { code, stderr } = await printed(args, env, "/usr");
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, says);
  }
  for (const value of ["/nosuch/../etc/x", "../usr/x", "a/../b"]) {
    const args = ["maglevd", "--state-dir", value, "--print-permissions"];
    const { code } = await printed(args, {}, "/usr");
    assert.equal(code, 0, value);
  }
  const { lines } = await printed(["maglevd", "--config=m.yaml", "--print-permissions"], {}, "/");
  assert.ok(list(lines, "read").includes("m.yaml"), "in / it is the file alone");
  assert.ok(!list(lines, "read").includes("."));
});

const EXPECTED_OPTIONS =
  "run --frozen --no-prompt --config --v8-flags --allow-read --allow-write " +
  "--allow-net --allow-env --allow-ffi";

Deno.test("nothing in a path becomes an argument, a command or another path", async () => {
  const hostile = [
    "a b",
    "-A",
    "--allow-all",
    "-- /etc",
    "$(id)",
    "`id`",
    "*",
    "~",
    "x\\",
    "a\tb",
    "'\"",
  ];
  for (const name of hostile) {
    const args = [
      "--config",
      `/srv/${name}/m.yaml`,
      `--grpc-tokens=${name}`,
      "--state-dir",
      `/srv/${name}`,
    ];
    const { lines } = await printed(["maglevd", ...args, "--print-permissions"], {});
    assert.ok(list(lines, "read").includes(`/srv/${name}`), name);
    assert.ok(list(lines, "read").includes(name), name);
    assert.deepEqual(lines.slice(-args.length), args);
    const options = lines.slice(1, -args.length - 1).map((line) => line.split("=")[0]);
    assert.equal(options.join(" "), EXPECTED_OPTIONS);
  }
  // A line break is a character like any other, though not in what is printed.
  const { lines } = await printed([
    "maglevd",
    "--config",
    "/srv/a\n/etc/m.yaml",
    "--print-permissions",
  ], {});
  assert.ok(!lines.includes("--allow-all") && lines.some((line) => line.startsWith("/etc,")));
});

Deno.test("variables of the shell's own names in the environment change nothing", async () => {
  const args = ["maglevd", "--print-permissions"];
  const plain = await printed(args, {});
  const names = [
    "flag_config",
    "reads",
    "writes",
    "ffi",
    "what",
    "code",
    "net",
    "entry",
    "IFS",
    "deno",
  ];
  const odd = await printed(args, Object.fromEntries(names.map((name) => [name, "/etc"])));
  assert.deepEqual(odd.lines, plain.lines);
});

Deno.test("an exported CDPATH neither moves the launcher nor prints a line", async () => {
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["tools/release/launcher.sh", "maglevc", "--print-permissions"],
    cwd: new URL("../../", import.meta.url),
    env: { ...LAUNCHER_ENVIRONMENT, CDPATH: ".:/" },
  }).output();
  assert.deepEqual([code, new TextDecoder().decode(stdout).split("\n")[1]], [0, "run"]);
});

Deno.test("maglevc's network is narrowed to servers that can be listed, and open for names", async () => {
  const cases: [string, string][] = [
    ["localhost", "--allow-net=localhost,127.0.0.1:9090,[::1]:9090"],
    [":7", "--allow-net=localhost,127.0.0.1:7,[::1]:7"],
    ["10.0.0.1, [2001:db8::1]:7", "--allow-net=10.0.0.1:9090,[2001:db8::1]:7"],
    ["unix:/run/x y.sock", "--allow-net=unix:/run/x y.sock"],
    ["10.0.0.1,lb1.example.net", "--allow-net"],
    ["[fe80::1%eth0]:7", "--allow-net"],
    ["a=10.0.0.1,b=unix:/run/c=d", "--allow-net=10.0.0.1:9090,unix:/run/c=d"],
  ];
  for (const [server, wanted] of cases) {
    const { lines } = await printed(["maglevc", "--server", server, "--print-permissions"], {});
    assert.equal(lines.find((line) => line.startsWith("--allow-net")), wanted, server);
  }
});

// --- The process -----------------------------------------------------------------------------------

const CONFIG = `maglev:
  healthchecks: { check: { type: tcp, port: 1 } }
  backends: { b0: { address: 127.0.0.1, healthcheck: check } }
  frontends: { web: { address: 192.0.2.1, pools: [ { name: main, backends: { b0: {} } } ] } }
`;

Deno.test("--print-permissions prints the command line of maglevd's process", async () => {
  await withFolder(async (folder) => {
    const config = `${folder}/a b.yaml`;
    await Deno.writeTextFile(config, CONFIG);
    const stateDir = `${folder}/deep/state`;
    const daemon = new Daemon({ config, stateDir, grpcAddr: `unix:${folder}/grpc.sock` });
    try {
      await daemon.seen(({ msg }) => msg === "grpc-listen");
      const { pid } = daemon.process;
      const running = (await Deno.readTextFile(`/proc/${pid}/cmdline`)).split("\0").slice(0, -1);
      const own = running.slice(running.findIndex((word) => word.endsWith("/main.ts")) + 1);
      assert.deepEqual(printedCommand([...LAUNCHER, "maglevd", ...own]), running);
      assert.equal((await Deno.readTextFile(`/proc/${pid}/comm`)).trim(), "deno");
      // The folder was made first, with all above it, for its owner alone.
      assert.equal((await Deno.stat(stateDir)).mode! & 0o777, 0o700);
    } finally {
      await daemon.stop();
    }
  });
});

Deno.test("--check, --help and --version create no state directory", async () => {
  await withFolder(async (folder) => {
    for (const flag of ["--check", "-h", "-version=true"]) {
      const [program, ...launcher] = LAUNCHER;
      const { success } = await new Deno.Command(program!, {
        args: [...launcher, "maglevd", `--state-dir=${folder}/state`, "--config=/none", flag],
        env: LAUNCHER_ENVIRONMENT,
      }).output();
      assert.equal(success, flag !== "--check");
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    }
  });
});

Deno.test("a task reads paths relative to the operator's current folder", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/m.yaml`, CONFIG);
    for (const [inside, outcome] of [[folder, 0], [`${folder}/..`, 1]] as const) {
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["task", `--config=${ROOT}/deno.json`, "maglevd", "--config", "m.yaml", "--check"]
          .concat("--vpp-api-addr="),
        cwd: inside,
        // Set by a task that runs these tests; an inner one keeps it.
        env: { NO_COLOR: "1", INIT_CWD: inside },
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.equal(code, outcome, text);
      assert.match(text, outcome === 0 ? /^m\.yaml: valid: / : /^m\.yaml: .*no such file/);
    }
  });
});

/** Calls `fn` with a folder of the programs of /usr/bin, except a deno that may be installed there. */
async function withoutDeno(fn: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    for (const { name } of Deno.readDirSync("/usr/bin")) {
      if (name !== "deno") await Deno.symlink(`/usr/bin/${name}`, `${folder}/${name}`);
    }
    await fn(folder);
  });
}

Deno.test("without deno on the PATH the launcher runs the deno that started it", () =>
  withoutDeno(async (folder) => {
    const [program, ...launcher] = LAUNCHER;
    const { stdout } = await new Deno.Command(program!, {
      args: [...launcher, "maglevd", "--print-permissions"],
      clearEnv: true,
      env: { PATH: folder },
    }).output();
    assert.equal(new TextDecoder().decode(stdout).split("\n")[0], Deno.execPath());
  }));

Deno.test("without any deno the launcher names a way to get one", () =>
  withoutDeno(async (folder) => {
    const { code, stderr } = await new Deno.Command("/bin/sh", {
      // The shell in between is the parent, and is not a deno.
      args: ["-c", '"$@"; exit $?', "sh", ...LAUNCHER, "maglevd", "--print-permissions"],
      clearEnv: true,
      env: { PATH: folder },
    }).output();
    assert.equal(code, 1);
    const errors = new TextDecoder().decode(stderr);
    assert.match(errors, /cannot find deno: .*npx -y deno@.* task maglevd/);
  }));
