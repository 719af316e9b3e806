/** Random configurations, and random edits of one, as an operator's file would have them. PURE. */
import type {
  BackendConfig,
  Config,
  FrontendConfig,
  HealthcheckConfig,
  Share,
} from "../../../src/config/model.ts";
import { ip } from "./addresses.ts";
import { hasChains, isValid, withChains } from "./chains.ts";
import { smallConfig } from "../../support/fakes/small_config.ts";
import { Dice } from "./dice.ts";
import { hasEncap, withEncap } from "./tunnels.ts";

/** Servers that configurations choose from. */
export const SERVERS = [1, 2, 3, 4, 5, 6, 7].map((n) => `10.0.0.${n}`);
/** The address in a family of the server that has this IPv4 address: each server has both. */
export function inFamily(server: string, family: 4 | 6): string {
  return family === 4 ? server : `2001:db8:a::${server.slice(server.lastIndexOf(".") + 1)}`;
}

/** Name of the file of `maglev.announce`. */
export const ANNOUNCE_FILE = "announced";
/** Targets of `isolation`. */
const TARGETS = ["10.0.9.1", "10.0.9.2", "10.0.9.3"];

/**
 * Edits that switch policies on. A file with policies has some of them. A policy adds its own here,
 * and states in judge/ what VPP should have with it.
 */
const POLICIES: readonly Edit[] = [
  (config, dice) =>
    withEachFrontend(config, (frontend) => {
      const { onAllDown: _, ...rest } = frontend;
      return dice.oneIn(2) ? { ...rest, onAllDown: "last-good" } : rest;
    }),
  (config, dice) =>
    withEachFrontend(config, ({ pools, ...rest }) => ({
      ...rest,
      pools: pools.map(({ name, backends }) => ({
        name,
        backends,
        ...(dice.oneIn(3) ? {} : { maxDown: randomShare(dice) }),
      })),
    })),
  (config, dice) => ({
    ...config,
    healthchecker: {
      ...config.healthchecker,
      isolation: {
        targets: TARGETS.slice(0, dice.integer(2, 3)).map((target, i) => ({
          address: ip(target),
          type: i === 0 ? "tcp" : "icmp",
          port: i === 0 ? 179 : 0,
        })),
        quorum: dice.integer(1, 2),
        maxHoldMs: dice.pick([2000, 5000, 60_000]),
      },
    },
  }),
  (config, dice) =>
    withEachFrontend(config, (frontend) => {
      const { slowStart: _, ...rest } = frontend;
      const slowStart = {
        durationMs: dice.pick([1000, 3000, 6000]),
        steps: dice.integer(2, 5),
      };
      return dice.oneIn(3) ? rest : { ...rest, slowStart };
    }),
  withAnnounce,
  withDamping,
];

/** `damping` of most healthchecks. */
function withDamping(config: Config, dice: Dice): Config {
  const healthchecks = [...config.healthchecks].map(([name, { damping: _, ...rest }]) => {
    const damping = {
      halfLifeMs: dice.pick([2000, 10_000, 60_000]),
      suppress: dice.pick([1, 1.5, 2.5]),
      reuse: dice.pick([0.4, 0.9]),
      maxHoldMs: dice.pick([1000, 7000, 15_000]),
    };
    return [name, dice.oneIn(4) ? rest : { ...rest, damping }] as const;
  });
  return { ...config, healthchecks: new Map(healthchecks) };
}

/** `announce` of most frontends. */
function withAnnounce(config: Config, dice: Dice): Config {
  return {
    ...withEachFrontend(config, (frontend) => {
      const { announce: _, ...rest } = frontend;
      const announce = { minUp: dice.integer(1, 2), hysteresisMs: dice.pick([1000, 3000, 10_000]) };
      return dice.oneIn(4) ? rest : { ...rest, announce };
    }),
    announce: {
      file: `/run/maglevd/${ANNOUNCE_FILE}`,
      format: dice.pick(["bird", "json", "text"] as const),
      onStop: dice.pick(["keep", "withdraw"] as const),
      onVppAway: dice.pick(["keep", "withdraw"] as const),
    },
  };
}

/** Half of the seeds have policies. Their own dice leave the others as they are. */
export function policyDice(seed: number): Dice | undefined {
  const dice = new Dice(seed ^ 0x90110);
  return dice.oneIn(2) ? dice : undefined;
}

