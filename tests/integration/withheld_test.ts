/**
 * Operations withheld from VPP, as an operator sees them: in the status, in plans, in the log, and
 * in readiness; and the reported cost of a change in a plan.
 */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import { type Ended, type Json, part } from "../support/judges/grpc_client.ts";
import { grpcTest, onGrpcStage } from "../support/worlds/grpc_stage.ts";

function message(ended: Ended): Json | undefined {
  assert.equal(ended.code, "OK", ended.details);
  return ended.message;
}

grpcTest(
  "withheld operations are in the status and in plans, and maglevd is not ready",
  async () => {
    await onGrpcStage({}, async ({ client, daemon, simulator }) => {
      // Another program's NAT VIP, whose removal may end VPP.
      simulator.plugin.addVip({
        pfx: { address: parseIp("203.0.113.1")!, len: 32 },
        protocol: 17,
        port: 53,
        encap: 3,
        dscp: 0,
        type: 0,
        targetPort: 5353,
        newFlowsTableLength: 16,
        srcIpSticky: false,
      });
      assert.equal(part(message(await client.call("GetStatus")), "ready"), true);
      message(await client.call("SyncVPPLBState"));
      const said = await daemon.seen(({ msg }) => msg === "vpp-withheld");
      assert.deepEqual([said.level, said.kind, said.vip], ["ERROR", "nat", "203.0.113.1/32"]);
      const status = message(await client.call("GetStatus"));
      assert.notEqual(part(status, "ready"), true);
      assert.match(
        String(part(status, "withheld", 0)),
        /^203\.0\.113\.1\/32 udp 53: VPP may crash/,
      );
      const plan = message(await client.call("PlanBackend", { name: "b0", action: "pause" }));
      assert.match(String(part(plan, "plan", "warning")), /^withheld: 203\.0\.113\.1\/32 udp 53: /);
      assert.deepEqual(simulator.deaths, []);
    });
  },
);

grpcTest(
  "plan, reload and log warn that a change of sticky buckets makes VPP forget all flows",
  async () => {
    await onGrpcStage({}, async ({ client, daemon, configPath }) => {
      const text = await Deno.readTextFile(configPath);
      const changed = text.replace(
        /^( +)(ipv4-src-address:.*)$/m,
        "$1$2\n$1sticky-buckets-per-core: 1024",
      );
      assert.notEqual(changed, text);
      await Deno.writeTextFile(configPath, changed);
      const plan = message(await client.call("PlanConfig"));
      const forgotten = /all sticky flows of all VIPs are forgotten/;
      assert.match(String(part(plan, "plan", "warning")), forgotten);
      const reload = message(await client.call("ReloadConfig", { reason: "a drill" }));
      assert.match(String(part(reload, "plan", "warning")), forgotten);
      const set = await daemon.seen(({ msg, level }) =>
        msg === "vpp-lb-conf-set" && level === "WARN"
      );
      assert.match(String(set.message), forgotten);
      // The reload that causes it reports it, not the next one.
      const next = message(await client.call("ReloadConfig"));
      assert.doesNotMatch(String(part(next, "plan", "warning")), forgotten);
    });
  },
);
