/**
 * The screen as golden frames (tests/fixtures/maglevt/): a fixed run at three sizes. The plain text
 * shows the layout; the painted frame shows the styles.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { GoldenFolder } from "../../../tests/support/judges/golden.ts";
import { mulberry32 } from "../../../tests/support/fakes/mulberry32.ts";
import { parseIp } from "../../base/address.ts";
import { visibleWidth } from "../../terminal/text.ts";
import { ProberFigures } from "../prober_figures.ts";
import { type ProbeResult, VipRecord } from "../record/vip_record.ts";
import type { Probing, Vip } from "../targets.ts";
import { actionsOf } from "./actions.ts";
import { frameText } from "./frame.ts";
import { cutText, painted, widthOf } from "./line.ts";
import { drawScreen, type ScreenModel } from "./screen.ts";

const START_MS = Date.parse("2026-11-28T10:00:00.000Z");
const GET: Probing = { kind: "get", tls: false, host: "", serverName: "" };

function vip(number: number, name = `web${number}`, probing = GET): Vip {
  return {
    name,
    address: parseIp(`192.0.2.${number}`)!,
    protocol: "tcp",
    port: 80,
    probing,
    servers: [
      { name: "nginx0", address: "10.0.0.1", share: 0.5 },
      { name: "nginx1", address: "10.0.0.2", share: 0.5 },
    ],
  };
}

/** 200 probes, 100 ms apart; `fate` decides on each. */
function recordOf(seed: number, fate: (at: number) => "ok" | "lost" | "refused"): VipRecord {
  const random = mulberry32(seed);
  const record = new VipRecord({ outageAfter: 2, graceUntilMs: 0 });
  for (let at = 0; at < 200; at++) {
    const atMs = at * 100;
    // The second server is drained in the middle of the run.
    const server = random() < 0.5 && at < 100 ? "nginx1.example.net" : "nginx0";
    const results: Record<string, ProbeResult> = {
      ok: { kind: "ok", latencyMs: 0.4 + random(), status: 200, server },
      lost: { kind: "failed", error: "timeout", text: "no complete answer", status: 0 },
      refused: { kind: "failed", error: "net-err", text: "connection refused", status: 0 },
    };
    record.result(record.send(atMs), results[fate(at)]!, atMs + 1);
  }
  return record;
}

function modelOf(count: number): ScreenModel {
  const prober = new ProberFigures();
  for (let i = 0; i < 1000; i++) prober.lateness.add(i / 500);
  prober.notSent = 30;
  prober.standstills = 1;
  prober.standstillMs = 3000;
  const vips = Array.from({ length: count }, (_, number) => ({
    vip: vip(number + 1),
    record: recordOf(number, (at) => {
      if (number === 1) return at >= 120 && at < 127 ? "refused" : "ok";
      if (number === 2) return at >= 190 ? "lost" : "ok";
      if (number === 4) return at % 20 === 7 ? "lost" : "ok";
      return "ok";
    }),
  }));
  const none: Probing = { kind: "none", reason: "UDP: an answer depends on the service" };
  return {
    version: "1.2.3",
    host: "jump1",
    nowMs: 20_000,
    elapsedMs: 20_000,
    utc: (atMs) => new Date(START_MS + atMs).toISOString(),
    intervalMs: 100,
    timeoutMs: 2000,
    paused: false,
    hint: undefined,
    prober,
    vips: [
      ...vips,
      { vip: vip(200, "dns", none), record: undefined },
      {
        vip: vip(201, "a-name-that-is-far-too-long-for-any-column 日本語"),
        record: recordOf(9, () => "lost"),
      },
    ],
    entries: [{ atMs: 12_345, text: "marked" }],
  };
}

const plain = (lines: ReturnType<typeof drawScreen>["lines"]) =>
  lines.map((line) => line.map(({ text }) => text).join("").trimEnd()).join("\n") + "\n";

const GOLDEN = new GoldenFolder("maglevt/");
const SIZES = [[60, 20], [80, 24], [160, 50]] as const;

Deno.test("the screen at three sizes is that of the golden frames", async () => {
  const model = modelOf(40);
  for (const [columns, rows] of SIZES) {
    const { lines } = drawScreen(model, { columns, rows });
    const end = drawScreen({ ...model, paused: true, hint: "a hint" }, { columns, rows }, 1000);
    await GOLDEN.check(`${columns}x${rows}.txt`, [
      { title: "top", text: plain(lines) },
      { title: "end, paused, with a hint", text: plain(end.lines) },
    ]);
  }
  const { lines } = drawScreen(modelOf(3), { columns: 80, rows: 24 });
  const rows = lines.map((line) => painted(line, { width: 80, color: true }).trimEnd());
  await GOLDEN.check("painted.txt", [{ title: "three VIPs", text: rows.join("\n") + "\n" }]);
  assert.deepEqual(await GOLDEN.unused(), []);
});

