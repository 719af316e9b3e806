import assert from "node:assert/strict";
import fc from "fast-check";
import { settle } from "../../tests/support/fakes/fake_clock.ts";
import { Feed } from "./feed.ts";

function feedOf(options: { replay?: Iterable<number>; capacity?: number } = {}) {
  const closes: string[] = [];
  const feed = new Feed<number | string>({
    replay: options.replay ?? [],
    capacity: options.capacity ?? 3,
    lost: (count) => `lost ${count}`,
    onClose: () => closes.push("closed"),
  });
  return { feed, closes };
}

async function take(feed: Feed<number | string>, count: number): Promise<(number | string)[]> {
  const items = [];
  for (let i = 0; i < count; i++) items.push((await feed.next()).value);
  return items;
}

Deno.test("Feed returns the replay first, even when it is read late, then the pushed items", async () => {
  const { feed } = feedOf({ replay: [1, 2, 3, 4, 5] });
  feed.push(10);
  assert.deepEqual(await take(feed, 2), [1, 2]);
  feed.push(11);
  assert.deepEqual(await take(feed, 5), [3, 4, 5, 10, 11]);
  feed.close();
});

Deno.test("Feed: the replay is not read ahead", async () => {
  let read = 0;
  function* replay(): Generator<number> {
    for (;;) yield read++;
  }
  const { feed } = feedOf({ replay: replay() });
  assert.equal(read, 0);
  await take(feed, 3);
  assert.ok(read <= 3);
  feed.close();
});

Deno.test("Feed gives a pushed item to a waiting reader", async () => {
  const { feed } = feedOf();
  const next = feed.next();
  feed.push(7);
  feed.push(8);
  assert.deepEqual(await next, { done: false, value: 7 });
  assert.deepEqual(await take(feed, 1), [8]);
  feed.close();
});

Deno.test("Feed keeps the oldest items of a slow reader, and puts the number of lost ones at the gap", async () => {
  const { feed } = feedOf();
  for (let n = 1; n <= 10; n++) feed.push(n);
  assert.deepEqual(await take(feed, 4), [1, 2, 3, "lost 7"]);
  for (let n = 11; n <= 14; n++) feed.push(n);
  // Room for the word of the loss and an item, not for one of them alone.
  assert.deepEqual(await take(feed, 1), [11]);
  feed.push(15);
  assert.deepEqual(await take(feed, 3), [12, 13, "lost 2"]);
  feed.push(16);
  assert.deepEqual(await take(feed, 1), [16]);
  feed.close();
});

Deno.test("Feed: read and lost items add up to the pushed ones, in order", async () => {
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 2, max: 6 }),
    fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 }),
    async (capacity, runs) => {
      const { feed } = feedOf({ capacity });
      let pushed = 0;
      let expected = 0;
      let waiting: Promise<IteratorResult<number | string>> | undefined;
      const read = (value: number | string) => {
        if (typeof value === "number") assert.equal(value, expected++);
        else expected += Number(value.slice(5));
      };
      for (const [i, times] of runs.entries()) {
        if (i % 2 === 0) { for (let n = 0; n < times; n++) feed.push(pushed++); }
        else {
          for (let n = 0; n < times; n++) {
            waiting ??= feed.next();
            const result = await Promise.race([waiting, settle()]);
            if (result === undefined) break;
            waiting = undefined;
            read(result.value);
          }
        }
      }
      for (;;) {
        const result = await Promise.race([waiting ?? feed.next(), settle()]);
        waiting = undefined;
        if (result === undefined) break;
        read(result.value);
      }
      assert.equal(expected, pushed);
      feed.close();
    },
  ));
});

Deno.test("Feed.close() ends a waiting reader, calls back once, and later pushes are ignored", async () => {
  const { feed, closes } = feedOf();
  const next = feed.next();
  feed.close();
  feed.close();
  feed.push(1);
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.deepEqual(await feed.next(), { done: true, value: undefined });
  assert.deepEqual(closes, ["closed"]);
});

Deno.test("Feed: leaving a for await loop closes it", async () => {
  const { feed, closes } = feedOf({ replay: [1, 2, 3] });
  for await (const item of feed) {
    if (item === 2) break;
  }
  assert.deepEqual(closes, ["closed"]);
});

Deno.test("Feed rejects two concurrent readers as a bug", () => {
  const { feed } = feedOf();
  void feed.next();
  assert.throws(() => feed.next(), /two readers/);
  feed.close();
});
