/**
 * Requests that crash a real VPP: its own CLI shows the crash where that is quick, and it survives
 * with maglevd. Rings of VIPs, sticky tables, a stats segment that fills up. Also, flows that
 * arrive before the first server become sticky once there is one.
 */
import assert from "node:assert/strict";
import type { DesiredVip } from "../../src/vpp/lb/model.ts";
import { withheldText } from "../../src/vpp/sync/guard/withheld.ts";
import { CONF } from "../support/worlds/reconcile_world.ts";
import { desired } from "../support/fakes/vips.ts";
import { Rig } from "./rig.ts";
import { type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";
import { NO_WIRE, Wire } from "./wire.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const ALL = { protocol: 255, port: 0 } as const;
const UDP = { protocol: 17, port: 5000 } as const;

interface Given {
  readonly wire: Wire;
  readonly vpp: RunningVpp;
}

function wireTest(name: string, fn: (given: Given) => Promise<void>): void {
  Deno.test({
    name: `${name}${NO_WIRE}`,
    ignore: NO_WIRE !== "",
    async fn() {
      await using wire = await new Wire().make();
      await using vpp = await startVpp({ netns: wire.inside });
      await wire.plug(vpp);
      await fn({ wire, vpp });
    },
  });
}

/** True while the process runs. */
function lives({ pid }: RunningVpp): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function cli(vpp: RunningVpp, ...commands: readonly string[]): Promise<void> {
  for (const command of commands) await vpp.cli(command);
}

function said(rig: Rig): readonly string[] {
  return rig.reconciler.withheld().map(withheldText);
}

const FATAL: readonly (readonly [name: string, commands: readonly string[]])[] = [
  ["a VIP that is its own server", [
    `lb vip ${A}/32 encap gre4 new_len 16`,
    `lb as ${A}/32 ${A}`,
  ]],
  ["a server inside the prefix of a VIP", [
    "lb vip 192.0.2.0/24 encap gre4 new_len 16",
    "lb as 192.0.2.0/24 192.0.2.77",
  ]],
  ["a sticky table of 2^26 buckets", [
    `lb conf ip4-src-address 10.77.0.1 buckets ${2 ** 26}`,
    `lb vip ${A}/32 encap gre4 new_len 16`,
    `lb as ${A}/32 10.0.0.1`,
  ]],
];

for (const [name, commands] of FATAL) {
  wireTest(`VPP by itself does not survive a packet with ${name}`, async ({ wire, vpp }) => {
    await cli(vpp, "lb conf ip4-src-address 10.77.0.1", ...commands);
    await wire.send(A, 5000, 1, 2);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(lives(vpp), false);
  });
}

wireTest(
  "VPP survives with maglevd, which withholds rings and settings that crash it",
  async (given) => {
    const { wire, vpp } = given;
    await using rig = await new Rig(vpp).start();
    rig.source.conf = { ...CONF, stickyBucketsPerCore: 2 ** 26 };
    const report = await rig.wish([
      desired(A, `${B}=100 10.0.0.1=100`, ALL),
      desired(B, `${A}=100 10.0.0.1=100`, ALL),
    ]);
    assert.ok(report.failed > 0);
    assert.equal(said(rig).length, 2);
    assert.match(
      said(rig)[0]!,
      /192\.0\.2\.2\/32 any 0: cannot program server 192\.0\.2\.1: .* ring/,
    );
    assert.match(said(rig)[1]!, /lb_conf: sticky-buckets-per-core 67108864/);
    for (const address of [A, B]) await wire.send(address, 5000, 4, 3);
    assert.ok(lives(vpp));
    // A reload that goes from one direction of the chain to the other.
    rig.source.conf = CONF;
    for (const [from, to] of [[A, B], [B, A]] as const) {
      const { failed } = await rig.wish([
        desired(from, `${to}=100`, ALL),
        desired(to, "10.0.0.1=100", ALL),
      ]);
      assert.equal(failed, 0);
      assert.deepEqual(said(rig), []);
      for (const address of [A, B]) await wire.send(address, 5000, 4, 3);
      assert.ok(lives(vpp));
    }
  },
);

/** How the packets to the only VIP were counted: existing, first, untracked, no server. */
async function counted(vpp: RunningVpp): Promise<readonly number[]> {
  const text = await vpp.cli("show lb vips verbose");
  const vip = text.split(/^(?= ip)/m).find((part) => part.startsWith(" ip"));
  return [...vip!.matchAll(/^ {4}\D+: (\d+)\s*$/gm)].map(([, count]) => Number(count));
}

wireTest(
  "VPP by itself keeps a flow unsticky that arrived before the first server",
  async (given) => {
    const { wire, vpp } = given;
    await cli(
      vpp,
      "lb conf ip4-src-address 10.77.0.1",
      `lb vip ${A}/32 protocol udp port 5000 encap gre4 new_len 16`,
    );
    await wire.sendFlow(A, 5000, 1);
    await cli(vpp, `lb as ${A}/32 protocol udp port 5000 10.0.0.1`);
    await wire.sendFlow(A, 5000, 5);
    const [existing] = await counted(vpp);
    assert.equal(existing, 0);
  },
);

wireTest(
  "a flow that arrived before the first server is sticky once maglevd has added one",
  async (given) => {
    const { wire, vpp } = given;
    await using rig = await new Rig(vpp).start();
    const web = (servers: string): readonly DesiredVip[] => [desired(A, servers, UDP)];
    // Created without weight, then all servers come up.
    await rig.wish(web("10.0.0.1=0 10.0.0.2=0"));
    await wire.sendFlow(A, 5000, 1);
    assert.deepEqual(await counted(vpp), [0, 0, 0, 1]);
    await rig.wish(web("10.0.0.1=100 10.0.0.2=100"));
    await wire.sendFlow(A, 5000, 5);
    const [existing, first] = await counted(vpp);
    assert.deepEqual([existing, first], [4, 1]);
    // An outage: all go down with flush, a packet comes, one server is back.
    await rig.wish(web("10.0.0.1=0! 10.0.0.2=0!"));
    await wire.sendFlow(A, 5000, 1, 40_001);
    await rig.wish(web("10.0.0.1=100 10.0.0.2=0!"));
    await wire.sendFlow(A, 5000, 5, 40_001);
    assert.deepEqual((await counted(vpp)).slice(0, 2), [8, 2]);
    const flushes = rig.logger.of("vpp-lbsync-vip-flush").map(({ message }) => message);
    assert.deepEqual(flushes, ["first-weight", "all-servers", "first-weight"]);
  },
);

wireTest("a paused server's flows outlast the first weight of its VIP", async ({ wire, vpp }) => {
  await using rig = await new Rig(vpp).start();
  const web = (servers: string): readonly DesiredVip[] => [desired(A, servers, UDP)];
  await rig.wish(web("10.0.0.1=100"));
  await wire.sendFlow(A, 5000, 3);
  assert.deepEqual((await counted(vpp)).slice(0, 2), [2, 1]);
  await rig.wish(web("10.0.0.1=0 10.0.0.2=0!"));
  await rig.wish(web("10.0.0.1=0 10.0.0.2=100"));
  await wire.sendFlow(A, 5000, 3);
  assert.deepEqual((await counted(vpp)).slice(0, 2), [5, 1]);
});

Deno.test({
  name:
    `VPP with a stats segment of 4 MiB lives with maglevd, which withholds what has no room${SKIP_REASON}`,
  ignore: SKIP_REASON !== "",
  async fn() {
    await using vpp = await startVpp({ statseg: "4m" });
    await using rig = new Rig(vpp, { stats: true });
    await rig.start();
    // By itself it died at 46,000 servers, with the same requests.
    const vips = Array.from({ length: 250 }, (_, i) =>
      desired(
        `198.18.0.${i}`,
        Array.from({ length: 200 }, (_, n) => `10.0.${i}.${n}=0`).join(" "),
        { newFlowsTableLength: 2 },
      ));
    const report = await rig.wish(vips);
    assert.ok(lives(vpp));
    const { as_added: added } = report.counts;
    assert.ok(added > 38_500 && added < 39_400, `${added}`);
    assert.equal(rig.logger.of("vpp-platform").length, 1);
    assert.match(
      said(rig)[0]!,
      /cannot program .*: VIPs and servers need \d+ bytes of VPP's stats segment/,
    );
    // An operation that is no longer needed is no longer withheld.
    await rig.wish(vips.slice(0, 10));
    assert.deepEqual(said(rig), []);
  },
});
