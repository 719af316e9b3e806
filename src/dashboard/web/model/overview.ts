/**
 * PURE. The same VIP on several load balancers, side by side, and where they differ. VIPs are the
 * same by address, protocol and port; their names may differ.
 */
import { type Fleet, type Frontend, frontendVipKey } from "../../protocol.ts";
import { addressPort } from "./format.ts";
import type { Summary } from "./health.ts";
import type { Lb } from "./lb.ts";

/** A VIP on one load balancer. */
export interface Side {
  readonly lb: string;
  /** Undefined: this load balancer does not have the VIP, or has not answered yet. */
  readonly frontend: Frontend | undefined;
  readonly summary: Summary | undefined;
  /** False: what is shown of it may be old, so it is not compared. */
  readonly comparable: boolean;
}

export interface OverviewRow {
  readonly key: string;
  readonly name: string;
  readonly address: string;
  readonly protocol: string;
  readonly sides: readonly Side[];
  /** In words; empty: all that can be compared agree. */
  readonly differences: readonly string[];
}

/** The VIPs of all load balancers, in the order of the first that has each. */
export function vipKeys(lbs: readonly Lb[]): string[] {
  return [...new Set(lbs.flatMap((lb) => [...lb.frontendOf.keys()]))];
}

/** False: what is shown of a load balancer may be old. */
export function isComparable({ status }: Lb): boolean {
  return status.connected && status.refreshed_ms !== undefined;
}

/** One of the VIPs; undefined when no load balancer has it. */
export function overviewRow(lbs: readonly Lb[], key: string): OverviewRow | undefined {
  const sides = lbs.map((lb): Side => {
    const name = lb.frontendOf.get(key);
    const frontend = name === undefined ? undefined : lb.frontends.get(name);
    return {
      lb: lb.name,
      frontend,
      summary: name === undefined ? undefined : lb.summaries.get(name),
      comparable: isComparable(lb),
    };
  });
  const first = sides.find(({ frontend }) => frontend !== undefined)?.frontend;
  if (first === undefined || frontendVipKey(first) !== key) return undefined;
  const differences = differencesBetween(
    sides.filter(({ comparable }) => comparable),
    new Map(lbs.map((lb) => [lb.name, lb])),
  );
  return {
    key,
    name: first.name,
    address: addressPort(first.address, first.port),
    protocol: first.protocol,
    sides,
    differences,
  };
}

/** The causes of each VIP that differs, by its key. */
export function causesOf(fleet: Fleet | undefined): ReadonlyMap<string, readonly string[]> {
  return new Map(
    (fleet?.differences ?? []).map((
      { vip, roots },
    ) => [vip, [...new Set(roots.map(({ cause }) => cause))]]),
  );
}

/**
 * The row with the causes, separated by spaces, that the comparison of tables has found. They are
 * added where the lists of the page show nothing of them, such as another length, or VPP itself.
 */
export function withCauses(
  row: OverviewRow | undefined,
  causes: string,
): OverviewRow | undefined {
  if (row === undefined || causes === "") return row;
  const all = causes.split(" ");
  const unseen = row.differences.length === 0 ? all : all.filter((cause) => cause === "vpp");
  return { ...row, differences: [...row.differences, ...unseen] };
}

/** Row of a backend's address in an opened VIP: one cell for each load balancer. */
export interface AddressRow {
  readonly address: string;
  readonly cells: readonly {
    readonly lb: string;
    readonly name: string;
    readonly state: string;
    readonly weight: number;
    readonly effectiveWeight: number;
    readonly buckets: number | undefined;
  }[];
  /** Names of the columns in which the comparable cells differ. */
  readonly differs: readonly ("backend" | "state" | "weight" | "effective weight")[];
}

/** The servers of a VIP by address, in the order of the first load balancer that has each. */
export function addressRows(lbs: readonly Lb[], key: string): AddressRow[] {
  const rows = new Map<string, AddressRow["cells"][number][]>();
  for (const lb of lbs) {
    const frontend = lb.frontends.get(lb.frontendOf.get(key) ?? "");
    for (const entry of frontend?.pools.flatMap(({ backends }) => backends) ?? []) {
      const backend = lb.backends.get(entry.name);
      const address = backend?.address ?? entry.name;
      const cells = rows.get(address) ?? [];
      rows.set(address, cells);
      // A backend of several pools counts with the entry that has weight.
      const at = cells.findIndex((cell) => cell.lb === lb.name);
      if (at >= 0 && cells[at]!.effectiveWeight >= entry.effective_weight) continue;
      const cell = {
        lb: lb.name,
        name: entry.name,
        state: backend?.state ?? "unknown",
        weight: entry.weight,
        effectiveWeight: entry.effective_weight,
        buckets: lb.vips.get(key)?.servers.find((server) => server.address === address)?.buckets,
      };
      if (at >= 0) cells[at] = cell;
      else cells.push(cell);
    }
  }
  const comparable = new Set(
    lbs.filter(({ status, frontendOf }) => status.connected && frontendOf.has(key))
      .map(({ name }) => name),
  );
  return [...rows].map(([address, cells]) => {
    const compared = cells.filter(({ lb }) => comparable.has(lb));
    const differ = (value: (cell: typeof cells[number]) => unknown) =>
      new Set(compared.map(value)).size > 1;
    const differs: AddressRow["differs"][number][] = [];
    if (compared.length < comparable.size) differs.push("backend");
    if (differ(({ state }) => state)) differs.push("state");
    if (differ(({ weight }) => weight)) differs.push("weight");
    if (differ(({ effectiveWeight }) => effectiveWeight)) differs.push("effective weight");
    return { address, cells, differs };
  });
}

function differencesBetween(
  sides: readonly Side[],
  lbs: ReadonlyMap<string, Lb>,
): readonly string[] {
  const having = sides.filter(({ frontend }) => frontend !== undefined);
  const words: string[] = [];
  if (having.length < sides.length && having.length > 0) {
    const missing = sides.filter(({ frontend }) => frontend === undefined);
    words.push(`not on ${missing.map(({ lb }) => lb).join(", ")}`);
  }
  if (having.length < 2) return words;
  const differ = (value: (frontend: Frontend) => unknown) =>
    new Set(having.map(({ frontend }) => value(frontend!))).size > 1;
  if (differ(({ state }) => state)) words.push("state");
  if (differ(({ active_pool }) => active_pool)) words.push("active pool");
  if (differ(({ announced }) => announced)) words.push("announced");
  if (differ((frontend) => frontend.src_ip_sticky)) words.push("src-ip-sticky");
  if (differ((frontend) => frontend.flush_on_down)) words.push("flush-on-down");
  const key = frontendVipKey(having[0]!.frontend!);
  const columns = new Set(
    addressRows(having.map(({ lb }) => lbs.get(lb)!), key).flatMap(({ differs }) => differs),
  );
  if (columns.has("backend")) words.push("backends");
  if (columns.has("state")) words.push("backend state");
  if (columns.has("weight")) words.push("weight");
  else if (columns.has("effective weight")) words.push("effective weight");
  return words;
}
