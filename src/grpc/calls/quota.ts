/**
 * Places for what there may not be many of at once. Callers that nothing is known of have theirs
 * apart, so that they cannot keep out those of this host and those with credentials. PURE.
 */
import { MaglevError } from "../../base/errors.ts";

export interface PlaceCounts {
  /** For callers of this host, and those with credentials. */
  readonly known: number;
  /** For all others. */
  readonly strangers: number;
}

export class Places {
  readonly counts: PlaceCounts;
  readonly #taken = { known: 0, strangers: 0 };

  constructor(counts: PlaceCounts) {
    this.counts = counts;
  }

  /** Takes a place; the result gives it back, once. Undefined when all are taken. */
  take({ known }: { readonly known: boolean }): (() => void) | undefined {
    const whose = known ? "known" : "strangers";
    if (this.#taken[whose] >= this.counts[whose]) return undefined;
    this.#taken[whose]++;
    let held = true;
    return () => {
      if (held) this.#taken[whose]--;
      held = false;
    };
  }
}

/** What a watcher is told who gets no place. */
export function tooManyWatchers(
  { known }: { readonly known: boolean },
  counts: PlaceCounts,
): MaglevError {
  const message = known
    ? `${counts.known} watchers already connected`
    : `${counts.strangers} watchers from other hosts without credentials already connected`;
  return new MaglevError("resource-exhausted", message);
}
