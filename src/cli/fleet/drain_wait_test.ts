/** Waiting for a shared drain. Goal: the exit status for scripts, and each load balancer named. */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { type FleetDrain, FleetInfo, FleetIntent, FleetMember } from "../../grpc/gen/maglev.ts";
import { create } from "../../grpc/messages/codec.ts";
import { Intent } from "../../grpc/gen/maglev.ts";
import { ago, NOW_MS } from "../../../tests/support/worlds/cli_words.ts";
import { type DrainWaited, waitForDrain } from "./drain_wait.ts";
import type { Server } from "../servers.ts";

const ID = "0123abcd";
const UNTIL_NS = BigInt(NOW_MS + 60_000) * 1_000_000n;

function member(name: string, drain?: Partial<FleetDrain>, rest: Partial<FleetMember> = {}) {
  const drains = drain === undefined
    ? []
    : [{ id: ID, state: "draining", flows: undefined, note: "", ...drain }];
  return { ...create(FleetMember), name, site: "ams", present: true, drains, ...rest };
}

function info(members: readonly FleetMember[], { ended = false } = {}): FleetInfo {
  const intent = {
    ...create(Intent),
    id: ID,
    kind: "drain",
    backend: "b7",
    scope: "fleet",
    untilUnixNs: UNTIL_NS,
  };
  const intents = ended ? [] : [{ ...create(FleetIntent), intent }];
  return { ...create(FleetInfo), intents, members };
}

const DRAINED = { state: "drained", note: "VPP counts no flow" };

/** Waits while a server gives these answers, one a second; the last one again and again. */
async function waited(
  answers: readonly (FleetInfo | MaglevError)[],
  { ignored = [], scope = "fleet", interruptAt = Infinity }: {
    readonly ignored?: readonly string[];
    readonly scope?: string;
    readonly interruptAt?: number;
  } = {},
): Promise<DrainWaited & { readonly said: readonly string[] }> {
  const said: string[] = [];
  const abort = new AbortController();
  let asked = 0;
  let seconds = 0;
  const client = {
    call() {
      const answer = answers[Math.min(asked++, answers.length - 1)]!;
      return answer instanceof MaglevError ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const server = { ask: (call: (each: unknown) => unknown) => call(client) } as unknown as Server;
  const result = await waitForDrain(server, {
    backend: "b7",
    scope,
    ignored,
    signal: abort.signal,
    wallMs: () => NOW_MS + seconds * 1000 as typeof NOW_MS,
    waiting: {
      pause() {
        if (++seconds >= interruptAt) abort.abort();
        return Promise.resolve();
      },
      say: (line) => said.push(line),
    },
  });
  return { ...result, said };
}

Deno.test("a drain that leaves no flow on any load balancer ends with 0", async () => {
  const left = { flows: 12n, note: "no packet for 5 s" };
  const { status, said, json } = await waited([
    info([member("lb1"), member("lb2", left)]),
    new MaglevError("unavailable", "restarting"),
    info([member("lb1", DRAINED), member("lb2", left)]),
    info([member("lb1", DRAINED), member("lb2", DRAINED)]),
  ]);
  assert.equal(status, 0);
  assert.deepEqual(said, [
    "b7: lb1 applying (it has not applied it yet); " +
    "lb2 draining (at most 12 flows left, no packet for 5 s)",
    "b7: lb1 drained (VPP counts no flow); " +
    "lb2 draining (at most 12 flows left, no packet for 5 s)",
  ]);
  assert.equal((json as { drained: boolean }).drained, true);
});

Deno.test("a load balancer that is away is named, and waited for until the end or ignored", async () => {
  const away = member("lb4", undefined, { present: false, sinceUnixNs: ago(180_000) });
  const all = info([member("lb1", DRAINED), away]);
  const { status, errors, said } = await waited([all]);
  assert.equal(status, 4);
  assert.deepEqual(errors, [`the time of drain ${ID} is over`]);
  assert.ok(said.length >= 6, "a line every ten seconds");
  assert.ok(
    said.every((line) => /lb4 away \(for 3m[^)]*; not waited for with ignore lb4\)/.test(line)),
  );
  assert.equal((await waited([all], { ignored: ["lb4"] })).status, 0);
  await assert.rejects(
    waited([all], { ignored: ["lb5"] }),
    /cannot ignore lb5: not a load balancer/,
  );
});

Deno.test("one that holds the drain, an operator who ends it, and Ctrl-C have statuses of their own", async () => {
  const reason = "frontend web would have no server";
  const holds = member("lb3", undefined, { held: [{ id: ID, reason }] });
  const held = await waited([info([member("lb1", DRAINED), holds])]);
  assert.equal(held.status, 4);
  assert.match(JSON.stringify(held.view), /refused.*frontend web would have no server/);
  const one = info([member("lb1", { flows: 1n })]);
  const ended = await waited([one, info([member("lb1")], { ended: true })]);
  assert.deepEqual([ended.status, ended.errors], [1, [`drain ${ID} was ended before its time`]]);
  const stopped = await waited([one], { interruptAt: 3 });
  assert.equal(stopped.status, 1);
  assert.match(stopped.errors[0]!, /^drain 0123abcd goes on until .*; end it with `cancel intent/);
  await assert.rejects(
    waited([info([member("lb1")], { ended: true })]),
    /cannot wait for the drain of b7: it has ended/,
  );
});

Deno.test("load balancers of another site are not waited for", async () => {
  const other = member("lb9", undefined, { site: "fra" });
  const both = info([member("lb1", DRAINED), other]);
  const intents = both.intents.map((each) => ({
    ...each,
    intent: { ...each.intent!, scope: "site=ams" },
  }));
  const { status } = await waited([{ ...both, intents }], { scope: "site=ams" });
  const ofOne = both.intents.map((each) => ({
    ...each,
    intent: { ...each.intent!, scope: "lb=lb1" },
  }));
  const one = await waited([{ ...both, intents: ofOne }], { scope: "lb=lb1" });
  assert.equal(one.status, 0);
  assert.equal(status, 0);
});
