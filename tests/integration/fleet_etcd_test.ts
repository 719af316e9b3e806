/**
 * The etcd leaf against real servers. Goal: every snapshot is complete, changes follow in order, a
 * write is never repeated, and a store that hangs, loses its quorum or its history is noticed.
 */
import assert from "node:assert/strict";
import { SystemClock } from "../../src/system/system_clock.ts";
import { EtcdStore } from "../../src/fleet/etcd/etcd_store.ts";
import type { StoreChange, StoreSnapshot } from "../../src/fleet/book/store.ts";
import { readUntil, until } from "../support/judges/until.ts";
import { certificates } from "../support/servers/certificates.ts";
import { clientCertificate } from "../support/servers/client_certificates.ts";
import { EtcdCluster, etcdTest } from "../support/servers/etcd.ts";

const PREFIX = "/maglev/edge/";

/** A store with what it reported. */
function follow(
  servers: readonly string[],
  { tls, pageKeys }: {
    readonly tls?: { ca: string; cert?: string; key?: string };
    readonly pageKeys?: number;
  } = {},
) {
  const seen = {
    snapshots: [] as StoreSnapshot[],
    changes: [] as StoreChange[],
    away: [] as string[],
    up: false,
    leasesGone: 0,
  };
  const store = new EtcdStore({
    servers,
    prefix: PREFIX,
    clock: new SystemClock(),
    ...(pageKeys === undefined ? {} : { pageKeys }),
    ...(tls === undefined ? {} : { readTls: () => Promise.resolve(tls) }),
  });
  store.start({
    onSnapshot(snapshot) {
      seen.snapshots.push(snapshot);
      seen.up = true;
    },
    onChanges: (changes) => void seen.changes.push(...changes),
    onAway(reason) {
      seen.away.push(reason);
      seen.up = false;
    },
    onLeaseGone: () => void seen.leasesGone++,
  });
  return { store, seen, [Symbol.asyncDispose]: () => store.stop() };
}

/** Waits until the store is followed; the failure shows why it is away. */
const up = (seen: { readonly up: boolean; readonly away: readonly string[] }) =>
  readUntil(() => seen.up || seen.away.slice(-3), (reading) => reading === true, {
    deadlineMs: 60_000,
    what: "the store is followed",
  });

etcdTest("a snapshot, changes in order, and writes with conditions", async () => {
  await using cluster = await EtcdCluster.start(1);
  // Three pages, and neighbours of the prefix, which are not the fleet's.
  for (let at = 0; at < 3; at++) await cluster.ctl("put", `${PREFIX}k${at}`, `v${at}`);
  await cluster.ctl("put", "/maglev/edge", "before");
  await cluster.ctl("put", "/maglev/edge0", "after");
  await using first = follow(cluster.servers, { pageKeys: 1 });
  await up(first.seen);
  const [snapshot] = first.seen.snapshots;
  assert.deepEqual(snapshot!.values.map(({ key, text }) => [key, text]), [
    ["k0", "v0"],
    ["k1", "v1"],
    ["k2", "v2"],
  ]);
  const { store, seen } = first;
  const made = await store.write({ key: "a", text: "1", ifRevision: 0 });
  assert.equal(made.kind, "done");
  const revision = made.kind === "done" ? made.revision : 0;
  assert.equal(revision, snapshot!.revision + 1);
  assert.deepEqual(await store.write({ key: "a", text: "2", ifRevision: 0 }), {
    kind: "conflict",
    present: { key: "a", text: "1", revision },
  });
  const ifValue = { key: "k0", text: "other" };
  assert.equal(
    (await store.write({ key: "a", text: "2", ifRevision: revision, ifValue })).kind,
    "conflict",
  );
  assert.deepEqual(
    await store.write({ key: "a", text: undefined, ifRevision: revision }),
    { kind: "done", revision: revision + 1 },
  );
  await until(() => seen.changes.length >= 2);
  assert.deepEqual(seen.changes, [
    { key: "a", text: "1", revision },
    { key: "a", text: undefined, revision: revision + 1 },
  ]);
});

etcdTest("a leased key ends with its store, and outlives its server's restart", async () => {
  await using cluster = await EtcdCluster.start(1);
  await using watcher = follow(cluster.servers);
  await up(watcher.seen);
  const member = follow(cluster.servers);
  await up(member.seen);
  const write = { key: "lb/a/status", text: "here", ifRevision: 0, leased: true };
  assert.equal((await member.store.write(write)).kind, "done");
  await cluster.kill(0);
  await until(() => !member.seen.up && !watcher.seen.up, { deadlineMs: 20_000 });
  assert.equal((await member.store.write({ ...write, key: "b" })).kind, "away");
  await cluster.startAll();
  await Promise.all([up(member.seen), up(watcher.seen)]);
  assert.deepEqual(watcher.seen.snapshots.at(-1)!.values.map(({ key }) => key), ["lb/a/status"]);
  await member.store.stop();
  await until(() =>
    watcher.seen.changes.some(({ key, text }) => key === "lb/a/status" && text === undefined)
  );
});

