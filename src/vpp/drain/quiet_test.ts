import assert from "node:assert/strict";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import type { ServerFigures } from "../lb/model.ts";
import { afterLook, type DrainEnd, type DrainMemory, flowsOf, routeIndexOf } from "./quiet.ts";

const QUIET_MS = 42_000;

/** Looks at a server, second after second. */
class Looks {
  #memory: DrainMemory | undefined;
  #nowMs = 0;

  at(
    seconds: number,
    figures: readonly (ServerFigures | undefined)[],
    packets: number | undefined,
  ): DrainEnd | undefined {
    this.#nowMs = seconds * 1000;
    const look = { nowMs: monotonic(this.#nowMs), figures, packets };
    const { memory, end } = afterLook(this.#memory, { look, quietMs: QUIET_MS });
    this.#memory = memory;
    return end;
  }
}

function read(flows: number, routeIndex = 11): ServerFigures {
  return { flows, routeIndex };
}

Deno.test("afterLook() ends a drain when no packet was sent for long enough", () => {
  const looks = new Looks();
  const figures = [read(7), read(2)];
  assert.equal(looks.at(0, figures, 100), undefined);
  assert.equal(looks.at(30, figures, 100), undefined);
  assert.equal(looks.at(31, figures, 101), undefined, "a packet");
  assert.equal(looks.at(72.9, figures, 101), undefined);
  assert.equal(looks.at(73, figures, 101), "no-packets");
});

Deno.test("afterLook() waits again when the route has another index, with the same packets", () => {
  const looks = new Looks();
  assert.equal(looks.at(0, [read(7, 11)], 100), undefined);
  assert.equal(looks.at(40, [read(7, 12)], 100), undefined);
  assert.equal(looks.at(81, [read(7, 12)], 100), undefined);
  assert.equal(looks.at(82, [read(7, 12)], 100), "no-packets");
});

Deno.test("afterLook() never ends by unknown packets", () => {
  const looks = new Looks();
  assert.equal(looks.at(0, [read(7)], undefined), undefined);
  assert.equal(looks.at(100, [read(7)], undefined), undefined);
  assert.equal(looks.at(101, [read(7)], 5), undefined, "the first that is known");
  assert.equal(looks.at(142, [undefined], undefined), undefined);
  assert.equal(looks.at(143, [read(7)], undefined), undefined);
  assert.equal(looks.at(144, [read(7)], 5), "no-packets", "the silence covers unknown looks");
});

Deno.test("afterLook() ends by flows that were read after the first look, in every VIP", () => {
  const before = [read(0), read(0)];
  const looks = new Looks();
  assert.equal(looks.at(0, before, 1), undefined, "they may be older than weight 0");
  assert.equal(looks.at(1, before, 2), undefined);
  assert.equal(looks.at(2, [read(0), before[1]], 3), undefined, "one VIP is not read yet");
  assert.equal(looks.at(3, [read(0), undefined], 3), undefined);
  assert.equal(looks.at(4, [read(0), read(1)], 4), undefined);
  assert.equal(looks.at(5, [read(0), read(0)], 5), "no-flows");
  assert.equal(looks.at(6, [read(0), read(0)], undefined), "no-flows", "without packets too");
});

Deno.test("afterLook() ends the drain of a server that no VIP has", () => {
  assert.equal(new Looks().at(0, [], undefined), "no-flows");
});

Deno.test("routeIndexOf() and flowsOf() need the figures of every VIP", () => {
  assert.equal(routeIndexOf([read(1), read(2)]), 11);
  assert.equal(routeIndexOf([read(1), undefined]), undefined);
  assert.equal(routeIndexOf([read(1, 11), read(1, 12)]), undefined);
  assert.equal(routeIndexOf([]), undefined);
  assert.equal(flowsOf([read(1), read(2)]), 3);
  assert.equal(flowsOf([read(1), undefined]), undefined);
  assert.equal(flowsOf([]), 0);
});
