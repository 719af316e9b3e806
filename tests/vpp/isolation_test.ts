/**
 * The prober's own uplink is cut while a real VPP carries traffic to 200 servers. Goal: no flow
 * moves, and VPP gets nothing. Method: maglevd probes through a namespace that the test cuts off,
 * while VPP sends its packets over another link. Then the servers really fail. Skipped without
 * MAGLEV_VPP_PREFIX.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { readUntil } from "../support/judges/until.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import {
  UPLINK_ISOLATION,
  UPLINK_NET,
  UPLINK_PORT,
  uplinkServer,
  withUplink,
} from "../support/servers/uplink.ts";
import { BucketWatch } from "./bucket_watch.ts";
import { startVpp } from "./support.ts";
import { NO_WIRE, Wire } from "./wire.ts";

const SERVERS = 200;
const VIP = "192.0.2.1";
const KEY = `${VIP}/32 6 80`;
const FLOWS = 200;

function configText(netns: string): string {
  const names = Array.from({ length: SERVERS }, (_, i) => `b${i}`);
  return `maglev:
  healthchecker:
    netns: ${netns}${UPLINK_ISOLATION}
  vpp:
    lb:
      ipv4-src-address: 192.0.2.254
      ipv6-src-address: 2001:db8::254
      startup-min-delay: 500ms
      startup-max-delay: 10s
  healthchecks:
    tcp: { type: tcp, port: ${UPLINK_PORT}, interval: 500ms, timeout: 400ms, rise: 1, fall: 1 }
  backends:
${
    names.map((name, i) => `    ${name}: { address: ${uplinkServer(i)}, healthcheck: tcp }`).join(
      "\n",
    )
  }
  frontends:
    web:
      address: ${VIP}
      protocol: tcp
      port: 80
      flush-on-down: true
      pools: [{ name: main, backends: { ${names.map((name) => `${name}: {}`).join(", ")} } }]
`;
}

Deno.test({
  name: `real VPP: with 200 servers, a cut uplink of the prober moves no flow${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  fn: () =>
    withUplink((uplink) =>
      withFolder(async (folder) => {
        await using wire = await new Wire().make();
        await using vpp = await startVpp({ netns: wire.inside });
        await wire.plug(vpp);
        await wire.leadOut(vpp, UPLINK_NET);
        const config = `${folder}/maglev.yaml`;
        await Deno.writeTextFile(config, configText(uplink.netns));
        const daemon = new Daemon({ config, vppApiAddr: vpp.apiSocket, logLevel: "debug" });
        const watch = await BucketWatch.start(vpp);
        const vppHas = (weight: number) =>
          readUntil(
            () => Promise.resolve(watch.seen.at(-1)![KEY]?.split(", ") ?? []),
            (servers) =>
              servers.length === SERVERS && servers.every((text) => text.includes(` ${weight} `)),
            { what: `all servers have weight ${weight}`, deadlineMs: 60_000 },
          );
        const linesOf = (from: number, msg: RegExp) =>
          daemon.lines.slice(from).filter((line) => msg.test(String(line.msg)));
        try {
          await vppHas(100);
          const flows = await wire.flows([{ address: VIP, port: 80, steady: FLOWS, resting: 0 }]);
          await sleep(1000);
          const before = watch.seen.length;
          // First long enough that each server would be down, and flushed, several times over. Then
          // again, because not at each end there are probes under way whose packets were lost.
          for (const cutMs of [4000, 1000, 1000, 1000]) {
            const mark = daemon.mark;
            await uplink.cut();
            await daemon.seen((line) => line.msg === "prober-isolated", { from: mark });
            await sleep(cutMs);
            assert.deepEqual(linesOf(mark, /^(backend-transition|vpp-lbsync-(as|vip))/), []);
            await uplink.join();
            await daemon.seen((line) => line.msg === "prober-isolated-ended", { from: mark });
            await sleep(1000);
            // First what names the cause.
            assert.deepEqual(linesOf(mark, /^(backend-transition|vpp-lbsync-(as|vip))/), []);
            assert.equal(watch.seen.length, before, "no weight and no bucket changed");
            const names = linesOf(mark, /^prober-isolated/).map(({ msg }) => msg);
            assert.deepEqual(names.slice(0, 2), ["prober-isolated", "prober-isolated-ended"]);
          }
          const report = await flows.stop();
          const used = new Set<string>();
          assert.equal(Object.keys(report.flows).length, FLOWS);
          for (const [flow, servers] of Object.entries(report.flows)) {
            const [server, ...others] = Object.keys(servers);
            assert.deepEqual(others, [], flow);
            used.add(server!);
          }
          assert.ok(used.size > 50, `${used.size} servers had flows`);

          uplink.killServers();
          await vppHas(0);
        } finally {
          await watch[Symbol.asyncDispose]();
          daemon.process.signal("SIGKILL");
          await daemon.process.ended;
        }
      })
    ),
});
