/**
 * Checks VIPs that share an address. VPP keeps one encapsulation for each VIP prefix, chosen by the
 * family of its servers, and takes either all ports of a prefix or single ones. Violations are
 * refused here with names and lines, because VPP would refuse them with a number only.
 */
import type { IpAddress } from "../../base/address.ts";
import { quote } from "../../base/text.ts";
import type { IssueList, Place } from "../issue.ts";

/** A backend in a pool whose address is known. */
export interface Member {
  readonly name: string;
  readonly place: Place;
  readonly address: IpAddress;
}

/** A frontend whose address, protocol and port are known. */
export interface Vip {
  readonly name: string;
  readonly place: Place;
  readonly address: IpAddress;
  /** `tcp/80`, or empty for all ports. */
  readonly service: string;
  /** Its servers with known addresses, over all pools. */
  readonly members: readonly Member[];
}

/** Checks the VIPs of each address against each other. */
export function checkVips(vips: readonly Vip[], issues: IssueList): void {
  const byAddress = new Map<string, Vip[]>();
  for (const vip of vips) {
    const group = byAddress.get(vip.address.text);
    if (group === undefined) byAddress.set(vip.address.text, [vip]);
    else group.push(vip);
  }
  for (const group of byAddress.values()) checkGroup(group, issues);
}

function checkGroup(group: readonly Vip[], issues: IssueList): void {
  const services = new Map<string, Vip>();
  const withServers = group.find((vip) => familyOf(vip) !== undefined);
  const family = withServers && familyOf(withServers);
  for (const vip of group) {
    const same = services.get(vip.service);
    if (same !== undefined) {
      issues.add(
        "duplicate-frontend",
        vip.place,
        `has the address, protocol and port of frontend ${quote(same.name)} ` +
          `(line ${same.place.mark.line}): ${vip.address.text} ${vip.service || "all ports"}`,
      );
    } else {
      const overlapped = overlapping(vip, services);
      if (overlapped !== undefined) {
        issues.add(
          "all-ports-overlap",
          vip.place,
          `${overlapText(vip, overlapped)}; VPP takes one or the other on an address`,
        );
      }
      services.set(vip.service, vip);
    }
    if (withServers !== undefined && (familyOf(vip) ?? family) !== family) {
      issues.add(
        "encap-conflict",
        vip.place,
        `has IPv${familyOf(vip)} backends, but frontend ${quote(withServers.name)} ` +
          `(line ${withServers.place.mark.line}) on the same address ${vip.address.text} has ` +
          `IPv${family} ones; VPP has one encapsulation for each address`,
      );
    }
  }
}

/** Family of its servers; undefined without a known server. */
function familyOf({ members }: Vip): 4 | 6 | undefined {
  return members[0]?.address.family;
}

/** A frontend that came before and takes all ports where this takes one, or the reverse. */
function overlapping(vip: Vip, services: ReadonlyMap<string, Vip>): Vip | undefined {
  if (vip.service !== "") return services.get("");
  for (const other of services.values()) return other;
  return undefined;
}

function overlapText(vip: Vip, other: Vip): string {
  const what = (of: Vip) => of.service === "" ? "all ports" : of.service;
  return `takes ${what(vip)} of ${vip.address.text}, but frontend ${quote(other.name)} ` +
    `(line ${other.place.mark.line}) takes ${what(other)}`;
}
