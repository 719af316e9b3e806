/** PURE. This load balancer's part in a fleet, as values for the API, the metrics and the log. */
import type { WallMs } from "../../base/instant.ts";
import type { KeyedWish } from "../book/guard.ts";
import type { Place } from "../book/keys.ts";
import type { Tombstone } from "../book/values.ts";
import type { RolloutLb } from "../book/rollout/gate.ts";
import type { Rollout } from "../book/rollout/rollout.ts";
import type { Member } from "./roster.ts";

/** The store, as this load balancer sees it. */
export type StoreState =
  | { readonly kind: "connecting"; readonly sinceMs: WallMs }
  /** Its content is believed. */
  | { readonly kind: "ok"; readonly sinceMs: WallMs }
  | { readonly kind: "away"; readonly sinceMs: WallMs; readonly reason: string }
  /** It answers with a content that is not this fleet's. */
  | { readonly kind: "foreign"; readonly sinceMs: WallMs; readonly reason: string }
  /** It answers with a content that lost intents. */
  | { readonly kind: "suspect"; readonly sinceMs: WallMs; readonly reason: string };

/** What became of a wish on this load balancer. */
export type WishHere =
  | { readonly kind: "obeyed" }
  | { readonly kind: "held"; readonly reason: string }
  | { readonly kind: "unfit"; readonly reason: string }
  /** It is for others. */
  | { readonly kind: "elsewhere" }
  /** Its time is over. */
  | { readonly kind: "over" };

/** A wish that was ended. */
export interface EndedWish extends Tombstone {
  readonly scope: string;
  /** A backend, or a frontend, a pool and a backend. */
  readonly target: readonly string[];
}

export interface FleetView {
  readonly fleet: string;
  readonly place: Place;
  readonly store: StoreState;
  /** Time since the store was heard last; undefined: never. */
  readonly silentMs: number | undefined;
  /** Of the last change of an intent that is applied. */
  readonly revision: number;
  /** Undefined: nothing was ever believed. */
  readonly uuid: string | undefined;
  /** When the book in force was last confirmed by the store; undefined: never. */
  readonly confirmedMs: WallMs | undefined;
  readonly wishes: readonly (KeyedWish & { readonly here: WishHere })[];
  /** The newest first. */
  readonly ended: readonly EndedWish[];
  readonly members: readonly Member[];
  /** Another process has the name of this load balancer. */
  readonly nameTaken: boolean;
  /** Values of the store that are not obeyed, by reason. */
  readonly ignored: ReadonlyMap<string, number>;
  /** Undefined: the fleet has no rollout. */
  readonly rollout: RolloutView | undefined;
}

/** A rollout, and what became of it on each load balancer. */
export interface RolloutView extends Rollout {
  readonly wavesText: string;
  /** `wave` from 0; undefined: it is in none. */
  readonly lbs: readonly (RolloutLb & { readonly wave: number | undefined })[];
}
