/** PURE. What one load balancer publishes of a rollout: a part of its status. */
import { isRecord, isText, type JsonRecord } from "../../../intent/file.ts";

export const ANSWER_STATES = [
  /** Its wave is not open, or it is in none. */
  "closed",
  /** It may, and cannot yet; the note has what it waits for. */
  "waiting",
  "applying",
  /** It has the configuration in force. */
  "applied",
  /** A gate is red; the note has which. */
  "refused",
  /** It does not have the configuration in force, while the rollout is being reverted. */
  "reverted",
  /** It cannot put the former file back. */
  "unreverted",
] as const;
export type AnswerState = typeof ANSWER_STATES[number];

/** Fingerprints over all VIPs, in hexadecimal. */
export interface Prints {
  readonly inputs: string;
  readonly wanted: string;
}

/** The answer of a load balancer. */
export interface RolloutAnswer {
  /** Of the rollout. */
  readonly id: string;
  readonly state: AnswerState;
  /** Of `applied`: why its gates are not green; else what it waits for, or why not. May be empty. */
  readonly note: string;
  /** Its tables now, and when it saw the rollout first. */
  readonly now: Prints;
  readonly before: Prints;
}

/** Longest note. */
export const MAX_ANSWER_NOTE = 200;

/** An answer as JSON. */
export function answerRecord({ id, state, note, now, before }: RolloutAnswer): JsonRecord {
  return {
    id,
    state,
    note: note.slice(0, MAX_ANSWER_NOTE),
    now: [now.inputs, now.wanted],
    before: [before.inputs, before.wanted],
  };
}

/** The answer of a record; undefined: it is not one. */
export function answerOf(record: unknown): RolloutAnswer | undefined {
  if (!isRecord(record)) return undefined;
  const { id, note } = record;
  const state = ANSWER_STATES.find((each) => each === record.state);
  if (!isText(id, 8) || state === undefined || !isText(note, MAX_ANSWER_NOTE)) return undefined;
  const [now, before] = [printsOf(record.now), printsOf(record.before)];
  return now === undefined || before === undefined ? undefined : { id, state, note, now, before };
}

function printsOf(pair: unknown): Prints | undefined {
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [inputs, wanted] = pair;
  return isText(inputs, 16) && isText(wanted, 16) ? { inputs, wanted } : undefined;
}
