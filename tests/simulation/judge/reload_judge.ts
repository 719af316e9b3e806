/** Judges reloads and plans: a reload takes no server out, and what a plan said is what happens. */
import type { LogFields } from "../../../src/base/ports.ts";
import type { Forecast, ReloadForecast } from "../../../src/forecast/forecast.ts";
import type { SentRequest } from "../world/requests.ts";
import type { JudgedRun } from "./judged_run.ts";
import { movedDifference, tablesOf, type VppTables } from "./vpp/moved_judge.ts";
import { DeedJudge, planDifference } from "./vpp/plan_judge.ts";
import { countsAsUp } from "./wanted.ts";

const INVARIANT = "what a plan said is what happened";

export class ReloadJudge {
  readonly #run: JudgedRun;
  readonly #deeds = new DeedJudge();
  /** VPP's tables before the reload that is being carried out, and its plan. */
  #moves: { readonly before: VppTables; readonly plan: ReloadForecast } | undefined;
  #tables: VppTables = new Map();
  /** Operators' syncs under way. */
  #syncs = 0;
  /** VPP was right before the reload that is being carried out. */
  #wasRight = false;
  /** VPP had each VIP before it. */
  #wasProgrammed = false;
  /** Backends that counted as up right before a reload. */
  #serving: readonly string[] = [];
  #isReloading = false;

  constructor(run: JudgedRun) {
    this.#run = run;
  }

  /** True while a reload is being carried out. */
  get isReloading(): boolean {
    return this.#isReloading;
  }

  reloading(): void {
    this.#isReloading = true;
    const run = this.#run;
    const { daemon, vpp } = run.world;
    const { reconciler } = daemon!.vpp!;
    this.#wasProgrammed = run.isProgrammed;
    // A sync under way carries out a part of what the reload is to do.
    this.#wasRight = run.mustBeRight && this.#syncs === 0 && !run.isExcused("doubtful") &&
      reconciler.warmedUp && reconciler.withheld().length === 0 && vpp.release === "main";
    if (this.#wasRight) this.#tables = tablesOf(vpp.plugin!, vpp.vips());
    const { backends } = daemon!.checker.current;
    this.#serving = [...backends.values()].filter(countsAsUp).map(({ name }) => name);
  }

  /** `planned`: what an earlier plan said, of which this reload must do the same. */
  reloaded(plan: ReloadForecast, planned: ReloadForecast): void {
    this.#isReloading = false;
    const run = this.#run;
    const { current } = run.world.daemon!.checker;
    if (this.#wasRight) {
      this.#deeds.expect(planned);
      this.#moves = { before: this.#tables, plan: planned };
    }
    // What VPP keeps of a VIP that another program replaced is not known.
    const isKnown = run.world.vpp.natAddresses().size === 0;
    const wrong = isKnown
      ? planDifference(plan, current, { isProgrammed: this.#wasProgrammed })
      : undefined;
    if (wrong !== undefined) run.fail(INVARIANT, wrong);
    const { config, backends } = current;
    const out = this.#serving.find((name) =>
      config.backends.get(name)?.enabled === true && !countsAsUp(backends.get(name)!)
    );
    if (out !== undefined) run.fail("a reload takes no server out", `${out} was up`);
  }

  /**
   * An operator's action is about to be carried out; `plan`: its plan. The result is to
   * be called right afterwards.
   */
  planned(plan: Forecast): () => void {
    const run = this.#run;
    const isKnown = run.isProgrammed && run.world.vpp.natAddresses().size === 0 &&
      run.world.daemon!.vpp!.reconciler.withheld().length === 0;
    return () => {
      if (!isKnown) return;
      const { current } = run.world.daemon!.checker;
      const wrong = planDifference(plan, current, { isProgrammed: true });
      if (wrong !== undefined) run.fail(INVARIANT, wrong);
    };
  }

  /** An operator's sync begins; the result is to be called when it has ended. */
  syncing(): () => void {
    this.#syncs++;
    return () => void this.#syncs--;
  }

  /** Something else changes what is sent. */
  forget(): void {
    this.#deeds.forget();
    this.#moves = undefined;
  }

  sent(requests: readonly SentRequest[]): void {
    this.#deeds.sent(requests);
  }

  /** The synchronization of a reload has ended. */
  done(fields: LogFields): void {
    const wrong = this.#deeds.done(fields) ?? this.#wronglyMoved(fields);
    this.#moves = undefined;
    if (wrong !== undefined) this.#run.fail(INVARIANT, wrong);
  }

  #wronglyMoved(fields: LogFields): string | undefined {
    const moves = this.#moves;
    const { vpp } = this.#run.world;
    if (moves === undefined || fields.failed !== 0 || vpp.plugin === undefined) return undefined;
    return movedDifference(moves.plan.vips, {
      before: moves.before,
      after: tablesOf(vpp.plugin, vpp.vips()),
    });
  }
}
