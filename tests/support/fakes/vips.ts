/** Short ways of writing VIPs in tests, and arbitrary ones. */
import fc from "fast-check";
import { compareIp, parseIp } from "../../../src/base/address.ts";
import type { IpAddress } from "../../../src/base/address.ts";
import type {
  ActualVip,
  DesiredServer,
  DesiredVip,
  Encap,
  Operation,
} from "../../../src/vpp/lb/model.ts";
import { vipKeyText } from "../../../src/vpp/lb/model.ts";

/** The address, which must be one. */
export function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new RangeError(`Not an IP address: ${text}`);
  return address;
}

export type VipShape = Partial<
  Pick<DesiredVip, "protocol" | "port" | "encap" | "srcIpSticky" | "newFlowsTableLength">
>;

/**
 * `desired("192.0.2.1", "10.0.0.1=100 10.0.0.2=0!")`: tcp port 80 unless `shape` differs;
 * `!` marks a server in a flushing state. Servers are put in order.
 */
export function desired(address: string, servers = "", shape: VipShape = {}): DesiredVip {
  const vip = ip(address);
  return {
    address: vip,
    prefixLength: vip.family === 4 ? 32 : 128,
    protocol: 6,
    port: 80,
    encap: servers.includes(":") ? "gre6" : "gre4",
    srcIpSticky: false,
    newFlowsTableLength: 1024,
    ...shape,
    servers: serversOf(servers).map(({ address, weight, marked }) => ({
      address,
      weight,
      flush: marked,
    })),
  };
}

/** Likewise; here `!` marks a server that was flushed. */
export function actual(
  address: string,
  servers = "",
  shape: Partial<Omit<ActualVip, "servers">> = {},
): ActualVip {
  const { servers: _, ...vip } = desired(address, servers);
  return {
    ...vip,
    poolIndex: undefined,
    removed: [],
    ...shape,
    servers: serversOf(servers).map(({ address, weight, marked }) => ({
      address,
      weight,
      buckets: undefined,
      flushed: marked,
    })),
  };
}

/** `as-weight 10.0.0.1 100 flush`; with the VIP's key in front of the rest when `withVip`. */
export function operationText(operation: Operation, withVip = false): string {
  const vip = withVip ? ` ${vipKeyText(operation.vip)}` : "";
  switch (operation.kind) {
    case "vip-add":
    case "vip-del":
    case "vip-flush":
      return `${operation.kind}${vip}`;
    case "as-add":
      return `as-add${vip} ${operation.address.text} ${operation.weight}`;
    case "as-del":
      return `as-del${vip} ${operation.address.text}${operation.flush ? " flush" : ""}`;
    case "as-flush":
      return `as-flush${vip} ${operation.address.text}`;
    case "as-weight":
      return `as-weight${vip} ${operation.address.text} ${operation.weight}` +
        (operation.flush ? " flush" : "");
  }
}

function serversOf(text: string): { address: IpAddress; weight: number; marked: boolean }[] {
  return text.split(" ").filter((word) => word !== "").map((word) => {
    const [address, weight] = word.replace("!", "").split("=");
    return { address: ip(address!), weight: Number(weight), marked: word.endsWith("!") };
  }).sort((a, b) => compareIp(a.address, b.address));
}

/**
 * All VIPs of a configuration, as the configuration rules have them: on each of a few addresses
 * nothing, one all-ports VIP, or some VIPs of one encapsulation.
 */
export function arbitraryDesired(): fc.Arbitrary<DesiredVip[]> {
  const addresses = ["192.0.2.1", "192.0.2.2", "198.51.100.7", "2001:db8::1", "2001:db8::2"];
  return fc.tuple(...addresses.map(arbitraryPrefix)).map((prefixes) => prefixes.flat());
}

function arbitraryPrefix(address: string): fc.Arbitrary<DesiredVip[]> {
  return fc.constantFrom<Encap>("gre4", "gre6").chain((encap) => {
    const one = fc.record({
      srcIpSticky: fc.boolean(),
      newFlowsTableLength: fc.constantFrom(2, 4),
      servers: arbitraryServers(encap),
    });
    const port = fc.constantFrom<[6 | 17, number]>([6, 80], [6, 443], [17, 443]);
    return fc.oneof(
      one.map((rest) => [{ ...base(address), protocol: 255 as const, port: 0, encap, ...rest }]),
      fc.uniqueArray(port, { selector: String }).chain((ports) =>
        fc.tuple(
          ...ports.map(([protocol, port]) =>
            one.map((rest) => ({ ...base(address), protocol, port, encap, ...rest }))
          ),
        )
      ),
    );
  });
}

function base(address: string) {
  const vip = ip(address);
  return { address: vip, prefixLength: vip.family === 4 ? 32 as const : 128 as const };
}

function arbitraryServers(encap: Encap): fc.Arbitrary<DesiredServer[]> {
  const prefix = encap === "gre4" ? "10.0.0." : "fd00::";
  const server = fc.record({
    address: fc.integer({ min: 1, max: 6 }).map((n) => ip(`${prefix}${n}`)),
    weight: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 })),
    flush: fc.boolean(),
  }).map(({ address, weight, flush }) => ({ address, weight, flush: flush && weight === 0 }));
  return fc.uniqueArray(server, { selector: (one) => one.address.text, maxLength: 6 })
    .map((servers) => servers.sort((a, b) => compareIp(a.address, b.address)));
}
