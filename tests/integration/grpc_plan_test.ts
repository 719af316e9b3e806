/**
 * Plans are promises. Goal: the result of PlanConfig and PlanBackend matches the effect of the
 * change. Method: random pairs of configurations and random actions. Python's grpcio requests the
 * plan, then the change is made. The simulated VPP is compared: its servers with their buckets, the
 * requests it was sent, and the share of buckets that moved by an independent table.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { parseIp } from "../../src/base/address.ts";
import { formatAddress46, formatPrefix46 } from "../../src/sim/plugin/address46.ts";
import { type Simulator, startSimulator } from "../../src/sim/api_server.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { type Below, fuzz, rounds } from "../support/fakes/fuzz.ts";
import { type Ended, GrpcClient, type Json, part } from "../support/judges/grpc_client.ts";
import { grpcAddress, grpcTest, onGrpcStage } from "../support/worlds/grpc_stage.ts";
import { GatedServers, randomConfig } from "../support/worlds/plan_world.ts";
import { referenceTable } from "../support/judges/reference_table.ts";

/** VPP's state of a VIP. */
interface SeenVip {
  readonly length: number;
  readonly sticky: boolean;
  /** Address → weight and buckets. */
  readonly servers: ReadonlyMap<string, { readonly weight: number; readonly buckets: number }>;
}

/** By `prefix protocol port`. */
type Seen = ReadonlyMap<string, SeenVip>;

function seen({ plugin }: Simulator): Seen {
  const vips = new Map<string, SeenVip>();
  for (const vip of plugin.vips()) {
    if (!vip.used) continue;
    const servers = new Map(
      [...plugin.serversOf(vip)].filter(({ used }) => used).map((server) => [
        formatAddress46(server.address),
        { weight: server.weight, buckets: plugin.bucketsOf(vip, server) },
      ]),
    );
    const key = `${formatPrefix46(vip.prefix, vip.length)} ${vip.protocol} ${vip.port}`;
    vips.set(key, { length: vip.tableLength, sticky: vip.srcIpSticky, servers });
  }
  return vips;
}

/** As lines that can be compared: `192.0.2.1/32 6 80 10.0.0.1 100/256`. */
function linesOf(vips: Seen): string[] {
  return [...vips].flatMap(([key, { servers }]) => [
    key,
    ...[...servers].map(([address, { weight, buckets }]) =>
      `${key} ${address} ${weight}/${buckets}`
    ),
  ]).sort();
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, any: 255 };

function keyOf(vip: Json): string {
  return `${part(vip, "prefix")} ${PROTOCOLS[String(part(vip, "protocol"))]} ${part(vip, "port")}`;
}

function list(message: Json | undefined, ...path: (string | number)[]): Json[] {
  const found = part(message, ...path);
  return Array.isArray(found) ? found : [];
}

/** VPP's state at an instant, by the plan. */
function toldLines(plan: Json | undefined, before: Seen, instant: "now" | "atOnce" | "settled") {
  const lines = new Set(linesOf(before));
  for (const vip of list(plan, "vips")) {
    const key = keyOf(vip);
    for (const line of lines) if (line === key || line.startsWith(`${key} `)) lines.delete(line);
    if (part(vip, "change") === (instant === "now" ? "added" : "removed")) continue;
    lines.add(key);
    for (const server of list(vip, "servers")) {
      const share = part(server, instant);
      if (share === undefined) continue;
      const [weight, buckets] = [part(share, "weight"), part(share, "buckets")];
      lines.add(`${key} ${part(server, "address")} ${weight}/${buckets}`);
    }
  }
  return [...lines].sort();
}

/** The owner of each bucket by name. */
function owners(vip: SeenVip | undefined): readonly (string | undefined)[] {
  if (vip === undefined) return [undefined];
  const names = [...vip.servers.keys()];
  const servers = [...vip.servers].map(([text, { weight }]) => ({
    address: parseIp(text)!,
    weight,
  }));
  return [...referenceTable(servers, vip.length)].map((at) => names[at]);
}

