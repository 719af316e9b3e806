/**
 * A server that flaps is held down, over a restart of maglevd, until an operator forgives it; and a
 * load balancer is lameduck over a restart. Judged by the simulated VPP, python's grpcio, `/readyz`
 * and the file of prefixes.
 */
import assert from "node:assert/strict";
import { type Ended, GrpcClient, type Json, part } from "../support/judges/grpc_client.ts";
import { vppHas } from "../support/judges/lb_view.ts";
import { readUntil } from "../support/judges/until.ts";
import type { Daemon } from "../support/servers/daemon.ts";
import { grpcAddress, grpcTest } from "../support/worlds/grpc_stage.ts";
import { onStage } from "../support/worlds/stage.ts";

const SERVERS = ["127.0.59.1", "127.0.59.2"] as const;
const [A, B] = SERVERS;
const VIP = "192.0.2.1/32 6 80";
const WEB = {
  web: {
    address: "192.0.2.1",
    pools: { main: { b0: 100, b1: 100 } },
    extra: "announce: { hysteresis: 0s }",
  },
};

function ok({ code, details, message }: Ended): Json | undefined {
  assert.equal(code, "OK", details);
  return message;
}

async function clientOf(daemon: Daemon): Promise<GrpcClient> {
  return await GrpcClient.start({ target: await grpcAddress(daemon) });
}

grpcTest("damping and lameduck: shown, kept over kill -9, and ended by operators", async () => {
  await onStage(SERVERS, async ({ configure, configPath, servers, simulator, start }) => {
    const stateDir = configPath.replace(/[^/]*$/, "state");
    const file = `${stateDir}/announced`;
    const prefixes = (wanted: string) =>
      readUntil(() => Deno.readTextFile(file).catch(() => "missing"), (text) => text === wanted);
    await configure(WEB, {
      damping: "{ half-life: 1h, suppress: 1, reuse: 0.5 }",
      announce: `{ file: ${file}, format: text }`,
    });
    const options = { grpcAddr: "127.0.0.1:0", metricsAddr: "127.0.0.1:0", stateDir };
    const first = start(options);
    {
      await using client = await clientOf(first);
      for (const name of ["b0", "b1"]) await first.transition(name, "up");
      await prefixes("192.0.2.1/32\n");
      servers[0]!.status = 503;
      await first.transition("b0", "down");
      await first.seen(({ msg, backend }) => msg === "backend-damped" && backend === "b0");
      servers[0]!.status = 200;
      const held = await readUntil(
        async () => ok(await client.call("GetBackend", { name: "b0" })),
        (info) => part(info, "lastResult", "code") === "damped",
      );
      assert.equal(part(held, "state"), "down");
      assert.ok(Number(part(held, "dampingPenalty")) > 0.99);
      const restMs = Number(part(held, "heldUntilUnixNs")) / 1e6 - Date.now();
      assert.ok(restMs > 1_700_000 && restMs <= 1_800_000, `max-hold is 30m, have ${restMs}`);
      await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 100`] });
      const on = ok(await client.call("SetLameduck", { on: true, reason: "new cable" }));
      assert.deepEqual([part(on, "on"), part(on, "warning")], [true, ""]);
      await prefixes("");
      await readUntil(
        () => Deno.readTextFile(`${stateDir}/damping.json`).catch(() => ""),
        (text) => text.includes('"backend":"b0"'),
      );
      first.process.signal("SIGKILL");
    }
    await first.process.ended;
    const second = start(options);
    await using client = await clientOf(second);
    await second.transition("b1", "up");
    await second.transition("b0", "down");
    const metrics = (await second.seen(({ msg }) => msg === "metrics-listen")).address;
    const ready = await fetch(`http://${metrics}/readyz`);
    assert.equal(ready.status, 200);
    assert.equal((await ready.json()).lameduck, "on");
    const status = ok(await client.call("GetStatus", {}));
    assert.deepEqual(
      [part(status, "ready"), part(status, "lameduck", "reason")],
      [true, "new cable"],
    );
    assert.equal(await Deno.readTextFile(file), "");
    ok(await client.call("ClearBackend", { name: "b0", reason: "repaired" }));
    await second.transition("b0", "up");
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 100`] });
    assert.equal(await Deno.readTextFile(file), "");
    ok(await client.call("SetLameduck", { on: false }));
    await prefixes("192.0.2.1/32\n");
  });
});
