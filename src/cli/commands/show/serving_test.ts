import assert from "node:assert/strict";
import type { messages } from "../../../grpc/client/client.ts";
import { answersOf } from "../../../../tests/support/worlds/cli_answers.ts";
import { PLAIN } from "../../../../tests/support/worlds/cli_words.ts";
import { servingCell } from "./serving.ts";

/**
 * `web1 100 up`; a server that is up in the active pool has its weight as effective weight, and so
 * has one that is `held`.
 */
function frontend(active: string, pools: Readonly<Record<string, readonly string[]>>) {
  const base = answersOf(PLAIN).GetFrontend({ name: "web" });
  return {
    ...base,
    activePool: active,
    pools: Object.entries(pools).map(([name, entries]): messages.PoolInfo => ({
      maxDown: "",
      name,
      backends: entries.map((entry) => {
        const [backend = "", weight = "", state = ""] = entry.split(" ");
        return {
          name: backend,
          weight: Number(weight),
          effectiveWeight: name === active && /^(up|held)$/.test(state) ? Number(weight) : 0,
          state: state === "held" ? "down" : state,
          intent: undefined,
          held: state === "held",
          slowStartStep: 0,
          encap: undefined,
        };
      }),
    })),
  };
}

type Row = readonly [
  active: string,
  pools: Readonly<Record<string, readonly string[]>>,
  text: string,
  plain: string,
  style: string,
];

const A = "a 100 up";
const B = "b 100 up";
const S = "s 100 up";

const TABLE: Readonly<Record<string, Row>> = {
  "all serve, no standby": ["main", { main: [A, B] }, "2 of 2", "2/2+0", "good"],
  "all serve, with a standby": [
    "main",
    { main: [A, B], spare: [S] },
    "2 of 2, +1 standby",
    "2/2+1",
    "good",
  ],
  "a standby that is down": [
    "main",
    { main: [A, B], spare: [S, "t 100 down"] },
    "2 of 2, +1 of 2 standby",
    "2/2+1",
    "good",
  ],
  "one is down": ["main", { main: [A, "b 100 down"] }, "1 of 2", "1/2+0", "warn"],
  "one is paused": ["main", { main: [A, "b 100 paused"] }, "1 of 2", "1/2+0", "warn"],
  "a server of weight 0 is not one that should serve": [
    "main",
    { main: [A, "b 0 up"], spare: [S] },
    "1 of 1, +1 standby",
    "1/1+1",
    "good",
  ],
  "a standby of weight 0 is none": [
    "main",
    { main: [A], spare: ["s 0 up"] },
    "1 of 1",
    "1/1+0",
    "good",
  ],
  "failed over": [
    "spare",
    { main: ["a 100 down", "b 100 down"], spare: [S] },
    "1 of 1, failed over",
    "1/1+0",
    "warn",
  ],
  "failed over, with a further standby": [
    "spare",
    { main: ["a 100 down"], spare: [S], last: ["l 100 up"] },
    "1 of 1, +1 standby, failed over",
    "1/1+1",
    "warn",
  ],
  "nothing serves": [
    "main",
    { main: ["a 100 down"], spare: ["s 100 down"] },
    "0 of 1, +0 of 1 standby",
    "0/1+0",
    "bad",
  ],
  "one that serves is down and held": [
    "main",
    { main: [A, "b 100 held", "c 100 down"], spare: [S] },
    "2 of 3 (1 held), +1 standby",
    "2/3+1",
    "warn",
  ],
  "all that serve are down and held": [
    "main",
    { main: ["a 100 held", "b 100 down"] },
    "1 of 2 (all held)",
    "1/2+0",
    "bad",
  ],
  "all weights are 0": ["main", { main: ["a 0 up"] }, "0 of 0", "0/0+0", "bad"],
  "a backend in several pools counts once": [
    "main",
    { main: [A], spare: ["a 50 up", S], last: [S] },
    "1 of 1, +1 standby",
    "1/1+1",
    "good",
  ],
  "no pools": ["", {}, "0 of 0", "0/0+0", "bad"],
};

for (const [name, [active, pools, text, plain, style]] of Object.entries(TABLE)) {
  Deno.test(`show frontends, serving: ${name}`, () => {
    assert.deepEqual(servingCell(frontend(active, pools)), { text, plain, style });
  });
}
