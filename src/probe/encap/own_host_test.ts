import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { parseIp } from "../../base/address.ts";
import type { ThreadCalls } from "../net/thread_shim.ts";
import { FilterDrops, filterProblem, PairAnswers, VipAnswers } from "./own_host.ts";

const ENODEV = -19;
const VIP = parseIp("198.51.100.80")!;
const SERVER = parseIp("192.0.2.10")!;

/** A host with a route to the VIP and to others, and the interfaces that have their sources. */
function hostWith(
  { vipOn, serverOn, strict = true }: {
    readonly vipOn: string | undefined;
    readonly serverOn: string | undefined;
    readonly strict?: boolean;
  },
): { readonly calls: ThreadCalls; drop(): void; readonly reads: () => number } {
  let drops = 0xffff_ffff;
  let reads = 0;
  const calls: Partial<ThreadCalls> = {
    maglev_route_source(destination, _size, source) {
      (source as Uint8Array)[3] = (destination as Uint8Array)[3]!;
      return 0;
    },
    maglev_interface_of(source, _size, name) {
      const found = (source as Uint8Array)[3] === 80 ? vipOn : serverOn;
      if (found === undefined) return ENODEV;
      (name as Uint8Array).set(new TextEncoder().encode(found));
      return found.length;
    },
    maglev_rp_filter: () => strict ? 1 : 2,
    maglev_rp_drops(count) {
      reads++;
      (count as Uint32Array)[0] = drops;
      return 0;
    },
  };
  return {
    calls: calls as ThreadCalls,
    drop: () => void (drops = (drops + 1) >>> 0),
    reads: () => reads,
  };
}

Deno.test("filterProblem() compares interfaces where the addresses of this host show them", () => {
  const problem = (vipOn: string, serverOn: string, strict: boolean) =>
    filterProblem(hostWith({ vipOn, serverOn, strict }).calls, {
      vip: VIP,
      server: SERVER,
      // A packet that was dropped elsewhere means nothing here.
      dropped: () => true,
    });
  assert.match(
    problem("eth1", "eth0", true)!,
    /^this host drops answers from 198\.51\.100\.80, because its route leads to eth1, they arrive on eth0, /,
  );
  assert.equal(problem("eth1", "eth0", false), undefined);
  assert.equal(problem("eth0", "eth0", true), undefined);
});

Deno.test("filterProblem() takes the kernel's count where an address is on lo or not found", () => {
  for (
    const on of [
      { vipOn: "lo", serverOn: "lo" },
      { vipOn: "lo", serverOn: "eth0" },
      { vipOn: undefined, serverOn: "eth0" },
      { vipOn: "eth1", serverOn: undefined },
    ]
  ) {
    const { calls } = hostWith(on);
    const problem = (dropped: boolean) =>
      filterProblem(calls, { vip: VIP, server: SERVER, dropped: () => dropped });
    assert.match(
      problem(true)!,
      /^rp_filter of this host dropped packets during the probe, maybe the answer from 198\.51\.100\.80: /,
    );
    assert.equal(problem(false), undefined);
  }
});

Deno.test("filterProblem() has nothing of IPv6, which lacks the filter", () => {
  const { calls } = hostWith({ vipOn: "lo", serverOn: "lo" });
  const vip = parseIp("2001:db8::80")!;
  assert.equal(filterProblem(calls, { vip, server: SERVER, dropped: () => true }), undefined);
});

Deno.test("FilterDrops shares readings for a while, and sees the count pass 2^32", () => {
  const clock = new FakeClock();
  const { calls, drop, reads } = hostWith({ vipOn: "lo", serverOn: "lo" });
  const drops = new FilterDrops(() => calls, clock);
  const before = drops.before();
  assert.equal(before, 0xffff_ffff);
  drop();
  clock.advance(20);
  assert.deepEqual([drops.since(before), reads()], [false, 1]);
  clock.advance(1);
  assert.deepEqual([drops.since(before), reads()], [true, 2]);
  clock.advance(200);
  assert.deepEqual([drops.before(), reads()], [0, 2]);
  clock.advance(1);
  assert.deepEqual([drops.before(), reads()], [0, 3]);
  assert.equal(drops.since(undefined), false);
});

Deno.test("PairAnswers: a VIP that answers from another server is not one whose answers are dropped", () => {
  const answers = new VipAnswers();
  const pairOf = (vip: string) => new PairAnswers(answers.of(parseIp(vip)!));
  const [lacking, other, elsewhere] = ["192.0.2.1", "192.0.2.1", "192.0.2.2"].map(pairOf);
  lacking!.ended("answered", monotonic(0));
  other!.ended("answered", monotonic(500));
  assert.equal(lacking!.ended("failed", monotonic(2000)), false, "maybe dropped since then");
  elsewhere!.ended("answered", monotonic(2400));
  assert.equal(lacking!.ended("failed", monotonic(3000)), false);
  other!.ended("answered", monotonic(3500));
  assert.equal(lacking!.ended("failed", monotonic(4000)), true);
  assert.equal(lacking!.ended("failed", monotonic(5000)), false);
  other!.ended("answered", monotonic(5500));
  assert.equal(lacking!.ended("void", monotonic(6000)), true);
  assert.equal(lacking!.ended("failed", monotonic(7000)), false, "the one before did not fail");
  const never = pairOf("192.0.2.1");
  never.ended("failed", monotonic(8000));
  other!.ended("answered", monotonic(8500));
  assert.equal(never.ended("failed", monotonic(9000)), false, "maybe another interface");
});

Deno.test("VipAnswers remembers a bounded number of VIPs", () => {
  const answers = new VipAnswers();
  const first = answers.of(parseIp("10.0.0.0")!);
  assert.equal(answers.of(parseIp("10.0.0.0")!), first);
  for (let i = 1; i <= 4096; i++) answers.of(parseIp(`10.0.${i >> 8}.${i & 255}`)!);
  assert.notEqual(answers.of(parseIp("10.0.0.0")!), first);
});
