/**
 * A real BIRD announces and withdraws what maglevd writes. Goal: its neighbour has a route exactly
 * while the frontend is above its border and there is no lameduck, and 50 flips at the border are one
 * withdrawal. Method: two
 * BIRDs with a BGP session over loopback addresses; one includes the file and reads it again when it
 * changes, as the path unit of the documentation makes it do.
 */
import assert from "node:assert/strict";
import { FakeProbeEngine } from "../support/fakes/fake_probe_engine.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import { type Bird, fetchBird } from "../support/judges/bird.ts";
import { readUntil } from "../support/judges/until.ts";
import { withFolder } from "../support/servers/daemon.ts";
import { loadConfig } from "../../src/config/load.ts";
import { folderIo } from "../../src/system/state_file.ts";
import { wireDaemon } from "../../src/daemon/wire.ts";
import { SystemClock } from "../../src/system/system_clock.ts";

const bird = await fetchBird();
const note = bird === undefined ? " (skipped: no BIRD; as root: apt-get install bird2)" : "";

const HYSTERESIS_MS = 1500;
const WHO = { by: { peer: "test", identity: "" } };

function maglevFile(file: string): string {
  return `maglev:
  announce: { file: ${file} }
  backends:
    a: { address: 127.0.0.1 }
    b: { address: 127.0.0.2 }
  frontends:
    web:
      address: 192.0.2.10
      announce: { min-up: 2, hysteresis: ${HYSTERESIS_MS}ms }
      pools: [{ name: p, backends: { a: {}, b: {} } }]
    api:
      address: 192.0.2.11
      announce: { hysteresis: 100ms }
      pools: [{ name: p, backends: { a: {} } }]
`;
}

/** The speaker exports the static routes that the file lists; the other one only listens. */
function birdFile(role: "speaker" | "neighbour", { file, port }: { file: string; port: number }) {
  const [own, other] = role === "speaker" ? [1, 2] : [2, 1];
  const filter = role === "speaker" ? "if net ~ MAGLEV_IPV4 then accept; reject;" : "reject;";
  return `router id 127.0.0.${own};
${role === "speaker" ? `include "${file}";` : ""}
protocol device {}
${
    role === "speaker"
      ? "protocol static { ipv4; route 192.0.2.10/32 blackhole; route 192.0.2.11/32 blackhole; }"
      : ""
  }
protocol bgp peer {
  local 127.0.0.${own} port ${port} as 6500${own};
  neighbor 127.0.0.${other} port ${port} as 6500${other};
  multihop 2;
  strict bind on;
  connect delay time 1; connect retry time 1; error wait time 1, 2;
  ipv4 { import all; export filter { ${filter} }; next hop self; };
}
`;
}

async function birdc({ folder, env }: Bird, socket: string, ...words: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(`${folder}/birdc`, {
    args: ["-s", socket, ...words],
    env,
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** A free port of all loopback addresses. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

Deno.test({
  name: `BIRD announces and withdraws with maglevd's file${note}`,
  ignore: bird === undefined,
  async fn() {
    await withFolder(async (folder) => {
      const file = `${folder}/announce.conf`;
      const config = `${folder}/maglev.yaml`;
      await Deno.writeTextFile(config, maglevFile(file));
      // Left by an earlier maglevd: both are announced until this one knows better.
      const found = "define MAGLEV_IPV4 = [ 192.0.2.10/32, 192.0.2.11/32 ];\n" +
        "define MAGLEV_IPV6 = [];\n";
      await Deno.writeTextFile(file, found);
      const loaded = await loadConfig(config, { vpp: false });
      assert.ok(loaded.kind === "ok", JSON.stringify(loaded));
      const clock = new SystemClock();
      const logger = new RecordingLogger();
      const daemon = wireDaemon({
        config: loaded.config,
        vppApiAddr: "",
        vppStatsAddr: "",
        clock,
        logger,
        engine: new FakeProbeEngine(),
        announceFolder: folderIo,
      });
      const port = freePort();
      const socketOf = (role: string) => `${folder}/${role}.ctl`;
      const children: Deno.ChildProcess[] = [];
      for (const role of ["neighbour", "speaker"] as const) {
        await Deno.writeTextFile(`${folder}/${role}.conf`, birdFile(role, { file, port }));
        const args = ["-f", "-c", `${folder}/${role}.conf`, "-s", socketOf(role)];
        const { folder: programs, env } = bird!;
        children.push(
          new Deno.Command(`${programs}/bird`, { args, env, stdout: "null", stderr: "null" })
            .spawn(),
        );
      }
      // As the path unit does: each replacement of the file is one `birdc configure`.
      let reads = 0;
      let last = await Deno.readTextFile(file);
      let reading = Promise.resolve();
      const watch = setInterval(() => {
        reading = reading.then(async () => {
          const text = await Deno.readTextFile(file);
          if (text === last) return;
          last = text;
          reads++;
          assert.match(await birdc(bird!, socketOf("speaker"), "configure"), /Reconfigured/);
        });
      }, 20);
      const routes = async () => {
        const text = await birdc(bird!, socketOf("neighbour"), "show", "route");
        return [...text.matchAll(/192\.0\.2\.\d+\/32/g)].map(([prefix]) => prefix).sort();
      };
      const untilRoutes = (wanted: readonly string[]) =>
        readUntil(routes, (seen) => seen.join() === wanted.join());
      try {
        await untilRoutes(["192.0.2.10/32", "192.0.2.11/32"]);
        daemon.start();
        const { checker } = daemon;
        for (let flip = 0; flip < 50; flip++) {
          checker.disableBackend("b", WHO);
          await new Promise((resolve) => setTimeout(resolve, 10));
          checker.enableBackend("b", WHO);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await untilRoutes(["192.0.2.11/32"]);
        assert.equal(reads, 1, "50 flips are one withdrawal");
        assert.equal(daemon.announcer.announced("web"), false);
        await untilRoutes(["192.0.2.10/32", "192.0.2.11/32"]);
        assert.equal(reads, 2);
        assert.ok(checker.setLameduck(true, WHO).ok);
        await untilRoutes([]);
        assert.equal(reads, 3, "all prefixes are withdrawn together");
        assert.ok(checker.setLameduck(false, WHO).ok);
        await untilRoutes(["192.0.2.10/32", "192.0.2.11/32"]);
        checker.disableBackend("a", WHO);
        await untilRoutes([]);
        const events = logger.records.map(({ event }) => event)
          .filter((event) => event.startsWith("frontend-") && !event.endsWith("transition"));
        const [down, up] = ["frontend-withdrawn", "frontend-announced"];
        assert.deepEqual(events, [down, up, down, down, up, up, down, down]);
      } finally {
        clearInterval(watch);
        await reading.catch(() => {});
        await daemon.stop();
        for (const child of children) child.kill("SIGTERM");
        await Promise.all(children.map(({ status }) => status));
      }
    });
  },
});
