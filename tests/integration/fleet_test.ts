/**
 * Three maglevds on simulated VPPs, compared by `maglevc show fleet` and by the dashboard's server.
 * Goal: each change of one of them is shown with its cause, its server and the number of buckets, at
 * the latest after 5 s, and one that is stopped or dead is reported in time. Method: the tables of
 * the simulators.
 */
import assert from "node:assert/strict";
import { createHub } from "../../src/dashboard/hub/hub.ts";
import { MaglevClient } from "../../src/grpc/client/client.ts";
import { newFlowTable } from "../../src/vpp/lb/new_flow_table.ts";
import { type Simulator, startSimulator } from "../../src/sim/api_server.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { ip } from "../support/fakes/vips.ts";
import { vppHas } from "../support/judges/lb_view.ts";
import { readUntil } from "../support/judges/until.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { WebServer } from "../support/servers/web_server.ts";
import { type Finished, maglevc } from "../support/terminals/maglevc.ts";
import { readPlugin } from "../support/worlds/plugin_lb.ts";
import { configText } from "../support/worlds/stage.ts";

const ADDRESSES = ["127.0.77.1", "127.0.77.2", "127.0.77.3"];
const [A, B, C] = ADDRESSES as [string, string, string];
const WEB = "192.0.2.1/32 6 80";
const FULL = [`${A} 100`, `${B} 50`, `${C} 100`];
/** Differences are there after 5 s; a busy machine is slower, and each look starts a program. */
const DEADLINE_MS = 30_000;
/** What a load balancer has to answer in; also on a busy machine. */
const TIMEOUT_S = 3;

/** Where a daemon listens; several that start on a busy machine take a while. */
async function listening(daemon: Daemon): Promise<string> {
  const line = await daemon.seen(({ msg }) => msg === "grpc-listen", { deadlineMs: 30_000 });
  return String(line.address);
}

interface Lb {
  readonly name: string;
  readonly simulator: Simulator;
  readonly daemon: Daemon;
  readonly address: string;
  readonly configPath: string;
}

/** The parts of the JSON that this test reads. */
interface Answer {
  readonly verdict: string;
  readonly loadBalancers: readonly { name: string; compared: boolean; reason: string }[];
  readonly differences: readonly {
    readonly vip: string;
    readonly causes: readonly string[];
    readonly differing: {
      readonly buckets: number;
      readonly length: number;
      readonly share: number;
    };
    readonly roots: readonly {
      readonly cause: string;
      readonly address: string;
      readonly backends: readonly string[];
      readonly since?: string;
      readonly views: readonly { loadBalancers: readonly string[]; text: string }[];
    }[];
  }[];
  readonly repaired: readonly { loadBalancer: string; vip: string; found: string }[];
}

/** VPP is corrected when the test asks for it, not before it was looked at. */
function unhurried(text: string): string {
  return text.replace("    lb:\n", "    lb:\n      sync-interval: 10m\n");
}

function config(servers: readonly WebServer[], change: (text: string) => string = (text) => text) {
  const pools = { main: { b2: 100, b0: 100, b1: 50 } };
  const text = configText(servers, { web: { address: "192.0.2.1", pools } });
  return change(unhurried(text));
}

/** Buckets that differ between the tables that two simulators have. */
function differing(a: Simulator, b: Simulator): number {
  const [left, right] = [a, b].map(({ plugin }) => {
    const [vip] = readPlugin(plugin);
    const { table, buckets } = newFlowTable(vip!.servers, vip!.newFlowsTableLength);
    assert.deepEqual(vip!.servers.map((server) => server.buckets), buckets);
    return [...table].map((place) => vip!.servers[place]?.address.text);
  });
  return left!.filter((owner, bucket) => owner !== right![bucket]).length;
}

