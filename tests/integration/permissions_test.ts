/**
 * The launcher's permissions. Goal: maglevd needs all of them. Method: it is started without each
 * one in turn, and reports the missing one. closed_permissions_test.ts shows what stays closed.
 */
import assert from "node:assert/strict";
import { LAUNCHER, LAUNCHER_ENVIRONMENT, maglevdCommand } from "../../src/demo/daemon_process.ts";
import { MAGLEVD_ENVIRONMENT } from "../../src/system/launch/permissions.ts";
import { NET4, netnsTest, withNamespace } from "../support/servers/netns.ts";
import { certificates } from "../support/servers/certificates.ts";
import { Daemon, printedCommand, runToEnd, withFolder } from "../support/servers/daemon.ts";
import { observe } from "../support/servers/observe.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** One backend, probed by ICMP or TCP. */
function configText(
  options: { type: "icmp" | "tcp"; address?: string; netns?: string; timeoutMs?: number },
): string {
  const { type, address = "127.0.0.1", netns = "", timeoutMs = 80 } = options;
  return `maglev:
  healthchecker: { netns: "${netns}" }
  vpp: { lb: { ipv4-src-address: 192.0.2.254, ipv6-src-address: "2001:db8::254" } }
  healthchecks:
    check: { type: ${type}${
    type === "tcp" ? ", port: 1" : ""
  }, interval: 100ms, timeout: ${timeoutMs}ms }
  backends:
    b0: { address: ${address}, healthcheck: check }
  frontends:
    web: { address: 192.0.2.1, pools: [ { name: main, backends: { b0: {} } } ] }
`;
}

/** Longest time of an answer on a busy machine. */
const PATIENCE_MS = 10_000;

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
    const changed = printedCommand(command).map(flags).filter((flag) => flag !== undefined);
    return await observe([...prefix, ...changed], until);
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
/** A text for which the YAML library is loaded, which reads variables of its own. */
const ODD = `%YAML 1.2\n---\n${ICMP}`;

