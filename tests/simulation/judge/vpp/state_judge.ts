/** Compares VPP with what it should have, and the daemon's explanations with both. */
import type { Daemon } from "../../../../src/daemon/wire.ts";
import { explainDifference } from "../explain_judge.ts";
import type { IntentJudge } from "../intent_judge.ts";
import { type JudgedRun, SOON_MS } from "../judged_run.ts";
import type { WantedVip } from "../wanted.ts";
import { bucketDifference } from "./bucket_judge.ts";
import { difference } from "./difference.ts";
import { keyOfFields } from "./vip_fields.ts";
import { WithheldJudge } from "./withheld_judge.ts";

export interface StatePace {
  /** VPP is compared at least so often, even if nothing has changed. */
  readonly comparedMs: number;
  /** At each comparison one of so many backends is explained; default: all are. */
  readonly explainedOf?: number;
}

export class StateJudge {
  readonly #run: JudgedRun;
  readonly #pace: StatePace;
  readonly #intents: IntentJudge;
  readonly #withheld = new WithheldJudge();
  #comparisons = 0;
  /** What VPP should have had at the last comparison, its changes, and when it was. */
  #compared: { wanted: ReadonlyMap<string, WantedVip>; changes: number; atMs: number } | undefined;

  constructor(run: JudgedRun, { pace, intents }: {
    readonly pace: StatePace;
    readonly intents: IntentJudge;
  }) {
    this.#run = run;
    this.#pace = pace;
    this.#intents = intents;
  }

  /** VPP need not be right now. */
  forget(): void {
    this.#withheld.forget();
  }

  /** Fails unless VPP has what it should have. */
  check(): void {
    const run = this.#run;
    const { daemon, vpp } = run.world;
    if (daemon === undefined) return;
    const { reconciler, connection } = daemon.vpp!;
    if (connection.state.kind !== "connected") {
      return run.fail("VPP is connected", connection.state.reason);
    }
    const withheld = reconciler.withheld().map((one) => [keyOfFields(one.fields), one] as const);
    const causeless = this.#withheld.look({
      nowMs: run.nowMs,
      withheld,
      wanted: run.wanted(daemon),
      had: vpp.links(),
      routed: vpp.routed(),
      statsBytes: vpp.statsBytes,
      noticedMs: daemon.checker.current.config.vppLb!.syncIntervalMs + SOON_MS,
    });
    if (causeless !== undefined) return run.fail("only what is fatal is withheld", causeless);
    if (!reconciler.warmedUp) {
      const blind = [...run.wanted(daemon).values()].some(({ isBlind }) => isBlind);
      if (!blind) run.fail("warm-up ends", JSON.stringify(reconciler.warmup));
      return;
    }
    const view = vpp.view();
    const may = {
      weights: vpp.release === "main",
      withheld: new Set(withheld.map(([key]) => key)),
    };
    const blocked = vpp.natAddresses();
    const wrong = difference(run.wanted(daemon), view, { ...may, makes: vpp.makes(), blocked });
    if (wrong !== undefined) return run.fail("VPP is right", wrong);
    const moved = vpp.plugin && bucketDifference(run.wanted(daemon), {
      ...may,
      plugin: vpp.plugin,
      vips: vpp.vips(),
      read: reconciler.counted()?.vips() ?? [],
    });
    if (moved !== undefined) return run.fail("buckets are as the weights", moved);
    if (withheld.length === 0) this.#intents.has(view);
    const { flowTimeoutMs } = daemon.checker.current.config.vppLb!;
    const flowTimeout = vpp.plugin?.conf.flowTimeout;
    if (flowTimeout !== flowTimeoutMs / 1000) {
      run.fail("VPP is right", `its flow timeout is ${flowTimeout} s, not ${flowTimeoutMs} ms`);
    }
  }

  /** Compares VPP with what it should have, if either has changed or it is long ago. */
  compare(daemon: Daemon): void {
    const run = this.#run;
    const { vpp } = run.world;
    const wanted = run.wanted(daemon);
    const { changes } = vpp;
    const last = this.#compared;
    const isNew = last === undefined || last.wanted !== wanted || last.changes !== changes ||
      run.nowMs - last.atMs > this.#pace.comparedMs;
    if (!isNew) return;
    this.#compared = { wanted, changes, atMs: run.nowMs };
    this.check();
    const { explainedOf = 1 } = this.#pace;
    const turn = this.#comparisons++;
    const wrong = explainDifference(daemon, {
      found: vpp.view(),
      wanted,
      isExplained: explainedOf === 1 ? undefined : (nth) => (nth + turn) % explainedOf === 0,
    });
    if (wrong !== undefined) run.fail("a chain ends with the weight in VPP", wrong);
  }
}
