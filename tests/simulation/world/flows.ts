/** The established flows of VPP's servers, as far as maglevd can see them. */
import type { LbPlugin } from "../../../src/sim/plugin/plugin.ts";
import type { Server } from "../../../src/sim/plugin/types.ts";

/** Flows last for up to three times this after the server lost its weight. */
const FLOW_MS = 9000;

/** Those of one server with its last weight. */
interface Flows {
  /** When they end, if its weight stays 0. */
  readonly untilMs: number;
  /** Flushes of the server before they began. */
  readonly flushes: number;
  /** Their last packet. */
  readonly lastMs: number;
}

export class ServerFlows {
  readonly #flows = new WeakMap<Server, Flows>();

  /** When a flow of this server had its last packet; undefined: never. */
  lastMs(server: Server): number | undefined {
    return this.#flows.get(server)?.lastMs;
  }

  /**
   * Packets come. Established flows of a server without weight go on for a while, unless they were
   * flushed.
   */
  send(
    server: Server,
    { plugin, nowMs }: { readonly plugin: LbPlugin; readonly nowMs: number },
  ): void {
    const { flushes } = server;
    if (server.used && server.weight > 0) {
      server.flows = 1 + server.index % 3;
      const untilMs = nowMs + server.index % 4 * FLOW_MS;
      this.#flows.set(server, { untilMs, flushes, lastMs: nowMs });
      return;
    }
    const flows = this.#flows.get(server);
    if (flows === undefined || nowMs > flows.untilMs || flows.flushes < flushes) return;
    plugin.counters.add("via", server.dpo, { thread: 0, counts: [1, 124] });
    this.#flows.set(server, { ...flows, lastMs: nowMs });
  }
}
