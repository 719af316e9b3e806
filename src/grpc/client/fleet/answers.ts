/**
 * PURE. The answers of load balancers as values of src/fleet/, bounded and cut: each comes from
 * another program.
 */
import { parseIp } from "../../../base/address.ts";
import { LATEST_MS, type WallMs } from "../../../base/instant.ts";
import type { Answer, VipPrints, VppState } from "../../../fleet/compare.ts";
import type { Entry, PastTable, VipSide, VipTable } from "../../../fleet/side.ts";
import type { SeenServer } from "../../../fleet/votes.ts";
import type { messages } from "../client.ts";

/** Most VIPs of a load balancer. */
export const MAX_VIPS = 20_000;
/** Most entries of a VIP that are explained, and most servers of a table. */
const MAX_ENTRIES = 10_000;
/** Most past tables of a VIP. */
const MAX_PAST = 64;
/** Most repaired drifts. */
const MAX_REPAIRED = 100;
/** Longest name, and longest other text, in UTF-16 units. */
const [MAX_NAME, MAX_TEXT] = [256, 300];

/** An answer, or why it cannot be used. */
export type Read<T> = { readonly ok: true; readonly value: T } | {
  readonly ok: false;
  readonly reason: string;
};

/** Puts the pages of one load balancer together. */
export class AnswerReader {
  readonly #vips = new Map<string, VipPrints>();
  readonly #details = new Map<string, VipSide>();
  readonly #lb: string;
  #head: messages.Fingerprints | undefined;
  #fault = "";

  /** `lb`: its name. */
  constructor(lb: string) {
    this.#lb = lb;
  }

