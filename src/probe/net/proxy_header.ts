/**
 * PURE. Headers of the PROXY protocol for connections of the prober itself, which carry no client's
 * address (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, 2.1 and 2.2).
 */

/** Version 2, command LOCAL: signature, version and command, no address family, no length. */
const V2_LOCAL = "0d0a0d0a000d0a515549540a20000000";

/** The bytes with which the connection begins. */
export function proxyHeader(version: "v1" | "v2" | undefined): Uint8Array {
  if (version === undefined) return new Uint8Array(0);
  return version === "v1"
    ? new TextEncoder().encode("PROXY UNKNOWN\r\n")
    : Uint8Array.fromHex(V2_LOCAL);
}
