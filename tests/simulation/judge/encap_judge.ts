/**
 * Judges the checks through VPP's tunnel: one that is answered in time never fails, a fault of a
 * tunnel is noticed, and a reload forgets no verdict. What a failure takes out is worked out in
 * wanted.ts; with `encap: warn` it is nothing.
 */
import { encapKey } from "../../../src/checker/encap/pairs.ts";
import type { Config, FrontendConfig, HealthcheckConfig } from "../../../src/config/model.ts";
import type { Daemon } from "../../../src/daemon/wire.ts";
import { isEncapFailed } from "../../../src/health/encap.ts";
import type { PolicyChange } from "../../../src/health/policy/changes.ts";
import { ip } from "../world/addresses.ts";
import type { DaemonProcess } from "../world/process.ts";
import type { World } from "../world/world.ts";
import { type HealthJudge, noticedAfterMs } from "./health_judge.ts";

/** A probe that began before the host's filter ends within its timeout and this. */
const FILTERED_MS = 1000;

/** A pair of a frontend and a backend, as it is probed. */
interface Tunneled {
  readonly frontend: string;
  readonly backend: string;
  readonly address: string;
  readonly healthcheck: HealthcheckConfig;
  readonly isFailed: boolean;
}

export class EncapJudge {
  readonly #world: World;
  readonly #health: HealthJudge;
  readonly #fail: (invariant: string, message: string) => void;
  /** The last time in which probes are void, because the host filters their answers. */
  #filter = { sinceMs: -Infinity, untilMs: -Infinity };
  /** Verdicts right before a reload, by all that decides about the packets. */
  #verdicts: ReadonlyMap<string, boolean> = new Map();

  constructor(world: World, { health, fail }: {
    readonly health: HealthJudge;
    readonly fail: (invariant: string, message: string) => void;
  }) {
    this.#world = world;
    this.#health = health;
    this.#fail = fail;
  }

  /** The prober's host drops what comes from VIPs for `ms`. */
  filteredFor(ms: number): void {
    const { nowMs } = this.#world.time;
    this.#filter = { sinceMs: nowMs, untilMs: nowMs + ms };
  }

  reloading({ checker: { current } }: Daemon): void {
    this.#verdicts = verdictsOf(current);
  }

  reloaded({ checker: { current } }: Daemon): void {
    for (const [packets, isFailed] of verdictsOf(current)) {
      const before = this.#verdicts.get(packets);
      if (before === undefined || before === isFailed) continue;
      this.#fail("a reload forgets no verdict", `${packets}: failed was ${before}`);
    }
  }

  /** A check fails or passes, and did not before. */
  turned({ event, frontend, backend }: PolicyChange, { checker }: Daemon): void {
    if (event !== "encap-failed" && event !== "encap-passed") return;
    const { config, encap } = checker.current;
    const pair = pairsOf(checker.current)
      .find((one) => one.frontend === frontend && one.backend === backend)!;
    const { address, healthcheck } = pair;
    const { rise, fall } = healthcheck;
    const record = this.#world.servers.record(address, healthcheck);
    const { nowMs } = this.#world.time;
    const name = `${backend} in ${frontend}`;
    const isShared = this.#health.isShared(backend!, config);
    if (event === "encap-passed") {
      const isEarly = record.good < rise && !isShared && !this.#health.mayPassLate(address);
      if (isEarly) this.#fail("rise passes", `${name} passes after ${record.good} of ${rise}`);
      return;
    }
    const latestMs = this.#health.latestVerdictMs(healthcheck, config);
    const isBad = record.badMs !== undefined && nowMs - record.badMs <= latestMs;
    if (!isBad) this.#fail("tunnels that answer in time never fail", name);
    if (record.bad < fall && !isShared) {
      this.#fail("fall failures", `${name} fails after ${record.bad} of ${fall}`);
    }
    const { sinceMs, untilMs } = this.#filter;
    const isVoid = nowMs <= untilMs && nowMs > sinceMs + healthcheck.timeoutMs + FILTERED_MS;
    if (isVoid && this.#health.latenessMs === 0) {
      this.#fail("void probes of tunnels do not count", name);
    }
    if (this.#health.isIsolated(healthcheck, config)) {
      this.#fail("a prober that is cut off takes no server down", `${name} by its tunnel`);
    }
    const counted = checker.encapTally.of(encapKey(frontend!, backend!))?.probes ?? [];
    const failures = counted.filter(({ result }) => result === "fail")
      .reduce((sum, { count }) => sum + count, 0);
    if (failures < fall && encap !== undefined) {
      this.#fail("failures through the tunnel are counted", `${name}: ${failures} of ${fall}`);
    }
  }

