/** Interfaces of a store of intents. */
import type { Intent } from "./intent.ts";

/** Durability of operators' intents beyond the process. */
export type Durability =
  /** Not durable, because there is no state directory. */
  | { readonly kind: "off" }
  /** The disk holds them. */
  | { readonly kind: "stored" }
  /** The disk does not hold them yet, for this reason; it is tried again. */
  | { readonly kind: "failed"; readonly message: string };

/** Keeps intents over the end of the process. */
export interface IntentStore {
  /**
   * Asks for these intents, and no others, to be kept. Of requests that wait for the disk the
   * newest counts for all. Settles in bounded time and never rejects.
   */
  save(intents: () => readonly Intent[]): Promise<Durability>;
}

/** Operators' intents of an earlier life, and where those of this one go. */
export interface KeptIntents {
  /** As they were read; those that are too old, at their end, or overtaken are sorted out here. */
  readonly kept: readonly Intent[];
  /** Older ones are dropped, in milliseconds. */
  readonly maxAgeMs: number;
  readonly store: IntentStore;
}
