/**
 * Every fault of VPP, injected through the simulator's control interface, against the real
 * connection and reconciler at a real socket, with weights and without. The desired state is back
 * within a second, nothing else ever appears, and nothing is left at the end.
 */
import assert from "node:assert/strict";
import { WEIGHT_MESSAGES } from "../../src/sim/plugin/release.ts";
import { mulberry32 } from "../support/fakes/mulberry32.ts";
import { SimWorld } from "../support/worlds/sim_world.ts";
import { desired } from "../support/fakes/vips.ts";

const A = "192.0.2.1";
const B = "2001:db8::1";
const UP = desired(A, "10.0.0.1=100 10.0.0.2=50");
const DOWN = desired(A, "10.0.0.1=100 10.0.0.2=0!");
const V6 = desired(B, "fd00::1=100 fd00::2=0", { port: 443, srcIpSticky: true });
const WANTED = [UP, desired(A, "10.0.0.1=7", { protocol: 17, port: 53 }), V6];

/** A retry is due 500 ms after a failure. */
const BACK_MS = 1000;
/** A full run reads everything again. */
const INTERVAL_MS = 30_000;
/** A missing reply is detected after this time, by its own deadline or by that of the next ping. */
const OVERDUE_MS = 15_000;

function test(name: string, fn: (world: SimWorld) => Promise<void>): void {
  for (const release of ["main", "26.06"] as const) {
    Deno.test(`VPP ${release} ${name}`, async () => {
      await using world = await SimWorld.open(release);
      world.wish(WANTED);
      await fn(world);
    });
  }
}

function errors(world: SimWorld): string[] {
  return world.logger.of("vpp-lbsync-error").map(({ operation, err }) => `${operation} ${err}`);
}

test("that cuts the connection after any byte is programmed at the next attempt", async (world) => {
  world.start();
  await world.back(0);
  for (let bytes = 0; bytes < 6000; bytes += 61) {
    await world.control(`cut ${bytes}`);
    // Its state is lost with it, so that everything is sent again.
    await world.control("restart");
    await world.back(BACK_MS);
    await world.control("reset");
  }
  assert.deepEqual(errors(world), []);
});

test("that cuts the reply to a transition has the newest state after the next attempt", async (world) => {
  world.start();
  await world.back(0);
  for (let bytes = 0; bytes < 60; bytes += 3) {
    await world.control(`cut ${bytes}`);
    world.transition(bytes % 2 === 0 ? DOWN : UP);
    await world.back(BACK_MS);
    world.transition(bytes % 2 === 0 ? UP : DOWN);
    await world.back(BACK_MS);
    await world.control("reset");
  }
  assert.deepEqual(errors(world), []);
});

test("that garbles a byte of any frame is correct after the next full run at the latest", async (world) => {
  world.start();
  await world.back(0);
  for (let frame = 0; frame < 16; frame++) {
    for (const offset of [8, 11, 17, 21, 25, 37, 45, 49, 60, 99]) {
      await world.control(`garble 1 ${offset} ${frame}`);
      await world.control("restart");
      await world.quiet();
      await world.pass(BACK_MS);
      await world.control("reset");
      // A length that promises more than comes is an answer that is missing.
      await world.back(OVERDUE_MS + INTERVAL_MS);
    }
  }
});

test("that replies late gets everything once, in order", async (world) => {
  await world.control("delay 400");
  world.start();
  await world.back(10_000);
  world.transition(DOWN);
  world.transition(UP);
  world.transition(DOWN);
  await world.back(2000);
  await world.pass(3000);
  assert.equal(world.simulator.requests.get("sockclnt_create"), 1);
  assert.equal(world.simulator.requests.get("lb_add_del_vip_v2"), 3);
  assert.deepEqual(errors(world), []);
});

test("that replies too late is disconnected, and programmed when it has recovered", async (world) => {
  world.start();
  await world.back(0);
  await world.control("delay 6000");
  world.transition(DOWN);
  await world.pass(5000);
  assert.equal(world.logger.of("vpp-disconnect").length, 1);
  await world.pass(40_000);
  assert.notEqual(world.connection.state.kind, "connected");
  await world.control("reset");
  await world.back(OVERDUE_MS);
  assert.deepEqual(errors(world), []);
});

test("that refuses any operation for any reason gets a retry immediately, then with growing delays", async (world) => {
  const operations = world.can.weights
    ? ["lb_conf", "lb_add_del_vip_v2", "lb_add_del_as_v2", "lb_as_set_weight"]
    : ["lb_conf", "lb_add_del_vip_v2", "lb_add_del_as"];
  world.start();
  await world.back(0);
  for (const operation of operations) {
    for (const retval of [-6, -81, -97, -168, -12345, -2147483648]) {
      await world.control(`refuse ${operation} ${retval} 3`);
      await world.control("restart");
      await world.pass(500);
      world.transition(DOWN);
      world.transition(UP);
      await world.back(2 * BACK_MS);
      await world.control("reset");
    }
  }
  assert.ok(errors(world).some((line) => line === "vip-add NO_SUCH_ENTRY"), `${errors(world)[0]}`);
  assert.ok(errors(world).some((line) => line === "as-add ERROR_-2147483648"));
});

test("that refuses a read or the handshake gets a retry", async (world) => {
  world.start();
  await world.back(0);
  for (const message of ["lb_conf_get", "cli_inband", "show_version", "control_ping"]) {
    for (const retval of [-1, -6, -2147483648]) {
      await world.control(`refuse ${message} ${retval} 2`);
      await world.control("restart");
      // Each attempt to read waits for its second.
      await world.back(4 * BACK_MS);
      await world.control("reset");
    }
  }
});

