/**
 * Zones of scoped addresses (`fe80::1%eth0`). Deno.connect resolves an address with a zone in a
 * thread of its pool, which is not in the network namespace of this one: the name of an interface
 * would be looked up in the wrong place. So it is turned into its number here.
 */
import { errnoName } from "../../base/errno.ts";
import { NO_INTERFACE_CODE } from "../outcome.ts";
import { closeThreadShim, threadShim } from "./thread_shim.ts";

/**
 * `address` with the zone as a number, of this thread's namespace and now: an interface that was
 * made anew has another. Throws zoneError().
 */
export function withZoneNumber(address: string): string {
  const at = address.indexOf("%");
  const zone = address.slice(at + 1);
  if (at < 0 || /^\d+$/.test(zone)) return address;
  const shim = threadShim();
  if (shim === undefined) return address;
  const name = new TextEncoder().encode(`${zone}\0`);
  const index = shim.calls.maglev_interface_index(name, name.length);
  if (index <= 0) throw zoneError(zone, index);
  return `${address.slice(0, at)}%${index}`;
}

/**
 * Why zone `zone` has no number, said by an errno. Looking it up takes a descriptor: that there is
 * none says nothing about the interface, and the error keeps the `code` by which that is told.
 */
export function zoneError(zone: string, errno: number): Error {
  const code = errnoName(errno);
  if (code === "ENODEV") {
    const message = `this host has no interface ${zone}`;
    return Object.assign(new Error(message), { code: NO_INTERFACE_CODE });
  }
  return Object.assign(new Error(`interface ${zone} cannot be looked up: ${code}`), { code });
}

/** Closes the shim, if withZoneNumber() needed it; it may be needed again. */
export function closeZones(): void {
  closeThreadShim();
}
