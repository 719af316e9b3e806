/**
 * Judges what policies hold. `max-down` and `on-all-down` may hold a server only under their
 * conditions, and no request may take out what they must hold. `slow-start` may keep weight from a
 * server only for its time, and never from all. PURE.
 */
import type { FrontendConfig, Share } from "../../../src/config/model.ts";
import type { PolicyMemory } from "../../../src/health/policy/memory.ts";
import type { SentRequest } from "../world/requests.ts";
import type { VppView } from "../world/vpp_view.ts";
import { type CheckerState, entriesOf, type Entry, keyOf, ofEach } from "./wanted.ts";

/** The first server that is held against the conditions of its policy. */
export function wronglyHeld(state: CheckerState): string | undefined {
  for (const frontend of state.config.frontends.values()) {
    const wrong = wronglyHeldIn(frontend, state);
    if (wrong !== undefined) return `frontend ${frontend.name}: ${wrong}`;
  }
  return undefined;
}

const wronglyHeldIn = ofEach((frontend, state): string | undefined => {
  const entries = entriesOf(frontend, state);
  const weights = state.frontends.get(frontend.name)?.memory.lastGood?.weights;
  return wronglyBraked(frontend, entries) ?? wronglyKept(frontend, entries, weights) ??
    wronglyRising(frontend, entries);
});

function wronglyBraked({ pools }: FrontendConfig, entries: readonly Entry[]): string | undefined {
  for (const entry of entries) {
    const { isHeld, isUp, index, weight, state, backend: { name } } = entry;
    if (!isHeld) continue;
    if (isUp) return `${name} is held, and counts as up`;
    const { maxDown } = pools[index]!;
    // A reload that changes the check takes the verdict away, and not the hold.
    if (state !== "down" && state !== "unknown") return `${name} is held, and ${state}`;
    if (maxDown === undefined) return `${name} is held without max-down`;
    if (weight === 0) continue;
    const own = entries.filter((other) => other.index === index);
    if (!own.some(serves) && entries.some(serves)) return `${name} is held beside a healthy pool`;
    if (entries.some((other) => other.index < index && countsAsServing(other))) {
      return `${name} is held in a pool that is not active`;
    }
    const out = own.filter((other) => (mayBeOut(other) || isTaken(other)) && !other.isHeld).length;
    const most = mostOf(maxDown, own);
    if (out < most) return `${name} is held, and ${out} of ${most} are out`;
  }
  return undefined;
}

function wronglyKept(
  { onAllDown }: FrontendConfig,
  entries: readonly Entry[],
  weights: ReadonlyMap<string, number> | undefined,
): string | undefined {
  if (weights === undefined) return undefined;
  if (onAllDown !== "last-good") return "it is held without on-all-down";
  const up = entries.find(countsAsServing);
  if (up !== undefined) return `it is held, and ${up.backend.name} is up`;
  const taken = [...weights.keys()].find((address) =>
    !entries.some((entry) => entry.address === address && isLeftToHealth(entry))
  );
  return taken && `${taken} is held, which an operator took out`;
}

function wronglyRising(
  { slowStart }: FrontendConfig,
  entries: readonly Entry[],
): string | undefined {
  for (const { step, weight, index, isHeld, isUp, isBlind, backend } of entries) {
    if (step === undefined) continue;
    const { name } = backend;
    if (slowStart === undefined && !isHeld) return `${name} rises without slow-start`;
    if (step < 1 || step >= weight) return `${name} rises with ${step} of ${weight}`;
    if (!isUp && !isHeld && !isBlind) {
      return `${name} rises, and is ${backend.state}`;
    }
    // One that is held fails its checks: it is not raised, even as the last one.
    if (isHeld && !isUp) continue;
    // After a start, one without a verdict has the weight that VPP was found with.
    const isWhole = (other: Entry) =>
      other.index === index && other.weight > 0 && other.step === undefined &&
      (other.isUp || other.isHeld || other.backend.state === "unknown");
    if (!entries.some(isWhole)) return `${name} rises, and no server has its whole weight`;
  }
  return undefined;
}

/** Names the servers that rise for longer than the duration of `slow-start`. */
export class RampJudge {
  /** By frontend and backend: since when it rises without being held, or blind. */
  #sinceMs = new Map<string, number>();