/** The configuration with some policies. */
export function withPolicies(config: Config, dice: Dice): Config {
  return POLICIES.filter(() => !dice.oneIn(3)).reduce((before, edit) => edit(before, dice), config);
}

function randomShare(dice: Dice): Share {
  return dice.oneIn(2)
    ? { count: dice.integer(1, 2) }
    : { percent: dice.pick([10, 34, 50, 75, 100]) };
}

function withEachFrontend(config: Config, edit: (frontend: FrontendConfig) => FrontendConfig) {
  const frontends = [...config.frontends].map(([name, frontend]) =>
    [name, edit(frontend)] as const
  );
  return { ...config, frontends: new Map(frontends) };
}

/** The source address that a `picky` server refuses. */
const SOURCE = ip("192.0.2.77");
const FRONTENDS = ["web", "api", "dns", "old"];
const CHECKS = ["quick", "plain", "sourced"];
const WEIGHTS = [100, 100, 50, 10, 1, 0];

/** A configuration with up to seven backends and four frontends. */
export function randomConfig(dice: Dice): Config {
  const family = dice.oneIn(4) ? 6 : 4;
  const vipAddress = dice.oneIn(4)
    ? (n: number) => `2001:db8:b::${n}`
    : (n: number) => `198.51.100.${n}`;
  const backends = Object.fromEntries(
    Array.from({ length: dice.integer(2, 7) }, (_, i) => {
      // Some are second backends of an address, some static.
      const address = dice.oneIn(8) ? SERVERS[0]! : SERVERS[i]!;
      const healthcheck = dice.oneIn(12) ? "" : dice.pick(CHECKS);
      return [`b${i}`, {
        address: inFamily(address, family),
        healthcheck,
        enabled: !dice.oneIn(12),
      }];
    }),
  );
  const names = Object.keys(backends);
  const frontends = Object.fromEntries(
    FRONTENDS.slice(0, dice.integer(1, 4)).map((name, i) => [name, {
      pools: randomPools(dice, names),
      // The last two share an address.
      address: vipAddress(Math.min(i + 1, 3)),
      port: 80 + i,
      flushOnDown: dice.oneIn(2),
      srcIpSticky: dice.oneIn(4),
    }]),
  );
  const config = smallConfig({
    healthchecks: {
      quick: { intervalMs: 1000, fastIntervalMs: 300, downIntervalMs: 2000, timeoutMs: 250 },
      plain: { intervalMs: 2000, fastIntervalMs: 1000, downIntervalMs: 3000, timeoutMs: 500 },
      sourced: { intervalMs: 1000, fastIntervalMs: 1000, downIntervalMs: 1000, timeoutMs: 400 },
    },
    backends,
    frontends,
    newFlowsTableLength: dice.pick([16, 64, 1024]),
  });
  const check = (name: string, more: Partial<HealthcheckConfig>) =>
    [name, {
      ...config.healthchecks.get(name)!,
      rise: dice.integer(1, 3),
      fall: dice.integer(1, 3),
      ...more,
    }] as const;
  return {
    ...config,
    healthchecks: new Map([
      check("quick", {}),
      check("plain", {}),
      check("sourced", { probeIpv4Src: SOURCE }),
    ]),
    vppLb: {
      ...config.vppLb!,
      syncIntervalMs: dice.pick([3000, 5000, 10_000]),
      stickyBucketsPerCore: 1024,
      ...dice.pick([
        { startupMinDelayMs: 0, startupMaxDelayMs: 0 },
        { startupMinDelayMs: 500, startupMaxDelayMs: 4000 },
        { startupMinDelayMs: 2000, startupMaxDelayMs: 8000 },
      ]),
      countersIntervalMs: 5000,
    },
  };
}

function randomPools(dice: Dice, names: readonly string[]): string {
  const shuffled = dice.shuffled(names);
  const cut = dice.oneIn(2) ? shuffled.length : dice.integer(1, shuffled.length);
  return [shuffled.slice(0, cut), shuffled.slice(cut)].filter((pool) => pool.length > 0)
    .map((pool) => pool.map((name) => `${name}:${dice.pick(WEIGHTS)}`).join(" "))
    .join(" | ");
}