/** Buckets that moved, were lost and were gained; the length they are counted over. */
function shiftOf(before: SeenVip | undefined, after: SeenVip | undefined) {
  const [left, right] = [owners(before), owners(after)];
  const buckets = Math.max(before?.length ?? 0, after?.length ?? 0);
  const shift = { buckets, moved: 0, lost: 0, gained: 0 };
  for (let bucket = 0; bucket < buckets; bucket++) {
    const [from, to] = [left[bucket % left.length], right[bucket % right.length]];
    if (from === to) continue;
    if (from === undefined) shift.gained++;
    else if (to === undefined) shift.lost++;
    else shift.moved++;
  }
  return shift;
}

/** Compares each VIP's planned shift with the actual one. */
function compareShifts(
  plan: Json | undefined,
  at: { readonly instant: "atOnce" | "settled"; readonly before: Seen; readonly after: Seen },
): number {
  let moved = 0;
  for (const vip of list(plan, "vips")) {
    const key = keyOf(vip);
    const told = part(vip, at.instant)!;
    const [before, after] = [at.before.get(key), at.after.get(key)];
    if (part(told, "rehashed") === true) {
      assert.notEqual(before?.sticky, after?.sticky, key);
      continue;
    }
    const happened = shiftOf(before, after);
    const { buckets, ...counts } = happened;
    assert.deepEqual(
      Object.fromEntries(Object.keys(counts).map((name) => [name, Number(part(told, name))])),
      counts,
      `${key} ${at.instant}`,
    );
    assert.equal(part(told, "buckets"), buckets);
    assert.equal(part(told, "shareMoved"), counts.moved / buckets);
    moved += counts.moved;
  }
  for (const key of new Set([...at.before.keys(), ...at.after.keys()])) {
    if (list(plan, "vips").some((vip) => keyOf(vip) === key)) continue;
    assert.deepEqual(at.after.get(key), at.before.get(key), `${key} is not in the plan`);
  }
  return moved;
}

/** Requests that change something in VPP, as VPP counted them. */
function changesSent(simulator: Simulator): Record<string, number> {
  const names = ["lb_add_del_vip_v2", "lb_add_del_as_v2", "lb_as_set_weight", "lb_conf"];
  return Object.fromEntries(names.map((name) => [name, simulator.requests.get(name) ?? 0]));
}

function toldChanges(plan: Json | undefined, confChanged: boolean): Record<string, number> {
  const count = (name: string) => Number(part(plan, "operations", name));
  return {
    lb_add_del_vip_v2: count("vipsAdded") + count("vipsRemoved"),
    lb_add_del_as_v2: count("serversAdded") + count("serversRemoved"),
    lb_as_set_weight: count("weightsUpdated"),
    lb_conf: confChanged ? 1 : 0,
  };
}

function ok({ code, details, message }: Ended): Json | undefined {
  assert.equal(code, "OK", details);
  return message;
}

async function becomes(read: () => unknown, wanted: unknown, what: string): Promise<void> {
  const text = JSON.stringify(wanted);
  const fits = (reading: string | undefined) => reading === text;
  await readUntil(() => JSON.stringify(read()), fits, { what: `${what}: ${text}` });
}

interface World {
  readonly below: Below;
  readonly client: GrpcClient;
  readonly daemon: Daemon;
  readonly servers: GatedServers;
  readonly simulator: Simulator;
  readonly configPath: string;
}

/** A file that has been unchanged for long is read immediately. */
async function writeOld(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text);
  await Deno.utime(path, new Date(Date.now() - 5000), new Date(Date.now() - 5000));
}

