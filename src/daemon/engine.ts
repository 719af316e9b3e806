/** The probe engine, and whether the machine lets it have what the configuration asks for. */
import type { Config } from "../config/model.ts";
import { availableDescriptors, descriptorsNeeded } from "../probe/descriptors.ts";
import { WorkerPool } from "../probe/worker_pool.ts";

/** Knows how many descriptors were once to be had, so that a reload need not try again. */
export class DescriptorBudget {
  #good = 0;

  /** A sentence when `config` may need more descriptors than there are, else undefined. */
  problem(config: Config): string | undefined {
    const probed = [...config.backends.values()].filter((b) => b.healthcheck !== undefined).length;
    const needed = descriptorsNeeded(probed);
    if (needed <= this.#good) return undefined;
    const available = availableDescriptors(needed);
    if (available >= needed) {
      this.#good = needed;
      return undefined;
    }
    return `${probed} probed backends may need ${needed} more file descriptors at once, and only ` +
      `${available} are to be had: raise the limit by at least ${needed - available} ` +
      "(LimitNOFILE= of the systemd unit, or `ulimit -Hn` of the shell)";
  }
}

/** Makes the engine the daemon runs with. */
export function createEngine(
  options: Pick<ConstructorParameters<typeof WorkerPool>[0], "clock" | "log">,
): WorkerPool {
  return new WorkerPool({ ...options, workers: 1 });
}
