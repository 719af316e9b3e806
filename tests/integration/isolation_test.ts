/**
 * The prober's own uplink is cut. Goal: no server is called down for it, and a real failure still
 * counts. Method: a maglevd probes 200 servers in a second namespace over a link that the test cuts
 * and joins again; then the servers' program ends.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../support/judges/until.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { netnsTest } from "../support/servers/netns.ts";
import {
  UPLINK_ISOLATION,
  UPLINK_PORT,
  uplinkServer,
  withUplink,
} from "../support/servers/uplink.ts";

const SERVERS = 200;
const METRICS = "127.0.0.1:19495";

function configText(netns: string): string {
  const backends = Array.from(
    { length: SERVERS },
    (_, i) => `    b${i}: { address: ${uplinkServer(i)}, healthcheck: tcp }`,
  );
  return `maglev:
  healthchecker:
    netns: ${netns}${UPLINK_ISOLATION}
  healthchecks:
    tcp: { type: tcp, port: ${UPLINK_PORT}, interval: 200ms, timeout: 150ms, rise: 1, fall: 2 }
  backends:
${backends.join("\n")}
  frontends:
    web:
      address: 192.0.2.1
      pools: [{ name: main, backends: { ${backends.map((_, i) => `b${i}: {}`).join(", ")} } }]
`;
}

netnsTest(
  "with 200 servers, a cut uplink calls none of them down, and a real failure all",
  async () => {
    await withUplink(async (uplink) => {
      await withFolder(async (folder) => {
        const config = `${folder}/maglev.yaml`;
        await Deno.writeTextFile(config, configText(uplink.netns));
        const daemon = new Daemon({ config, metricsAddr: METRICS });
        const count = (to: string, from = 0) =>
          daemon.lines.slice(from).filter((line) =>
            line.msg === "backend-transition" && line.to === to
          ).length;
        const ready = async () => {
          const answer = await fetch(`http://${METRICS}/readyz`);
          return { status: answer.status, text: await answer.text() };
        };
        try {
          await until(() => count("up") === SERVERS, { what: "all servers are up" });
          assert.equal((await ready()).status, 200);

          await uplink.cut();
          const isolated = await daemon.seen((line) => line.msg === "prober-isolated");
          assert.match(String(isolated.err), /^0 of 2 isolation targets answer, need 1 \(/);
          await sleep(2000);
          assert.equal(count("down"), 0, "no server is called down");
          const { status, text } = await ready();
          assert.equal(status, 503);
          assert.match(text, /cut off: 0 of 2 isolation targets answer/);

          let mark = daemon.mark;
          await uplink.join();
          await daemon.seen((line) => line.msg === "prober-isolated-ended", { from: mark });
          await until(async () => (await ready()).status === 200, { what: "ready again" });
          assert.equal(daemon.lines.filter(({ msg }) => msg === "prober-isolated").length, 1);

          mark = daemon.mark;
          uplink.killServers();
          await until(() => count("down", mark) === SERVERS, { what: "all servers are down" });
          assert.equal(daemon.lines.filter(({ msg }) => msg === "prober-isolated").length, 1);
        } finally {
          await daemon.stop();
        }
      });
    });
  },
);