/** Plans by `ask`, does it by `act`, and compares; the number of buckets that moved. */
async function promiseKept(
  world: World,
  label: string,
  { ask, act, fields }: {
    readonly ask: () => Promise<Json | undefined>;
    readonly act: () => Promise<Json | undefined>;
    readonly fields?: (answer: Json | undefined, before: readonly string[]) => Promise<void>;
  },
): Promise<number> {
  const { daemon, servers, simulator } = world;
  const before = seen(simulator);
  const statesBefore = await statesOf(world);
  const sent = changesSent(simulator);
  const answer = await ask();
  const plan = part(answer, "plan");
  assert.deepEqual(toldLines(plan, before, "now"), linesOf(before), `${label}: now`);
  assert.deepEqual(changesSent(simulator), sent, `${label}: a plan sends nothing`);
  servers.closeGate();
  const mark = daemon.mark;
  await act();
  const atOnce = toldLines(plan, before, "atOnce");
  await becomes(() => linesOf(seen(simulator)), atOnce, `${label}: at once`);
  const confChanged = part(answer, "lbConfChanged") === true;
  const wanted = Object.fromEntries(
    Object.entries(toldChanges(plan, confChanged)).map(([name, n]) => [name, n + sent[name]!]),
  );
  await becomes(() => changesSent(simulator), wanted, `${label}: operations`);
  let moved = compareShifts(plan, { instant: "atOnce", before, after: seen(simulator) });
  const statesAtOnce = await statesOf(world);
  const told = list(plan, "states").map((state) =>
    `${part(state, "backend")} ${part(state, "from")} ${part(state, "to")}`
  );
  assert.deepEqual(told.sort(), changedStates(statesBefore, statesAtOnce), `${label}: states`);
  for (const name of list(plan, "assumedUp")) {
    assert.equal(statesAtOnce.get(String(name)), "unknown", `${label}: ${name}`);
  }
  servers.openGate();
  for (const name of list(plan, "assumedUp")) await daemon.transition(String(name), "up", mark);
  const settled = toldLines(plan, before, "settled");
  await becomes(() => linesOf(seen(simulator)), settled, `${label}: settled`);
  moved += compareShifts(plan, { instant: "settled", before, after: seen(simulator) });
  await fields?.(answer, [...statesBefore.keys()]);
  return moved;
}

/** Backend → state, in the file's order. */
async function statesOf({ client }: World): Promise<Map<string, string>> {
  const answer = ok(await client.call("ListBackends", { details: true }));
  return new Map(
    list(answer, "backends").map((info) => [
      String(part(info, "name")),
      String(part(info, "state")),
    ]),
  );
}

/** `name before after` of each that is another than before; nothing before: a new one. */
function changedStates(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [from, to] = [before.get(name) ?? "", after.get(name) ?? "removed"];
    return from === to ? [] : [`${name} ${from} ${to}`];
  }).sort();
}

async function reloadRound(world: World, label: string, generation: 0 | 1): Promise<number> {
  const { below, client, configPath, daemon, servers } = world;
  const mark = daemon.mark;
  await writeOld(configPath, randomConfig(below, servers.port, generation));
  let told: Json | undefined;
  return await promiseKept(world, label, {
    async ask() {
      const answer = ok(await client.call("PlanConfig"));
      assert.equal(part(answer, "ok"), true, JSON.stringify(part(answer, "issues")));
      return told = answer;
    },
    async act() {
      const { planHash, ...planned } = Object(told);
      const answer = ok(await client.call("ReloadConfig", { planHash }));
      const same = { ...planned, warning: "" };
      assert.deepEqual(answer, same, `${label}: the reload answers the same as the plan`);
      return answer;
    },
    async fields(answer, before) {
      const record = await daemon.seen(({ msg }) => msg === "config-reload", { from: mark });
      for (const name of ["started", "stopped", "restarted", "readdressed"]) {
        assert.equal(record[name], list(answer, name).length, `${label}: ${name} in the log`);
      }
      assert.equal(record.carried, list(answer, "plan", "carried").length, label);
      assert.equal(record["ended-intents"], list(answer, "endedIntents").length, label);
      const dropped = daemon.lines.slice(mark).filter(({ msg }) =>
        msg === "operator-intent-dropped"
      );
      assert.deepEqual(
        list(answer, "endedIntents").map((ended) => part(ended, "cause")),
        dropped.map(({ message }) => message),
        label,
      );
      const after = [...(await statesOf(world)).keys()];
      const lists = ["started", "stopped", "restarted", "readdressed"].map((name) =>
        list(answer, name).map(String)
      );
      const [started, stopped, restarted, readdressed] = lists as [
        string[],
        string[],
        string[],
        string[],
      ];
      assert.deepEqual(started, after.filter((name) => !before.includes(name)), label);
      assert.deepEqual(stopped, before.filter((name) => !after.includes(name)), label);
      const named = lists.flat();
      assert.equal(new Set(named).size, named.length, `${label}: in one list only`);
      assert.equal(
        Number(part(answer, "kept")) + named.length,
        new Set([...before, ...after]).size,
        `${label}: every backend of either file`,
      );
      for (const name of [...restarted, ...readdressed]) {
        assert.ok(before.includes(name) && after.includes(name), label);
      }
    },
  });
}

