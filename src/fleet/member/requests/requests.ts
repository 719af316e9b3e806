/** Operators' requests for intents of a fleet. Each is one compare-and-set, and never repeated. */
import { orLate } from "../../../async/deadline.ts";
import { formatDuration } from "../../../base/duration.ts";
import { MaglevError } from "../../../base/errors.ts";
import { later, type WallMs } from "../../../base/instant.ts";
import { listWords } from "../../../base/text.ts";
import { type Intent, intentId, type OperatorId } from "../../../intent/intent.ts";
import { MAX_ENTRIES } from "../../book/book.ts";
import { wishOf } from "../../book/file.ts";
import { boundedPlans, type Foretold } from "../../book/foretold.ts";
import type { KeyedWish } from "../../book/guard.ts";
import { appliesTo, isScope, keyOf, MAX_KEY_LENGTH } from "../../book/keys.ts";
import { encodeTombstone, encodeWish, MAX_VALUE_LENGTH, type Wish } from "../../book/values.ts";
import type { FleetMember } from "../member.ts";
import { APPLIED_MS, bounded, failureOf, type FleetDone, storeProblem } from "./answers.ts";
import { forgetBook, restoreStore } from "./restore.ts";
import { type RolloutRequest, startRollout, stepRollout } from "./rollout.ts";
import type { FleetView } from "../view.ts";

/** Longest wait for the other load balancers after that. */
const OTHERS_MS = 1500;
/** Longest wait for the disk, as that of an intent without a scope. */
const STORED_MS = 5000;

/** An intent that a fleet shares, in place of one of the same key. */
export type ScopedIntent = Wish["intent"];

/** Puts an intent into the store, in place of an older one of its scope. */
export async function putWish(
  member: FleetMember,
  { intent: asked, force, plans = [] }: {
    readonly intent: ScopedIntent;
    readonly force: boolean;
    /** What its operator was shown; default: nothing. */
    readonly plans?: readonly Foretold[];
  },
): Promise<FleetDone | MaglevError> {
  const refused = scopeProblem(asked.scope) ?? storeProblem(member) ?? endProblem(member, asked);
  if (refused !== undefined) return refused;
  const key = keyOf(asked);
  if (new TextEncoder().encode(key).length > MAX_KEY_LENGTH) {
    const message = `cannot share the intent: need a key of at most ${MAX_KEY_LENGTH} bytes`;
    return new MaglevError("invalid-argument", message);
  }
  const present = member.mirror.values.get(key);
  if (present === undefined && member.book.entries.size >= MAX_ENTRIES) {
    const message = `cannot share the intent: need fewer than ${MAX_ENTRIES} in the store`;
    return new MaglevError("resource-exhausted", message);
  }
  const before = wishOf(member.book.entries.get(key));
  const sinceMs = Math.max(
    asked.sinceMs,
    before === undefined ? 0 : later(before.intent.sinceMs, 1),
  );
  const { forMs: _, ...rest } = { ...asked, sinceMs: sinceMs as WallMs };
  const intent: ScopedIntent = rest;
  const id = intentId(intent);
  const via = member.options.place.lb;
  const text = encodeWish({ intent, id, via, force, plans: boundedPlans(plans) });
  if (text.length > MAX_VALUE_LENGTH) {
    const message =
      `cannot share the intent: need a value of at most ${MAX_VALUE_LENGTH} characters`;
    return new MaglevError("invalid-argument", message);
  }
  const ifRevision = present?.revision ?? 0;
  const outcome = await member.options.store.write({
    key,
    text,
    ifRevision,
    ifValue: member.metaCondition(),
  });
  if (outcome.kind !== "done") return failureOf(member, { key, id, ifRevision }, outcome);
  return await followed(member, { id, revision: outcome.revision, intent });
}

/** Ends an intent of the fleet. */
export async function endWish(
  member: FleetMember,
  { id, by, reason, nowMs }: {
    readonly id: string;
    readonly by: OperatorId;
    readonly reason: string;
    readonly nowMs: WallMs;
  },
): Promise<FleetDone | MaglevError> {
  const refused = storeProblem(member);
  if (refused !== undefined) return refused;
  const wish = findWish(member, { id });
  if (wish === undefined) {
    return new MaglevError("not-found", `cannot end intent ${id}: the fleet does not have it`);
  }
  const { place, store } = member.options;
  const atMs = Math.floor(nowMs) as WallMs;
  const tombstone = { id: wish.id, by, via: place.lb, reason, atMs, cause: "ended" } as const;
  const ifRevision = wish.revision;
  const outcome = await store.write({
    key: wish.key,
    text: encodeTombstone(tombstone),
    ifRevision,
    ifValue: member.metaCondition(),
  });
  const asked = { key: wish.key, id: wish.id, ifRevision };
  if (outcome.kind !== "done") return failureOf(member, asked, outcome);
  const { revision } = outcome;
  return await followed(member, { id: wish.id, revision, intent: wish.intent });
}

