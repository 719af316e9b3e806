/**
 * Compares the simulator with a real VPP. The same random requests go to both. Every retval must be
 * equal, and after each sequence everything the plugin shows. State is carried from one sequence to
 * the next, so that removed entries, indices and the order of dumps are compared too.
 *
 * The simulator's clock follows VPP's own, read once through `show clock`. The plugin depends on
 * whole seconds, so no request is sent near a change of second.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Simulator, startSimulator } from "../../src/sim/api_server.ts";
import { FakeClock } from "../support/fakes/fake_clock.ts";
import { mulberry32 } from "../support/fakes/mulberry32.ts";
import { type PluginRequest, randomRequest } from "./plugin_operations.ts";
import { PluginWitness } from "./plugin_witness.ts";
import { SKIP_REASON, startVpp } from "./support.ts";

const SEED = Number(Deno.env.get("MAGLEV_DIFF_SEED") ?? 20261);
const SEQUENCES = 250;
const SEQUENCES_AFTER_COLLECTION = 100;
const OPERATIONS = 25;
/** How far the two clocks may be apart, and a request be under way. */
const CLOCK_MARGIN_MS = 20;
/** VPP collects once a minute, some time in this span. */
const COLLECT_EVERY_MS = 60_000;
const COLLECT_MARGIN_MS = 1500;

const slow = Deno.env.get("MAGLEV_VPP_SLOW") === "1";
const SLOW_REASON = slow ? "" : " (skipped: takes 70 s, set MAGLEV_VPP_SLOW=1)";

Deno.test({
  name: `plugin: simulator and VPP reply equally to random requests${SKIP_REASON}`,
  ignore: SKIP_REASON !== "",
  fn: () => withBoth((both) => both.compare(SEQUENCES)),
});

Deno.test({
  name: `plugin: simulator and VPP reuse freed slots equally${SKIP_REASON || SLOW_REASON}`,
  ignore: SKIP_REASON !== "" || !slow,
  fn: () =>
    withBoth(async (both) => {
      await both.compare(SEQUENCES);
      await both.collectAfter(COLLECT_EVERY_MS);
      await both.compare(SEQUENCES_AFTER_COLLECTION);
    }),
});

async function withBoth(test: (both: Both) => Promise<void>): Promise<void> {
  const vpp = await startVpp();
  const path = `${vpp.dir}/simulator.sock`;
  const clock = new FakeClock();
  const simulator = await startSimulator({ path, clock });
  const witnesses: PluginWitness[] = [];
  try {
    const real = await PluginWitness.at(vpp.apiSocket);
    witnesses.push(real);
    const simulated = await PluginWitness.at(path);
    witnesses.push(simulated);
    const [line = ""] = await real.cli("show clock");
    const seconds = Number(/^Time now ([\d.]+)/.exec(line)?.[1]);
    assert.ok(seconds > 0, line);
    const bootedAtMs = performance.now() - seconds * 1000;
    await test(new Both({ real, simulated, simulator, clock, bootedAtMs }));
  } finally {
    for (const witness of witnesses) witness.close();
    await simulator.stop();
    await vpp.stop();
  }
}

interface Sides {
  readonly real: PluginWitness;
  readonly simulated: PluginWitness;
  /** The simulator's. */
  readonly clock: FakeClock;
  /** When VPP's clock was 0, on ours. */
  readonly bootedAtMs: number;
  readonly simulator: Simulator;
}

/** Compares VPP and the simulator with the same requests. */
class Both {
  readonly #sides: Sides;
  readonly #prng = mulberry32(SEED);
  #sequence = 0;

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  /** Sends `count` sequences of requests to both and compares all that can be seen. */
  async compare(count: number): Promise<void> {
    const { real, simulated } = this.#sides;
    for (let i = 0; i < count; i++) {
      const story = [`seed ${SEED}, sequence ${this.#sequence++}`];
      for (let n = 0; n < OPERATIONS; n++) {
        const request: PluginRequest = randomRequest(this.#prng);
        story.push(request.text);
        await this.#agreeOnTime();
        const want = await real.retval(request);
        assert.equal(await simulated.retval(request), want, story.join("\n"));
      }
      assert.deepEqual(await simulated.state(), await real.state(), story.join("\n"));
    }
  }

  /** Waits for `ms`, then lets both collect what was removed. */
  async collectAfter(ms: number): Promise<void> {
    const { real, simulated, simulator } = this.#sides;
    const before = (await simulated.state()).servers.length;
    await sleep(ms + 1000);
    await this.#agreeOnTime();
    // A debug command that collects first, and changes one value.
    await real.cli("lb conf timeout 40");
    simulator.plugin.collect();
    simulator.plugin.setConf({ ...simulator.plugin.conf, flowTimeout: 40 });
    const after = await simulated.state();
    assert.ok(after.servers.length < before / 2, `${before} servers, then ${after.servers.length}`);
    assert.deepEqual(after, await real.state());
  }

  /** Sets the simulator's clock to VPP's, at an instant at which both are in the same second. */
  async #agreeOnTime(): Promise<void> {
    const { clock, bootedAtMs } = this.#sides;
    for (;;) {
      const uptimeMs = performance.now() - bootedAtMs;
      const intoSecond = uptimeMs % 1000;
      const toCollection = Math.abs((uptimeMs + 30_000) % COLLECT_EVERY_MS - 30_000);
      if (toCollection < COLLECT_MARGIN_MS) {
        await sleep(COLLECT_MARGIN_MS);
      } else if (intoSecond < CLOCK_MARGIN_MS || intoSecond > 1000 - CLOCK_MARGIN_MS) {
        await sleep(CLOCK_MARGIN_MS);
      } else {
        clock.advance(Math.max(0, uptimeMs - clock.monotonicMs()));
        return;
      }
    }
  }
}