  /** True when a server has steps to come. */
  get rises(): boolean {
    return this.#sinceMs.size > 0;
  }

  /** To be called regularly. */
  late(state: CheckerState, nowMs: number): string | undefined {
    const before = this.#sinceMs;
    this.#sinceMs = new Map();
    for (const frontend of state.config.frontends.values()) {
      const { slowStart } = state.frontends.get(frontend.name)?.memory ?? {};
      if (slowStart === undefined || slowStart.ramps.size === 0) continue;
      for (const { step, isHeld, isUp, backend } of entriesOf(frontend, state)) {
        // One that is down and held stays at its step.
        if (step === undefined || !isUp || isHeld) continue;
        const key = `${frontend.name} ${backend.name}`;
        const sinceMs = before.get(key) ?? nowMs;
        this.#sinceMs.set(key, sinceMs);
        if (nowMs - sinceMs > frontend.slowStart!.durationMs + LATE_STEP_MS) {
          return `${key} rises since ${sinceMs} ms`;
        }
      }
    }
    return undefined;
  }
}

/** What the policies of each frontend hold. */
export type Memories = ReadonlyMap<string, PolicyMemory>;

/**
 * The first frontend in which a server has come up with its whole weight, next to one that already
 * had its own in the active pool. `before`: right before. `isProgrammed`: VPP has the VIP.
 */
export function unrisen(
  name: string,
  state: CheckerState,
  { before, isProgrammed }: {
    readonly before: Memories;
    readonly isProgrammed: (vip: string) => boolean;
  },
): string | undefined {
  for (const frontend of state.config.frontends.values()) {
    if (!isProgrammed(keyOf(frontend))) continue;
    const past = before.get(frontend.name);
    const present = state.frontends.get(frontend.name)?.memory;
    if (past?.slowStart === undefined || present?.slowStart === undefined) continue;
    const isSamePool = past.slowStart.pool === present.slowStart.pool;
    const isHeld = [past, present].some(({ lastGood, waiting, dampingOverridden }) =>
      lastGood !== undefined || waiting !== undefined || dampingOverridden === true
    ) || past.maxDown !== undefined;
    if (frontend.slowStart === undefined || !isSamePool || isHeld) {
      continue;
    }
    const { up, ramps, first } = past.slowStart;
    const entries = entriesOf(frontend, state);
    if (
      entries.some(({ backend }) =>
        backend.standing !== undefined
      )
    ) continue;
    const own = entries.filter(({ pool }) => pool === present.slowStart!.pool);
    const entry = own.find(({ backend }) => backend.name === name);
    if (entry === undefined || entry.weight < 2 || !entry.isUp) continue;
    // One whose check has changed counted as up all the time.
    if (first.has(name) || up.has(name)) continue;
    if (entries.filter(({ address }) => address === entry.address).length > 1) continue;
    const isPeer = ({ weight, isUp, step, backend }: Entry) =>
      backend.name !== name && weight > 0 && isUp && step === undefined &&
      up.has(backend.name) && !ramps.has(backend.name);
    if (entry.step !== undefined || !own.some(isPeer)) continue;
    return `${name} has its whole weight in ${frontend.name} immediately`;
  }
  return undefined;
}

/** Steps come late while the process is stopped. */
const LATE_STEP_MS = 12_000;

export interface PolicyContext {
  readonly state: CheckerState;
  /** What VPP had before the requests, and what it has after them. */
  readonly before: VppView;
  readonly after: VppView;
}

/** What requests take out that a policy must hold; of VIPs that nothing else disturbs. */
export function wronglyTaken(
  requests: readonly SentRequest[],
  { state, before, after }: PolicyContext,
): string | undefined {
  for (const frontend of state.config.frontends.values()) {
    const key = keyOf(frontend);
    const had = before.get(key);
    const has = after.get(key);
    if (had === undefined || has === undefined) continue;
    if (!requests.some((request) => request.kind !== "conf" && request.vip === key)) continue;
    const isOut = ({ address }: Entry) => (has.get(address) ?? 0) === 0;
    const isCut = (entry: Entry) => isOut(entry) && (had.get(entry.address) ?? 0) > 0;
    const entries = entriesOf(frontend, state);
    const { serving } = state.frontends.get(frontend.name)?.memory ?? {};
    const wrong = takenAgainstBrake(frontend, entries, { isOut, isCut }) ??
      takenLast(frontend, entries, { isOut, isCut, serving }) ??
      raisedInHold(requests, { frontend, had, state });
    if (wrong !== undefined) return `VIP ${key}: ${wrong}`;
  }
  return undefined;
}

