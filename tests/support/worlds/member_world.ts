/** Load balancers of a fleet over a store in memory, each with its own checker; one clock. */
import type { Checker } from "../../../src/checker/checker.ts";
import type { Clock } from "../../../src/base/ports.ts";
import type { KeptBook } from "../../../src/fleet/book/file.ts";
import { fleetTraffic } from "../../../src/daemon/fleet/traffic.ts";
import type { FleetStore } from "../../../src/fleet/book/store.ts";
import { FleetMember } from "../../../src/fleet/member/member.ts";
import type { RolloutPort } from "../../../src/fleet/member/rollout/follower.ts";
import type { ScopedIntent } from "../../../src/fleet/member/requests/requests.ts";
import { FakeClock } from "../fakes/fake_clock.ts";
import { FakeFleetServer } from "../fakes/fake_fleet_store.ts";
import { RecordingLogger } from "../fakes/recording_logger.ts";
import { wall } from "../fakes/instants.ts";
import { setUp } from "./checker_fixture.ts";
import { PASS } from "../fakes/fake_probe_engine.ts";
import { type SmallConfig, smallConfig } from "../fakes/small_config.ts";

/** Five servers in one pool, and a frontend with one of them alone. */
export const FIVE = {
  backends: { a: {}, b: {}, c: {}, d: {}, e: {} },
  frontends: { web: { pools: "a:100 b:100 c:100 d:100 e:100" } },
};

export interface MemberOptions {
  readonly lb: string;
  readonly site?: string;
  readonly kept?: KeptBook;
  /** Default: FIVE. */
  readonly config?: SmallConfig;
  /** Default: without part in rollouts. */
  readonly rollout?: RolloutPort;
  /** Default: every book is stored. */
  readonly save?: (book: KeptBook) => Promise<string>;
  /** Servers whose checks pass; default: all. */
  readonly up?: readonly string[];
}

/** A load balancer without its store's connection. */
export interface MemberParts {
  readonly store: FleetStore;
  /** Of the member; its checker's clock stands still. */
  readonly clock: Clock;
  readonly newUuid: () => string;
}

/** A member of fleet edge with a checker of its own. */
export function memberOn(
  { store, clock, newUuid }: MemberParts,
  { lb, site = "", kept, config = FIVE, save, rollout, up = Object.keys(config.backends) }:
    MemberOptions,
) {
  const shared = [...kept?.obeyed.values() ?? []].map(({ intent }) => intent);
  const { checker, engine, stateOf } = setUp(smallConfig(config), {
    ...(kept === undefined ? {} : {
      intents: {
        kept: shared,
        maxAgeMs: 0,
        store: { save: () => Promise.resolve({ kind: "stored" } as const) },
      },
    }),
  });
  checker.start();
  engine.report(Object.fromEntries(up.map((name) => [name, PASS])));
  const logger = new RecordingLogger();
  const saved: KeptBook[] = [];
  const member = new FleetMember({
    fleet: "edge",
    place: { lb, site },
    version: "1",
    store,
    checker,
    traffic: fleetTraffic({ checker, vpp: undefined, clock }),
    configHash: () => rollout?.hash() ?? "hash",
    rollout,
    disk: {
      save(book) {
        saved.push(book);
        return save?.(book) ?? Promise.resolve("");
      },
      close: () => Promise.resolve(),
    },
    kept,
    newUuid,
    clock,
    logger,
  });
  return { checker, engine, member, logger, saved, stateOf };
}

/** The fleet. */
export function memberWorld() {
  const clock = new FakeClock();
  const server = new FakeFleetServer();
  let uuids = 0;
  const add = (options: MemberOptions) => {
    const store = server.connect();
    const parts = { store, clock, newUuid: () => `uuid-${uuids++}` };
    return { store, ...memberOn(parts, options) };
  };
  /** The result of a request, while time goes on. */
  const done = async <T>(request: Promise<T>): Promise<T> => {
    let isOver = false;
    const over = () => void (isOver = true);
    request.then(over, over);
    for (let turn = 0; turn < 200 && !isOver; turn++) await clock.advanceAsync(100);
    return await request;
  };
  return { clock, server, add, done };
}

/** One load balancer of memberWorld(). */
export type MemberOf = ReturnType<ReturnType<typeof memberWorld>["add"]>;

/** A wish of all load balancers. */
export function wish(
  kind: "pause" | "disable",
  backend: string,
  { scope = "fleet", atMs, untilMs }: {
    readonly scope?: string;
    readonly atMs: number;
    readonly untilMs?: number;
  },
): ScopedIntent {
  return {
    kind,
    backend,
    scope,
    by: { peer: "127.0.0.1:1", identity: "ann" },
    reason: "test",
    sinceMs: wall(atMs),
    untilMs: untilMs === undefined ? undefined : wall(untilMs),
  };
}

/** A weight in place of the file's 100. */
export function weightWish(
  backend: string,
  weight: number,
  { scope = "fleet", atMs }: { readonly scope?: string; readonly atMs: number },
): ScopedIntent {
  const base = wish("pause", backend, { scope, atMs });
  return { ...base, kind: "weight", frontend: "web", pool: "pool0", weight, instead: 100 };
}

/** All intents in force of a checker, in few words. */
export function inForce({ current }: Checker): readonly string[] {
  return current.intents.list().map((intent) =>
    intent.kind === "lameduck"
      ? intent.kind
      : `${intent.scope ?? "here"} ${intent.kind} ${intent.backend}`
  );
}
