/**
 * Three outages of other fleets, replayed by maglevc on two maglevds with a real etcd. Goal: the guard
 * of each load balancer holds what took servers out there, and nothing stays drained. Judges: the
 * weights of each simulated VPP, and exit statuses.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { etcdTest } from "../support/servers/etcd.ts";
import { type FleetLb, onFleet, PATIENT } from "../support/worlds/fleet_stage.ts";

const ADDRESSES = [1, 2, 3, 4, 5].map((last) => `127.0.82.${last}`);
const FULL = [100, 100, 100, 100, 100];
const NAMES = ["b0", "b1", "b2", "b3", "b4"];

function all(lbs: readonly FleetLb[], act: (lb: FleetLb) => Promise<unknown>) {
  return Promise.all(lbs.map(act));
}

/** Waits until a load balancer holds the intents of these backends, for these reasons. */
async function holds(lb: FleetLb, reasons: Readonly<Record<string, RegExp>>): Promise<void> {
  const wanted = Object.keys(reasons);
  const read = async () => {
    const { intents } = await lb.call("GetFleet", {});
    return intents.filter(({ here }) => here === "held");
  };
  const held = await readUntil(
    read,
    (found) => found.map(({ intent }) => intent?.backend).sort().join() === wanted.join(),
    { ...PATIENT, everyMs: 100, what: `${lb.lb} holds ${wanted}` },
  );
  for (const { intent, hereReason } of held) {
    assert.match(hereReason, reasons[intent?.backend ?? ""]!);
  }
}

// deno-lint-ignore no-explicit-any
type Json = any;

etcdTest(
  "2023-02-22: a loop drains each server, gives none back, and leaves the last one",
  async () => {
    await onFleet(ADDRESSES, async ({ lbs, run, answer }) => {
      await all(lbs, (lb) => lb.start());
      await all(lbs, (lb) => lb.has(...FULL));
      const weights = [...FULL];
      for (const [at, name] of NAMES.slice(0, 4).entries()) {
        await answer(`set backend ${name} drain fleet for 1h`);
        weights[at] = 0;
        await all(lbs, (lb) => lb.has(...weights));
      }
      const last = await run("set backend b4 drain fleet for 1h wait");
      assert.equal(last.code, 4, last.stderr);
      // deno-lint-ignore no-explicit-any
      const states = JSON.parse(last.stdout).loadBalancers.map(({ lb, state, note }: any) =>
        `${lb} ${state}: ${note}`
      );
      assert.deepEqual(states, [
        "lb1 refused: frontend web would have no server",
        "lb2 refused: frontend web would have no server",
      ]);
      await all(lbs, (lb) => lb.has(0, 0, 0, 0, 100));
    });
  },
);

etcdTest(
  "2023-04-17: a load balancer that is away while servers are drained and given back has them all",
  async () => {
    await onFleet(ADDRESSES, async ({ lbs, answer }) => {
      const [lb1, lb2] = lbs;
      await all(lbs, (lb) => lb.start());
      await all(lbs, (lb) => lb.has(...FULL));
      await answer("set backend b0 drain fleet for 1h");
      await all(lbs, (lb) => lb.has(0, 100, 100, 100, 100));
      await lb2.kill();
      await answer("set backend b0 enable fleet");
      await lb1.has(...FULL);
      await answer("set backend b1 drain fleet for 1h");
      await lb1.has(100, 0, 100, 100, 100);
      await answer("set backend b1 enable fleet");
      await lb1.has(...FULL);
      await lb2.has(0, 100, 100, 100, 100);
      await lb2.start();
      await all(lbs, (lb) => lb.has(...FULL));
    });
  },
);

etcdTest(
  "2023-05-25: servers of a deploy that never comes back return at the end it had to name",
  async () => {
    await onFleet(ADDRESSES, async ({ lbs, run, answer }) => {
      const [lb1, lb2] = lbs;
      await all(lbs, (lb) => lb.start());
      await all(lbs, (lb) => lb.has(...FULL));
      const endless = await run("set backend b0 drain fleet");
      assert.equal(endless.code, 1);
      assert.match(endless.stderr, /need an end \(for, until\)/);
      await answer("set backend b0 drain fleet for 40s");
      await answer("set backend b1 drain fleet for 40s");
      await all(lbs, (lb) => lb.has(0, 0, 100, 100, 100));
      // The deploy is gone, and one load balancer with it.
      await lb2.kill();
      await lb1.has(...FULL);
      await lb2.has(0, 0, 100, 100, 100);
      await lb2.start();
      await lb2.has(...FULL);
    });
  },
);

etcdTest(
  "2015-06-13: neither the first checks of a new list nor a return take all servers out",
  async () => {
    await onFleet(ADDRESSES, async ({ lbs, servers }) => {
      const [lb1, lb2] = lbs;
      const drain = (name: string) =>
        lb1.call("DrainBackend", { name, scope: "fleet", forNs: 3_600_000_000_000n });
      const enable = (name: string) => lb1.call("EnableBackend", { name, scope: "fleet" });
      await all(lbs, (lb) => lb.start());
      await all(lbs, (lb) => lb.has(...FULL));
      // A new list, whose first checks do not end: the ports take connections and never answer.
      await Promise.all(servers.map((server) => server.close()));
      const silent = servers.map(({ address: hostname, port }) => Deno.listen({ hostname, port }));
      const renamed = (text: string) =>
        text.replaceAll(/b(?=\d: )/g, "n").replace("timeout: 200ms", "timeout: 60s");
      for (const lb of lbs) {
        await lb.configure(renamed);
        const { ok, semanticError } = await lb.call("ReloadConfig", { reason: "a new list" });
        assert.ok(ok, semanticError);
      }
      const names = ["n0", "n1", "n2", "n3", "n4"];
      for (const name of names.slice(0, 4)) {
        assert.doesNotMatch((await drain(name)).warning, /holds/);
      }
      await drain("n4");
      await all(lbs, (lb) => holds(lb, { n4: /^frontend web would have no server$/ }));
      for (const port of silent) port.close();
      for (const server of servers) server.open();
      await all(lbs, (lb) => lb.has(0, 0, 0, 0, 100));

      // A load balancer that returns finds most of the list drained.
      for (const name of names) await enable(name);
      await all(lbs, (lb) => lb.has(...FULL));
      await lb2.kill();
      for (const name of names.slice(0, 3)) await drain(name);
      await lb1.has(0, 0, 0, 100, 100);
      await lb2.start();
      const crowded = /^new intents together touch 3 of 5 servers of pool main of web/;
      await holds(lb2, { n0: crowded, n1: crowded, n2: crowded });
      for (const name of names) await lb2.daemon.transition(name, "up");
      await lb2.has(...FULL);
    });
  },
);