test("that returns no error number is disconnected and reconnected", async (world) => {
  world.start();
  await world.back(0);
  await world.control("refuse lb_add_del_vip_v2 17 1");
  await world.control("restart");
  await world.back(2 * BACK_MS);
  assert.match(String(world.logger.of("vpp-disconnect").at(-1)!["err"]), /retval 17/);
});

test("that leaves a request without a reply is disconnected after its deadline", async (world) => {
  world.start();
  await world.back(0);
  const operations = world.can.weights
    ? ["lb_add_del_as_v2", "lb_vip_dump", "lb_as_v2_dump", "lb_conf_get"]
    : ["lb_add_del_as", "get_first_msg_id"];
  for (const message of [...operations, "show_version", "control_ping", "cli_inband", "lb_conf"]) {
    await world.control(`withhold ${message} 1`);
    await world.control("restart");
    await world.pass(BACK_MS);
    await world.back(OVERDUE_MS + BACK_MS);
    await world.control("reset");
  }
  assert.deepEqual(errors(world), []);
});

test("that restarts or stays down for a while is programmed as soon as it is back", async (world) => {
  world.start();
  await world.back(0);
  for (const downMs of [0, 1, 499, 500, 30_000]) {
    const restarted = world.control(`restart ${downMs}`);
    world.transition(downMs % 2 === 0 ? DOWN : UP);
    await world.pass(downMs);
    await restarted;
    await world.back(BACK_MS);
  }
  await world.control("close");
  await world.control("restart");
  await world.pass(60_000);
  await world.control("open");
  await world.back(BACK_MS);
  assert.deepEqual(errors(world), []);
});

test("that freezes continues where it was, or is reconnected after too long", async (world) => {
  world.start();
  await world.back(0);
  await world.control("freeze");
  world.transition(DOWN);
  await world.pass(4000);
  await world.control("thaw");
  await world.back(0);
  assert.equal(world.logger.of("vpp-disconnect").length, 0);
  await world.control("freeze");
  world.transition(UP);
  await world.pass(60_000);
  assert.equal(world.logger.of("vpp-disconnect").length, 1);
  await world.control("thaw");
  await world.back(BACK_MS);
  assert.deepEqual(errors(world), []);
});

test("that sends keepalives gets replies", async (world) => {
  world.start();
  await world.back(0);
  for (let i = 0; i < 3; i++) await world.control("keepalive");
  await world.surelyQuiet();
  assert.equal(world.simulator.requests.get("memclnt_keepalive_reply"), 3);
});

test("that lacks a required message is reported and retried until it has it", async (world) => {
  world.start();
  const needed = ["lb_conf", "lb_add_del_vip_v2", "cli_inband", "show_version", "control_ping"];
  for (const message of needed) {
    await world.control(`omit ${message} ${message}_reply`);
    await world.control("restart");
    await world.pass(5000);
    const { state } = world.connection;
    assert.ok(state.kind === "disconnected");
    assert.match(state.reason, new RegExp(`lacks required messages: ${message}_[0-9a-f]{8}, `));
    await world.control("omit");
    await world.back(BACK_MS);
  }
});

Deno.test("VPP becomes an older release and a newer one again: servers are in or out, then have weights", async () => {
  await using world = await SimWorld.open();
  const all = desired(A, "10.0.0.1=100 10.0.0.2=100");
  world.wish([all]);
  world.start();
  await world.back(0);
  for (const release of ["26.06", "main", "26.06"]) {
    await world.control(`release ${release}`);
    await world.back(BACK_MS);
    const { state } = world.connection;
    assert.equal(state.kind === "connected" && state.info.weights, release === "main");
  }
  assert.equal(world.logger.of("vpp-no-weights").length, 1);
  // One that lacks any of the weight messages has no weights, whatever else it is.
  for (const message of WEIGHT_MESSAGES.filter((name) => !name.startsWith("lb_conf"))) {
    await world.control("release main");
    await world.control(`omit ${message}`);
    await world.control("restart");
    await world.back(2 * BACK_MS);
    const { state } = world.connection;
    assert.equal(state.kind === "connected" && state.info.weights, false, message);
    await world.control("reset");
  }
});

/** One random order. Offsets and counts are where something is to be hit. */
function randomOrder(below: (limit: number) => number): string {
  const messages = ["lb_add_del_vip_v2", "lb_add_del_as_v2", "lb_add_del_as", "lb_as_set_weight"];
  const message = messages[below(messages.length)]!;
  const orders = [
    `delay ${below(7000)}`,
    `cut ${below(5000)}`,
    `garble ${1 + below(3)} ${below(80)} ${below(30)}`,
    `refuse ${message} ${-1 - below(170)} ${1 + below(5)}`,
    `withhold ${message} 1`,
    `restart`,
    "freeze",
    "thaw",
    "close",
    "open",
    "keepalive",
    "reset",
  ];
  return orders[below(orders.length)]!;
}

const SEED = 20_261_121;
const STORMS = 8;

test("that does all of that in any order is correct after the faults end", async (world) => {
  const prng = mulberry32(SEED);
  const below = (limit: number) => Math.floor(prng() * limit);
  world.start();
  await world.back(0);
  for (let storm = 0; storm < STORMS; storm++) {
    for (let i = 0; i < 12; i++) {
      await world.control(randomOrder(below));
      if (below(2) === 0) world.transition(below(2) === 0 ? DOWN : UP);
      await world.pass(below(1500));
    }
    await world.control("reset");
    await world.back(OVERDUE_MS + INTERVAL_MS);
    await world.pass(2 * INTERVAL_MS);
    assert.ok(world.asWanted(), `seed ${SEED}, storm ${storm}`);
  }
});
