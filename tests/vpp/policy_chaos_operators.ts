/** Operators of a chaos run: their calls, and what they want. */
import { SystemClock } from "../../src/system/system_clock.ts";
import { MaglevError } from "../../src/base/errors.ts";
import { MaglevClient } from "../../src/grpc/client/client.ts";
import type { Daemon } from "../support/servers/daemon.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import type { Act } from "./chaos_world.ts";
import type { Below } from "./chaos_model.ts";
import type { PolicyModel } from "./policy_chaos_model.ts";

/** A maglevd that has just started does not answer yet. */
const ATTEMPTS = 3;

/** How a server was taken out, and the way back. */
type Taken = "PauseBackend" | "DisableBackend" | "drain then pause" | "drain then disable";

/** True for a way out that a drain begins. */
export function isDrain(taken: Taken | undefined): boolean {
  return taken === "drain then pause" || taken === "drain then disable";
}

export interface OperatorsOptions {
  readonly below: Below;
  readonly daemon: () => Daemon;
  readonly model: () => PolicyModel;
  readonly servers: number;
}

export class Operators implements AsyncDisposable {
  /** By server. */
  readonly taken = new Map<number, Taken>();
  /** In place of the file's, by frontend and server. */
  readonly #weights = new Map<string, number>();
  readonly #options: OperatorsOptions;
  #client: { readonly daemon: Daemon; readonly client: MaglevClient } | undefined;
  #isLameduck = false;
  /** Drains that were refused because the server was the last one. */
  refused = 0;

  constructor(options: OperatorsOptions) {
    this.#options = options;
  }

  get isLameduck(): boolean {
    return this.#isLameduck;
  }

  /** The weight in force of a server in a frontend, without drains. */
  weightOf(frontend: string, server: number): number {
    const file = this.#poolOf(frontend, server)!.weight;
    return this.#weights.get(`${frontend} ${server}`) ?? file;
  }

  readonly acts: readonly Act[] = [
    ["operator-take", () => this.#take()],
    ["operator-take", () => this.#take()],
    ["operator-drain", () => this.#drain()],
    ["operator-drain", () => this.#drain()],
    ["operator-give", () => this.#give()],
    ["operator-give", () => this.#give()],
    ["operator-weight", () => this.#weigh()],
    ["operator-lameduck", () => this.#lameduck()],
  ];

  /** A connected client. */
  async client(): Promise<MaglevClient> {
    const daemon = this.#options.daemon();
    if (this.#client?.daemon !== daemon) {
      this.#client?.client.close();
      const address = await grpcAddress(daemon);
      const client = new MaglevClient({ address, clock: new SystemClock(), deadlineMs: 20_000 });
      this.#client = { daemon, client };
    }
    return this.#client.client;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client?.client.close();
    return Promise.resolve();
  }

  /** At most a third of the servers is taken at a time. */
  #free(): number | undefined {
    const { below, servers } = this.#options;
    const server = below(servers);
    return this.taken.has(server) || this.taken.size >= servers / 3 ? undefined : server;
  }

  async #take(): Promise<void> {
    const server = this.#free();
    if (server === undefined) return;
    const method = this.#options.below(2) === 0 ? "PauseBackend" : "DisableBackend";
    await this.#call((client) => client.call(method, { name: `s${server}` }));
    this.taken.set(server, method);
  }

  async #drain(): Promise<void> {
    const server = this.#free();
    if (server === undefined) return;
    const { below } = this.#options;
    const then = below(2) === 0 ? "pause" : "disable";
    const request = { name: `s${server}`, then, forNs: BigInt(1 + below(20)) * 1_000_000_000n };
    const force = below(3) === 0;
    const isDone = await this.#call((client) => client.call("DrainBackend", { ...request, force }));
    if (isDone) this.taken.set(server, `drain then ${then}`);
    else this.refused++;
  }

  async #give(): Promise<void> {
    const all = [...this.taken.keys()];
    const server = all[this.#options.below(all.length)];
    if (server === undefined) return;
    const taken = this.taken.get(server)!;
    const isPaused = taken === "PauseBackend" || taken === "drain then pause";
    const method = isPaused ? "ResumeBackend" : "EnableBackend";
    await this.#call((client) => client.call(method, { name: `s${server}` }));
    this.taken.delete(server);
  }

  async #weigh(): Promise<void> {
    const { below, model } = this.#options;
    const names = [...model().keys()];
    const frontend = names[below(names.length)]!;
    const { pools } = model().get(frontend)!;
    const members = pools.flatMap(({ members }) => [...members.keys()]);
    const server = members[below(members.length)]!;
    const { pool } = this.#poolOf(frontend, server)!;
    const file = below(3) === 0;
    const weight = 1 + below(100);
    const place = { frontend, pool: `p${pool}`, backend: `s${server}` };
    await this.#call((client) =>
      client.call("SetFrontendPoolBackendWeight", { ...place, file, weight })
    );
    if (file) this.#weights.delete(`${frontend} ${server}`);
    else this.#weights.set(`${frontend} ${server}`, weight);
  }

  async #lameduck(): Promise<void> {
    const on = !this.#isLameduck;
    await this.#call((client) => client.call("SetLameduck", { on }));
    this.#isLameduck = on;
  }

  #poolOf(frontend: string, server: number) {
    const { pools } = this.#options.model().get(frontend)!;
    const pool = pools.findIndex(({ members }) => members.has(server));
    return pool < 0 ? undefined : { pool, weight: pools[pool]!.members.get(server)! };
  }

  /** False: it was refused, because of the state of things. */
  async #call(call: (client: MaglevClient) => Promise<unknown>): Promise<boolean> {
    for (let attempt = 1;; attempt++) {
      try {
        await call(await this.client());
        return true;
      } catch (caught) {
        const error = MaglevError.from(caught);
        if (error.code === "failed-precondition") return false;
        if (error.code !== "unavailable" || attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    }
  }
}
