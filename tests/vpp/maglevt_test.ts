/**
 * maglevt through a real VPP to servers that terminate its VIPs. Goal: the tally names the server
 * that takes the traffic before and after a failover, a drain and a restart of maglevd, and the
 * outages are those that these must cause. Method: client and servers in namespaces, each linked to
 * VPP; maglevd and maglevt run with the client. The longest outage of each act is printed.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { configText } from "../support/worlds/stage.ts";
import { Maglevt, type MaglevtLine } from "../support/terminals/maglevt.ts";
import { startVpp } from "./support.ts";
import { Terminators } from "./terminators.ts";
import { NO_WIRE, Wire } from "./wire.ts";

const SERVERS = [{ address: "10.79.0.2", port: 80 }, { address: "10.79.1.2", port: 80 }];
const [FAILOVER, SHARED] = ["192.0.2.1", "192.0.2.2"] as const;

/** The configuration; `weight` is that of the first server in the shared VIP. */
function config(weight: number): string {
  return configText(SERVERS, {
    failover: { address: FAILOVER, pools: { main: { b0: 100 }, spare: { b1: 100 } } },
    shared: { address: SHARED, pools: { main: { b0: weight, b1: 100 } } },
  }, { warmUp: "500ms" })
    // Without time for the first checks maglevd would begin with weights of 0.
    .replace("startup-max-delay: 500ms", "startup-max-delay: 10s")
    // The client uses ports again, and VPP must have forgotten their flows then.
    .replace("startup-min-delay: 500ms", "startup-min-delay: 500ms\n      flow-timeout: 1s")
    // A busy machine answers late, and only a refused connection may take a server down.
    .replace("timeout: 200ms", "timeout: 5s")
    .replaceAll(/\bb(?=[01]\b)/g, "nginx");
}

/** One act: what a run of maglevt saw. */
interface Act {
  readonly summary: MaglevtLine;
  /** Each second's shares in percent by server, of a VIP. */
  shares(vip: string): readonly Readonly<Record<string, number>>[];
}

Deno.test({
  name: `real VPP: maglevt sees a failover, a drain and a restart of maglevd${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  fn: () =>
    withFolder(async (folder) => {
      await using wire = await new Wire().make();
      await using vpp = await startVpp({ netns: wire.inside });
      await wire.plug(vpp);
      const vips = [FAILOVER, SHARED].map((vip) => `${vip}/32`);
      await using servers = await new Terminators().make({ wire, count: 2, vips });
      for (const { name, address } of servers.links) {
        await vpp.cli(`create host-interface name ${name}`);
        await vpp.cli(`set interface state host-${name} up`);
        await vpp.cli(`set interface ip address host-${name} ${address}`);
      }
      const file = `${folder}/maglev.yaml`;
      await Deno.writeTextFile(file, config(100));
      const prefix = ["ip", "netns", "exec", wire.outside];
      const start = () =>
        new Daemon({ config: file, vppApiAddr: vpp.apiAddress("socket"), prefix });
      let daemon = start();
      try {
        for (const name of ["nginx0", "nginx1"]) await daemon.transition(name, "up");
        await daemon.seen(({ msg }) => msg === "vpp-lbsync-done");
        /** Runs maglevt during `play`, with time for a full window before and after it. */
        const act = async (name: string, play: () => Promise<void>): Promise<Act> => {
          const run = new Maglevt(
            [
              ...["--config", file, "--output", "json", "--interval", "20ms"],
              ...["--timeout", "500ms", "--uri", "/healthz"],
            ],
            { folder, prefix },
          );
          await sleep(3200);
          await play();
          await sleep(3300);
          run.kill("SIGTERM");
          const { lines, stderr } = await run.ended();
          const summary = lines.at(-1)!;
          assert.equal(summary?.type, "summary", stderr);
          for (const { vip, longest_outage_ms, sent, failed, blind_count } of summary.vips) {
            console.log(
              `${name}, ${vip}: longest outage ${longest_outage_ms} ms, ` +
                `${failed} of ${sent} failed, ${blind_count} blind spans`,
            );
          }
          const seconds = lines.filter(({ type }) => type === "second");
          return {
            summary,
            shares: (vip) =>
              seconds.map(({ vips }) => vips.find((one: MaglevtLine) => one.vip === vip).servers),
          };
        };
        const longest = ({ summary }: Act, vip: string): number =>
          summary.vips.find((one: MaglevtLine) => one.vip === vip).longest_outage_ms;

        const failover = await act("failover", async () => {
          await servers.close(0);
          await daemon.transition("nginx0", "down");
        });
        assert.deepEqual(failover.shares("failover")[1], { nginx0: 100 });
        assert.deepEqual(failover.shares("failover").at(-1), { nginx1: 100 });
        assert.deepEqual(failover.shares("shared").at(-1), { nginx1: 100 });
        // fall 3 at 50 ms after a check at 200 ms, and the change in VPP.
        assert.ok(longest(failover, "failover") > 50, `${longest(failover, "failover")}`);
        assert.ok(longest(failover, "failover") < 1500, `${longest(failover, "failover")}`);
        const mark = daemon.mark;
        await servers.open(0);
        await daemon.seen((line) => line.msg === "vpp-lbsync-done", { from: mark });
        await sleep(500);

        const drain = await act("drain", async () => {
          await Deno.writeTextFile(file, config(0));
          const mark = daemon.mark;
          daemon.process.signal("SIGHUP");
          await daemon.seen((line) => line.msg === "vpp-lbsync-done", { from: mark });
        });
        assert.deepEqual(Object.keys(drain.shares("shared")[1]!).sort(), ["nginx0", "nginx1"]);
        assert.deepEqual(drain.shares("shared").at(-1), { nginx1: 100 });
        assert.equal(longest(drain, "shared"), 0, "a drain costs no connection");
        assert.equal(longest(drain, "failover"), 0);

        const restart = await act("restart", async () => {
          daemon.process.signal("SIGTERM");
          assert.equal(await daemon.process.ended, 0);
          daemon = start();
          await daemon.seen(({ msg }) => msg === "vpp-warmup-done");
        });
        for (const vip of ["failover", "shared"]) {
          assert.equal(longest(restart, vip), 0, "traffic does not depend on maglevd");
        }
        assert.deepEqual(restart.shares("failover").at(-1), { nginx0: 100 });
        assert.deepEqual(restart.shares("shared").at(-1), { nginx1: 100 });
      } finally {
        daemon.process.signal("SIGKILL");
        await daemon.process.ended;
      }
    }),
});
