/**
 * A file without policies has VPP programmed as before there were any: not one byte is different.
 * Method: the requests of random stories are compared with those that the commit before the first
 * policy sent. It recorded them with this test, and `RECORD_REQUESTS=1` in the environment.
 */
import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { FAIL, FakeProbeEngine, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { FULL_TABLE, MemoryTransport } from "../../tests/support/fakes/memory_transport.ts";
import { mulberry32 } from "../../tests/support/fakes/mulberry32.ts";
import { RecordingLogger } from "../../tests/support/fakes/recording_logger.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import type { Prng } from "../base/ports.ts";
import type { Config } from "../config/model.ts";
import { DEFAULT_VERSION } from "../sim/api_server.ts";
import { Faults } from "../sim/faults.ts";
import { LbPlugin } from "../sim/plugin/plugin.ts";
import { answer, handlersFor } from "../sim/plugin/requests.ts";
import { folderIo } from "../system/state_file.ts";
import { type Daemon, wireDaemon } from "./wire.ts";

const FIXTURE = new URL("../../tests/fixtures/without_policies.txt", import.meta.url);
const STEPS = 150;
/** Of the first story all requests are in the fixture, of the others a digest. */
const STORIES = 30;

const WHO = { by: { peer: "127.0.0.1:1", identity: "ann" } };
const NAMES = [..."abcdef"];
const NAME_OF = new Map([...FULL_TABLE].map(([key, id]) => [id, key]));

/** A VPP that answers in the next microtask, and loses all when it restarts. */
class Vpp {
  /** Requests that change something, without what differs from one connection to the next. */
  readonly requests: string[] = [];
  readonly #clock: FakeClock;
  #plugin: LbPlugin;
  #transport: MemoryTransport | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.#plugin = new LbPlugin(clock.monotonicMs());
  }

  connect(): Promise<MemoryTransport> {
    const transport = new MemoryTransport();
    const plugin = this.#plugin;
    const handlers = handlersFor(FULL_TABLE);
    const vpp = {
      plugin,
      release: "main" as const,
      ids: FULL_TABLE,
      clientIndex: transport.clientIndex,
      pid: 1,
      version: DEFAULT_VERSION,
      faults: new Faults(),
    };
    transport.onSend = (message) => {
      this.#note(message);
      queueMicrotask(() => {
        plugin.advance(this.#clock.monotonicMs());
        for (const reply of answer(message, { handlers, vpp })?.replies ?? []) {
          transport.receive(reply);
        }
      });
    };
    this.#transport = transport;
    return Promise.resolve(transport);
  }

  restart(): void {
    this.#plugin = new LbPlugin(this.#clock.monotonicMs());
    this.#transport?.end("restarted");
  }

  #note(message: Uint8Array): void {
    const name = NAME_OF.get((message[0]! << 8) | message[1]!)!;
    if (!/^lb_(conf_[0-9a-f]{8}$|add_del|as_set|flush)/.test(name)) return;
    // Without id, client index and context.
    this.requests.push(`${name} ${message.subarray(10).toHex()}`);
  }
}

function randomConfig(prng: Prng): Config {
  const pick = <T>(...choices: readonly T[]) => choices[Math.floor(prng() * choices.length)]!;
  const entries = (names: string) =>
    [...names].filter((_, i) => i === 0 || prng() < 0.8)
      .map((name) => `${name}:${pick(100, 100, 50, 7, 0)}`).join(" ");
  const checked = { rise: pick(1, 2), fall: pick(1, 3), port: pick(80, 80, 80, 81) };
  const frontends = {
    web: { pools: `${entries("abc")} | ${entries("da")}`, flushOnDown: prng() < 0.5, port: 80 },
    api: { pools: entries("bef"), address: "192.0.2.1", port: 81, srcIpSticky: prng() < 0.2 },
    all: { pools: `${entries("cd")} | ${entries("ef")}`, address: "2001:db8:b::9", port: 82 },
  };
  const kept = Object.entries(frontends).filter(([name]) => name === "web" || prng() < 0.8);
  return smallConfig({
    healthchecks: { tcp: checked },
    // The last two share an address.
    backends: Object.fromEntries(NAMES.map((name, i) => [name, {
      address: `10.0.0.${Math.min(i, 4) + (prng() < 0.05 ? 100 : 1)}`,
      healthcheck: name === "d" && prng() < 0.3 ? "" : "tcp",
      enabled: prng() < 0.9,
    }])),
    frontends: Object.fromEntries(kept),
    newFlowsTableLength: 64,
  });
}

/** One thing that happens. */
function act(daemon: Daemon, { engine, vpp, prng }: {
  readonly engine: FakeProbeEngine;
  readonly vpp: Vpp;
  readonly prng: Prng;
}): void {
  const { checker } = daemon;
  const pick = <T>(choices: readonly T[]) => choices[Math.floor(prng() * choices.length)]!;
  const kind = prng();
  const probed = NAMES.filter((name) => engine.running.has(name));
  if (kind < 0.62 && probed.length > 0) {
    const names = probed.filter(() => prng() < 0.5);
    engine.report(Object.fromEntries(names.map((name) => [name, prng() < 0.6 ? PASS : FAIL])));
  } else if (kind < 0.66 && probed.length > 0) {
    engine.reportVoid(pick(probed));
  } else if (kind < 0.82) {
    const name = pick(NAMES);
    const action = pick(["pause", "resume", "disable", "enable", "enable", "resume"] as const);
    checker[`${action}Backend`](name, WHO);
  } else if (kind < 0.9) {
    const frontend = pick([...checker.current.config.frontends.values()]);
    const pool = pick(frontend.pools);
    const place = { frontend: frontend.name, pool: pool.name, backend: pick(pool.backends).name };
    checker.setWeight({ ...place, weight: pick([0, 10, 100]) }, WHO);
  } else if (kind < 0.98) {
    daemon.reload(randomConfig(prng));
  } else {
    vpp.restart();
  }
}

/** The requests of a story. */
async function requestsOf(seed: number): Promise<readonly string[]> {
  const prng = mulberry32(seed);
  const clock = new FakeClock();
  const engine = new FakeProbeEngine();
  const vpp = new Vpp(clock);
  const daemon = wireDaemon({
    config: randomConfig(prng),
    vppApiAddr: "/memory",
    vppStatsAddr: "",
    clock,
    logger: new RecordingLogger(),
    engine,
    announceFolder: folderIo,
    connect: () => vpp.connect(),
  });
  daemon.start();
  await clock.advanceAsync(100);
  for (let step = 0; step < STEPS; step++) {
    engine.nowMs = clock.wallMs();
    act(daemon, { engine, vpp, prng });
    await clock.advanceAsync(prng() < 0.8 ? 50 : 3000 * prng());
  }
  await clock.advanceAsync(60_000);
  await daemon.stop();
  return vpp.requests;
}

async function digestOf(requests: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(requests.join("\n"));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("without policies VPP gets the same bytes as before there were any", async () => {
  const first = await requestsOf(0);
  const lines = [...first];
  for (let seed = 1; seed < STORIES; seed++) {
    const requests = await requestsOf(seed);
    lines.push(`story ${seed}: ${requests.length} requests ${await digestOf(requests)}`);
  }
  const text = lines.map((line) => `${line}\n`).join("");
  if (Deno.env.get("RECORD_REQUESTS") === "1") Deno.writeTextFileSync(FIXTURE, text);
  assert.ok(first.length > 100, `${first.length}`);
  assert.equal(text, Deno.readTextFileSync(FIXTURE));
});
