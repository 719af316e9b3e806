/**
 * The stats segment over its socket, from the simulator to the counters: everything VPP does with
 * it, and invalid behaviour.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { openShim } from "../../ffi/open.ts";
import { parseIp } from "../../src/base/address.ts";
import { MaglevError } from "../../src/base/errors.ts";
import { type Simulator, startSimulator } from "../../src/sim/api_server.ts";
import { control } from "../../src/sim/control.ts";
import { STATS_FAULTS, type StatsFault } from "../../src/sim/stats_faults.ts";
import { countTraffic } from "../../src/sim/plugin/traffic.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import type { CounterQuery, StatsReader, StatsSession } from "../../src/vpp/ports.ts";
import { openStatsSession } from "../../src/vpp/stats/session.ts";
import { withFolder } from "../support/servers/daemon.ts";
import { executeOn } from "../support/worlds/plugin_lb.ts";
import { desired } from "../support/fakes/vips.ts";

const CLOCK = new SystemClock();
const NEXT = "packet from existing sessions";
const ROUTE = "/net/route/to";

interface Stage {
  readonly simulator: Simulator;
  open(options?: { deadlineMs?: number; signal?: AbortSignal }): Promise<StatsSession>;
}

async function onStage(fn: (stage: Stage) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const before = descriptors();
    const statsPath = `${folder}/stats.sock`;
    const simulator = await startSimulator({ path: `${folder}/api.sock`, statsPath, clock: CLOCK });
    const sessions: StatsSession[] = [];
    try {
      await fn({
        simulator,
        async open({ deadlineMs = 5000, signal = new AbortController().signal } = {}) {
          const session = await openStatsSession(statsPath, { clock: CLOCK, deadlineMs, signal });
          sessions.push(session);
          return session;
        },
      });
    } finally {
      for (const session of sessions) session.close();
      await simulator.stop();
    }
    assert.equal(descriptors(), before, "every descriptor is closed");
  });
}

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/** Adds VIPs 192.0.2.1 … and gives them n packets each. */
function addVips(simulator: Simulator, from: number, to: number): void {
  for (let n = from; n <= to; n++) {
    const vip = desired(address(n));
    assert.equal(executeOn(simulator.plugin, { kind: "vip-add", vip }), 0);
    traffic(simulator, n, n);
  }
}

function traffic(simulator: Simulator, n: number, packets: number): void {
  const to = { address: parseIp(address(n))!, port: 80 };
  const bytes = 60 * packets;
  assert.ok(countTraffic(simulator.plugin, { ...to, packets, bytes, kind: "next" }));
}

function address(n: number): string {
  return `198.51.${n >> 8}.${n & 255}`;
}

/** Pool indices 1 to `count` and their routes (which come after those of the boot). */
function queries(count: number): CounterQuery[] {
  const pool = Uint32Array.from({ length: count }, (_, i) => i + 1);
  const routes = Uint32Array.from({ length: count }, (_, i) => i + 8);
  return [
    { name: NEXT, kind: "simple", indices: pool },
    { name: ROUTE, kind: "combined", indices: routes },
  ];
}

function wanted(count: number, more: (n: number) => number = () => 0): number[][] {
  const all = Array.from({ length: count }, (_, i) => i + 1 + more(i + 1));
  return [all, all.flatMap((packets) => [packets, 60 * packets])];
}

function values(reader: StatsReader, count: number): number[][] | string {
  const read = reader.prepare(queries(count)).read();
  return read.kind === "ok" ? read.values.map((column) => [...column]) : read.kind;
}

Deno.test("a stats session has VPP's start time, and reads its counters", async () => {
  await onStage(async ({ simulator, open }) => {
    const nowMs = CLOCK.wallMs();
    const session = await open();
    assert.ok(Math.abs(session.bootAtMs! - nowMs) < 10_000);
    const prepared = session.reader.prepare(queries(2));
    assert.equal(prepared.read().kind, "error", "a VPP that never had a VIP has no such counters");
    addVips(simulator, 1, 2);
    assert.deepEqual(values(session.reader, 2), wanted(2));
    traffic(simulator, 2, 1000);
    const read = prepared.read();
    assert.ok(read.kind === "ok");
    assert.deepEqual([...read.values[0]!], [1, 1002]);
    session.close();
    session.close();
    assert.equal(prepared.read().kind, "error", "a closed session reads nothing");
  });
});

