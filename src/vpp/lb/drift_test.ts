import assert from "node:assert/strict";
import { actual } from "../../../tests/support/fakes/vips.ts";
import { driftBetween } from "./drift.ts";

const VIP = "192.0.2.1";

Deno.test("driftBetween() ignores index, buckets and remembered flushes", () => {
  const known = actual(VIP, "10.0.0.1=0!");
  const found = actual(VIP, "10.0.0.1=0", { poolIndex: 9 });
  assert.equal(driftBetween(known, found), undefined);
  assert.equal(driftBetween(undefined, undefined), undefined);
});

Deno.test("driftBetween() names both sides of each difference", () => {
  const known = actual(VIP, "10.0.0.1=100 10.0.0.2=5 10.0.0.3=1");
  const found = actual(VIP, "10.0.0.1=1 10.0.0.3=1 10.0.0.4=7", {
    srcIpSticky: true,
    encap: "l3dsr",
    newFlowsTableLength: 0,
  });
  assert.deepEqual(driftBetween(known, found), {
    found: [
      "encap l3dsr",
      "src-ip-sticky true",
      "new-flows-table-length 65536",
      "10.0.0.1 weight 1",
      "10.0.0.2 absent",
      "10.0.0.4 weight 7",
    ],
    expected: [
      "encap gre4",
      "src-ip-sticky false",
      "new-flows-table-length 1024",
      "10.0.0.1 weight 100",
      "10.0.0.2 weight 5",
      "10.0.0.4 absent",
    ],
  });
});

Deno.test("driftBetween() names a VIP that vanished and one that another program added", () => {
  const vip = actual(VIP, "10.0.0.1=100 10.0.0.2=5");
  const words = { there: ["VIP with 2 servers"], gone: ["no VIP"] };
  assert.deepEqual(driftBetween(vip, undefined), { found: words.gone, expected: words.there });
  assert.deepEqual(driftBetween(undefined, vip), { found: words.there, expected: words.gone });
});
