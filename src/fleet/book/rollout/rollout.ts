/**
 * PURE. A rollout: the permission to put a configuration in force, in waves of load balancers. It has
 * the hash of the file. The file itself comes to each load balancer as ever, and never through the
 * store: one write would otherwise be in force everywhere.
 *
 *     open ──► done            all have it
 *     open ──► refused         a gate was red; nothing is undone by itself
 *     open, refused ──► stopped
 *     all but reverted ──► reverting ──► reverted
 *
 * Each step is one compare-and-set, which any load balancer may do and only one can.
 */
import { createHash } from "node:crypto";
import type { WallMs } from "../../../base/instant.ts";
import { isInstant, isRecord, isText, isWhole } from "../../../intent/file.ts";
import type { OperatorId } from "../../../intent/intent.ts";
import { MAX_REASON_LENGTH } from "../../../intent/request.ts";
import { MAX_ID_LENGTH } from "../../../intent/rules.ts";
import type { Place } from "../keys.ts";
import { MAX_VALUE_LENGTH } from "../values.ts";
import { ROLLOUT_STATES, type RolloutState } from "./states.ts";
import { parseWaves, type Wave, wavesText } from "./waves.ts";

const VERSION = 1;
const MAX_NAME = 256;
/** Longest note. */
export const MAX_NOTE = 400;
/** Longest bake time. */
export const MAX_BAKE_MS = 7 * 24 * 3_600_000;
/** Most VIPs that a gate lets be removed. */
export const MAX_REMOVES = 100_000;

/** What a load balancer may do by itself. */
export interface Gates {
  /** Most of a VIP's new flows that may get another server, 0 to 1. */
  readonly moves: number;
  /** Most VIPs that may be removed, or deleted and added again. */
  readonly removes: number;
  /** The next wave opens when all gates were green for this time; undefined: by hand. */
  readonly bakeMs: number | undefined;
}

/** A rollout. */
export interface Rollout {
  readonly id: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly hash: string;
  readonly waves: readonly Wave[];
  /** The load balancers of the fleet at its begin: a gate waits for one that a process never saw. */
  readonly lbs: readonly Place[];
  readonly gates: Gates;
  readonly by: OperatorId;
  /** Name of the load balancer that took the request. */
  readonly via: string;
  readonly reason: string;
  readonly atMs: WallMs;
  /** The last open wave, from 0. */
  readonly wave: number;
  readonly state: RolloutState;
  /** When the state or the wave changed last. */
  readonly stepMs: WallMs;
  /** Who or what changed it. */
  readonly note: string;
}

/** The identity of a new rollout. */
export function rolloutId({ hash, by, atMs }: Pick<Rollout, "hash" | "by" | "atMs">): string {
  const text = JSON.stringify([hash, by.peer, by.identity, atMs]);
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

/** True while load balancers act on it. */
export function isLive({ state }: Pick<Rollout, "state">): boolean {
  return state === "open" || state === "reverting";
}

export function encodeRollout(rollout: Rollout): string {
  const { waves, lbs, gates, by, atMs, stepMs, note, ...rest } = rollout;
  return JSON.stringify({
    v: VERSION,
    ...rest,
    waves: wavesText(waves),
    lbs: lbs.map(({ lb, site }) => [lb, site]),
    moves: gates.moves,
    removes: gates.removes,
    ...(gates.bakeMs === undefined ? {} : { bake_ms: gates.bakeMs }),
    peer: by.peer,
    identity: by.identity,
    at_ms: atMs,
    step_ms: stepMs,
    note: note.slice(0, MAX_NOTE),
  });
}

/** Undefined: it is not one, or of a later version. */
export function decodeRollout(text: string): Rollout | undefined {
  const record = text.length > MAX_VALUE_LENGTH ? undefined : parse(text);
  if (record?.v !== VERSION) return undefined;
  const { id, hash, waves, moves, removes, bake_ms: bakeMs, peer, identity } = record;
  const { via, reason, at_ms: atMs, wave, state, step_ms: stepMs, note } = record;
  if (!isText(id, 8) || !/^[0-9a-f]{8}$/.test(id)) return undefined;
  if (!isText(hash, 64) || !/^[0-9a-f]{64}$/.test(hash)) return undefined;
  const parsed = isText(waves, MAX_VALUE_LENGTH) ? parseWaves(waves) : "";
  if (typeof parsed === "string") return undefined;
  const lbs = placesOf(record.lbs ?? []);
  if (lbs === undefined) return undefined;
  if (typeof moves !== "number" || !(moves >= 0 && moves <= 1)) return undefined;
  if (!isWhole(removes, MAX_REMOVES)) return undefined;
  if (bakeMs !== undefined && !isWhole(bakeMs, MAX_BAKE_MS)) return undefined;
  if (!isText(peer, MAX_ID_LENGTH) || !isText(identity, MAX_ID_LENGTH)) return undefined;
  if (!isText(via, MAX_NAME) || !isText(reason, MAX_REASON_LENGTH)) return undefined;
  if (!isInstant(atMs) || !isInstant(stepMs) || !isText(note, MAX_NOTE)) return undefined;
  if (!isWhole(wave, parsed.length - 1)) return undefined;
  const known = ROLLOUT_STATES.find((each) => each === state);
  if (known === undefined) return undefined;
  return {
    id,
    hash,
    waves: parsed,
    lbs,
    gates: { moves, removes, bakeMs },
    by: { peer, identity },
    via,
    reason,
    atMs,
    wave,
    state: known,
    stepMs,
    note,
  };
}

function placesOf(list: unknown): readonly Place[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const places: Place[] = [];
  for (const each of list) {
    if (!Array.isArray(each)) return undefined;
    const [lb, site] = each;
    if (!isText(lb, MAX_NAME) || !isText(site, MAX_NAME)) return undefined;
    places.push({ lb, site });
  }
  return places;
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
