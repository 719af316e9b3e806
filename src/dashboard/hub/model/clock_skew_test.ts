import assert from "node:assert/strict";
import { ClockSkew } from "./clock_skew.ts";

const WALL = 1_700_000_000_000;

/** Events of a clock that is ahead by `skewMs`, each read `delayMs` later. */
function feed(skew: ClockSkew, atMs: number, skewMs: number, delayMs: number): void {
  skew.add(WALL + atMs - delayMs + skewMs, { wallMs: WALL + atMs, nowMs: atMs });
}

Deno.test("ClockSkew takes the sample with the least delay", () => {
  const skew = new ClockSkew();
  assert.equal(skew.valueMs, undefined);
  feed(skew, 0, 5000, 800);
  assert.equal(skew.valueMs, 4200);
  feed(skew, 100, 5000, 3);
  assert.equal(skew.valueMs, 4997);
  for (let at = 1; at < 50; at++) feed(skew, 100 * at, 5000, 300);
  assert.equal(skew.valueMs, 4997);
});

Deno.test("ClockSkew follows a clock that is set right, and keeps its value in silence", () => {
  const skew = new ClockSkew();
  feed(skew, 0, 5000, 0);
  for (let at = 1000; at <= 29_000; at += 1000) feed(skew, at, 0, 0);
  assert.equal(skew.valueMs, 5000, "it may be delay");
  for (let at = 30_000; at <= 100_000; at += 1000) feed(skew, at, 0, 0);
  assert.equal(skew.valueMs, 0);
  feed(skew, 900_000, -2000, 10);
  assert.equal(skew.valueMs, -2010);
  skew.add(NaN, { wallMs: WALL, nowMs: 900_001 });
  assert.equal(skew.valueMs, -2010);
  skew.reset();
  assert.equal(skew.valueMs, undefined);
});
