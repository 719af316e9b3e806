/**
 * Sessions over calls in memory. Goal: what arrives is bounded and complete, and silence and the lease
 * are timed.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { MAX_VALUE_LENGTH, TOO_LARGE_TEXT } from "../book/values.ts";
import type { StoreChange, StoreSnapshot } from "../book/store.ts";
import { create } from "../../grpc/messages/codec.ts";
import type { Duplex, DuplexOptions } from "./calls.ts";
import { KeyValue, LeaseKeepAliveRequest, RangeResponse, WatchResponse } from "./gen/etcd.ts";
import { bytesOf, EtcdSession, MAX_KEYS, MAX_TEXT, SILENT_MS } from "./session.ts";

const PREFIX = "/maglev/edge/";

const header = (revision: number) => ({
  clusterId: 1n,
  memberId: 1n,
  revision: BigInt(revision),
  raftTerm: 1n,
});

function keyValue(key: string, value: Uint8Array, revision: number): KeyValue {
  return create(KeyValue, {
    key: bytesOf(PREFIX + key),
    value,
    modRevision: BigInt(revision),
  });
}

/** A session whose lists `pageOf` answers, by the number of keys that are requested. */
function session(pageOf: (limit: number) => Partial<RangeResponse> | MaglevError) {
  const clock = new FakeClock();
  const seen = {
    limits: [] as number[],
    snapshots: [] as StoreSnapshot[],
    changes: [] as (readonly [readonly StoreChange[], number])[],
    ends: [] as string[],
    renewals: [] as bigint[],
  };
  let watch: ((message: WatchResponse) => void) | undefined;
  const calls = {
    unary(_: unknown, request: { readonly limit: bigint }) {
      seen.limits.push(Number(request.limit));
      const page = pageOf(Number(request.limit));
      return page instanceof MaglevError
        ? Promise.reject(page)
        : Promise.resolve(create(RangeResponse, page));
    },
    duplex(method: { readonly path: string }, options: DuplexOptions<never>): Duplex<never> {
      const isLease = method.path.includes("Lease");
      if (!isLease) watch = options.onMessage as typeof watch;
      return {
        send(request: unknown) {
          if (isLease) seen.renewals.push((request as LeaseKeepAliveRequest).ID);
        },
        close() {},
      };
    },
    close() {},
  };
  const made = new EtcdSession({
    calls: calls as unknown as ConstructorParameters<typeof EtcdSession>[0]["calls"],
    prefix: PREFIX,
    clock,
    pageKeys: 500,
    lease: () => 7n,
    onSnapshot: (snapshot) => void seen.snapshots.push(snapshot),
    onChanges: (...change) => void seen.changes.push(change),
    onLeaseGone() {},
    onEnd: ({ message }) => void seen.ends.push(message),
  });
  const arrive = (message: Partial<WatchResponse>) => watch!(create(WatchResponse, message));
  return { clock, seen, arrive, session: made };
}

Deno.test("EtcdSession: changes have their own revision, not the store's, which may be ahead", async () => {
  const { seen, arrive, session: one } = session(() => ({ header: header(5) }));
  await one.start();
  arrive({ header: header(5), created: true });
  const kv = keyValue("a", bytesOf("1"), 6);
  arrive({ header: header(9000), events: [{ type: 0, kv }] });
  assert.deepEqual(seen.changes, [[[{ key: "a", text: "1", revision: 6 }], 6]]);
  one.close();
});

Deno.test("EtcdSession: a value that is too large costs no memory", async () => {
  const value = new Uint8Array(MAX_VALUE_LENGTH + 1).fill(65);
  const { seen, arrive, session: one } = session(() => ({
    header: header(5),
    kvs: [keyValue("a", value, 3), keyValue("b", value.subarray(1), 4)],
  }));
  await one.start();
  arrive({ header: header(5), created: true });
  const [a, b] = seen.snapshots[0]!.values;
  assert.equal(a!.text, TOO_LARGE_TEXT);
  assert.equal(b!.text.length, MAX_VALUE_LENGTH);
  one.close();
});

Deno.test("EtcdSession: more keys than are followed end it with the reason", async () => {
  const kvs = Array.from({ length: 500 }, (_, at) => keyValue(`k${at}`, bytesOf("x"), 2));
  const { seen, session: one } = session(() => ({ header: header(5), kvs, more: true }));
  await one.start();
  assert.deepEqual(seen.ends, [`the store has more than ${MAX_KEYS} keys below ${PREFIX}`]);
});

Deno.test("EtcdSession: more text than is followed ends it with the reason", async () => {
  const value = new Uint8Array(MAX_VALUE_LENGTH).fill(65);
  const kvs = Array.from({ length: 500 }, (_, at) => keyValue(`k${at}`, value, 2));
  const { seen, session: one } = session(() => ({ header: header(5), kvs, more: true }));
  await one.start();
  assert.deepEqual(seen.ends, [`the store has more than ${MAX_TEXT} bytes below ${PREFIX}`]);
});

Deno.test("EtcdSession: a page that is too large is listed in smaller ones", async () => {
  const { seen, arrive, session: one } = session((limit) =>
    limit > 5 ? new MaglevError("resource-exhausted", "larger than max") : { header: header(5) }
  );
  await one.start();
  arrive({ header: header(5), created: true });
  assert.deepEqual(seen.limits, [500, 50, 5]);
  assert.equal(seen.snapshots.length, 1);
  one.close();
});

Deno.test("EtcdSession: silence is noticed when it is over, and the lease is renewed early", async () => {
  const { clock, seen, arrive, session: one } = session(() => ({ header: header(5) }));
  await one.start();
  await clock.advanceAsync(700);
  arrive({ header: header(5), created: true });
  await clock.advanceAsync(400);
  assert.deepEqual(seen.renewals, [7n]);
  await clock.advanceAsync(SILENT_MS - 400 - 1);
  assert.deepEqual(seen.ends, []);
  await clock.advanceAsync(1);
  assert.deepEqual(seen.ends, [`etcd was silent for ${SILENT_MS} ms`]);
});