interface Taken {
  /** VPP has it at weight 0 afterwards. */
  readonly isOut: (entry: Entry) => boolean;
  /** It had weight before, too. */
  readonly isCut: (entry: Entry) => boolean;
}

function takenAgainstBrake(
  { pools }: FrontendConfig,
  entries: readonly Entry[],
  { isOut, isCut }: Taken,
): string | undefined {
  const active = entries.find(serves)?.index;
  const maxDown = active === undefined ? undefined : pools[active]!.maxDown;
  if (maxDown === undefined) return undefined;
  const own = entries.filter(({ index }) => index === active);
  const out = own.filter((entry) => isDown(entry) && isOut(entry));
  // Of two entries with one address one may have been out while the other kept its weight.
  const isAlone = ({ address }: Entry) =>
    entries.filter((other) => other.address === address).length === 1;
  const cut = out.find((entry) => isCut(entry) && isAlone(entry));
  const most = mostOf(maxDown, own);
  if (cut === undefined || out.length <= most) return undefined;
  return `${cut.backend.name} is taken out as number ${out.length}, of at most ${most}`;
}

function takenLast(
  { onAllDown }: FrontendConfig,
  entries: readonly Entry[],
  { isOut, isCut, serving }: Taken & { readonly serving: PolicyMemory["serving"] | undefined },
): string | undefined {
  if (onAllDown !== "last-good" || !entries.every(isOut)) return undefined;
  // One serves, and is still to be added, or withheld because VPP has no room for it.
  if (entries.some(countsAsServing)) return undefined;
  // Of several backends at an address, an operator may have taken the one that had weight.
  const isOperators = ({ address, backend: { name } }: Entry) =>
    serving?.get(address)?.has(name) === false ||
    entries.some((other) => other.address === address && !isLeftToHealth(other));
  const last = entries.find((entry) => isCut(entry) && !isOperators(entry));
  return last && `${last.backend.name} is taken out by its health as the last server`;
}

function raisedInHold(
  requests: readonly SentRequest[],
  { frontend, had, state }: {
    readonly frontend: FrontendConfig;
    readonly had: ReadonlyMap<string, number>;
    readonly state: CheckerState;
  },
): string | undefined {
  if (state.frontends.get(frontend.name)?.memory.lastGood === undefined) return undefined;
  const key = keyOf(frontend);
  const raised = requests.find((request) =>
    request.kind === "as-weight" && request.vip === key &&
    request.weight > (had.get(request.server) ?? 0)
  );
  return raised && "server" in raised ? `${raised.server} gets weight in a hold` : undefined;
}

/** True when it is really up, or was before its check changed. */
function serves({ weight, isUp }: Entry): boolean {
  return weight > 0 && isUp;
}

/** True when it serves, or is held; one that is held and drained has no weight. */
function countsAsServing(entry: Entry): boolean {
  return serves(entry) || (entry.isHeld && entry.weight > 0);
}

function isDown({ weight, isUp, state }: Entry): boolean {
  return weight > 0 && !isUp && state === "down";
}

/** True when it is down, or may have been before its check changed. */
function mayBeOut({ weight, isUp, state }: Entry): boolean {
  return weight > 0 && !isUp && (state === "down" || state === "unknown");
}

/** True when an operator has taken it out while it was out because of its health. */
function isTaken(entry: Entry): boolean {
  return entry.isOut && !isLeftToHealth(entry) && !entry.isUp;
}

/** True when no operator, by the file or at run time, takes it out. */
function isLeftToHealth({ weight, state }: Entry): boolean {
  return weight > 0 && state !== "paused" && state !== "disabled";
}

/** How many of these entries of one pool may be out. */
function mostOf(maxDown: Share, entries: readonly Entry[]): number {
  if ("count" in maxDown) return maxDown.count;
  const counted = entries.filter(isLeftToHealth).length;
  return Math.max(1, Math.floor(counted * maxDown.percent / 100));
}