Deno.test("maglevd needs each of its permissions, and a failure names the missing one", async () => {
  const socket = (part: string) => part.endsWith("/api.sock");
  const state = (part: string) => part.endsWith("/state");
  const cases: [config: string, flags: FlagChange, says: RegExp, ends: boolean][] = [
    [
      TCP,
      without("--allow-read", (part) => part.includes("maglev-test-")),
      /cannot read the file: .*add MAGLEV_READ_PATHS=.*\.yaml to its environment/,
      true,
    ],
    [
      TCP,
      without("--allow-read", (part) => part === `${ROOT}src`),
      /probe-worker .*Requires read access to .*src\/probe\/engine\/worker\.ts/,
      false,
    ],
    [
      TCP,
      without("--allow-read", (part) => part === `${ROOT}ffi`),
      /probe-worker .*Requires read access to .*ffi\/open\.ts/,
      false,
    ],
    [
      TCP,
      without("--allow-write", socket),
      /level=ERROR msg=vpp-connect-failed .*cannot write .*api\.sock: .*MAGLEV_WRITE_PATHS=/,
      false,
    ],
    [
      TCP,
      without("--allow-write", state),
      /operator-intent-not-stored .*cannot write .*state: .*MAGLEV_WRITE_PATHS=/,
      false,
    ],
    [TCP, drop("--allow-net"), /cannot start: .*cannot use address 127.0.0.1:0: .*launcher/, true],
    [ICMP, drop("--allow-ffi"), /cannot start: .*cannot load the shim .*maglev_shim\.so: /, true],
    [
      TCP,
      drop("--allow-ffi"),
      /config-warning .*no counters of VPP: .*cannot load the shim .*maglev_shim\.so: /,
      false,
    ],
    [ICMP, drop("--allow-env"), /cannot start: .*cannot use env MAGLEV_/, true],
    ...MAGLEVD_ENVIRONMENT.map((name): [string, FlagChange, RegExp, boolean] => [
      ODD,
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

Deno.test("maglevd runs with each path of its command line in a folder of its own", async () => {
  await withFolder(async (folder) => {
    const at = (name: string) => `${folder}/far away/${name}`;
    for (const name of ["config", "sockets", "state", "pem"]) {
      await Deno.mkdir(at(name), { recursive: true });
    }
    const { ca, of } = await certificates();
    const server = of("good");
    await Deno.writeTextFile(at("pem/cert.pem"), server.cert);
    await Deno.writeTextFile(at("pem/key.pem"), server.key);
    await Deno.writeTextFile(at("pem/ca.pem"), ca);
    await Deno.writeTextFile(at("pem/tokens"), "operator sesame\n", { mode: 0o600 });
    await Deno.writeTextFile(at("config/m.yaml"), TCP);
    const daemon = new Daemon({
      config: at("config/m.yaml"),
      vppApiAddr: at("sockets/api.sock"),
      metricsAddr: `unix:${at("sockets/metrics.sock")}`,
      grpcAddr: "127.0.0.1:0",
      stateDir: at("state/deep"),
      logLevel: "debug",
      flags: ["cert", "key"].map((name) => `--grpc-tls-${name}=${at(`pem/${name}.pem`)}`)
        .concat(`--grpc-client-ca=${at("pem/ca.pem")}`, `--grpc-tokens=${at("pem/tokens")}`),
    });
    try {
      await daemon.seen(({ msg }) => msg === "grpc-listen");
      await daemon.seen(({ msg }) => msg === "metrics-listen");
      await daemon.seen(({ msg }) => msg === "vpp-connect-failed");
      await daemon.transition("b0", "down");
      daemon.process.signal("SIGHUP");
      await daemon.seen(({ msg, ok }) => msg === "grpc-reload" && ok === true);
    } finally {
      await daemon.stop();
    }
    const faults = daemon.lines.filter((line) => /permission|Requires/.test(JSON.stringify(line)));
    assert.deepEqual(faults, []);
  });
});

const CA_FILE = (path: string) =>
  `maglev:
  healthchecks: { check: { type: https, port: 443, params: { path: /, ca-file: "${path}" } } }
  backends: { b0: { address: 127.0.0.1, healthcheck: check } }
  frontends: { web: { address: 192.0.2.1, pools: [ { name: main, backends: { b0: {} } } ] } }
`;

Deno.test("a ca-file without permission is an error with the line that grants it", async () => {
  await withFolder(async (folder) => {
    const ca = `${folder}/elsewhere/ca.pem`;
    const config = `${folder}/config/m.yaml`;
    await Deno.mkdir(`${folder}/config`);
    await Deno.mkdir(`${folder}/elsewhere`);
    await Deno.writeTextFile(ca, (await certificates()).ca);
    await Deno.writeTextFile(config, CA_FILE(ca));
    const says = new RegExp(
      `ca-file: ${ca}: cannot read the file: .*add MAGLEV_READ_PATHS=${ca} .*restart`,
    );
    const check = await runToEnd({ config, flags: ["--check"] });
    assert.equal(check.code, 2, check.stdout);
    assert.match(check.stdout, says);
    const start = await runToEnd({ config });
    assert.equal(start.code, 2, start.stderr);
    assert.match(start.stderr, says);
    // The line that it names is enough, and so is the folder of the configuration.
    const env = { MAGLEV_READ_PATHS: ca };
    assert.equal((await runToEnd({ config, flags: ["--check"], env })).code, 0);
    await Deno.copyFile(ca, `${folder}/config/ca.pem`);
    await Deno.writeTextFile(config, CA_FILE(`${folder}/config/ca.pem`));
    const daemon = new Daemon({ config });
    try {
      await daemon.seen(({ msg }) => msg === "config-loaded");
      await daemon.transition("b0", "down");
      await Deno.writeTextFile(config, CA_FILE(ca));
      daemon.process.signal("SIGHUP");
      const refused = await daemon.seen(({ msg }) => msg === "config-error");
      assert.match(JSON.stringify(refused), /add MAGLEV_READ_PATHS=.*restart/);
    } finally {
      await daemon.stop();
    }
  });
});

Deno.test("a token or certificate that cannot be used is an error of its own flag", async () => {
  await withFolder(async (folder) => {
    const config = `${folder}/m.yaml`;
    await Deno.writeTextFile(config, TCP);
    const server = (await certificates()).of("good");
    await Deno.writeTextFile(`${folder}/cert.pem`, server.cert);
    await Deno.writeTextFile(`${folder}/key.pem`, server.key);
    const tls = [`--grpc-tls-cert=${folder}/cert.pem`, `--grpc-tls-key=${folder}/key.pem`];
    const cases: [flag: string, flags: string[]][] = [
      ["grpc-tokens", [`--grpc-tokens=${folder}/none`]],
      ["grpc-tls-cert", [`--grpc-tls-cert=${folder}/none`, tls[1]!]],
      ["grpc-tls-key", [tls[0]!, `--grpc-tls-key=${folder}/none`]],
      ["grpc-client-ca", [...tls, `--grpc-client-ca=${folder}/none`]],
      ["grpc-addr", ["--grpc-addr=192.0.2.77:1"]],
    ];
    for (const [flag, flags] of cases) {
      const { code, stderr } = await runToEnd({
        config,
        flags: ["--grpc-addr=127.0.0.1:0", ...flags],
      });
      assert.equal(code, 1, flag);
      assert.match(stderr, new RegExp(`^maglevd: cannot start: flag --${flag}: `));
    }
  });
});

Deno.test("maglevc reads a token and a certificate in any folder", async () => {
  await withFolder(async (folder) => {
    const { ca } = await certificates();
    await Deno.writeTextFile(`${folder}/ca.pem`, ca);
    await Deno.writeTextFile(`${folder}/token`, "sesame\n", { mode: 0o600 });
    const [program, ...launcher] = LAUNCHER;
    const { stderr } = await new Deno.Command(program!, {
      args: [...launcher, "maglevc", "--server", "127.0.0.1:1", "--tls-ca", "ca.pem"]
        .concat("--token-file", `${folder}/token`, "show", "version"),
      cwd: folder,
      env: LAUNCHER_ENVIRONMENT,
    }).output();
    assert.match(new TextDecoder().decode(stderr), /^maglevc: 127\.0\.0\.1:1: connection refused/);
  });
});

/** Runs what follows as root without some of root's capabilities. */
function withoutCapabilities(...names: string[]): readonly string[] {
  const list = names.map((name) => `-${name}`).join(",");
  return ["setpriv", `--bounding-set=${list}`, `--inh-caps=${list}`];
}

netnsTest("maglevd without CAP_NET_RAW does not start ICMP probes, with the reason", async () => {
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

netnsTest("unprivileged ICMP sockets judge replies as raw ones do", async () => {
  await withNamespace(async (namespace) => {
    await namespace.sysctl("net.ipv4.ping_group_range=0 0");
    await namespace.respond({ lateMs: 150 });
    const inside = ["ip", "netns", "exec", namespace.name];
    const prefix = [...inside, ...withoutCapabilities("net_raw")];
    // The responder is a program, which answers late on a busy machine. Only where no answer counts
    // is the timeout short.
    const expected: [number: number, says: RegExp, timeoutMs: number][] = [
      [1, UP, PATIENCE_MS],
      [2, /to=down .*L7TOUT/, 80],
      [4, /to=down .*L7TOUT/, 80],
      [6, /to=down .*L7TOUT/, 80],
      [7, /to=down .*L7TOUT/, 80],
      [9, /to=down .*L4CON.*host unreachable/, PATIENCE_MS],
      [13, UP, PATIENCE_MS],
    ];
    for (const [number, says, timeoutMs] of expected) {
      for (const address of [`${NET4}${number}`, `"fd77:198:18:77::${number.toString(16)}"`]) {
        const text = configText({ type: "icmp", address, timeoutMs });
        assert.match((await start(text, { prefix, until: /to=|cannot open/ })).text, says, address);
      }
    }
  });
});

netnsTest(
  "maglevd without CAP_SYS_ADMIN does not start with a namespace, with the reason",
  async () => {
    await withNamespace(async (namespace) => {
      const address = `${NET4}1`;
      const text = configText({ type: "icmp", address, netns: namespace.name });
      const prefix = withoutCapabilities("sys_admin");
      const refused = (await start(text, { prefix, until: /cannot start/ })).text;
      assert.match(refused, /cannot start: healthchecker\.netns: .*CAP_SYS_ADMIN/);
      assert.match((await start(text, { until: /to=/ })).text, UP);
      // Without the shim the namespace cannot be entered, which is reported at start.
      const flags = drop("--allow-ffi");
      const absent = await start(text, { flags, until: /cannot start/ });
      assert.match(absent.text, /cannot start: .*cannot load the shim .*MAGLEV_SHIM/);
    });
  },
);

const NOT_ROOT = Deno.uid() === 0 ? "" : " (skipped: raw sockets need root)";

Deno.test({
  name: `maglevd probes by ICMP with the documented permissions${NOT_ROOT}`,
  ignore: NOT_ROOT !== "",
  fn: async () => assert.match((await start(ICMP, { until: UP })).text, UP),
});