  /** Takes the next page; false: no more is needed, because the answer cannot be used. */
  add(page: messages.Fingerprints): boolean {
    this.#head ??= page;
    for (const each of page.vips) {
      const key = keyOf(each.vip);
      if (key === undefined) return this.#failed("its answer has a VIP without a name");
      if (this.#vips.has(key)) return this.#failed("its answer has a VIP twice");
      if (this.#vips.size >= MAX_VIPS) return this.#failed(`it has more than ${MAX_VIPS} VIPs`);
      const { inputs, wanted, actual, details, tables } = each;
      const frontend = cut(each.frontend, MAX_NAME);
      this.#vips.set(key, { frontend, inputs, wanted, actual, tables });
      if (details?.wanted !== undefined) {
        this.#details.set(key, sideOf(details, { lb: this.#lb, frontend, head: this.#head }));
      }
    }
    return true;
  }

  #failed(reason: string): false {
    this.#fault = reason;
    return false;
  }

  /** The answer when all pages were taken. */
  answer(): Read<Answer> {
    const head = this.#head;
    if (this.#fault !== "") return { ok: false, reason: this.#fault };
    if (head === undefined || this.#vips.size !== head.vipCount) {
      return { ok: false, reason: "its answer ends too early" };
    }
    return {
      ok: true,
      value: {
        version: cut(head.version, MAX_NAME),
        algorithm: cut(head.algorithm, MAX_NAME),
        configHash: cut(head.configHash, MAX_NAME),
        configSinceMs: instantOf(head.configLoadedUnixNs),
        vpp: VPP_STATES.find((state) => state === head.vpp) ?? "unread",
        vppVersion: cut(head.vppVersion, MAX_NAME),
        weights: head.weights,
        hashKind: cut(head.hashKind, MAX_NAME),
        readAtMs: head.readAtUnixNs === undefined ? undefined : instantOf(head.readAtUnixNs),
        root: head.root,
        vips: this.#vips,
        repaired: head.repaired.slice(0, MAX_REPAIRED).flatMap(
          ({ vip, atUnixNs, found, expected }) => {
            const key = keyOf(vip);
            return key === undefined ? [] : [{
              vip: key,
              atMs: instantOf(atUnixNs),
              found: cut(found, MAX_TEXT),
              expected: cut(expected, MAX_TEXT),
            }];
          },
        ),
      },
    };
  }

  /** The VIPs that came with details, by key text. */
  get sides(): ReadonlyMap<string, VipSide> {
    return this.#details;
  }
}

const VPP_STATES: readonly VppState[] = ["off", "away", "unread", "known"];

/** `192.0.2.1/32 tcp 80`; undefined for a VIP that cannot be one. */
export function keyOf(vip: messages.VipName | undefined): string | undefined {
  if (vip === undefined) return undefined;
  const [, address = "", length = ""] = /^([0-9a-f.:]{1,45})\/(\d{1,3})$/.exec(vip.prefix) ?? [];
  if (parseIp(address) === undefined || !/^[a-z0-9]{1,8}$/.test(vip.protocol)) return undefined;
  return vip.port > 65_535 ? undefined : `${address}/${length} ${vip.protocol} ${vip.port}`;
}

/** The name of a key text. */
export function vipNameOf(key: string): messages.VipName {
  const [prefix = "", protocol = "", port = ""] = key.split(" ");
  return { prefix, protocol, port: Number(port) };
}

function sideOf(
  details: messages.VipDetails,
  { lb, frontend, head }: {
    readonly lb: string;
    readonly frontend: string;
    readonly head: messages.Fingerprints;
  },
): VipSide {
  const { wanted, actual, note, policy, pools, entries } = details;
  const table = tableOf(wanted);
  return {
    lb,
    frontend,
    encap: table.encap,
    srcIpSticky: table.srcIpSticky,
    length: table.length,
    policy: cut(policy, MAX_TEXT),
    pools: pools.slice(0, MAX_ENTRIES).map((name) => cut(name, MAX_NAME)),
    entries: entries.slice(0, MAX_ENTRIES).map(entryOf),
    weights: head.weights,
    wanted: table,
    actual: actual && tableOf(actual),
    note: cut(note, MAX_TEXT),
    configSinceMs: instantOf(head.configLoadedUnixNs),
    past: pastOf(details, table.encap),
  };
}

function pastOf(
  { past, pastServers }: messages.VipDetails,
  encap: string,
): readonly PastTable[] {
  const addresses = pastServers.slice(0, MAX_ENTRIES).map(addressOf);
  return past.slice(-MAX_PAST).map(({ sinceUnixNs, srcIpSticky, length, weights }) => {
    const each = weights.split(" ", MAX_ENTRIES).map(Number);
    const servers = addresses.flatMap((address, at) => {
      const weight = each[at] ?? 0;
      return weight > 0 ? [{ address, weight }] : [];
    });
    return { sinceMs: instantOf(sinceUnixNs), table: { encap, srcIpSticky, length, servers } };
  });
}

function tableOf(table: messages.VipTable | undefined): VipTable {
  return {
    encap: cut(table?.encap ?? "", MAX_NAME),
    srcIpSticky: table?.srcIpSticky ?? false,
    length: table?.length ?? 0,
    servers: (table?.servers ?? []).slice(0, MAX_ENTRIES).map(
      ({ address, weight, sinceUnixNs }) => ({
        address: addressOf(address),
        weight,
        sinceMs: sinceUnixNs === undefined ? undefined : instantOf(sinceUnixNs),
      }),
    ),
  };
}

function entryOf(entry: messages.VipEntry): Entry {
  const { pool, fileWeight, enabled, intentWeight, intentSinceUnixNs } = entry;
  return {
    address: addressOf(entry.address),
    backend: cut(entry.backend, MAX_NAME),
    pool,
    fileWeight,
    enabled,
    intentWeight,
    intent: entry.intent === "" ? undefined : cut(entry.intent, MAX_NAME),
    intentSinceMs: intentSinceUnixNs === undefined ? undefined : instantOf(intentSinceUnixNs),
    by: cut(entry.by, MAX_TEXT),
    state: cut(entry.state, MAX_NAME),
    code: cut(entry.code, MAX_NAME),
    sinceMs: instantOf(entry.sinceUnixNs),
  };
}

/** The backends of an answer as votes. */
export function seenServers(backends: readonly messages.BackendInfo[]): readonly SeenServer[] {
  return backends.map(({ name, address, state, sinceUnixNs, lastResult }) => ({
    name: cut(name, MAX_NAME),
    address: addressOf(address),
    state: cut(state, MAX_NAME),
    code: lastResult === undefined || lastResult.ok ? "" : cut(lastResult.code, MAX_NAME),
    sinceMs: instantOf(sinceUnixNs),
  }));
}

function addressOf(text: string): string {
  return text.length <= 64 ? parseIp(text)?.text ?? text : cut(text, 64);
}

/** An instant of the API, between the start of Unix time and its end there. */
export function instantOf(unixNs: bigint): WallMs {
  return Math.min(Math.max(Number(unixNs) / 1e6, 0), LATEST_MS) as WallMs;
}

/** A text of at most `length` UTF-16 units. */
export function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
