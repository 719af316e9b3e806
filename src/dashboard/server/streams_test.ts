import assert from "node:assert/strict";
import { sentEvent } from "../../../tests/support/fakes/fake_hub.ts";
import { DashboardWorld, FakeStream } from "../../../tests/support/worlds/dashboard_handler.ts";
import type { AskOptions } from "../../../tests/support/worlds/dashboard_handler.ts";

async function open(world: DashboardWorld, target: string, options: AskOptions = {}) {
  const answer = await world.answer(target, options);
  assert.equal(answer.kind, "stream");
  if (answer.kind !== "stream") throw new Error();
  assert.match(answer.headers?.["Content-Security-Policy"] ?? "", /default-src 'none'/);
  const stream = new FakeStream();
  answer.start(stream);
  return stream;
}

const EVENT = sentEvent({
  type: "log",
  maglevd: "lb1",
  t_ms: 1,
  level: "info",
  time: "",
  msg: "m",
  attributes: {},
}, "e1-5");

Deno.test("a stream passes the hub's events on, until it ends", async () => {
  const world = new DashboardWorld();
  const stream = await open(world, "/view/api/events");
  assert.equal([...world.hub.subscribers][0]!.audience, "viewer");
  assert.equal([...world.hub.subscribers][0]!.since, undefined);
  world.hub.publish(EVENT);
  assert.match(stream.text, /^id: e1-5\nevent: log\ndata: \{/);
  stream.end("gone");
  await stream.ended;
  assert.equal(world.hub.subscribers.size, 0);
});

Deno.test("a stream is counted for its client: the address, or the /64 of IPv6", async () => {
  const world = new DashboardWorld({ proxies: "10.0.0.1" });
  const group = async (peer: string, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await world.answer("/view/api/events", { peer, headers });
    return answer.kind === "stream" ? answer.group : undefined;
  };
  assert.equal(await group("192.0.2.1"), "192.0.2.1");
  const one = await group("2001:db8:1:2::1");
  assert.equal(await group("2001:db8:1:2:ffff::2"), one);
  assert.notEqual(await group("2001:db8:1:3::1"), one);
  assert.equal(await group("10.0.0.1", { "x-forwarded-for": "192.0.2.1" }), "192.0.2.1");
});

Deno.test("operators have a stream of their own", async () => {
  const world = new DashboardWorld();
  const stream = await open(world, "/admin/api/events", { login: true });
  assert.equal([...world.hub.subscribers][0]!.audience, "operator");
  stream.end("gone");
});

Deno.test("a stream continues where the client was: Last-Event-ID before since", async () => {
  const cases: [query: string, lastId: string | undefined, epoch: string, seq: number][] = [
    ["?since=e1-7", undefined, "e1", 7],
    ["?since=e1-7", "e1-9", "e1", 9],
    ["", "e0-3", "e0", 3],
    ["?since=e1-7", "", "e1", 7],
    // An id that is not ours: one resync, because an error would end the browser's attempts.
    ["?since=e1-7", "garbage", "", 0],
    ["", "e1-99999999999999999999", "", 0],
  ];
  for (const [query, lastId, epoch, seq] of cases) {
    const world = new DashboardWorld();
    const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
    const stream = await open(world, `/view/api/events${query}`, { headers });
    assert.deepEqual([...world.hub.subscribers][0]!.since, { epoch, seq }, `${query} ${lastId}`);
    assert.equal(stream.text.includes("event: resync"), epoch === "");
    stream.end("gone");
  }
});

Deno.test("what a browser shows is followed closely while its stream lasts", async () => {
  const world = new DashboardWorld();
  const one = await open(world, "/view/api/events?show=lb1&show=rack%202%2F%C3%A9&show=lb9");
  const two = await open(world, "/view/api/events?show=lb1&show=lb1");
  assert.deepEqual(world.hub.shown.toSorted(), ["lb1", "lb1", "rack 2/é"]);
  one.end("gone");
  await one.ended;
  assert.deepEqual(world.hub.shown, ["lb1"]);
  two.end("slow");
  await two.ended;
  assert.deepEqual(world.hub.shown, []);
  const { text } = await world.ask("/metrics");
  assert.match(text, /^maglev_dashboard_streams 0$/m);
  assert.match(text, /^maglev_dashboard_streams_opened_total 2$/m);
  assert.match(text, /^maglev_dashboard_streams_dropped_total 1$/m);
});
