/** Reads permissions and settings of this host, in any network namespace, through the shim. */
import type { Shim } from "../../../ffi/open.ts";
import { LOOK } from "../../../ffi/symbols.ts";
import { errnoName } from "../../base/errno.ts";
import { namespacePath } from "../net/namespace.ts";
import { OS_ERRORS } from "../os_errors.ts";
import type { PortSettings } from "./port_budget.ts";

/** Longer than any setting: 65,536 reserved ports with their commas. */
const TEXT_BYTES = 512 * 1024;

/** The errno name of a failed look; undefined when it succeeded. `netns` empty: the daemon's own. */
export function lookErrno(
  shim: Shim<"maglev_netns_look">,
  netns: string,
  what: number,
): string | undefined {
  const result = look(shim, netns, what, new Uint8Array(0));
  return result < 0 ? errnoName(result) : undefined;
}

/** The settings of local ports, or the reason why they cannot be read. */
export function portSettings(
  shim: Shim<"maglev_netns_look">,
  netns: string,
): PortSettings | string {
  const buffer = new Uint8Array(TEXT_BYTES);
  const read = (what: number): string | number => {
    const result = look(shim, netns, what, buffer);
    return result < 0 ? result : new TextDecoder().decode(buffer.subarray(0, result));
  };
  const [range, reserved, twReuse] = [
    read(LOOK.portRange),
    read(LOOK.reservedPorts),
    read(LOOK.twReuse),
  ];
  if (typeof range === "number") return cannotRead("ip_local_port_range", range);
  if (typeof reserved === "number") return cannotRead("ip_local_reserved_ports", reserved);
  return { range, reserved, twReuse: typeof twReuse === "number" ? "" : twReuse };
}

function look(
  shim: Shim<"maglev_netns_look">,
  netns: string,
  what: number,
  text: Uint8Array<ArrayBuffer>,
): number {
  const path = new TextEncoder().encode(`${netns === "" ? "" : namespacePath(netns)}\0`);
  return shim.calls.maglev_netns_look(path, path.length, what, text, text.length);
}

function cannotRead(setting: string, errno: number): string {
  const name = errnoName(errno);
  const words: Readonly<Record<string, string>> = {
    ENOENT: "no such file (check whether /proc is restricted, for example by ProcSubset=pid)",
    EACCES: "no permission to open it",
    EPERM: "no permission to enter the network namespace",
  };
  const why = words[name] ?? OS_ERRORS[name]?.text ?? name;
  return `cannot read /proc/sys/net/ipv4/${setting}: ${why}`;
}
