import assert from "node:assert/strict";
import { desired, ip, operationText } from "../../../tests/support/fakes/vips.ts";
import type { Operation } from "./model.ts";
import { refreshed } from "./refresh.ts";

const VIP = desired("192.0.2.1");
const weight = (address: string, weight: number, previousWeight: number, flush = false) =>
  ({ kind: "as-weight", vip: VIP, address: ip(address), weight, previousWeight, flush }) as const;
const add = (address: string, weight: number) =>
  ({ kind: "as-add", vip: VIP, address: ip(address), weight }) as const;

function texts(build: readonly Operation[], servers: string, weights = true): string[] {
  return refreshed(build, desired("192.0.2.1", servers), { weights })
    .map((operation) => operationText(operation));
}

Deno.test("refreshed gives each server the weight that it should have now", () => {
  const build = [{ kind: "vip-add", vip: VIP } as const, add("10.0.0.1", 100), add("10.0.0.2", 0)];
  assert.deepEqual(texts(build, "10.0.0.1=0! 10.0.0.2=70"), [
    "vip-add",
    "as-add 10.0.0.1 0",
    "as-add 10.0.0.2 70",
  ]);
});

Deno.test("refreshed flushes no server that has left its flushing state", () => {
  assert.deepEqual(texts([weight("10.0.0.1", 0, 100, true)], "10.0.0.1=30"), [
    "as-weight 10.0.0.1 30",
  ]);
  assert.deepEqual(texts([weight("10.0.0.1", 0, 100, true)], "10.0.0.1=0!"), [
    "as-weight 10.0.0.1 0 flush",
  ]);
  const cut = texts([weight("10.0.0.1", 50, 100)], "10.0.0.1=0!");
  assert.deepEqual(cut, ["as-weight 10.0.0.1 0 flush"], "it has entered one");
});

Deno.test("refreshed leaves out servers that are as they should be, or no longer wanted", () => {
  assert.deepEqual(texts([weight("10.0.0.1", 0, 100)], "10.0.0.1=100"), []);
  assert.deepEqual(texts([add("10.0.0.1", 100)], "10.0.0.2=100"), []);
  assert.deepEqual(texts([add("10.0.0.1", 100)], "10.0.0.1=0", false), [], "without weights");
});
