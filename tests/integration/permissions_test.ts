/**
 * What maglevd may do. Goal: the documented permissions are all needed, and nothing beyond them is
 * had. Method: the daemon is started without one after the other, and says what it lacks; a
 * program with the same permissions tries everything else.
 */
import assert from "node:assert/strict";
import { maglevdCommand } from "../../src/demo/daemon_process.ts";
import { MAGLEVD_ENVIRONMENT } from "../../src/system/permissions.ts";
import { NET4, netnsTest, withNamespace } from "../support/netns.ts";
import { withFolder } from "../support/daemon.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

interface Observed {
  readonly text: string;
  /** Undefined: it was still running when it had said what was waited for. */
  readonly code: number | undefined;
}

/** Runs a command until it says `until` or ends, at most 15 s; all it said. */
async function observe(command: readonly string[], until: RegExp): Promise<Observed> {
  const [program, ...args] = command;
  const child = new Deno.Command(program!, {
    args,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  let stopped = false;
  let ended = false;
  child.status.then(() => ended = true);
  const stop = () => {
    if (stopped || ended) return;
    child.kill("SIGTERM");
    stopped = true;
  };
  const timer = setTimeout(stop, 15_000);
  await Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (until.test(text)) stop();
    }
  }));
  const { code } = await child.status;
  clearTimeout(timer);
  return { text, code: stopped ? undefined : code };
}

/** One backend, probed by ICMP or TCP. */
function configText(options: { type: "icmp" | "tcp"; address?: string; netns?: string }): string {
  const { type, address = "127.0.0.1", netns = "" } = options;
  return `maglev:
  healthchecker: { netns: "${netns}" }
  vpp: { lb: { ipv4-src-address: 192.0.2.254, ipv6-src-address: "2001:db8::254" } }
  healthchecks:
    check: { type: ${type}${type === "tcp" ? ", port: 1" : ""}, interval: 100ms, timeout: 80ms }
  backends:
    b0: { address: ${address}, healthcheck: check }
  frontends:
    web: { address: 192.0.2.1, pools: [ { name: main, backends: { b0: {} } } ] }
`;
}

type FlagChange = (flag: string) => string | undefined;

interface Setup {
  /** Changes the flags of `deno run`. */
  readonly flags?: FlagChange;
  readonly prefix?: readonly string[];
  readonly until: RegExp;
}

/** Starts maglevd on `text`, with a socket of VPP that is not there. */
async function start(text: string, { flags = (flag) => flag, prefix = [], until }: Setup) {
  return await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, text);
    const command = maglevdCommand({
      config,
      vppApiAddr: `${folder}/api.sock`,
      vppStatsAddr: `${folder}/stats.sock`,
      grpcAddr: "127.0.0.1:0",
      stateDir: `${folder}/state`,
      flags: ["--log-format=text"],
    });
    const changed = command.map(flags).filter((flag) => flag !== undefined);
    return await observe([...prefix, Deno.execPath(), ...changed], until);
  });
}

/** Takes `item` out of the list of a flag. */
function without(name: string, item: (part: string) => boolean) {
  return (flag: string) => {
    if (!flag.startsWith(`${name}=`)) return flag;
    const parts = flag.slice(name.length + 1).split(",");
    assert.ok(parts.some(item), `${name} has no such part`);
    return `${name}=${parts.filter((part) => !item(part)).join(",")}`;
  };
}

const drop = (name: string) => (flag: string) => flag.split("=")[0] === name ? undefined : flag;

const UP = /backend-transition.* to=up/;
const ICMP = configText({ type: "icmp" });
const TCP = configText({ type: "tcp" });

