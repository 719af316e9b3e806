/**
 * Warns of valid addresses that VPP cannot use: loopback, and the sources of its own GRE packets.
 */
import { addressKind } from "../../base/address.ts";
import { quote } from "../../base/text.ts";
import type { Member, Vip } from "./vips.ts";
import type { IssueList } from "../issue.ts";
import type { VppLbDraft } from "../schema/schema.ts";

/** Maximum of names shown of a longer list. */
const MAX_SHOWN = 5;

/** Warns of VIPs and servers that VPP does not send packets to; once for all on loopback. */
export function checkLoopback(vips: readonly Vip[], issues: IssueList): void {
  const isLoopback = ({ address }: Member | Vip) => addressKind(address) === "loopback";
  const members = new Map<string, Member>();
  for (const member of vips.flatMap((vip) => vip.members).filter(isLoopback)) {
    if (!members.has(member.name)) members.set(member.name, member);
  }
  const [first] = members.values();
  if (first !== undefined) {
    const names = [...members.keys()];
    const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : "";
    const shown = names.slice(0, MAX_SHOWN).map((name) => quote(name)).join(", ") + more;
    issues.add(
      "loopback",
      first.place,
      `VPP cannot send to a loopback address, and these have one: ${shown}; probes pass where ` +
        "traffic would not, so use an address that VPP has a route to",
    );
  }
  for (const vip of vips.filter(isLoopback)) {
    issues.add(
      "loopback",
      vip.place,
      `no client's packet comes to the loopback address ${vip.address.text}; use another`,
    );
  }
}

/** Warns of VIPs and servers that are the source of VPP's GRE packets. */
export function checkSources(lb: VppLbDraft, vips: readonly Vip[], issues: IssueList): void {
  for (const key of ["ipv4-src-address", "ipv6-src-address"] as const) {
    const source = lb.keys[key].value?.text;
    if (source === undefined) continue;
    for (const vip of vips) {
      if (vip.address.text === source) {
        issues.add(
          "own-address",
          vip.place,
          `the VIP ${source} is \`${key}\` too: VPP takes packets to an address of its own ` +
            "for itself and does not balance them; use two addresses",
        );
      }
      const member = vip.members.find(({ address }) => address.text === source);
      if (member === undefined) continue;
      issues.add(
        "own-address",
        member.place,
        `${quote(member.name)} (${source}) is \`${key}\`: VPP would send to itself; use the ` +
          "address of a server",
      );
    }
  }
}
