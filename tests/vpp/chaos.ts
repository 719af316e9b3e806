/**
 * A run by hand against a real VPP in which everything fails at random. After each calm, VPP's
 * table must equal the desired one. chaos_model.ts computes that from the configuration and the
 * living servers; VPP's own CLI reads the table:
 *
 *     MAGLEV_VPP_PREFIX=/path deno run -A tests/vpp/chaos.ts [--for 600] [--seed 1] [--transport socket]
 *
 * --for is in seconds; --transport is `socket` or `shm`; --older takes the plugin of 26.06
 * (MAGLEV_VPP_OLDER_PLUGINS). Prints one JSON object; exit status 1 when a calm did not restore the
 * desired state. The seed decides which faults are injected; the machine decides their timing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { RECREATE_EVERY_MS } from "../../src/vpp/lb/guard/recreate_limit.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { mulberry32 } from "../support/fakes/mulberry32.ts";
import { WebServer } from "../support/servers/web_server.ts";
import type { Expected, Model } from "./chaos_model.ts";
import { type Below, changedModel, expectedOf, randomModel, yamlOf } from "./chaos_model.ts";
import { OLDER_PLUGINS, type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";
import { viewedVips } from "./view.ts";

const SERVERS = 12;
const FRONTENDS = 24;
/**
 * Everything has its deadlines, intervals and warm-up within this, and a VIP that was recreated a
 * moment ago its minute; it is not what is measured.
 */
const CALM_MS = 25_000 + RECREATE_EVERY_MS;
const THAW_MS = 500;
/** So long VPP must stay as it is then. */
const STEADY_MS = 1000;

class Chaos {
  readonly acts: Record<string, number> = {};
  readonly calmMs: number[] = [];
  /** Changes after a calm, for example by a false verdict. */
  readonly unsteady: string[] = [];
  maxRssKib = 0;
  readonly #below: Below;
  readonly #vpp: RunningVpp;
  readonly #vppAddress: string;
  readonly #weights: boolean;
  readonly #servers: readonly WebServer[];
  readonly #config: string;
  #model: Model;
  #daemon: Daemon;
  #daemons = 0;
  #frozen = false;
  #vppUp = true;
  /** True while maglevd is being ended. */
  #ending = false;
  /** Set when it ended by itself. */
  #died: string | undefined;
  readonly #errors: Record<string, number> = {};