Deno.test("maglevd does without no permission: what fails says which one is missing", async () => {
  const socket = (part: string) => part.endsWith("/api.sock");
  const state = (part: string) => part.endsWith("/state");
  const cases: [config: string, flags: FlagChange, says: RegExp, ends: boolean][] = [
    [TCP, without("--allow-read", (part) => part.endsWith(".yaml")), /permission to read it/, true],
    [
      TCP,
      without("--allow-read", (part) => part === ROOT.slice(0, -1)),
      /probe-worker .*Requires read access to .*src\/probe\/worker\.ts/,
      false,
    ],
    [
      TCP,
      without("--allow-read", socket),
      /vpp-connect-failed .*Requires read access to .*api\.sock/,
      false,
    ],
    [
      TCP,
      without("--allow-write", socket),
      /vpp-connect-failed .*Requires write access to .*api\.sock/,
      false,
    ],
    [
      TCP,
      without("--allow-read", state),
      /operator-intent-file-unusable .*Requires read access to .*state/,
      false,
    ],
    [
      TCP,
      without("--allow-write", state),
      /operator-intent-not-stored .*Requires write access to .*state/,
      false,
    ],
    [TCP, drop("--allow-net"), /cannot start: .*Requires net access to "127.0.0.1:0"/, true],
    [ICMP, drop("--allow-ffi"), /cannot start: .*start with --allow-ffi=.*maglev_shim\.so/, true],
    [
      TCP,
      drop("--allow-ffi"),
      /config-warning .*no counters of VPP: .*start with --allow-ffi=.*maglev_shim\.so/,
      false,
    ],
    [ICMP, drop("--allow-env"), /cannot start: .*Requires env access to "MAGLEV_/, true],
    ...MAGLEVD_ENVIRONMENT.map((name): [string, FlagChange, RegExp, boolean] => [
      ICMP,
      without("--allow-env", (part) => part === name),
      new RegExp(`cannot start: .*${name.replace("*", "")}`),
      true,
    ]),
  ];
  for (const [config, flags, until, ends] of cases) {
    const { text, code } = await start(config, { flags, until });
    assert.match(text, until);
    assert.ok(!/Uncaught \(in promise\)/.test(text), text);
    if (ends) assert.ok(code === 1 || code === undefined, `${code}`);
  }
});

Deno.test("maglevd's permissions allow nothing else", async () => {
  await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    const shim = `${ROOT}build/maglev_shim.so`;
    await Deno.writeTextFile(config, TCP);
    await Deno.writeTextFile(`${folder}/other.yaml`, TCP);
    const attempts = [
      `new Deno.Command("/bin/true").outputSync()`,
      `Deno.readTextFileSync("/etc/passwd")`,
      `Deno.readTextFileSync("${folder}/other.yaml")`,
      `[...Deno.readDirSync("/proc")]`,
      `Deno.writeTextFileSync("${config}", "")`,
      `Deno.writeTextFileSync("${ROOT}main.ts", "")`,
      `Deno.writeTextFileSync("${folder}/state.json", "")`,
      `Deno.renameSync("${folder}/state", "${folder}/other")`,
      `Deno.removeSync("${config}")`,
      `Deno.env.get("HOME")`,
      `Deno.env.set("HOME", "")`,
      `Deno.dlopen("libc.so.6", {})`,
      `Deno.dlopen("${shim}.new", {})`,
      `new Deno.UnsafeCallback({ parameters: [], result: "void" }, () => {})`,
      `Deno.UnsafePointer.create(1n)`,
      `Deno.UnsafePointer.of(new Uint8Array(1))`,
      `Deno.hostname()`,
      `Deno.networkInterfaces()`,
      `Deno.kill(1, "SIGTERM")`,
    ];
    const script = `${folder}/try.ts`;
    await Deno.writeTextFile(
      script,
      `// Whether they are there at all:
       Deno.dlopen("${shim}", {}).close();
       Deno.readTextFileSync("${config}");
       Deno.mkdirSync("${folder}/state");
       Deno.writeTextFileSync("${folder}/state/intents.json", "");
       const attempts: [string, () => unknown][] = [${
        attempts.map((code) => `[${JSON.stringify(code)}, () => ${code}]`).join(",\n")
      }];
       for (const [code, attempt] of attempts) {
         try { attempt(); console.log("allowed: " + code); }
         catch (error) {
           if (!(error instanceof Deno.errors.NotCapable)) console.log(code + ": " + error);
         }
       }
       console.log("tried " + attempts.length);
       Deno.exit(0);`,
    );
    const command = maglevdCommand({
      config,
      vppApiAddr: `${folder}/api.sock`,
      stateDir: `${folder}/state`,
    });
    const flags = command.slice(0, command.findIndex((word) => word.endsWith("main.ts")));
    const { text } = await observe([Deno.execPath(), ...flags, script], /tried/);
    assert.equal(text.trim(), `tried ${attempts.length}`);
  });
});

