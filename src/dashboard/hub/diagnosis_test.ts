/** Explanations and pages of the history, as browsers get them from a hub. */
import assert from "node:assert/strict";
import { MS } from "../../../tests/support/fakes/fake_maglevd.ts";
import { onHub, smallMaglevd } from "../../../tests/support/worlds/hub_world.ts";
import { MaglevError } from "../../base/errors.ts";
import type { messages } from "../../grpc/client/client.ts";
import { TIMELINE_PAGE } from "../protocol.ts";
import { DETAILS_BOUNDS, DETAILS_PER_S, MAX_DETAILS_PENDING } from "./model/bounds.ts";

const WHO = "alice (192.0.2.77:1234)";

function link(kind: string, fields: Partial<messages.ExplainLink> = {}): messages.ExplainLink {
  const none = { weight: undefined, sinceUnixNs: undefined, sinceAtLeast: false, by: "" };
  return { kind, text: `text of ${kind}`, decides: false, ...none, ...fields };
}

function place(fields: Partial<messages.ServerExplanation> = {}): messages.ServerExplanation {
  return {
    frontend: "web",
    pool: "main",
    backend: "b0",
    address: "10.0.0.0",
    state: "up",
    links: [],
    weight: 100,
    effectiveWeight: 0,
    vppWeight: undefined,
    buckets: undefined,
    flows: undefined,
    difference: "",
    answer: "",
    backends: [],
    ...fields,
  };
}

Deno.test("explainBackend() has the links of maglevd, also of kinds that it does not know", async () => {
  const lb1 = smallMaglevd();
  lb1.answer("ExplainBackend", ({ name = "" }) => ({
    name,
    address: "10.0.0.0",
    state: "up",
    links: [link("brake", { decides: true, by: WHO, sinceUnixNs: 5n * MS, sinceAtLeast: true })],
    places: [
      place({ links: [link("vpp", { weight: 7 })], vppWeight: 7, buckets: 3, answer: "takes" }),
    ],
  }));
  await onHub({ lb1 }, async ({ hub }) => {
    const brake = { kind: "brake", text: "text of brake", decides: true };
    const begun = { ...brake, since_ms: 5, since_at_least: true };
    const answer = await hub.explainBackend("lb1", "b0", "viewer");
    assert.deepEqual(answer, {
      name: "b0",
      state: "up",
      links: [begun],
      places: [{
        ...{ frontend: "web", pool: "main", backend: "b0", address: "10.0.0.0", state: "up" },
        links: [{ kind: "vpp", text: "text of vpp", weight: 7, decides: false }],
        ...{ weight: 100, effective_weight: 0, vpp_weight: 7, buckets: 3, difference: "" },
        answer: "takes",
      }],
    });
    const whole = await hub.explainBackend("lb1", "b0", "operator");
    assert.ok(!(whole instanceof MaglevError));
    assert.deepEqual(whole.links, [{ ...begun, by: WHO }], "operators see each other");
  });
});

Deno.test("explainFrontend() has its servers, without an operator for viewers", async () => {
  const lb1 = smallMaglevd();
  lb1.answer("ExplainFrontend", ({ name = "" }) => ({
    ...{ name, prefix: "192.0.2.1/32", protocol: "tcp", port: 80, state: "nonsense" },
    links: [link("vip")],
    servers: [place({ links: [link("weight", { by: WHO })], difference: "VPP has 0" })],
  }));
  await onHub({ lb1 }, async ({ hub }) => {
    const answer = await hub.explainFrontend("lb1", "web", "viewer");
    assert.ok(!(answer instanceof MaglevError));
    assert.deepEqual([answer.state, answer.servers[0]!.difference], ["unknown", "VPP has 0"]);
    assert.ok(!JSON.stringify(answer).includes("alice"));
  });
});

Deno.test("texts without end are cut, and so is the number of links", async () => {
  const lb1 = smallMaglevd();
  const long = link("k".repeat(1000), { text: "t".repeat(4000), by: "b".repeat(2000) });
  lb1.answer("ExplainBackend", ({ name = "" }) => ({
    ...{ name, address: "", state: "up" },
    links: Array.from({ length: 150 }, () => long),
    places: Array.from({ length: 2000 }, () => place()),
  }));
  await onHub({ lb1 }, async ({ hub }) => {
    const answer = await hub.explainBackend("lb1", "b0", "operator");
    assert.ok(!(answer instanceof MaglevError));
    assert.deepEqual([answer.links.length, answer.places.length], [100, 1000]);
    const { kind, text, by } = answer.links[0]!;
    assert.deepEqual([kind.length, text.length, by!.length], [32, 2000, 500]);
  });
});

