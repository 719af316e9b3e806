/**
 * PURE. The VIPs of configurations, and how each is probed. Frontends of several files are united;
 * those of one address, protocol and port are the same VIP.
 */
import type { IpAddress } from "../base/address.ts";
import type {
  Config,
  FrontendConfig,
  HealthcheckConfig,
  PoolConfig,
  ProbeParams,
} from "../config/model.ts";
import { nameInHost } from "../config/schema/text_rules.ts";

/** How a VIP is probed. */
export type Probing =
  | {
    readonly kind: "get";
    readonly tls: boolean;
    /** Host header; empty: the VIP. */
    readonly host: string;
    /** SNI, and the name that the certificate must carry; empty: the VIP's address, without SNI. */
    readonly serverName: string;
  }
  | { readonly kind: "connect" }
  | { readonly kind: "none"; readonly reason: string };

/** A server of the pool that decides. */
export interface WantedServer {
  /** Name of the backend. */
  readonly name: string;
  readonly address: string;
  /** Its share of the pool's weights, from 0 to 1. */
  readonly share: number;
}

export interface Vip {
  /** Name of the frontend. Unique: of two VIPs with one name the later has its address behind it. */
  readonly name: string;
  readonly address: IpAddress;
  readonly protocol: FrontendConfig["protocol"];
  readonly port: number;
  readonly probing: Probing;
  readonly servers: readonly WantedServer[];
}

export interface TargetOptions {
  /** Host header for all VIPs; empty: each its own. */
  readonly host: string;
  /** True for the VIPs to take. */
  readonly filter: (text: string) => boolean;
}

/** The VIPs, in the order of the files. */
export function vipsOf(
  configs: readonly Pick<Config, "frontends" | "backends" | "healthchecks">[],
  { host, filter }: TargetOptions,
): readonly Vip[] {
  const vips = new Map<string, Vip>();
  const names = new Set<string>();
  for (const config of configs) {
    for (const frontend of config.frontends.values()) {
      const { address, protocol, port } = frontend;
      const place = placeOf(frontend);
      const key = `${place} ${protocol}`;
      if (vips.has(key) || !(filter(frontend.name) || filter(place))) continue;
      const name = names.has(frontend.name) ? `${frontend.name} (${place})` : frontend.name;
      names.add(name);
      const pool = decidingPool(frontend);
      const probing = probingOf(frontend, { check: checkOf(pool, config), host });
      const servers = serversOf(pool, config);
      vips.set(key, { name, address, protocol, port, probing, servers });
    }
  }
  return [...vips.values()];
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`; `192.0.2.1` for all ports. */
export function placeOf({ address, port }: Pick<Vip, "address" | "port">): string {
  const host = address.family === 6 && port !== 0 ? `[${address.text}]` : address.text;
  return port === 0 ? host : `${host}:${port}`;
}

/** The first pool with a server that gets traffic, else the first. */
function decidingPool({ pools }: FrontendConfig): PoolConfig | undefined {
  return pools.find(({ backends }) => backends.some(({ weight }) => weight > 0)) ?? pools[0];
}

/** The check of the pool's first server that has one. */
function checkOf(
  pool: PoolConfig | undefined,
  { backends, healthchecks }: Pick<Config, "backends" | "healthchecks">,
): HealthcheckConfig | undefined {
  for (const { name } of pool?.backends ?? []) {
    const check = healthchecks.get(backends.get(name)?.healthcheck ?? "");
    if (check !== undefined) return check;
  }
  return undefined;
}

function probingOf(
  { port, protocol }: FrontendConfig,
  { check, host }: { readonly check: HealthcheckConfig | undefined; readonly host: string },
): Probing {
  if (port === 0 || protocol === "any") {
    return { kind: "none", reason: "all ports: no port is known to be open" };
  }
  if (protocol === "udp") {
    return { kind: "none", reason: "UDP: an answer depends on the service" };
  }
  const { type } = check?.params ?? { type: "" };
  const samePort = check?.port === port;
  const tls = port === 443 || (type === "https" && samePort);
  if (!tls && port !== 80 && !(type === "http" && samePort)) return { kind: "connect" };
  const names = host === "" ? namesOf(check?.params) : { host, serverName: nameInHost(host) };
  return { kind: "get", tls, ...names };
}

function namesOf(params: ProbeParams | undefined): { host: string; serverName: string } {
  switch (params?.type) {
    case "http":
      return { host: params.host, serverName: nameInHost(params.host) };
    case "https":
      return { host: params.host || params.serverName, serverName: params.serverName };
    default:
      return { host: "", serverName: "" };
  }
}

function serversOf(
  pool: PoolConfig | undefined,
  { backends }: Pick<Config, "backends">,
): readonly WantedServer[] {
  const members = (pool?.backends ?? []).map(({ name, weight }) => {
    const backend = backends.get(name);
    const counts = backend?.enabled === false ? 0 : weight;
    return { name, address: backend?.address.text ?? "", weight: counts };
  });
  const sum = members.reduce((total, { weight }) => total + weight, 0);
  return members.map(({ name, address, weight }) => ({
    name,
    address,
    share: sum === 0 ? 0 : weight / sum,
  }));
}

/**
 * The server that a value of the header names: by its name, its name's host part (up to the first
 * dot) or its address, in any case; undefined: none of them.
 */
export function serverOf(
  value: string,
  servers: readonly WantedServer[],
): WantedServer | undefined {
  const wanted = value.trim().toLowerCase();
  const host = hostPart(wanted);
  return servers.find(({ name }) => name.toLowerCase() === wanted) ??
    servers.find(({ address }) => address !== "" && address === wanted) ??
    servers.find(({ name }) => hostPart(name.toLowerCase()) === host);
}

function hostPart(name: string): string {
  return /^[^.:]+/.exec(name)?.[0] ?? name;
}
