/**
 * A restart of maglevd on a real VPP: no bucket moves of a VIP whose servers did not change, in
 * hundreds of reads before, during and after. Also warm-up, observed in VPP.
 */
import assert from "node:assert/strict";
import { until as waitUntil } from "../support/judges/until.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { configText } from "../support/worlds/stage.ts";
import { WebServer } from "../support/servers/web_server.ts";
import { BucketWatch } from "./bucket_watch.ts";
import { type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";
import { view } from "./view.ts";

const [A, B, C, D] = ["127.0.43.1", "127.0.43.2", "127.0.43.3", "127.0.43.4"] as const;
const SAME = "192.0.2.1/32 6 80";
const DRAINED = "192.0.2.2/32 6 80";
const CHANGED = "192.0.2.3/32 6 443";
const FALLBACK = "192.0.2.4/32 6 80";

/** The up servers of SAME, DRAINED and FALLBACK do not change; D's death changes CHANGED. */
const FRONTENDS = {
  same: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 30 } } },
  drained: { address: "192.0.2.2", pools: { main: { b0: 0, b1: 100, b2: 100 } } },
  changed: { address: "192.0.2.3", port: 443, pools: { main: { b1: 50, b3: 50 } } },
  // Its first pool is down all the time: the second one has the traffic.
  fallback: { address: "192.0.2.4", pools: { main: { b2: 100 }, second: { b0: 1, b1: 1 } } },
};

interface World {
  readonly vpp: RunningVpp;
  readonly servers: readonly WebServer[];
  configure(change?: (text: string) => string): Promise<void>;
  start(): Daemon;
}

async function world(fn: (world: World) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await using vpp = await startVpp();
    const servers = WebServer.group([A, B, C, D]);
    const daemons: Daemon[] = [];
    const config = `${folder}/maglev.yaml`;
    try {
      await fn({
        vpp,
        servers,
        configure: (change = (text) => text) =>
          Deno.writeTextFile(config, change(configText(servers, FRONTENDS))),
        start() {
          const daemon = new Daemon({ config, vppApiAddr: vpp.apiSocket });
          daemons.push(daemon);
          return daemon;
        },
      });
    } finally {
      for (const daemon of daemons) daemon.process.signal("SIGKILL");
      await Promise.all(daemons.map((daemon) => daemon.process.ended));
      await Promise.all(servers.map((server) => server.close()));
    }
  });
}

function test(name: string, fn: (world: World) => Promise<void>): void {
  Deno.test({
    name: `real VPP: ${name}${SKIP_REASON}`,
    ignore: SKIP_REASON !== "",
    fn: () => world(fn),
  });
}

function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  return waitUntil(holds, { what, deadlineMs: 15_000 });
}

function warmup(min: string, max: string): (text: string) => string {
  return (text) =>
    text.replace("startup-min-delay: 0s", `startup-min-delay: ${min}`)
      .replace("startup-max-delay: 0s", `startup-max-delay: ${max}`);
}

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`${signal} and a new start move no bucket of a VIP whose servers did not change`, async (world) => {
    const { vpp, servers } = world;
    await servers[2]!.close();
    await world.configure(warmup("500ms", "10s"));
    const first = world.start();
    await first.seen((line) => line.msg === "vpp-warmup-done");
    const programmed = {
      [SAME]: [`${A} 100`, `${B} 30`],
      [DRAINED]: [`${A} 0`, `${B} 100`, `${C} 0`],
      [CHANGED]: [`${B} 50`, `${D} 50`],
      [FALLBACK]: [`${A} 1`, `${B} 1`, `${C} 0`],
    };
    const isThere = async () => JSON.stringify(await view(vpp)) === JSON.stringify(programmed);
    await until("all is programmed", isThere);

    await using watch = await BucketWatch.start(vpp);
    const before = watch.seen[0]!;
    for (let restarts = 0, daemon = first; restarts < 3; restarts++) {
      daemon.process.signal(signal);
      const code = await daemon.process.ended;
      assert.equal(code === 0, signal === "SIGTERM", `exit status ${code}`);
      // In the last round a server dies while maglevd is down.
      if (restarts === 2) await servers[3]!.close();
      const reads = watch.reads;
      daemon = world.start();
      await daemon.seen((line) => line.msg === "vpp-warmup-done");
      await daemon.seen((line) => line.msg === "vpp-lbsync-done" || line.msg === "vpp-lb-state");
      await until("it was read many times", () => watch.reads > reads + 100);
      if (restarts < 2) assert.deepEqual(watch.seen, [before], "no bucket moved");
    }
    await until("the change is there", () => watch.valuesOf(CHANGED).length > 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const vip of [SAME, DRAINED, FALLBACK]) {
      assert.deepEqual(watch.valuesOf(vip), [before[vip]], vip);
    }
    assert.deepEqual(watch.valuesOf(CHANGED), [
      before[CHANGED],
      `${B} weight 50 buckets 1024, ${D} weight 0 buckets 0`,
    ]);
  });
}

test("warm-up holds unknown frontends back, releases known ones, and ends at max", async (world) => {
  const { vpp, servers } = world;
  await vpp.cli("lb vip 192.0.2.99/32 encap gre4 new_len 64");
  const before = await view(vpp);
  // D accepts and stays silent, and its check has a very long timeout: it stays unknown.
  await servers[3]!.close();
  using mute = Deno.listen({ hostname: D, port: servers[0]!.port });
  await world.configure((text) =>
    warmup("1s", "3s")(text).replace(
      "  backends:",
      [
        "    slow:",
        "      type: http",
        `      port: ${mute.addr.port}`,
        "      interval: 30s",
        "      timeout: 20s",
        "      params: { path: /healthz }",
        "  backends:",
      ].join("\n"),
    ).replace(`${D}, healthcheck: web`, `${D}, healthcheck: slow`)
  );
  const daemon = world.start();
  const started = await daemon.seen((line) => line.msg === "vpp-warmup-start");
  const startMs = Date.parse(started.time);
  const connected = await daemon.seen((line) => line.msg === "vpp-lb-state");
  assert.ok(Date.parse(connected.time) - startMs < 900, "it reads at once");
  assert.deepEqual(await view(vpp), before, "and writes nothing");
  const write = await daemon.seen((line) => /^vpp-lb(sync-(vip|as)|-conf)/.test(line.msg));
  assert.ok(Date.parse(write.time) - startMs >= 990, "until min");
  await until("all but the unknown", async () => Object.keys(await view(vpp)).length === 4);
  const { [CHANGED]: held, "192.0.2.99/32 255 0": stranger } = await view(vpp);
  assert.equal(held, undefined);
  assert.deepEqual(stranger, [], "nothing is removed before the end");
  const done = await daemon.seen((line) => line.msg === "vpp-warmup-done");
  const afterMs = Date.parse(done.time) - startMs;
  assert.ok(afterMs >= 2990 && afterMs < 4000, `${afterMs} ms`);
  assert.equal(done.trigger, "max");
  await until("all is programmed", async () => {
    const found = await view(vpp);
    return found[CHANGED] !== undefined && Object.keys(found).length === 4;
  });
  assert.deepEqual((await view(vpp))[CHANGED], [`${B} 50`, `${D} 0`]);
  // A VPP that restarts now is programmed immediately.
  const wanted = await view(vpp);
  await vpp.kill("SIGKILL");
  await vpp.restart();
  const mark = performance.now();
  await until(
    "it is programmed again",
    async () => JSON.stringify(await view(vpp)) === JSON.stringify(wanted),
  );
  assert.ok(performance.now() - mark < 1500, `${performance.now() - mark} ms`);
});
