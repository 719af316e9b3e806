/** Plans for a VPP without weights: servers are added or deleted, with flush where it is due. */
import assert from "node:assert/strict";
import { actual, desired, ip, operationText } from "../../../tests/support/fakes/vips.ts";
import { forgetFlushes } from "./acknowledge.ts";
import { desiredServers } from "./unweighted.ts";
import type { ActualVip, DesiredVip, RemovedServer } from "./model.ts";
import { planVip } from "../../../tests/support/worlds/plans.ts";

const VIP = "192.0.2.1";
const CAN = { weights: false };

function removed(address: string, flushed = false): RemovedServer {
  return { address: ip(address), flushed };
}

const CASES: readonly {
  name: string;
  desired: DesiredVip | undefined;
  actual: ActualVip | undefined;
  operations: readonly string[];
}[] = [
  {
    name: "a missing VIP: servers with weight are added, those of weight 0 are not",
    desired: desired(VIP, "10.0.0.1=0! 10.0.0.2=1 10.0.0.3=100 10.0.0.4=0"),
    actual: undefined,
    operations: ["vip-add", "as-add 10.0.0.2 100", "as-add 10.0.0.3 100", "vip-flush"],
  },
  {
    name: "no operations when the servers with weight are there",
    desired: desired(VIP, "10.0.0.1=1 10.0.0.2=99 10.0.0.3=0"),
    actual: actual(VIP, "10.0.0.1=100 10.0.0.2=100"),
    operations: [],
  },
  {
    name: "adds, deletes without flush, deletes with flush",
    desired: desired(VIP, "10.0.0.1=0! 10.0.0.2=0 10.0.0.4=5"),
    actual: actual(VIP, "10.0.0.1=100 10.0.0.2=100 10.0.0.3=100"),
    operations: [
      "as-add 10.0.0.4 100",
      "as-del 10.0.0.2",
      "as-del 10.0.0.1 flush",
      "as-del 10.0.0.3 flush",
    ],
  },
  {
    name: "a flush of a drained server that enters a flushing state",
    desired: desired(VIP, "10.0.0.1=0! 10.0.0.2=0"),
    actual: actual(VIP, "", { removed: [removed("10.0.0.1"), removed("10.0.0.2")] }),
    operations: ["as-flush 10.0.0.1"],
  },
  {
    name: "a flush of a drained server that is no longer configured",
    desired: desired(VIP),
    actual: actual(VIP, "", { removed: [removed("10.0.0.1")] }),
    operations: ["as-flush 10.0.0.1"],
  },
  {
    name: "no second flush for the same reason",
    desired: desired(VIP, "10.0.0.1=0!"),
    actual: actual(VIP, "", { removed: [removed("10.0.0.1", true), removed("10.0.0.2", true)] }),
    operations: [],
  },
  {
    name: "a server that returns, with its flows",
    desired: desired(VIP, "10.0.0.1=100"),
    actual: actual(VIP, "", { removed: [removed("10.0.0.1")] }),
    operations: ["as-add 10.0.0.1 100"],
  },
  {
    name: "a VIP that is not desired: flows of drained servers are flushed too",
    desired: undefined,
    actual: actual(VIP, "10.0.0.1=100", {
      removed: [removed("10.0.0.2"), removed("10.0.0.3", true)],
    }),
    operations: ["as-del 10.0.0.1", "vip-flush", "vip-del"],
  },
  {
    name: "another sticky flag recreates",
    desired: desired(VIP, "10.0.0.1=50 10.0.0.2=0", { srcIpSticky: true }),
    actual: actual(VIP, "10.0.0.1=100"),
    operations: ["as-del 10.0.0.1 flush", "vip-del", "vip-add", "as-add 10.0.0.1 100", "vip-flush"],
  },
];

for (const { name, desired, actual, operations } of CASES) {
  Deno.test(`planVip() for a VPP without weights plans ${name}`, () => {
    assert.deepEqual(planVip(desired, actual, CAN).map((one) => operationText(one)), operations);
  });
}

Deno.test("desiredServers() changes nothing for a VPP with weights", () => {
  const vip = desired(VIP, "10.0.0.1=0! 10.0.0.2=30");
  assert.equal(desiredServers(vip, { weights: true }).servers, vip.servers);
  assert.equal(desiredServers(vip, { weights: true }).out.size, 0);
});

Deno.test("forgetFlushes() makes a removed server due for a flush again only for a new reason", () => {
  const there = actual(VIP, "", {
    removed: [removed("10.0.0.1", true), removed("10.0.0.2", true)],
  });
  // 10.0.0.2 is not configured; its flush for that reason is remembered.
  const drained = desired(VIP, "10.0.0.1=0");
  const next = forgetFlushes(there, drained);
  assert.deepEqual(next.removed.map(({ flushed }) => flushed), [false, true]);
  assert.deepEqual(planVip(drained, next, CAN), []);
  assert.deepEqual(
    planVip(desired(VIP, "10.0.0.1=0!"), next, CAN).map((one) => operationText(one)),
    ["as-flush 10.0.0.1"],
  );
  assert.equal(forgetFlushes(there, desired(VIP, "10.0.0.1=0!")), there);
});
