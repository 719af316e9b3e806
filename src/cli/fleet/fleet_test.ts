import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import type { SmallConfig } from "../../../tests/support/fakes/small_config.ts";
import { failingServer, fleetServer } from "../../../tests/support/worlds/fleet_client.ts";
import { FleetLb } from "../../../tests/support/worlds/fleet_world.ts";
import { Fingerprints } from "../../grpc/gen/maglev.ts";
import { create } from "../../grpc/messages/codec.ts";
import { AnswerReader, keyOf, MAX_VIPS, vipNameOf } from "../../grpc/client/fleet/answers.ts";
import { type FleetServer, readFleet } from "../../grpc/client/fleet/read.ts";
import { readVotes } from "./votes.ts";
import { runFleet } from "./fleet.ts";

const CONFIG: SmallConfig = {
  backends: { a: {}, b: {} },
  frontends: { web: { pools: "a b" }, api: { pools: "b" } },
};
const WEB = "192.0.2.1/32 tcp 80";

function server(lb: string, shape: Partial<ConstructorParameters<typeof FleetLb>[1]> = {}) {
  return fleetServer(new FleetLb(lb, { config: CONFIG, ...shape }));
}

function read(servers: readonly FleetServer[]) {
  return readFleet({ servers, clock: new FakeClock() });
}

/** A server whose pages `change` rewrites; undefined cuts the answer off. */
function lying(
  lb: string,
  change: (page: Fingerprints) => Partial<Fingerprints> | undefined,
): FleetServer {
  const honest = server(lb);
  return {
    ...honest,
    ask: (call) =>
      honest.ask((client) =>
        call({
          call: client.call.bind(client),
          async *fingerprints(...args: Parameters<typeof client.fingerprints>) {
            for await (const page of client.fingerprints(...args)) {
              const changed = change(page);
              if (changed === undefined) return;
              yield { ...page, ...changed };
            }
          },
        })
      ),
  };
}

Deno.test("readFleet() reports servers that are away, old or lying, and compares the others", async () => {
  const servers = [
    server("lb1"),
    failingServer(
      "away",
      new MaglevError("unavailable", "No connection established: ECONNREFUSED"),
    ),
    failingServer("slow", new MaglevError("deadline-exceeded", "Deadline exceeded after 10s")),
    failingServer("old", new MaglevError("unimplemented", "unknown method GetFingerprints")),
    failingServer("shut", new MaglevError("permission-denied", "GetFingerprints needs a viewer")),
    lying("twice", ({ vips }) => ({ vips: [...vips, ...vips] })),
    lying("nameless", ({ vips }) => ({ vips: vips.map((vip) => ({ ...vip, vip: undefined })) })),
    lying("short", ({ vips }) => ({ vips: vips.slice(1) })),
    lying("silent", () => undefined),
    lying(
      "other",
      ({ vips }) => ({ vips: vips.map((vip) => ({ ...vip, wanted: 1n, actual: 1n })) }),
    ),
    server("lb2"),
  ];
  const { comparison, differences } = await read(servers);
  const reasons = Object.fromEntries(
    comparison.members.map(({ lb, excluded }) => [lb, excluded]),
  );
  assert.deepEqual(reasons, {
    lb1: "",
    away: "connection refused: no process listens there; is maglevd running?",
    slow: "no answer within 10s: connected, but the server does not answer",
    old: "an older version: it has no fingerprints",
    shut: "GetFingerprints needs a viewer",
    twice: "its answer has a VIP twice",
    nameless: "its answer has a VIP without a name",
    short: "its answer ends too early",
    silent: "its answer ends too early",
    other: "not comparable: its answer contradicts itself",
    lb2: "",
  });
  assert.deepEqual([comparison.verdict, differences], ["incomplete", []]);
});

Deno.test("readFleet() explains a difference, also when one of them ends in between", async () => {
  let calls = 0;
  const servers = [
    server("lb1"),
    server("lb2", { states: { a: "down" } }),
    lying("lb3", (page) => ++calls > 1 ? undefined : page),
  ];
  const { differences, comparison, unexplained } = await read(servers);
  assert.deepEqual(comparison.differing, [WEB]);
  assert.deepEqual(unexplained, []);
  const [web] = differences;
  assert.deepEqual(web!.causes, ["health"]);
  assert.deepEqual(web!.groups, [["lb1"], ["lb2"]], "lb3 is not taken for one without the VIP");
});

Deno.test("readFleet() counts VIPs whose details agree by then", async () => {
  const odd = lying("lb2", (page) => ({
    ...page,
    vips: page.vips.map((vip) => vip.frontend === "web" ? { ...vip, inputs: 7n } : vip),
  }));
  const { differences, unexplained } = await read([server("lb1"), odd]);
  assert.deepEqual([differences, unexplained], [[], [WEB]]);
});

Deno.test("AnswerReader takes no more VIPs than its bound", () => {
  const reader = new AnswerReader("lb1");
  const page = (from: number) =>
    create(Fingerprints, {
      vips: Array.from({ length: 500 }, (_, i) => ({
        vip: { prefix: `192.0.2.1/32`, protocol: "tcp", port: from + i },
        ...{
          frontend: "f",
          inputs: 0n,
          wanted: 0n,
          actual: undefined,
          details: undefined,
          tables: 1,
        },
      })),
    });
  for (let from = 0; from < MAX_VIPS; from += 500) assert.equal(reader.add(page(from)), true);
  assert.equal(reader.add(page(MAX_VIPS)), false);
  assert.deepEqual(reader.answer(), { ok: false, reason: "it has more than 20000 VIPs" });
});

Deno.test("keyOf() accepts names of VIPs alone", () => {
  assert.equal(keyOf(vipNameOf(WEB)), WEB);
  assert.equal(
    keyOf({ prefix: "2001:db8::1/128", protocol: "any", port: 0 }),
    "2001:db8::1/128 any 0",
  );
  for (const prefix of ["", "192.0.2.1", "192.0.2.300/32", "\x1b[2J/32", "192.0.2.1/32 tcp"]) {
    assert.equal(keyOf({ prefix, protocol: "tcp", port: 80 }), undefined, prefix);
  }
  assert.equal(keyOf({ prefix: "192.0.2.1/32", protocol: "t cp", port: 80 }), undefined);
  assert.equal(keyOf({ prefix: "192.0.2.1/32", protocol: "tcp", port: 65_536 }), undefined);
});

Deno.test("the exit status is 0 when all agree, 4 when they differ, 1 when one is not compared", async () => {
  const away = failingServer("away", new MaglevError("unavailable", "ECONNREFUSED"));
  const status = async (servers: readonly FleetServer[], command = "show fleet" as const) => {
    const clock = new FakeClock();
    const options = { servers, clock, output: "json", width: Infinity, color: false } as const;
    return (await runFleet(command, options)).status;
  };
  const [same, down] = [server("lb2"), server("lb2", { states: { a: "down" } })];
  assert.equal(await status([server("lb1"), same]), 0);
  assert.equal(await status([server("lb1"), down]), 4);
  assert.equal(await status([server("lb1"), away]), 1);
  assert.equal(await status([server("lb1"), down, away]), 4, "a difference is certain");
  const votes = await readVotes({ servers: [server("lb1"), down, away], clock: new FakeClock() });
  assert.deepEqual([votes.voters, votes.servers, votes.rows.length], [["lb1", "lb2"], 2, 1]);
  assert.equal(votes.failures[0]!.lb, "away");
});
