/** What an operator does with a store that is not believed. */
import { MaglevError } from "../../../base/errors.ts";
import { META, ROLLOUT, scopeOfKey } from "../../book/keys.ts";
import type { StoreWrite, WriteOutcome } from "../../book/store.ts";
import { decodeMeta, encodeMeta } from "../../book/values.ts";
import type { FleetMember } from "../member.ts";
import { awayError, type FleetDone, reached } from "./answers.ts";

/** Writes at a time while a book is written back. */
const AT_ONCE = 16;

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
  // A backup may have one that is open; an operator begins it again.
  const rollouts = mirror.values.has(ROLLOUT) ? [ROLLOUT] : [];
  return [
    ...put.map(({ key, text }) => ({ key, text, ifRevision: revisionOf(key) })),
    ...[...revived, ...rollouts].map((key) => ({
      key,
      text: undefined,
      ifRevision: revisionOf(key),
    })),
  ];
}

/** Believes the store as it is, and drops the book. */
export function forgetBook(member: FleetMember): FleetDone | MaglevError {
  const { kind } = member.store;
  if (kind === "away" || kind === "connecting") return awayError(member);
  member.forget();
  return { id: "", revision: member.book.revision, warning: "" };
}

function restoreFailure(outcome: WriteOutcome): MaglevError {
  const reason = "reason" in outcome ? outcome.reason : "another one writes to it";
  return new MaglevError("aborted", `cannot restore the store: ${reason}; try again`);
}
