/** A daemon that probes in a namespace of the test's own, from which resources can be removed. */
import assert from "node:assert/strict";
import { linesOf } from "../../../bench/support/lines.ts";
import { certificates } from "../servers/certificates.ts";
import { Daemon, withFolder } from "../servers/daemon.ts";
import { FailingCalls } from "../servers/failing_calls.ts";
import { HTTP_PORT, NET4, TestNamespace, TLS_PORT } from "../servers/netns.ts";
import { readMetrics, valueOf } from "../judges/prometheus_text.ts";
import { type Simulator, startSimulator } from "../../../src/sim/api_server.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";

const FOLDER = new URL("../servers/", import.meta.url).pathname;

/** Port of the server that a test lets die. */
const FRAIL_PORT = 18079;

/** The servers that never die, one for each kind of probe over TCP. */
export const GOOD = ["tcp", "http", "tls", "https"];

const CHECKS = `
    tcp: { type: tcp, port: ${HTTP_PORT}, PACE }
    http: { type: http, port: ${HTTP_PORT}, PACE, params: { path: / } }
    tls: { type: tcp, port: ${TLS_PORT}, PACE, params: { ssl: true, insecure-skip-verify: true } }
    https: { type: https, port: ${TLS_PORT}, PACE, params: { path: /, insecure-skip-verify: true } }
    frail: { type: tcp, port: ${FRAIL_PORT}, PACE }`;
/** Last number of the first server's address where each has its own; see LackStageOptions.vpp. */
const FIRST_SERVER = 3;
const PACE = "interval: 100ms, timeout: 1s, rise: 2, fall: 3";