/** The configuration after one edit; always a valid one. */
export function edited(config: Config, dice: Dice): Config {
  const edit = dice.pick(EDITS);
  const edited = edit(config, dice);
  const braked = hasPolicies(config) && dice.oneIn(4) ? dice.pick(POLICIES)(edited, dice) : edited;
  const next = hasEncap(config) && dice.oneIn(4) ? withEncap(braked, dice) : braked;
  if (!hasChains(config)) return next;
  const valid = isValid(next) ? next : config;
  return dice.oneIn(2) ? withChains(valid, dice) : valid;
}

function hasPolicies({ frontends, healthchecker, healthchecks, announce }: Config): boolean {
  return healthchecker.isolation !== undefined || announce !== undefined ||
    [...healthchecks.values()].some(({ damping }) => damping !== undefined) ||
    [...frontends.values()].some(({ onAllDown, slowStart, pools }) =>
      onAllDown !== undefined || slowStart !== undefined ||
      pools.some(({ maxDown }) => maxDown !== undefined)
    );
}

type Edit = (config: Config, dice: Dice) => Config;

const EDITS: readonly Edit[] = [
  withFrontend(({ pools, ...rest }, dice) => ({
    ...rest,
    pools: pools.map((pool) => ({
      ...pool,
      backends: pool.backends.map((entry) =>
        dice.oneIn(2) ? entry : { ...entry, weight: dice.pick(WEIGHTS) }
      ),
    })),
  })),
  withFrontend((frontend) => ({ ...frontend, flushOnDown: !frontend.flushOnDown })),
  withFrontend((frontend) => ({ ...frontend, srcIpSticky: !frontend.srcIpSticky })),
  withFrontend((frontend) => ({ ...frontend, pools: [...frontend.pools].reverse() })),
  withFrontend((frontend, dice) => ({ ...frontend, port: 80 + dice.integer(10, 30) })),
  withFrontend(({ pools, ...rest }, dice) => ({
    ...rest,
    pools: pools.map((pool) => ({
      ...pool,
      backends: pool.backends.filter((_, i) => i === 0 || !dice.oneIn(3)),
    })),
  })),
  (config, dice) => {
    if (config.frontends.size < 2) return config;
    const gone = dice.pick([...config.frontends.keys()]);
    return {
      ...config,
      frontends: new Map([...config.frontends].filter(([name]) => name !== gone)),
    };
  },
  (config, dice) => {
    const { frontends } = randomConfig(dice);
    const backendsThere = [...frontends].filter(([name, { pools }]) =>
      !config.frontends.has(name) &&
      pools.every(({ backends }) => backends.every((entry) => config.backends.has(entry.name)))
    ).map(([name, frontend]) => [name, { ...frontend, port: 8000 + frontend.port }] as const);
    return { ...config, frontends: new Map([...config.frontends, ...backendsThere.slice(0, 1)]) };
  },
  withBackend((backend) => ({ ...backend, enabled: !backend.enabled })),
  withBackend((backend, dice) => {
    const address = ip(inFamily(dice.pick(SERVERS), backend.address.family));
    return { ...backend, address };
  }),
  withBackend((backend, dice) => ({ ...backend, healthcheck: dice.pick(CHECKS) })),
  (config, dice) => {
    const name = dice.pick(CHECKS);
    const check = config.healthchecks.get(name)!;
    const next = { ...check, rise: dice.integer(1, 3), fall: dice.integer(1, 3) };
    return { ...config, healthchecks: new Map(config.healthchecks).set(name, next) };
  },
  (config, dice) => ({
    ...config,
    vppLb: { ...config.vppLb!, flowTimeoutMs: 1000 * dice.integer(20, 60) },
  }),
  (config) => config,
];

function withFrontend(edit: (frontend: FrontendConfig, dice: Dice) => FrontendConfig): Edit {
  return (config, dice) => {
    const name = dice.pick([...config.frontends.keys()]);
    const next = edit(config.frontends.get(name)!, dice);
    const others = [...config.frontends.values()].filter((other) => other.name !== name);
    const clashes = others.some((other) =>
      other.address.text === next.address.text && other.port === next.port
    );
    if (clashes) return config;
    return { ...config, frontends: new Map(config.frontends).set(name, next) };
  };
}

function withBackend(edit: (backend: BackendConfig, dice: Dice) => BackendConfig): Edit {
  return (config, dice) => {
    const name = dice.pick([...config.backends.keys()]);
    const next = edit(config.backends.get(name)!, dice);
    return { ...config, backends: new Map(config.backends).set(name, next) };
  };
}
