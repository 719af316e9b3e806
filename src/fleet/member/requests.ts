/** Operators' requests for intents of a fleet. Each is one compare-and-set, and never repeated. */
import { formatDuration } from "../../base/duration.ts";
import { MaglevError } from "../../base/errors.ts";
import { later, type WallMs } from "../../base/instant.ts";
import { listWords } from "../../base/text.ts";
import { type Intent, intentId, type OperatorId } from "../../intent/intent.ts";
import { MAX_ENTRIES } from "../book/book.ts";
import { wishOf } from "../book/file.ts";
import { boundedPlans, type Foretold } from "../book/foretold.ts";
import type { KeyedWish } from "../book/guard.ts";
import { appliesTo, isScope, keyOf, MAX_KEY_LENGTH, META, scopeOfKey } from "../book/keys.ts";
import type { StoreWrite, WriteOutcome } from "../book/store.ts";
import {
  decodeMeta,
  decodeValue,
  encodeMeta,
  encodeTombstone,
  encodeWish,
  MAX_VALUE_LENGTH,
  type Wish,
} from "../book/values.ts";
import type { FleetMember } from "./member.ts";
import type { FleetView } from "./view.ts";

/** Longest wait until this load balancer has applied its own request. */
const APPLIED_MS = 2000;
/** Longest wait for the other load balancers after that. */
const OTHERS_MS = 1500;
/** Writes at a time while a book is written back. */
const AT_ONCE = 16;

/** An intent that a fleet shares, in place of one of the same key. */
export type ScopedIntent = Wish["intent"];

/** A request that was done. */
export interface FleetDone {
  readonly id: string;
  readonly revision: number;
  /** Load balancers that hold it, or have not applied it yet; empty: all have. */
  readonly warning: string;
}

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

/**
 * Writes this load balancer's book into the store, which then has its identity. Keys first, the
 * identity last: the others do not believe the store before.
 */
export async function restoreStore(member: FleetMember): Promise<FleetDone | MaglevError> {
  const { kind } = member.store;
  if (kind === "away" || kind === "connecting") return awayError(member);
  if (member.book.meta === undefined) {
    const message = "cannot restore the store: this load balancer has no book of it";
    return new MaglevError("failed-precondition", message);
  }
  const { store, newUuid } = member.options;
  member.beginRestore();
  let meta;
  try {
    const present = member.mirror.values.get(META);
    const theirs = present && decodeMeta(present.text);
    const { uuid = newUuid(), restored } = member.book.meta;
    const next = { uuid, restored: Math.max(restored, theirs?.restored ?? 0) + 1 };
    const writes = restoringWrites(member);
    for (let at = 0; at < writes.length; at += AT_ONCE) {
      const outcomes = await Promise.all(
        writes.slice(at, at + AT_ONCE).map((write) => store.write(write)),
      );
      const failed = outcomes.find((outcome) => outcome.kind !== "done");
      if (failed !== undefined) return restoreFailure(failed);
    }
    const ifRevision = present?.revision ?? 0;
    const outcome = await store.write({ key: META, text: encodeMeta(next), ifRevision });
    if (outcome.kind !== "done") return restoreFailure(outcome);
    await reached(member, outcome.revision);
    meta = next;
    return { id: "", revision: outcome.revision, warning: "" };
  } finally {
    member.finishRestore(meta);
  }
}

/** The writes after which the store has the intents of the book, and no others. */
function restoringWrites({ book, mirror }: FleetMember): readonly StoreWrite[] {
  const revisionOf = (key: string) => mirror.values.get(key)?.revision ?? 0;
  const put = [...book.entries.values()].filter(({ key, text, value }) =>
    value.kind !== "ignored" && mirror.values.get(key)?.text !== text
  );
  // An older backup has intents that were ended, and whose ends were removed since.
  const revived = [...mirror.values.keys()].filter((key) =>
    scopeOfKey(key) !== undefined && !book.entries.has(key)
  );
  return [
    ...put.map(({ key, text }) => ({ key, text, ifRevision: revisionOf(key) })),
    ...revived.map((key) => ({ key, text: undefined, ifRevision: revisionOf(key) })),
  ];
}

