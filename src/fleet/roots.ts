/**
 * The roots of a difference between load balancers: what is not the same on all of them, and why.
 * PURE. A weight that differs only because another server did is not a root of its own.
 *
 *     config   the file has something else: a server, a weight, the order of pools, a setting
 *     intent   an operator changed it on some load balancers only
 *     health   the servers' states differ, or what policies made of them
 *     vpp      VPP does not have what this load balancer should have
 */
import { latest, type WallMs } from "../base/instant.ts";
import { fileText, intentText, tableText } from "./fingerprint.ts";
import type { Entry, VipSide, VipTable } from "./side.ts";

/** Why tables differ. */
export type Cause = "config" | "intent" | "health" | "vpp";

/** In the order in which they are listed. */
export const CAUSES: readonly Cause[] = ["config", "intent", "health", "vpp"];

/** What some load balancers have, in words. */
export interface View {
  readonly lbs: readonly string[];
  readonly text: string;
}

/** One thing that differs. */
export interface Root {
  readonly cause: Cause;
  /** Names of the backends at the address; empty: it is about the whole VIP. */
  readonly backends: readonly string[];
  /** Empty: it is about the whole VIP. */
  readonly address: string;
  /** Those of most load balancers first. */
  readonly views: readonly View[];
  /** Unix time in milliseconds since which it differs; undefined: not known. */
  readonly sinceMs: WallMs | undefined;
}

/** The roots of the differences of one VIP that all `sides` have, in the order of CAUSES. */
export function rootsOf(sides: readonly VipSide[]): readonly Root[] {
  const roots = [...settingRoots(sides), ...poolRoots(sides), ...serverRoots(sides)];
  const known = [...roots, ...(roots.length === 0 ? unexplained(sides) : []), ...vppRoots(sides)];
  return CAUSES.flatMap((cause) => known.filter((root) => root.cause === cause));
}

/** Settings of the whole VIP. */
function settingRoots(sides: readonly VipSide[]): Root[] {
  const settings: readonly (readonly [string, (side: VipSide) => string])[] = [
    ["encapsulation", ({ encap }) => encap],
    ["src-ip-sticky", ({ srcIpSticky }) => String(srcIpSticky)],
    ["new-flows-table-length", ({ length }) => String(length)],
    ["policies", ({ policy }) => policy],
  ];
  return settings.flatMap(([name, value]) => {
    const views = viewsOf(sides, value);
    return views.length < 2 ? [] : [wholeRoot(
      "config",
      views.map(({ lbs, text }) => ({ lbs, text: `${name} ${text}` })),
      configSince(sides),
    )];
  });
}

/** Equal pools in another order. */
function poolRoots(sides: readonly VipSide[]): Root[] {
  if (!sameButOrder(sides)) return [];
  const views = viewsOf(sides, (side) => poolTexts(side).join("\n"));
  if (views.length < 2) return [];
  const named = views.map(({ lbs }) => ({
    lbs,
    text: `pools in the order ${sides.find(({ lb }) => lb === lbs[0])!.pools.join(", ")}`,
  }));
  return [wholeRoot("config", named, configSince(sides))];
}

/** The servers of each pool, by preference. */
function poolTexts({ pools, entries }: VipSide): readonly string[] {
  return pools.map((_, pool) =>
    entries.filter((entry) => entry.pool === pool).map(fileText).sort().join(",")
  );
}

/** True when all have the same pools, perhaps in another order. */
function sameButOrder(sides: readonly VipSide[]): boolean {
  return viewsOf(sides, (side) => [...poolTexts(side)].sort().join("\n")).length === 1;
}

function serverRoots(sides: readonly VipSide[]): Root[] {
  const placed = !sameButOrder(sides);
  return addressesOf(sides).flatMap((address) => {
    const found = sides.map(({ lb, entries }) => ({
      lb,
      entries: entries.filter((entry) => entry.address === address),
    }));
    const having = found.filter(({ entries }) => entries.length > 0);
    const config = differing(found, {
      cause: "config",
      address,
      text: (entry) => placedText(entry, placed),
      since: () => configSince(sides),
    });
    const intent = differing(having, {
      cause: "intent",
      address,
      text: intentWords,
      since: ({ intentSinceMs }) => intentSinceMs,
    });
    // An intent changes the state too.
    if (intent.length > 0) return [...config, ...intent];
    const since = ({ sinceMs }: Entry) => sinceMs;
    return [...config, ...differing(having, { cause: "health", address, text: stateWords, since })];
  });
}

interface Found {
  readonly lb: string;
  readonly entries: readonly Entry[];
}

function differing(
  found: readonly Found[],
  { cause, address, text, since }: {
    readonly cause: Cause;
    readonly address: string;
    readonly text: (entry: Entry) => string;
    readonly since: (entry: Entry) => WallMs | undefined;
  },
): Root[] {
  const views = viewsOf(
    found,
    ({ entries }) =>
      entries.length === 0 ? "not in the file" : [...new Set(entries.map(text))].sort().join("; "),
  );
  if (views.length < 2) return [];
  const all = found.flatMap(({ entries }) => entries);
  return [{ cause, address, backends: namesOf(all), views, sinceMs: newest(all.map(since)) }];
}