Deno.test("a screen of any size has no line too many and none too wide", () => {
  const model = modelOf(5);
  const sizes = fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 60 }));
  fc.assert(fc.property(sizes, fc.integer({ min: -5, max: 20 }), ([columns, rows], top) => {
    const screen = drawScreen(model, { columns, rows }, top);
    assert.ok(screen.lines.length <= rows);
    if (rows >= 6) assert.equal(screen.lines.length, rows);
    for (const line of screen.lines) {
      assert.ok(widthOf(line) <= columns, JSON.stringify(line));
      const row = painted(line, { width: columns, color: false });
      assert.equal(visibleWidth(row), columns);
    }
    assert.ok(screen.top >= 0 && screen.top < model.vips.length);
  }));
});

Deno.test("every VIP can be scrolled to", () => {
  const model = modelOf(40);
  for (const [columns, rows] of SIZES) {
    for (const [at, { vip }] of model.vips.entries()) {
      const { lines } = drawScreen(model, { columns, rows }, at);
      assert.ok(plain(lines).includes(vip.name.slice(0, 6)), `${vip.name} at ${columns}×${rows}`);
    }
  }
});

Deno.test("text of servers and files cannot move the cursor", () => {
  const model = modelOf(1);
  const record = new VipRecord({ outageAfter: 2, graceUntilMs: 0 });
  const server = "\x1b[2J\u202eevil";
  record.result(record.send(0), { kind: "ok", latencyMs: 1, status: 200, server }, 1);
  record.result(
    record.send(1),
    { kind: "failed", error: "net-err", text: "\x1b]0;x\x07\n", status: 0 },
    2,
  );
  const vips = [{ vip: vip(1, "a\x1b[31m\nb"), record }];
  for (const [columns, rows] of SIZES) {
    const text = plain(drawScreen({ ...model, vips, host: "h\r" }, { columns, rows }).lines);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\x00-\x1f\x7f-\x9f\u202e]/);
  }
});

Deno.test("a server with a long name does not push out the others", () => {
  const record = new VipRecord({ outageAfter: 2, graceUntilMs: 0 });
  for (const [at, server] of ["a".repeat(60), "nginx1"].entries()) {
    record.result(record.send(at), { kind: "ok", latencyMs: 1, status: 200, server }, at);
  }
  const vips = [{ vip: vip(1), record }];
  assert.match(
    plain(drawScreen({ ...modelOf(1), vips }, { columns: 80, rows: 24 }).lines),
    /nginx1/,
  );
});

Deno.test("nothing is shown as good before there is a result", () => {
  const record = new VipRecord({ outageAfter: 2, graceUntilMs: 0 });
  const vips = [{ vip: vip(1), record }];
  const shown = () => plain(drawScreen({ ...modelOf(1), vips }, { columns: 80, rows: 24 }).lines);
  assert.match(shown(), /^no result yet$/m);
  record.result(record.send(0), { kind: "ok", latencyMs: 1, status: 200, server: undefined }, 1);
  assert.match(shown(), /^no outage of 1 VIP$/m);
});

Deno.test("a cut text fits, with wide characters as with narrow ones", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(20), (text, width) => {
    const cut = cutText(text, width);
    assert.ok(visibleWidth(cut) <= width);
    assert.equal(cut === text, visibleWidth(text) <= width);
  }));
});

Deno.test("a frame has the rows that differ and nothing else", () => {
  const text = frameText(["a", "b", "c"], ["a", "B", "c"]);
  assert.equal(text, "\x1b[?2026h\x1b[?7l\x1b[2;1HB\x1b[?7h\x1b[?2026l");
  assert.equal(frameText(["a"], ["a"]), "");
  assert.match(frameText(undefined, ["a"]), /\[2J/);
});

Deno.test("keys do what the last line of the screen shows", () => {
  const kinds = (text: string) => actionsOf({ kind: "text", text }).map(({ kind }) => kind);
  assert.deepEqual(kinds("qp rmx"), ["quit", "pause", "pause", "reset", "mark"]);
  assert.deepEqual(actionsOf({ kind: "paste", text: "q" }), []);
  assert.deepEqual(actionsOf({ kind: "key", name: "page-down" }), [
    { kind: "scroll", by: 1, unit: "page" },
  ]);
  assert.deepEqual(actionsOf({ kind: "key", name: "ctrl-c" }), [{ kind: "quit" }]);
  assert.deepEqual(actionsOf({ kind: "key", name: "ctrl-z" }), []);
});
