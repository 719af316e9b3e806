/**
 * A run by hand against a real VPP in which everything fails at random, with all policies on and
 * operators who act. After each calm, VPP must have what the policies allow, what each explanation
 * ends with, and the file of prefixes what VPP can serve. Then servers fail and recover one by one,
 * and the brakes must let go exactly those that their rules name:
 *
 *     MAGLEV_VPP_PREFIX=/path deno run -A tests/vpp/policy_chaos.ts [--acts 100] [--seed 1]
 *
 * Ends after the calm that follows so many acts. Prints one JSON object; exit status 1 when
 * something was wrong. The seed decides the acts; the machine decides their timing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { announcedIn } from "../../src/announce/file_text.ts";
import { mulberry32 } from "../support/fakes/mulberry32.ts";
import { type LogLine, withFolder } from "../support/servers/daemon.ts";
import type { Below } from "./chaos_model.ts";
import { type Act, ChaosWorld, quantile } from "./chaos_world.ts";
import { type Cut, logFault } from "./policy_chaos_log.ts";
import {
  afterFall,
  announcedOf,
  changedPolicies,
  type FoundWeights,
  heldAfterRise,
  heldIn,
  type PolicyModel,
  type PolicyTruth,
  policyYaml,
  randomPolicies,
  wrongVip,
} from "./policy_chaos_model.ts";
import { Operators } from "./policy_chaos_operators.ts";
import { type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";

const SERVERS = 12;
const FRONTENDS = 16;
const ADDRESSES = Array.from({ length: SERVERS }, (_, i) => `127.0.44.${i + 1}`);
/** Of isolation; not servers. */
const TARGETS = ["127.0.44.101", "127.0.44.102"];
/** Holds of damping, ramps, warm-up and a withheld recreation have ended within it. */
const CALM_MS = 85_000;
/** So long VPP must stay as it is then. */
const STEADY_MS = 1500;
/** Most servers are up so long after they came back. */
const WELL_MS = 2500;
/** A server that fails alone is noticed, and VPP programmed, within it. */
const NOTICED_MS = 20_000;

class PolicyChaos implements AsyncDisposable {
  readonly world: ChaosWorld;
  readonly operators: Operators;
  readonly calmMs: number[] = [];
  /** Falls and rises of one server that a brake decided. */
  braked = 0;
  /** Servers whose explanation was compared. */
  explained = 0;
  readonly #cuts: Cut[] = [];
  #fault: string | undefined;
  #model: PolicyModel;
  /** Frontends that had weight at the last calm, and since then only VPP and servers have failed. */
  #served = new Set<string>();
  readonly #below: Below;
  readonly #announceFile: string;

