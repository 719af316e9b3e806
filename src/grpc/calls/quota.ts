/**
 * Limits how many streams of one kind are open at the same time. Untrusted callers have a limit of
 * their own, so that they cannot keep out those of this host and those with credentials. PURE.
 */
import { MaglevError } from "../../base/errors.ts";

export interface QuotaLimits {
  /** For callers of this host, and those with credentials. */
  readonly trusted: number;
  /** For all others. */
  readonly untrusted: number;
}

export class StreamQuota {
  readonly #limits: QuotaLimits;
  readonly #taken = { trusted: 0, untrusted: 0 };

  constructor(limits: QuotaLimits) {
    this.#limits = limits;
  }

  /** Takes a place; the returned function frees it, once. Undefined when all are taken. */
  take({ trusted }: { readonly trusted: boolean }): (() => void) | undefined {
    const whose = trusted ? "trusted" : "untrusted";
    if (this.#taken[whose] >= this.#limits[whose]) return undefined;
    this.#taken[whose]++;
    let held = true;
    return () => {
      if (held) this.#taken[whose]--;
      held = false;
    };
  }
}

/** The error for a watcher when all places are taken. */
export function tooManyWatchers(
  { trusted }: { readonly trusted: boolean },
  limits: QuotaLimits,
): MaglevError {
  const message = trusted
    ? `cannot watch: ${limits.trusted} watchers already connected`
    : `cannot watch: ${limits.untrusted} watchers without credentials from other hosts already connected`;
  return new MaglevError("resource-exhausted", message);
}
