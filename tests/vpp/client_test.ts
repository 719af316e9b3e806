/**
 * The client against a real VPP: handshake, version, the plugin's operations and refusals, and a
 * VPP that dies. It checks the VPP at hand, where the transcripts check recorded bytes.
 */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { createVppConnection } from "../../src/vpp/api/connection.ts";
import type { DesiredVip } from "../../src/vpp/lb/model.ts";
import type { ConnectionState, LbApi, VppConnection } from "../../src/vpp/ports.ts";
import { RETVAL } from "../../src/vpp/wire/retval.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import { RecordingObserver } from "../support/fakes/recording_observer.ts";
import {
  API_KINDS,
  type ApiKind,
  type RunningVpp,
  SKIP_REASON,
  startVpp,
  type StartVppOptions,
} from "./support.ts";

const CLOCK = new SystemClock();
/** Generous: the point is that it ends, not when. */
const WAIT_MS = 10_000;

const VIP: DesiredVip = {
  address: parseIp("192.0.2.1")!,
  prefixLength: 32,
  protocol: 6,
  port: 80,
  encap: "gre4",
  srcIpSticky: true,
  newFlowsTableLength: 1024,
  servers: [],
};
const VIP6: DesiredVip = {
  ...VIP,
  address: parseIp("2001:db8::1")!,
  prefixLength: 128,
  protocol: 255,
  port: 0,
  encap: "gre6",
  srcIpSticky: false,
};
const [A, B, C] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((text) => parseIp(text)!);

interface Bench {
  readonly kind: ApiKind;
  readonly vpp: RunningVpp;
  readonly connection: VppConnection;
  readonly logger: RecordingLogger;
  /** The next change to this kind of state. */
  next(kind: ConnectionState["kind"]): Promise<ConnectionState>;
}

function vppTest(
  name: string,
  body: (bench: Bench, lb: LbApi) => Promise<void>,
  options: StartVppOptions = {},
): void {
  for (const kind of API_KINDS) {
    Deno.test({
      name: `real VPP, ${kind}: ${name}${SKIP_REASON}`,
      ignore: SKIP_REASON !== "",
      fn: () => onBench(kind, { options, body }),
    });
  }
}

interface BenchRun {
  readonly options: StartVppOptions;
  readonly body: (bench: Bench, lb: LbApi) => Promise<void>;
}

async function onBench(kind: ApiKind, { options, body }: BenchRun): Promise<void> {
  const vpp = await startVpp(options);
  const logger = new RecordingLogger();
  const connection = createVppConnection({
    apiAddress: vpp.apiAddress(kind),
    clock: CLOCK,
    logger,
    observer: new RecordingObserver(),
  });
  const next = (kind: ConnectionState["kind"]) => nextState(connection, kind);
  try {
    const connected = next("connected");
    connection.start();
    const state = await connected;
    assert.ok(state.kind === "connected");
    await body({ kind, vpp, connection, logger, next }, state.lb);
  } finally {
    await connection.stop();
    await vpp.stop();
  }
}

function nextState(
  connection: VppConnection,
  kind: ConnectionState["kind"],
): Promise<ConnectionState> {
  return new Promise((resolve, reject) => {
    const timer = CLOCK.after(WAIT_MS, () => reject(new Error(`not ${kind} after ${WAIT_MS} ms`)));
    const unsubscribe = connection.subscribe((state) => {
      if (state.kind !== kind) return;
      unsubscribe();
      timer.cancel();
      resolve(state);
    });
  });
}

vppTest("connects and reads version and pid", ({ vpp, connection, logger }) => {
  const state = connection.state;
  assert.ok(state.kind === "connected");
  assert.equal(state.info.pid, vpp.pid);
  assert.match(state.info.version, /^\d\d\.\d\d/);
  assert.deepEqual(logger.take(), ["info vpp-connect"]);
  return Promise.resolve();
});

vppTest("sets and reads back the plugin's settings", async (_, lb) => {
  const conf = {
    ip4SrcAddress: parseIp("192.0.2.254")!,
    ip6SrcAddress: parseIp("2001:db8::fe")!,
    stickyBucketsPerCore: 2048,
    flowTimeoutS: 77,
  };
  assert.notDeepEqual(await lb.getConf(), conf);
  assert.equal(await lb.setConf(conf), RETVAL.ok);
  assert.deepEqual(await lb.getConf(), conf);
});

