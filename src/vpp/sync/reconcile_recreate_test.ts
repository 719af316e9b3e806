/**
 * Recreation of VIPs, because VPP fixes their sticky flag, encapsulation and table length when it
 * adds them: its order, and that other VIPs are not affected.
 */
import assert from "node:assert/strict";
import { World } from "../../../tests/support/worlds/reconcile_world.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";
import type { DesiredVip } from "../lb/model.ts";

const A = "192.0.2.1";
const UP = "10.0.0.10=100 10.0.0.9=50";

const CASES: readonly {
  readonly name: string;
  readonly next: DesiredVip;
  readonly reason: string;
  readonly servers: readonly string[];
}[] = [
  {
    name: "sticky flag",
    next: desired(A, UP, { srcIpSticky: true }),
    reason: "src-ip-sticky false to true",
    servers: ["10.0.0.9 50", "10.0.0.10 100"],
  },
  {
    name: "encapsulation",
    next: desired(A, "fd00::b=1 fd00::a=2"),
    reason: "encap gre4 to gre6",
    servers: ["fd00::a 2", "fd00::b 1"],
  },
  {
    name: "table length",
    next: desired(A, UP, { newFlowsTableLength: 2048 }),
    reason: "new-flows-table-length 1024 to 2048",
    servers: ["10.0.0.9 50", "10.0.0.10 100"],
  },
];

for (const { name, next, reason, servers } of CASES) {
  Deno.test(`another ${name}: deletes servers, flushes, deletes and adds the VIP, adds servers`, async () => {
    const web = `${A}/32 6 80`;
    const world = await new World({
      web: desired(A, UP),
      other: desired("192.0.2.2", UP),
    }).start();
    world.takeWrites();
    world.source.vips.set("web", next);
    world.reconciler.reload();
    await world.calm();
    assert.deepEqual(world.takeWrites(), [
      `as-del ${web} 10.0.0.9`,
      `as-del ${web} 10.0.0.10`,
      `vip-flush ${web}`,
      `vip-del ${web}`,
      `vip-add ${web}`,
      ...servers.map((server) => `as-add ${web} ${server}`),
      `vip-flush ${web}`,
    ]);
    const said = world.logger.of("vpp-lbsync-vip-recreate");
    assert.deepEqual(said, [{ vip: `${A}/32`, protocol: "tcp", port: 80, message: reason }]);
    assert.deepEqual(world.inVpp(), world.wanted());
    await world.reconciler.stop();
  });
}

/** Servers with weight by VIP, of VIPs that have any. */
function serving(world: World): Set<string> {
  const lines = world.inVpp().filter((line) => /=[1-9]/.test(line));
  return new Set(lines.map((line) => line.split(" ").slice(0, 3).join(" ")));
}

Deno.test("another table length for all: only one address is out at a time, each at most once", async () => {
  const vips = (length: number) =>
    Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => {
        const address = `198.18.0.${i >> 1}`;
        return [
          `f${i}`,
          desired(address, UP, { port: 80 + (i & 1), newFlowsTableLength: length }),
        ];
      }),
    );
  const world = await new World(vips(1024)).start();
  const all = serving(world);
  assert.equal(all.size, 40);
  for (const [name, vip] of Object.entries(vips(4096))) world.source.vips.set(name, vip);
  world.lb.hold();
  world.reconciler.reload();
  const outages = new Map<string, number>();
  let out = new Set<string>();
  for (let step = 0; world.lb.waiting > 0; step++) {
    world.lb.release(1);
    await world.calm();
    const present = serving(world);
    const missing = new Set([...all].filter((vip) => !present.has(vip)));
    const addresses = new Set([...missing].map((vip) => vip.split(" ")[0]));
    assert.ok(addresses.size <= 1, `out at a time: ${[...addresses]}`);
    for (const vip of missing) if (!out.has(vip)) outages.set(vip, (outages.get(vip) ?? 0) + 1);
    out = missing;
    assert.ok(step < 2000);
  }
  assert.deepEqual([...new Set(outages.values())], [1]);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("a VIP that VPP refuses to add again is retried immediately, then at growing intervals", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  let refusals = 3;
  world.lb.refuse = (text) => text.startsWith("vip-add") && refusals-- > 0 ? -70 : undefined;
  world.source.vips.set("web", desired(A, UP, { srcIpSticky: true }));
  world.reconciler.reload();
  await world.pass(0);
  assert.deepEqual(world.inVpp(), []);
  await world.pass(300);
  assert.deepEqual(world.inVpp(), world.wanted());
  const errors = world.logger.of("vpp-lbsync-error").filter((one) => one.operation === "vip-add");
  assert.deepEqual(errors.map(({ err }) => err), Array(3).fill("INVALID_MEMORY_SIZE"));
  await world.reconciler.stop();
});

Deno.test("a server that goes down while its VIP is recreated has no weight afterwards", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  world.source.vips.set("web", desired(A, UP, { srcIpSticky: true }));
  world.lb.hold();
  world.reconciler.reload();
  for (let i = 0; i < 6; i++) {
    world.lb.release(1);
    await world.calm();
  }
  world.transition("web", desired(A, "10.0.0.10=100 10.0.0.9=0!", { srcIpSticky: true }));
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(world.takeWrites().slice(-1), [`as-weight ${A}/32 6 80 10.0.0.9 0 flush`]);
  assert.deepEqual(world.logger.of("vpp-lbsync-error"), []);
  await world.reconciler.stop();
});

