/**
 * Commands with a scope. Goal: each load balancer is asked for its plan, and one of them, once, for the
 * request, which carries the plans.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import type { messages } from "../../grpc/client/client.ts";
import { FleetInfo, FleetMember, type PlanBackendResponse } from "../../grpc/gen/maglev.ts";
import { create } from "../../grpc/messages/codec.ts";
import { type Answers, fakeClient } from "../../../tests/support/fakes/fake_client.ts";
import { answersOf } from "../../../tests/support/worlds/cli_answers.ts";
import { NOW_MS, PLAIN } from "../../../tests/support/worlds/cli_words.ts";
import type { AskingCommand } from "../execute.ts";
import type { Args } from "../language/node.ts";
import type { Server } from "../servers.ts";
import { runScoped } from "./scoped.ts";

const WORLD = answersOf(PLAIN);

/** Of the fleet; lb2 and lb7 are at another site. */
const members = [["lb1", "ams"], ["lb5", "ams"], ["lb6", "ams"], ["lb7", "fra"]].map(
  ([name = "", site = ""]) => ({ ...create(FleetMember), name, site, present: name !== "lb6" }),
);

function foretold(lb: string, share: number, emptied: readonly string[] = []) {
  return { lb, shares: [{ frontend: "web", share }], rest: 0, emptied };
}

/** A server whose plan is this; or that fails with this error. */
function server(name: string, plan: messages.ForetoldPlan | MaglevError | undefined) {
  const fails = () => {
    throw plan;
  };
  const isAway = plan instanceof MaglevError;
  const answers: Answers = {
    ...WORLD,
    GetFleet: () => isAway ? fails() : { ...create(FleetInfo), store: "ok", members },
    PlanBackend: () =>
      isAway ? fails() : { ...WORLD.PlanBackend({}), foretold: plan } satisfies PlanBackendResponse,
  };
  const { client, asked } = fakeClient(answers);
  const endpoint = { server: `${name}:9090`, tls: false, token: false, timeoutMs: 1000 };
  const ask = (call: (each: typeof client) => unknown) => call(client);
  const fake = { name, address: endpoint.server, endpoint, memory: new Map(), ask };
  return { server: fake as unknown as Server, asked };
}

async function run(
  command: AskingCommand,
  args: Args,
  { servers, output = "text" }: {
    readonly servers: readonly Server[];
    readonly output?: "text" | "json";
  },
) {
  return await runScoped(command, args, {
    servers,
    output,
    width: Infinity,
    color: false,
    forecast: false,
    nowMs: NOW_MS,
    wallMs: () => NOW_MS,
    waiting: { pause: () => Promise.resolve(), say: () => {} },
  });
}

const AWAY = new MaglevError("unavailable", "No connection established: ECONNREFUSED");

Deno.test("a change with a scope goes to one server, with the plans of all that answer", async () => {
  const away = server("lb1", AWAY);
  const lb2 = server("lb2", foretold("lb2", 0.34));
  const lb3 = server("lb3", foretold("", 0.5));
  const elsewhere = server("lb4", undefined);
  const all = [away, lb2, lb3, elsewhere];
  const args = { backend: "web1", site: "ams", reason: "disk" };
  const servers = all.map(({ server }) => server);
  const { status, errors } = await run("set backend disable", args, { servers });
  assert.equal(status, 0);
  assert.deepEqual(errors, [
    "lb1:9090: nothing is foretold for it: connection refused: no process listens there; is maglevd " +
    "running?",
    "lb5: nothing is foretold for it: no answer by --server",
    "lb6: nothing is foretold for it: it is away",
  ]);
  assert.deepEqual(all.map(({ asked }) => asked.map(({ method }) => method)), [
    ["PlanBackend"],
    ["PlanBackend", "GetFleet", "DisableBackend"],
    ["PlanBackend"],
    ["PlanBackend"],
  ]);
  const planned = { name: "web1", action: "disable", scope: "site=ams", reason: "disk" };
  assert.deepEqual(lb3.asked[0]!.request, { ...planned, end: undefined });
  const { plans, scope } = lb2.asked[2]!.request as messages.BackendRequest;
  // One without a store has the name that maglevc gives it.
  assert.deepEqual([scope, plans], ["site=ams", [foretold("lb2", 0.34), foretold("lb3", 0.5)]]);
});

Deno.test("the scope of one load balancer: the others are not missed", async () => {
  const lb1 = server("lb1", foretold("lb1", 0.3));
  const disable = async (lb: string) => {
    const args = { backend: "web1", lb };
    return (await run("set backend disable", args, { servers: [lb1.server] })).errors;
  };
  assert.deepEqual(await disable("lb1"), []);
  assert.equal((lb1.asked[0]!.request as messages.PlanBackendRequest).scope, "lb=lb1");
  assert.equal((lb1.asked[2]!.request as messages.BackendRequest).scope, "lb=lb1");
  assert.deepEqual(await disable("lb5"), [
    "lb5: nothing is foretold for it: no answer by --server",
  ]);
});

Deno.test("an end has no plan, and no server that answers is an error", async () => {
  const lb1 = server("lb1", foretold("lb1", 0.3));
  const lb2 = server("lb2", foretold("lb2", 0.3));
  const args = { backend: "web1", fleet: "" };
  const servers = [lb1.server, lb2.server];
  assert.equal((await run("set backend enable", args, { servers })).status, 0);
  assert.deepEqual(lb1.asked.map(({ method }) => method), ["GetFleet", "EnableBackend"]);
  assert.deepEqual(lb2.asked.map(({ method }) => method), ["GetFleet"]);
  const none = await run("set backend enable", args, { servers: [server("lb1", AWAY).server] });
  assert.deepEqual([none.status, none.text, none.errors.length], [1, "", 1]);
});

Deno.test("a plan with a scope has a row of each load balancer, and a note where none is left", async () => {
  const lb1 = server("lb1", foretold("lb1", 0.34, ["web"]));
  const servers = [lb1.server, server("lb2", AWAY).server, server("lb3", undefined).server];
  const args = { backend: "web1", fleet: "" };
  const { text, errors, status } = await run("plan backend drain", args, { servers });
  assert.equal(status, 1);
  assert.match(text, /^lb1 +web +192\.0\.2\.1:80\/tcp .*no server is left/m);
  assert.match(text, /^lb2 .*not asked: connection refused/m);
  assert.match(text, /^lb3 .*not of this scope/m);
  assert.match(errors[0]!, /^lb2:9090: connection refused/);
  assert.deepEqual(errors.slice(1).map((line) => line.slice(0, 4)), ["lb5:", "lb6:", "lb7:"]);
  assert.equal((lb1.asked[0]!.request as messages.PlanBackendRequest).scope, "fleet");
  const json = JSON.parse(
    (await run("plan backend drain", args, { servers, output: "json" })).text,
  );
  assert.equal(json.length, 3);
  assert.deepEqual(json[0].answer.foretold, foretold("lb1", 0.34, ["web"]));
  assert.match(json[1].error, /connection refused/);
});