Deno.test("a segment that grows and moves under its reader always gives correct numbers", async () => {
  await onStage(async ({ simulator, open }) => {
    const session = await open();
    addVips(simulator, 1, 1);
    const prepared = session.reader.prepare(queries(1));
    const before = simulator.segment!.size;
    for (let n = 2; n <= 3000; n++) {
      addVips(simulator, n, n);
      if (n % 100 === 0) simulator.segment!.moveDirectory();
      if (n % 50 !== 0) continue;
      const read = prepared.read();
      assert.ok(read.kind === "ok");
      assert.deepEqual(read.values.map((column) => [...column]), wanted(1));
      assert.deepEqual(values(session.reader, n), wanted(n));
    }
    assert.ok(simulator.segment!.size > before);
    // Names enough to move the directory several times.
    for (let i = 0; i < 500; i++) simulator.segment!.setScalar(`/sys/extra/${i}`, i);
    assert.deepEqual(values(session.reader, 3000), wanted(3000));
  });
});

interface Outcome {
  /** The result of a new read. */
  readonly read: "ok" | "busy" | "error";
  /** The result of an earlier read; default the same. */
  readonly known?: "ok";
  /** True when it is no longer a segment. */
  readonly ends: boolean;
  /** True when it can be opened. */
  readonly opens: boolean;
}

/** A session's message for each kind of fault. */
const LIES: Readonly<Record<StatsFault, Outcome>> = {
  sound: { read: "ok", ends: false, opens: true },
  double: { read: "ok", ends: false, opens: true },
  churn: { read: "ok", ends: false, opens: true },
  busy: { read: "busy", ends: false, opens: true },
  version: { read: "error", ends: true, opens: false },
  cut: { read: "error", ends: false, opens: true },
  empty: { read: "error", ends: true, opens: false },
  directory: { read: "error", ends: false, opens: true },
  // A read by a known position does not check the directory's length.
  length: { read: "error", known: "ok", ends: false, opens: true },
  threads: { read: "error", ends: false, opens: true },
  pointer: { read: "error", ends: false, opens: true },
  renamed: { read: "error", ends: false, opens: true },
};

Deno.test("a corrupt segment gives no numbers, and correct ones after its repair", async (t) => {
  await onStage(async ({ simulator, open }) => {
    addVips(simulator, 1, 5);
    const session = await open();
    assert.deepEqual(Object.keys(LIES), [...STATS_FAULTS]);
    for (const how of STATS_FAULTS) {
      await t.step(how, async () => {
        let ended: string | undefined;
        session.onEnd = (reason) => ended = reason;
        const prepared = session.reader.prepare(queries(5));
        assert.equal(prepared.read().kind, "ok");
        assert.equal(await control(`stats ${how}`, simulator), `stats ${how}`);
        await sleep(how === "churn" ? 20 : 0);
        // A new read, and one that was prepared earlier.
        const wantedRead = LIES[how].read;
        const read = prepared.read();
        assert.equal(read.kind, LIES[how].known ?? wantedRead, JSON.stringify(read));
        if (read.kind === "ok") assert.deepEqual([...read.values[0]!], wanted(5)[0]);
        assert.equal(session.reader.prepare(queries(5)).read().kind, wantedRead);
        assert.equal(ended !== undefined, LIES[how].ends, `${ended}`);
        const opened = await open().then((other) => other.bootAtMs ?? true, MaglevError.from);
        assert.equal(!(opened instanceof MaglevError), LIES[how].opens, String(opened));
        await control("reset", simulator);
        const after = prepared.read();
        assert.ok(after.kind === "ok", JSON.stringify(after));
        assert.deepEqual([...after.values[0]!], wanted(5)[0]);
      });
    }
  });
});