  constructor(options: {
    readonly below: Below;
    readonly vpp: RunningVpp;
    readonly vppAddress: string;
    readonly weights: boolean;
    readonly folder: string;
  }) {
    this.#below = options.below;
    this.#vpp = options.vpp;
    this.#vppAddress = options.vppAddress;
    this.#weights = options.weights;
    this.#config = `${options.folder}/maglev.yaml`;
    this.#servers = WebServer.group(
      Array.from({ length: SERVERS }, (_, i) => `127.0.44.${i + 1}`),
    );
    this.#model = randomModel(this.#below, { count: FRONTENDS, servers: SERVERS });
    this.#write();
    this.#daemon = this.#start();
  }

  /** Unexpected errors, by event and reason. */
  get errors(): Readonly<Record<string, number>> {
    return this.#errors;
  }

  get daemons(): number {
    return this.#daemons;
  }

  /** Some seconds of trouble. */
  async storm(): Promise<void> {
    const acts: readonly (readonly [string, () => Promise<void>])[] = [
      ["server-toggle", () => this.#toggleServer()],
      ["server-toggle", () => this.#toggleServer()],
      ["server-toggle", () => this.#toggleServer()],
      ["server-status", () => this.#changeStatus()],
      ["rack", () => this.#rack()],
      ["vpp-kill", () => this.#killVpp()],
      ["vpp-freeze", () => this.#freezeVpp()],
      ["reload", () => this.#reload()],
      ["reload", () => this.#reload()],
      ["maglevd-restart", () => this.#restartDaemon("SIGTERM")],
      ["maglevd-kill", () => this.#restartDaemon("SIGKILL")],
      ["meddle", () => this.#meddle()],
    ];
    for (let i = 3 + this.#below(8); i > 0; i--) {
      const [name, act] = acts[this.#below(acts.length)]!;
      this.acts[name] = (this.acts[name] ?? 0) + 1;
      await act();
      await sleep(this.#below(700));
    }
  }

  /** Waits until VPP has what is wanted and stays so; what differs when it does not. */
  async calm(): Promise<string | undefined> {
    if (this.#frozen) {
      this.#signalVpp("SIGCONT");
      // Requests from its stop wait in its socket, and are carried out now.
      await sleep(THAW_MS);
    }
    this.#frozen = false;
    if (!this.#vppUp) await this.#vpp.restart();
    this.#vppUp = true;
    const startMs = performance.now();
    const expected = this.#expected();
    for (let sinceMs: number | undefined;;) {
      if (this.#died !== undefined) return this.#died;
      const difference = differenceOf(expected, await this.#found());
      const nowMs = performance.now();
      if (difference === undefined) {
        sinceMs ??= nowMs;
        if (nowMs - sinceMs >= STEADY_MS) {
          this.calmMs.push(sinceMs - startMs);
          break;
        }
      } else if (sinceMs !== undefined) {
        this.unsteady.push(difference);
        sinceMs = undefined;
      } else if (nowMs - startMs > CALM_MS) {
        return difference;
      }
      await sleep(30);
    }
    this.#watchMemory();
    return undefined;
  }

  /** Last lines of the daemon's log. */
  log(): string {
    const lines = this.#daemon.lines.slice(-60).map((line) => JSON.stringify(line)).join("\n");
    return `${lines}\n${this.#daemon.process.errors}`;
  }

  async stop(): Promise<void> {
    if (this.#frozen) this.#signalVpp("SIGCONT");
    this.#ending = true;
    await this.#daemon.stop();
    this.#collectErrors();
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  #start(): Daemon {
    this.#daemons++;
    const daemon = new Daemon({
      config: this.#config,
      vppApiAddr: this.#vppAddress,
      vppStatsAddr: this.#vpp.statsSocket,
    });
    void daemon.process.ended.then((code) => {
      if (this.#daemon === daemon && !this.#ending) this.#died = `maglevd ended with ${code}`;
    });
    return daemon;
  }

  #write(): void {
    const addresses = this.#servers.map(({ address }) => address);
    const text = yamlOf(this.#model, addresses, this.#servers[0]!.port);
    // Whole at any instant: a maglevd that just starts reads it too.
    Deno.writeTextFileSync(`${this.#config}.new`, text);
    Deno.renameSync(`${this.#config}.new`, this.#config);
  }

  #expected(): Expected {
    return expectedOf(this.#model, {
      addresses: this.#servers.map(({ address }) => address),
      alive: (i) => this.#servers[i]!.isOpen && this.#servers[i]!.status === 200,
      weights: this.#weights,
    });
  }

  async #found(): Promise<Expected> {
    const vips = await viewedVips(this.#vpp);
    return Object.fromEntries(vips.map((vip) => {
      const servers = vip.servers.map(({ address, weight }) => `${address}=${weight ?? "in"}`)
        .sort();
      const buckets = vip.servers.reduce((sum, server) => sum + server.buckets, 0);
      const empty = vip.servers.every(({ weight }) => weight === 0);
      const full = buckets === (empty ? 0 : vip.length) ? "" : ` with ${buckets} buckets`;
      const shape = `${vip.type}${vip.sticky ? " sticky" : ""} ${vip.length}`;
      return [vip.key, `${shape}: ${servers.join(" ")}${full}`];
    }));
  }

  async #toggleServer(): Promise<void> {
    const server = this.#servers[this.#below(SERVERS)]!;
    if (server.isOpen) await server.close();
    else server.open();
  }

  #changeStatus(): Promise<void> {
    const server = this.#servers[this.#below(SERVERS)]!;
    server.status = server.status === 200 ? 503 : 200;
    return Promise.resolve();
  }

  /** Half of all servers at one instant. */
  async #rack(): Promise<void> {
    const [even, open] = [this.#below(2), this.#below(2) === 0];
    await Promise.all(this.#servers.map(async (server, i) => {
      if (i % 2 !== even) return;
      if (open) server.open();
      else await server.close();
    }));
  }

  async #killVpp(): Promise<void> {
    if (this.#frozen || !this.#vppUp) return;
    await this.#vpp.kill("SIGKILL");
    this.#vppUp = false;
    await sleep(this.#below(1500));
    if (this.#below(4) === 0) return;
    await this.#vpp.restart();
    this.#vppUp = true;
  }

  #freezeVpp(): Promise<void> {
    if (!this.#vppUp) return Promise.resolve();
    this.#frozen = !this.#frozen;
    this.#signalVpp(this.#frozen ? "SIGSTOP" : "SIGCONT");
    return Promise.resolve();
  }

  #signalVpp(signal: Deno.Signal): void {
    Deno.kill(this.#vpp.pid, signal);
  }

  async #reload(): Promise<void> {
    this.#model = changedModel(this.#model, this.#below, SERVERS);
    this.#write();
    // A process that has not come to its first line yet does not know the signal, and dies of it.
    await this.#daemon.seen(() => true);
    this.#daemon.process.signal("SIGHUP");
  }

  async #restartDaemon(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#ending = true;
    this.#daemon.process.signal(signal);
    await this.#daemon.process.ended;
    this.#collectErrors();
    await sleep(this.#below(500));
    this.#ending = false;
    this.#daemon = this.#start();
  }

  /** Another program changes VPP. */
  async #meddle(): Promise<void> {
    if (this.#frozen || !this.#vppUp) return;
    const vips = await viewedVips(this.#vpp);
    const vip = vips[this.#below(Math.max(1, vips.length))];
    const server = vip?.servers[0];
    const orders = ["lb vip 203.0.113.9/32 encap gre4 new_len 64"];
    if (vip !== undefined && server !== undefined) {
      const [prefix, protocol, port] = vip.key.split(" ");
      const name = `${prefix} protocol ${protocol === "6" ? "tcp" : "udp"} port ${port}`;
      orders.push(`lb as ${name} ${server.address} del`);
      orders.push(`lb as ${name} ${server.address} weight 77`);
    }
    await this.#vpp.cli(orders[this.#below(orders.length)]!);
  }

  #collectErrors(): void {
    for (const line of this.#daemon.lines) {
      const { level, msg } = line;
      if (level !== "ERROR" && msg !== "" && msg !== "vpp-counters-error") continue;
      const key = line.msg === ""
        ? `no JSON: ${line.text}`
        : `${line.msg} ${line.operation ?? line.kind} ${line.err ?? ""}`;
      this.#errors[key] = (this.#errors[key] ?? 0) + 1;
    }
    this.#daemon.lines.length = 0;
  }

  #watchMemory(): void {
    const status = Deno.readTextFileSync(`/proc/${this.#daemon.process.pid}/status`);
    this.maxRssKib = Math.max(this.maxRssKib, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0));
  }
}

/** The first VIP that is not as expected, in words; undefined when all are. */
function differenceOf(expected: Expected, found: Expected): string | undefined {
  const keys = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  const wrong = keys.filter((key) => expected[key] !== found[key]);
  const [key] = wrong;
  if (key === undefined) return undefined;
  return `${wrong.length} of ${keys.length} wrong: ${key} is ${found[key] ?? "absent"}, ` +
    `wanted ${expected[key] ?? "absent"}`;
}

function quantile(sorted: readonly number[], q: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0);
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      for: { type: "string", default: "60" },
      seed: { type: "string", default: "1" },
      transport: { type: "string", default: "socket" },
      older: { type: "boolean", default: false },
    },
  });
  if (SKIP_REASON !== "") throw new Error("MAGLEV_VPP_PREFIX is not set");
  if (values.older && OLDER_PLUGINS === "") throw new Error("MAGLEV_VPP_OLDER_PLUGINS is not set");
  const seed = Number(values.seed);
  const prng = mulberry32(seed);
  return await withFolder(async (folder) => {
    await using vpp = await startVpp(values.older ? { plugins: OLDER_PLUGINS } : {});
    const chaos = new Chaos({
      below: (limit) => Math.floor(prng() * limit),
      vpp,
      vppAddress: vpp.apiAddress(values.transport === "shm" ? "shared memory" : "socket"),
      weights: !values.older,
      folder,
    });
    const startMs = performance.now();
    let failure = await chaos.calm();
    while (failure === undefined && performance.now() - startMs < Number(values.for) * 1000) {
      await chaos.storm();
      failure = await chaos.calm();
    }
    if (failure !== undefined) console.error(`${failure}\n${chaos.log()}`);
    await chaos.stop();
    const sorted = [...chaos.calmMs].sort((a, b) => a - b);
    console.log(JSON.stringify({
      name: "chaos",
      parameters: {
        seed,
        seconds: Number(values.for),
        transport: values.transport,
        older: values.older,
        servers: SERVERS,
        frontends: FRONTENDS,
      },
      figures: {
        seconds: Math.round((performance.now() - startMs) / 1000),
        calms: sorted.length,
        calm_ms_p50: quantile(sorted, 0.5),
        calm_ms_p99: quantile(sorted, 0.99),
        calm_ms_max: quantile(sorted, 1),
        acts: chaos.acts,
        daemons: chaos.daemons,
        max_rss_mib: Math.round(chaos.maxRssKib / 1024),
        errors: chaos.errors,
        unsteady: chaos.unsteady,
        failure: failure ?? null,
      },
    }));
    return failure === undefined ? 0 : 1;
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
