/** PURE. Penalties for flapping as they outlive the process: by the wall clock, not the monotonic one. */
import { later, type MonotonicMs, type WallMs } from "../base/instant.ts";
import type { Config } from "../config/model.ts";
import { withDamping } from "../health/machine.ts";
import { type Damping, isSuppressed, penaltyAt } from "../health/policy/damping.ts";
import type { Backend } from "../health/state.ts";

/** The penalty of one backend. */
export interface KeptPenalty {
  readonly backend: string;
  /** Of its server: another server does not inherit the penalty. */
  readonly address: string;
  /** Above 0, at `atMs`. */
  readonly penalty: number;
  /** Unix time in milliseconds, whole. */
  readonly atMs: WallMs;
  /** How long it had been suppressed then, in whole milliseconds; absent: it was not. */
  readonly heldMs?: number;
}

/** One instant, by both clocks. */
export interface BothClocks {
  readonly wallMs: WallMs;
  readonly monotonicMs: MonotonicMs;
}

/** Smaller penalties are forgotten. */
export const LEAST_PENALTY = 0.01;

/** The penalties to keep, in the order of the backends. */
export function keptPenalties(
  backends: ReadonlyMap<string, Backend>,
  config: Config,
  { wallMs, monotonicMs }: BothClocks,
): readonly KeptPenalty[] {
  const kept: KeptPenalty[] = [];
  for (const { name, damping, policy } of backends.values()) {
    if (damping === undefined || policy.damping === undefined) continue;
    const penalty = penaltyAt(damping, policy.damping, monotonicMs);
    if (penalty < LEAST_PENALTY) continue;
    const { suppressedMs } = damping;
    kept.push({
      backend: name,
      address: config.backends.get(name)!.address.text,
      penalty,
      atMs: Math.floor(wallMs) as WallMs,
      ...(suppressedMs === undefined
        ? {}
        : { heldMs: Math.max(0, Math.floor(monotonicMs - suppressedMs)) }),
    });
  }
  return kept;
}

/**
 * The backends with the penalties that were kept for them, decayed by the time that has passed. A
 * wall clock that was set back counts as no time. What was held goes on for the rest of its hold.
 */
export function withPenalties(
  backends: ReadonlyMap<string, Backend>,
  kept: readonly KeptPenalty[],
  { config, ...now }: BothClocks & { readonly config: Config },
): ReadonlyMap<string, Backend> {
  if (kept.length === 0) return backends;
  const after = new Map(backends);
  for (const entry of kept) {
    const backend = after.get(entry.backend);
    const address = config.backends.get(entry.backend)?.address.text;
    if (backend === undefined || address !== entry.address) continue;
    const damping = dampingOf(backend, entry, now);
    if (damping !== undefined) after.set(entry.backend, withDamping(backend, damping));
  }
  return after;
}

function dampingOf(
  { policy }: Backend,
  { penalty, atMs, heldMs }: KeptPenalty,
  { wallMs, monotonicMs }: BothClocks,
): Damping | undefined {
  if (policy.damping === undefined) return undefined;
  const passedMs = Math.max(0, wallMs - atMs);
  const before = { penalty, atMs: later(monotonicMs, -passedMs) };
  const now = { penalty: penaltyAt(before, policy.damping, monotonicMs), atMs: monotonicMs };
  if (now.penalty < LEAST_PENALTY) return undefined;
  if (heldMs === undefined) return now;
  const held = { ...now, suppressedMs: later(monotonicMs, -passedMs - heldMs) };
  return isSuppressed(held, policy.damping, monotonicMs) ? held : now;
}