vppTest("adds, weighs, dumps and removes, all pipelined", async ({ vpp }, lb) => {
  const done = await Promise.all([
    lb.addVip(VIP),
    lb.addVip(VIP6),
    lb.addServer(VIP, A!, 100),
    lb.addServer(VIP, B!, 50),
    lb.addServer(VIP6, parseIp("2001:db8::a")!, 1),
    lb.setWeight(VIP, B!, 0, true),
  ]);
  assert.deepEqual(done, [0, 0, 0, 0, 0, 0]);

  const vips = await lb.dumpVips();
  assert.deepEqual(vips.map((vip) => [vip.address.text, vip.protocol, vip.port, vip.encap]), [
    ["192.0.2.1", 6, 80, 0],
    ["2001:db8::1", 255, 0, 1],
  ]);
  const servers = await lb.dumpServers();
  assert.deepEqual(
    servers.map((
      { address, flags, weight, buckets },
    ) => [address.text, flags & 1, weight, buckets]),
    [["10.0.0.1", 1, 100, 1024], ["10.0.0.2", 1, 0, 0], ["2001:db8::a", 1, 1, 1024]],
  );
  assert.match(await lb.cli("show lb vips verbose"), /192\.0\.2\.1\/32 src_ip_sticky/);
  assert.match(await vpp.cli("show lb vips verbose"), /10\.0\.0\.2 weight:0/);

  const [found] = vips;
  assert.deepEqual(
    await Promise.all([
      lb.deleteServer(VIP, A!, true),
      lb.deleteServer(VIP, B!, false),
      lb.deleteVip({
        ...VIP,
        ...found,
        encap: "gre4",
        poolIndex: undefined,
        servers: [],
        removed: [],
      }),
    ]),
    [0, 0, 0],
  );
  assert.deepEqual((await lb.dumpVips()).map((vip) => vip.address.text), ["2001:db8::1"]);
});

vppTest("returns refusals as VPP's error numbers", async (_, lb) => {
  assert.equal(await lb.addServer(VIP, A!, 1), RETVAL.noSuchEntry);
  assert.equal(await lb.addVip(VIP), RETVAL.ok);
  assert.equal(await lb.addVip(VIP), RETVAL.valueExist);
  assert.equal(await lb.setWeight(VIP, C!, 1, false), RETVAL.noSuchEntry);
  assert.equal(await lb.addServer(VIP, VIP6.address, 1), RETVAL.invalidAddressFamily);
});

vppTest("replies to thousands of concurrent requests, in order", async (_, lb) => {
  const vips = Array.from({ length: 2000 }, (_, i) => ({
    ...VIP,
    address: parseIp(`198.51.${100 + (i >> 8)}.${i & 255}`)!,
  }));
  const retvals = await Promise.all(vips.map((vip) => lb.addVip(vip)));
  assert.ok(retvals.every((retval) => retval === 0));
  const found = await lb.dumpVips();
  assert.deepEqual(found.map((vip) => vip.address.text), vips.map((vip) => vip.address.text));
  assert.ok((await lb.cli("show lb vips verbose")).length > 300_000);
});

for (const pollSleep of [true, false]) {
  vppTest(
    `notices a kill -9 within 100 ms and connects to the next one (poll sleep: ${pollSleep})`,
    async ({ vpp, connection, logger, next }) => {
      // On a busy machine one may be late.
      const tookMs: number[] = [];
      while (tookMs.length < 5 && Math.min(...tookMs) >= 100) {
        assert.ok(connection.state.kind === "connected");
        const gone = next("disconnected");
        const lost = assert.rejects(connection.state.lb.cli("show lb"), /connection to VPP lost/);
        const startMs = CLOCK.monotonicMs();
        Deno.kill(vpp.pid, "SIGKILL");
        await gone;
        tookMs.push(CLOCK.monotonicMs() - startMs);
        await lost.catch(() => {});
        await vpp.kill("SIGKILL");
        const back = next("connected");
        await vpp.restart();
        await back;
        const state = connection.state;
        assert.ok(state.kind === "connected" && state.info.pid === vpp.pid);
        assert.equal(logger.take().filter((event) => event === "warn vpp-disconnect").length, 1);
      }
      assert.ok(tookMs.at(-1)! < 100, `it took ${tookMs} ms`);
    },
    { pollSleep },
  );
}

vppTest("detects a VPP that is ended by a signal", async ({ kind, vpp, next }) => {
  const { pid } = vpp;
  const gone = next("disconnected");
  await vpp.kill("SIGTERM");
  const state = await gone;
  assert.ok(state.kind === "disconnected");
  const wanted = kind === "socket" ? "VPP closed the socket" : `VPP (process ${pid}) ended`;
  assert.equal(state.reason, wanted);
});

vppTest("keeps pending requests over a VPP that stands still", async ({ vpp }, lb) => {
  Deno.kill(vpp.pid, "SIGSTOP");
  const answer = lb.getConf();
  const late = await Promise.race([
    answer.then(() => "answered"),
    new Promise<string>((resolve) => CLOCK.after(300, () => resolve("silent"))),
  ]);
  Deno.kill(vpp.pid, "SIGCONT");
  assert.equal(late, "silent");
  assert.equal((await answer)?.flowTimeoutS, 40);
});
