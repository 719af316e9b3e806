/** Addresses from texts. PURE. */
import { type IpAddress, parseIp } from "../../../src/base/address.ts";

/** The address, which must be one. */
export function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new RangeError(`not an IP address: ${text}`);
  return address;
}