async function actionRound(world: World, label: string): Promise<number> {
  const { below, client } = world;
  const frontends = ok(await client.call("ListFrontends", { details: true }));
  const view = list(frontends, "frontends")[below(list(frontends, "frontends").length)]!;
  const pool = list(view, "pools")[0]!;
  const entries = list(pool, "backends");
  const backend = String(part(entries[below(entries.length)]!, "name"));
  const action = ["pause", "resume", "disable", "enable", "weight"][below(5)]!;
  const place = { frontend: String(part(view, "name")), pool: String(part(pool, "name")) };
  const weight = below(4) * 30;
  const method = `${action.at(0)!.toUpperCase()}${action.slice(1)}Backend`;
  const plan = await client.call("PlanBackend", { name: backend, action, ...place, weight });
  const act = () =>
    action === "weight"
      ? client.call("SetFrontendPoolBackendWeight", { ...place, backend, weight })
      : client.call(method, { name: backend });
  if (plan.code !== "OK") {
    const done = await act();
    assert.deepEqual([done.code, done.details], [plan.code, plan.details], label);
    return 0;
  }
  return await promiseKept(world, `${label} ${action} ${backend}`, {
    ask: () => Promise.resolve(plan.message),
    act: async () => ok(await act()),
  });
}

/** A running daemon of a random configuration, all of whose servers have been judged. */
async function inWorld(offset: number, fn: (world: World, seed: number) => Promise<void>) {
  await withFolder(async (folder) => {
    const servers = new GatedServers();
    const configPath = `${folder}/maglev.yaml`;
    const { below, seed } = fuzz(offset);
    await writeOld(configPath, randomConfig(below, servers.port));
    const simulator = await startSimulator({
      path: `${folder}/api.sock`,
      clock: new SystemClock(),
    });
    const daemon = new Daemon({
      config: configPath,
      vppApiAddr: simulator.path,
      grpcAddr: "127.0.0.1:0",
      stateDir: `${folder}/state`,
    });
    try {
      await using client = await GrpcClient.start({ target: await grpcAddress(daemon) });
      const world = { below, client, daemon, servers, simulator, configPath };
      await daemon.seen(({ msg }) => msg === "vpp-lbsync-done");
      for (const [name, state] of await statesOf(world)) {
        if (state === "unknown") await daemon.transition(name, name === "dead" ? "down" : "up");
      }
      await fn(world, seed);
      assert.equal(daemon.process.errors, "");
    } finally {
      await daemon.stop();
      await simulator.stop();
      await servers.stop();
    }
  });
}

grpcTest("a plan matches the effect of the reload or action on VPP", async () => {
  await inWorld(5, async (world, seed) => {
    let moved = 0;
    const all = rounds(40);
    for (let round = 0; round < all; round++) {
      const label = `seed ${seed} round ${round}`;
      moved += await reloadRound(world, label, round < all / 2 ? 0 : 1);
      for (let i = world.below(3); i > 0; i--) moved += await actionRound(world, label);
    }
    assert.ok(moved > 0, "some buckets moved");
  });
});

