/**
 * The parts of a chaos run that fail: servers, VPP and maglevd. The acts take a moment, and what they
 * broke stays so until recover().
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Daemon, type LogLine } from "../support/servers/daemon.ts";
import { WebServer } from "../support/servers/web_server.ts";
import type { Below } from "./chaos_model.ts";
import type { RunningVpp } from "./support.ts";
import { type ViewedVip, viewedVips } from "./view.ts";

const THAW_MS = 500;

/** An act by its name. */
export type Act = readonly [name: string, act: () => Promise<void>];

export interface ChaosWorldOptions {
  readonly below: Below;
  readonly vpp: RunningVpp;
  readonly vppAddress: string;
  /** Holds the configuration. */
  readonly folder: string;
  /** Of the servers, and of others that no act of this class touches. */
  readonly addresses: readonly string[];
  readonly others?: readonly string[];
  /** The file of the first maglevd. */
  readonly text: (healthPort: number) => string;
  /** Called with the whole log of each maglevd that was ended. */
  readonly ended?: (lines: readonly LogLine[]) => void;
  /** More options of each maglevd. */
  readonly daemon?: Pick<ConstructorParameters<typeof Daemon>[0], "grpcAddr" | "stateDir">;
}

export class ChaosWorld {
  readonly acts: Record<string, number> = {};
  readonly servers: readonly WebServer[];
  readonly others: readonly WebServer[];
  readonly #options: ChaosWorldOptions;
  readonly #config: string;
  readonly #errors: Record<string, number> = {};
  #daemon: Daemon;
  #daemons = 0;
  #frozen = false;
  #vppUp = true;
  #maxRssKib = 0;
  /** True while maglevd is being ended. */
  #ending = false;
  /** Set when it ended by itself. */
  #died: string | undefined;

  constructor(options: ChaosWorldOptions) {
    this.#options = options;
    const { addresses, others = [], folder, text } = options;
    const all = WebServer.group([...addresses, ...others]);
    this.servers = all.slice(0, addresses.length);
    this.others = all.slice(addresses.length);
    this.#config = `${folder}/maglev.yaml`;
    this.write(text(this.healthPort));
    this.#daemon = this.#start();
  }

  get healthPort(): number {
    return this.servers[0]!.port;
  }

  get daemon(): Daemon {
    return this.#daemon;
  }

  /** How many were started. */
  get daemons(): number {
    return this.#daemons;
  }

  /** Unexpected errors, by event and reason. */
  get errors(): Readonly<Record<string, number>> {
    return this.#errors;
  }

  /** How maglevd ended by itself; undefined: it did not. */
  get died(): string | undefined {
    return this.#died;
  }

  get maxRssKib(): number {
    return this.#maxRssKib;
  }

  /** True for a server that passes its checks. */
  isAlive(i: number): boolean {
    const { isOpen, status } = this.servers[i]!;
    return isOpen && status === 200;
  }

  /** Three to ten of the acts, with pauses. */
  async storm(acts: readonly Act[]): Promise<void> {
    const { below } = this.#options;
    for (let i = 3 + below(8); i > 0; i--) {
      const [name, act] = acts[below(acts.length)]!;
      this.acts[name] = (this.acts[name] ?? 0) + 1;
      await act();
      await sleep(below(700));
    }
  }

