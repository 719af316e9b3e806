/** Judges that a server which has come up gets its weight in the steps of `slow-start`. */
import type { Daemon } from "../../../src/daemon/wire.ts";
import type { JudgedRun } from "./judged_run.ts";
import { type Memories, RampJudge, unrisen } from "./policy_judge.ts";
import { keyOfFields } from "./vpp/vip_fields.ts";

export class RiseJudge {
  readonly #run: JudgedRun;
  readonly #ramps = new RampJudge();
  /** What policies hold, now and before the last change. */
  #memories: Memories = new Map();
  #before: Memories = new Map();

  constructor(run: JudgedRun) {
    this.#run = run;
  }

  /** True when a server has steps to come, or one is due later, perhaps since this moment. */
  get rises(): boolean {
    const frontends = this.#run.world.daemon?.checker.current.frontends.values() ?? [];
    return this.#ramps.rises ||
      [...frontends].some(({ memory }) => memory.wakeAtMs !== undefined);
  }

  /** Takes what policies hold, if it has changed. */
  note({ checker: { current: { frontends } } }: Daemon): void {
    const before = this.#memories;
    const isSame = before.size === frontends.size &&
      [...frontends].every(([name, { memory }]) => before.get(name) === memory);
    if (isSame) return;
    this.#before = before;
    this.#memories = new Map([...frontends].map(([name, { memory }]) => [name, memory]));
  }

  /** A backend has come up. */
  cameUp(name: string, { checker, vpp }: Daemon): void {
    const run = this.#run;
    if (run.isExcused("warming") || run.isExcused("wrong")) return;
    const withheld = new Set(vpp!.reconciler.withheld().map(({ fields }) => keyOfFields(fields)));
    const wrong = unrisen(name, checker.current, {
      before: this.#before,
      isProgrammed: (vip) => !withheld.has(vip),
    });
    if (wrong !== undefined) run.fail("a server rises in steps", wrong);
  }

  tick({ checker: { current } }: Daemon): void {
    const late = this.#ramps.late(current, this.#run.nowMs);
    if (late !== undefined) this.#run.fail("policies hold only what they may", late);
  }
}
