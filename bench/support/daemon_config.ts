/** Configuration files for daemons to be measured. */
import { farmAddress } from "./farm_address.ts";

export interface DaemonConfigOptions {
  /** Of the health checks. */
  readonly kind: string;
  /** Backends b0, b1, …, at the addresses of the farm. */
  readonly count: number;
  readonly port: number;
  readonly intervalMs: number;
  readonly serversPerVip: number;
}

/** The text of a configuration with frontends f0, f1, …, without warm-up. */
export function daemonConfig(options: DaemonConfigOptions): string {
  const { kind, count, port, intervalMs, serversPerVip } = options;
  const indices = Array.from({ length: count }, (_, index) => index);
  const frontends = Array.from(
    { length: Math.ceil(count / serversPerVip) },
    (_, f) => indices.slice(f * serversPerVip, (f + 1) * serversPerVip),
  );
  return [
    "maglev:",
    "  vpp: { lb: { ipv4-src-address: 192.0.2.1, ipv6-src-address: '2001:db8::1',",
    "    startup-min-delay: 0s, startup-max-delay: 0s } }",
    "  healthchecks:",
    `    farm: { type: ${kind}, port: ${port}, interval: ${intervalMs}ms, timeout: 500ms }`,
    "  backends:",
    ...indices.map((i) => `    b${i}: { address: ${farmAddress(i)}, healthcheck: farm }`),
    "  frontends:",
    ...frontends.map((servers, f) =>
      `    f${f}: { address: 192.0.${2 + (f >> 8)}.${f & 255}, protocol: tcp, port: 80, pools: ` +
      `[ { name: main, backends: { ${servers.map((i) => `b${i}: {}`).join(", ")} } } ] }`
    ),
    "",
  ].join("\n");
}