async function onFleet(
  fn: (fleet: readonly Lb[], servers: readonly WebServer[], home: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (home) => {
    const servers = WebServer.group(ADDRESSES);
    const simulators: Simulator[] = [];
    const daemons: Daemon[] = [];
    try {
      const fleet = await Promise.all(["lb1", "lb2", "lb3"].map(async (name): Promise<Lb> => {
        const simulator = await startSimulator({
          path: `${home}/${name}.sock`,
          statsPath: `${home}/${name}-stats.sock`,
          clock: new SystemClock(),
        });
        simulators.push(simulator);
        const configPath = `${home}/${name}.yaml`;
        await Deno.writeTextFile(configPath, config(servers));
        const daemon = new Daemon({
          config: configPath,
          vppApiAddr: simulator.path,
          vppStatsAddr: simulator.statsPath!,
          grpcAddr: "127.0.0.1:0",
        });
        daemons.push(daemon);
        return { name, simulator, daemon, address: await listening(daemon), configPath };
      }));
      await fn(fleet, servers, home);
    } finally {
      for (const { process } of daemons) process.signal("SIGCONT");
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      await Promise.all(simulators.map((simulator) => simulator.stop()));
      await Promise.all(servers.map((server) => server.close()));
    }
  });
}

Deno.test("show fleet names the cause of each difference, and is not held up by a dead one", async () => {
  await onFleet(async (fleet, servers, home) => {
    const [lb1, lb2, lb3] = fleet as [Lb, Lb, Lb];
    const clock = new SystemClock();
    const hub = createHub({
      servers: fleet,
      connect: ({ address }) => new MaglevClient({ address, clock }),
      security: { tls: false, token: false },
      version: "",
      clock,
      prng: Math.random,
    });
    hub.start();
    await using _stopped = { [Symbol.asyncDispose]: () => hub.stop() };
    // A browser is there.
    hub.subscribe({ audience: "viewer", listener: () => {} });
    const server = fleet.map(({ name, address }) => `${name}=${address}`).join(",");
    const ask = (lb: Lb, ...words: string[]) =>
      maglevc(["--server", lb.address, ...words], { home });
    const show = (...words: string[]) =>
      maglevc(["--server", server, "--output", "json", ...words], { home });
    const answerOf = ({ stdout }: Finished): Answer => JSON.parse(stdout);
    /** The fleet when it is as `fits` has it. */
    const fleetIs = async (what: string, fits: (answer: Answer) => boolean): Promise<Answer> =>
      await readUntil(async () => answerOf(await show("show", "fleet")), fits, {
        what,
        deadlineMs: DEADLINE_MS,
      });
    const agrees = () => fleetIs("all agree", ({ verdict }) => verdict === "agree");
    const differs = async (cause: string, odd: Lb, address: string) => {
      const { differences } = await fleetIs(
        `${cause} of ${odd.name}`,
        ({ differences: [web] }) => web?.causes.join() === cause,
      );
      const [web] = differences;
      assert.deepEqual(web!.roots.map((root) => root.address), [address]);
      assert.deepEqual(web!.roots[0]!.views.at(-1)!.loadBalancers, [odd.name]);
      const other = odd === lb1 ? lb2 : lb1;
      const buckets = differing(other.simulator, odd.simulator);
      assert.deepEqual(web!.differing, { buckets, length: 1024, share: buckets / 1024 });
      assert.ok(buckets > 0);
      await readUntil(
        () => Promise.resolve(hub.state("viewer").fleet?.differences[0]),
        (shown) =>
          shown?.roots.map(({ cause, address }) => `${cause} ${address}`).join() ===
            `${cause} ${address}` && shown.differing?.buckets === buckets,
        { what: `the dashboard shows ${cause} of ${odd.name}`, deadlineMs: DEADLINE_MS },
      );
      return web!.roots[0]!;
    };
    const has = (lb: Lb, servers: readonly string[]) => vppHas(lb.simulator, { [WEB]: servers });
    await Promise.all(fleet.map((lb) => has(lb, FULL)));
    await agrees();
    assert.equal((await show("show", "fleet")).code, 0);

    // Another weight in one file.
    await Deno.writeTextFile(
      lb2.configPath,
      config(servers, (text) => text.replace("b1: { weight: 50 }", "b1: { weight: 70 }")),
    );
    assert.equal((await ask(lb2, "config", "reload")).code, 0);
    await has(lb2, [`${A} 100`, `${B} 70`, `${C} 100`]);
    const config2 = await differs("config", lb2, B);
    assert.deepEqual(config2.backends, ["b1"]);
    assert.ok(config2.since !== undefined);
    assert.equal((await show("show", "fleet")).code, 4);
    await Deno.writeTextFile(lb2.configPath, config(servers));
    assert.equal((await ask(lb2, "config", "reload")).code, 0);
    await has(lb2, FULL);

    // An operator's deed on one of them.
    assert.equal((await ask(lb3, "set", "backend", "b0", "pause")).code, 0);
    await has(lb3, [`${A} 0`, `${B} 50`, `${C} 100`]);
    const intent = await differs("intent", lb3, A);
    assert.match(intent.views.at(-1)!.text, /^pause by /);
    assert.equal((await ask(lb3, "set", "backend", "b0", "resume")).code, 0);
    await has(lb3, FULL);

    // One of them sees a server down.
    await Deno.writeTextFile(
      lb3.configPath,
      config(servers, (text) =>
        text.replace(
          `    b2: { address: ${C}, healthcheck: web }`,
          [
            `    b2: { address: ${C}, healthcheck: odd }`,
          ].join("\n"),
        ).replace(
          "  backends:\n",
          "    odd: { type: tcp, port: 9, interval: 100ms, timeout: 50ms }\n  backends:\n",
        )),
    );
    assert.equal((await ask(lb3, "config", "reload")).code, 0);
    await has(lb3, [`${A} 100`, `${B} 50`, `${C} 0`]);
    const health = await differs("health", lb3, C);
    assert.deepEqual(health.views.map(({ text }) => text.replace(/ .*/, "")), ["up", "down"]);
    const votes = await show("show", "fleet", "votes");
    assert.equal(votes.code, 4, votes.stderr);
    assert.equal(JSON.parse(votes.stdout).votes[0].name, "b2");
    await Deno.writeTextFile(lb3.configPath, config(servers));
    assert.equal((await ask(lb3, "config", "reload")).code, 0);
    await has(lb3, FULL);
    await agrees();

    // Another program changes VPP; the next full run corrects it.
    lb1.simulator.plugin.setWeight(
      { pfx: { address: ip("192.0.2.1"), len: 32 }, protocol: 6, port: 80 },
      { address: ip(A), weight: 3, flush: false },
    );
    const vpp = await differs("vpp", lb1, A);
    assert.equal(vpp.views[0]!.text, "VPP has weight 3, should have 100");
    assert.equal((await ask(lb1, "sync", "vpp", "lb", "state")).code, 0);
    await has(lb1, FULL);
    const { repaired } = await agrees();
    assert.deepEqual(repaired.map(({ loadBalancer, vip, found }) => [loadBalancer, vip, found]), [
      ["lb1", "192.0.2.1/32 tcp 80", `${A} weight 3`],
    ]);

    // One is stopped, one is dead: the third is shown all the same.
    lb2.daemon.process.signal("SIGSTOP");
    lb3.daemon.process.signal("SIGKILL");
    await lb3.daemon.process.ended;
    const beganMs = performance.now();
    const late = await show("--timeout", `${TIMEOUT_S}s`, "show", "fleet");
    assert.ok(performance.now() - beganMs < DEADLINE_MS);
    assert.equal(late.code, 1);
    const { loadBalancers } = answerOf(late);
    assert.deepEqual(loadBalancers.map(({ name, compared }) => [name, compared]), [
      ["lb1", true],
      ["lb2", false],
      ["lb3", false],
    ]);
    assert.match(loadBalancers[1]!.reason, /^no answer within 3s: /);
    assert.match(loadBalancers[2]!.reason, /connection refused|connection ended/);
    await readUntil(
      () => Promise.resolve(hub.state("viewer").fleet?.apart.map(({ lb }) => lb).join()),
      (apart) => apart === "lb2,lb3",
      { what: "the dashboard states who is away", deadlineMs: DEADLINE_MS },
    );
  });
});
