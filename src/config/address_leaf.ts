/**
 * Reads addresses. One host has one address in one form: forms that sockets, VPP and people would
 * take for different hosts are refused for every address in the file.
 */
import { addressKind, embeddedIpv4, type IpAddress, parseIp } from "../base/address.ts";
import type { Rule } from "./issue.ts";
import { type Site, textOf, wrongType } from "./leaf.ts";
import { expectation } from "./schema/row_text.ts";
import type { AddressRow } from "./schema/types.ts";
import type { TreeNode } from "./yaml/tree.ts";

export function readAddress(row: AddressRow, node: TreeNode, site: Site): IpAddress | undefined {
  const text = textOf(node);
  const address = text === undefined ? undefined : parseIp(text, { allowZone: row.zone === true });
  if (address === undefined) return wrongType(row, node, site, addressHint(text));
  const problem = addressProblem(address, row) ?? familyProblem(address, row);
  if (problem === undefined) return address;
  site.issues.add(problem.rule, site, problem.message);
  return undefined;
}

interface Problem {
  readonly rule: Rule;
  readonly message: string;
}

/** The issue with an address that packets cannot be sent to, or that names another host. */
function addressProblem(address: IpAddress, row: AddressRow): Problem | undefined {
  const { text, zone } = address;
  const kind = addressKind(address);
  const notOneHost = (what: string): Problem => ({
    rule: "not-unicast",
    message: `expected one host's address, ${text} is ${what}`,
  });
  switch (kind) {
    case "unspecified":
      return notOneHost("the unspecified address");
    case "this-network":
      return notOneHost("an address of 0.0.0.0/8, which is never sent to");
    case "broadcast":
      return notOneHost("the broadcast address");
    case "multicast":
      return notOneHost("a multicast address");
    case "ipv4-mapped":
    case "ipv4-compatible": {
      const what = kind === "ipv4-mapped"
        ? "IPv4-mapped: sockets send IPv4 to it, and VPP sends IPv6"
        : "IPv4-compatible, a form that is not routed";
      return { rule: "address-form", message: `${text} is ${what}; ${ownForm(address, row)}` };
    }
    case "link-local":
      return zone === "" ? { rule: "link-local", message: linkLocalMessage(text, row) } : undefined;
    case "host":
    case "loopback": {
      if (zone === "") return undefined;
      const plain = text.slice(0, text.indexOf("%"));
      const message = `only link-local addresses have a zone; write ${plain}`;
      return { rule: "address-form", message };
    }
  }
}

/** The form to write in place of IPv4 in the form of IPv6. */
function ownForm(address: IpAddress, row: AddressRow): string {
  const embedded = embeddedIpv4(address);
  return row.family === 6 || addressKind(embedded) !== "host"
    ? "use a global IPv6 address"
    : `write ${embedded.text}`;
}

function linkLocalMessage(text: string, row: AddressRow): string {
  const what = `${text} is link-local, and every interface has a network of such addresses`;
  return row.zone === true
    // VPP has no zones, so the other way is refused in a frontend.
    ? `${what}; use a global address, or, in no frontend, ${text}%eth0 with the interface's name`
    : `${what}; use a global address`;
}

function familyProblem(address: IpAddress, row: AddressRow): Problem | undefined {
  if (row.family === undefined || row.family === address.family) return undefined;
  return {
    rule: "wrong-family",
    message: `expected ${expectation(row)}, found the IPv${address.family} ${address.text}`,
  };
}

function addressHint(text: string | undefined): string {
  if (text === undefined || text.length > 60) return "";
  const slash = text.split("/");
  if (slash.length === 2 && parseIp(slash[0]!)) return `; write ${slash[0]}, without prefix length`;
  if (parseIp(text, { allowZone: true })) return "; an address with a zone (%…) cannot stand here";
  const withPort = /^\[(.*)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text);
  const host = withPort?.[1] ?? withPort?.[2];
  if (host !== undefined && parseIp(host)) return `; write ${host} alone`;
  if (/^[\d.]+$/.test(text)) return "; four numbers from 0 to 255 without leading zeros";
  return /^[A-Za-z][\w-]*\./.test(text) ? "; names are not looked up" : "";
}
