/** Goal: a failure counts only when the namespace it was found in is still there by name. */
import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { healthcheck } from "../../../tests/support/worlds/healthcheck.ts";
import { Namespace, type NamespaceAnswer, WATCH_MS } from "../net/namespace.ts";
import { CONNECTED, failed, type Verdict } from "../outcome.ts";
import { Cancellation } from "../prober.ts";
import { withSecondLook } from "./second_look.ts";

const REFUSED = failed("L4CON", "connection refused");

/** A thread in the namespace `blue`; `world.blue` is what has that name, undefined for nothing. */
function setUp() {
  const clock = new FakeClock();
  const world = { blue: "1" as string | undefined };
  const answer = (): NamespaceAnswer =>
    world.blue === undefined ? { ok: false, error: "ENOENT" } : { ok: true, identity: world.blue };
  const namespace = new Namespace({
    name: "blue",
    clock,
    calls: { enter: answer, identity: answer },
    onLeft: () => {},
    onNews: () => {},
  });
  /** A probe that takes 50 ms; `meanwhile` happens on the way. */
  const probe = (verdict: Verdict, meanwhile: () => void = () => {}) =>
    withSecondLook(
      () => {
        clock.advance(50);
        meanwhile();
        return Promise.resolve(verdict);
      },
      { spec: { address: "192.0.2.1", healthcheck: healthcheck() }, namespace },
    )(new Cancellation());
  return { clock, world, namespace, probe };
}

Deno.test("a failure in an existing namespace counts", async () => {
  const { namespace, probe } = setUp();
  assert.deepEqual(await probe(REFUSED), REFUSED);
  namespace.close();
});

Deno.test("a failure is void when the namespace was removed or replaced during the probe", async () => {
  for (const next of [undefined, "2"]) {
    const { world, namespace, probe } = setUp();
    const verdict = await probe(REFUSED, () => world.blue = next);
    assert.deepEqual([verdict.inconclusive, verdict.lack], [true, "namespace"]);
    assert.match(verdict.detail, next === undefined ? /has vanished$/ : /was replaced by another/);
    namespace.close();
  }
});

Deno.test("a pass counts even if the namespace was removed, because the server responded", async () => {
  const { world, namespace, probe } = setUp();
  assert.deepEqual(await probe(CONNECTED, () => world.blue = undefined), CONNECTED);
  namespace.close();
});

Deno.test("no probe is sent while the namespace is missing", async () => {
  const { clock, world, namespace, probe } = setUp();
  world.blue = undefined;
  clock.advance(WATCH_MS);
  let made = false;
  const verdict = await probe(REFUSED, () => made = true);
  assert.deepEqual([made, verdict.lack], [false, "namespace"]);
  assert.match(verdict.detail, /does not exist/);
  namespace.close();
});
