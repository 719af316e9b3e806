/**
 * maglevc's output for a real VPP, read from a pipe. VPP itself confirms its process data; the
 * names come from the configuration. Skipped without MAGLEV_VPP_PREFIX.
 */
import assert from "node:assert/strict";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import { bash } from "../support/terminals/maglevc.ts";
import { configText } from "../support/worlds/stage.ts";
import { WebServer } from "../support/servers/web_server.ts";
import { SKIP_REASON, startVpp } from "./support.ts";
import { viewedVips } from "./view.ts";

const SERVERS = ["127.0.79.1", "127.0.79.2"] as const;
const FRONTENDS = { web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 50 } } } };

Deno.test({
  name: `real VPP: maglevc shows its process, its VIPs and the servers' names${SKIP_REASON}`,
  ignore: SKIP_REASON !== "",
  fn: () =>
    withFolder(async (folder) => {
      await using vpp = await startVpp();
      const servers = WebServer.group(SERVERS);
      const config = `${folder}/maglev.yaml`;
      await Deno.writeTextFile(config, configText(servers, FRONTENDS));
      const daemon = new Daemon({
        config,
        vppApiAddr: vpp.apiAddress("socket"),
        vppStatsAddr: vpp.statsSocket,
        grpcAddr: "127.0.0.1:0",
      });
      try {
        const address = await grpcAddress(daemon);
        for (const name of ["b0", "b1"]) await daemon.transition(name, "up");
        const read = async (command: string, program: string) => {
          const line = `set -o pipefail; maglevc --server ${address} ${command} | awk '${program}'`;
          const { code, stdout, stderr } = await bash(line, { home: folder });
          assert.deepEqual([code, stderr], [0, ""], command);
          return stdout.trimEnd().split("\n");
        };
        const [pid] = await read("show vpp info", '$1 == "vpp-pid" { print $2 }');
        assert.equal(pid, String(vpp.pid));
        const [boot] = await read("show vpp info", '$1 == "vpp-boottime" { print $2 }');
        assert.match(boot!, /^\d{4}-\d\d-\d\d$/);
        const program = "$2 ~ /^b[01]$/ { print $1, $2, $3, (NF > 8) }";
        const wanted = [`${SERVERS[0]} b0 100 1`, `${SERVERS[1]} b1 50 1`];
        // The VIP comes with the first sync, which may be under way.
        const endMs = performance.now() + 10_000;
        let rows: readonly string[] = [];
        while (rows.length < wanted.length && performance.now() < endMs) {
          rows = await read("show vpp lb state", program);
        }
        assert.deepEqual(rows, wanted);
        // The counters of a VIP come with the first snapshot after it.
        let counters: readonly string[] = [];
        while (counters.length < 2 && performance.now() < endMs) {
          counters = await read("show vpp lb counters", "{ print NF }");
        }
        assert.deepEqual(counters, ["7", "7"]);
        const headers = await read("show vpp lb servers", "NR == 1 { print $1, $2, $3, $4 }");
        assert.deepEqual(headers, ["SERVER BACKEND PACKETS BYTES"]);

        // The last line of each chain is the weight that VPP's own client shows.
        const explained = async (...changes: readonly string[]) => {
          for (const change of changes) await read(change, "{ print }");
          const [vip] = await viewedVips(vpp);
          for (const [at, server] of vip!.servers.entries()) {
            const lines = await read(`explain backend b${at}`, "/^(vpp|difference) /");
            const [found, last] = lines as [string, string];
            assert.match(last, new RegExp(`^difference +${server.weight} .* none: `), last);
            assert.match(found, new RegExp(`^vpp +${server.weight} `), found);
            // Buckets are of a reading that began before the last change, or not read yet.
            assert.match(found, / (\d+ of 1024 buckets|its buckets are not read yet)/);
          }
          return vip!.servers.map(({ weight }) => weight);
        };
        assert.deepEqual(await explained(), [100, 50]);
        const heavier = "set frontend web pool main backend b1 weight 80";
        assert.deepEqual(await explained("set backend b0 pause", heavier), [0, 80]);
        assert.deepEqual(await explained("set backend b1 disable"), [0, 0]);
      } finally {
        await daemon.stop();
        await Promise.all(servers.map((server) => server.close()));
      }
    }),
});