/** Believes the store as it is, and drops the book. */
export function forgetBook(member: FleetMember): FleetDone | MaglevError {
  const { kind } = member.store;
  if (kind === "away" || kind === "connecting") return awayError(member);
  member.forget();
  return { id: "", revision: member.book.revision, warning: "" };
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

/** Why the fleet takes no request; undefined: it does. */
function storeProblem(member: FleetMember): MaglevError | undefined {
  const { store } = member;
  switch (store.kind) {
    case "ok":
      return undefined;
    case "connecting":
    case "away":
      return awayError(member);
    default:
      return new MaglevError(
        "failed-precondition",
        `cannot use the fleet's store: ${store.reason}; see \`show fleet intents\`, then ` +
          "`fleet restore` writes this load balancer's book back, `fleet forget` takes the store's",
      );
  }
}

function awayError(member: FleetMember): MaglevError {
  const { store } = member;
  const names = member.roster.members().map(({ lb }) => lb);
  const why = "reason" in store && store.reason !== "" ? `: ${store.reason}` : "";
  return new MaglevError(
    "unavailable",
    `cannot reach the fleet's store${why}; nothing was changed; without a scope it is done on each: ` +
      `maglevc --server ${names.length === 0 ? "LB1,LB2" : names.join(",")} …`,
  );
}

function failureOf(
  member: FleetMember,
  asked: { readonly key: string; readonly id: string; readonly ifRevision: number },
  outcome: Exclude<WriteOutcome, { kind: "done" }>,
): MaglevError {
  switch (outcome.kind) {
    case "away":
      return awayError(member);
    case "refused":
      return new MaglevError("failed-precondition", refusedText(outcome.reason));
    case "unknown":
      member.unsettled.add(asked);
      return new MaglevError(
        "deadline-exceeded",
        `the outcome of intent ${asked.id} is unknown: ${outcome.reason}; it is not sent again, and ` +
          "`show fleet intents` shows it if it was done",
      );
    case "conflict":
      return new MaglevError("aborted", `nothing was changed: ${conflictText(outcome.present)}`);
  }
}

function refusedText(reason: string): string {
  const hint = /space exceeded/.test(reason)
    ? "; the store is full: compact and defragment it, and set its automatic compaction"
    : "";
  return `the store refused it: ${reason}${hint}`;
}

function restoreFailure(outcome: WriteOutcome): MaglevError {
  const reason = "reason" in outcome ? outcome.reason : "another one writes to it";
  return new MaglevError("aborted", `cannot restore the store: ${reason}; try again`);
}

/** What another writer did. */
function conflictText(present: Extract<WriteOutcome, { kind: "conflict" }>["present"]): string {
  const value = present && decodeValue(present.key, present.text);
  if (value === undefined || value.kind === "ignored") {
    return "the store changed meanwhile; look at it and try again";
  }
  if (value.kind === "ended") {
    const { by, atMs, reason } = value.tombstone;
    return `${whoText(by)} ended it at ${new Date(atMs).toISOString()}${reasonText(reason)}`;
  }
  const { intent, id } = value.wish;
  const at = new Date(intent.sinceMs).toISOString();
  return `${whoText(intent.by)} put ${intent.kind} ${id} there at ${at}${
    reasonText(intent.reason)
  }`;
}

function whoText({ peer, identity }: OperatorId): string {
  return identity === "" ? peer : identity;
}

function reasonText(reason: string): string {
  return reason === "" ? "" : ` (${reason})`;
}

/** Waits until this load balancer has applied a revision. */
async function reached(member: FleetMember, revision: number): Promise<void> {
  await bounded(member, () => member.mirror.revision >= revision, APPLIED_MS);
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
  const { place } = member.options;
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
  return { id, revision, warning: notes.join("; ") };
}

const HOLDS = { held: "holds", unfit: "cannot obey" } as const;

async function bounded(
  member: FleetMember,
  holds: () => boolean,
  deadlineMs: number,
): Promise<void> {
  const abort = new AbortController();
  const timer = member.options.clock.after(deadlineMs, () => abort.abort());
  await member.until(holds, abort.signal);
  timer.cancel();
}

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

  restore(): Promise<FleetDone | MaglevError> {
    return restoreStore(this.#member);
  }

  forget(): FleetDone | MaglevError {
    return forgetBook(this.#member);
  }
}
