/** Operators' requests for the fleet's rollout. Each is one compare-and-set, and never repeated. */
import { MaglevError } from "../../../base/errors.ts";
import type { WallMs } from "../../../base/instant.ts";
import { listWords } from "../../../base/text.ts";
import type { OperatorId } from "../../../intent/intent.ts";
import { ROLLOUT } from "../../book/keys.ts";
import { MAX_VALUE_LENGTH } from "../../book/values.ts";
import { fleetGate } from "../../book/rollout/gate.ts";
import {
  encodeRollout,
  type Gates,
  isLive,
  MAX_BAKE_MS,
  MAX_REMOVES,
  type Rollout,
  rolloutId,
} from "../../book/rollout/rollout.ts";
import { parseWaves, unknownIn, waveOf } from "../../book/rollout/waves.ts";
import type { FleetMember } from "../member.ts";
import { rolloutLbs } from "../rollout/lbs.ts";
import { failureOf, type FleetDone, reached, storeProblem } from "./answers.ts";

/** Who asks, and when. */
interface Asking {
  readonly by: OperatorId;
  readonly reason: string;
  readonly nowMs: WallMs;
}

export interface RolloutRequest extends Asking {
  /** SHA-256 of the file, in hexadecimal. */
  readonly hash: string;
  /** As parseWaves() reads it. */
  readonly waves: string;
  readonly gates: Gates;
}

/** Begins a rollout: its first wave is open from then on. */
export async function startRollout(
  member: FleetMember,
  { hash, waves: text, gates, by, reason, nowMs }: RolloutRequest,
): Promise<FleetDone | MaglevError> {
  const waves = parseWaves(text);
  const cannot = "cannot begin the rollout:";
  if (typeof waves === "string") return new MaglevError("invalid-argument", `${cannot} ${waves}`);
  const wrong = !/^[0-9a-f]{64}$/.test(hash)
    ? "need the SHA-256 of the file, 64 hexadecimal digits"
    : gatesProblem(gates);
  if (wrong !== undefined) return new MaglevError("invalid-argument", `${cannot} ${wrong}`);
  const refused = storeProblem(member);
  if (refused !== undefined) return refused;
  const present = member.rollout?.rollout;
  if (present !== undefined && isLive(present)) {
    const message = `${cannot} ${present.id} of ${present.by.identity || present.by.peer} is ` +
      `${present.state}; \`fleet rollout stop\` ends it`;
    return new MaglevError("failed-precondition", message);
  }
  const lbs = rolloutLbs(member);
  const unknown = unknownIn(waves, lbs);
  if (unknown.length > 0) {
    const message = `${cannot} the fleet has no ${listWords(unknown, "or")}`;
    return new MaglevError("invalid-argument", message);
  }
  const atMs = Math.floor(nowMs) as WallMs;
  const id = rolloutId({ hash, by, atMs });
  const left = lbs.filter((lb) => waveOf(lb, waves) === undefined).map(({ lb }) => lb);
  const warning = left.length === 0 ? "" : `in no wave: ${left.join(", ")}`;
  const via = member.options.place.lb;
  const places = lbs.map(({ lb, site }) => ({ lb, site }));
  const asked = { id, hash, waves, lbs: places, gates, by, via, reason, atMs, stepMs: atMs };
  return await written(member, { ...asked, wave: 0, state: "open", note: "" }, warning);
}

/** What an operator does with a rollout. */
export type RolloutStep = "next" | "stop" | "revert";

/** Opens the next wave, stops the rollout, or takes it back. */
export async function stepRollout(
  member: FleetMember,
  { step, force, ...asking }: Asking & { readonly step: RolloutStep; readonly force: boolean },
): Promise<FleetDone | MaglevError> {
  const refused = storeProblem(member);
  if (refused !== undefined) return refused;
  const rollout = member.rollout?.rollout;
  if (rollout === undefined) {
    const message = `cannot ${WORDS[step]} the rollout: the fleet does not have one`;
    return new MaglevError("failed-precondition", message);
  }
  const change = CHANGES[step](rollout, { member, force });
  if (typeof change === "string") {
    const message = `cannot ${WORDS[step]} rollout ${rollout.id}: ${change}`;
    return new MaglevError("failed-precondition", message);
  }
  const { by, reason, nowMs } = asking;
  const who = by.identity === "" ? by.peer : by.identity;
  const note = `${step} by ${who}${reason === "" ? "" : `: ${reason}`}`;
  const stepMs = Math.floor(nowMs) as WallMs;
  return await written(member, { ...rollout, ...change, note, stepMs }, "");
}

/** A step in a message. */
const WORDS = { next: "open the next wave of", stop: "stop", revert: "revert" } as const;

/** The change of each step, or why it cannot be done. */
const CHANGES: Readonly<
  Record<
    RolloutStep,
    (
      rollout: Rollout,
      options: { readonly member: FleetMember; readonly force: boolean },
    ) => Partial<Pick<Rollout, "state" | "wave">> | string
  >
> = {
  next(rollout, { member, force }) {
    const { state, wave, waves } = rollout;
    if (state !== "open") return `it is ${state}; begin a new one with \`fleet rollout\``;
    const gate = fleetGate(rollout, rolloutLbs(member));
    if (gate.kind !== "green" && !force) {
      return `${gate.note}; with \`force\` it goes on all the same`;
    }
    const isLast = wave === waves.length - 1;
    if (isLast && !force) return "its last wave is open; it is done when all have it";
    return isLast ? { state: "done" } : { wave: wave + 1 };
  },
  stop: ({ state }) =>
    isLive({ state }) || state === "refused" ? { state: "stopped" } : `it is ${state}`,
  revert: ({ state }) =>
    state === "reverting" || state === "reverted" ? `it is ${state}` : { state: "reverting" },
};

/** Why gates cannot be; undefined: they can. */
function gatesProblem({ moves, removes, bakeMs }: Gates): string | undefined {
  if (!(moves >= 0 && moves <= 1)) return "need a share of 0 to 1 that may move";
  if (!(Number.isInteger(removes) && removes >= 0 && removes <= MAX_REMOVES)) {
    return `need 0 to ${MAX_REMOVES} VIPs that may be removed`;
  }
  if (bakeMs === undefined) return undefined;
  const isLength = Number.isInteger(bakeMs) && bakeMs >= 1 && bakeMs <= MAX_BAKE_MS;
  return isLength ? undefined : "need a bake time of 1ms to 7 days";
}

async function written(
  member: FleetMember,
  rollout: Rollout,
  warning: string,
): Promise<FleetDone | MaglevError> {
  const text = encodeRollout(rollout);
  if (text.length > MAX_VALUE_LENGTH) {
    const message =
      `cannot begin the rollout: need waves and names of at most ${MAX_VALUE_LENGTH} characters`;
    return new MaglevError("invalid-argument", message);
  }
  const ifRevision = member.mirror.values.get(ROLLOUT)?.revision ?? 0;
  const outcome = await member.options.store.write({
    key: ROLLOUT,
    text,
    ifRevision,
    ifValue: member.metaCondition(),
  });
  const { id } = rollout;
  if (outcome.kind === "unknown") {
    const message = `the outcome for rollout ${id} is unknown: ${outcome.reason}; it is not sent ` +
      "again, and `show fleet` shows it if it was done";
    return new MaglevError("deadline-exceeded", message);
  }
  if (outcome.kind !== "done") return failureOf(member, { key: ROLLOUT, id, ifRevision }, outcome);
  await reached(member, outcome.revision);
  return { id, revision: outcome.revision, warning };
}
