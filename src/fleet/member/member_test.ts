/**
 * Members of a fleet over a store in memory. Goal: all obey the same intents in the store's order,
 * each by its own guard, and none believes a store that is not the one it followed.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { decodeBook, encodeBook } from "../book/file.ts";
import { keyOf, META } from "../book/keys.ts";
import {
  inForce,
  memberWorld,
  weightWish,
  wish,
} from "../../../tests/support/worlds/member_world.ts";
import { endWish, putWish } from "./requests/requests.ts";
import { forgetBook, restoreStore } from "./requests/restore.ts";

const WHO = { peer: "127.0.0.1:1", identity: "bob" };

function two(options: { readonly upOnB?: readonly string[] } = {}) {
  const world = memberWorld();
  const a = world.add({ lb: "lb1", site: "ams" });
  const b = world.add({
    lb: "lb2",
    site: "fra",
    ...(options.upOnB === undefined ? {} : { up: options.upOnB }),
  });
  a.member.start();
  b.member.start();
  const stop = () => Promise.all([a.member.stop(), b.member.stop()]);
  const put = (intent: Parameters<typeof putWish>[1]["intent"], force = false, by = a) =>
    world.done(putWish(by.member, { intent, force }));
  const at = () => world.clock.wallMs();
  return { ...world, a, b, stop, put, at };
}

function okOf<T>(result: T | MaglevError): T {
  if (result instanceof MaglevError) assert.fail(result.message);
  return result;
}

function errorOf(result: unknown): MaglevError {
  assert.ok(result instanceof MaglevError, "need an error");
  return result;
}

Deno.test("FleetMember: an intent is obeyed by all load balancers of its scope", async () => {
  const { clock, a, b, put, at, stop } = two();
  await clock.advanceAsync(1000);
  const done = okOf(await put(wish("disable", "a", { atMs: at() })));
  assert.equal(done.warning, "");
  assert.deepEqual([a.stateOf("a"), b.stateOf("a")], ["disabled", "disabled"]);
  okOf(await put(wish("pause", "b", { scope: "site=fra", atMs: at() })));
  okOf(await put(weightWish("c", 20, { scope: "lb=lb1", atMs: at() })));
  assert.deepEqual([a.stateOf("b"), b.stateOf("b")], ["up", "paused"]);
  assert.deepEqual(inForce(a.checker), ["fleet disable a", "lb=lb1 weight c"]);
  assert.deepEqual(inForce(b.checker), ["fleet disable a", "site=fra pause b"]);
  await stop();
});

Deno.test("FleetMember: an end is obeyed by all, and stays visible", async () => {
  const { a, b, put, at, stop, done } = two();
  const { id } = okOf(await put(wish("disable", "a", { atMs: at() })));
  okOf(await done(endWish(b.member, { id, by: WHO, reason: "works again", nowMs: at() })));
  assert.deepEqual([inForce(a.checker), inForce(b.checker)], [[], []]);
  assert.equal(a.stateOf("a"), "unknown");
  const [ended] = a.member.view.ended;
  assert.equal(ended?.by.identity, "bob");
  assert.deepEqual([ended?.id, ended?.via, ended?.reason, ended?.target], [
    id,
    "lb2",
    "works again",
    ["a"],
  ]);
  await stop();
});

Deno.test("FleetMember: of two writers one is refused, with the other's reason", async () => {
  const { b, put, at, stop, done } = two();
  okOf(await put(wish("disable", "a", { atMs: at() })));
  // lb2 has not seen lb1's next request.
  b.store.isCut = true;
  okOf(await put(wish("pause", "a", { atMs: at() })));
  b.store.isCut = false;
  const error = errorOf(
    await done(putWish(b.member, { intent: wish("disable", "a", { atMs: at() }), force: false })),
  );
  assert.equal(error.code, "aborted");
  assert.match(error.message, /ann put pause .* \(test\)/);
  await stop();
});

Deno.test("FleetMember: an answer waits for the book on disk, and names a disk that fails", async () => {
  const { clock, add } = memberWorld();
  let disk = Promise.withResolvers<string>();
  const { member } = add({ lb: "lb1", save: () => disk.promise });
  member.start();
  disk.resolve("");
  await clock.advanceAsync(1000);
  const put = async (backend: string) => {
    disk = Promise.withResolvers();
    let warning: string | undefined;
    const intent = wish("pause", backend, { atMs: clock.wallMs() });
    void putWish(member, { intent, force: false }).then((done) => warning = okOf(done).warning);
    await clock.advanceAsync(4000);
    assert.equal(warning, undefined);
    return () => warning;
  };
  const stored = await put("a");
  disk.resolve("");
  await clock.advanceAsync(0);
  assert.equal(stored(), "");
  const failed = await put("b");
  disk.resolve("no space left");
  await clock.advanceAsync(0);
  assert.equal(failed(), "lb1 does not have it on disk yet: no space left");
  const late = await put("c");
  await clock.advanceAsync(1000);
  assert.equal(late(), "lb1 does not have it on disk yet: it takes longer than 5 s");
  await member.stop();
});

Deno.test("FleetMember: while the store is away, requests are refused and intents stay", async () => {
  const { clock, a, put, at, stop } = two();
  okOf(await put(wish("disable", "a", { atMs: at() })));
  a.store.cut();
  const error = errorOf(await put(wish("disable", "b", { atMs: at() })));
  assert.equal(error.code, "unavailable");
  assert.match(error.message, /maglevc --server lb1,lb2 …/);
  await clock.advanceAsync(3_600_000);
  assert.deepEqual(inForce(a.checker), ["fleet disable a"]);
  assert.equal(a.stateOf("b"), "up");
  a.store.mend();
  assert.deepEqual(inForce(a.checker), ["fleet disable a"]);
  await stop();
});

Deno.test("FleetMember: what changed while a load balancer was away is obeyed at its return", async () => {
  const { a, b, put, at, stop, done } = two();
  const { id } = okOf(await put(wish("disable", "a", { atMs: at() })));
  b.store.cut();
  okOf(await done(endWish(a.member, { id, by: WHO, reason: "", nowMs: at() })));
  okOf(await put(wish("pause", "c", { atMs: at() })));
  assert.deepEqual(inForce(b.checker), ["fleet disable a"]);
  b.store.mend();
  assert.deepEqual(inForce(b.checker), ["fleet pause c"]);
  await stop();
});

Deno.test("FleetMember: the store ends an intent once; without it each clock does", async () => {
  const { clock, server, a, b, put, at, stop } = two();
  const intent = wish("disable", "a", { atMs: at(), untilMs: at() + 60_000 });
  okOf(await put(intent));
  b.store.cut();
  await clock.advanceAsync(58_000);
  assert.deepEqual([a.stateOf("a"), b.stateOf("a")], ["disabled", "disabled"]);
  await clock.advanceAsync(3000);
  assert.deepEqual([inForce(a.checker), inForce(b.checker)], [[], []]);
  assert.equal(a.member.view.ended[0]?.cause, "expired");
  const { revision } = server.values.get(keyOf(intent))!;
  b.store.mend();
  await clock.advanceAsync(3000);
  assert.equal(server.values.get(keyOf(intent))!.revision, revision);
  await stop();
});

Deno.test("FleetMember: a wiped store is foreign, also one that is used again", async () => {
  const { clock, server, a, put, at, stop } = two();
  okOf(await put(wish("disable", "a", { atMs: at() })));
  server.wipe();
  assert.equal(a.member.store.kind, "foreign");
  assert.deepEqual(inForce(a.checker), ["fleet disable a"]);
  server.put(META, JSON.stringify({ v: 1, uuid: "other", restored: 0 }));
  await clock.advanceAsync(5000);
  assert.equal(a.member.store.kind, "foreign");
  const error = errorOf(await put(wish("disable", "b", { atMs: at() })));
  assert.match(error.message, /wiped and used again/);
  assert.equal(server.values.has(keyOf(wish("disable", "b", { atMs: 0 }))), false);
  await stop();
});

Deno.test("restoreStore() writes the book back, and the others follow again", async () => {
  const { server, a, b, put, at, stop, done } = two();
  okOf(await put(wish("disable", "a", { atMs: at() })));
  okOf(await put(wish("pause", "b", { atMs: at() })));
  server.wipe();
  okOf(await done(restoreStore(a.member)));
  assert.deepEqual([a.member.store.kind, b.member.store.kind], ["ok", "ok"]);
  assert.deepEqual(inForce(b.checker), ["fleet disable a", "fleet pause b"]);
  assert.equal(b.member.view.uuid, a.member.view.uuid);
  okOf(await put(wish("pause", "c", { atMs: at() })));
  assert.equal(b.stateOf("c"), "paused");
  await stop();
});

Deno.test("a store that went back is foreign; restoreStore() ends what the backup revived", async () => {
  const { server, a, b, put, at, stop, done } = two();
  const { id } = okOf(await put(wish("disable", "a", { atMs: at() })));
  const backup = new Map(server.values);
  const { revision } = server;
  okOf(await done(endWish(a.member, { id, by: WHO, reason: "", nowMs: at() })));
  server.replace(backup, revision);
  assert.deepEqual([a.member.store.kind, b.member.store.kind], ["foreign", "foreign"]);
  assert.deepEqual(inForce(a.checker), []);
  okOf(await done(restoreStore(b.member)));
  assert.deepEqual([a.member.store.kind, b.member.store.kind], ["ok", "ok"]);
  assert.deepEqual([inForce(a.checker), inForce(b.checker)], [[], []]);
  await stop();
});

Deno.test("forgetBook() takes the store as it is", async () => {
  const { server, a, put, at, stop } = two();
  okOf(await put(wish("disable", "a", { atMs: at() })));
  server.wipe();
  server.put(META, JSON.stringify({ v: 1, uuid: "other", restored: 0 }));
  okOf(forgetBook(a.member));
  assert.equal(a.member.store.kind, "ok");
  assert.deepEqual(inForce(a.checker), []);
  await stop();
});

Deno.test("FleetMember: many intents gone without an end are not believed", async () => {
  const { server, a, put, at, stop } = two();
  for (const name of ["a", "b", "c"]) okOf(await put(wish("pause", name, { atMs: at() })));
  for (const name of ["a", "b"]) server.values.delete(keyOf(wish("pause", name, { atMs: 0 })));
  server.revision++;
  server.reconnect();
  assert.equal(a.member.store.kind, "suspect");
  assert.deepEqual(inForce(a.checker), ["fleet pause a", "fleet pause b", "fleet pause c"]);
  await stop();
});

Deno.test("guard: an intent that would empty a frontend is held here, and the answer has it", async () => {
  const { clock, a, b, put, at, stop } = two({ upOnB: ["a"] });
  const done = okOf(await put(wish("disable", "a", { atMs: at() })));
  assert.equal(done.warning, "lb2 holds it: frontend web would have no server");
  assert.deepEqual([a.stateOf("a"), b.stateOf("a")], ["disabled", "up"]);
  const [here] = b.member.view.wishes;
  assert.deepEqual(here?.here, { kind: "held", reason: "frontend web would have no server" });
  // Another server comes up: nothing stands in the way any longer.
  b.engine.report({ b: { ok: true, code: "L7OK", detail: "", durationMs: 1 } as never });
  await clock.advanceAsync(1500);
  assert.equal(b.stateOf("a"), "disabled");
  await stop();
});

Deno.test("guard: with force it is obeyed", async () => {
  const { b, put, at, stop } = two({ upOnB: ["a"] });
  okOf(await put(wish("disable", "a", { atMs: at() }), true));
  assert.equal(b.stateOf("a"), "disabled");
  await stop();
});

Deno.test("guard: new intents of one batch that touch too much of a pool are held", async () => {
  const { a, b, put, at, stop } = two();
  b.store.cut();
  for (const name of ["a", "b"]) okOf(await put(wish("pause", name, { atMs: at() })));
  b.store.mend();
  assert.deepEqual(inForce(a.checker), ["fleet pause a", "fleet pause b"]);
  assert.deepEqual(inForce(b.checker), []);
  assert.match(b.member.view.wishes[0]!.here.kind, /held/);
  await stop();
});

Deno.test("FleetMember: a restart without the store obeys the book on disk", async () => {
  const { server, add, a, b, put, at, stop, clock } = two();
  okOf(await put(wish("disable", "a", { atMs: at() })));
  const text = encodeBook(a.saved.at(-1)!);
  const kept = decodeBook(text);
  if (typeof kept === "string") assert.fail(kept);
  const again = add({ lb: "lb3", kept, up: ["b", "c", "d", "e"] });
  again.store.isCut = true;
  again.member.start();
  assert.equal(again.stateOf("a"), "disabled");
  await clock.advanceAsync(5000);
  assert.deepEqual(inForce(again.checker), ["fleet disable a"]);
  // An empty store at its return is not believed.
  server.values.clear();
  again.store.mend();
  assert.equal(again.member.store.kind, "foreign");
  assert.deepEqual(inForce(again.checker), ["fleet disable a"]);
  await again.member.stop();
  await stop();
  void b;
});

Deno.test("a book whose text was changed is refused", () => {
  assert.equal(decodeBook("{"), "not JSON, or truncated");
  const book = { meta: { uuid: "u", restored: 0 }, revision: 3, entries: new Map() };
  const text = encodeBook({ fleet: "edge", book, obeyed: new Map(), savedMs: 5 as never });
  assert.equal(typeof decodeBook(text), "object");
  assert.match(String(decodeBook(text.replace('"revision":3', '"revision":4'))), /checksum/);
});

for (
  const [kind, result] of [["late", "done"], ["unanswered", "done"], [
    "undone",
    "not done",
  ]] as const
) {
  Deno.test(`a write without an answer is settled once: ${kind}`, async () => {
    const { clock, a, put, at, stop } = two();
    a.store.nextWrite = kind;
    const error = errorOf(await put(wish("disable", "a", { atMs: at() })));
    assert.equal(error.code, "deadline-exceeded");
    if (kind === "late") a.store.land();
    await clock.advanceAsync(30_000);
    assert.deepEqual(a.logger.of("fleet-write-settled").map((each) => each.result), [result]);
    assert.equal(a.stateOf("a"), result === "done" ? "disabled" : "up");
    await stop();
  });
}

Deno.test("a second load balancer of one name publishes nothing, and reports it", async () => {
  const { clock, server, add, a, stop } = two();
  await clock.advanceAsync(2000);
  const twin = add({ lb: "lb1" });
  twin.member.start();
  await clock.advanceAsync(5000);
  assert.deepEqual([a.member.view.nameTaken, twin.member.view.nameTaken], [false, true]);
  // The first one ends, and its lease with it.
  server.expire(a.store);
  a.store.cut();
  await clock.advanceAsync(3000);
  assert.equal(twin.member.view.nameTaken, false);
  await twin.member.stop();
  await stop();
});

Deno.test("values that cannot be read are not obeyed, and others are", async () => {
  const { server, a, put, at, stop } = two();
  okOf(await put(wish("disable", "a", { atMs: at() })));
  const key = (name: string) => keyOf(wish("disable", name, { atMs: 0 }));
  server.put(key("b"), "not JSON");
  server.put(key("c"), JSON.stringify({ v: 2, kind: "later" }));
  server.put(key("d"), "x".repeat(20_000));
  assert.deepEqual(inForce(a.checker), ["fleet disable a"]);
  assert.deepEqual([...a.member.view.ignored].sort(), [["invalid", 1], ["newer", 1], [
    "too-large",
    1,
  ]]);
  await stop();
});
