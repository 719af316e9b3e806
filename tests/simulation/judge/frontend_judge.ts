/** Judges frontends: their events are one story, and their state is that of their servers. */
import type { FrontendHealth } from "../../../src/health/frontend.ts";
import type { FrontendState, FrontendTransition } from "../../../src/health/state.ts";
import { type CheckerState, keyOf, type WantedVip } from "./wanted.ts";

/** A daemon's checker, as far as frontends go. */
export interface FrontendStates extends CheckerState {
  readonly frontends: ReadonlyMap<
    string,
    Pick<FrontendHealth, "state" | "memory">
  >;
}

export class FrontendJudge {
  readonly #fail: (invariant: string, message: string) => void;
  /** By name, from the events. */
  readonly #states = new Map<string, FrontendState>();
  /** Those with which frontends were compared last. */
  #served: ReadonlyMap<string, WantedVip> | undefined;

  constructor(fail: (invariant: string, message: string) => void) {
    this.#fail = fail;
  }

  wired({ frontends }: FrontendStates): void {
    this.#states.clear();
    for (const name of frontends.keys()) this.#states.set(name, "unknown");
  }

  transition(name: string, { from, to }: FrontendTransition): void {
    const before = this.#states.get(name);
    if (before !== undefined && before !== from) {
      this.#fail("one story", `frontend ${name}: event ${from} -> ${to} after ${before}`);
    }
    this.#states.set(name, to);
  }

  /** After the events of a reload. */
  reloaded({ frontends }: FrontendStates): void {
    for (const name of [...this.#states.keys()]) {
      if (!frontends.has(name)) this.#states.delete(name);
    }
    for (const [name, { state }] of frontends) {
      if (!this.#states.has(name)) this.#states.set(name, state);
    }
  }

  tick(current: FrontendStates, wanted: ReadonlyMap<string, WantedVip>): void {
    if (wanted === this.#served) return;
    this.#served = wanted;
    for (const [name, { state }] of current.frontends) {
      const last = this.#states.get(name);
      if (last !== state) {
        this.#fail("one story", `frontend ${name} is ${state}, and its last event was ${last}`);
      }
      const { serves } = wanted.get(keyOf(current.config.frontends.get(name)!))!;
      if (serves !== (state === "up")) {
        this.#fail("frontends are as their servers", `frontend ${name} is ${state}`);
      }
    }
  }
}
