/** Holds the checks of servers through VPP's tunnel, and continues them over a reload. PURE. */
import type { WallMs } from "../../base/instant.ts";
import { invariant } from "../../base/assert.ts";
import type { Config } from "../../config/model.ts";
import { type EncapCheck, type EncapChecks, isEncapFailed, stepEncap } from "../../health/encap.ts";
import type { PolicyChange } from "../../health/policy/changes.ts";
import type { CountedState, ProbeResult } from "../../health/state.ts";
import {
  type AllEncapChecks,
  checksOf,
  type EncapPair,
  type EncapPairs,
  encapPairs,
} from "./pairs.ts";

export class EncapState {
  readonly pairs: EncapPairs;
  readonly #checks: ReadonlyMap<string, Map<string, EncapCheck>>;
  /** Copies of the checks that have not changed since. */
  readonly #copies = new Map<string, EncapChecks>();
  /** True when a server has answered through a tunnel since the start. */
  #isProven: boolean;

  /** `past`: the state before a reload. */
  constructor(config: Config, past?: EncapState) {
    this.pairs = encapPairs(config, past?.pairs);
    const before = past && { pairs: past.pairs, checks: past.#checks };
    this.#checks = checksOf(this.pairs, before);
    this.#isProven = past !== undefined && past.#isProven;
  }

  /** The checks of a frontend, which change later; undefined: it has no pool with `encap`. */
  of(frontend: string): EncapChecks | undefined {
    return this.#checks.get(frontend);
  }

  /** The checks as a part of a snapshot: `copied`, or the present ones, which change later. */
  part(copied: boolean): { readonly encap?: AllEncapChecks } {
    if (this.#checks.size === 0) return NO_PART;
    return { encap: copied ? this.#copied() : this.#checks };
  }

  /** Counts a result. Returns the change when the check fails or passes now and did not before. */
  step(
    { frontend, backend }: EncapPair,
    { result, atMs, state }: {
      readonly result: ProbeResult;
      readonly atMs: WallMs;
      /** The state of the backend. */
      readonly state: CountedState;
    },
  ): PolicyChange | undefined {
    const checks = this.#checks.get(frontend);
    const before = checks?.get(backend);
    invariant(checks !== undefined && before !== undefined, `${frontend} has no ${backend}`);
    if (result.ok) this.#isProven = true;
    const after = stepEncap(before, result, atMs);
    checks.set(backend, after);
    this.#copies.delete(frontend);
    if (isEncapFailed(before) === isEncapFailed(after)) return undefined;
    return changeOf({ frontend, backend }, { check: after, state, isProven: this.#isProven });
  }

  #copied(): AllEncapChecks {
    return new Map([...this.#checks].map(([frontend, checks]) => {
      let copy = this.#copies.get(frontend);
      if (copy === undefined) this.#copies.set(frontend, copy = new Map(checks));
      return [frontend, copy];
    }));
  }
}

const NO_PART = {};

/** What all servers have in common is more likely the cause than each of them. */
const NEVER_PASSED = "no server has answered through a tunnel since the start: look first at the " +
  "firewall of this host, and at the tunnel's source";

function changeOf(
  at: { readonly frontend: string; readonly backend: string },
  { check, state, isProven }: {
    readonly check: EncapCheck;
    readonly state: CountedState;
    readonly isProven: boolean;
  },
): PolicyChange {
  if (!isEncapFailed(check)) {
    const message = "it answers through VPP's tunnel again";
    return { event: "encap-passed", ...at, message };
  }
  const where = state === "up"
    ? "it answers on its own address, but not through VPP's tunnel"
    : "it does not answer through VPP's tunnel";
  const effect = check.mode === "on"
    ? "it counts as down in this frontend"
    : "its weight stays (encap: warn)";
  const { detail = "" } = check.lastResult ?? {};
  const hint = isProven ? "" : `; ${NEVER_PASSED}`;
  return { event: "encap-failed", ...at, message: `${where}, so ${effect}: ${detail}${hint}` };
}