  /** VPP runs again. */
  async recover(): Promise<void> {
    if (this.#frozen) {
      this.#signalVpp("SIGCONT");
      // Requests from its stop wait in its socket, and are carried out now.
      await sleep(THAW_MS);
    }
    this.#frozen = false;
    if (!this.#vppUp) await this.#options.vpp.restart();
    this.#vppUp = true;
  }

  /** VPP's VIPs; not while it is frozen or away. */
  found(): Promise<ViewedVip[]> {
    return viewedVips(this.#options.vpp);
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
    await Promise.all([...this.servers, ...this.others].map((server) => server.close()));
  }

  async toggleServer(): Promise<void> {
    const server = this.#anyServer();
    if (server.isOpen) await server.close();
    else server.open();
  }

  changeStatus(): Promise<void> {
    const server = this.#anyServer();
    server.status = server.status === 200 ? 503 : 200;
    return Promise.resolve();
  }

  /** Half of all servers at one instant. */
  async rack(): Promise<void> {
    const { below } = this.#options;
    const [even, open] = [below(2), below(2) === 0];
    await Promise.all(this.servers.map(async (server, i) => {
      if (i % 2 !== even) return;
      if (open) server.open();
      else await server.close();
    }));
  }

  /** One server goes down and comes up, often enough for damping. */
  async flapServer(): Promise<void> {
    const server = this.#anyServer();
    for (let i = 0; i < 4; i++) {
      await server.close();
      await sleep(500);
      server.open();
      await sleep(700);
    }
  }

  /** All servers fail, or all come back. */
  async allServers(): Promise<void> {
    if (this.#options.below(2) === 0) { for (const server of this.servers) server.open(); }
    else await Promise.all(this.servers.map((server) => server.close()));
  }

  async killVpp(): Promise<void> {
    if (this.#frozen || !this.#vppUp) return;
    const { below, vpp } = this.#options;
    await vpp.kill("SIGKILL");
    this.#vppUp = false;
    await sleep(below(1500));
    if (below(4) === 0) return;
    await vpp.restart();
    this.#vppUp = true;
  }

  freezeVpp(): Promise<void> {
    if (!this.#vppUp) return Promise.resolve();
    this.#frozen = !this.#frozen;
    this.#signalVpp(this.#frozen ? "SIGSTOP" : "SIGCONT");
    return Promise.resolve();
  }

  async reload(text: string): Promise<void> {
    this.write(text);
    // A process that has not come to its first line yet does not know the signal, and dies of it.
    await this.#daemon.seen(() => true);
    this.#daemon.process.signal("SIGHUP");
  }

  async restartDaemon(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#ending = true;
    this.#daemon.process.signal(signal);
    await this.#daemon.process.ended;
    this.#collectErrors();
    await sleep(this.#options.below(500));
    this.#ending = false;
    this.#daemon = this.#start();
  }

  /** Another program changes VPP. */
  async meddle(): Promise<void> {
    if (this.#frozen || !this.#vppUp) return;
    const { below, vpp } = this.#options;
    const vips = await this.found();
    const vip = vips[below(Math.max(1, vips.length))];
    const server = vip?.servers[0];
    const orders = ["lb vip 203.0.113.9/32 encap gre4 new_len 64"];
    if (vip !== undefined && server !== undefined) {
      const [prefix, protocol, port] = vip.key.split(" ");
      const name = `${prefix} protocol ${protocol === "6" ? "tcp" : "udp"} port ${port}`;
      orders.push(`lb as ${name} ${server.address} del`);
      orders.push(`lb as ${name} ${server.address} weight 77`);
    }
    await vpp.cli(orders[below(orders.length)]!);
  }

  watchMemory(): void {
    const status = Deno.readTextFileSync(`/proc/${this.#daemon.process.pid}/status`);
    const kib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
    this.#maxRssKib = Math.max(this.#maxRssKib, kib);
  }

  /** Writes the file, whole at any instant: a maglevd that just starts reads it too. */
  write(text: string): void {
    Deno.writeTextFileSync(`${this.#config}.new`, text);
    Deno.renameSync(`${this.#config}.new`, this.#config);
  }

  #anyServer(): WebServer {
    return this.servers[this.#options.below(this.servers.length)]!;
  }

  #start(): Daemon {
    this.#daemons++;
    const { vpp, vppAddress, daemon: more = {} } = this.#options;
    const daemon = new Daemon({
      config: this.#config,
      vppApiAddr: vppAddress,
      vppStatsAddr: vpp.statsSocket,
      ...more,
    });
    void daemon.process.ended.then((code) => {
      if (this.#daemon === daemon && !this.#ending) this.#died = `maglevd ended with ${code}`;
    });
    return daemon;
  }

  #signalVpp(signal: Deno.Signal): void {
    Deno.kill(this.#options.vpp.pid, signal);
  }

  #collectErrors(): void {
    this.#options.ended?.(this.#daemon.lines);
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
}

/** A quantile of sorted numbers, rounded; 0 without any. */
export function quantile(sorted: readonly number[], q: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0);
}