Deno.test("traffic is counted while the segment is corrupt, and shown after its repair", async () => {
  await onStage(async ({ simulator, open }) => {
    addVips(simulator, 1, 1);
    const session = await open();
    simulator.faults.stats = "pointer";
    traffic(simulator, 1, 10);
    assert.equal(values(session.reader, 1), "error");
    simulator.faults.stats = "sound";
    assert.deepEqual(values(session.reader, 1), wanted(1, () => 10));
    assert.equal(await control("traffic 198.51.0.1 80 5", simulator), "5 packets, 320 bytes");
    assert.equal(await control("traffic 198.51.0.1 80 5 7 first", simulator), "5 packets, 7 bytes");
    assert.match(await control("traffic 198.51.0.9 80 5", simulator), /^no VIP/);
    assert.match(await control("traffic 198.51.0.1", simulator), /^usage/);
    assert.match(await control("stats nonsense", simulator), /^usage: stats sound\|/);
    assert.deepEqual((values(session.reader, 1) as number[][])[1], [21, 60 * 11 + 327]);
    assert.match(await control("state", simulator), /first session packet: 5\n/);
  });
});

Deno.test("scalars of an older release, which are doubles, are read", async () => {
  await onStage(async ({ simulator, open }) => {
    await control("stats double", simulator);
    await simulator.restart();
    const session = await open();
    assert.ok(Math.abs(session.bootAtMs! - CLOCK.wallMs()) < 10_000, `${session.bootAtMs}`);
    simulator.segment!.setScalar("/sys/boottime", 1.5e12);
    assert.equal((await open()).bootAtMs, undefined, "a year beyond 5000 is invalid");
  });
});

Deno.test("a VPP that died leaves its last numbers, and the next one has its own", async () => {
  await onStage(async ({ simulator, open }) => {
    addVips(simulator, 1, 3);
    const old = await open();
    const restarted = simulator.restart({ downMs: 150 });
    await sleep(50);
    await assert.rejects(open(), { code: "unavailable", message: /ECONNREFUSED/ });
    await restarted;
    addVips(simulator, 1, 3);
    traffic(simulator, 3, 100);
    assert.deepEqual(values(old.reader, 3), wanted(3));
    const session = await open();
    assert.deepEqual(values(session.reader, 3), wanted(3, (n) => n === 3 ? 100 : 0));
  });
});

Deno.test("opening a stats session fails in time, with a reason", async () => {
  await onStage(async ({ simulator, open }) => {
    simulator.faults.frozen = true;
    const startMs = CLOCK.monotonicMs();
    await assert.rejects(open({ deadlineMs: 60 }), {
      code: "deadline-exceeded",
      message: /stats\.sock: no answer within 60 ms/,
    });
    assert.ok(CLOCK.monotonicMs() - startMs < 2000);
    const abort = new AbortController();
    const given = assert.rejects(open({ signal: abort.signal }), { code: "aborted" });
    await sleep(20);
    abort.abort();
    await given;
    // More than the accept queue holds: the kernel refuses immediately, and the client retries.
    await Promise.all(
      Array.from({ length: 12 }, () => assert.rejects(open({ deadlineMs: 50 }), /50 ms/)),
    );
    simulator.faults.frozen = false;
    assert.ok((await open()).bootAtMs !== undefined);
    simulator.faults.refuseConnections = true;
    await sleep(50);
    await assert.rejects(open(), { code: "unavailable", message: /ECONNREFUSED/ });
    simulator.faults.refuseConnections = false;
    assert.ok((await open()).bootAtMs !== undefined);
    await simulator.stop();
    await assert.rejects(open(), { code: "unavailable", message: /ENOENT/ });
  });
});

Deno.test("a socket of another kind is refused with a reason", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/other.sock`;
    const listener = Deno.listen({ transport: "unix", path });
    const options = { clock: CLOCK, deadlineMs: 1000, signal: new AbortController().signal };
    await assert.rejects(openStatsSession(path, options), {
      message: /the socket is of another type/,
    });
    listener.close();
    await assert.rejects(openStatsSession(`${folder}/${"x".repeat(200)}`, options), /EINVAL/);
    const before = Deno.env.get("MAGLEV_SHIM");
    Deno.env.set("MAGLEV_SHIM", `${folder}/none.so`);
    try {
      assert.equal(openShim().kind, "error");
      await assert.rejects(openStatsSession(path, options), {
        code: "failed-precondition",
        message: /without the shim: .*none\.so cannot be loaded/,
      });
    } finally {
      if (before === undefined) Deno.env.delete("MAGLEV_SHIM");
      else Deno.env.set("MAGLEV_SHIM", before);
    }
  });
});
