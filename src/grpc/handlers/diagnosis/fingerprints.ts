/** Fingerprints of this load balancer's VIPs, and details of single ones, in pages. */
import { MaglevError } from "../../../base/errors.ts";
import type { WallMs } from "../../../base/instant.ts";
import { BUILD } from "../../../base/version.ts";
import { Slice } from "../../../async/pause.ts";
import {
  fleetKey,
  type LocalPrints,
  type LocalVip,
  localVips,
  PrintCache,
  tableLength,
  vipSide,
} from "../../../explain/vip_side.ts";
import { ALGORITHM, rootPrint } from "../../../fleet/fingerprint.ts";
import type { Entry, VipSide, VipTable } from "../../../fleet/side.ts";
import { protocolName, type VipKey, vipPrefix } from "../../../vpp/lb/model.ts";
import type { PastTable } from "../../../vpp/sync/past/table_past.ts";
import type { StreamHandler } from "../../calls/calls.ts";
import type { DaemonApi } from "../../calls/daemon_api.ts";
import { type QuotaLimits, StreamQuota } from "../../calls/quota.ts";
import {
  Fingerprints,
  type GetFingerprintsRequest,
  type RepairedDrift,
  type VipDetails,
  type VipEntry,
  VipFingerprint,
  type VipName,
  type VipTable as TableMessage,
} from "../../gen/maglev.ts";
import { create, encode } from "../../messages/codec.ts";
import { unixNanoseconds } from "../convert.ts";
import { FLEET_FRESH_MS, type LbStateReader } from "../lb_state_reader.ts";
import { vppView } from "./vpp_view.ts";

/** Most VIPs of a page, and of a request for details. */
export const PAGE_VIPS = 500;
/** Most VIPs of a page with details: each may have thousands of servers. */
const PAGE_DETAILS = 20;
/** Maximum number of streams at the same time; each keeps a snapshot until it was read. */
export const READERS: QuotaLimits = { trusted: 32, untrusted: 8 };

type View = Awaited<ReturnType<typeof vppView>>;

/** Streams of Fingerprints; all pages show one instant. */
export function getFingerprints(
  daemon: DaemonApi,
  reader: LbStateReader,
): StreamHandler<GetFingerprintsRequest> {
  const quota = new StreamQuota(READERS);
  const cache = new PrintCache();
  return ({ vips, past }, { caller }) => {
    if (vips.length > PAGE_VIPS) {
      const message = `cannot detail ${vips.length} VIPs: at most ${PAGE_VIPS} in a request`;
      return new MaglevError("invalid-argument", message);
    }
    const wanted = vips.length === 0 ? undefined : new Set(vips.map(nameText));
    return pages(wanted, { daemon, reader, cache, past, take: () => quota.take(caller) });
  };
}

interface Sources {
  readonly daemon: DaemonApi;
  readonly reader: LbStateReader;
  readonly cache: PrintCache;
  /** With the tables that VPP had. */
  readonly past: boolean;
  /** Takes a place among the readers; undefined: all are taken. */
  readonly take: () => (() => void) | undefined;
}

/** `wanted`: key texts of the VIPs whose details are requested; undefined: all, without details. */
async function* pages(
  wanted: ReadonlySet<string> | undefined,
  sources: Sources,
): AsyncGenerator<Uint8Array, void> {
  const leave = sources.take();
  if (leave === undefined) {
    throw new MaglevError("resource-exhausted", "too many callers read fingerprints now");
  }
  try {
    yield* readPages(wanted, sources);
  } finally {
    leave();
  }
}

async function* readPages(
  wanted: ReadonlySet<string> | undefined,
  { daemon, reader, cache, past }: Sources,
): AsyncGenerator<Uint8Array, void> {
  const vpp = await vppView(daemon.vpp, reader, FLEET_FRESH_MS);
  // In one turn: the snapshot, and what VPP had at that moment.
  const snapshot = daemon.checker.snapshot();
  const vips = localVips(snapshot, vpp.kind === "known" ? vpp : undefined)
    .filter(({ key }) => wanted?.has(fleetKey(key)) ?? true);
  const head = headOf(daemon, vpp);
  const slice = new Slice(daemon.clock);
  const prints: LocalPrints[] = [];
  for (const vip of vips) {
    prints.push(cache.of(vip, snapshot));
    if (slice.over) await slice.rest();
  }
  const root = rootPrint(
    vips.map(({ key }, at) => [fleetKey(key), prints[at]!.actual ?? prints[at]!.wanted]),
  );
  const size = wanted === undefined ? PAGE_VIPS : PAGE_DETAILS;
  const configSinceMs = daemon.config.inForce().loadedAtMs;
  for (let from = 0; from === 0 || from < vips.length; from += size) {
    if (slice.over) await slice.rest();
    const page = vips.slice(from, from + size).map((vip, at) => {
      const tables = vpp.kind === "known" ? daemon.vpp!.reconciler.tables(vip.key) : [];
      const details = wanted === undefined ? undefined : {
        ...detailsOf(vipSide(vip, { snapshot, vpp, configSinceMs })),
        ...pastOf(past ? tables : [], vip.can),
      };
      return fingerprint(vip, { prints: prints[from + at]!, details, tables: tables.length });
    });
    const first = from === 0 ? { ...head, root, vipCount: vips.length } : {};
    yield encode(Fingerprints, create(Fingerprints, { ...first, vips: page }));
    slice.begin();
  }
}

