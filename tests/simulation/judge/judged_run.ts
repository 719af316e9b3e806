/**
 * What the judges of one run share: its world, its trace, what is excused, what VPP should have, and
 * the first failure.
 */
import { isEncapFailed } from "../../../src/health/encap.ts";
import type { Daemon } from "../../../src/daemon/wire.ts";
import type { DaemonProcess } from "../world/process.ts";
import type { World } from "../world/world.ts";
import { type Excuse, Excuses } from "./excuses.ts";
import { wronglyHeld } from "./policy_judge.ts";
import { Trace } from "./trace.ts";
import { type CheckerState, isDamped, wantedOf, type WantedVip } from "./wanted.ts";

/** What is wrong, and when. */
export interface Failure {
  readonly invariant: string;
  readonly message: string;
  readonly atMs: number;
}

/** After a transition VPP is right again within this time, when it was right before. */
export const AT_ONCE_MS = 60;
/** After a reload. */
export const SOON_MS = 4000;
/** Longest wait until a failed write of intents is repeated, or the clock is looked at again. */
export const RETRIED_MS = 62_000;

export class JudgedRun {
  readonly world: World;
  readonly trace = new Trace();
  readonly excuses = new Excuses((text) => this.trace.add(this.nowMs, text));
  failure: Failure | undefined;
  /** A daemon that is being stopped in order. */
  stopping: DaemonProcess | undefined;
  /** What VPP should have, and the states for which it was worked out. */
  #wantedVips: ReadonlyMap<string, WantedVip> = new Map();
  #snapshot: CheckerState | undefined;
  #states: readonly unknown[] = [];

  constructor(world: World) {
    this.world = world;
  }

  get nowMs(): number {
    return this.world.time.nowMs;
  }

  /** Records the first failure. */
  fail(invariant: string, error: unknown): void {
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    this.failure ??= { invariant, message, atMs: this.nowMs };
  }

  excuse(excuse: Excuse, forMs: number, cause: string): void {
    this.excuses.grant(excuse, { nowMs: this.nowMs, forMs, cause });
  }

  isExcused(excuse: Excuse): boolean {
    return this.excuses.holds(excuse, this.nowMs);
  }

  /** What VPP has follows a change for `ms`. */
  changing(ms: number, cause: string): void {
    this.excuse("changing", ms, cause);
  }

  /** True when VPP must be right now. */
  get mustBeRight(): boolean {
    const { daemon } = this.world;
    return daemon !== undefined && this.stopping === undefined &&
      !this.isExcused("wrong") && !this.isExcused("changing") &&
      (!this.isExcused("warming") || daemon.vpp!.reconciler.warmedUp);
  }

  /** True when VPP has all that was decided. */
  get isProgrammed(): boolean {
    return this.world.daemon!.vpp!.progress.programmed() && !this.isExcused("wrong") &&
      !this.isExcused("changing");
  }

  /** What VPP should have now. */
  wanted({ checker }: Daemon): ReadonlyMap<string, WantedVip> {
    const current = checker.snapshot();
    if (current === this.#snapshot) return this.#wantedVips;
    this.#snapshot = current;
    const states = statesOf(current);
    const isSame = states.length === this.#states.length &&
      states.every((state, i) => state === this.#states[i]);
    if (!isSame) {
      this.#states = states;
      this.#wantedVips = wantedOf(current);
      const wrong = wronglyHeld(current);
      if (wrong !== undefined) this.fail("policies hold only what they may", wrong);
    }
    return this.#wantedVips;
  }
}

/** All that wantedOf() looks at. */
function statesOf(state: CheckerState): readonly unknown[] {
  const { config, intents, backends, frontends, encap } = state;
  const states: unknown[] = [config, intents];
  for (const checks of encap?.values() ?? []) {
    for (const check of checks.values()) states.push(isEncapFailed(check));
  }
  for (const { memory } of frontends.values()) states.push(memory);
  for (const backend of backends.values()) {
    states.push(backend.state, backend.standing, backend.agent, isDamped(backend));
  }
  return states;
}
