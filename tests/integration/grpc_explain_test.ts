/**
 * Explanations and the history of a running maglevd: the last line of each chain is the weight that
 * the simulated VPP has, and the history outlives SIGKILL.
 */
import assert from "node:assert/strict";
import { type GrpcClient, type Json, part } from "../support/judges/grpc_client.ts";
import { GrpcClient as Client } from "../support/judges/grpc_client.ts";
import { lbView, vppHas } from "../support/judges/lb_view.ts";
import { until } from "../support/judges/until.ts";
import { FRONTENDS, grpcAddress, grpcTest, SERVERS, texts } from "../support/worlds/grpc_stage.ts";
import { onStage } from "../support/worlds/stage.ts";
import { maglevc } from "../support/terminals/maglevc.ts";

const [A, B, C] = SERVERS as [string, string, string];
const WEB = "192.0.2.1/32 6 80";
const API = "192.0.2.2/32 6 443";
const VIPS: Readonly<Record<string, string>> = { web: WEB, api: API };

async function ask(client: GrpcClient, method: string, request: Json = {}): Promise<Json> {
  const { code, details, message } = await client.call(method, request);
  assert.equal(code, "OK", details);
  return message!;
}

function listOf(message: Json, field: string): Json[] {
  const list = part(message, field);
  assert.ok(Array.isArray(list), field);
  return list;
}

grpcTest("explain ends with the weight in VPP; the history survives SIGKILL", async () => {
  await onStage(SERVERS, async ({ configPath, configure, simulator, start }) => {
    const folder = configPath.replace(/[^/]*$/, "");
    const stateDir = `${folder}state`;
    await configure(FRONTENDS);
    const first = start({ grpcAddr: "127.0.0.1:0", stateDir });
    for (const name of ["b0", "b1", "b2"]) await first.transition(name, "up");
    await using client = await Client.start({ target: await grpcAddress(first) });

    /** Compares every chain of every backend with what VPP has. */
    const compared = async () => {
      const view = lbView(simulator);
      for (const [at, address] of SERVERS.entries()) {
        const explained = await ask(client, "ExplainBackend", { name: `b${at}` });
        const places = listOf(explained, "places");
        assert.ok(places.length > 0);
        for (const place of places) {
          const vip = VIPS[String(part(place, "frontend"))]!;
          const last = listOf(place, "links").at(-1)!;
          assert.equal(part(last, "kind"), "difference");
          assert.ok(
            view[vip]!.includes(`${address} ${part(last, "weight")}`),
            String(part(last, "text")),
          );
          assert.equal(part(place, "difference"), "");
          assert.equal(part(place, "vppWeight"), part(last, "weight"));
        }
      }
    };
    await vppHas(simulator, { [WEB]: [`${A} 100`, `${B} 50`, `${C} 0`], [API]: [`${B} 100`] });
    await compared();
    await ask(client, "PauseBackend", { name: "b0", reason: "new kernel" });
    await ask(client, "SetFrontendPoolBackendWeight", {
      frontend: "web",
      pool: "main",
      backend: "b1",
      weight: 7,
    });
    await vppHas(simulator, { [WEB]: [`${A} 0`, `${B} 7`, `${C} 0`], [API]: [`${B} 100`] });
    // The newest reading is older than these changes.
    await compared();
    const why = await ask(client, "ExplainBackend", { name: "b0" });
    assert.match(texts(why, "links", "text").at(-1)!, /^paused by .*: new kernel$/);
    await ask(client, "DisableBackend", { name: "b1" });
    await vppHas(simulator, { [WEB]: [`${A} 0`, `${B} 0`, `${C} 70`], [API]: [`${B} 0`] });
    await compared();
    const web = await ask(client, "ExplainFrontend", { name: "web" });
    assert.match(texts(web, "links", "text")[1]!, /^pool "spare" is active/);
    assert.deepEqual(texts(web, "servers", "effectiveWeight"), ["0", "0", "70"]);
    assert.equal((await client.call("ExplainBackend", { name: "b9" })).code, "NOT_FOUND");
    assert.equal((await client.call("ExplainFrontend", { name: "wep" })).code, "NOT_FOUND");

    const explained = await maglevc(
      ["--server", await grpcAddress(first), "explain", "backend", "b0"],
      { home: folder },
    );
    assert.equal(explained.code, 0, explained.stderr);
    assert.match(explained.stdout, /\ndifference +0 +- +none: VPP has what it should have\n$/);

    await simulator.stop();
    await first.seen(({ msg }) => msg === "vpp-disconnect");
    const away = await ask(client, "ExplainBackend", { name: "b0" });
    const [place] = listOf(away, "places");
    assert.match(String(part(place, "difference")), /^VPP is not connected: /);
    assert.equal(part(place, "vppWeight"), undefined);

    // Two pages: the newest record, then one before it.
    const newest = await ask(client, "ListHistory", { pageSize: 1 });
    const older = await ask(client, "ListHistory", {
      pageSize: 1,
      beforeId: String(part(newest, "nextBeforeId")),
    });
    const ids = [older, newest].map((page) => Number(part(listOf(page, "records")[0]!, "id")));
    assert.equal(ids[1]! - ids[0]!, 1);
    assert.equal(part(newest, "warning"), "");
    const file = () => Deno.readTextFileSync(`${stateDir}/history-0000000000000001.log`);
    await until(() => file().includes("vpp-disconnect"), { what: "the history is on disk" });
    first.process.signal("SIGKILL");
    await first.process.ended;

    const second = start({ grpcAddr: "127.0.0.1:0", stateDir });
    const server = await grpcAddress(second);
    await using later = await Client.start({ target: server });
    const whole = await ask(later, "ListHistory", { pageSize: 1000 });
    const events = texts(whole, "records", "event");
    assert.equal(events.filter((event) => event === "maglevd-start").length, 2);
    assert.equal(events.filter((event) => event === "operator-action").length, 3);
    const seen = texts(whole, "records", "id").map(Number);
    assert.deepEqual(seen, seen.map((_, at) => at + 1), "no record is missing");
    const { code, stdout, stderr } = await maglevc(
      ["--server", server, "show", "history", "backend", "b0"],
      { home: folder },
    );
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /operator-action +b0 +- +method=PauseBackend .*reason=new kernel/);
    assert.match(stdout, /backend-transition +b0 +- +up → paused paused/);
  });
});
