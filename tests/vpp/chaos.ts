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
import { withFolder } from "../support/servers/daemon.ts";
import { mulberry32 } from "../support/fakes/mulberry32.ts";
import type { Expected, Model } from "./chaos_model.ts";
import { type Below, changedModel, expectedOf, randomModel, yamlOf } from "./chaos_model.ts";
import { ChaosWorld, quantile } from "./chaos_world.ts";
import { OLDER_PLUGINS, type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";

const SERVERS = 12;
const ADDRESSES = Array.from({ length: SERVERS }, (_, i) => `127.0.44.${i + 1}`);
const FRONTENDS = 24;
/**
 * Everything has its deadlines, intervals and warm-up within this, and a VIP that was recreated a
 * moment ago its minute; it is not what is measured.
 */
const CALM_MS = 25_000 + RECREATE_EVERY_MS;
/** So long VPP must stay as it is then. */
const STEADY_MS = 1000;

class Chaos {
  readonly calmMs: number[] = [];
  /** Changes after a calm, for example by a false verdict. */
  readonly unsteady: string[] = [];
  readonly world: ChaosWorld;
  readonly #below: Below;
  readonly #weights: boolean;
  #model: Model;

  constructor(options: {
    readonly below: Below;
    readonly vpp: RunningVpp;
    readonly vppAddress: string;
    readonly weights: boolean;
    readonly folder: string;
  }) {
    const { weights, ...rest } = options;
    this.#below = options.below;
    this.#weights = weights;
    this.#model = randomModel(this.#below, { count: FRONTENDS, servers: SERVERS });
    this.world = new ChaosWorld({
      ...rest,
      addresses: ADDRESSES,
      text: (healthPort) => yamlOf(this.#model, ADDRESSES, healthPort),
    });
  }

  /** Some seconds of trouble. */
  async storm(): Promise<void> {
    const { world } = this;
    await world.storm([
      ["server-toggle", () => world.toggleServer()],
      ["server-toggle", () => world.toggleServer()],
      ["server-toggle", () => world.toggleServer()],
      ["server-status", () => world.changeStatus()],
      ["rack", () => world.rack()],
      ["vpp-kill", () => world.killVpp()],
      ["vpp-freeze", () => world.freezeVpp()],
      ["reload", () => this.#reload()],
      ["reload", () => this.#reload()],
      ["maglevd-restart", () => world.restartDaemon("SIGTERM")],
      ["maglevd-kill", () => world.restartDaemon("SIGKILL")],
      ["meddle", () => world.meddle()],
    ]);
  }

  /** Waits until VPP has what is wanted and stays so; what differs when it does not. */
  async calm(): Promise<string | undefined> {
    await this.world.recover();
    const startMs = performance.now();
    const expected = this.#expected();
    for (let sinceMs: number | undefined;;) {
      if (this.world.died !== undefined) return this.world.died;
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
    this.world.watchMemory();
    return undefined;
  }

  #expected(): Expected {
    return expectedOf(this.#model, {
      addresses: ADDRESSES,
      alive: (i) => this.world.isAlive(i),
      weights: this.#weights,
    });
  }

  async #found(): Promise<Expected> {
    const vips = await this.world.found();
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

  async #reload(): Promise<void> {
    this.#model = changedModel(this.#model, this.#below, SERVERS);
    await this.world.reload(yamlOf(this.#model, ADDRESSES, this.world.healthPort));
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
    if (failure !== undefined) console.error(`${failure}\n${chaos.world.log()}`);
    await chaos.world.stop();
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
        acts: chaos.world.acts,
        daemons: chaos.world.daemons,
        max_rss_mib: Math.round(chaos.world.maxRssKib / 1024),
        errors: chaos.world.errors,
        unsteady: chaos.unsteady,
        failure: failure ?? null,
      },
    }));
    return failure === undefined ? 0 : 1;
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
