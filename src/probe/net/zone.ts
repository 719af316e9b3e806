/**
 * Resolves zones of scoped addresses (`fe80::1%eth0`) to interface numbers. Deno.connect resolves
 * a zone in a thread of its pool, outside the network namespace of this thread, and would look up
 * the interface in the wrong namespace.
 */
import { errnoName } from "../../base/errno.ts";
import { NO_INTERFACE_CODE } from "../outcome.ts";
import { closeThreadShim, threadShim } from "./thread_shim.ts";

/**
 * `address` with the current number of its zone in this thread's namespace. An interface that was
 * created again has another number. Throws zoneError().
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
 * The error for a failed lookup of `zone`. A lookup needs a descriptor, so it may fail although the
 * interface exists; the error therefore keeps the errno as `code`.
 */
export function zoneError(zone: string, errno: number): Error {
  const code = errnoName(errno);
  if (code === "ENODEV") {
    const message = `this host has no interface ${zone}`;
    return Object.assign(new Error(message), { code: NO_INTERFACE_CODE });
  }
  return Object.assign(new Error(`cannot look up interface ${zone}: ${code}`), { code });
}

/** Closes the shim that withZoneNumber() may have opened; a later call opens it again. */
export function closeZones(): void {
  closeThreadShim();
}
