/** Load balancers with a rollout over a store in memory. */
import assert from "node:assert/strict";
import { MaglevError } from "../../../src/base/errors.ts";
import { FakeRolloutFiles } from "../fakes/fake_rollout_files.ts";
import { memberWorld } from "./member_world.ts";
import { startRollout, stepRollout } from "../../../src/fleet/member/requests/rollout.ts";

const OLD = "0".repeat(64);
export const NEW = "ab".repeat(32);
export const BY = { peer: "127.0.0.1:1", identity: "ann" };
const PLACES = { lb1: "ams", lb2: "ams", lb3: "fra" } as const;

export function fleet(places: Readonly<Record<string, string>> = PLACES) {
  const world = memberWorld();
  const lbs = Object.entries(places).map(([lb, site]) => {
    const files = new FakeRolloutFiles(OLD);
    const made = world.add({ lb, site, rollout: files });
    made.member.start();
    return { ...made, lb, files };
  });
  const [one] = lbs as [typeof lbs[number]];
  const after = (ms: number) => world.clock.advanceAsync(ms);
  const start = async (
    waves: string,
    gates: { moves?: number; removes?: number; bakeMs?: number } = {},
  ) => {
    const { moves = 0.3, removes = 0, bakeMs } = gates;
    const asked = { hash: NEW, waves, gates: { moves, removes, bakeMs }, reason: "rack 7" };
    const nowMs = world.clock.wallMs();
    const done = await world.done(startRollout(one.member, { ...asked, by: BY, nowMs }));
    await after(2000);
    return done;
  };
  const step = async (what: "next" | "stop" | "revert", force = false) => {
    const nowMs = world.clock.wallMs();
    const asked = { step: what, force, by: BY, reason: "", nowMs };
    const done = await world.done(stepRollout(one.member, asked));
    await after(2000);
    return done;
  };
  return {
    ...world,
    lbs,
    after,
    start,
    step,
    /** Puts the new file on all of these. */
    deploy(...names: readonly string[]) {
      for (const { lb, files } of lbs) if (names.includes(lb)) files.file = NEW;
    },
    haveIt: () => lbs.filter(({ files }) => files.inForce === NEW).map(({ lb }) => lb),
    state: () => {
      const rollout = one.member.rollout!.rollout;
      return rollout && `${rollout.state} ${rollout.wave + 1}: ${rollout.note}`;
    },
    answers: () =>
      one.member.view.rollout!.lbs.map(({ lb, answer }) =>
        `${lb} ${answer?.state}${answer?.note ? `: ${answer.note}` : ""}`
      ),
    async [Symbol.asyncDispose]() {
      for (const { member, checker } of lbs) {
        await member.stop();
        checker.stop();
      }
    },
  };
}

export function okOf<T>(result: T | MaglevError): T {
  if (result instanceof MaglevError) assert.fail(result.message);
  return result;
}

export function refusalOf(result: unknown): string {
  assert.ok(result instanceof MaglevError, "need a refusal");
  return result.message;
}