/** Runs what follows as root without some of root's capabilities. */
function withoutCapabilities(...names: string[]): readonly string[] {
  const list = names.map((name) => `-${name}`).join(",");
  return ["setpriv", `--bounding-set=${list}`, `--inh-caps=${list}`];
}

netnsTest("maglevd without CAP_NET_RAW does not start ICMP probes, and says why", async () => {
  await withNamespace(async (namespace) => {
    // A namespace of its own, so that the setting of unprivileged sockets is known.
    const inside = ["ip", "netns", "exec", namespace.name];
    await namespace.sysctl("net.ipv4.ping_group_range=1 0");
    const prefix = [...inside, ...withoutCapabilities("net_raw")];
    const refused = await start(ICMP, { prefix, until: /cannot start|to=/ });
    assert.match(refused.text, /cannot start: ICMP .*CAP_NET_RAW .*net\.ipv4\.ping_group_range/);
    assert.ok(refused.code === 1 || refused.code === undefined);
    assert.match((await start(TCP, { prefix, until: /to=/ })).text, /to=down .*refused/);
    await namespace.sysctl("net.ipv4.ping_group_range=0 0");
    assert.match((await start(ICMP, { prefix, until: /cannot start|to=/ })).text, UP);
  });
});

netnsTest("unprivileged ICMP sockets judge answers as raw ones do", async () => {
  await withNamespace(async (namespace) => {
    await namespace.sysctl("net.ipv4.ping_group_range=0 0");
    await namespace.respond({ lateMs: 150 });
    const inside = ["ip", "netns", "exec", namespace.name];
    const prefix = [...inside, ...withoutCapabilities("net_raw")];
    const expected: [number: number, says: RegExp][] = [
      [1, UP],
      [2, /to=down .*L4TOUT/],
      [4, /to=down .*L4TOUT/],
      [6, /to=down .*L4TOUT/],
      [7, /to=down .*L4TOUT/],
      [9, /to=down .*L4CON.*host unreachable/],
      [13, UP],
    ];
    for (const [number, says] of expected) {
      for (const address of [`${NET4}${number}`, `"fd77:198:18:77::${number.toString(16)}"`]) {
        const text = configText({ type: "icmp", address });
        assert.match((await start(text, { prefix, until: /to=|cannot/ })).text, says, address);
      }
    }
  });
});

netnsTest("maglevd without CAP_SYS_ADMIN cannot enter a namespace, and says why", async () => {
  await withNamespace(async (namespace) => {
    const address = `${NET4}1`;
    const text = configText({ type: "icmp", address, netns: namespace.name });
    const prefix = withoutCapabilities("sys_admin");
    const refused = (await start(text, { prefix, until: /to=/ })).text;
    assert.match(refused, /level=ERROR msg=probe-worker .*CAP_SYS_ADMIN/);
    assert.match(refused, /to=down .*code=L4CON .*CAP_SYS_ADMIN/);
    assert.match((await start(text, { until: /to=/ })).text, UP);
    // Without the shim there is no way in: said at start.
    const flags = drop("--allow-ffi");
    const absent = await start(text, { flags, until: /cannot start/ });
    assert.match(absent.text, /cannot start: .*--allow-ffi=/);
  });
});

const NOT_ROOT = Deno.uid() === 0 ? "" : " (skipped: raw sockets need root)";

Deno.test({
  name: `maglevd probes by ICMP with the documented permissions${NOT_ROOT}`,
  ignore: NOT_ROOT !== "",
  fn: async () => assert.match((await start(ICMP, { until: UP })).text, UP),
});
