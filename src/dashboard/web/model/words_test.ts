/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import type { PlanAnswer } from "../../protocol.ts";
import { announcementOf, titleOf } from "./announce.ts";
import { append, filterLines, KINDS, LEVELS, lineOf, MAX_LINES } from "./event_log.ts";
import { backend, maglevd, NOW_MS, vip, web } from "./test_lb.ts";
import { createLb } from "./lb.ts";
import {
  canEnd,
  consequencesOf,
  isPlanned,
  isSamePlan,
  syncSentences,
  verbOf,
} from "./plan_words.ts";

const PLAN: PlanAnswer = {
  ok: true,
  states: [{ backend: "nginx0", from: "up", to: "disabled" }],
  vips: [{
    frontend: "web",
    change: "update",
    buckets: 768,
    share_moved: 0.125,
    moved: 113,
    lost: 0,
    servers: [
      {
        address: "10.0.0.1",
        backends: ["nginx0"],
        change: "weight",
        flush: true,
        flows: 41,
      },
      { address: "10.0.0.2", backends: ["nginx1"], change: "weight", flush: false },
    ],
  }],
  vips_unchanged: 3,
  command: "maglevc set backend nginx0 disable",
};

Deno.test("the button has the verb", () => {
  const lb = "lb1";
  assert.equal(verbOf({ kind: "disable", lb, backend: "nginx0" }), "Disable nginx0");
  const weight = { kind: "weight", lb, backend: "a", frontend: "f", pool: "p" } as const;
  assert.equal(verbOf({ ...weight, weight: 20 }), "Set a to 20");
  assert.equal(verbOf({ ...weight, weight: "file" }), "Give a the file's weight");
  assert.equal(verbOf({ kind: "sync", lb }), "Sync all frontends");
  assert.equal(verbOf({ kind: "sync", lb, frontend: "web" }), "Sync web");
  const back = {
    kind: "cancel",
    lb,
    backend: "a",
    id: "7",
    of: { kind: "drain", since_ms: 0 },
  } as const;
  assert.equal(verbOf(back), "Take back the drain of a");
  assert.ok(!canEnd(back) && !isPlanned(back) && isPlanned({ kind: "pause", lb, backend: "a" }));
});

Deno.test("a sync names the differences that are known", () => {
  const state = maglevd({ lb: { read_ms: NOW_MS, vips: [vip({})] } });
  assert.deepEqual(syncSentences(createLb(state), "web"), [
    "web: 10.0.0.1: wanted weight 100, VPP: missing; 10.0.0.2: wanted weight 100, VPP: missing.",
  ]);
  assert.deepEqual(syncSentences(createLb({ ...state, vpp: { state: "unknown" } })), [
    "No difference is known now.",
  ]);
});

Deno.test("a plan is the same while an operator has nothing new to read: flows count when they double", () => {
  const withFlows = (flows: number | undefined): PlanAnswer => {
    const servers = PLAN.vips[0]!.servers.map(({ flows: counted, ...server }) =>
      counted === undefined || flows === undefined ? server : { ...server, flows }
    );
    return { ...PLAN, vips: [{ ...PLAN.vips[0]!, servers }] };
  };
  assert.ok(isSamePlan(PLAN, structuredClone(PLAN)));
  for (const flows of [0, 40, 92]) assert.ok(isSamePlan(PLAN, withFlows(flows)), `${flows}`);
  assert.ok(!isSamePlan(PLAN, withFlows(93)));
  assert.ok(isSamePlan(withFlows(undefined), PLAN), "all of them were announced");
  assert.ok(!isSamePlan(PLAN, { ...PLAN, warning: "no server is left" }));
  assert.ok(!isSamePlan(PLAN, { ...PLAN, vips: [] }));
  const [vip] = PLAN.vips;
  assert.ok(!isSamePlan(PLAN, { ...PLAN, vips: [{ ...vip!, share_moved: 0.25 }] }));
});

