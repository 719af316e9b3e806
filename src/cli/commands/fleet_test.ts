import assert from "node:assert/strict";
import { FleetInfo, FleetResponse, Intent } from "../../grpc/gen/maglev.ts";
import { create } from "../../grpc/messages/codec.ts";
import type { Args } from "../language/node.ts";
import { renderView } from "../render/mod.ts";
import { type Answers, fakeClient } from "../../../tests/support/fakes/fake_client.ts";
import { answersOf } from "../../../tests/support/worlds/cli_answers.ts";
import { ago, NOW_MS, PLAIN } from "../../../tests/support/worlds/cli_words.ts";
import type { Answer } from "./command.ts";
import { COMMANDS } from "./mod.ts";

type Name = keyof typeof COMMANDS;

async function run(name: Name, args: Args, answers: Answers = answersOf(PLAIN)) {
  const { client, asked } = fakeClient(answers);
  const answer = await COMMANDS[name]({ client, nowMs: NOW_MS }, args);
  return { answer, asked, text: text(answer) };
}

function text({ view }: Answer): string {
  return renderView(view, { width: Infinity, color: false });
}

const INTENT = create(Intent, {
  id: "0123abcd",
  kind: "disable",
  backend: "web1",
  scope: "fleet",
  identity: "ann",
  sinceUnixNs: ago(60_000),
});

function info(fields: Partial<FleetInfo>): FleetInfo {
  return create(FleetInfo, {
    fleet: "edge",
    lb: "lb1",
    site: "ams",
    store: "ok",
    storeSinceUnixNs: ago(60_000),
    revision: 18412n,
    intents: [{
      intent: INTENT,
      via: "lb2",
      force: false,
      revision: 18000n,
      here: "held",
      hereReason: "frontend web would have no server",
      plans: [],
    }],
    members: [{
      name: "lb2",
      site: "fra",
      version: "1.0",
      present: false,
      sinceUnixNs: ago(180_000),
      applied: 18377n,
      clockSkewNs: 2_500_000_000n,
      configHash: "",
      held: [],
      unfit: [{ id: "0123abcd", reason: "the backend is gone" }],
      drains: [],
    }],
    ended: [{
      id: "89abcdef",
      scope: "site=ams",
      target: ["web", "main", "web2"],
      peer: "",
      identity: "bob",
      reason: "works again",
      via: "lb1",
      atUnixNs: ago(60_000),
      cause: "ended",
    }],
    ...fields,
  });
}

Deno.test("show fleet intents: the store, what became of each intent, and load balancers", async () => {
  const { answer, text } = await run("show fleet intents", {}, { GetFleet: () => info({}) });
  assert.equal(answer.ok, true);
  assert.match(text, /edge: lb1 of site ams, store ok for 1m00s, revision 18412/);
  assert.match(text, /0123abcd +fleet +web1 +held: frontend web would have no server +disable/);
  assert.match(text, /lb2 +fra +18377 +away for 3m\S* +cannot obey 0123abcd: .*clock 2\.5 s ahead/);
  assert.match(text, /89abcdef +site=ams +web main web2 +bob, 1m\S* ago: works again/);
});

Deno.test("show fleet intents: a clock is ahead or late, from a second on", async () => {
  const [member] = info({}).members;
  const notes = async (clockSkewNs: bigint) => {
    const members = [{ ...member!, unfit: [], clockSkewNs }];
    const { text } = await run("show fleet intents", {}, { GetFleet: () => info({ members }) });
    return /clock .*/.exec(text)?.[0].trim();
  };
  assert.equal(await notes(2_500_000_000n), "clock 2.5 s ahead");
  assert.equal(await notes(-300_000_000_000n), "clock 300.0 s late");
  assert.equal(await notes(-999_000_000n), undefined);
});

Deno.test("show fleet intents: a store that is away or foreign is a failure, with its age", async () => {
  const fields = { store: "foreign", storeReason: "it was wiped", confirmedUnixNs: ago(3_600_000) };
  const { answer, text } = await run("show fleet intents", {}, {
    GetFleet: () => info({ ...fields, nameTaken: true }),
  });
  assert.equal(answer.ok, false);
  assert.match(text, /store foreign/);
  assert.match(text, /it was wiped/);
  assert.match(text, /in force as of 1h\S* ago/);
  assert.match(text, /another process has the name lb1/);
  const off = await run("show fleet intents", {}, {
    GetFleet: () => create(FleetInfo, { store: "off" }),
  });
  assert.match(off.text, /no store of a fleet is configured/);
});

Deno.test("set: the words of a scope are sent", async () => {
  const sent = async (args: Args) => {
    const { asked } = await run("set backend pause", { backend: "web1", ...args });
    const request = asked.find(({ method }) => method === "PauseBackend")!.request;
    assert.ok(typeof request === "object" && request !== null);
    return ["scope" in request ? request.scope : "", "force" in request && request.force];
  };
  assert.deepEqual(await sent({}), ["", false]);
  assert.deepEqual(await sent({ fleet: "", force: "" }), ["fleet", true]);
  assert.deepEqual(await sent({ site: "ams" }), ["site=ams", false]);
  assert.deepEqual(await sent({ lb: "lb2" }), ["lb=lb2", false]);
});

Deno.test("fleet adopt, restore and forget: the request, and its warning", async () => {
  const done = create(FleetResponse, { revision: 7n, warning: "lb2 is away" });
  const answers = { AdoptIntent: () => done, RestoreFleet: () => done, ForgetFleet: () => done };
  const adopted = await run("fleet adopt", { id: "0123abcd", reason: "all" }, answers);
  assert.deepEqual(adopted.asked[0]?.request, { id: "0123abcd", scope: "fleet", reason: "all" });
  assert.match(adopted.text, /done, revision 7\s+warning: lb2 is away/);
  assert.deepEqual((await run("fleet restore", {}, answers)).asked[0]?.method, "RestoreFleet");
  assert.deepEqual((await run("fleet forget", {}, answers)).asked[0]?.method, "ForgetFleet");
});
