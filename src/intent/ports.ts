/** Interfaces of a store of intents. */
import type { Intent } from "./intent.ts";

/** Durability of operators' intents beyond the process. */
export type Durability =
  /** Not durable, because there is no state directory. */
  | { readonly kind: "off" }
  /** They are on disk. */
  | { readonly kind: "stored" }
  /** They could not be saved yet; `message` is the reason. Saving is retried. */
  | { readonly kind: "failed"; readonly message: string };

/** Keeps intents over the end of the process. */
export interface IntentStore {
  /**
   * Saves these intents in place of all earlier ones. Of calls that wait for the disk only the
   * newest set is written. Resolves in bounded time and never rejects.
   */
  save(intents: () => readonly Intent[]): Promise<Durability>;
}

/** Operators' intents of the previous process, and the store for those of this one. */
export interface KeptIntents {
  /** As read from disk; restoreIntents() drops those too old, at their end, or overtaken. */
  readonly kept: readonly Intent[];
  /** Older intents are dropped; milliseconds. */
  readonly maxAgeMs: number;
  readonly store: IntentStore;
}
