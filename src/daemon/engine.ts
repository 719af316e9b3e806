/** The probe engine the daemon runs with. */
import { WorkerPool, type WorkerPoolOptions } from "../probe/engine/worker_pool.ts";

/** Creates the engine; the caller closes it. */
export function createEngine(
  options: Pick<WorkerPoolOptions, "clock" | "log" | "workers">,
): WorkerPool {
  return new WorkerPool(options);
}
