/** Isolation under a stopped clock, with targets that a test switches on and off. */
import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { parseIp } from "../../base/address.ts";
import { later } from "../../base/instant.ts";
import { CONNECTED, failed } from "../outcome.ts";
import { CutOffs } from "./cut_offs.ts";
import {
  INTERVAL_MS,
  Isolation,
  type IsolationNews,
  isolationSpec,
  TIMEOUT_MS,
} from "./isolation.ts";

/** Targets r1 to r3, of which two must answer. */
class World {
  readonly clock = new FakeClock();
  readonly news: string[] = [];
  /** Numbers of the targets that answer, after 1 ms; the others are silent. */
  answering = new Set([1, 2, 3]);
  /** Numbers of the targets that refuse immediately. */
  refusing = new Set<number>();
  probes = 0;
  /** Probes that have not ended. */
  pending = 0;
  readonly isolation: Isolation;

  constructor(maxHoldMs = 5000) {
    this.isolation = new Isolation({
      spec: isolationSpec({
        targets: [1, 2, 3].map((i) => ({
          address: parseIp(`192.0.2.${i}`)!,
          type: "icmp",
          port: 0,
        })),
        quorum: 2,
        maxHoldMs,
      }),
      clock: this.clock,
      prober: ({ address }) => (cancellation) => {
        this.probes++;
        this.pending++;
        const number = Number(address.split(".").at(-1));
        const { promise, resolve } = Promise.withResolvers<ReturnType<typeof failed>>();
        cancellation.release = () => resolve(failed("L7TOUT", "no echo reply"));
        this.clock.after(1, () => {
          if (this.refusing.has(number)) resolve(failed("L4CON", "refused"));
          else if (this.answering.has(number)) resolve(CONNECTED as ReturnType<typeof failed>);
        });
        return promise.finally(() => this.pending--);
      },
      onNews: ({ state, reason }) => this.news.push(`${state}: ${reason}`),
    });
  }

  async pass(ms: number): Promise<void> {
    for (const endMs = this.clock.monotonicMs() + ms; this.clock.monotonicMs() < endMs;) {
      this.clock.advance(1);
      await settle();
    }
  }

  /** How long a failure of now waits, and what becomes of it. */
  async judge(): Promise<{ readonly afterMs: number; readonly reason: string | undefined }> {
    const startMs = this.clock.monotonicMs();
    let answer: { afterMs: number; reason: string | undefined } | undefined;
    this.isolation.after(this.clock.monotonicMs(), (reason) => {
      answer = { afterMs: this.clock.monotonicMs() - startMs, reason };
    });
    while (answer === undefined) await this.pass(1);
    return answer;
  }
}

Deno.test("Isolation: while the quorum answers a failure counts after one round trip", async () => {
  const world = new World();
  await world.pass(2100);
  assert.equal(world.probes, 5 * 3, "a round each half second");
  assert.deepEqual(await world.judge(), { afterMs: 1, reason: undefined });
  world.answering = new Set([1, 3]);
  await world.pass(1000);
  assert.equal((await world.judge()).reason, undefined, "two of three are the quorum");
  assert.deepEqual(world.news, []);
  world.isolation.close();
  await settle();
  assert.equal(world.clock.timers, 0);
});

