/** Answers to operators' requests for a fleet: why one is refused, and what became of a write. */
import { MaglevError } from "../../../base/errors.ts";
import type { WriteOutcome } from "../../book/store.ts";
import { decodeValue } from "../../book/values.ts";
import type { OperatorId } from "../../../intent/intent.ts";
import type { FleetMember } from "../member.ts";

/** A request that was done. */
export interface FleetDone {
  readonly id: string;
  readonly revision: number;
  /** Load balancers that hold it, or have not applied it yet; empty: all have. */
  readonly warning: string;
}

/** Longest wait until this load balancer has applied its own request. */
export const APPLIED_MS = 2000;

/** Why the fleet takes no request; undefined: it does. */
export function storeProblem(member: FleetMember): MaglevError | undefined {
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

/** The error while the store is away. */
export function awayError(member: FleetMember): MaglevError {
  const { store } = member;
  const names = member.roster.members().map(({ lb }) => lb);
  const why = "reason" in store && store.reason !== "" ? `: ${store.reason}` : "";
  return new MaglevError(
    "unavailable",
    `cannot reach the fleet's store${why}; nothing was changed; without a scope it is done on each: ` +
      `maglevc --server ${names.length === 0 ? "LB1,LB2" : names.join(",")} …`,
  );
}

/** The error of a write that was not done, or whose outcome is unknown. */
export function failureOf(
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
export async function reached(member: FleetMember, revision: number): Promise<void> {
  await bounded(member, () => member.mirror.revision >= revision, APPLIED_MS);
}

/** Waits for a condition, at most this long. */
export async function bounded(
  member: FleetMember,
  holds: () => boolean,
  deadlineMs: number,
): Promise<void> {
  const abort = new AbortController();
  const timer = member.options.clock.after(deadlineMs, () => abort.abort());
  await member.until(holds, abort.signal);
  timer.cancel();
}
