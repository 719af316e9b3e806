/**
 * What may happen to the store of a fleet, on a real etcd. Goal: each line of the table in
 * docs/fleet.md ("When something fails"). Judges: etcdctl, and the intents in force.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../src/base/errors.ts";
import { restoreStore } from "../../src/fleet/member/requests/restore.ts";
import { readUntil, until } from "../support/judges/until.ts";
import { certificates } from "../support/servers/certificates.ts";
import { clientCertificate } from "../support/servers/client_certificates.ts";
import { EtcdCluster, etcdTest } from "../support/servers/etcd.ts";
import { etcdMember, okOf, PREFIX, refusalOf } from "../support/worlds/etcd_fleet.ts";
import { inForce, wish } from "../support/worlds/member_world.ts";

const PATIENT = { deadlineMs: 60_000 };

etcdTest("an older backup is foreign, also after its revision passed the book's", async () => {
  await using cluster = await EtcdCluster.start(1);
  await using one = etcdMember("lb1", cluster.servers);
  await using two = etcdMember("lb2", cluster.servers);
  await Promise.all([one.is("ok"), two.is("ok")]);
  const { id } = await one.put("disable", "a");
  await cluster.backUp("old");
  await one.end(id);
  await one.put("pause", "b");
  await two.obeys("fleet pause b");
  await cluster.restore("old");
  await Promise.all([one.is("foreign"), two.is("foreign")]);
  const statuses = () => cluster.ctl("get", "--prefix", `${PREFIX}lb/`, "--print-value-only");
  const before = await statuses();
  for (let n = 0; n < 8; n++) await cluster.ctl("put", "/elsewhere", `${n}`);
  // A new connection lists the content, whose revision is now higher than the book's.
  await cluster.kill(0);
  await one.is("away");
  await cluster.startAll();
  await Promise.all([one.is("foreign"), two.is("foreign")]);
  await one.obeys("fleet pause b");
  // Nothing is written to it.
  assert.equal(await statuses(), before);
  okOf(await restoreStore(two.member));
  await Promise.all([one.is("ok"), two.is("ok")]);
  await Promise.all([one.obeys("fleet pause b"), two.obeys("fleet pause b")]);
  assert.match(await cluster.ctl("get", `${PREFIX}intent/fleet/b/a`), /"ended"/);
});

etcdTest("of two writers on one key the second is refused with who, why and when", async () => {
  await using cluster = await EtcdCluster.start(1);
  await using one = etcdMember("lb1", cluster.servers);
  await using two = etcdMember("lb2", cluster.servers);
  await Promise.all([one.is("ok"), two.is("ok")]);
  for (let round = 0; round < 4; round++) {
    const intent = wish(round % 2 === 0 ? "disable" : "pause", "a", { atMs: one.now() });
    const results = await Promise.all([one.ask(intent), two.ask({ ...intent, kind: "pause" })]);
    const refused = results.filter((each) => each instanceof MaglevError);
    assert.equal(refused.length, 1, String(results));
    assert.equal(refused[0]!.code, "aborted");
    assert.match(refused[0]!.message, /ann put (pause|disable) \w{8} there at 20.*Z \(test\)/);
    const version = /"Version" : (\d+)/.exec(
      await cluster.ctl("get", `${PREFIX}intent/fleet/b/a`, "-w", "fields"),
    );
    assert.equal(version?.[1], String(round + 1));
  }
});

etcdTest(
  "clocks five minutes apart: shown, and an end that is over by one is refused",
  async () => {
    await using cluster = await EtcdCluster.start(1);
    await using one = etcdMember("lb1", cluster.servers);
    await using ahead = etcdMember("lb2", cluster.servers, { aheadMs: 300_000 });
    await Promise.all([one.is("ok"), ahead.is("ok")]);
    const skewOf = (lb: string) =>
      one.member.roster.members().find((each) => each.lb === lb)?.skewMs ?? 0;
    await until(() => skewOf("lb2") > 250_000 && skewOf("lb2") < 350_000, PATIENT);
    const soon = wish("disable", "a", { atMs: one.now(), untilMs: one.now() + 120_000 });
    const refused = refusalOf(await one.ask(soon));
    assert.match(refused.message, /over by the clock of lb2, which is ahead by/);
    assert.equal(await cluster.ctl("get", "--prefix", `${PREFIX}intent/`), "");
    const { id } = await one.put("disable", "a", one.now() + 900_000);
    await Promise.all([one.obeys("fleet disable a"), ahead.obeys("fleet disable a")]);
    // The clock that is late does not bring an ended one back.
    await ahead.end(id);
    await Promise.all([one.obeys(), ahead.obeys()]);
  },
);

etcdTest("two load balancers of one name: the first keeps its status", async () => {
  await using cluster = await EtcdCluster.start(1);
  const first = etcdMember("lb1", cluster.servers);
  await first.is("ok");
  const status = async () =>
    await cluster.ctl("get", `${PREFIX}lb/lb1/status`, "--print-value-only");
  await readUntil(status, (text) => text !== "", PATIENT);
  const { instance } = JSON.parse(await status());
  await using second = etcdMember("lb1", cluster.servers);
  await second.is("ok");
  await until(() => second.member.view.nameTaken, PATIENT);
  await first.put("disable", "a");
  await second.obeys("fleet disable a");
  assert.equal(JSON.parse(await status()).instance, instance);
  await first[Symbol.asyncDispose]();
  const others = (text: string) => text !== "" && JSON.parse(text).instance !== instance;
  await readUntil(status, others, PATIENT);
  assert.equal(second.member.view.nameTaken, false);
});

etcdTest("bad, huge and newer values are counted, and all others are obeyed", async () => {
  await using cluster = await EtcdCluster.start(1);
  const key = (name: string) => `${PREFIX}intent/fleet/b/${name}`;
  await using one = etcdMember("lb1", cluster.servers);
  await one.is("ok");
  await cluster.ctl("put", key("b"), "\u001b[31mred");
  await cluster.ctl("put", key("c"), '{"v":2,"kind":"later"}');
  await cluster.ctl(
    "put",
    key("__proto__"),
    '{"v":1,"id":"00000000","via":"x","__proto__":{"v":1}}',
  );
  await cluster.ctl("put", `${PREFIX}intent/everywhere/b/a`, "{}");
  await cluster.ctl("put", `${PREFIX}lb/%1b%5b31m/status`, "{}");
  await cluster.ctl("put", key("d"), "x".repeat(100_000));
  await one.put("disable", "a");
  const count = () => [...one.member.view.ignored].sort().join();
  await readUntil(count, (text) => text === "invalid,3,newer,1,too-large,1", PATIENT);
  // One that lists all of it obeys as well.
  await using two = etcdMember("lb2", cluster.servers);
  await two.obeys("fleet disable a");
  const names = () => two.member.roster.members().map(({ lb }) => lb).join();
  await readUntil(names, (text) => text === "lb1,lb2", PATIENT);
  assert.equal([...two.member.view.ignored].sort().join(), "invalid,3,newer,1,too-large,1");
});

etcdTest("one that was away follows ends and beginnings, also after a compaction", async () => {
  await using cluster = await EtcdCluster.start(3);
  const [first, ...rest] = cluster.servers;
  await using one = etcdMember("lb1", rest);
  await using two = etcdMember("lb2", [first!]);
  await Promise.all([one.is("ok"), two.is("ok")]);
  const { id } = await one.put("disable", "a");
  await one.put("pause", "b");
  await two.obeys("fleet disable a", "fleet pause b");
  cluster.freeze(0);
  await two.is("away");
  await one.is("ok");
  await one.end(id);
  const { revision } = await one.put("disable", "c");
  await cluster.ctl("compact", String(revision));
  await two.obeys("fleet disable a", "fleet pause b");
  cluster.thaw(0);
  await two.is("ok");
  await two.obeys("fleet pause b", "fleet disable c");
  const [ended] = two.member.view.ended;
  assert.deepEqual([ended?.target, ended?.by.identity, ended?.via], [["a"], "bob", "lb1"]);
});

etcdTest("a permission that is revoked refuses requests with etcd's words", async () => {
  const { folder } = await certificates();
  const ca = `${folder}/ca.pem`;
  const read = Deno.readTextFile;
  const tls = { ca, cert: `${folder}/good.pem`, key: `${folder}/good.key` };
  await using cluster = await EtcdCluster.start(1, { tls });
  const own = await clientCertificate("/CN=lb1");
  const shown = { ca: await read(ca), cert: await read(own.cert), key: await read(own.key) };
  const range = [PREFIX, "/maglev/edge0"];
  for (
    const command of [
      ["user", "add", "root:secret"],
      ["role", "add", "root"],
      ["user", "grant-role", "root", "root"],
      ["user", "add", "lb1:unused"],
      ["role", "add", "lb"],
      ["role", "grant-permission", "lb", "readwrite", ...range],
      ["user", "grant-role", "lb1", "lb"],
      ["auth", "enable"],
    ]
  ) await cluster.ctl(...command);
  cluster.credentials = ["--user=root:secret"];
  await using one = etcdMember("lb1", cluster.servers, { tls: shown });
  await one.is("ok");
  await one.put("disable", "a");
  await cluster.ctl("role", "revoke-permission", "lb", ...range);
  await cluster.ctl("role", "grant-permission", "lb", "read", ...range);
  const refused = refusalOf(await one.ask(wish("pause", "b", { atMs: one.now() })));
  assert.equal(refused.code, "failed-precondition");
  assert.match(refused.message, /permission denied/);
  await one.obeys("fleet disable a");
  await cluster.ctl("role", "grant-permission", "lb", "readwrite", ...range);
  await one.put("pause", "b");
  await one.obeys("fleet disable a", "fleet pause b");
});

etcdTest("a full store refuses requests with the cure, and serves again after it", async () => {
  await using cluster = await EtcdCluster.start(1, { flags: ["--quota-backend-bytes=2000000"] });
  await using one = etcdMember("lb1", cluster.servers);
  await one.is("ok");
  await one.put("disable", "a");
  const filled = async () => !(await cluster.tryCtl("put", "/fill", "x".repeat(100_000))).success;
  for (let n = 0; n < 100 && !await filled(); n++);
  const refused = refusalOf(await one.ask(wish("pause", "b", { atMs: one.now() })));
  assert.equal(refused.code, "failed-precondition");
  assert.match(refused.message, /space exceeded.*compact and defragment/);
  await one.obeys("fleet disable a");
  assert.equal(one.member.store.kind, "ok");
  const text = await cluster.ctl("get", "/fill", "-w", "json");
  await cluster.ctl("compact", String(JSON.parse(text).header.revision));
  await cluster.ctl("defrag");
  await cluster.ctl("alarm", "disarm");
  await one.put("pause", "b");
  await one.obeys("fleet disable a", "fleet pause b");
});

etcdTest("an end that passes while the store is away ends once on all", async () => {
  await using cluster = await EtcdCluster.start(1);
  await using one = etcdMember("lb1", cluster.servers);
  await using two = etcdMember("lb2", cluster.servers);
  await Promise.all([one.is("ok"), two.is("ok")]);
  await one.put("disable", "a", one.now() + 3000);
  await two.obeys("fleet disable a");
  await cluster.kill(0);
  await Promise.all([one.is("away"), two.is("away")]);
  await Promise.all([one.obeys(), two.obeys()]);
  await cluster.startAll();
  await Promise.all([one.is("ok"), two.is("ok")]);
  await until(() => one.member.view.ended.length === 1, PATIENT);
  for (const { checker, logger } of [one, two]) {
    assert.deepEqual(inForce(checker), []);
    assert.equal(logger.of("operator-shared-obeyed").length, 1);
  }
  const fields = await cluster.ctl("get", `${PREFIX}intent/fleet/b/a`, "-w", "fields");
  assert.match(fields, /"Version" : 2/);
  assert.match(fields, /expired/);
});