/** The fields of the first page but for those about all VIPs. */
function headOf(
  { config, vpp: api }: DaemonApi,
  vpp: View,
): Partial<Fingerprints> {
  const { hash, loadedAtMs } = config.inForce();
  const state = api?.connection.state;
  return {
    algorithm: ALGORITHM,
    version: BUILD.version,
    configHash: hash,
    configLoadedUnixNs: unixNanoseconds(loadedAtMs),
    vpp: vpp.kind,
    vppVersion: state?.kind === "connected" ? state.info.version : "",
    weights: vpp.kind === "known" ? vpp.can.weights : true,
    hashKind: "",
    readAtUnixNs: vpp.readAtMs === undefined ? undefined : unixNanoseconds(vpp.readAtMs),
    repaired:
      api?.reconciler.recentDrifts().map(({ vip, atMs, found, expected }): RepairedDrift => ({
        vip: nameOf(vip),
        atUnixNs: unixNanoseconds(atMs),
        found: found.join(", "),
        expected: expected.join(", "),
      })) ?? [],
  };
}

function fingerprint(
  { view, key }: LocalVip,
  { prints, ...rest }: Pick<VipFingerprint, "details" | "tables"> & {
    readonly prints: LocalPrints;
  },
): VipFingerprint {
  return create(VipFingerprint, { vip: nameOf(key), frontend: view.name, ...prints, ...rest });
}

/** The tables that VPP had, over the addresses of all of them. */
function pastOf(
  tables: readonly PastTable[],
  can: LocalVip["can"],
): Pick<VipDetails, "pastServers" | "past"> {
  const places = new Map<string, number>();
  for (const { addresses } of tables) {
    for (const address of addresses) if (!places.has(address)) places.set(address, places.size);
  }
  return {
    pastServers: [...places.keys()],
    past: tables.map(({ sinceMs, srcIpSticky, newFlowsTableLength, addresses, weights }) => {
      const all = new Uint8Array(places.size);
      for (const [at, address] of addresses.entries()) {
        // A VPP without weights gives each of its servers one replica.
        all[places.get(address)!] = can.weights ? weights[at]! : Math.min(1, weights[at]!);
      }
      return {
        sinceUnixNs: unixNanoseconds(sinceMs),
        srcIpSticky,
        length: tableLength(newFlowsTableLength),
        weights: all.join(" "),
      };
    }),
  };
}

function detailsOf(
  { wanted, actual, note, policy, pools, entries }: VipSide,
): Omit<VipDetails, "pastServers" | "past"> {
  return {
    wanted: tableOf(wanted),
    actual: actual && tableOf(actual),
    note,
    policy,
    pools: [...pools],
    entries: entries.map(entryOf),
  };
}

function tableOf({ encap, srcIpSticky, length, servers }: VipTable): TableMessage {
  return {
    encap,
    srcIpSticky,
    length,
    servers: servers.map(({ address, weight, sinceMs }) => ({
      address,
      weight,
      sinceUnixNs: nanosecondsOf(sinceMs),
    })),
  };
}

function entryOf(entry: Entry): VipEntry {
  const { address, backend, pool, fileWeight, enabled, intentWeight, state, code } = entry;
  return {
    address,
    backend,
    pool,
    fileWeight,
    enabled,
    intentWeight,
    intent: entry.intent ?? "",
    intentSinceUnixNs: nanosecondsOf(entry.intentSinceMs),
    by: entry.by ?? "",
    state,
    code,
    sinceUnixNs: unixNanoseconds(entry.sinceMs),
  };
}

function nanosecondsOf(unixMs: WallMs | undefined): bigint | undefined {
  return unixMs === undefined ? undefined : unixNanoseconds(unixMs);
}

function nameOf(vip: VipKey): VipName {
  return { prefix: vipPrefix(vip), protocol: protocolName(vip.protocol), port: vip.port };
}

function nameText({ prefix, protocol, port }: VipName): string {
  return `${prefix} ${protocol} ${port}`;
}
