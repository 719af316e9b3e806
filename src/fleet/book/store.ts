/**
 * PURE. The store that a fleet shares, as its users see it: keys with texts under one prefix, one
 * order of all changes, and compare-and-set. etcd is behind it (../etcd/), in tests a store in memory.
 */

import type { MonotonicMs } from "../../base/instant.ts";

/** A key with its text. */
export interface StoredValue {
  /** Below the prefix of the fleet. */
  readonly key: string;
  readonly text: string;
  /** Revision of its last change. */
  readonly revision: number;
}

/** Everything that the store has, at one revision. */
export interface StoreSnapshot {
  readonly revision: number;
  readonly values: readonly StoredValue[];
}

/** A change of a key; without a text it was removed. */
export interface StoreChange {
  readonly key: string;
  readonly text: string | undefined;
  readonly revision: number;
}

/** Called by a store from start() to stop(). Every snapshot is complete, and changes follow it in order. */
export interface StoreListener {
  /** The store answers, and its changes are followed from `snapshot` on. */
  onSnapshot(snapshot: StoreSnapshot): void;
  onChanges(changes: readonly StoreChange[], revision: number): void;
  /** The store does not answer; a snapshot follows when it does again. */
  onAway(reason: string): void;
  /** The values of this load balancer's lease are gone. */
  onLeaseGone(): void;
}

/** A write of one key. */
export interface StoreWrite {
  readonly key: string;
  /** Undefined: the key is removed. */
  readonly text: string | undefined;
  /** It is done only if the key has this revision; 0: if it is absent. */
  readonly ifRevision: number;
  /** It is done only if this other key has this text. */
  readonly ifValue?: { readonly key: string; readonly text: string } | undefined;
  /** The key ends with this load balancer's lease. */
  readonly leased?: boolean;
}

/** The outcome of a write. */
export type WriteOutcome =
  | { readonly kind: "done"; readonly revision: number }
  /** Not done, because a condition does not hold; `present` is the key, `undefined` when it is absent. */
  | { readonly kind: "conflict"; readonly present: StoredValue | undefined }
  /** Not done, by the store's decision. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Not done, because the store does not answer. */
  | { readonly kind: "away"; readonly reason: string }
  /** Sent and not answered: it may have been done, or be done later. */
  | { readonly kind: "unknown"; readonly reason: string };

/** A store of one fleet. */
export interface FleetStore {
  /** When the store was heard last; undefined: never, or it is not observed. */
  readonly heardMs?: MonotonicMs | undefined;
  start(listener: StoreListener): void;
  /** Resolves in bounded time and never rejects. It is never repeated. */
  write(write: StoreWrite): Promise<WriteOutcome>;
  /** Ends the lease and the connection; no callback is called any longer. */
  stop(): Promise<void>;
}
