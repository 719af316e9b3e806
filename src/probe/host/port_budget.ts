/**
 * PURE. Warns when a host has too few local ports for a configuration's probes. A probe that ends
 * with a FIN leaves its port in TIME_WAIT for 60 s. So a destination that is probed often can use
 * up the range, and then probes are void. docs/design.md and tcp.ts describe how each kind of
 * probe ends.
 */
import type { IpAddress } from "../../base/address.ts";
import {
  type BackendConfig,
  type Config,
  type HealthcheckConfig,
  isTls,
  isUdp,
} from "../../config/model.ts";

/** Settings of a network namespace, as the kernel prints them. */
export interface PortSettings {
  /** `32768\t60999`. */
  readonly range: string;
  /** `8080,9148-9150`, or empty. */
  readonly reserved: string;
  /** `0`, `1` or `2`; empty when it cannot be read. */
  readonly twReuse: string;
}

/** Time for which Linux keeps a port in TIME_WAIT, without and with reuse. */
const TIME_WAIT_S = 60;
const REUSED_AFTER_S = 1;

/** Maximum of warnings; the rest is counted. */
const MOST = 5;

/** Probes that draw on the same ports. */
interface Group {
  /** `192.0.2.1 port 80`, or `source address 192.0.2.9`. */
  readonly title: string;
  readonly waitS: number;
  readonly tls: boolean;
  /** By a source address. */
  readonly bound: boolean;
  backends: number;
  perSecond: number;
}

/** One sentence for each destination that needs more ports, or one about unreadable settings. */
export function portWarnings(config: Config, settings: PortSettings): string[] {
  const groups = groupsOf(config, settings.twReuse.trim());
  if (groups.length === 0) return [];
  const free = freePorts(settings);
  if (free === undefined) {
    return [unknownPorts(`${JSON.stringify(settings.range.slice(0, 40))} is not a range of ports`)];
  }
  const short = groups.filter((group) => needed(group) > free.count);
  short.sort((a, b) => needed(b) - needed(a) || (a.title < b.title ? -1 : 1));
  const sentences = short.slice(0, MOST).map((group) => sentence(group, free));
  const more = short.length - sentences.length;
  return more > 0
    ? [...sentences, `${more} more destinations need more local ports than this host has`]
    : sentences;
}

/** True when a configuration has probes that use local ports. */
export function needsPorts(config: Config): boolean {
  for (const backend of config.backends.values()) {
    if (portUserOf(config, backend) !== undefined) return true;
  }
  return false;
}

/** The warning of a host whose ports are not known. */
export function unknownPorts(reason: string): string {
  return `cannot check whether there are enough local ports for the probes: ${reason}`;
}

function groupsOf(config: Config, twReuse: string): Group[] {
  const groups = new Map<string, Group>();
  for (const backend of config.backends.values()) {
    const check = portUserOf(config, backend);
    if (check === undefined) continue;
    const { address } = backend;
    const source = sourceOf(check, address.family);
    const title = source === undefined
      ? `${address.text} port ${check.port}`
      : `source address ${source.text}`;
    let group = groups.get(title);
    if (group === undefined) {
      const bound = source !== undefined;
      const reused = twReuse === "1" || (twReuse === "2" && isLoopback(address.text));
      // A port that is bound to a source address is not reused earlier.
      const waitS = reused && !bound ? REUSED_AFTER_S : TIME_WAIT_S;
      group = { title, waitS, tls: isTls(check.params), bound, backends: 0, perSecond: 0 };
      groups.set(title, group);
    }
    group.backends++;
    group.perSecond += 1000 / Math.min(check.intervalMs, check.downIntervalMs);
  }
  return [...groups.values()];
}

/** The check of a backend whose probes leave ports in TIME_WAIT; undefined for others. */
function portUserOf(
  { healthchecks }: Config,
  { address, healthcheck, enabled }: BackendConfig,
): HealthcheckConfig | undefined {
  const check = healthcheck === undefined ? undefined : healthchecks.get(healthcheck);
  if (check === undefined || !enabled) return undefined;
  // A socket of UDP leaves no port behind.
  if (check.params.type === "icmp" || isUdp(check.params)) return undefined;
  // A bare probe from a source address ends with a reset, which leaves none.
  return sourceOf(check, address.family) !== undefined && !isTls(check.params) ? undefined : check;
}

function sourceOf(check: HealthcheckConfig, family: 4 | 6): IpAddress | undefined {
  return family === 4 ? check.probeIpv4Src : check.probeIpv6Src;
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function curesOf({ tls, bound }: Group): string[] {
  const cures = ["widen net.ipv4.ip_local_port_range"];
  if (!bound) cures.push("set net.ipv4.tcp_tw_reuse=1");
  if (!tls) cures.push("set probe-ipv4-src or probe-ipv6-src, whose probes end with a reset");
  return cures;
}

function needed({ perSecond, waitS }: Group): number {
  return Math.ceil(perSecond * waitS);
}

interface FreePorts {
  readonly low: number;
  readonly high: number;
  readonly reserved: number;
  readonly count: number;
}

function sentence(group: Group, { low, high, reserved, count }: FreePorts): string {
  const { title, backends, perSecond, waitS } = group;
  const without = reserved === 0 ? "" : ` without ${reserved} reserved ones`;
  return `probes of ${title} may need ${needed(group)} local ports (${backends} ` +
    `backend${backends === 1 ? "" : "s"}, ${rounded(perSecond)} probes a second, each port is ` +
    `kept ${waitS} s), and this host has ${count} (net.ipv4.ip_local_port_range ${low}-${high}` +
    `${without}): probes without a port are void; probe at most ${
      rounded(count / waitS)
    } times a ` +
    `second in all, or ${curesOf(group).join(", or ")}`;
}

/** Rounded down to one decimal, so that the advised rate is safe. */
function rounded(number: number): string {
  return String(Math.floor(number * 10) / 10);
}

function freePorts({ range, reserved }: PortSettings): FreePorts | undefined {
  const match = /^(\d+)\s+(\d+)$/.exec(range.trim());
  const [low, high] = [Number(match?.[1]), Number(match?.[2])];
  if (!(low >= 1 && low <= high && high <= 65535)) return undefined;
  let taken = 0;
  for (const part of reserved.trim().split(",")) {
    const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (from === undefined) continue;
    const first = Math.max(low, Number(from));
    taken += Math.max(0, Math.min(high, Number(to ?? from)) - first + 1);
  }
  return { low, high, reserved: taken, count: high - low + 1 - taken };
}
