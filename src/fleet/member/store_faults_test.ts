/**
 * Members of a fleet over a store that is restored, refuses, or was written by another program. Goal:
 * an ended intent never returns, none ends by a loss, and the store grows by a bounded amount.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { decodeBook, encodeBook } from "../book/file.ts";
import { keyOf, META } from "../book/keys.ts";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { inForce, memberWorld, wish } from "../../../tests/support/worlds/member_world.ts";
import { endWish, putWish } from "./requests/requests.ts";
import { forgetBook, restoreStore } from "./requests/restore.ts";

const WHO = { peer: "127.0.0.1:1", identity: "bob" };
const MINUTE_MS = 60_000;

function world(lbs: readonly string[] = ["lb1", "lb2"]) {
  const made = memberWorld();
  const members = lbs.map((lb) => made.add({ lb }));
  for (const { member } of members) member.start();
  const [a] = members as [typeof members[number]];
  const at = () => made.clock.wallMs();
  const put = (intent: Parameters<typeof putWish>[1]["intent"], by = a) =>
    made.done(putWish(by.member, { intent, force: true }));
  const end = (id: string, by = a) =>
    made.done(endWish(by.member, { id, by: WHO, reason: "", nowMs: at() }));
  return {
    ...made,
    members,
    a,
    at,
    put,
    end,
    async [Symbol.asyncDispose]() {
      for (const { member, checker } of members) {
        await member.stop();
        checker.stop();
      }
    },
  };
}

function okOf<T>(result: T | MaglevError): T {
  if (result instanceof MaglevError) assert.fail(result.message);
  return result;
}

Deno.test("statuses: each load balancer writes one a minute while nothing happens", async () => {
  await using fleet = world(["lb1", "lb2", "lb3"]);
  const { clock, server } = fleet;
  await clock.advanceAsync(MINUTE_MS);
  const before = server.revision;
  await clock.advanceAsync(10 * MINUTE_MS);
  assert.ok(server.revision - before <= 3 * 11, `${server.revision - before} writes`);
});

Deno.test("an older backup stays foreign when its revision overtakes the book's", async () => {
  await using fleet = world();
  const { clock, server, a, put, end, at } = fleet;
  const { id } = okOf(await put(wish("disable", "a", { atMs: at() })));
  const backup = new Map(server.values);
  const { revision } = server;
  okOf(await end(id));
  okOf(await put(wish("pause", "b", { atMs: at() })));
  server.replace(backup, revision);
  assert.equal(a.member.store.kind, "foreign");
  for (let n = 0; n < 100; n++) server.put("other", `${n}`);
  await clock.advanceAsync(MINUTE_MS);
  assert.equal(a.member.store.kind, "foreign");
  assert.deepEqual(inForce(a.checker), ["fleet pause b"]);
});

Deno.test("an older backup that only lacks an intent stays foreign over a restart", async () => {
  await using fleet = world();
  const { add, clock, server, a, put, at } = fleet;
  for (const name of ["a", "b"]) okOf(await put(wish("disable", name, { atMs: at() })));
  const backup = new Map(server.values);
  const { revision } = server;
  okOf(await put(wish("pause", "c", { atMs: at() })));
  server.replace(backup, revision);
  await clock.advanceAsync(2000);
  assert.equal(a.member.store.kind, "foreign");
  const kept = decodeBook(encodeBook(a.saved.at(-1)!));
  if (typeof kept === "string") assert.fail(kept);
  await a.member.stop();
  for (let n = 0; n < 100; n++) server.put("other", `${n}`);
  const again = add({ lb: "lb1", kept, up: [] });
  again.member.start();
  await clock.advanceAsync(2000);
  assert.deepEqual([again.member.store.kind, inForce(again.checker).length], ["foreign", 3]);
  assert.match(JSON.stringify(again.member.store), /it went back before a restart/);
  okOf(forgetBook(again.member));
  assert.deepEqual([again.member.store.kind, inForce(again.checker).length], ["ok", 2]);
  await clock.advanceAsync(2000);
  assert.equal(again.saved.at(-1)?.wentBack, undefined);
  await again.member.stop();
});

Deno.test("an older backup is foreign for a load balancer that was away meanwhile", async () => {
  await using fleet = world();
  const { clock, server, members, put, end, at } = fleet;
  const [, b] = members;
  const { id } = okOf(await put(wish("disable", "a", { atMs: at() })));
  const backup = new Map(server.values);
  const { revision } = server;
  okOf(await end(id));
  b!.store.cut();
  server.replace(backup, revision);
  for (let n = 0; n < 100; n++) server.put("other", `${n}`);
  b!.store.mend();
  await clock.advanceAsync(MINUTE_MS);
  assert.equal(b!.member.store.kind, "foreign");
  assert.deepEqual(inForce(b!.checker), []);
});

Deno.test("an older backup is foreign when the end that it lacks was removed long ago", async () => {
  await using fleet = world();
  const { clock, server, a, put, end, at } = fleet;
  const intent = wish("disable", "a", { atMs: at() });
  const { id } = okOf(await put(intent));
  const backup = new Map(server.values);
  const { revision } = server;
  okOf(await end(id));
  server.put(keyOf(intent), undefined);
  a.store.cut();
  server.replace(backup, revision);
  for (let n = 0; n < 100; n++) server.put("other", `${n}`);
  a.store.mend();
  await clock.advanceAsync(5000);
  assert.equal(a.member.store.kind, "foreign");
  okOf(await fleet.done(restoreStore(a.member)));
  assert.equal(a.member.store.kind, "ok");
  assert.deepEqual(inForce(a.checker), []);
  assert.equal(server.values.has(keyOf(intent)), false);
});

Deno.test("a store that is not believed gets no status", async () => {
  await using fleet = world();
  const { clock, server, a } = fleet;
  server.wipe();
  server.put(META, JSON.stringify({ v: 1, uuid: "other", restored: 0 }));
  const before = a.store.writes;
  await clock.advanceAsync(5 * MINUTE_MS);
  assert.equal(a.member.store.kind, "foreign");
  assert.equal(a.store.writes, before);
});

Deno.test("the only intent gone without an end is not believed", async () => {
  await using fleet = world();
  const { server, a, put, at } = fleet;
  okOf(await put(wish("disable", "a", { atMs: at() })));
  server.put(keyOf(wish("disable", "a", { atMs: 0 })), undefined);
  assert.equal(a.member.store.kind, "suspect");
  assert.deepEqual(inForce(a.checker), ["fleet disable a"]);
});

Deno.test("an intent that this clock ended does not return with the store", async () => {
  await using fleet = world(["lb1"]);
  const { clock, a, put, at } = fleet;
  okOf(await put(wish("disable", "a", { atMs: at(), untilMs: at() + MINUTE_MS })));
  a.store.cut();
  await clock.advanceAsync(MINUTE_MS + 1000);
  assert.deepEqual(inForce(a.checker), []);
  const from = a.logger.of("operator-shared-obeyed").length;
  a.store.mend();
  await clock.advanceAsync(10_000);
  assert.deepEqual(inForce(a.checker), []);
  assert.equal(a.logger.of("operator-shared-obeyed").length, from);
});

Deno.test("an identity that may not be written is reported, and tried again", async () => {
  const made = memberWorld();
  const one = made.add({ lb: "lb1" });
  one.store.nextWrite = "refused";
  one.member.start();
  await made.clock.advanceAsync(100);
  const { store } = one.member;
  assert.equal(store.kind, "away");
  assert.match("reason" in store ? store.reason : "", /identity.*database space exceeded/);
  await made.clock.advanceAsync(MINUTE_MS);
  assert.equal(one.member.store.kind, "ok");
  await one.member.stop();
});

Deno.test("an end that is over by the clock of another load balancer is refused", async () => {
  await using fleet = world();
  const { clock, server, put, at } = fleet;
  await clock.advanceAsync(2000);
  const status = JSON.parse(server.values.get("lb/lb2/status")!.text);
  server.put("lb/lb2/status", JSON.stringify({ ...status, wall_ms: at() + 300_000 }));
  const refused = await put(wish("disable", "a", { atMs: at(), untilMs: at() + MINUTE_MS }));
  assert.ok(refused instanceof MaglevError);
  assert.match(refused.message, /over by the clock of lb2, which is ahead by 5m/);
  okOf(await put(wish("disable", "a", { atMs: at(), untilMs: at() + 10 * MINUTE_MS })));
});

Deno.test("a tombstone of the far future is removed", async () => {
  await using fleet = world(["lb1"]);
  const { clock, server, a, put, end, at } = fleet;
  const intent = wish("disable", "a", { atMs: at() });
  const { id } = okOf(await put(intent));
  okOf(await end(id));
  const value = JSON.parse(server.values.get(keyOf(intent))!.text);
  const at_ms = at() + 1000 * 24 * 3_600_000;
  server.put(keyOf(intent), JSON.stringify({ ...value, ended: { ...value.ended, at_ms } }));
  await clock.advanceAsync(5000);
  assert.equal(server.values.has(keyOf(intent)), false);
  assert.equal(a.member.store.kind, "ok");
});

Deno.test("a store that refuses writes gets few of them", async () => {
  await using fleet = world(["lb1"]);
  const { clock, a, put, at } = fleet;
  for (const name of ["a", "b", "c", "d"]) {
    okOf(await put(wish("pause", name, { atMs: at(), untilMs: at() + MINUTE_MS })));
  }
  const write = a.store.write.bind(a.store);
  let tries = 0;
  a.store.write = (request) => {
    if (!request.key.startsWith("intent/")) return write(request);
    tries++;
    return Promise.resolve({ kind: "refused", reason: "permission denied" });
  };
  await clock.advanceAsync(2 * MINUTE_MS);
  assert.ok(tries <= 65, `${tries} writes`);
});

Deno.test("a load balancer that is gone for a week is no longer listed", async () => {
  await using fleet = world(["lb1"]);
  const { clock, a, add } = fleet;
  const b = add({ lb: "lb2" });
  b.member.start();
  await clock.advanceAsync(2000);
  await b.member.stop();
  await clock.advanceAsync(5000);
  const names = () => a.member.view.members.map(({ lb, present }) => `${lb} ${present}`);
  assert.deepEqual(names(), ["lb1 true", "lb2 false"]);
  a.member.roster.forgetOld(wall(clock.wallMs() + 8 * 24 * 3_600_000));
  assert.deepEqual(names(), ["lb1 true"]);
});

Deno.test("a book with a value of a megabyte is read again", async () => {
  await using fleet = world(["lb1"]);
  const { server, a, put, at } = fleet;
  okOf(await put(wish("disable", "a", { atMs: at() })));
  server.put(keyOf(wish("disable", "b", { atMs: 0 })), "x".repeat(1_200_000));
  const kept = decodeBook(encodeBook({
    fleet: "edge",
    book: a.member.book,
    obeyed: a.member.obedience.decision.obeyed,
    savedMs: at(),
  }));
  if (typeof kept === "string") assert.fail(kept);
  assert.equal(kept.obeyed.size, 1);
});

Deno.test("keys of another program do not push intents out", async () => {
  await using fleet = world(["lb1"]);
  const { server, a, put, at, clock } = fleet;
  okOf(await put(wish("disable", "a", { atMs: at() })));
  a.store.isCut = true;
  for (let n = 0; n < 12_000; n++) server.put(`intent/!/b/${n}`, "x");
  a.store.isCut = false;
  a.store.cut();
  a.store.mend();
  await clock.advanceAsync(2000);
  assert.equal(a.member.store.kind, "ok");
  assert.deepEqual(inForce(a.checker), ["fleet disable a"]);
});

Deno.test("a status that changes all the time is written less often", async () => {
  await using fleet = world(["lb1"]);
  const { clock, server, a } = fleet;
  await clock.advanceAsync(2000);
  const before = a.store.writes;
  for (let n = 0; n < 600; n++) {
    server.put(keyOf(wish("disable", `other${n}`, { atMs: 0 })), "x");
    await clock.advanceAsync(1000);
  }
  const writes = a.store.writes - before;
  // A burst of 30, and one in ten seconds.
  assert.ok(writes >= 60 && writes <= 30 + 60 + 1, `${writes} writes`);
});

Deno.test("an intent whose scope is not one is invalid", async () => {
  await using fleet = world(["lb1"]);
  const { server, a, put, at } = fleet;
  const real = wish("disable", "a", { atMs: at() });
  okOf(await put(real));
  const { text } = server.values.get(keyOf(real))!;
  server.put("intent/everywhere/b/a", text);
  assert.deepEqual([...a.member.view.ignored], [["invalid", 1]]);
});

Deno.test("intents that arrive together are logged in the store's order", async () => {
  await using fleet = world();
  const { a, members, put, at } = fleet;
  const [, b] = members;
  const ids = async (kind: "pause" | "disable", name: string) =>
    okOf(await put(wish(kind, name, { atMs: at() }))).id;
  await ids("pause", "a");
  b!.store.cut();
  const later = [await ids("disable", "c"), await ids("disable", "a")];
  b!.store.mend();
  const logged = b!.logger.of("operator-shared-obeyed").map(({ id }) => id);
  assert.deepEqual(logged.slice(1), later);
  assert.deepEqual(a.logger.of("operator-shared-obeyed").map(({ id }) => id), logged);
});