/** `weight 100`, `weight 0, disabled by the file, pool 2`. */
function placedText({ fileWeight, enabled, pool }: Entry, placed: boolean): string {
  const place = placed && pool > 0 ? `, pool ${pool + 1}` : "";
  return `weight ${fileWeight}${enabled ? "" : ", disabled by the file"}${place}`;
}

function intentWords(entry: Entry): string {
  const text = intentText(entry);
  if (text === "") return "no intent";
  return `${text}${entry.by === undefined || entry.by === "" ? "" : ` by ${entry.by}`}`;
}

function stateWords({ state, code }: Entry): string {
  return state === "up" || code === "" ? state : `${state} ${code}`;
}

/** Weights that differ although inputs and states are equal: what policies made of the past. */
function unexplained(sides: readonly VipSide[]): Root[] {
  if (viewsOf(sides, ({ wanted }) => tableText(wanted)).length < 2) return [];
  const abilities = viewsOf(
    sides,
    ({ weights }) => weights ? "VPP has weights" : "VPP has no weights",
  );
  if (abilities.length > 1) return [wholeRoot("vpp", abilities, undefined)];
  const names = namesByAddress(sides);
  const addresses = [
    ...new Set(sides.flatMap(({ wanted }) => wanted.servers.map((s) => s.address))),
  ];
  const roots = addresses.flatMap((address): Root[] => {
    const views = viewsOf(sides, ({ wanted }) => `weight ${weightAt(wanted, address)}`);
    const backends = names.get(address) ?? [];
    return views.length < 2
      ? []
      : [{ cause: "health", address, backends, views, sinceMs: undefined }];
  });
  if (roots.length > 0) return roots;
  // No maglevd of this version answers so.
  const views = viewsOf(sides, ({ wanted }) => tableText(wanted));
  return [wholeRoot(
    "config",
    views.map(({ lbs }) => ({ lbs, text: "a table that its inputs do not explain" })),
    undefined,
  )];
}

/** For each load balancer what its VPP has instead of what it should have. */
function vppRoots(sides: readonly VipSide[]): Root[] {
  return sides.flatMap((side): Root[] => {
    const { lb, wanted, actual, note } = side;
    if (actual === undefined || tableText(actual) === tableText(wanted)) return [];
    const because = note === "" ? "" : ` (${note})`;
    const whole = (text: string) =>
      wholeRoot("vpp", [{ lbs: [lb], text: `${text}${because}` }], undefined);
    if (actual.length === 0) return [whole("VPP does not have the VIP")];
    if (wanted.length === 0) return [whole("VPP has a VIP that it should not have")];
    const settings = [
      ["encapsulation", actual.encap, wanted.encap],
      ["src-ip-sticky", String(actual.srcIpSticky), String(wanted.srcIpSticky)],
      ["new-flows-table-length", String(actual.length), String(wanted.length)],
    ].flatMap(([name, has, should]) =>
      has === should ? [] : [whole(`VPP has ${name} ${has}, should have ${should}`)]
    );
    const names = namesByAddress([side]);
    const addresses = new Set([...actual.servers, ...wanted.servers].map((s) => s.address));
    const servers = [...addresses].flatMap((address): Root[] => {
      const [has, should] = [weightAt(actual, address), weightAt(wanted, address)];
      if (has === should) return [];
      const server = actual.servers.find((each) => each.address === address);
      const what = server === undefined ? "VPP does not have it" : `VPP has weight ${has}`;
      return [{
        cause: "vpp",
        address,
        backends: names.get(address) ?? [],
        views: [{ lbs: [lb], text: `${what}, should have ${should}${because}` }],
        sinceMs: server?.sinceMs,
      }];
    });
    return [...settings, ...servers];
  });
}

function weightAt({ servers }: VipTable, address: string): number {
  return servers.find((server) => server.address === address)?.weight ?? 0;
}

/** Values by the load balancers that have them; the value of most comes first. */
export function viewsOf<T extends { readonly lb: string }>(
  sides: readonly T[],
  value: (side: T) => string,
): View[] {
  const byText = new Map<string, string[]>();
  for (const side of sides) {
    const text = value(side);
    const lbs = byText.get(text);
    if (lbs === undefined) byText.set(text, [side.lb]);
    else lbs.push(side.lb);
  }
  return [...byText].map(([text, lbs]) => ({ lbs, text }))
    .sort((a, b) => b.lbs.length - a.lbs.length);
}

function wholeRoot(cause: Cause, views: readonly View[], sinceMs: WallMs | undefined): Root {
  return { cause, address: "", backends: [], views, sinceMs };
}

function configSince(sides: readonly VipSide[]): WallMs | undefined {
  return newest(sides.map(({ configSinceMs }) => configSinceMs));
}

function newest(instants: readonly (WallMs | undefined)[]): WallMs | undefined {
  return instants.reduce(
    (most, next) => most === undefined || next === undefined ? most ?? next : latest(most, next),
    undefined,
  );
}

function addressesOf(sides: readonly VipSide[]): readonly string[] {
  return [...new Set(sides.flatMap(({ entries }) => entries.map(({ address }) => address)))];
}

function namesOf(entries: readonly Entry[]): readonly string[] {
  return [...new Set(entries.map(({ backend }) => backend))];
}

function namesByAddress(sides: readonly VipSide[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { address, backend } of sides.flatMap(({ entries }) => entries)) {
    const found = names.get(address) ?? [];
    names.set(address, found);
    if (!found.includes(backend)) found.push(backend);
  }
  return names;
}
