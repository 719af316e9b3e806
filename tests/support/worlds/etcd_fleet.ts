/** Members of a fleet over a real etcd, with requests as an operator makes them, and judges. */
import assert from "node:assert/strict";
import { MaglevError } from "../../../src/base/errors.ts";
import type { MonotonicMs, WallMs } from "../../../src/base/instant.ts";
import type { Clock, Timer } from "../../../src/base/ports.ts";
import { EtcdStore } from "../../../src/fleet/etcd/etcd_store.ts";
import type { FleetDone } from "../../../src/fleet/member/requests/answers.ts";
import {
  endWish,
  putWish,
  type ScopedIntent,
} from "../../../src/fleet/member/requests/requests.ts";
import type { ClientTls } from "../../../src/grpc/client/channel.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";
import { readUntil } from "../judges/until.ts";
import { inForce, memberOn, wish } from "./member_world.ts";

export const PREFIX = "/maglev/edge/";

/** A clock whose wall time is ahead of this machine's. */
class AheadClock implements Clock {
  readonly #clock = new SystemClock();
  readonly #aheadMs: number;

  constructor(aheadMs: number) {
    this.#aheadMs = aheadMs;
  }

  wallMs(): WallMs {
    return this.#clock.wallMs() + this.#aheadMs as WallMs;
  }

  monotonicMs(): MonotonicMs {
    return this.#clock.monotonicMs();
  }

  after(ms: number, act: () => void): Timer {
    return this.#clock.after(ms, act);
  }
}

export interface EtcdMemberOptions {
  readonly tls?: ClientTls | undefined;
  /** The wall clock is ahead by this. */
  readonly aheadMs?: number;
  readonly site?: string;
}

/** A load balancer of the fleet, started. */
export function etcdMember(
  lb: string,
  servers: readonly string[],
  { tls, aheadMs = 0, site = "" }: EtcdMemberOptions = {},
) {
  const clock = new AheadClock(aheadMs);
  const store = new EtcdStore({
    servers,
    prefix: PREFIX,
    clock,
    ...(tls === undefined ? {} : { readTls: () => Promise.resolve(tls) }),
  });
  const parts = { store, clock, newUuid: () => crypto.randomUUID() };
  const made = memberOn(parts, { lb, site });
  const { member, checker } = made;
  member.start();
  const now = () => Math.floor(clock.wallMs());
  const patient = { deadlineMs: 60_000 };
  return {
    ...made,
    store,
    lb,
    now,
    /** Waits for a state of the store. */
    async is(kind: string): Promise<void> {
      const what = `the store of ${lb} is ${kind}`;
      await readUntil(() => member.store, (state) => state.kind === kind, { ...patient, what });
    },
    /** Waits until these intents are in force. */
    async obeys(...intents: readonly string[]): Promise<void> {
      const read = () => inForce(checker).join();
      const what = `${lb} obeys [${intents}]`;
      await readUntil(read, (text) => text === intents.join(), { ...patient, what });
    },
    /** A request, as it is answered. */
    ask(intent: ScopedIntent): Promise<FleetDone | MaglevError> {
      return putWish(member, { intent, force: true });
    },
    async put(kind: "pause" | "disable", backend: string, untilMs?: number): Promise<FleetDone> {
      const until = untilMs === undefined ? {} : { untilMs };
      return okOf(await this.ask(wish(kind, backend, { atMs: now(), ...until })));
    },
    /** The same, again while it is refused: an election may last some seconds. */
    async putSoon(kind: "pause" | "disable", backend: string): Promise<FleetDone> {
      for (;;) {
        const done = await this.ask(wish(kind, backend, { atMs: now() }));
        if (!(done instanceof MaglevError)) return done;
        await this.is("ok");
      }
    },
    async end(id: string): Promise<FleetDone> {
      const by = { peer: "127.0.0.1:1", identity: "bob" };
      return okOf(await endWish(member, { id, by, reason: "", nowMs: now() as WallMs }));
    },
    async [Symbol.asyncDispose]() {
      await member.stop();
      checker.stop();
    },
  };
}

export type EtcdMember = ReturnType<typeof etcdMember>;

export function okOf<T>(result: T | MaglevError): T {
  if (result instanceof MaglevError) assert.fail(result.message);
  return result;
}

/** The error of a request that is refused. */
export function refusalOf(result: unknown): MaglevError {
  assert.ok(result instanceof MaglevError, "need a refusal");
  return result;
}
