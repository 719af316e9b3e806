/**
 * A real BIRD announces and withdraws what maglevd writes. Goal: its neighbour has a route exactly
 * while the frontend is above its border and there is no lameduck, and 50 flips at the border are one
 * withdrawal. Method: a BirdPair next to a daemon of this process, without a VPP.
 */
import assert from "node:assert/strict";
import { FakeProbeEngine } from "../support/fakes/fake_probe_engine.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import { fetchBird } from "../support/judges/bird.ts";
import { BirdPair } from "../support/servers/bird_pair.ts";
import { withFolder } from "../support/servers/daemon.ts";
import { loadConfig } from "../../src/config/load.ts";
import { folderIo } from "../../src/system/state_file.ts";
import { wireDaemon } from "../../src/daemon/wire.ts";
import { SystemClock } from "../../src/system/system_clock.ts";

const bird = await fetchBird();
const note = bird === undefined ? " (skipped: no BIRD; as root: apt-get install bird2)" : "";

const HYSTERESIS_MS = 1500;
const WHO = { by: { peer: "test", identity: "" } };
const [WEB, API] = ["192.0.2.10/32", "192.0.2.11/32"];

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

Deno.test({
  name: `BIRD announces and withdraws with maglevd's file${note}`,
  ignore: bird === undefined,
  async fn() {
    await withFolder(async (folder) => {
      const file = `${folder}/announce.conf`;
      const config = `${folder}/maglev.yaml`;
      await Deno.writeTextFile(config, maglevFile(file));
      // Left by an earlier maglevd: both are announced until this one knows better.
      const found = `define MAGLEV_IPV4 = [ ${WEB}, ${API} ];\ndefine MAGLEV_IPV6 = [];\n`;
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
      await using pair = await BirdPair.start(bird!, { folder, file, prefixes: [WEB, API] });
      try {
        await pair.untilRoutes([WEB, API]);
        daemon.start();
        const { checker } = daemon;
        for (let flip = 0; flip < 50; flip++) {
          checker.disableBackend("b", WHO);
          await new Promise((resolve) => setTimeout(resolve, 10));
          checker.enableBackend("b", WHO);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await pair.untilRoutes([API]);
        assert.equal(pair.reads, 1, "50 flips are one withdrawal");
        assert.equal(daemon.announcer.announced("web"), false);
        await pair.untilRoutes([WEB, API]);
        assert.equal(pair.reads, 2);
        assert.ok(checker.setLameduck(true, WHO).ok);
        await pair.untilRoutes([]);
        assert.equal(pair.reads, 3, "all prefixes are withdrawn together");
        assert.ok(checker.setLameduck(false, WHO).ok);
        await pair.untilRoutes([WEB, API]);
        checker.disableBackend("a", WHO);
        await pair.untilRoutes([]);
        const events = logger.records.map(({ event }) => event)
          .filter((event) => event.startsWith("frontend-") && !event.endsWith("transition"));
        const [down, up] = ["frontend-withdrawn", "frontend-announced"];
        assert.deepEqual(events, [down, up, down, down, up, up, down, down]);
      } finally {
        await daemon.stop();
      }
    });
  },
});
