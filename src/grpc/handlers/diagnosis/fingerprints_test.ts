import assert from "node:assert/strict";
import { MaglevError } from "../../../base/errors.ts";
import { rootPrint } from "../../../fleet/fingerprint.ts";
import { FakeClock } from "../../../../tests/support/fakes/fake_clock.ts";
import { ip } from "../../../../tests/support/fakes/vips.ts";
import type { SmallConfig } from "../../../../tests/support/fakes/small_config.ts";
import {
  CALLER,
  daemonOf,
  handlerOf,
  pagesOf,
} from "../../../../tests/support/worlds/fleet_client.ts";
import { FleetLb } from "../../../../tests/support/worlds/fleet_world.ts";
import { wall } from "../../../../tests/support/fakes/instants.ts";
import type { PastTable } from "../../../vpp/sync/past/table_past.ts";
import { AnswerReader } from "../../client/fleet/answers.ts";
import type { Fingerprints, VipFingerprint } from "../../gen/maglev.ts";
import { FLEET_FRESH_MS } from "../lb_state_reader.ts";
import { PAGE_VIPS, READERS } from "./fingerprints.ts";

/** `count` frontends with one server. */
function many(count: number): SmallConfig {
  const frontends = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`f${i}`, { pools: "a" }]),
  );
  return { backends: { a: {} }, frontends, newFlowsTableLength: 2 };
}

function keyOf({ vip }: VipFingerprint): string {
  return `${vip!.prefix} ${vip!.protocol} ${vip!.port}`;
}

Deno.test("GetFingerprints sends pages of 500 VIPs; the first one has the fields about all", async () => {
  const pages = await pagesOf(daemonOf(new FleetLb("lb1", { config: many(1100) })));
  assert.deepEqual(pages.map(({ vips }) => vips.length), [500, 500, 100]);
  const [head, ...others] = pages as [Fingerprints, ...Fingerprints[]];
  assert.deepEqual([head.algorithm, head.vpp, head.vipCount], ["maglev-1", "known", 1100]);
  assert.deepEqual(others.map(({ algorithm, vipCount, root }) => [algorithm, vipCount, root]), [
    ["", 0, 0n],
    ["", 0, 0n],
  ]);
  const vips = pages.flatMap((page) => page.vips);
  assert.equal(head.root, rootPrint(vips.map((vip) => [keyOf(vip), vip.actual!])));
  assert.ok(
    vips.every(({ wanted, actual, details }) => wanted === actual && details === undefined),
  );
  assert.equal(new Set(vips.map(keyOf)).size, 1100);
});

Deno.test("GetFingerprints has details of the requested VIPs alone, at most 500", async () => {
  const daemon = daemonOf(new FleetLb("lb1", { config: many(50) }));
  const [all] = await pagesOf(daemon);
  const names = all!.vips.slice(0, 30).map(({ vip }) => vip!);
  const unknown = { prefix: "192.0.2.1/32", protocol: "udp", port: 80 };
  const pages = await pagesOf(daemon, { vips: [...names, unknown] });
  assert.deepEqual(pages.map(({ vips }) => vips.length), [20, 10]);
  assert.equal(pages[0]!.vipCount, 30);
  const details = pages[0]!.vips[0]!.details!;
  assert.deepEqual(details.wanted!.servers.map(({ address, weight }) => [address, weight]), [
    ["10.0.0.1", 100],
  ]);
  assert.deepEqual(details.entries.map(({ backend, state }) => [backend, state]), [["a", "up"]]);
  const refused = handlerOf(daemon)({
    vips: Array.from({ length: PAGE_VIPS + 1 }, () => unknown),
    past: false,
  }, CALLER);
  assert.ok(refused instanceof MaglevError && refused.code === "invalid-argument");
});

