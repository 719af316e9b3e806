/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import { Announcer } from "./announcer.ts";
import { createLb } from "./model/lb.ts";
import { backend, maglevd, NOW_MS } from "./model/test_lb.ts";

/** An announcer with a clock, and the load balancers that it hears of. */
function world() {
  let nowMs = 0;
  const announcer = new Announcer(() => nowMs);
  return {
    announcer,
    look: (name: string, state: Parameters<typeof maglevd>[0] = {}) =>
      announcer.look(createLb(maglevd({ name, ...state }))),
    /** What is announced after `ms`. */
    after: (ms: number, several = true) => {
      nowMs += ms;
      return announcer.due(several);
    },
  };
}

const AWAY = { connected: false, error: "connection refused" } as const;

Deno.test("a load balancer that dies is announced once, whatever the reason is later", () => {
  const { look, after } = world();
  look("lb1");
  look("lb2");
  assert.equal(after(5000), undefined);
  look("lb2", AWAY);
  assert.equal(after(1000), undefined, "more may come");
  look("lb2", { ...AWAY, error: "timeout" });
  assert.equal(after(1000), "lb2: maglevd does not answer: timeout.");
  look("lb2", AWAY);
  assert.equal(after(5000), undefined);
  look("lb2");
  assert.equal(after(5000), undefined);
  look("lb2", AWAY);
  assert.equal(after(5000), "lb2: maglevd does not answer: connection refused.");
});

Deno.test("notes of the first state, and those that are over before they are due, are not announced", () => {
  const { look, after } = world();
  look("lb1", AWAY);
  assert.equal(after(5000), undefined);
  look("lb1");
  look("lb1", { vpp: { state: "connecting" } });
  look("lb1");
  assert.equal(after(5000), undefined);
});

Deno.test("a note comes before the changes of the same time, and each thing that is withheld counts", () => {
  const { announcer, look, after } = world();
  look("lb1");
  announcer.note({
    type: "backend",
    maglevd: "lb1",
    t_ms: NOW_MS,
    backend: backend("w1", "down"),
    transition: { from: "up", to: "down", at_ms: NOW_MS },
  }, createLb(maglevd()));
  look("lb1", { withheld: ["web: no address", "dns: no address"] });
  assert.equal(
    after(2000, false),
    "Not sent to VPP: web: no address. Not sent to VPP: dns: no address. w1 is down.",
  );
});
