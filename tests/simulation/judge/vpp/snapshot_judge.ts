/** Holds the snapshots of counters that a daemon reads to what VPP has at the same instant. */
import type { Daemon } from "../../../../src/daemon/wire.ts";
import type { CountersSnapshot } from "../../../../src/vpp/ports.ts";
import type { JudgedRun } from "../judged_run.ts";
import { CountersJudge } from "./counters_judge.ts";

export class SnapshotJudge {
  readonly #run: JudgedRun;
  readonly #counters = new CountersJudge();
  /** Starts of VPP before the present connection. */
  #startsAtConnect = 0;

  constructor(run: JudgedRun) {
    this.#run = run;
  }

  /** The daemon ends. */
  forget(): void {
    this.#counters.forget();
  }

  connected(): void {
    this.#startsAtConnect = this.#run.world.vpp.starts;
  }

  /** Counters were read, or withdrawn, in this turn. */
  counted(snapshot: CountersSnapshot | undefined): void {
    const { nowMs, world: { vpp } } = this.#run;
    const { plugin } = vpp;
    const isSame = plugin !== undefined && vpp.starts === this.#startsAtConnect;
    if (snapshot === undefined || !isSame || this.#run.isExcused("edited")) {
      return this.#counters.withdrawn();
    }
    const wrong = this.#counters.published(snapshot, { nowMs, plugin, vips: vpp.vips() });
    if (wrong !== undefined) this.#run.fail("counters are those of VPP", wrong);
  }

  tick({ vpp, checker }: Daemon): void {
    const run = this.#run;
    const { counters, connection: { state } } = vpp!;
    if (state.kind !== "connected" && counters.snapshot !== undefined) {
      return run.fail("counters are those of VPP", "a snapshot outlives its connection");
    }
    const isLive = state.kind === "connected" && state.stats !== undefined &&
      !run.isExcused("wrong") && !run.isExcused("edited") && run.stopping === undefined;
    const intervalMs = checker.current.config.vppLb!.countersIntervalMs;
    const wrong = this.#counters.tick(run.nowMs, { isLive, intervalMs });
    if (wrong !== undefined) run.fail("counters are read", wrong);
  }
}
