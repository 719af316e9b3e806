/** Decides which intents of its fleet this load balancer obeys, and carries the decision out. */
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import type { Checker } from "../../checker/checker.ts";
import type { Book } from "../book/book.ts";
import { keyedWishesOf } from "../book/file.ts";
import type { FrontendShift } from "../book/foretold.ts";
import { decide, type Decision, type KeyedWish, type Step } from "../book/guard.ts";
import { appliesTo, type Place } from "../book/keys.ts";
import { logDecision } from "./log.ts";
import type { WishHere } from "./view.ts";

/** A wish whose time is over waits so long for its end by the store, while that answers. */
export const END_GRACE_MS = 5000;

export interface ObedienceOptions {
  readonly place: Place;
  readonly checker: Pick<Checker, "current" | "fleet">;
  /** The frontends whose new flows move between two sets of intents. */
  readonly foresee: (change: Step) => readonly FrontendShift[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A wish that is held is not forecast again for this time. */
const FORESEEN_MS = 5000;

/** What is decided about: a book, and whether the store answers. */
export interface Present {
  readonly book: Book;
  readonly isStoreUp: boolean;
}

export class Obedience {
  readonly #options: ObedienceOptions;
  #decision: Decision;
  #reasons: Reasons = { held: new Map(), unfit: new Map() };
  /** Ids of the wishes that this clock ended: they do not return with the store. */
  #ended: ReadonlySet<string> = new Set();
  /** Forecasts of held wishes, by id. */
  #foreseen = new Map<
    string,
    { readonly shifts: readonly FrontendShift[]; readonly atMs: MonotonicMs }
  >();

  /** `obeyed`: in force already, from the book of the previous process. */
  constructor(options: ObedienceOptions, obeyed: ReadonlyMap<string, KeyedWish>) {
    this.#options = options;
    this.#decision = { obeyed, held: [], unfit: [] };
  }

  get decision(): Decision {
    return this.#decision;
  }

  /** Decides about all wishes; `always`: the configuration changed. */
  evaluate(present: Present, { always = false }: { readonly always?: boolean } = {}): void {
    const { checker, logger, place } = this.#options;
    const { config, backends, intents } = checker.current;
    const before = this.#decision;
    const wishes = keyedWishesOf(present.book);
    const over = wishes.filter((wish) => this.#isOver(wish, present));
    this.#ended = new Set(over.map(({ id }) => id));
    const wanted = wishes.filter((wish) => !this.#ended.has(wish.id) && this.#isHere(wish));
    const decision = decide({
      wanted,
      obeyed: before.obeyed,
      config,
      backends,
      intents,
      isEmptied: (frontend, weights) => checker.fleet.isEmptied(frontend, weights),
      lb: place.lb,
      foresee: (wish, change) => this.#foresee(wish, change),
    });
    const reasons = reasonsOf(decision);
    for (const id of [...this.#foreseen.keys()]) {
      if (!reasons.held.has(id)) this.#foreseen.delete(id);
    }
    this.#decision = decision;
    this.#reasons = reasons;
    if (always || !sameWishes(before.obeyed, decision.obeyed)) {
      checker.fleet.put([...decision.obeyed.values()].map(({ intent }) => intent));
    }
    logDecision(logger, before, decision);
  }

  /** What became of a wish here. */
  here(wish: KeyedWish, present: Present): WishHere {
    if (!this.#isHere(wish)) return { kind: "elsewhere" };
    if (this.#isOver(wish, present)) return { kind: "over" };
    if (this.#decision.obeyed.get(wish.key)?.id === wish.id) return { kind: "obeyed" };
    const { held, unfit } = this.#reasons;
    const cause = unfit.get(wish.id);
    if (cause !== undefined) return { kind: "unfit", reason: cause };
    return { kind: "held", reason: held.get(wish.id) ?? "not decided yet" };
  }

  #foresee({ id }: KeyedWish, change: () => Step): readonly FrontendShift[] {
    const { clock, foresee } = this.#options;
    const known = this.#foreseen.get(id);
    const nowMs = clock.monotonicMs();
    if (known !== undefined && nowMs < later(known.atMs, FORESEEN_MS)) return known.shifts;
    const shifts = foresee(change());
    this.#foreseen.set(id, { shifts, atMs: nowMs });
    return shifts;
  }

  #isHere({ intent }: KeyedWish): boolean {
    return appliesTo(intent.scope, this.#options.place);
  }

  /** While the store answers, it ends a wish; else this load balancer's own clock does. */
  #isOver({ id, intent: { untilMs } }: KeyedWish, { isStoreUp }: Present): boolean {
    if (untilMs === undefined) return false;
    if (this.#ended.has(id)) return true;
    const graceMs = isStoreUp ? END_GRACE_MS : 0;
    return untilMs + graceMs <= this.#options.clock.wallMs();
  }
}

/** Why wishes are not obeyed, by id. */
interface Reasons {
  readonly held: ReadonlyMap<string, string>;
  readonly unfit: ReadonlyMap<string, string>;
}

function reasonsOf({ held, unfit }: Decision): Reasons {
  const byId = (list: Decision["held"]) => new Map(list.map(({ id, reason }) => [id, reason]));
  return { held: byId(held), unfit: byId(unfit) };
}

function sameWishes(
  a: ReadonlyMap<string, KeyedWish>,
  b: ReadonlyMap<string, KeyedWish>,
): boolean {
  return a.size === b.size && [...a].every(([key, { id }]) => b.get(key)?.id === id);
}
