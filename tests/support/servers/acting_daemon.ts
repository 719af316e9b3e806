/**
 * maglevd's own parts in a process that can be killed at an exact moment: starts on a
 * configuration and a state directory, does one operator's action, prints `done` when that is
 * acknowledged, and goes on until it is killed.
 *
 *     deno run -A acting_daemon.ts CONFIG STATE_DIR '{"kind":"disable","backend":"b0"}'
 */
import type { BackendAction, SetWeightRequest } from "../../../src/intent/request.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { WorkerPool } from "../../../src/probe/engine/worker_pool.ts";
import { openIntents } from "../../../src/intent/disk_store.ts";
import { folderIo } from "../../../src/system/state_file.ts";
import { wireDaemon } from "../../../src/daemon/wire.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";
import { RecordingLogger } from "../fakes/recording_logger.ts";

/** The action to run. */
export type Action =
  | { readonly kind: BackendAction; readonly backend: string }
  | ({ readonly kind: "weight" } & SetWeightRequest);

async function main([path, folder, text]: readonly string[]): Promise<void> {
  const action: Action = JSON.parse(text!);
  const clock = new SystemClock();
  const logger = new RecordingLogger();
  const loaded = await loadConfig(path!);
  if (loaded.kind !== "ok") throw new Error("bad configuration");
  const opened = await openIntents({ folder: folder!, clock, logger });
  const daemon = wireDaemon({
    config: loaded.config,
    vppApiAddr: "",
    vppStatsAddr: "",
    clock,
    logger,
    engine: new WorkerPool({ clock, log: logger, workers: 1 }),
    announceFolder: folderIo,
    intents: { ...opened, maxAgeMs: 3_600_000 },
  });
  daemon.start();
  const options = { by: { peer: "unix", identity: "test" }, reason: "drill" };
  const outcome = action.kind === "weight"
    ? daemon.checker.setWeight(action, options)
    : daemon.checker[`${action.kind}Backend`](action.backend, options);
  if (!outcome.ok) throw outcome.error;
  const durability = await outcome.durable;
  if (durability.kind !== "stored") throw new Error(JSON.stringify(durability));
  Deno.stdout.writeSync(new TextEncoder().encode("done\n"));
}

if (import.meta.main) await main(Deno.args);
