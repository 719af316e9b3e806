import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { FRESH_MS, MAX_RETRY_MS, Namespace, type NamespaceAnswer, WATCH_MS } from "./namespace.ts";

const PATH = "/run/netns/blue";
const HOME = "/proc/self/ns/net";

/** A thread that is somewhere, and a machine with or without a namespace `blue`. */
function setup(there: string | undefined, refusal?: string) {
  const clock = new FakeClock();
  const world = {
    blue: there,
    refusal,
    place: "home",
    entries: 0,
    /** Why the name cannot be looked at. */
    hidden: undefined as string | undefined,
  };
  const answer = (): NamespaceAnswer =>
    world.hidden !== undefined
      ? { ok: false, error: world.hidden }
      : world.blue === undefined
      ? { ok: false, error: "ENOENT" }
      : { ok: true, identity: world.blue };
  const news: string[] = [];
  const left: string[] = [];
  const namespace = new Namespace({
    name: "blue",
    clock,
    calls: {
      enter(path) {
        if (path === HOME) {
          world.place = "home";
          return { ok: true, identity: "home" };
        }
        assert.equal(path, PATH);
        world.entries++;
        if (world.refusal !== undefined) return { ok: false, error: world.refusal };
        const result = answer();
        if (result.ok) world.place = result.identity;
        return result;
      },
      identity(path) {
        assert.equal(path, PATH);
        return answer();
      },
    },
    onLeft: (reason) => left.push(`${reason} (now ${world.place})`),
    onNews: ({ action, problem }) => news.push(problem === "" ? action : `${action}: ${problem}`),
  });
  return { clock, world, news, left, namespace };
}

Deno.test("Namespace enters immediately and reports nothing while it stays inside", () => {
  const { clock, world, news, namespace } = setup("1");
  assert.deepEqual([world.place, namespace.problem], ["1", ""]);
  clock.advance(60_000);
  assert.deepEqual([news, world.entries], [["entered"], 1]);
  namespace.close();
  assert.equal(clock.timers, 0);
});

Deno.test("Namespace retries with a growing delay and reports each reason once", () => {
  const { clock, world, news, namespace } = setup(undefined);
  const missing =
    "cannot enter network namespace blue: it does not exist; create it with `ip netns add blue`";
  assert.equal(namespace.problem, missing);
  clock.advance(60_000);
  assert.deepEqual(news, [`waiting: ${missing}`]);
  assert.ok(world.entries > 20 && world.entries < 40, `${world.entries}`);
  world.blue = "1";
  world.refusal = "EPERM";
  clock.advance(MAX_RETRY_MS);
  assert.match(news.at(-1)!, /^waiting: .* give the process CAP_SYS_ADMIN/);
  world.refusal = undefined;
  clock.advance(MAX_RETRY_MS);
  assert.deepEqual([news.at(-1), world.place, namespace.problem], ["entered", "1", ""]);
});

Deno.test("Namespace leaves when its name is removed and enters again later", () => {
  const { clock, world, news, left, namespace } = setup("1");
  world.blue = undefined;
  clock.advance(WATCH_MS);
  assert.deepEqual(left, ["network namespace blue has vanished (now home)"]);
  assert.match(namespace.problem, /does not exist/);
  world.blue = "1";
  clock.advance(WATCH_MS);
  assert.deepEqual([world.place, namespace.problem], ["1", ""]);
  assert.deepEqual(news.map((text) => text.split(":")[0]), [
    "entered",
    "left",
    "waiting",
    "entered",
  ]);
});

Deno.test("Namespace moves to a new namespace of the same name", () => {
  const { clock, world, news, left, namespace } = setup("1");
  world.blue = "2";
  clock.advance(WATCH_MS);
  assert.deepEqual([world.place, namespace.problem], ["2", ""]);
  assert.deepEqual(news, [
    "entered",
    "left: network namespace blue was replaced by another of its name",
    "entered",
  ]);
  assert.equal(left.length, 1);
});

Deno.test("Namespace.leftSince() reports a name that was just removed", () => {
  const { clock, world, namespace } = setup("1");
  const { identity } = namespace;
  assert.equal(namespace.leftSince(identity), "", "it has just looked");
  world.blue = undefined;
  clock.advance(FRESH_MS + 1);
  assert.equal(namespace.leftSince(identity), "network namespace blue has vanished");
  assert.match(namespace.problem, /does not exist/);
  world.blue = "2";
  clock.advance(WATCH_MS);
  assert.equal(namespace.problem, "");
  assert.equal(namespace.leftSince(identity), "network namespace blue has vanished");
  assert.equal(namespace.leftSince(namespace.identity), "");
  namespace.close();
  assert.equal(clock.timers, 0);
});

Deno.test("Namespace stays inside while its name cannot be checked", () => {
  const { clock, world, left, namespace } = setup("1");
  for (const error of ["EMFILE", "ENOMEM", "no shim"]) {
    world.hidden = error;
    clock.advance(10 * WATCH_MS);
    assert.deepEqual([left, world.place, namespace.problem], [[], "1", ""], error);
  }
  world.hidden = "ENOENT";
  clock.advance(WATCH_MS);
  assert.equal(left.length, 1);
  namespace.close();
});