  constructor(
    { below, vpp, folder }: {
      readonly below: Below;
      readonly vpp: RunningVpp;
      readonly folder: string;
    },
  ) {
    this.#below = below;
    this.#model = randomPolicies(below, { count: FRONTENDS, servers: SERVERS });
    const stateDir = `${folder}/state`;
    this.#announceFile = `${stateDir}/announce.json`;
    Deno.mkdirSync(stateDir);
    this.world = new ChaosWorld({
      below,
      vpp,
      folder,
      vppAddress: vpp.apiAddress("socket"),
      addresses: ADDRESSES,
      others: TARGETS,
      text: (healthPort) => this.#yaml(healthPort),
      daemon: { grpcAddr: "127.0.0.1:0", stateDir },
      ended: (lines) => this.#fault ??= this.#logFault(lines),
    });
    this.operators = new Operators({
      below,
      daemon: () => this.world.daemon,
      model: () => this.#model,
      servers: SERVERS,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.operators[Symbol.asyncDispose]();
    await this.world.stop();
  }

  /** Some seconds of trouble. */
  async storm(): Promise<void> {
    const { world, operators } = this;
    await world.storm([
      ["server-toggle", () => world.toggleServer()],
      ["server-toggle", () => world.toggleServer()],
      ["server-status", () => world.changeStatus()],
      ["server-flap", () => world.flapServer()],
      ["rack", () => world.rack()],
      ["all", () => world.allServers()],
      ["cut-off", () => this.#cutOff()],
      ["cut-off", () => this.#cutOff()],
      ["vpp-kill", () => world.killVpp()],
      ["vpp-freeze", () => world.freezeVpp()],
      ["reload", () => this.#reload()],
      ["maglevd-restart", () => this.#restartDaemon("SIGTERM")],
      ["maglevd-kill", () => this.#restartDaemon("SIGKILL")],
      ["meddle", () => world.meddle()],
      ...operators.acts.map(([name, act]): Act => [name, () => this.#operated(act)]),
    ]);
  }

  /** Waits until all is right and stays so; what is wrong when it does not. */
  async calm(): Promise<string | undefined> {
    await this.world.recover();
    this.#join();
    const startMs = performance.now();
    const wrong = await this.#settle(() => this.#wrong(), CALM_MS);
    if (wrong !== undefined) return wrong;
    this.calmMs.push(performance.now() - startMs - STEADY_MS);
    this.world.watchMemory();
    const served = [...await this.#found()].filter(([, weights]) =>
      [...weights.values()].some((weight) => weight > 0)
    );
    this.#served = new Set(served.map(([name]) => name));
    return undefined;
  }

  /** Servers fail one by one, and recover. */
  async brakes(): Promise<string | undefined> {
    const fallen: number[] = [];
    for (let i = 0; i < 3; i++) {
      const before = await this.#found();
      const alive = this.world.servers.map((_, server) => server).filter((server) =>
        this.world.isAlive(server) && !this.operators.taken.has(server)
      );
      const victim = alive[this.#below(alive.length)];
      if (victim === undefined) break;
      await this.world.servers[victim]!.close();
      fallen.push(victim);
      const truth = this.#truth;
      const expected = new Map<string, FoundWeights>();
      for (const [name, frontend] of this.#model) {
        const after = afterFall(name, frontend, { truth, before: before.get(name)!, victim });
        if (after !== undefined) expected.set(name, after);
      }
      this.braked += expected.size;
      const wrong = await this.#settle(async () => {
        const found = await this.#found();
        for (const [name, weights] of expected) {
          const text = textOf(found.get(name));
          if (text !== textOf(weights)) {
            return `after the fall of s${victim} ${name} is ${text} instead of ${textOf(weights)}`;
          }
        }
        return await this.#wrong();
      }, NOTICED_MS);
      if (wrong !== undefined) return wrong;
    }
    for (const riser of fallen.slice(0, 2)) {
      const wrong = await this.#rise(riser);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  async #rise(riser: number): Promise<string | undefined> {
    const before = await this.#found();
    this.world.servers[riser]!.open();
    const truth = this.#truth;
    const expected = [...this.#model].flatMap(([name, frontend]) => {
      const after = heldAfterRise(name, frontend, { truth, before: before.get(name)!, riser });
      return after === undefined ? [] : [{ name, frontend, ...after }];
    });
    this.braked += expected.length;
    return await this.#settle(async () => {
      const found = await this.#found();
      for (const { name, frontend, pool, held } of expected) {
        const has = heldIn(name, frontend, { truth, found: found.get(name)!, pool });
        if (has !== held) {
          return `after the rise of s${riser} ${has} servers of ${name} are held instead of ${held}`;
        }
      }
      return await this.#wrong();
    }, NOTICED_MS);
  }

  /** Waits until nothing is wrong for a while; what is wrong at the end. */
  async #settle(
    wrong: () => Promise<string | undefined>,
    deadlineMs: number,
  ): Promise<string | undefined> {
    const startMs = performance.now();
    for (let sinceMs: number | undefined;;) {
      const why = this.world.died ?? this.#fault ?? await wrong();
      const nowMs = performance.now();
      if (why === undefined) {
        sinceMs ??= nowMs;
        if (nowMs - sinceMs >= STEADY_MS) return undefined;
      } else {
        sinceMs = undefined;
        if (nowMs - startMs > deadlineMs) return why;
      }
      await sleep(100);
    }
  }

  async #wrong(): Promise<string | undefined> {
    const found = await this.#found();
    const truth = this.#truth;
    for (const [name, frontend] of this.#model) {
      const weights = found.get(name);
      if (weights === undefined) return `${name} is absent`;
      const served = this.#served.has(name);
      const why = wrongVip(name, frontend, { truth, found: weights, served });
      if (why !== undefined) return `${name} is ${textOf(weights)}: ${why}`;
    }
    return await this.#wronglyExplained(found) ?? this.#wronglyAnnounced(found) ??
      this.#logFault(this.world.daemon.lines);
  }

  async #wronglyExplained(
    found: ReadonlyMap<string, FoundWeights>,
  ): Promise<string | undefined> {
    const client = await this.operators.client();
    for (const [name, weights] of found) {
      const { servers } = await client.call("ExplainFrontend", { name });
      for (const { backend, effectiveWeight, vppWeight, difference } of servers) {
        this.explained++;
        const has = weights.get(Number(backend.slice(1)));
        if (effectiveWeight !== has || vppWeight !== has || difference !== "") {
          return `${name} ${backend} has weight ${has}; its explanation ends with ` +
            `${effectiveWeight}, has ${vppWeight} for VPP, and "${difference}"`;
        }
      }
    }
    return undefined;
  }

  #wronglyAnnounced(found: ReadonlyMap<string, FoundWeights>): string | undefined {
    const due = this.operators.isLameduck
      ? []
      : announcedOf(this.#model, (name) => found.get(name)!);
    const is = announcedIn(Deno.readTextFileSync(this.#announceFile)).join(" ");
    return is === due.join(" ") ? undefined : `announced is ${is} instead of ${due.join(" ")}`;
  }

  get #truth(): PolicyTruth {
    return {
      alive: (server) => this.world.isAlive(server),
      taken: (server) => this.operators.taken.has(server),
      weightOf: (frontend, server) => this.operators.weightOf(frontend, server),
    };
  }

  #logFault(lines: readonly LogLine[]): string | undefined {
    const backendAt = (address: string) => `s${ADDRESSES.indexOf(address)}`;
    return logFault(lines, { names: { backendAt, ...this.#names }, cuts: this.#cuts });
  }

  get #names() {
    const frontends = new Map([...this.#model].map(([name, { address }]) => [address, name]));
    return { frontendAt: (vip: string) => frontends.get(vip.split("/")[0]!) };
  }

  async #found(): Promise<ReadonlyMap<string, FoundWeights>> {
    const vips = await this.world.found();
    const { frontendAt } = this.#names;
    return new Map(vips.flatMap(({ key, servers }) => {
      const name = frontendAt(key);
      if (name === undefined) return [];
      const weights = new Map(
        servers.map(({ address, weight }) => [ADDRESSES.indexOf(address), weight ?? 100]),
      );
      return [[name, weights] as const];
    }));
  }

  /** Targets and servers fail in one instant, as with a cut cable; or the targets are back. */
  async #cutOff(): Promise<void> {
    const { others, servers } = this.world;
    if (!others.some((target) => target.isOpen)) {
      this.#join();
      for (const server of servers) server.open();
      return;
    }
    // Few would be alive: the acts before took most of them down.
    for (const server of servers) {
      server.open();
      server.status = 200;
    }
    await sleep(WELL_MS);
    const names = servers.map((_, server) => server).filter((server) => this.world.isAlive(server))
      .map((server) => `s${server}`);
    this.#cuts.push({ atMs: Date.now(), alive: new Set(names), untilMs: Infinity });
    await Promise.all([...others, ...servers].map((server) => server.close()));
  }

  #join(): void {
    for (const target of this.world.others) target.open();
    const cut = this.#cuts.at(-1);
    if (cut?.untilMs === Infinity) cut.untilMs = Date.now();
  }

  async #reload(): Promise<void> {
    this.#model = changedPolicies(this.#model, this.#below);
    this.#served.clear();
    await this.world.reload(this.#yaml(this.world.healthPort));
  }

  /** After the loss of VPP and maglevd together nothing is left to hold. */
  async #restartDaemon(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#served.clear();
    await this.world.restartDaemon(signal);
  }

  /** The last server with weight may be one that operators took out: then nothing is held. */
  #operated(act: () => Promise<void>): Promise<void> {
    this.#served.clear();
    return act();
  }

  #yaml(healthPort: number): string {
    const announceFile = this.#announceFile;
    const addresses = ADDRESSES;
    return policyYaml(this.#model, { addresses, targets: TARGETS, healthPort, announceFile });
  }
}

function textOf(weights: FoundWeights | undefined): string {
  return [...weights ?? []].sort(([a], [b]) => a - b)
    .map(([server, weight]) => `s${server}=${weight}`).join(" ");
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      acts: { type: "string", default: "100" },
      seed: { type: "string", default: "1" },
    },
  });
  if (SKIP_REASON !== "") throw new Error("MAGLEV_VPP_PREFIX is not set");
  const seed = Number(values.seed);
  const prng = mulberry32(seed);
  return await withFolder(async (folder) => {
    await using vpp = await startVpp();
    await using chaos = new PolicyChaos({
      below: (limit) => Math.floor(prng() * limit),
      vpp,
      folder,
    });
    const startMs = performance.now();
    const { world, operators } = chaos;
    const acts = () => Object.values(world.acts).reduce((sum, count) => sum + count, 0);
    let failure = await chaos.calm();
    while (failure === undefined && acts() < Number(values.acts)) {
      await chaos.storm();
      failure = await chaos.calm() ?? await chaos.brakes();
      console.error(`${acts()} acts, ${chaos.calmMs.length} calms: ${failure ?? "ok"}`);
    }
    if (failure !== undefined) console.error(world.log());
    const sorted = [...chaos.calmMs].sort((a, b) => a - b);
    console.log(JSON.stringify({
      name: "policy_chaos",
      parameters: { seed, acts: Number(values.acts), servers: SERVERS, frontends: FRONTENDS },
      figures: {
        seconds: Math.round((performance.now() - startMs) / 1000),
        calms: sorted.length,
        calm_ms_p50: quantile(sorted, 0.5),
        calm_ms_max: quantile(sorted, 1),
        acts: world.acts,
        refused_drains: operators.refused,
        braked: chaos.braked,
        explained: chaos.explained,
        daemons: world.daemons,
        max_rss_mib: Math.round(world.maxRssKib / 1024),
        errors: world.errors,
        failure: failure ?? null,
      },
    }));
    return failure === undefined ? 0 : 1;
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
