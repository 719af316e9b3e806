import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { MaglevError } from "../../base/errors.ts";
import type { SlotKind } from "../language/node.ts";
import { liveNames, NAMES_DEADLINE_MS, type NamingServer } from "./names.ts";

/** Answers by method; `calls` counts. */
function server(answers: Record<string, unknown>, calls: string[] = []): NamingServer {
  const call = (method: string, request: { name?: string } = {}) => {
    calls.push(request.name === undefined ? method : `${method} ${request.name}`);
    const answer = answers[method];
    return answer === undefined
      ? Promise.reject(new MaglevError("unavailable", "away"))
      : Promise.resolve(answer);
  };
  const client = { call } as unknown as Parameters<Parameters<NamingServer["ask"]>[0]>[0];
  return { ask: (fn) => fn(client) };
}

const ANSWERS = {
  ListFrontends: { frontendNames: ["web", "api"] },
  ListBackends: { backendNames: ["b1", "b0"] },
  ListHealthChecks: { healthcheckNames: ["http"] },
  GetFrontend: {
    pools: [{ name: "main", backends: [{ name: "b0" }, { name: "b1" }] }, {
      name: "spare",
      backends: [{ name: "b2" }],
    }],
  },
  GetFleet: {
    members: [{ name: "lb2", site: "ams" }, { name: "lb1", site: "ams" }, {
      name: "lb3",
      site: "",
    }],
  },
};

Deno.test("liveNames() returns sorted names, those of a pool according to the words typed so far", async () => {
  const calls: string[] = [];
  const names = liveNames({ servers: [server(ANSWERS, calls)], clock: new FakeClock() });
  const cases: [SlotKind, Record<string, string>, string[]][] = [
    ["frontend", {}, ["api", "web"]],
    ["backend", {}, ["b0", "b1"]],
    ["healthcheck", {}, ["http"]],
    ["pool", { frontend: "web" }, ["main", "spare"]],
    ["pool-backend", { frontend: "web", pool: "spare" }, ["b2"]],
    ["pool-backend", { frontend: "web", pool: "none" }, []],
    ["lb", {}, ["lb1", "lb2", "lb3"]],
    ["site", {}, ["ams"]],
    ["text", {}, []],
  ];
  for (const [slot, args, expected] of cases) assert.deepEqual(await names(slot, args), expected);
  assert.ok(calls.includes("GetFrontend web"));
});

Deno.test("liveNames() remembers names for a moment", async () => {
  const calls: string[] = [];
  const clock = new FakeClock();
  const names = liveNames({ servers: [server(ANSWERS, calls)], clock });
  await names("backend", {});
  clock.advance(1999);
  await names("backend", {});
  assert.equal(calls.length, 1);
  clock.advance(1);
  await names("backend", {});
  assert.equal(calls.length, 2);
});

Deno.test("liveNames() bounds its cache", async () => {
  const calls: string[] = [];
  const names = liveNames({ servers: [server(ANSWERS, calls)], clock: new FakeClock() });
  for (let at = 0; at <= 100; at++) await names("pool", { frontend: `f${at}` });
  await names("pool", { frontend: "f100" });
  assert.equal(calls.length, 101);
  await names("pool", { frontend: "f0" });
  assert.equal(calls.length, 102);
});

Deno.test("liveNames() merges the names of several servers, without those of a server that is away", async () => {
  const other = server({ ListFrontends: { frontendNames: ["web", "dns"] } });
  const servers = [server(ANSWERS), server({}), other];
  const names = liveNames({ servers, clock: new FakeClock() });
  assert.deepEqual(await names("frontend", {}), ["api", "dns", "web"]);
});

Deno.test("liveNames() skips a server that hangs, without a delay", async () => {
  const clock = new FakeClock();
  const silent: NamingServer = { ask: () => new Promise(() => {}) };
  const names = liveNames({ servers: [silent, server(ANSWERS)], clock });
  let found: readonly string[] | undefined;
  void names("frontend", {}).then((list) => found = list);
  await clock.advanceAsync(NAMES_DEADLINE_MS - 1);
  assert.equal(found, undefined);
  await clock.advanceAsync(1);
  assert.deepEqual(found, ["api", "web"]);
  assert.equal(clock.timers, 0);
});
