/**
 * The VIP of a frontend as load balancers compare it (src/fleet/): what decides its table, the table
 * that is wanted, and the one that VPP has. PURE.
 */
import type { WallMs } from "../base/instant.ts";
import type { FrontendView, Snapshot } from "../checker/ports.ts";
import type { FrontendConfig, Share } from "../config/model.ts";
import {
  type EntryInputs,
  inputsPrint,
  type PrintedInputs,
  tablePrint,
} from "../fleet/fingerprint.ts";
import {
  type Entry,
  NO_TABLE,
  type TableServer,
  type VipSide,
  type VipTable,
} from "../fleet/side.ts";
import { agentText } from "../health/agent.ts";
import { type EncapCheck, isEncapFailed } from "../health/encap.ts";
import { countedState } from "../health/machine.ts";
import type { Backend } from "../health/state.ts";
import type { IntentSet } from "../intent/intent.ts";
import { desiredVip, vipKeyOf } from "../vpp/lb/desired.ts";
import { withKeptWeights } from "../vpp/lb/keep.ts";
import {
  type ActualVip,
  type DesiredVip,
  type LbCapabilities,
  protocolName,
  type VipKey,
  vipPrefix,
} from "../vpp/lb/model.ts";
import type { KnownVpp, VppView } from "./vpp_view.ts";

/** Length of tables of a configuration without a `vpp.lb` section: the default of that section. */
const DEFAULT_TABLE_LENGTH = 1024;
/** For which VPP reports 0, because it does not fit into the field. */
const UNTOLD_TABLE_LENGTH = 65_536;

/** The name of a VIP between load balancers: `192.0.2.1/32 tcp 80`. */
export function fleetKey(vip: VipKey): string {
  return `${vipPrefix(vip)} ${protocolName(vip.protocol)} ${vip.port}`;
}

/** Fingerprints of one VIP. */
export interface LocalPrints {
  readonly inputs: bigint;
  readonly wanted: bigint;
  /** Undefined: not known. */
  readonly actual: bigint | undefined;
}

/** A VIP that is to be compared: a frontend's, and what VPP had at that moment. */
export interface LocalVip {
  readonly view: FrontendView;
  readonly key: VipKey;
  readonly can: LbCapabilities;
  /** Null: VPP does not have it; undefined: not known. */
  readonly actual: ActualVip | null | undefined;
}

/** The VIPs of all frontends, with what VPP has now; `vpp` undefined: that is not known. */
export function localVips(
  { frontends }: Snapshot,
  vpp: Pick<KnownVpp, "can" | "vip"> | undefined,
): readonly LocalVip[] {
  const can = vpp?.can ?? { weights: true };
  return [...frontends.values()].map((view) => {
    const key = vipKeyOf(view.config);
    return { view, key, can, actual: vpp === undefined ? undefined : vpp.vip(key) ?? null };
  });
}

/**
 * Makes fingerprints, and keeps each for as long as what it was made of is there: a frontend's view
 * and a VIP are values that are replaced when they change.
 */
export class PrintCache {
  #inputs = new WeakMap<FrontendView, bigint>();
  #wanted = new WeakMap<FrontendView, bigint>();
  #actual = new WeakMap<ActualVip, bigint>();
  #config: Snapshot["config"] | undefined;
  #intents: IntentSet | undefined;
  #weights = true;

