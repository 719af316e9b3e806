/** The probe engine the daemon runs with. */
import { WorkerPool, type WorkerPoolOptions } from "../probe/engine/worker_pool.ts";

/** Makes it; closed by whoever is given it. */
export function createEngine(
  options: Pick<WorkerPoolOptions, "clock" | "log" | "workers">,
): WorkerPool {
  return new WorkerPool(options);
}
