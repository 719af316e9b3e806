/** Configurations for tests in a few words. */
import assert from "node:assert/strict";
import { parseIp } from "../../../src/base/address.ts";
import type {
  BackendConfig,
  Config,
  FrontendConfig,
  HealthcheckConfig,
  Share,
  SlowStartConfig,
  VppLbConfig,
} from "../../../src/config/model.ts";

/** A backend: address, and what differs from an enabled one with the healthcheck `tcp`. */
export interface SmallBackend {
  readonly address?: string;
  /** Name of the healthcheck; `""` for a static backend. */
  readonly healthcheck?: string;
  readonly enabled?: boolean;
}

/** A frontend: pools as `"a:100 b:50 | c:10"`. */
export interface SmallFrontend {
  readonly pools: string;
  readonly flushOnDown?: boolean;
  readonly srcIpSticky?: boolean;
  readonly onAllDown?: "last-good" | undefined;
  readonly slowStart?: SlowStartConfig | undefined;
  /** Of each pool. */
  readonly maxDown?: Share | undefined;
  /** Of each pool, from 203.0.113.9. */
  readonly encap?: "warn" | "on" | undefined;
  /** Default: 192.0.2.1 and so on, by the frontend's place. */
  readonly address?: string;
  /** Default: 80. */
  readonly port?: number;
}

/** Arguments of smallConfig(). */
export interface SmallConfig {
  readonly healthchecks?: Readonly<Record<string, Partial<HealthcheckConfig>>>;
  readonly backends: Readonly<Record<string, SmallBackend>>;
  readonly frontends: Readonly<Record<string, SmallFrontend>>;
  readonly transitionHistory?: number;
  readonly netns?: string;
  /** With one there is a `vpp.lb` section. */
  readonly newFlowsTableLength?: number;
  /** True: with `maglev.announce`. */
  readonly announces?: boolean;
}

/** A whole configuration. There is always a healthcheck `tcp` (1 s, rise 2, fall 3). */
export function smallConfig(small: SmallConfig): Config {
  const checks = { tcp: {}, ...small.healthchecks };
  const backends = Object.entries(small.backends).map(([name, backend], i) =>
    backendConfig(name, { ...backend, address: backend.address ?? `10.0.0.${i + 1}` })
  );
  const frontends = Object.entries(small.frontends).map(([name, frontend], i) =>
    frontendConfig(name, { address: `192.${i >> 8}.2.${(i + 1) & 255}`, ...frontend })
  );
  return {
    healthchecker: {
      transitionHistory: small.transitionHistory ?? 5,
      netns: small.netns ?? "",
    },
    vppLb: small.newFlowsTableLength === undefined ? undefined : vppLb(small.newFlowsTableLength),
    ...(small.announces === true
      ? {
        announce: {
          file: "/run/announce",
          format: "text" as const,
          onStop: "keep" as const,
          onVppAway: "keep" as const,
        },
      }
      : {}),
    healthchecks: new Map(
      Object.entries(checks).map(([name, check]) => [name, healthcheckConfig(name, check)]),
    ),
    backends: new Map(backends.map((backend) => [backend.name, backend])),
    frontends: new Map(frontends.map((frontend) => [frontend.name, frontend])),
  };
}

function vppLb(newFlowsTableLength: number): VppLbConfig {
  return {
    syncIntervalMs: 30_000,
    ipv4SrcAddress: parseIp("192.0.2.254")!,
    ipv6SrcAddress: parseIp("2001:db8::254")!,
    stickyBucketsPerCore: 65_536,
    flowTimeoutMs: 40_000,
    startupMinDelayMs: 0,
    startupMaxDelayMs: 0,
    countersIntervalMs: 5000,
    newFlowsTableLength,
    maxRemoval: 100,
  };
}

function healthcheckConfig(name: string, check: Partial<HealthcheckConfig>): HealthcheckConfig {
  return {
    name,
    port: 80,
    intervalMs: 1000,
    fastIntervalMs: 1000,
    downIntervalMs: 1000,
    timeoutMs: 500,
    rise: 2,
    fall: 3,
    probeIpv4Src: undefined,
    probeIpv6Src: undefined,
    params: { type: "tcp", ssl: false, serverName: "", insecureSkipVerify: false, alpn: [] },
    ...check,
  };
}

function backendConfig(name: string, backend: SmallBackend & { address: string }): BackendConfig {
  const address = parseIp(backend.address);
  assert.ok(address !== undefined, backend.address);
  const healthcheck = backend.healthcheck ?? "tcp";
  return {
    name,
    address,
    healthcheck: healthcheck === "" ? undefined : healthcheck,
    enabled: backend.enabled ?? true,
  };
}

function frontendConfig(
  name: string,
  frontend: SmallFrontend & { address: string },
): FrontendConfig {
  const pools = frontend.pools.split("|").map((part, i) => ({
    name: `pool${i}`,
    ...(frontend.maxDown === undefined ? {} : { maxDown: frontend.maxDown }),
    ...(frontend.encap === undefined
      ? {}
      : { encap: { mode: frontend.encap, source: parseIp("203.0.113.9")! } }),
    backends: part.trim().split(/\s+/).map((entry) => {
      const [backend, weight] = entry.split(":");
      return { name: backend!, weight: Number(weight ?? 100) };
    }),
  }));
  return {
    name,
    description: "",
    address: parseIp(frontend.address)!,
    protocol: "tcp",
    port: frontend.port ?? 80,
    pools,
    srcIpSticky: frontend.srcIpSticky ?? false,
    flushOnDown: frontend.flushOnDown ?? true,
    ...(frontend.onAllDown === undefined ? {} : { onAllDown: frontend.onAllDown }),
    ...(frontend.slowStart === undefined ? {} : { slowStart: frontend.slowStart }),
  };
}