  of(vip: LocalVip, snapshot: Snapshot): LocalPrints {
    const { config, intents } = snapshot;
    const { view, can, actual } = vip;
    if (config !== this.#config || intents !== this.#intents) this.#inputs = new WeakMap();
    if (config !== this.#config || can.weights !== this.#weights) {
      this.#wanted = new WeakMap();
      this.#actual = new WeakMap();
    }
    this.#config = config;
    this.#intents = intents;
    this.#weights = can.weights;
    // VPP's own weights decide where the prober was blind.
    const isKept = view.servers.some(({ keep }) => keep === true);
    const wanted = () => tablePrint(wantedTable(vip, snapshot));
    return {
      inputs: kept(this.#inputs, view, () => inputsPrint(inputsOf(view, snapshot))),
      wanted: isKept ? wanted() : kept(this.#wanted, view, wanted),
      actual: actual === undefined
        ? undefined
        : actual === null
        ? NO_TABLE_PRINT
        : kept(this.#actual, actual, () => tablePrint(actualTable(actual, can))),
    };
  }
}

const NO_TABLE_PRINT = tablePrint(NO_TABLE);

function kept<K extends object>(cache: WeakMap<K, bigint>, key: K, make: () => bigint): bigint {
  let print = cache.get(key);
  if (print === undefined) cache.set(key, print = make());
  return print;
}

/** The whole VIP, for an explanation of a difference. `lb` is for the reader to fill in. */
export function vipSide(
  vip: LocalVip,
  { snapshot, vpp, configSinceMs }: {
    readonly snapshot: Snapshot;
    readonly vpp: VppView;
    readonly configSinceMs: WallMs;
  },
): VipSide {
  const { view, key, can, actual } = vip;
  const known = vpp.kind === "known" ? vpp : undefined;
  const inputs = inputsOf(view, snapshot);
  return {
    lb: "",
    frontend: view.name,
    ...inputs,
    entries: entriesOf(view, snapshot, inputs),
    weights: can.weights,
    wanted: wantedTable(vip, snapshot),
    actual: actual === undefined
      ? undefined
      : actual === null
      ? NO_TABLE
      : actualTable(actual, can, (address) => known?.since(key, address)?.atMs),
    note: known === undefined ? "" : noteOf(known, view.name, key),
    configSinceMs,
  };
}

function noteOf(vpp: KnownVpp, frontend: string, key: VipKey): string {
  const held = vpp.held(frontend) ? ["warm-up holds the frontend back"] : [];
  return [...held, ...vpp.withheld(key)].join("; ");
}

/** The VIP without health: its servers are those that the file names. */
function inputsOf(view: FrontendView, snapshot: Snapshot): PrintedInputs {
  const { config, backends, intents } = snapshot;
  const file = fileOf(view, snapshot);
  const { encap, srcIpSticky, newFlowsTableLength } = desiredOf(view, snapshot);
  const entries: EntryInputs[] = [];
  const quiet = intents.size === 0;
  for (const [place, pool] of file.pools.entries()) {
    for (const { name, weight } of pool.backends) {
      const { address, enabled } = config.backends.get(name)!;
      const own = quiet ? undefined : intents.ofBackend(name);
      const weighed = quiet
        ? undefined
        : intents.ofWeight({ frontend: file.name, pool: pool.name, backend: name });
      entries.push({
        address: address.text,
        pool: place,
        fileWeight: weight,
        enabled,
        intentWeight: weighed?.weight,
        // Enabling what the file disables is not an intent, but an operator's deed all the same.
        intent: own?.kind ?? (!enabled && backends.get(name)!.enabled ? "enable" : undefined),
      });
    }
  }
  return {
    encap,
    srcIpSticky,
    length: newFlowsTableLength,
    policy: policyText(file),
    pools: file.pools.map(({ name }) => name),
    entries,
  };
}

/** The entries of the same pools, with their health and operators. */
function entriesOf(
  view: FrontendView,
  snapshot: Snapshot,
  { entries }: PrintedInputs,
): readonly Entry[] {
  const { backends, intents } = snapshot;
  const file = fileOf(view, snapshot);
  const names = file.pools.flatMap((pool) =>
    pool.backends.map(({ name }) => ({ frontend: file.name, pool: pool.name, backend: name }))
  );
  return entries.map((entry, at): Entry => {
    const place = names[at]!;
    const backend = backends.get(place.backend)!;
    const newest = [intents.ofBackend(place.backend), intents.ofWeight(place)]
      .filter((intent) => intent !== undefined).sort((a, b) => b.sinceMs - a.sinceMs)[0];
    return {
      ...entry,
      backend: place.backend,
      intentSinceMs: newest?.fromMs ?? newest?.sinceMs,
      by: newest === undefined ? undefined : newest.by.identity || newest.by.peer,
      state: stateText(backend, snapshot.encap?.get(file.name)?.get(place.backend)),
      code: backend.lastResult?.ok === false ? backend.lastResult.code : "",
      sinceMs: backend.sinceMs,
    };
  });
}

/** With the file's weights; those of `view` are the ones in force. */
function fileOf(view: FrontendView, { config }: Snapshot): FrontendConfig {
  return config.frontends.get(view.name) ?? view.config;
}

function stateText(backend: Backend, check: EncapCheck | undefined): string {
  const agent = backend.agent === undefined ? "" : agentText(backend.agent);
  const notes = [
    ...agent === "" ? [] : [`agent: ${agent}`],
    ...check !== undefined && isEncapFailed(check) ? ["fails through VPP's tunnel"] : [],
  ];
  return notes.length === 0
    ? countedState(backend)
    : `${countedState(backend)} (${notes.join(", ")})`;
}

/** Settings of the frontend that decide weights and flows. */
function policyText({ flushOnDown, onAllDown, slowStart, pools }: FrontendConfig): string {
  const rise = slowStart === undefined
    ? "off"
    : `${slowStart.durationMs} ms in ${slowStart.steps} steps`;
  const encap = pools.some((pool) => pool.encap !== undefined)
    ? `, encap ${pools.map((pool) => pool.encap?.mode ?? "off").join(" ")}`
    : "";
  const brakes = pools.map(({ maxDown }) => maxDown === undefined ? "off" : shareText(maxDown));
  return `flush-on-down ${flushOnDown}, on-all-down ${onAllDown ?? "close"}, ` +
    `slow-start ${rise}, max-down ${brakes.join(" ")}${encap}`;
}

function shareText(share: Share): string {
  return "count" in share ? String(share.count) : `${share.percent}%`;
}

function desiredOf({ config, servers }: FrontendView, snapshot: Snapshot): DesiredVip {
  const newFlowsTableLength = snapshot.config.vppLb?.newFlowsTableLength ?? DEFAULT_TABLE_LENGTH;
  return desiredVip(config, { servers, newFlowsTableLength });
}

function wantedTable({ view, can, actual }: LocalVip, snapshot: Snapshot): VipTable {
  const vip = withKeptWeights(desiredOf(view, snapshot), actual ?? undefined);
  const { encap, srcIpSticky, newFlowsTableLength: length, servers } = vip;
  return { encap, srcIpSticky, length, servers: tableServers(servers, can) };
}

function actualTable(
  vip: ActualVip,
  can: LbCapabilities,
  since?: (address: string) => WallMs | undefined,
): VipTable {
  const { encap, srcIpSticky, newFlowsTableLength } = vip;
  return {
    encap,
    srcIpSticky,
    length: tableLength(newFlowsTableLength),
    servers: tableServers(vip.servers, can, since),
  };
}

/** The length of the table of an ActualVip. */
export function tableLength(newFlowsTableLength: number): number {
  return (newFlowsTableLength & 0xffff) || UNTOLD_TABLE_LENGTH;
}

/** A VPP without weights gives each of its servers one replica. */
function tableServers(
  servers: readonly { readonly address: { readonly text: string }; readonly weight: number }[],
  { weights }: LbCapabilities,
  since?: (address: string) => WallMs | undefined,
): TableServer[] {
  return servers.map(({ address: { text: address }, weight: given }) => {
    const weight = weights ? given : Math.min(1, given);
    return since === undefined ? { address, weight } : { address, weight, sinceMs: since(address) };
  });
}
