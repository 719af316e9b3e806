/**
 * Finds the backends of a server in VPP by its address. PURE. Several backends may have the same
 * address (a server with one check for each of its services). So the backends of the VIP's own
 * frontend come first.
 */
import type { Config, FrontendConfig } from "../../config/model.ts";
import { vipKeyOf } from "./desired.ts";
import { type VipKey, vipKeyText } from "./model.ts";

/** Names by address, in the file's order; computed at the first call. */
export type NamesAt = (address: string) => readonly string[];

const NONE: readonly string[] = [];

/** The backends of a frontend's pools, each once. */
export function namesOfFrontend(
  { pools }: Pick<FrontendConfig, "pools">,
  backends: Config["backends"],
): NamesAt {
  return lazily(() => pools.flatMap((pool) => pool.backends.map(({ name }) => name)), backends);
}

/** All backends of a configuration. */
export function namesOfAll(backends: Config["backends"]): NamesAt {
  return lazily(() => backends.keys(), backends);
}

function lazily(names: () => Iterable<string>, backends: Config["backends"]): NamesAt {
  let known: ReadonlyMap<string, readonly string[]> | undefined;
  return (address) => (known ??= byAddress(names(), backends)).get(address) ?? NONE;
}

function byAddress(
  names: Iterable<string>,
  backends: Config["backends"],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const name of new Set(names)) {
    const address = backends.get(name)?.address.text;
    if (address === undefined) continue;
    const others = found.get(address);
    if (others === undefined) found.set(address, [name]);
    else others.push(name);
  }
  return found;
}

/** The backends at an address of a VIP: those of its frontend or, without any there, of all. */
export function namesOfVips(
  { frontends, backends }: Pick<Config, "frontends" | "backends">,
): (vip: VipKey, address: string) => readonly string[] {
  const all = namesOfAll(backends);
  const ofVip = new Map<string, NamesAt>();
  for (const frontend of frontends.values()) {
    ofVip.set(vipKeyText(vipKeyOf(frontend)), namesOfFrontend(frontend, backends));
  }
  return (vip, address) => {
    const own = ofVip.get(vipKeyText(vip))?.(address) ?? NONE;
    return own.length > 0 ? own : all(address);
  };
}