Deno.test("GetFingerprints has the tables that VPP had, over the servers of all of them", async () => {
  const table = (sinceMs: number, servers: Readonly<Record<string, number>>): PastTable => ({
    sinceMs: wall(sinceMs),
    srcIpSticky: false,
    newFlowsTableLength: 0,
    addresses: Object.keys(servers),
    weights: Uint8Array.from(Object.values(servers)),
  });
  const tables = [
    table(1000, { "10.0.0.1": 100, "10.0.0.2": 50 }),
    table(2000, { "10.0.0.2": 50, "10.0.0.3": 7 }),
  ];
  for (const [weights, texts] of [[true, ["100 50 0", "0 50 7"]], [false, ["1 1 0", "0 1 1"]]]) {
    const lb = new FleetLb("lb1", { config: many(1), weights: weights === true });
    const daemon = daemonOf(lb, { tables });
    const [all] = await pagesOf(daemon);
    assert.equal(all!.vips[0]!.tables, 2);
    const vips = [all!.vips[0]!.vip!];
    const [without] = await pagesOf(daemon, { vips });
    assert.deepEqual(without!.vips[0]!.details!.past, []);
    const [page] = await pagesOf(daemon, { vips, past: true });
    const { past, pastServers } = page!.vips[0]!.details!;
    assert.deepEqual(pastServers, ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    assert.deepEqual(past.map(({ weights }) => weights), texts);
    assert.deepEqual(past.map(({ sinceUnixNs, length }) => [sinceUnixNs, length]), [
      [1_000_000_000n, 65_536],
      [2_000_000_000n, 65_536],
    ]);
    const reader = new AnswerReader("lb1");
    assert.ok(reader.add(page!));
    const [side] = reader.sides.values();
    assert.deepEqual(
      side!.past!.map(({ table }) => table.servers.map(({ weight }) => weight).join(" ")),
      (texts as string[]).map((text) => text.replace(/^0 | 0$/, "")),
    );
  }
});

Deno.test("GetFingerprints reads VPP at most once in 5 s, and shows what it found there", async () => {
  const clock = new FakeClock();
  const lb = new FleetLb("lb1", { config: many(1) });
  const daemon = daemonOf(lb, { clock });
  const actual = async () => {
    const [{ vips: [vip] }] = await pagesOf(daemon) as [Fingerprints];
    return { same: vip!.actual === vip!.wanted };
  };
  assert.deepEqual(await actual(), { same: true });
  lb.plugin.setWeight(
    { pfx: { address: ip("192.0.2.1"), len: 32 }, protocol: 6, port: 80 },
    { address: ip("10.0.0.1"), weight: 50, flush: false },
  );
  clock.advance(FLEET_FRESH_MS - 1);
  assert.deepEqual(await actual(), { same: true }, "the reading of before");
  clock.advance(1);
  assert.deepEqual(await actual(), { same: false });
});

Deno.test("GetFingerprints serves a bounded number of callers at the same time", async () => {
  const daemon = daemonOf(new FleetLb("lb1", { config: many(1) }));
  const stranger = { ...CALLER, caller: { ...CALLER.caller, trusted: false } };
  const open = Array.from({ length: READERS.untrusted }, () => {
    const pages = handlerOf(daemon)({ vips: [], past: false }, stranger);
    assert.ok(!(pages instanceof MaglevError));
    return pages;
  });
  const first = await Promise.all(open.map((pages) => pages.next()));
  assert.ok(first.every(({ done }) => done !== true));
  const late = handlerOf(daemon)({ vips: [], past: false }, stranger);
  assert.ok(!(late instanceof MaglevError));
  await assert.rejects(
    late.next(),
    (error) => error instanceof MaglevError && error.code === "resource-exhausted",
  );
  assert.equal((await pagesOf(daemon)).length, 1, "callers of this host have places of their own");
  await open[0]!.return!();
  const next = handlerOf(daemon)({ vips: [], past: false }, stranger);
  assert.ok(!(next instanceof MaglevError) && (await next.next()).done !== true);
});

Deno.test("GetFingerprints reports drifts that were corrected", async () => {
  const drift = {
    vip: { address: ip("192.0.2.1"), prefixLength: 32, protocol: 6, port: 80 },
    atMs: new FakeClock().wallMs(),
    found: ["10.0.0.1 weight 3", "10.0.0.2 absent"],
    expected: ["10.0.0.1 weight 100", "10.0.0.2 weight 50"],
  };
  const daemon = daemonOf(new FleetLb("lb1", { config: many(1) }), { drifts: [drift] });
  const [{ repaired }] = await pagesOf(daemon) as [Fingerprints];
  assert.deepEqual(repaired.map(({ vip, found, expected }) => [vip!.prefix, found, expected]), [
    [
      "192.0.2.1/32",
      "10.0.0.1 weight 3, 10.0.0.2 absent",
      "10.0.0.1 weight 100, 10.0.0.2 weight 50",
    ],
  ]);
});
