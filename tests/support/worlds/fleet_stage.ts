/**
 * Two load balancers of a fleet for one story: a real etcd, maglevds as processes, each with a
 * simulated VPP, and maglevc.
 */
import assert from "node:assert/strict";
import { type Simulator, startSimulator } from "../../../src/sim/api_server.ts";
import {
  MaglevClient,
  type RequestOf,
  type ResponseOf,
  type UnaryMethod,
} from "../../../src/grpc/client/client.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";
import { vppHas } from "../judges/lb_view.ts";
import { Daemon, withFolder } from "../servers/daemon.ts";
import { EtcdCluster } from "../servers/etcd.ts";
import { WebServer } from "../servers/web_server.ts";
import { type Finished, maglevc } from "../terminals/maglevc.ts";
import { grpcAddress } from "./grpc_stage.ts";
import { configText } from "./stage.ts";

export const PATIENT = { deadlineMs: 60_000 };
const VIP = "192.0.2.1/32 6 80";

/** A load balancer; its VPP goes on when its maglevd ends. */
export class FleetLb {
  readonly lb: string;
  readonly configPath: string;
  readonly simulator: Simulator;
  readonly #servers: readonly WebServer[];
  readonly #stateDir: string;
  readonly #store: string;
  #daemon: Daemon | undefined;
  #client: MaglevClient | undefined;

  constructor(
    lb: string,
    { home, simulator, servers, store }: {
      readonly home: string;
      readonly simulator: Simulator;
      readonly servers: readonly WebServer[];
      readonly store: string;
    },
  ) {
    this.lb = lb;
    this.configPath = `${home}/${lb}.yaml`;
    this.simulator = simulator;
    this.#servers = servers;
    this.#stateDir = `${home}/${lb}`;
    this.#store = store;
  }

  get runs(): boolean {
    return this.#daemon !== undefined;
  }

  get daemon(): Daemon {
    assert.ok(this.#daemon !== undefined, `${this.lb} runs`);
    return this.#daemon;
  }

  /** `edit`: changes the configuration. */
  async configure(edit: (text: string) => string = (text) => text): Promise<void> {
    const backends = Object.fromEntries(this.#servers.map((_, at) => [`b${at}`, 100]));
    const web = { address: VIP.split("/")[0]!, pools: { main: backends } };
    await Deno.writeTextFile(this.configPath, edit(configText(this.#servers, { web })));
  }

  /** Starts its maglevd, and waits until the store is followed. */
  async start(): Promise<void> {
    const daemon = new Daemon({
      config: this.configPath,
      vppApiAddr: this.simulator.path,
      vppStatsAddr: this.simulator.statsPath!,
      grpcAddr: "127.0.0.1:0",
      stateDir: this.#stateDir,
      flags: [`--fleet-store=${this.#store}`, "--fleet=edge", `--fleet-lb=${this.lb}`],
    });
    this.#daemon = daemon;
    await daemon.seen(({ msg, state }) => msg === "fleet-store" && state === "ok", PATIENT);
  }

  /** A call of its maglevd. */
  async call<M extends UnaryMethod>(
    method: M,
    request: Partial<RequestOf<M>>,
  ): Promise<ResponseOf<M>> {
    this.#client ??= new MaglevClient({
      address: await grpcAddress(this.daemon),
      clock: new SystemClock(),
      deadlineMs: 60_000,
    });
    return await this.#client.call(method, request);
  }

  /** Kills its maglevd. */
  async kill(): Promise<void> {
    this.#close();
    this.daemon.process.signal("SIGKILL");
    await this.daemon.process.ended;
    this.#daemon = undefined;
  }

  #close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  async stop(): Promise<void> {
    this.#close();
    await this.#daemon?.stop();
    await this.simulator.stop();
  }

  /** Waits until its VPP has these weights, in the order of the servers. */
  async has(...weights: readonly number[]): Promise<void> {
    const servers = this.#servers.map(({ address }, at) => `${address} ${weights[at]}`);
    await vppHas(this.simulator, { [VIP]: servers }, PATIENT.deadlineMs);
  }
}

export interface FleetStage {
  readonly lbs: readonly [FleetLb, FleetLb];
  readonly servers: readonly WebServer[];
  /** Runs maglevc with those that run; a line of words. */
  run(line: string): Promise<Finished>;
  /** The same; it succeeds, and returns its answer. */
  // deno-lint-ignore no-explicit-any
  answer(line: string): Promise<any>;
}

/** Runs `fn` with two load balancers that are not started. */
export async function onFleet(
  addresses: readonly string[],
  fn: (stage: FleetStage) => Promise<void>,
): Promise<void> {
  await using cluster = await EtcdCluster.start(1);
  await withFolder(async (home) => {
    const servers = WebServer.group(addresses);
    const store = `etcd:${cluster.servers.join(",")}`;
    const make = async (lb: string) => {
      const simulator = await startSimulator({
        path: `${home}/${lb}.sock`,
        statsPath: `${home}/${lb}-stats.sock`,
        clock: new SystemClock(),
      });
      const made = new FleetLb(lb, { home, simulator, servers, store });
      await made.configure();
      return made;
    };
    const lbs = [await make("lb1"), await make("lb2")] as const;
    const run: FleetStage["run"] = async (line) => {
      const running = lbs.filter((lb) => lb.runs);
      const server = await Promise.all(running.map(({ daemon }) => grpcAddress(daemon)));
      const flags = ["--server", server.join(","), "--timeout", "30s", "--output", "json"];
      return await maglevc([...flags, ...line.split(" ")], { home, deadlineMs: 120_000 });
    };
    const answer: FleetStage["answer"] = async (line) => {
      const { code, stdout, stderr } = await run(line);
      assert.equal(code, 0, `${line}: ${stderr}`);
      return JSON.parse(stdout);
    };
    try {
      await fn({ lbs, servers, run, answer });
    } finally {
      await Promise.all(lbs.map((lb) => lb.stop()));
      await Promise.all(servers.map((server) => server.close()));
    }
  });
}
