/**
 * The main job as a whole: a real maglevd process, real probes on loopback, a simulated VPP. Each
 * test waits for the expected events; unwanted ones are searched in the log afterwards.
 */
import assert from "node:assert/strict";
import { until } from "../support/judges/until.ts";
import { lbView, vppHas } from "../support/judges/lb_view.ts";
import { serve } from "../support/servers/nasty_servers.ts";
import { onStage } from "../support/worlds/stage.ts";

const VIP = "192.0.2.1/32 6 80";
const A = "127.0.41.1";
const B = "127.0.41.2";
const C = "127.0.41.3";

Deno.test("maglevd programs a VIP, drains a server that dies, and restores it", async () => {
  await onStage([A, B], async ({ configure, start, simulator, servers }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 50 } } } });
    const daemon = start();
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 50`] });
    assert.equal(simulator.plugin.conf.ip4SrcAddress.text, "192.0.2.254");

    await daemon.seen(({ msg }) => msg === "vpp-lbsync-vip-flush");
    const flushed = () =>
      simulator.plugin.flushes.filter(({ server }) => server.includes(B)).length;
    // VPP forgets flows from before the first server; they do not matter for the rest.
    const before = flushed();
    await servers[1]!.close();
    const down = await daemon.transition("b1", "down");
    assert.deepEqual([down.from, down.layer, down.code], ["up", "L4", "L4CON"]);
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 0`] });
    assert.equal(flushed(), before + 1, "its flows are flushed, once");

    servers[1]!.open();
    await daemon.transition("b1", "up", daemon.lines.indexOf(down));
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 50`] });
    assert.equal(flushed(), before + 1);

    const left = lbView(simulator);
    const startMs = performance.now();
    assert.equal(await daemon.stop(), 0);
    assert.ok(performance.now() - startMs < 5000, "ends well before the deadline of the test");
    assert.deepEqual(lbView(simulator), left, "VPP is left as it was");
    assert.ok(daemon.lines.some(({ msg }) => msg === "shutdown"));
    assert.equal(daemon.process.errors, "");
  });
});

Deno.test("an agent of a server lowers its weight, takes it out, and lets it back", async () => {
  await onStage([A, B], async ({ configure, configPath, start, simulator }) => {
    const words = { said: "up 50%" };
    const agent = serve((connection) => writeLine(connection, words.said), A);
    try {
      await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 40 } } } });
      const text = await Deno.readTextFile(configPath);
      const withAgent = `agent: { port: ${agent.port}, interval: 50ms }`;
      await Deno.writeTextFile(
        configPath,
        text.replace("type: http", `type: http\n      ${withAgent}`),
      );
      const daemon = start();
      // B has no agent at that port: nothing is lowered.
      await vppHas(simulator, { [VIP]: [`${A} 50`, `${B} 40`] });
      words.said = "maint";
      await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 40`] });
      words.said = "ready 100%";
      await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 40`] });
      words.said = "down";
      await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 40`] });
      await agent.close();
      await daemon.seen(({ msg }) => msg === "agent-forgotten");
      await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 40`] });
      assert.ok(!daemon.lines.some(({ msg, to }) => msg === "backend-transition" && to === "down"));
    } finally {
      await agent.close().catch(() => {});
    }
  });
});

async function writeLine(connection: Deno.TcpConn, line: string): Promise<void> {
  await connection.write(new TextEncoder().encode(`${line}\n`));
}

Deno.test("maglevd fails over to the second pool and back", async () => {
  await onStage([A, B], async ({ configure, start, simulator, servers }) => {
    await configure({
      web: { address: "192.0.2.1", pools: { main: { b0: 100 }, spare: { b1: 70 } } },
    });
    start();
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 0`] });
    servers[0]!.status = 503;
    await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 70`] });
    servers[0]!.status = 200;
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 0`] });
  });
});