Deno.test("timeline() has a page, newest first; viewers see neither peers nor folders", async () => {
  const lb1 = smallMaglevd();
  const requests: object[] = [];
  lb1.answer("ListHistory", (request) => {
    requests.push(request);
    const attributes = Object.entries({ method: "PauseBackend", identity: "alice", peer: "::1" })
      .map(([key, value]) => ({ key, value }));
    const record = { atUnixNs: 9n * MS, event: "operator-action", attributes };
    return {
      records: [5n, 8n].map((id) => ({ ...record, id, backend: "b0", frontend: "" })),
      nextBeforeId: 5n,
      warning: "not stored: /var/lib/vpp-maglev: full",
    };
  });
  await onHub({ lb1 }, async ({ hub }) => {
    const page = async (audience: "viewer" | "operator") => {
      const answer = await hub.timeline("lb1", { backend: "gone", before: 9 }, audience);
      assert.ok(!(answer instanceof MaglevError));
      return answer;
    };
    const { records, next_before, warning } = await page("operator");
    assert.deepEqual([records.map(({ id }) => id), next_before], [[8, 5], 5]);
    assert.equal(warning, "not stored: /var/lib/vpp-maglev: full");
    assert.deepEqual(records[0], {
      ...{ id: 8, at_ms: 9, event: "operator-action", backend: "b0" },
      attributes: { method: "PauseBackend", identity: "alice", peer: "::1" },
    });
    const seen = await page("viewer");
    assert.deepEqual(seen.records[0]!.attributes, { method: "PauseBackend" });
    assert.equal(seen.warning, "not on disk: it ends with maglevd");
    const selection = { backend: "gone", frontend: "", beforeId: 9n, pageSize: TIMELINE_PAGE };
    assert.deepEqual(requests[0], selection);
  });
});

Deno.test("an answer about another object, an old maglevd, one that is away, too many requests", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub }) => {
    const failure = async (answer: Promise<unknown>) => {
      const error = await answer;
      assert.ok(error instanceof MaglevError, String(error));
      return `${error.code}: ${error.message}`;
    };
    const tooOld = "unimplemented: lb1 cannot answer this: its maglevd 1.0 is too old for it";
    assert.equal(await failure(hub.explainBackend("lb1", "b0", "viewer")), tooOld);
    assert.equal(await failure(hub.explainFrontend("lb1", "web", "viewer")), tooOld);
    assert.equal(await failure(hub.timeline("lb1", {}, "viewer")), tooOld);
    lb1.answer("ExplainBackend", () => ({
      ...{ name: "b1", address: "", state: "up", links: [], places: [] },
    }));
    assert.equal(
      await failure(hub.explainBackend("lb1", "b0", "viewer")),
      'internal: the answer is about "b1"',
    );
    const calls = () => lb1.count("ExplainBackend") + lb1.count("ExplainFrontend");
    const before = calls();
    assert.match(await failure(hub.explainBackend("lb1", "ghost", "viewer")), /^not-found: /);
    assert.match(await failure(hub.explainFrontend("lb1", "ghost", "viewer")), /^not-found: /);
    assert.match(await failure(hub.timeline("lb7", {}, "viewer")), /^not-found: /);
    for (let n = 0; n < 2 * DETAILS_PER_S.burst; n++) {
      await hub.explainBackend("lb1", "b0", "viewer");
    }
    assert.ok(calls() - before < DETAILS_PER_S.burst, `${calls() - before}`);
    assert.match(await failure(hub.timeline("lb1", {}, "viewer")), /^resource-exhausted: /);
    lb1.isRefused = true;
    lb1.endStreams();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.match(
      await failure(hub.explainBackend("lb1", "b0", "viewer")),
      /^unavailable: lb1 is not connected: /,
    );
  });
});

Deno.test("an explanation is bounded: a thousand servers are explained, two MiB are refused", async () => {
  const lb1 = smallMaglevd();
  let servers = 1000;
  const text = "a sentence of the length that they have, with a name in it";
  const links = Array.from({ length: 8 }, (_, at) => link(`kind${at}`, { text }));
  lb1.answer("ExplainFrontend", ({ name = "" }) => ({
    ...{ name, prefix: "192.0.2.1/32", protocol: "tcp", port: 80, state: "up" },
    links: [],
    servers: Array.from({ length: servers }, () => place({ links })),
  }));
  await onHub({ lb1 }, async ({ hub }) => {
    const whole = await hub.explainFrontend("lb1", "web", "viewer");
    assert.ok(!(whole instanceof MaglevError) && whole.servers.length === 1000);
    servers = 4000;
    const refused = await hub.explainFrontend("lb1", "web", "viewer");
    assert.ok(refused instanceof MaglevError && refused.code === "internal");
    assert.match(refused.message, new RegExp(`${DETAILS_BOUNDS.bytes} bytes`));
  });
});

Deno.test("a maglevd that does not answer owes a bounded number of details, the others go on", async () => {
  const [lb1, lb2] = [smallMaglevd(), smallMaglevd()];
  await onHub({ lb1, lb2 }, async ({ hub, clock }) => {
    await clock.advanceAsync(10_000);
    const release = lb1.hold("GetBackend");
    const before = lb1.count("GetBackend");
    const asked = Array.from({ length: 60 }, () => hub.backend("lb1", "b0", "viewer"));
    const refused = (await Promise.all(asked.slice(MAX_DETAILS_PENDING))).map(String);
    assert.equal(lb1.count("GetBackend") - before, MAX_DETAILS_PENDING);
    assert.match(refused[0]!, /lb1 owes too many answers for details/);
    assert.ok(!(await hub.backend("lb2", "b0", "viewer") instanceof MaglevError));
    release();
    await Promise.all(asked);
    assert.ok(!(await hub.backend("lb1", "b0", "viewer") instanceof MaglevError));
  });
});