etcdTest("a frozen server is noticed by its silence, and another one takes over", async () => {
  await using cluster = await EtcdCluster.start(3);
  await using follower = follow(cluster.servers);
  await up(follower.seen);
  cluster.freeze(0);
  await until(() => follower.seen.away.length > 0, { deadlineMs: 20_000 });
  await up(follower.seen);
  assert.match(follower.seen.away[0]!, /silent for 3000 ms|no leader/);
  assert.notEqual(follower.store.server, cluster.servers[0]);
  cluster.thaw(0);
});

etcdTest(
  "without a quorum the store is away, and a write in between does not land later",
  async () => {
    await using cluster = await EtcdCluster.start(3);
    await using follower = follow(cluster.servers);
    await up(follower.seen);
    await cluster.kill(1);
    await cluster.kill(2);
    const outcome = await follower.store.write({ key: "late", text: "x", ifRevision: 0 });
    assert.ok(["unknown", "away"].includes(outcome.kind), outcome.kind);
    await until(() => !follower.seen.up, { deadlineMs: 20_000 });
    const refused = await follower.store.write({ key: "late", text: "y", ifRevision: 0 });
    assert.equal(refused.kind, "away");
    await cluster.startAll();
    await up(follower.seen);
    // The first one may have waited with the server of the minority; the second was never sent.
    const late = follower.seen.snapshots.at(-1)!.values.filter(({ text }) => text === "y");
    assert.deepEqual(late, []);
  },
);

etcdTest(
  "history compacted during a freeze gives a new snapshot without the removed key",
  async () => {
    await using cluster = await EtcdCluster.start(3);
    await cluster.ctl("put", `${PREFIX}gone`, "x");
    await cluster.ctl("put", `${PREFIX}kept`, "x");
    await using follower = follow(cluster.servers.slice(0, 1));
    await up(follower.seen);
    cluster.freeze(0);
    await until(() => !follower.seen.up, { deadlineMs: 20_000 });
    await cluster.ctl("del", `${PREFIX}gone`);
    const status = await cluster.ctl("endpoint", "status", "-w", "json", "--command-timeout=3s")
      .catch(() => "");
    void status;
    const { revision } = follower.seen.snapshots[0]!;
    await cluster.ctl("compact", String(revision + 1));
    cluster.thaw(0);
    await until(() => follower.seen.up, { deadlineMs: 30_000 });
    await until(
      () => follower.seen.snapshots.at(-1)!.values.every(({ key }) => key !== "gone"),
      { deadlineMs: 20_000 },
    );
  },
);

etcdTest("a full store refuses writes with its words", async () => {
  await using cluster = await EtcdCluster.start(1, { flags: ["--quota-backend-bytes=1"] });
  await using follower = follow(cluster.servers);
  await up(follower.seen);
  await follower.store.write({ key: "a", text: "1", ifRevision: 0 });
  const outcome = await follower.store.write({ key: "b", text: "1", ifRevision: 0 });
  assert.equal(outcome.kind, "refused");
  assert.match(outcome.kind === "refused" ? outcome.reason : "", /space exceeded/);
});

etcdTest(
  "client certificates: a right one is served, a wrong one is away with a reason",
  async () => {
    const { folder } = await certificates();
    const ca = `${folder}/ca.pem`;
    const read = Deno.readTextFile;
    const server = { ca, cert: `${folder}/good.pem`, key: `${folder}/good.key` };
    await using cluster = await EtcdCluster.start(1, { tls: server });
    const right = await clientCertificate("/CN=lb1");
    await using good = follow(cluster.servers, {
      tls: { ca: await read(ca), cert: await read(right.cert), key: await read(right.key) },
    });
    await up(good.seen);
    assert.equal((await good.store.write({ key: "a", text: "1", ifRevision: 0 })).kind, "done");
    await using none = follow(cluster.servers, { tls: { ca: await read(ca) } });
    await until(() => none.seen.away.length > 0, { deadlineMs: 20_000 });
    assert.equal(none.seen.snapshots.length, 0);
  },
  // The library keeps the timer of a refused connection until its next attempt would be due.
  { sanitizeOps: false, sanitizeResources: false },
);