Deno.test("maglevd reloads by difference: added, removed and changed VIPs; others stay untouched", async () => {
  await onStage([A, B, C], async ({ configure, start, simulator, servers }) => {
    const stay = { address: "192.0.2.1", pools: { main: { b0: 100 } } };
    await configure({
      stay,
      go: { address: "192.0.2.2", pools: { main: { b1: 100 } } },
      change: { address: "192.0.2.3", pools: { main: { b1: 100 } } },
    });
    const daemon = start();
    await vppHas(simulator, {
      [VIP]: [`${A} 100`],
      "192.0.2.2/32 6 80": [`${B} 100`],
      "192.0.2.3/32 6 80": [`${B} 100`],
    });
    await daemon.transition("b2", "up");
    const stays = ({ vip }: Readonly<Record<string, unknown>>) => vip === "192.0.2.1/32";
    await daemon.seen((line) => line.msg === "vpp-lbsync-vip-flush" && stays(line));
    const stayIndex = [...simulator.plugin.vips()][0]!.index;
    const mark = daemon.mark;
    const asked = servers[0]!.requests;

    await configure({
      stay,
      change: { address: "192.0.2.3", pools: { main: { b1: 30, b2: 40 } } },
      come: { address: "192.0.2.4", pools: { main: { b2: 100 } } },
    });
    daemon.process.signal("SIGHUP");
    await vppHas(simulator, {
      [VIP]: [`${A} 100`],
      "192.0.2.3/32 6 80": [`${B} 30`, `${C} 40`],
      "192.0.2.4/32 6 80": [`${C} 100`],
    });
    await daemon.seen((line) => line.msg === "config-reload" && line.ok === true, { from: mark });
    const after = daemon.lines.slice(mark);
    assert.deepEqual(after.filter(({ msg }) => msg === "backend-transition"), []);
    assert.equal([...simulator.plugin.vips()].find(({ used }) => used)!.index, stayIndex);
    assert.deepEqual(
      after.filter(stays),
      [],
      "nothing is sent for a VIP that did not change",
    );
    await until(() => servers[0]!.requests > asked);
  });
});

Deno.test("maglevd ignores an invalid file on reload, and reports its errors", async () => {
  await onStage([A], async ({ configure, configPath, start, simulator, servers }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
    const daemon = start();
    await vppHas(simulator, { [VIP]: [`${A} 100`] });
    for (const text of ["", "maglev: [", "maglev:\n  frontends: {}\n  bakends: {}\n"]) {
      const mark = daemon.mark;
      await Deno.writeTextFile(configPath, text);
      daemon.process.signal("SIGHUP");
      await daemon.seen((line) => line.msg === "config-reload" && line.ok === false, {
        from: mark,
      });
      await daemon.seen((line) => line.msg === "config-error", { from: mark });
    }
    await Deno.remove(configPath);
    const mark = daemon.mark;
    daemon.process.signal("SIGHUP");
    await daemon.seen((line) => line.msg === "config-reload" && line.ok === false, { from: mark });
    assert.deepEqual(lbView(simulator), { [VIP]: [`${A} 100`] });
    servers[0]!.status = 500;
    await vppHas(simulator, { [VIP]: [`${A} 0`] });
  });
});

Deno.test("a server that is down during a reload comes up when it returns", async () => {
  await onStage([A, B], async ({ configure, start, simulator, servers }) => {
    const frontends = { web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 100 } } } };
    await configure(frontends);
    await servers[1]!.close();
    const daemon = start();
    await daemon.transition("b1", "down");
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 0`] });
    const mark = daemon.mark;
    daemon.process.signal("SIGHUP");
    await daemon.seen((line) => line.msg === "config-reload", { from: mark });
    servers[1]!.open();
    await daemon.transition("b1", "up", mark);
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 100`] });
  });
});

Deno.test("maglevd programs a VPP again that was killed and restarted empty", async () => {
  await onStage([A, B], async ({ configure, start, simulator }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 100 } } } });
    const daemon = start();
    const wanted = { [VIP]: [`${A} 100`, `${B} 100`] };
    await vppHas(simulator, wanted);
    // The log follows VPP.
    for (const name of ["b0", "b1"]) await daemon.transition(name, "up");
    const mark = daemon.mark;
    const back = simulator.restart({ downMs: 700 });
    await daemon.seen((line) => line.msg === "vpp-disconnect", { from: mark });
    await back;
    assert.deepEqual(lbView(simulator), {});
    await vppHas(simulator, wanted);
    const connect = await daemon.seen((line) => line.msg === "vpp-connect", { from: mark });
    assert.equal(connect.pid, simulator.pid);
    assert.deepEqual(
      daemon.lines.slice(mark).filter(({ msg }) => msg === "backend-transition"),
      [],
      "the servers' health has nothing to do with it",
    );
  });
});