grpcTest(
  "a thousand plans change nothing: not in VPP, not in maglevd, not on its disk",
  async () => {
    await inWorld(6, async (world, seed) => {
      const { below, client, configPath, daemon, servers, simulator } = world;
      const names = [...(await statesOf(world)).keys()];
      ok(await client.call("DisableBackend", { name: names[3]!, reason: "a drill" }));
      await becomes(() => linesOf(seen(simulator)).length > 0, true, "VPP has something");
      const stateFile = configPath.replace(/[^/]*$/, "state/intents.json");
      const everything = async () => ({
        vpp: linesOf(seen(simulator)),
        sent: changesSent(simulator),
        // Probing goes on meanwhile: the newest result is not a plan's doing.
        backends: list(ok(await client.call("ListBackends", { details: true })), "backends")
          .map((backend) => ({ ...backend as Record<string, Json>, lastResult: undefined })),
        frontends: ok(await client.call("ListFrontends", { details: true })),
        disk: await Deno.readTextFile(stateFile),
      });
      await daemon.seen(({ msg }) => msg === "operator-action");
      const before = await everything();
      const mark = daemon.mark;
      let changes = 0;
      for (let i = 0; i < 500; i++) {
        const generation = below(2) === 0 ? 0 : 1;
        await writeOld(configPath, randomConfig(below, servers.port, generation));
        const name = names[below(names.length)]!;
        const action = ["pause", "resume", "disable", "enable"][below(4)]!;
        const [reload, act] = await Promise.all([
          client.call("PlanConfig"),
          client.call("PlanBackend", { name, action }),
        ]);
        changes += list(ok(reload), "plan", "vips").length +
          list(act.message, "plan", "vips").length;
      }
      assert.ok(changes > 500, `${changes} changes were planned, seed ${seed}`);
      assert.deepEqual(await everything(), before, `seed ${seed}`);
      assert.deepEqual(
        daemon.lines.slice(mark).filter(({ msg }) =>
          /^(operator|config-re|vpp-lbsync-|b)/.test(msg)
        ),
        [],
      );
    });
  },
);

grpcTest(
  "a plan names the reason that VPP differs: it is disconnected, off, or held back",
  async () => {
    await onGrpcStage({}, async ({ client, daemon, simulator }) => {
      const warning = async () => {
        const plans = [
          await client.call("PlanConfig"),
          await client.call("PlanBackend", { name: "b0", action: "pause" }),
        ];
        const [first, second] = plans.map((ended) => part(ok(ended), "plan", "warning"));
        assert.equal(first, second);
        return String(first);
      };
      assert.equal(await warning(), "");
      await simulator.stop();
      await daemon.seen(({ msg }) => msg === "vpp-disconnect");
      assert.match(
        await warning(),
        /^VPP is not connected: .+; .* nothing is sent until VPP is back$/,
      );
      const pause = ok(await client.call("PlanBackend", { name: "b0", action: "pause" }));
      assert.equal(
        part(pause, "plan", "vips", 0, "atOnce", "buckets"),
        1024,
        "and returns the plan all the same",
      );
    });
    await onGrpcStage({ vppApiAddr: "" }, async ({ client }) => {
      const plan = ok(await client.call("PlanConfig"));
      assert.match(String(part(plan, "plan", "warning")), /VPP integration is off/);
    });
    await onGrpcStage({ warmUp: "1h" }, async ({ client }) => {
      const plan = ok(await client.call("PlanConfig"));
      assert.match(String(part(plan, "plan", "warning")), /warm-up is not over/);
    });
  },
);

grpcTest(
  "a long file is read in a worker, with the documented permissions, and planned and loaded like a short one",
  async () => {
    await onGrpcStage({}, async ({ client, configPath, daemon }) => {
      const text = await Deno.readTextFile(configPath);
      const long = `# ${"long ".repeat(10)}\n`.repeat(1000) +
        text.replace("weight: 50", "weight: 60");
      await writeOld(configPath, long);
      const plan = ok(await client.call("PlanConfig"));
      assert.deepEqual([part(plan, "ok"), part(plan, "kept")], [true, 3]);
      await writeOld(configPath, long.replace("weight: 60", "weight: 600"));
      const bad = ok(await client.call("CheckConfig"));
      assert.equal(part(bad, "ok"), false);
      assert.ok(Number(part(bad, "issues", 0, "line")) > 1000);
      await writeOld(configPath, long);
      assert.equal(part(ok(await client.call("ReloadConfig")), "ok"), true);
      const web = ok(await client.call("GetFrontend", { name: "web" }));
      assert.equal(part(web, "pools", 0, "backends", 1, "weight"), 60);
      // Ended in the middle of reading: in time, and in order.
      await writeOld(configPath, long + `# ${"x".repeat(100)}\n`.repeat(5000));
      const last = client.call("ReloadConfig");
      assert.equal(await daemon.stop(), 0);
      assert.ok(["OK", "UNAVAILABLE"].includes((await last).code));
      assert.equal(daemon.process.errors, "");
    });
  },
);