Deno.test("weights that had to wait for a teardown are those of then, not of before", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  world.takeWrites();
  const sticky = { srcIpSticky: true };
  world.source.vips.set("web", desired(A, UP, sticky));
  world.lb.hold();
  world.reconciler.reload();
  // The readings, and not yet the answers to the deletions of servers.
  for (let i = 0; !world.lb.calls.includes(`as-del ${A}/32 6 80 10.0.0.9`); i++) {
    assert.ok(i < 20);
    world.lb.release(1);
    await world.calm();
  }
  world.takeWrites();
  world.transition("web", desired(A, "10.0.0.10=100 10.0.0.9=0!", sticky));
  world.lb.release();
  await world.calm();
  const added = world.takeWrites().filter((write) => write.startsWith("as-add"));
  assert.deepEqual(added, [`as-add ${A}/32 6 80 10.0.0.9 0`, `as-add ${A}/32 6 80 10.0.0.10 100`]);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("a VIP that a reload removes during its teardown is not added", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  world.takeWrites();
  world.source.vips.set("web", desired(A, UP, { port: 81 }));
  world.lb.hold();
  world.reconciler.reload();
  for (let i = 0; !world.lb.calls.includes(`as-del ${A}/32 6 80 10.0.0.9`); i++) {
    assert.ok(i < 20);
    world.lb.release(1);
    await world.calm();
  }
  world.source.vips.set("web", desired(A, UP, { port: 82 }));
  world.reconciler.reload();
  world.lb.release();
  await world.calm();
  assert.ok(!world.takeWrites().includes(`vip-add ${A}/32 6 81`));
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

/** Reloads `next` while VPP is held, and lets it carry out all up to the sending of `last`. */
async function reloadUpTo(
  world: World,
  { next, last }: { next: Record<string, ReturnType<typeof desired>>; last: string },
): Promise<void> {
  world.takeWrites();
  for (const [name, vip] of Object.entries(next)) world.source.vips.set(name, vip);
  world.lb.hold();
  world.reconciler.reload();
  for (let i = 0; !world.lb.calls.includes(last); i++) {
    assert.ok(i < 20);
    world.lb.release(1);
    await world.calm();
  }
  world.takeWrites();
}

Deno.test("a VIP is flushed when its first server comes up while it is recreated", async () => {
  const world = await new World({ web: desired(A, "10.0.0.9=0! 10.0.0.10=0!") }).start();
  const sticky = { srcIpSticky: true };
  const next = { web: desired(A, "10.0.0.9=0! 10.0.0.10=0!", sticky) };
  await reloadUpTo(world, { next, last: `as-del ${A}/32 6 80 10.0.0.9` });
  world.transition("web", desired(A, "10.0.0.9=100 10.0.0.10=0!", sticky));
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.takeWrites().slice(-4), [
    `vip-add ${A}/32 6 80`,
    `as-add ${A}/32 6 80 10.0.0.9 100`,
    `as-add ${A}/32 6 80 10.0.0.10 0`,
    `vip-flush ${A}/32 6 80`,
  ]);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("a server that goes down while its VIP is recreated is not flushed, because it is new", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  const sticky = { srcIpSticky: true };
  const next = { web: desired(A, UP, sticky) };
  await reloadUpTo(world, { next, last: `as-del ${A}/32 6 80 10.0.0.9` });
  world.transition("web", desired(A, "10.0.0.9=0! 10.0.0.10=100", sticky));
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.takeWrites().filter((write) => write.startsWith("as-weight")), []);
  await world.reconciler.stop();
});

Deno.test("a server that comes up while a neighbor is recreated keeps its flows", async () => {
  const world = await new World({
    web: desired(A, UP),
    other: desired(A, UP, { port: 81 }),
  }).start();
  const next = {
    web: desired(A, UP, { srcIpSticky: true }),
    other: desired(A, "10.0.0.9=0! 10.0.0.10=0!", { port: 81 }),
  };
  await reloadUpTo(world, { next, last: `as-del ${A}/32 6 80 10.0.0.9` });
  world.transition("other", desired(A, "10.0.0.9=50 10.0.0.10=0!", { port: 81 }));
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.takeWrites().filter((write) => write.includes(" 6 81")), [
    `as-weight ${A}/32 6 81 10.0.0.10 0 flush`,
  ]);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("a VIP whose table changes again while it is recreated is added once, as it should be", async () => {
  const pace = "real";
  const world = await new World({ web: desired(A, UP) }, {}, { weights: true }, pace).start();
  const next = { web: desired(A, UP, { srcIpSticky: true }) };
  await world.pass(1000);
  await reloadUpTo(world, { next, last: `as-del ${A}/32 6 80 10.0.0.9` });
  world.source.vips.set("web", desired(A, UP, { srcIpSticky: true, newFlowsTableLength: 4096 }));
  world.reconciler.reload();
  world.lb.release();
  await world.pass(2000);
  assert.deepEqual(world.reconciler.withheld(), []);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("a VIP that changes while it is recreated keeps the weight of a server the prober is blind to", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  const blind = (servers: string) => {
    const vip = desired(A, servers, { srcIpSticky: true });
    const [first, second] = vip.servers;
    return { ...vip, servers: [first!, { ...second!, keep: true as const }] };
  };
  const next = { web: blind("10.0.0.9=50 10.0.0.10=0") };
  await reloadUpTo(world, { next, last: `as-del ${A}/32 6 80 10.0.0.9` });
  world.transition("web", blind("10.0.0.9=0! 10.0.0.10=0"));
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.inVpp(), [`${A}/32 6 80 gre4 sticky 1024: 10.0.0.9=0 10.0.0.10=100`]);
  await world.reconciler.stop();
});
