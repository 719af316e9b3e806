/**
 * Servers of etcd that are killed one after the other, and requests during it. Goal: no request that
 * was answered is lost, none is left unapplied, all load balancers apply in the store's order, and a
 * request without an answer is settled once. MAGLEV_FLEET_KILLS sets the number of kills.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../src/base/errors.ts";
import { readUntil } from "../support/judges/until.ts";
import { EtcdCluster, etcdTest } from "../support/servers/etcd.ts";
import { type EtcdMember, etcdMember, PREFIX } from "../support/worlds/etcd_fleet.ts";
import { inForce, wish } from "../support/worlds/member_world.ts";

const KILLS = Number(Deno.env.get("MAGLEV_FLEET_KILLS") ?? 3);
const NAMES = ["a", "b", "c", "d"] as const;
const PATIENT = { deadlineMs: 90_000 };

/** Three load balancers, each with another server in first place. */
function three(cluster: EtcdCluster): readonly EtcdMember[] {
  return ["lb1", "lb2", "lb3"].map((lb, at) =>
    etcdMember(lb, [...cluster.servers.slice(at), ...cluster.servers.slice(0, at)])
  );
}

/** A field of `etcdctl get -w fields`. */
function fieldOf(text: string, name: string): number {
  return Number(new RegExp(`"${name}" : (\\d+)`).exec(text)?.[1] ?? 0);
}

/** All obey what the store has. */
async function agreed(cluster: EtcdCluster, members: readonly EtcdMember[]): Promise<void> {
  const stored = await cluster.ctl("get", "--prefix", `${PREFIX}intent/`, "--print-value-only");
  const wishes = stored.split("\n").filter((line) => line.includes('"intent"'));
  const expected = wishes.map((line) => {
    const { intent } = JSON.parse(line);
    return `fleet ${intent.kind} ${intent.backend}`;
  }).sort().join();
  for (const { lb, checker } of members) {
    const read = () => [...inForce(checker)].sort().join();
    const what = `${lb} obeys [${expected}]`;
    await readUntil(read, (text) => text === expected, { ...PATIENT, what });
  }
}

etcdTest(`${KILLS} kills: nothing acknowledged is lost, nothing is unapplied`, async () => {
  await using cluster = await EtcdCluster.start(3);
  const members = three(cluster);
  try {
    await Promise.all(members.map((each) => each.is("ok")));
    /** By name: acknowledged writes, those of unknown outcome, and the last revision. */
    const done = new Map(NAMES.map((name) => [name, { acknowledged: 0, unknown: 0, last: 0 }]));
    let over = false;
    const writer = async () => {
      for (let n = 0; !over; n++) {
        const by = members[n % members.length]!;
        const name = NAMES[n % NAMES.length]!;
        const count = done.get(name)!;
        const kind = n % 2 === 0 ? "pause" : "disable";
        const result = await by.ask(wish(kind, name, { atMs: by.now() }));
        if (!(result instanceof MaglevError)) {
          count.acknowledged++;
          count.last = Math.max(count.last, result.revision);
        } else if (result.code === "deadline-exceeded") count.unknown++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const writing = writer();
    for (let kill = 0; kill < KILLS; kill++) {
      const at = kill % 3;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await cluster.kill(at);
      await new Promise((resolve) => setTimeout(resolve, 1200));
      await cluster.startAll();
    }
    over = true;
    await writing;
    await Promise.all(members.map((each) => each.is("ok")));
    let acknowledged = 0;
    for (const [name, count] of done) {
      const text = await cluster.ctl("get", `${PREFIX}intent/fleet/b/${name}`, "-w", "fields");
      const version = fieldOf(text, "Version");
      assert.ok(version >= count.acknowledged, `${name}: ${version} of ${count.acknowledged}`);
      assert.ok(version <= count.acknowledged + count.unknown, `${name}: ${version} writes`);
      assert.ok(fieldOf(text, "ModRevision") >= count.last);
      acknowledged += count.acknowledged;
    }
    console.log(`${KILLS} kills, ${acknowledged} acknowledged`);
    assert.ok(acknowledged > 0);
    await agreed(cluster, members);
    // Each saw a part of the changes, since a list skips some, but in one order.
    for (const one of members) {
      const ids = one.logger.of("operator-shared-obeyed").map(({ id }) => String(id));
      assert.equal(new Set(ids).size, ids.length, one.lb);
      for (const other of members) {
        const place = new Map(
          other.logger.of("operator-shared-obeyed").map(({ id }, at) => [String(id), at]),
        );
        const places = ids.flatMap((id) => place.get(id) ?? []);
        assert.deepEqual(places, [...places].sort((a, b) => a - b), `${one.lb}, ${other.lb}`);
      }
    }
  } finally {
    for (const each of members) await each[Symbol.asyncDispose]();
  }
});

for (const frozenMs of [500, 5000, 16_000]) {
  const title = `a request to a server that is frozen for ${frozenMs} ms is settled once`;
  etcdTest(title, async () => {
    await using cluster = await EtcdCluster.start(3);
    await using one = etcdMember("lb1", cluster.servers);
    await one.is("ok");
    const at = cluster.servers.indexOf(one.store.server);
    cluster.freeze(at);
    const asked = one.ask(wish("pause", "a", { atMs: one.now() }));
    await new Promise((resolve) => setTimeout(resolve, frozenMs));
    cluster.thaw(at);
    const answer = await asked;
    await cluster.healthy();
    await one.is("ok");
    const key = `${PREFIX}intent/fleet/b/a`;
    if (!(answer instanceof MaglevError)) {
      assert.notEqual(await cluster.ctl("get", key), "");
      return;
    }
    const settled = () => one.logger.of("fleet-write-settled").map(({ result }) => result).join();
    const result = await readUntil(settled, (text) => text !== "", PATIENT);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const isThere = await cluster.ctl("get", key) !== "";
    assert.equal(result, isThere ? "done" : "not done");
    assert.equal(settled(), result);
    await one.obeys(...isThere ? ["fleet pause a"] : []);
    // The library leaves its connection to a frozen server some seconds after it is closed.
  }, { sanitizeOps: false, sanitizeResources: false });
}