Deno.test("maglevd started before VPP waits for it, and probes meanwhile", async () => {
  await onStage([A], async ({ configure, start, simulator }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
    simulator.faults.refuseConnections = true;
    const daemon = start();
    await daemon.seen((line) => line.msg === "vpp-connect-failed");
    await daemon.transition("b0", "up");
    simulator.faults.refuseConnections = false;
    await vppHas(simulator, { [VIP]: [`${A} 100`] });
    assert.equal(
      daemon.lines.filter(({ msg }) => msg === "vpp-connect-failed").length,
      1,
      "said once, not with every try",
    );
  });
});

Deno.test("maglevd corrects changes by others in VPP at the next reload, and logs the drift", async () => {
  await onStage([A], async ({ configure, start, simulator }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
    const daemon = start();
    await vppHas(simulator, { [VIP]: [`${A} 100`] });
    const [vip] = [...simulator.plugin.vips()];
    const [server] = [...simulator.plugin.serversOf(vip!)];
    server!.weight = 13;
    const mark = daemon.mark;
    daemon.process.signal("SIGHUP");
    await vppHas(simulator, { [VIP]: [`${A} 100`] });
    const drift = await daemon.seen((line) => line.msg === "vpp-lbsync-drift", { from: mark });
    assert.equal(drift.vip, "192.0.2.1/32");
    assert.match(JSON.stringify(drift), /13/);
  });
});

Deno.test("maglevd still does its job after a thousand SIGHUPs", async () => {
  await onStage([A, B], async ({ configure, start, simulator, servers }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 100 } } } });
    const daemon = start();
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 100`] });
    for (let i = 0; i < 1000; i++) daemon.process.signal("SIGHUP");
    await servers[0]!.close();
    await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 100`] });
    assert.equal(
      daemon.lines.filter(({ to, backend }) => to === "down" && backend !== "b0").length,
      0,
    );
  });
});

Deno.test("a second SIGTERM ends maglevd immediately, even if VPP does not respond", async () => {
  await onStage([A], async ({ configure, start, simulator, servers }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
    const daemon = start();
    await vppHas(simulator, { [VIP]: [`${A} 100`] });
    simulator.faults.frozen = true;
    servers[0]!.status = 500;
    await daemon.transition("b0", "down");
    daemon.process.signal("SIGTERM");
    await daemon.seen((line) => line.msg === "shutdown");
    await new Promise((resolve) => setTimeout(resolve, 400));
    daemon.process.signal("SIGTERM");
    assert.equal(await daemon.process.ended, 1);
    simulator.faults.frozen = false;
  });
});

Deno.test("two simultaneous SIGTERMs, as to a process group, end maglevd in order", async () => {
  await onStage([A], async ({ configure, start, simulator, servers }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
    const daemon = start();
    await vppHas(simulator, { [VIP]: [`${A} 100`] });
    simulator.faults.frozen = true;
    servers[0]!.status = 500;
    await daemon.transition("b0", "down");
    daemon.process.signal("SIGTERM");
    await daemon.seen((line) => line.msg === "shutdown");
    daemon.process.signal("SIGTERM");
    assert.equal(await daemon.process.ended, 0);
    simulator.faults.frozen = false;
  });
});

Deno.test("a SIGHUP while maglevd starts reloads it, and does not end it", async () => {
  await onStage([A], async ({ configure, start, simulator }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
    const daemon = start();
    await daemon.seen((line) => line.msg === "maglevd-start");
    daemon.process.signal("SIGHUP");
    await daemon.seen((line) => line.msg === "config-reload" && line.ok === true);
    await vppHas(simulator, { [VIP]: [`${A} 100`] });
    assert.equal(await daemon.stop(), 0);
  });
});

Deno.test("maglevd at debug logs the start and the end of each probe, and each VPP message", async () => {
  await onStage([A], async ({ configure, start, simulator }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
    const daemon = start({ logLevel: "debug" });
    await vppHas(simulator, { [VIP]: [`${A} 100`] });
    const began = await daemon.seen((line) => line.msg === "probe-start");
    assert.deepEqual([began.backend, began.type], ["b0", "http"]);
    const done = await daemon.seen((line) => line.msg === "probe-done");
    assert.deepEqual([done.backend, done.ok, done.code], ["b0", true, "L7OK"]);
    assert.ok(daemon.lines.indexOf(began) < daemon.lines.indexOf(done));
    await daemon.seen((line) => line.msg === "vpp-api-send");
    await daemon.seen((line) => line.msg === "vpp-api-recv");
  });
});
