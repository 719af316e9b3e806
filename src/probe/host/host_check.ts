/**
 * Checks that this host has what the probes of a configuration need. A clear refusal at start is
 * better than servers that cannot be probed on the day when many of them hang.
 */
import { openShim, type Shim, type ShimResult } from "../../../ffi/open.ts";
import { LOOK } from "../../../ffi/symbols.ts";
import { invariant } from "../../base/assert.ts";
import { errnoName } from "../../base/errno.ts";
import type { Logger } from "../../base/ports.ts";
import { type Config, isUdp } from "../../config/model.ts";
import { lookErrno, portSettings } from "./host_look.ts";
import { ENCAP_NOT_PERMITTED } from "../encap/encap.ts";
import { ICMP_NOT_PERMITTED } from "../icmp/icmp.ts";
import { namespaceProblem } from "../net/namespace.ts";
import { needsPorts, portWarnings, unknownPorts } from "./port_budget.ts";

/**
 * Descriptors for everything but probes: standard streams, the runtime's own, listeners,
 * connections of operators and subscribers, VPP, files being read.
 */
const OTHERS = 256;

/** Descriptors needed when the probes of all `targets` hang at the same time. */
export function descriptorsNeeded(targets: number): number {
  return targets + OTHERS;
}

/**
 * Raises the limit on descriptors to `needed`, as far as permitted: the soft limit up to the hard
 * one, and with CAP_SYS_RESOURCE the hard one too. Returns the limit then in force.
 */
export function raiseDescriptors(shim: Shim<"maglev_nofile_raise">, needed: number): number {
  const limits = new Float64Array(2);
  const result = shim.calls.maglev_nofile_raise(needed, limits, limits.byteLength);
  invariant(result === 0, `cannot read the limit on file descriptors: ${errnoName(result)}`);
  return limits[0]!;
}

/** The needs of a configuration. */
interface Demand {
  readonly descriptors: number;
  readonly probed: number;
  /** Agents that are asked, each over a connection of its own. */
  readonly agents: number;
  /** Families that ICMP probes are made of. */
  readonly icmp: readonly (4 | 6)[];
  readonly udp: boolean;
  /** Checks through VPP's tunnel, which need raw sockets. */
  readonly encap: boolean;
  readonly netns: string;
}

/** The functions of the shim that the check needs. */
const NAMES = ["maglev_nofile_raise", "maglev_netns_look"] as const;

type HostShim = Shim<typeof NAMES[number]>;

/** Checks configurations against this host. */
export class HostCheck {
  readonly #log: Logger;
  readonly #open: () => ShimResult<typeof NAMES[number]>;
  #warned = false;

  constructor(
    options: { readonly log: Logger; readonly open?: () => ShimResult<typeof NAMES[number]> },
  ) {
    this.#log = options.log;
    this.#open = options.open ?? (() => openShim(NAMES));
  }

  /** The reason why `config` cannot be run on this host; undefined when it can. */
  problem(config: Config): string | undefined {
    const demand = demandOf(config);
    const result = this.#open();
    if (result.kind === "error") return this.#withoutShim(demand, result.message);
    const { shim } = result;
    try {
      const limit = raiseDescriptors(shim, demand.descriptors);
      if (limit < demand.descriptors) return tooFew(demand, limit);
      return namespaceRefusal(shim, demand.netns) ?? icmpRefusal(shim, demand) ??
        encapRefusal(shim, demand);
    } finally {
      shim.close();
    }
  }

  /** Warnings about local ports, which may run out under load; they do not prevent a start. */
  warnings(config: Config): readonly string[] {
    if (!needsPorts(config)) return [];
    const result = this.#open();
    // problem() reports it.
    if (result.kind === "error") return [];
    try {
      const settings = portSettings(result.shim, config.healthchecker.netns);
      return typeof settings === "string"
        ? [unknownPorts(settings)]
        : portWarnings(config, settings);
    } finally {
      result.shim.close();
    }
  }

  /** Probes over TCP run without the shim, so that no C compiler is required. */
  #withoutShim(demand: Demand, message: string): string | undefined {
    if (demand.icmp.length > 0) return needsShim("ICMP probes", message);
    if (demand.udp) return needsShim("probes over UDP", message);
    if (demand.encap) return needsShim("encap", message);
    if (demand.netns !== "") return needsShim("healthchecker.netns", message);
    if (!this.#warned) {
      this.#log.warn("config-warning", {
        message: `cannot check the limits on file descriptors and local ports: ${message}`,
      });
    }
    this.#warned = true;
    return undefined;
  }
}

function needsShim(what: string, message: string): string {
  return `cannot use ${what} without the shim: ${message}`;
}

function namespaceRefusal(shim: HostShim, netns: string): string | undefined {
  if (netns === "") return undefined;
  const errno = lookErrno(shim, netns, LOOK.enter);
  return errno === undefined ? undefined : `healthchecker.netns: ${namespaceProblem(netns, errno)}`;
}

/** Opens and closes a socket of each family, in the namespace of the probes. */
function icmpRefusal(shim: HostShim, { icmp, netns }: Demand): string | undefined {
  for (const family of icmp) {
    const errno = lookErrno(shim, netns, family === 4 ? LOOK.icmp4 : LOOK.icmp6);
    // Other errors may be temporary: meanwhile probes are void, and the log has the reason.
    if (errno === "EPERM" || errno === "EACCES") return ICMP_NOT_PERMITTED;
  }
  return undefined;
}

function encapRefusal(shim: HostShim, { encap, netns }: Demand): string | undefined {
  const errno = encap ? lookErrno(shim, netns, LOOK.raw) : undefined;
  return errno === "EPERM" || errno === "EACCES" ? ENCAP_NOT_PERMITTED : undefined;
}

function demandOf(config: Config): Demand {
  const families = new Set<4 | 6>();
  let probed = 0;
  let agents = 0;
  let udp = false;
  for (const { healthcheck, address } of config.backends.values()) {
    if (healthcheck === undefined) continue;
    probed++;
    const { params, agent } = config.healthchecks.get(healthcheck) ?? {};
    if (agent !== undefined) agents++;
    if (params?.type === "icmp") families.add(address.family);
    udp ||= params !== undefined && isUdp(params);
  }
  return {
    probed,
    agents,
    descriptors: descriptorsNeeded(probed + agents),
    icmp: [...families].sort(),
    udp,
    encap: [...config.frontends.values()].some(({ pools }) =>
      pools.some(({ encap }) => encap !== undefined)
    ),
    netns: config.healthchecker.netns,
  };
}

function tooFew({ probed, agents, descriptors }: Demand, limit: number): string {
  const withAgents = agents === 0 ? "" : ` and ${agents} agents`;
  return `${probed} probed backends${withAgents} may need ${descriptors} file descriptors, but only ${limit} ` +
    `are available; raise the limit to at least ${descriptors} ` +
    "(LimitNOFILE= of the systemd unit, or `ulimit -Hn` of the shell)";
}
