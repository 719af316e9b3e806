/**
 * Compares two configurations for a reload: which backends and frontends are added, removed,
 * checked from the beginning, or continued.
 *
 * A check starts again exactly when a definition that decides health changed: the healthcheck (its
 * name and `damping` do not count), whether there is one, or the namespace of its probes. All else continues
 * without losing a probe: another address, other frontends, a healthcheck that was only renamed, a
 * changed `enabled` (the operator's run-time state survives).
 */
import type {
  BackendConfig,
  Config,
  FrontendConfig,
  HealthcheckConfig,
  HttpParams,
  PoolConfig,
  ProbeParams,
  TcpStep,
  TlsParams,
  VppLbConfig,
} from "./model.ts";

/** Names are in the order of the new file; removed ones in that of the old. */
export interface ConfigDiff {
  readonly backends: BackendsDiff;
  readonly frontends: FrontendsDiff;
  /** The settings that `lb_conf` programs: source addresses, buckets per core, flow timeout. */
  readonly lbConfChanged: boolean;
  /** Any setting of `vpp.lb`, including those; also when the section was added or removed. */
  readonly vppLbChanged: boolean;
  /** `transition-history`. */
  readonly historyChanged: boolean;
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

/** Every name of either file is in exactly one list. */
export interface FrontendsDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Whose own definition differs, if only in a weight or the description. */
  readonly changed: readonly string[];
  readonly untouched: readonly string[];
}

/** The changes from `before` to `after`. */
export function diffConfig(before: Config, after: Config): ConfigDiff {
  return {
    backends: diffBackends(before, after),
    frontends: diffFrontends(before.frontends, after.frontends),
    lbConfChanged: !sameLbConf(before.vppLb, after.vppLb),
    vppLbChanged: !sameValue(before.vppLb, after.vppLb),
    historyChanged:
      before.healthchecker.transitionHistory !== after.healthchecker.transitionHistory,
  };
}

function diffBackends(before: Config, after: Config): BackendsDiff {
  const added: string[] = [];
  const restarted: string[] = [];
  const readdressed: string[] = [];
  const untouched: string[] = [];
  const enabledChanged: string[] = [];
  const sameCheck = healthcheckComparer(before, after);
  for (const [name, next] of after.backends) {
    const previous = before.backends.get(name);
    if (previous === undefined) {
      added.push(name);
      continue;
    }
    const sameAddress = previous.address.text === next.address.text;
    const list = !sameCheck(previous, next) ? restarted : sameAddress ? untouched : readdressed;
    list.push(name);
    if (previous.enabled !== next.enabled) enabledChanged.push(name);
  }
  const removed = [...before.backends.keys()].filter((name) => !after.backends.has(name));
  return { added, removed, restarted, readdressed, untouched, enabledChanged };
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
  return sameValue(probeOf(a), probeOf(b));
}

function probeOf({ damping: _, ...probe }: HealthcheckConfig): HealthcheckConfig {
  return { ...probe, name: "" };
}

function diffFrontends(
  before: ReadonlyMap<string, FrontendConfig>,
  after: ReadonlyMap<string, FrontendConfig>,
): FrontendsDiff {
  const added: string[] = [];
  const changed: string[] = [];
  const untouched: string[] = [];
  for (const [name, next] of after) {
    const previous = before.get(name);
    if (previous === undefined) added.push(name);
    else (sameValue(previous, next) ? untouched : changed).push(name);
  }
  const removed = [...before.keys()].filter((name) => !after.has(name));
  return { added, removed, changed, untouched };
}

function sameLbConf(a: VppLbConfig | undefined, b: VppLbConfig | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.ipv4SrcAddress.text === b.ipv4SrcAddress.text &&
    a.ipv6SrcAddress.text === b.ipv6SrcAddress.text &&
    a.stickyBucketsPerCore === b.stickyBucketsPerCore && a.flowTimeoutMs === b.flowTimeoutMs;
}

type Plain =
  | string
  | number
  | boolean
  | undefined
  | VppLbConfig
  | HealthcheckConfig
  | FrontendConfig
  | PoolConfig
  | ProbeParams
  | TcpStep
  | NonNullable<HttpParams["responseHeader"]>
  | NonNullable<TlsParams["client"]>
  | Uint8Array
  | readonly Plain[];

/** Deep equality of plain data: the same keys with the same values, in lists also in order. */
function sameValue(a: Plain, b: Plain): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [left, right] = [a, b] as unknown as readonly Readonly<Record<string, Plain>>[];
  for (const key of keys) {
    if (!Object.hasOwn(b, key) || !sameValue(left![key], right![key])) return false;
  }
  return true;
}