Deno.test("only what lasts can end by itself", () => {
  const of = (kind: "pause" | "disable" | "resume" | "enable") =>
    canEnd({ kind, lb: "lb1", backend: "a" });
  assert.deepEqual([of("pause"), of("disable"), of("resume"), of("enable")], [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("a plan becomes sentences: what moves, what is lost, what is dropped, what changes state", () => {
  assert.deepEqual(consequencesOf(PLAN), [
    "web: 12.5 % of new flows move, 113 buckets of 768 change their server.",
    "web: 10.0.0.1: up to 41 sticky flows are dropped.",
    "nginx0 goes from up to disabled.",
    "3 other VIPs unchanged.",
  ]);
  const lost = { ...PLAN.vips[0]!, share_moved: 0, moved: 0, lost: 768, servers: [] };
  assert.deepEqual(consequencesOf({ ...PLAN, vips: [lost], states: [], vips_unchanged: 0 }), [
    "web: 0 % of new flows move.",
    "web: all buckets lose their last server; these flows are not served.",
  ]);
  assert.deepEqual(consequencesOf({ ...PLAN, vips: [], states: [] }), ["Nothing changes in VPP."]);
});

Deno.test("announcements: the last state of each thing, a few by name, the rest as a number", () => {
  const change = (name: string, to: string) => ({ lb: "lb1", name, to });
  const one = { several: false };
  assert.equal(announcementOf([], one), "");
  assert.equal(announcementOf([change("a", "down"), change("a", "up")], one), "a is up.");
  assert.equal(
    announcementOf([change("a", "down"), { ...change("a", "up"), lb: "lb2" }], { several: true }),
    "lb1: a is down. lb2: a is up.",
  );
  const many = [..."abcdef"].map((name) => change(name, "down"));
  assert.match(announcementOf(many, one), /^a is down\. .*d is down\. 2 more changes\.$/);
});

Deno.test("the title counts what is wrong, and admits that it is not live", () => {
  assert.equal(titleOf({ wrong: 0, live: true }), "vpp-maglev");
  assert.equal(titleOf({ wrong: 2, live: true }), "(2) vpp-maglev");
  assert.equal(titleOf({ wrong: 0, live: false }), "(not live) vpp-maglev");
});

const log = (msg: string, attributes: Record<string, string> = {}) =>
  ({
    type: "log",
    maglevd: "lb1",
    t_ms: 5,
    level: "info",
    time: "2026-11-28T21:00:00.123Z",
    msg,
    attributes,
  }) as const;

const line = (id: number, msg: string) => lineOf(log(msg), id)!;

Deno.test("lines: transitions read as a sentence, the rest as in the log", () => {
  const result = { ok: false, code: "L4TOUT", detail: "" };
  const down = { from: "up", to: "down", at_ms: 7, result };
  const event = { maglevd: "lb1", t_ms: 5, type: "backend", backend: backend("w1") } as const;
  assert.deepEqual(lineOf({ ...event, transition: down }, 1), {
    id: 1,
    lb: "lb1",
    tMs: 7,
    level: "info",
    kind: "backend",
    msg: "backend-transition",
    text: "w1 up → down · L4TOUT",
  });
  assert.equal(lineOf(event, 2), undefined, "it is what it was");
  const up = { from: "down", to: "up", at_ms: 7 };
  const frontend = { ...event, type: "frontend", frontend: web(), transition: up } as const;
  assert.equal(lineOf(frontend, 3)!.text, "web down → up");
  const connect = lineOf(log("vpp-connect", { version: "26.10" }), 4)!;
  assert.equal(connect.text, "version=26.10");
  assert.equal(connect.tMs, Date.parse("2026-11-28T21:00:00.123Z"));
  assert.equal(line(5, "shutdown").kind, "other");
  assert.equal(lineOf({ ...log("shutdown"), time: "yesterday" }, 6)!.tMs, 5);
  assert.equal(lineOf(log("vpp-x", { a: "y".repeat(9999) }), 7)!.text.length, 600);
});

Deno.test("lines: the newest are kept, and pass by level, kind, text and load balancer", () => {
  const lines = append([], [line(1, "vpp-connect"), line(2, "config-reload")]);
  const all = { levels: new Set(LEVELS), kinds: new Set(KINDS), search: "" };
  const ids = (filter: Partial<Parameters<typeof filterLines>[1]>) =>
    filterLines(lines, { ...all, ...filter }).map(({ id }) => id);
  assert.deepEqual(ids({}), [1, 2]);
  assert.deepEqual(ids({ levels: new Set(["error"]) }), []);
  assert.deepEqual(ids({ kinds: new Set(["vpp"]) }), [1]);
  assert.deepEqual(ids({ search: " RELOAD" }), [2]);
  assert.deepEqual(ids({ lb: "lb2" }), []);
  const many = Array.from({ length: MAX_LINES + 1 }, (_, id) => line(id, "x"));
  assert.equal(append([], many)[0]!.id, 1);
});
