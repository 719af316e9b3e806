/**
 * PURE. The pairs of frontends and backends that a configuration has checked through VPP's tunnel
 * (`encap` of a pool).
 */
import { invariant } from "../../base/assert.ts";
import { isEqual } from "../../base/equal.ts";
import type { IpAddress } from "../../base/address.ts";
import type { Config, FrontendConfig, HealthcheckConfig, PoolConfig } from "../../config/model.ts";
import { type EncapCheck, type EncapChecks, newEncapCheck, withPace } from "../../health/encap.ts";

/** One pair. A backend in several pools of a frontend has the strictest mode of them. */
export interface EncapPair {
  readonly frontend: string;
  readonly backend: string;
  readonly mode: EncapCheck["mode"];
  /** Address of the server. */
  readonly address: IpAddress;
  /** The backend's own check with the packet of this frontend. */
  readonly check: HealthcheckConfig;
}

/** By frontend and backend; only frontends with pairs. */
export type EncapPairs = ReadonlyMap<string, ReadonlyMap<string, EncapPair>>;

/** The checks by frontend; only frontends that have some. */
export type AllEncapChecks = ReadonlyMap<string, EncapChecks>;

const NO_PAIRS: EncapPairs = new Map();

/** Stands for a pair; names have no blanks. */
export function encapKey(frontend: string, backend: string): string {
  return `${backend} (encap of ${frontend})`;
}

/**
 * The pairs of a configuration. Checks that are those of `past` are the same objects, so that
 * thousands of pairs are compared quickly.
 */
export function encapPairs(config: Config, past: EncapPairs = NO_PAIRS): EncapPairs {
  let pairs: Map<string, ReadonlyMap<string, EncapPair>> | undefined;
  for (const frontend of config.frontends.values()) {
    if (!frontend.pools.some(({ encap }) => encap !== undefined)) continue;
    pairs ??= new Map();
    pairs.set(frontend.name, pairsOf(frontend, config, past.get(frontend.name)));
  }
  return pairs ?? NO_PAIRS;
}

function pairsOf(
  frontend: FrontendConfig,
  config: Config,
  past: ReadonlyMap<string, EncapPair> | undefined,
): ReadonlyMap<string, EncapPair> {
  const pairs = new Map<string, EncapPair>();
  // Servers of one healthcheck share an object, which goes to a worker once.
  const checks = new Map<string, HealthcheckConfig>();
  for (const pool of frontend.pools) {
    const { encap } = pool;
    if (encap === undefined) continue;
    for (const { name } of pool.backends) {
      const known = pairs.get(name);
      if (known?.mode === "on") continue;
      const { address, healthcheck } = config.backends.get(name)!;
      const source = sourceOf(pool, address.family, config);
      const key = `${healthcheck} ${source.text}`;
      let check = checks.get(key);
      if (check === undefined) {
        const fresh = encapCheckOf(frontend, { healthcheck, source, config });
        const before = past?.get(name)?.check;
        checks.set(key, check = isEqual(before, fresh) ? before! : fresh);
      }
      pairs.set(name, { frontend: frontend.name, backend: name, mode: encap.mode, address, check });
    }
  }
  return pairs;
}

function sourceOf({ encap }: PoolConfig, family: 4 | 6, { vppLb }: Config): IpAddress {
  const source = encap?.source ?? (family === 4 ? vppLb?.ipv4SrcAddress : vppLb?.ipv6SrcAddress);
  invariant(source !== undefined, "a tunnel without a source passed the check of the file");
  return source;
}

function encapCheckOf(
  { address, port }: FrontendConfig,
  { healthcheck, source, config }: {
    readonly healthcheck: string | undefined;
    readonly source: IpAddress;
    readonly config: Config;
  },
): HealthcheckConfig {
  const check = healthcheck === undefined ? undefined : config.healthchecks.get(healthcheck);
  invariant(check !== undefined, "a static backend with `encap` passed the check of the file");
  const { agent: _, damping: __, ...own } = check;
  const vipPort = check.params.type === "tcp" ? port : 0;
  return { ...own, params: { type: "encap", vip: address, vipPort, tunnelSource: source } };
}

/** True when two pairs send the same packets at the same pace. */
export function samePackets(a: EncapPair, b: EncapPair): boolean {
  return a.address.text === b.address.text &&
    (a.check === b.check || isEqual({ ...a.check, name: "" }, { ...b.check, name: "" }));
}

/** True when two pairs send the same packets, at any pace. */
function samePath(a: EncapPair, b: EncapPair): boolean {
  return a.address.text === b.address.text &&
    (a.check === b.check || isEqual(pathOf(a.check), pathOf(b.check)));
}

/** The fields of a check that a packet depends on. */
function pathOf({ params, probeIpv4Src, probeIpv6Src }: HealthcheckConfig) {
  return { params, probeIpv4Src, probeIpv6Src };
}

/** The checks of `pairs` by frontend and backend, continued from those of `past` where they are the same. */
export function checksOf(
  pairs: EncapPairs,
  past?: {
    readonly pairs: EncapPairs;
    readonly checks: AllEncapChecks;
  },
): Map<string, Map<string, EncapCheck>> {
  return new Map([...pairs].map(([frontend, ofFrontend]) => [
    frontend,
    new Map([...ofFrontend].map(([backend, pair]) => {
      const before = past?.pairs.get(frontend)?.get(backend);
      const check = past?.checks.get(frontend)?.get(backend);
      const kept = before !== undefined && check !== undefined && samePath(before, pair);
      const next = kept ? withPace(check, pair.check) : newEncapCheck(pair.mode, pair.check);
      return [backend, { ...next, mode: pair.mode }];
    })),
  ]));
}

/** The checks after a reload, as a part of a snapshot. */
export function checksAfter(
  next: Config,
  { config, encap }: { readonly config: Config; readonly encap?: AllEncapChecks },
): { readonly encap?: AllEncapChecks } {
  const before = encap === undefined ? NO_PAIRS : encapPairs(config);
  const pairs = encapPairs(next, before);
  if (pairs.size === 0) return {};
  return { encap: checksOf(pairs, encap && { pairs: before, checks: encap }) };
}
