/**
 * Random requests, ends, partitions and lost answers, from seeds. Goal: when all are connected again
 * they obey the same intents, an ended intent does not return, and the guard leaves each frontend that
 * serves a server.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { PASS } from "../../../tests/support/fakes/fake_probe_engine.ts";
import { mulberry32 } from "../../../tests/support/fakes/mulberry32.ts";
import { inForce, memberWorld, wish } from "../../../tests/support/worlds/member_world.ts";
import { endWish, putWish } from "./requests/requests.ts";

const NAMES = ["a", "b", "c", "d", "e"] as const;
const BY = { peer: "127.0.0.1:1", identity: "bob" };
const SEEDS = 40;
const STEPS = 30;

Deno.test("members of a fleet agree after faults, and the guard holds", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = mulberry32(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const { clock, add, done } = memberWorld();
    const all = ["lb1", "lb2", "lb3"].map((lb) => add({ lb }));
    for (const { member } of all) member.start();
    const ended = new Set<string>();
    const serves = (text: string) => {
      for (const { checker } of all) {
        const { state } = checker.current.frontends.get("web")!;
        // All servers pass their checks; those that an intent ended are unknown until then.
        const out = NAMES.filter((name) => {
          const { state } = checker.current.backends.get(name)!;
          return state === "disabled" || state === "paused";
        });
        assert.ok(out.length < NAMES.length, `seed ${seed}, ${text}: ${state}`);
      }
    };
    for (let step = 0; step < STEPS; step++) {
      const one = pick(all);
      const roll = random();
      if (roll < 0.5) {
        one.store.nextWrite = pick(["answered", "answered", "unanswered", "undone"] as const);
        const atMs = clock.wallMs();
        const intent = wish(pick(["pause", "disable"] as const), pick(NAMES), { atMs });
        await done(putWish(one.member, { intent, force: false }));
        one.store.nextWrite = "answered";
      } else if (roll < 0.75) {
        const [first] = one.member.view.wishes;
        if (first !== undefined) {
          const { id } = first;
          const nowMs = clock.wallMs();
          const result = await done(endWish(one.member, { id, by: BY, reason: "", nowMs }));
          if (!(result instanceof MaglevError)) ended.add(id);
        }
      } else if (roll < 0.9) {
        if (one.store.isCut) one.store.mend();
        else one.store.cut();
      } else {
        await clock.advanceAsync(Math.floor(random() * 20_000));
      }
      for (const { checker, engine } of all) {
        for (const name of NAMES) {
          if (checker.current.backends.get(name)!.state === "unknown") {
            engine.report({ [name]: PASS });
          }
        }
      }
      serves(`step ${step}`);
    }
    for (const { store } of all) if (store.isCut) store.mend();
    await clock.advanceAsync(3000);
    const [first, ...rest] = all.map(({ member }) =>
      member.view.wishes.map(({ id, key }) => `${key} ${id}`).sort()
    );
    for (const other of rest) assert.deepEqual(other, first, `seed ${seed}`);
    for (const { member } of all) {
      assert.ok(member.view.wishes.every(({ id }) => !ended.has(id)), `seed ${seed}`);
      assert.equal(member.unsettled.size === 0 || member.store.kind === "ok", true);
    }
    // What is held may differ by the order of arrival; without holds all obey the same.
    if (all.every(({ member }) => member.view.wishes.every(({ here }) => here.kind === "obeyed"))) {
      const [forces, ...others] = all.map(({ checker }) => inForce(checker));
      for (const other of others) assert.deepEqual(other, forces, `seed ${seed}`);
    }
    await clock.advanceAsync(20_000);
    for (const { member, checker } of all) {
      assert.equal(member.unsettled.size, 0, `seed ${seed}`);
      await member.stop();
      checker.stop();
    }
  }
});
