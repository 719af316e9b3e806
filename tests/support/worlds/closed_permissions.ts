/**
 * The permissions that each program prints (`--print-permissions`). Goal: the program works with
 * them, and everything else stays closed. Method: the printed command is started as it is; then the
 * same permissions start a script that tries what must work, and what must not.
 */
import assert from "node:assert/strict";
import { printedCommand, withFolder } from "../servers/daemon.ts";
import { observe } from "../servers/observe.ts";
import { maglevcEnvironment } from "../terminals/maglevc.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

const CONFIG = `maglev:
  vpp: { lb: { ipv4-src-address: 192.0.2.254, ipv6-src-address: "2001:db8::254" } }
  healthchecks:
    check: { type: tcp, port: 1, interval: 100ms, timeout: 80ms }
  backends:
    b0: { address: 127.0.0.1, healthcheck: check }
  frontends:
    web:
      address: 127.0.0.3
      protocol: tcp
      port: 1
      pools: [ { name: main, backends: { b0: {} } } ]
`;

/** Closed for every program. */
const closedForAll = (shim: string): readonly string[] => [
  `new Deno.Command("/bin/true").outputSync()`,
  `Deno.readTextFileSync("/etc/passwd")`,
  `Deno.readTextFileSync("${ROOT}deno.json")`,
  `Deno.readTextFileSync("${ROOT}.git/HEAD")`,
  `[...Deno.readDirSync("/proc")]`,
  `[...Deno.readDirSync("/run")]`,
  `Deno.writeTextFileSync("${ROOT}main.ts", "")`,
  `Deno.writeTextFileSync("/etc/vpp-maglev/new", "")`,
  `Deno.env.get("PATH")`,
  `Deno.env.toObject()`,
  `Deno.env.set("PATH", "")`,
  `Deno.dlopen("libc.so.6", {})`,
  `Deno.dlopen("${shim}.new", {})`,
  `new Deno.UnsafeCallback({ parameters: [], result: "void" }, () => {})`,
  `Deno.UnsafePointer.create(1n)`,
  `Deno.UnsafePointer.of(new Uint8Array(1))`,
  `Deno.networkInterfaces()`,
  `Deno.kill(1, "SIGTERM")`,
];

/** Programs to judge, of the checkout or of a release. */
export interface Installed {
  /** The name of a program follows. */
  readonly launcher: readonly string[];
  /** Path of the shim. */
  readonly shim: string;
}

interface Program {
  readonly name: string;
  /** Its own arguments. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What the program prints when it works. */
  readonly works: RegExp;
  /** Expressions that must not fail for want of a permission. */
  readonly open: readonly string[];
  /** Expressions that must. */
  readonly closed: readonly string[];
}

/** Starts the command that the program prints, and then a script with the same permissions. */
async function judge(
  folder: string,
  { launcher, shim }: Installed,
  program: Program,
): Promise<void> {
  const { name, args, env = {}, works, open, closed } = program;
  const command = printedCommand([...launcher, name, ...args], env);
  const { text } = await observe(command, works, env);
  assert.match(text, works, `${name}: ${text}`);
  assert.doesNotMatch(text, /NotCapable|Requires \w+ access/, name);
  const forbidden = [...closedForAll(shim), ...closed];
  const attempts = [...open, ...forbidden];
  const script = `${folder}/try-${name}.ts`;
  await Deno.writeTextFile(
    script,
    `const attempts: [string, () => unknown][] = [${
      attempts.map((code) => `[${JSON.stringify(code)}, () => ${code}]`).join(",\n")
    }];
     for (const [code, attempt] of attempts) {
       let refused = false;
       try { await attempt(); }
       catch (error) { refused = error instanceof Deno.errors.NotCapable; }
       console.log(JSON.stringify([code, refused]));
     }
     console.log("tried");
     Deno.exit(0);`,
  );
  const flags = command.slice(0, command.findIndex((word) => /\/\w+\.[jt]s$/.test(word)));
  const tried = (await observe([...flags, script], /^tried$/m, env)).text.trim().split("\n");
  assert.equal(tried.pop(), "tried", name);
  const refused = new Map(tried.map((line): [string, boolean] => JSON.parse(line)));
  for (const code of open) assert.equal(refused.get(code), false, `${name}: ${code}`);
  for (const code of forbidden) {
    assert.equal(refused.get(code), true, `${name}: ${code}`);
  }
}

/** Folders for the paths of the command lines, each with a neighbour. */
async function lay(folder: string): Promise<void> {
  for (const name of ["config", "config2", "state", "state2", "home/.config/maglevc", "log"]) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  }
  const files = {
    ...{ "config/maglev.yaml": CONFIG, "config2/other.yaml": CONFIG, "other.yaml": CONFIG },
    ...{ token: "sesame\n", password: "sesame\n", "home/.config/other": "" },
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o600 });
  }
}

