import assert from "node:assert/strict";
import { desired } from "../../../tests/support/fakes/vips.ts";
import { conflictBetween } from "./conflict.ts";

const any = desired("192.0.2.1", "", { protocol: 255, port: 0 });
const web = desired("192.0.2.1");
const tls = desired("192.0.2.1", "", { port: 443 });
const dns6 = desired("192.0.2.1", "", { protocol: 17, port: 53, encap: "gre6" });

const CASES = [
  { name: "itself", wanted: web, present: web, conflict: undefined },
  {
    name: "itself with another encap",
    wanted: web,
    present: { ...web, encap: "gre6" as const },
    conflict: undefined,
  },
  { name: "another port of the same encap", wanted: web, present: tls, conflict: undefined },
  { name: "another address", wanted: any, present: desired("192.0.2.2"), conflict: undefined },
  {
    name: "another prefix length",
    wanted: web,
    present: { ...any, prefixLength: 24 },
    conflict: undefined,
  },
  {
    name: "an all-ports VIP",
    wanted: web,
    present: any,
    conflict: "an all-ports VIP cannot share a prefix with protocol 6 port 80",
  },
  {
    name: "a port, being all-ports",
    wanted: any,
    present: tls,
    conflict: "an all-ports VIP cannot share a prefix with protocol 6 port 443",
  },
  {
    name: "another encap",
    wanted: web,
    present: dns6,
    conflict: "encap gre4 cannot share a prefix with protocol 17 port 53 with gre6",
  },
];

for (const { name, wanted, present, conflict } of CASES) {
  Deno.test(`conflictBetween() compares a VIP with ${name}`, () => {
    assert.equal(conflictBetween(wanted, present), conflict);
  });
}
