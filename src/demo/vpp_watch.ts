/** Polls the servers of the simulated VPP and reports changes. */
import { later } from "../base/instant.ts";
import { SystemClock } from "../system/system_clock.ts";
import type { SeenServer } from "./scenario.ts";
import { formatAddress46 } from "../sim/plugin/address46.ts";
import type { Simulator } from "../sim/api_server.ts";
import type { DemoServer } from "./servers.ts";
import type { Screen } from "./screen.ts";

const LOOK_EVERY_MS = 100;

const CLOCK = new SystemClock();

export class VppWatch {
  readonly #simulator: Simulator;
  readonly #servers: readonly DemoServer[];
  readonly #screen: Screen;
  #timer: ReturnType<typeof setInterval> | undefined;
  #last = "";

  constructor(
    simulator: Simulator,
    options: { readonly servers: readonly DemoServer[]; readonly screen: Screen },
  ) {
    this.#simulator = simulator;
    this.#servers = options.servers;
    this.#screen = options.screen;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The demo's servers as VPP has them now, in their order. */
  seen(): readonly SeenServer[] {
    const { plugin } = this.#simulator;
    const known = new Map<string, { weight: number; buckets: number }>();
    for (const vip of plugin.vips()) {
      if (!vip.used) continue;
      for (const server of plugin.serversOf(vip)) {
        if (!server.used) continue;
        known.set(formatAddress46(server.address), {
          weight: server.weight,
          buckets: plugin.bucketsOf(vip, server),
        });
      }
    }
    return this.#servers.map(({ name, address }) => {
      const server = known.get(address);
      return { name, weight: server?.weight, buckets: server?.buckets ?? 0 };
    });
  }

  /** Resolves with true when every weight is as wanted, with false after `deadlineMs`. */
  async waitFor(weights: readonly number[], deadlineMs: number): Promise<boolean> {
    const endMs = later(CLOCK.monotonicMs(), deadlineMs);
    while (CLOCK.monotonicMs() < endMs) {
      if (this.seen().every(({ weight }, index) => weight === weights[index])) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return false;
  }

  #look(): void {
    const seen = this.seen();
    const text = JSON.stringify(seen);
    if (text === this.#last) return;
    this.#last = text;
    this.#screen.weights(seen);
  }
}
