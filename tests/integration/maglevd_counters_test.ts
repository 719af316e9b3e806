/**
 * The daemon as a process, with exactly the documented permissions, with a simulated VPP and its
 * stats socket. It reads counters; when it cannot, it continues to program, and reports it.
 */
import assert from "node:assert/strict";
import { vppHas } from "../support/judges/lb_view.ts";
import { onStage, type Stage } from "../support/worlds/stage.ts";

const VIP = "192.0.2.1/32 6 80";
const A = "127.0.43.1";
const WEB = { web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } };

async function started({ configure, start, simulator }: Stage) {
  await configure(WEB, { countersInterval: "100ms" });
  const daemon = start({ logLevel: "debug" });
  await vppHas(simulator, { [VIP]: [`${A} 100`] });
  const counted = (from = 0) =>
    daemon.seen((line) => line.msg === "vpp-counters" && line.vips === 1, { from });
  await counted();
  return { daemon, counted };
}

Deno.test("maglevd reads the counters of its VIPs, and names both sockets", async () => {
  await onStage([A], async (stage) => {
    const { daemon, counted } = await started(stage);
    const connect = await daemon.seen((line) => line.msg === "vpp-connect");
    assert.equal(connect.stats, stage.simulator.statsPath);
    const mark = daemon.mark;
    await stage.simulator.restart({ downMs: 50 });
    await daemon.seen((line) => line.msg === "vpp-disconnect", { from: mark });
    await vppHas(stage.simulator, { [VIP]: [`${A} 100`] });
    await counted(mark);
    assert.ok(!daemon.lines.some((line) => line.msg === "vpp-counters-error"));
  });
});

Deno.test("maglevd programs a VPP whose stats segment is corrupt, and reports that it has no counters", async () => {
  await onStage([A], async (stage) => {
    const { simulator, servers } = stage;
    const { daemon, counted } = await started(stage);
    let mark = daemon.mark;
    simulator.faults.stats = "pointer";
    const error = await daemon.seen((line) => line.msg === "vpp-counters-error", { from: mark });
    assert.match(String(error.err), /EFAULT/);
    await servers[0]!.close();
    await vppHas(simulator, { [VIP]: [`${A} 0`] });
    mark = daemon.mark;
    simulator.faults.stats = "sound";
    await counted(mark);
    // A segment of another version costs the counters until it is one of ours again.
    mark = daemon.mark;
    simulator.faults.stats = "version";
    const lost = await daemon.seen((line) => line.msg === "vpp-counters-error", { from: mark });
    assert.equal(lost.err, "the stats segment has version 3; need version 2");
    simulator.faults.stats = "sound";
    await counted(mark);
    assert.ok(!daemon.lines.some((line) => line.msg === "vpp-disconnect"));
    assert.equal(daemon.process.errors, "");
  });
});

Deno.test("maglevd programs a VPP without a stats socket, and reports that it has no counters", async () => {
  await onStage([A], async (stage) => {
    await stage.configure(WEB);
    const daemon = stage.start({ flags: ["--vpp-stats-addr=/nowhere/stats.sock"] });
    const failed = await daemon.seen((line) => line.msg === "vpp-counters-error");
    assert.match(String(failed.err), /stats segment at \/nowhere\/stats\.sock: ENOENT/);
    await vppHas(stage.simulator, { [VIP]: [`${A} 100`] });
    assert.equal((await daemon.seen((line) => line.msg === "vpp-connect")).stats, undefined);
    await daemon.stop();
    const without = stage.start({ flags: ["--vpp-stats-addr="] });
    await vppHas(stage.simulator, { [VIP]: [`${A} 100`] });
    assert.equal((await without.seen((line) => line.msg === "vpp-connect")).stats, undefined);
  });
});
