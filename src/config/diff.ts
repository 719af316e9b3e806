/**
 * Compares two configurations for a reload: which backends are added, removed, checked from the
 * beginning, or continued.
 *
 * A check starts again exactly when a definition that decides health changed: the healthcheck (its
 * name and `damping` do not count), whether there is one, or the namespace of its probes. All else continues
 * without losing a probe: another address, other frontends, a healthcheck that was only renamed, a
 * changed `enabled` (the operator's run-time state survives).
 */
import { isEqual } from "../base/equal.ts";
import type { BackendConfig, Config, HealthcheckConfig, VppLbConfig } from "./model.ts";

/** Names are in the order of the new file; removed ones in that of the old. */
export interface ConfigDiff {
  readonly backends: BackendsDiff;
  /** The settings that `lb_conf` programs: source addresses, buckets per core, flow timeout. */
  readonly lbConfChanged: boolean;
}

/** Every name of either file is in exactly one of the first five lists. */
export interface BackendsDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Checked from the beginning, at the new address if that changed too. */
  readonly restarted: readonly string[];
  /** Continued at another address. */
  readonly readdressed: readonly string[];
  /** Continued unchanged. */
  readonly untouched: readonly string[];
  /** Of the restarted, readdressed and untouched: those whose `enabled` in the file changed. */
  readonly enabledChanged: readonly string[];
}

/** The changes from `before` to `after`. */
export function diffConfig(before: Config, after: Config): ConfigDiff {
  return {
    backends: diffBackends(before, after),
    lbConfChanged: !sameLbConf(before.vppLb, after.vppLb),
  };
}

function diffBackends(before: Config, after: Config): BackendsDiff {
  const added: string[] = [];
  const restarted: string[] = [];
  const readdressed: string[] = [];
  const untouched: string[] = [];
  const enabledChanged: string[] = [];
  const sameCheck = healthcheckComparer(before, after);
  const same = sameObjects(before, after);
  for (const [name, next] of after.backends) {
    const previous = before.backends.get(name);
    if (previous === undefined) {
      added.push(name);
      continue;
    }
    if (previous === next && same.has(next.healthcheck)) {
      untouched.push(name);
      continue;
    }
    const sameAddress = previous.address.text === next.address.text;
    const list = !sameCheck(previous, next) ? restarted : sameAddress ? untouched : readdressed;
    list.push(name);
    if (previous.enabled !== next.enabled) enabledChanged.push(name);
  }
  const all = before.backends.size === after.backends.size && added.length === 0;
  const removed = all
    ? []
    : [...before.backends.keys()].filter((name) => !after.backends.has(name));
  return { added, removed, restarted, readdressed, untouched, enabledChanged };
}

/** Healthchecks that are the same object in both (see reuse.ts), and thus need no comparison. */
function sameObjects(before: Config, after: Config): ReadonlySet<string | undefined> {
  const same = new Set<string | undefined>([undefined]);
  if (before.healthchecker.netns !== after.healthchecker.netns) return same;
  for (const [name, healthcheck] of after.healthchecks) {
    if (before.healthchecks.get(name) === healthcheck) same.add(name);
  }
  return same;
}

/** Compares the checks of two backends; remembers the answer for each pair of healthchecks. */
function healthcheckComparer(
  before: Config,
  after: Config,
): (previous: BackendConfig, next: BackendConfig) => boolean {
  const sameNamespace = before.healthchecker.netns === after.healthchecker.netns;
  const known = new Map<HealthcheckConfig, Map<HealthcheckConfig, boolean>>();
  return (previous, next) => {
    const a = healthcheckOf(before, previous);
    const b = healthcheckOf(after, next);
    if (a === undefined || b === undefined) return a === b;
    if (!sameNamespace) return false;
    let row = known.get(a);
    if (row === undefined) known.set(a, row = new Map());
    let same = row.get(b);
    if (same === undefined) row.set(b, same = sameHealthcheck(a, b));
    return same;
  };
}

function healthcheckOf(config: Config, backend: BackendConfig): HealthcheckConfig | undefined {
  return backend.healthcheck === undefined
    ? undefined
    : config.healthchecks.get(backend.healthcheck);
}

/** True when two definitions mean the same probe at the same pace, whatever follows from it. */
export function sameHealthcheck(a: HealthcheckConfig, b: HealthcheckConfig): boolean {
  return a === b || isEqual(probeOf(a), probeOf(b));
}

function probeOf({ damping: _, ...probe }: HealthcheckConfig): HealthcheckConfig {
  return { ...probe, name: "" };
}

function sameLbConf(a: VppLbConfig | undefined, b: VppLbConfig | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.ipv4SrcAddress.text === b.ipv4SrcAddress.text &&
    a.ipv6SrcAddress.text === b.ipv6SrcAddress.text &&
    a.stickyBucketsPerCore === b.stickyBucketsPerCore && a.flowTimeoutMs === b.flowTimeoutMs;
}