/** A program in the namespace that prints `ready`, and ends with its standard input. */
class Helper {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  static async start(netns: string, program: string, args: readonly string[]): Promise<Helper> {
    const child = new Deno.Command("ip", {
      args: ["netns", "exec", netns, "python3", `${FOLDER}${program}`, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const lines = linesOf(child.stdout);
    const { value } = await lines.next();
    assert.equal(value, "ready", program);
    await lines.return(undefined);
    return new Helper(child);
  }

  get pid(): number {
    return this.#child.pid;
  }

  async stop(): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}

export interface LackStageOptions {
  /** Added to every check: `probe-ipv4-src: 198.18.77.2`. */
  readonly extra?: string;
  /** System calls of maglevd can be made to fail; see LackStage.faults. */
  readonly faults?: boolean;
  /** Settings of the namespace: `net.ipv4.ip_local_port_range=30000 30999`. */
  readonly sysctls?: readonly string[];
  /** maglevd programs a simulated VPP, in which each backend is a server of its own. */
  readonly vpp?: boolean;
}

/** The stage; backends are GOOD and `frail`. */
export class LackStage {
  readonly namespace: TestNamespace;
  readonly configPath: string;
  readonly #helpers = new Set<Helper>();
  #daemon: Daemon | undefined;
  #faults: FailingCalls | undefined;
  #frail: Helper | undefined;
  #steady: Helper | undefined;
  #simulator: Simulator | undefined;

  constructor(namespace: TestNamespace, configPath: string) {
    this.namespace = namespace;
    this.configPath = configPath;
  }

  get daemon(): Daemon {
    assert.ok(this.#daemon !== undefined, "maglevd is not started");
    return this.#daemon;
  }

  get faults(): FailingCalls {
    assert.ok(this.#faults !== undefined, "the stage was not made with faults");
    return this.#faults;
  }

  get simulator(): Simulator {
    assert.ok(this.#simulator !== undefined, "the stage was not made with VPP");
    return this.#simulator;
  }

  async prepareVpp(folder: string): Promise<void> {
    this.#simulator = await startSimulator({
      path: `${folder}/api.sock`,
      clock: new SystemClock(),
    });
  }

  async prepareFaults(folder: string): Promise<void> {
    this.#faults = await FailingCalls.build(folder);
  }

  /** Starts maglevd, and waits until all servers are up. */
  async start(): Promise<void> {
    this.launch();
    for (const name of [...GOOD, "frail"]) await this.daemon.transition(name, "up");
  }

  /** Starts maglevd. */
  launch(): void {
    const env = Object.entries(this.#faults?.env ?? {}).map(([name, value]) => `${name}=${value}`);
    this.#daemon = new Daemon({
      config: this.configPath,
      metricsAddr: "127.0.0.1:0",
      grpcAddr: "127.0.0.1:0",
      prefix: env.length === 0 ? [] : ["env", ...env],
      ...(this.#simulator === undefined ? {} : { vppApiAddr: this.#simulator.path }),
    });
  }

  async serve(): Promise<void> {
    const { folder } = await certificates();
    const { name } = this.namespace;
    this.#steady = await this.help("steady_server.py", [`${HTTP_PORT}`, `${TLS_PORT}`, folder]);
    this.#frail = await Helper.start(name, "steady_server.py", [`${FRAIL_PORT}`]);
  }

  async help(program: string, args: readonly string[]): Promise<Helper> {
    const helper = await Helper.start(this.namespace.name, program, args);
    this.#helpers.add(helper);
    return helper;
  }

  /** Takes all local ports of connections to the servers; the result gives them back. */
  async takePorts(): Promise<() => Promise<void>> {
    const ports = [HTTP_PORT, TLS_PORT, FRAIL_PORT].map(String);
    const hog = await this.help("port_hog.py", [`${NET4}1`, ...ports]);
    return async () => {
      this.#helpers.delete(hog);
      await hog.stop();
    };
  }

  /** Removes the name of the namespace, in which the servers live on. */
  async hide(): Promise<void> {
    await this.namespace.hide();
  }

  async unhide(): Promise<void> {
    await this.namespace.unhide(this.#steady!.pid);
  }

  /** Lets the server of `frail` die. */
  async kill(): Promise<void> {
    await this.#frail?.stop();
    this.#frail = undefined;
  }

  /** Waits for the episode; `from`: a mark of the log. */
  async blind(reason: string, from = 0) {
    return await this.daemon.seen(
      ({ msg, lack }) => msg === "prober-blind" && lack === reason,
      { from },
    );
  }

  async restored(reason: string, from = 0) {
    return await this.daemon.seen(
      ({ msg, lack }) => msg === "prober-restored" && lack === reason,
      { from, deadlineMs: 20_000 },
    );
  }

  /** No server but `frail` was called down, ever. */
  assertNoServerBlamed(): void {
    const blamed = this.daemon.lines.filter(({ msg, backend, to }) =>
      msg === "backend-transition" && to === "down" && backend !== "frail"
    );
    assert.deepEqual(blamed, []);
  }

  /** State of the metrics port: status and reasons of /readyz, and the gauge. */
  async see(reason: string): Promise<{ status: number; reasons: string; gauge: number }> {
    const { address } = await this.daemon.seen(({ msg }) => msg === "metrics-listen");
    const ready = await fetch(`http://${address}/readyz`);
    const { reasons } = await ready.json();
    const metrics = readMetrics(await (await fetch(`http://${address}/metrics`)).text());
    const gauge = valueOf(metrics, "maglev_prober_blind", { netns: this.namespace.name, reason });
    return { status: ready.status, reasons: reasons.join("; "), gauge: gauge ?? NaN };
  }

  async close(): Promise<void> {
    await this.#daemon?.stop();
    await this.#simulator?.stop();
    await this.kill();
    for (const helper of this.#helpers) await helper.stop();
    await this.namespace.remove();
  }
}

let count = 0;

/** A name that no other test uses. */
export function lackName(): string {
  return `mlv-lack-${Deno.pid}-${++count}`;
}

const LB = `
  vpp:
    lb:
      ipv4-src-address: 192.0.2.254
      ipv6-src-address: 2001:db8::254
      startup-min-delay: 0s
      startup-max-delay: 1s`;

/** The configuration of the stage. */
export function lackConfig(
  netns: string,
  { extra = "", vpp = false }: LackStageOptions = {},
): string {
  const pace = extra === "" ? PACE : `${PACE}, ${extra}`;
  const names = [...GOOD, "frail"];
  const address = (place: number) => `${NET4}${vpp ? FIRST_SERVER + place : 1}`;
  return `maglev:${vpp ? LB : ""}
  healthchecker: { netns: ${netns} }
  healthchecks:${CHECKS.replaceAll("PACE", pace)}
  backends:
${
    names.map((name, at) => `    ${name}: { address: ${address(at)}, healthcheck: ${name} }\n`)
      .join("")
  }
  frontends:
    f: { address: 192.0.2.9, pools: [{ name: p, backends: { ${
    names.map((name) => `${name}: {}`).join(", ")
  } } }] }
`;
}

/** VPP's state of the stage's frontend with these weights in force: GOOD's, then `frail`'s. */
export function lackView(...weights: readonly number[]): Record<string, readonly string[]> {
  const servers = weights.map((weight, at) => `${NET4}${FIRST_SERVER + at} ${weight}`);
  return { "192.0.2.9/32 255 0": servers };
}

/** Runs `fn` with a daemon whose servers are all up. */
export async function onLackStage(
  options: LackStageOptions,
  fn: (stage: LackStage) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const namespace = await TestNamespace.make(lackName());
    // Ports in TIME_WAIT are not used again before their time, as away from loopback.
    await namespace.sysctl("net.ipv4.tcp_tw_reuse=0");
    const configPath = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(configPath, lackConfig(namespace.name, options));
    const stage = new LackStage(namespace, configPath);
    try {
      for (const setting of options.sysctls ?? []) await namespace.sysctl(setting);
      if (options.vpp === true) await stage.prepareVpp(folder);
      if (options.faults === true) await stage.prepareFaults(folder);
      await stage.serve();
      await stage.start();
      await fn(stage);
    } finally {
      await stage.close();
    }
  });
}
