/**
 * A maglevd that does not run for longer than its lease lasts. Goal: the others see that it is away,
 * requests go on, and it follows them when it runs again. Judge: the weights of its simulated VPP.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { etcdTest } from "../support/servers/etcd.ts";
import { onFleet, PATIENT } from "../support/worlds/fleet_stage.ts";

const ADDRESSES = [1, 2, 3].map((last) => `127.0.83.${last}`);

etcdTest(
  "a load balancer that is frozen is away for the others, and follows afterwards",
  async () => {
    await onFleet(ADDRESSES, async ({ lbs }) => {
      const [lb1, lb2] = lbs;
      for (const lb of lbs) await lb.start();
      for (const lb of lbs) await lb.has(100, 100, 100);
      /** Whether lb1 sees a status of lb2. */
      const present = async () => {
        const { members } = await lb1.call("GetFleet", {});
        return members.find(({ name }) => name === "lb2")?.present;
      };
      await readUntil(present, (is) => is === true, { ...PATIENT, what: "lb2 is there" });
      lb2.daemon.process.signal("SIGSTOP");
      try {
        await readUntil(present, (is) => is === false, { ...PATIENT, what: "lb2 is away" });
        const { warning } = await lb1.call("DrainBackend", {
          name: "b0",
          scope: "fleet",
          forNs: 3_600_000_000_000n,
        });
        assert.match(warning, /lb2/);
        await lb1.has(0, 100, 100);
        await lb2.has(100, 100, 100);
      } finally {
        lb2.daemon.process.signal("SIGCONT");
      }
      await lb2.has(0, 100, 100);
      await readUntil(present, (is) => is === true, { ...PATIENT, what: "lb2 is there again" });
    });
  },
);