/** The intent of the fleet with this key or id. */
export function findWish(
  { book }: FleetMember,
  { key, id }: { readonly key?: string | undefined; readonly id?: string | undefined },
): KeyedWish | undefined {
  if (key !== undefined) return wishOf(book.entries.get(key));
  for (const entry of book.entries.values()) {
    const wish = wishOf(entry);
    if (wish?.id === id) return wish;
  }
  return undefined;
}

function scopeProblem(scope: string): MaglevError | undefined {
  if (isScope(scope)) return undefined;
  const message = `cannot take scope ${JSON.stringify(scope)}: need fleet, site=NAME or lb=NAME`;
  return new MaglevError("invalid-argument", message);
}

/** An end that is over by a clock of the fleet: that load balancer would end the intent. */
function endProblem(member: FleetMember, { untilMs }: ScopedIntent): MaglevError | undefined {
  const nowMs = member.options.clock.wallMs();
  const ahead = member.roster.members().find(({ present, skewMs = 0 }) =>
    present && untilMs !== undefined && untilMs <= nowMs + skewMs
  );
  if (ahead === undefined) return undefined;
  const by = formatDuration(ahead.skewMs ?? 0);
  return new MaglevError(
    "invalid-argument",
    `cannot share the intent: its end is over by the clock of ${ahead.lb}, which is ahead by ${by}`,
  );
}

/** Waits for the load balancers of an intent, and reports those that do not obey it. */
async function followed(
  member: FleetMember,
  { id, revision, intent }: {
    readonly id: string;
    readonly revision: number;
    readonly intent: Intent & { readonly scope: string };
  },
): Promise<FleetDone> {
  await bounded(member, () => member.book.revision >= revision, APPLIED_MS);
  const { place, clock } = member.options;
  const stored = orLate(member.stored, {
    clock,
    deadlineMs: STORED_MS,
    late: () => `it takes longer than ${STORED_MS / 1000} s`,
  });
  const concerned = () =>
    member.roster.members().filter(({ lb, status: { site } }) =>
      lb !== place.lb && appliesTo(intent.scope, { lb, site })
    );
  const behindOf = () =>
    concerned().filter(({ present, status }) => present && status.applied < revision);
  await bounded(member, () => behindOf().length === 0, OTHERS_MS);
  const notes: string[] = [];
  const here = member.view.wishes.find((wish) => wish.id === id)?.here;
  if (here?.kind === "held" || here?.kind === "unfit") {
    notes.push(`${place.lb} ${HOLDS[here.kind]} it: ${here.reason}`);
  }
  for (const { lb, present, status } of concerned()) {
    const held = status.held.find((each) => each.id === id);
    const unfit = status.unfit.find((each) => each.id === id);
    if (held !== undefined) notes.push(`${lb} holds it: ${held.reason}`);
    else if (unfit !== undefined) notes.push(`${lb} cannot obey it: ${unfit.reason}`);
    else if (!present) notes.push(`${lb} is away`);
  }
  const behind = behindOf().map(({ lb }) => lb);
  if (behind.length > 0) notes.push(`not applied yet by ${listWords(behind, "and")}`);
  const problem = await stored;
  if (problem !== "") notes.push(`${place.lb} does not have it on disk yet: ${problem}`);
  return { id, revision, warning: notes.join("; ") };
}

const HOLDS = { held: "holds", unfit: "cannot obey" } as const;

/** Operators' requests to one member, for the API: its code is loaded with the store's. */
export class FleetRequests {
  readonly #member: FleetMember;

  constructor(member: FleetMember) {
    this.#member = member;
  }

  get view(): FleetView {
    return this.#member.view;
  }

  get storeKind(): string {
    return this.#member.store.kind;
  }

  put(request: Parameters<typeof putWish>[1]): Promise<FleetDone | MaglevError> {
    return putWish(this.#member, request);
  }

  end(request: Parameters<typeof endWish>[1]): Promise<FleetDone | MaglevError> {
    return endWish(this.#member, request);
  }

  /** The intent of the fleet with this id, or in the place of this one. */
  find(which: { readonly id: string } | { readonly like: ScopedIntent }): KeyedWish | undefined {
    return findWish(this.#member, "like" in which ? { key: keyOf(which.like) } : which);
  }

  startRollout(request: RolloutRequest): Promise<FleetDone | MaglevError> {
    return startRollout(this.#member, request);
  }

  stepRollout(request: Parameters<typeof stepRollout>[1]): Promise<FleetDone | MaglevError> {
    return stepRollout(this.#member, request);
  }

  restore(): Promise<FleetDone | MaglevError> {
    return restoreStore(this.#member);
  }

  forget(): FleetDone | MaglevError {
    return forgetBook(this.#member);
  }
}