  /** A tunnel that has been the same for long enough has the verdict that this deserves. */
  tick({ daemon }: DaemonProcess): void {
    if (daemon === undefined) return;
    const { servers, time: { nowMs } } = this.#world;
    const { current } = daemon.checker;
    for (const pair of pairsOf(current)) {
      const { frontend, backend, address, healthcheck, isFailed } = pair;
      const { state } = current.backends.get(backend)!;
      if (state !== "up" && state !== "down" && state !== "unknown") continue;
      const sinceMs = Math.max(
        this.#health.undisturbedMs(backend, current.config),
        servers.tunnelTo(address).atMs,
        this.#filter.untilMs,
      );
      if (servers.answers(pair) !== isFailed) continue;
      if (nowMs - sinceMs < noticedAfterMs(healthcheck, isFailed)) continue;
      const does = isFailed ? "fails" : "passes";
      this.#fail("faults of tunnels are noticed", `${backend} ${does} in ${frontend}`);
    }
  }
}

type Current = Daemon["checker"]["current"];

function verdictsOf(current: Current): ReadonlyMap<string, boolean> {
  return new Map(
    pairsOf(current).map((pair) => {
      const { isFailed, healthcheck: { name: _, agent: __, damping: ___, ...packets }, ...rest } =
        pair;
      return [JSON.stringify([rest, packets]), isFailed];
    }),
  );
}

function pairsOf({ config, encap }: Current): readonly Tunneled[] {
  return [...encap ?? []].flatMap(([name, checks]) => {
    const frontend = config.frontends.get(name)!;
    return [...checks].map(([backend, check]) => ({
      frontend: name,
      backend,
      ...knownProbeOf(frontend, { backend, config }),
      isFailed: isEncapFailed(check),
    }));
  });
}

type TunnelProbe = Pick<Tunneled, "address" | "healthcheck">;

/** By frontend and backend: those of a file are the same at each tick. */
const PROBES = new WeakMap<Config, Map<string, TunnelProbe>>();

function knownProbeOf(
  frontend: FrontendConfig,
  pair: { readonly backend: string; readonly config: Config },
): TunnelProbe {
  const { config, backend } = pair;
  const known = PROBES.get(config) ?? new Map<string, TunnelProbe>();
  PROBES.set(config, known);
  const key = `${frontend.name} ${backend}`;
  const probe = known.get(key) ?? probeOf(frontend, pair);
  known.set(key, probe);
  return probe;
}

/** The backend's own check, with packets to the VIP. */
function probeOf(
  { address: vip, port, pools }: FrontendConfig,
  { backend, config }: { readonly backend: string; readonly config: Config },
): TunnelProbe {
  const { address, healthcheck: name } = config.backends.get(backend)!;
  const own = config.healthchecks.get(name!)!;
  const { encap } = pools.find(({ encap, backends }) =>
    encap !== undefined && backends.some((entry) => entry.name === backend)
  )!;
  const { ipv4SrcAddress, ipv6SrcAddress } = config.vppLb!;
  const tunnelSource = encap!.source ?? (address.family === 4 ? ipv4SrcAddress : ipv6SrcAddress);
  const params = {
    type: "encap" as const,
    vip,
    vipPort: port,
    tunnelSource: tunnelSource ?? ip("::"),
  };
  return { address: address.text, healthcheck: { ...own, params } };
}