/** Judges each program by the permissions that it prints. */
export async function judgePermissions(installed: Installed): Promise<void> {
  const { shim } = installed;
  await withFolder(async (folder) => {
    await lay(folder);
    const config = `${folder}/config/maglev.yaml`;
    const configOnly = [
      `Deno.readTextFileSync("${folder}/other.yaml")`,
      `Deno.readTextFileSync("${folder}/config/../other.yaml")`,
      `Deno.readTextFileSync("${folder}/config2/other.yaml")`,
      `Deno.readDirSync("${folder}")`,
      `Deno.writeTextFileSync("${config}", "")`,
      `Deno.writeTextFileSync("${folder}/config/new.yaml", "")`,
      `Deno.removeSync("${config}")`,
    ];
    const elsewhere = [
      `Deno.connect({ hostname: "127.0.0.2", port: 1 })`,
      `Deno.connect({ hostname: "127.0.0.1", port: 2 })`,
      `Deno.connect({ transport: "unix", path: "${folder}/other.sock" })`,
      `Deno.listen({ hostname: "127.0.0.1", port: 8099 })`,
    ];
    await judge(folder, installed, {
      name: "maglevd",
      args: [
        ...["--config", config, "--state-dir", `${folder}/state`],
        ...["--vpp-api-addr", `${folder}/api.sock`, "--vpp-stats-addr", ""],
        ...["--grpc-addr", "127.0.0.1:0", "--metrics-addr", ""],
      ],
      works: /backend-transition.*down/,
      open: [
        `Deno.readTextFileSync("${config}")`,
        `Deno.writeTextFileSync("${folder}/state/intents.json", "")`,
        `Deno.dlopen("${shim}", {}).close()`,
        // It probes any address.
        `Deno.connect({ hostname: "127.0.0.2", port: 1 })`,
      ],
      closed: [
        ...configOnly,
        `Deno.readTextFileSync("${folder}/token")`,
        `Deno.writeTextFileSync("${folder}/api.sock2", "")`,
        `Deno.writeTextFileSync("${folder}/state2/intents.json", "")`,
        `Deno.writeTextFileSync("${folder}/state.json", "")`,
        `Deno.renameSync("${folder}/state", "${folder}/other")`,
        `Deno.hostname()`,
        `Deno.env.get("HOME")`,
      ],
    });
    await judge(folder, installed, {
      name: "maglevc",
      args: ["--server", "127.0.0.1:1", "--token-file", `${folder}/token`, "show", "version"],
      env: { ...maglevcEnvironment(`${folder}/home`), XDG_STATE_HOME: "" },
      works: /127\.0\.0\.1:1: connection refused/,
      open: [
        `Deno.readTextFileSync("${folder}/token")`,
        `Deno.readDirSync("${folder}/home/.config/maglevc")`,
        `Deno.mkdirSync("${folder}/home/.local/state/maglevc", { recursive: true })`,
        `Deno.connect({ hostname: "127.0.0.1", port: 1 })`,
        `Deno.uid()`,
      ],
      closed: [
        ...configOnly,
        ...elsewhere,
        `Deno.readTextFileSync("${config}")`,
        `Deno.readTextFileSync("${folder}/token2")`,
        `Deno.writeTextFileSync("${folder}/token", "")`,
        `Deno.readTextFileSync("${folder}/home/.config/other")`,
        `Deno.writeTextFileSync("${folder}/home/.config/maglevc/token", "")`,
        `Deno.writeTextFileSync("${folder}/home/.local/state/other", "")`,
        `Deno.dlopen("${shim}", {})`,
        `Deno.hostname()`,
      ],
    });
    await judge(folder, installed, {
      name: "maglevd-frontend",
      args: [
        ...["--server", "127.0.0.1:1", "--listen", "127.0.0.1:0"],
        ...["--user", "ops", "--password-file", `${folder}/password`],
      ],
      works: /dashboard-listen/,
      open: [
        `Deno.readTextFileSync("${folder}/password")`,
        `Deno.connect({ hostname: "127.0.0.1", port: 1 })`,
        `Deno.listen({ hostname: "127.0.0.1", port: 0 }).close()`,
      ],
      closed: [
        ...configOnly,
        ...elsewhere,
        `Deno.readTextFileSync("${config}")`,
        `Deno.readTextFileSync("${folder}/password2")`,
        `Deno.readTextFileSync("${folder}/token")`,
        `Deno.writeTextFileSync("${folder}/password", "")`,
        `Deno.dlopen("${shim}", {})`,
        `Deno.hostname()`,
        `Deno.env.get("HOME")`,
      ],
    });
    await judge(folder, installed, {
      name: "maglevt",
      args: ["--config", config, "--output", "json", "--log", `${folder}/log/t.json`],
      works: /"type":"second"/,
      open: [
        `Deno.readTextFileSync("${config}")`,
        `Deno.writeTextFileSync("${folder}/log/t.json", "")`,
        `Deno.hostname()`,
        // VIPs have any address.
        `Deno.connect({ hostname: "127.0.0.2", port: 1 })`,
      ],
      closed: [
        ...configOnly,
        `Deno.readTextFileSync("${folder}/token")`,
        `Deno.writeTextFileSync("${folder}/log/t.json2", "")`,
        `Deno.writeTextFileSync("/run/vpp-maglev/grpc.sock", "")`,
        `Deno.dlopen("${shim}", {})`,
        `Deno.env.get("HOME")`,
      ],
    });
  });
}
