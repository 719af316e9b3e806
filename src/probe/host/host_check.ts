/**
 * Whether the machine lets the probes of a configuration have what they need: better a clear
 * refusal at start than servers that cannot be probed on the day when many of them hang.
 */
import { openShim, type Shim, type ShimResult } from "../../../ffi/open.ts";
import { LOOK } from "../../../ffi/symbols.ts";
import { invariant } from "../../base/assert.ts";
import { errnoName } from "../../base/errno.ts";
import type { Logger } from "../../base/ports.ts";
import type { Config } from "../../config/model.ts";
import { lookErrno, portSettings } from "./host_look.ts";
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
 * Lets this process have `needed` descriptors, as far as it may: the soft limit is raised up to
 * the hard one, and that too where it is allowed (CAP_SYS_RESOURCE). The limit then in force.
 */
export function raiseDescriptors(shim: Shim, needed: number): number {
  const limits = new Float64Array(2);
  const result = shim.calls.maglev_nofile_raise(needed, limits, limits.byteLength);
  invariant(result === 0, `the limit on file descriptors cannot be read: ${errnoName(result)}`);
  return limits[0]!;
}

/** What a configuration asks of the machine. */
interface Demand {
  readonly descriptors: number;
  readonly probed: number;
  /** Families that ICMP probes are made of. */
  readonly icmp: readonly (4 | 6)[];
  readonly netns: string;
}

/** Asks the machine whether a configuration can be run on it. */
export class HostCheck {
  readonly #log: Logger;
  readonly #open: () => ShimResult;
  #warned = false;

  constructor(options: { readonly log: Logger; readonly open?: () => ShimResult }) {
    this.#log = options.log;
    this.#open = options.open ?? openShim;
  }

  /** A sentence when `config` needs something that cannot be had, else undefined. */
  problem(config: Config): string | undefined {
    const demand = demandOf(config);
    const result = this.#open();
    if (result.kind === "error") return this.#withoutShim(demand, result.message);
    const { shim } = result;
    try {
      const limit = raiseDescriptors(shim, demand.descriptors);
      if (limit < demand.descriptors) return tooFew(demand, limit);
      return namespaceRefusal(shim, demand.netns) ?? icmpRefusal(shim, demand);
    } finally {
      shim.close();
    }
  }

  /** What may fall short under load: local ports. Never a reason not to start. */
  warnings(config: Config): readonly string[] {
    if (!needsPorts(config)) return [];
    const result = this.#open();
    // problem() says so.
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

  /** TCP and HTTP probes need nothing of it, so that a daemon without a C compiler is one. */
  #withoutShim(demand: Demand, message: string): string | undefined {
    if (demand.icmp.length > 0) return needsShim("ICMP probes", message);
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

function namespaceRefusal(shim: Shim, netns: string): string | undefined {
  if (netns === "") return undefined;
  const errno = lookErrno(shim, netns, LOOK.enter);
  return errno === undefined ? undefined : `healthchecker.netns: ${namespaceProblem(netns, errno)}`;
}

/** A socket of each family is opened where the probes will be made, and closed. */
function icmpRefusal(shim: Shim, { icmp, netns }: Demand): string | undefined {
  for (const family of icmp) {
    const errno = lookErrno(shim, netns, family === 4 ? LOOK.icmp4 : LOOK.icmp6);
    // Anything else may pass: probes are void meanwhile, and the log says why.
    if (errno === "EPERM" || errno === "EACCES") return ICMP_NOT_PERMITTED;
  }
  return undefined;
}

function demandOf(config: Config): Demand {
  const families = new Set<4 | 6>();
  let probed = 0;
  for (const { healthcheck, address } of config.backends.values()) {
    if (healthcheck === undefined) continue;
    probed++;
    const type = config.healthchecks.get(healthcheck)?.params.type;
    if (type === "icmp") families.add(address.family);
  }
  return {
    probed,
    descriptors: descriptorsNeeded(probed),
    icmp: [...families].sort(),
    netns: config.healthchecker.netns,
  };
}

function tooFew({ probed, descriptors }: Demand, limit: number): string {
  return `${probed} probed backends may need ${descriptors} file descriptors at once, and only ` +
    `${limit} are to be had: raise the limit to at least ${descriptors} ` +
    "(LimitNOFILE= of the systemd unit, or `ulimit -Hn` of the shell)";
}