Deno.test("Isolation: below the quorum failures are void, with what was seen, until it is back", async () => {
  const world = new World();
  await world.pass(1000);
  world.answering = new Set([2]);
  world.refusing = new Set([1]);
  const { afterMs, reason } = await world.judge();
  assert.ok(afterMs <= INTERVAL_MS + TIMEOUT_MS, `${afterMs} ms`);
  assert.match(reason!, /^1 of 3 isolation targets answer, need 2 \(192\.0\.2\.1 icmp: refused/);
  assert.equal(world.isolation.reasonSince(world.clock.monotonicMs()), reason);
  await world.pass(2000);
  assert.equal(world.news.length, 1, "it is reported once");
  const startedMs = later(world.clock.monotonicMs(), -INTERVAL_MS);
  world.answering = new Set([1, 2]);
  world.refusing = new Set();
  await world.pass(INTERVAL_MS + TIMEOUT_MS);
  assert.equal(world.isolation.reasonSince(world.clock.monotonicMs()), undefined);
  assert.match(world.isolation.reasonSince(startedMs)!, /^1 of 3/, "a probe from before the end");
  assert.equal(world.news.length, 2);
  assert.match(world.news[1]!, /^ended: 2 of 3/);
  world.isolation.close();
});

Deno.test("Isolation: a probe that began before the first round with a quorum does not count", async () => {
  const world = new World();
  await world.pass(1000);
  world.answering = new Set();
  await world.pass(2 * INTERVAL_MS);
  // The last round without an answer has begun, and the network is back before the next one.
  await world.pass(INTERVAL_MS - 50);
  const lostMs = world.clock.monotonicMs();
  await world.pass(10);
  world.answering = new Set([1, 2, 3]);
  await world.pass(2 * INTERVAL_MS);
  assert.match(world.news.at(-1)!, /^ended/);
  assert.match(world.isolation.reasonSince(lostMs)!, /^0 of 3/, "its packets were lost");
  assert.equal(world.isolation.reasonSince(world.clock.monotonicMs()), undefined);
  world.isolation.close();
  await settle();
});

Deno.test("Isolation: it expires, and begins again only after three rounds with the quorum", async () => {
  const world = new World(3000);
  await world.pass(100);
  world.answering = new Set();
  await world.pass(4500);
  assert.deepEqual(world.news.map((text) => text.split(":")[0]), ["isolated", "expired"]);
  assert.equal((await world.judge()).reason, undefined, "failures count");
  world.answering = new Set([1, 2]);
  await world.pass(INTERVAL_MS);
  world.answering = new Set();
  await world.pass(2000);
  assert.equal(world.news.length, 2, "one good round is not enough");
  world.answering = new Set([1, 2]);
  await world.pass(4 * INTERVAL_MS);
  assert.deepEqual(world.news.slice(2), ["returned: 2 of 3 targets answer"]);
  world.answering = new Set();
  await world.pass(1000);
  assert.equal(world.news.at(-1)!.split(":")[0], "isolated");
  world.isolation.close();
});

Deno.test("Isolation: a round that began before a failure does not judge it; many share one round", async () => {
  const world = new World();
  await world.pass(1000);
  world.answering = new Set();
  const before = world.probes;
  await world.pass(INTERVAL_MS - 2);
  const reasons: (string | undefined)[] = [];
  for (let i = 0; i < 200; i++) {
    world.isolation.after(world.clock.monotonicMs(), (reason) => reasons.push(reason));
  }
  await world.pass(2 * TIMEOUT_MS + 100);
  assert.equal(reasons.length, 200);
  assert.ok(!reasons.includes(undefined));
  assert.ok(world.probes - before <= 4 * 3, `${world.probes - before} probes of targets`);
  let last: string | undefined;
  world.isolation.after(world.clock.monotonicMs(), (reason) => last = reason);
  world.isolation.close();
  assert.match(`${last}`, /settings/);
});

Deno.test("Isolation: no probe of a target outlives its round, and an expired one voids nothing", async () => {
  const world = new World(1000);
  world.answering = new Set([1, 2]);
  await world.pass(5 * INTERVAL_MS + 10);
  assert.equal(world.pending, 0, "probes of the silent target");
  world.answering = new Set();
  const startedMs = world.clock.monotonicMs();
  await world.pass(4000);
  assert.equal(world.news.at(-1)?.split(":")[0], "expired");
  assert.equal(world.isolation.reasonSince(startedMs), undefined);
  world.isolation.close();
  await settle();
  assert.equal(world.pending, 0);
});

Deno.test("CutOffs: a namespace is reported once for all its threads", () => {
  const log = new RecordingLogger();
  const cutOffs = new CutOffs(log);
  const [a, b] = [{ name: "probe-0", netns: "" }, { name: "probe-1", netns: "" }];
  const changed = (thread: typeof a, news: IsolationNews) =>
    cutOffs.changed(thread, { settings: cutOffs.settings, news });
  changed(a, { state: "isolated", reason: "0 of 2" });
  changed(b, { state: "isolated", reason: "0 of 2" });
  assert.equal(log.of("prober-isolated").length, 1);
  assert.deepEqual(cutOffs.partOf(""), { isolated: "0 of 2" });
  assert.deepEqual(cutOffs.partOf("blue"), {});
  changed(a, { state: "ended", reason: "2 of 2" });
  assert.equal(log.of("prober-isolated-ended").length, 0);
  changed(b, { state: "expired", reason: "0 of 2" });
  changed(a, { state: "expired", reason: "0 of 2" });
  assert.equal(log.of("prober-isolated-expired").length, 1, "once for all threads");
  assert.deepEqual(cutOffs.partOf(""), { expired: "0 of 2" });
  changed(b, { state: "returned", reason: "2 of 2" });
  assert.equal(log.of("prober-isolated-ended").length, 0, "targets of the other are away");
  changed(a, { state: "returned", reason: "2 of 2" });
  assert.deepEqual(log.of("prober-isolated-ended"), [{ message: "2 of 2" }]);
  assert.deepEqual(cutOffs.partOf(""), {});
  changed(b, { state: "isolated", reason: "0 of 2" });
  cutOffs.forget(b);
  assert.deepEqual(cutOffs.partOf(""), {});
});
