/**
 * Another host: a namespace of its own, joined to the daemon's by a link. Goal: with default flags
 * it can read, and no call can change anything.
 */
import assert from "node:assert/strict";
import { MAGLEV_RULES } from "../../src/grpc/calls/methods.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import {
  GrpcClient,
  type Json,
  missingForGrpcClient,
  part,
} from "../support/judges/grpc_client.ts";
import { actionsSeen } from "../support/worlds/grpc_stage.ts";
import { NO_NETNS, PAIR_PROBER4, PAIR_SERVER4, withPair } from "../support/servers/netns.ts";

const CONFIG = `maglev:
  healthchecks:
    web: { type: http, port: 81, params: { path: /, headers: { Authorization: "Basic c2VjcmV0" } } }
  backends:
    a: { address: 127.0.0.1 }
    b: { address: 127.0.0.2, healthcheck: web }
  frontends:
    web: { address: 192.0.2.1, pools: [ { name: main, backends: { a: {}, b: {} } } ] }
`;

/** A request that each method would obey, of an operator. */
const REQUESTS: Readonly<Record<string, Json>> = {
  GetFrontend: { name: "web" },
  GetBackend: { name: "a" },
  GetHealthCheck: { name: "web" },
  ExplainBackend: { name: "b" },
  ExplainFrontend: { name: "web" },
  PauseBackend: { name: "a", reason: "mischief" },
  ResumeBackend: { name: "a" },
  EnableBackend: { name: "a" },
  DisableBackend: { name: "a" },
  DrainBackend: { name: "a" },
  SetFrontendPoolBackendWeight: { frontend: "web", pool: "main", backend: "a", weight: 0 },
  PlanBackend: { name: "a", action: "pause" },
};

const missing = NO_NETNS ?? missingForGrpcClient();

Deno.test({
  name: "with default flags another host can read, but cannot change anything" +
    (missing === undefined ? "" : ` (skipped: ${missing})`),
  ignore: missing !== undefined,
  fn: async () => {
    await withFolder(async (folder) => {
      const config = `${folder}/maglev.yaml`;
      await Deno.writeTextFile(config, CONFIG);
      await withPair(async ({ prober, server }) => {
        // The default address: all of the (other) host's.
        const daemon = new Daemon({
          config,
          grpcAddr: ":9090",
          prefix: ["ip", "netns", "exec", server.name],
        });
        try {
          await daemon.seen(({ msg }) => msg === "grpc-listen");
          await using client = await GrpcClient.start(
            { target: `${PAIR_SERVER4}:9090` },
            ["ip", "netns", "exec", prober.name],
          );
          await tryEverything(client, daemon);
          await using home = await GrpcClient.start(
            { target: "127.0.0.1:9090" },
            ["ip", "netns", "exec", server.name],
          );
          const check = (await home.call("GetHealthCheck", { name: "web" })).message;
          assert.equal(part(check, "headers", 0, "value"), "Basic c2VjcmV0", "an operator sees it");
          assert.equal((await home.call("PauseBackend", { name: "a" })).code, "OK");
          // By the address that others use too: the caller has it as well.
          await using owner = await GrpcClient.start(
            { target: `${PAIR_SERVER4}:9090` },
            ["ip", "netns", "exec", server.name],
          );
          assert.equal((await owner.call("ResumeBackend", { name: "a" })).code, "OK");
          await daemon.seen(({ msg, method, peer }) =>
            msg === "operator-action" && method === "ResumeBackend" &&
            String(peer).startsWith(`${PAIR_SERVER4}:`)
          );
          await crowd(prober.name, home);
        } finally {
          await daemon.stop();
        }
      });
    });
  },
});

/** More streams from there than there are places for strangers; here there are places still. */
async function crowd(prober: string, home: GrpcClient): Promise<void> {
  const prefix = ["ip", "netns", "exec", prober];
  const target = { target: `${PAIR_SERVER4}:9090` };
  const clients = [await GrpcClient.start(target, prefix), await GrpcClient.start(target, prefix)];
  try {
    const kinds: [method: string, most: number][] = [
      ["WatchEvents", 128],
      ["grpc.health.v1.Health/Watch", 128],
    ];
    for (const [method, most] of kinds) {
      const streams = clients.flatMap((client) =>
        Array.from({ length: 80 }, () => client.stream(method))
      );
      const refused = await Promise.all(streams.map((stream) =>
        Promise.race([
          stream.seen(() => true).then(() => undefined, () => undefined),
          stream.ended,
        ])
      ));
      const said = refused.filter((ended) => ended !== undefined);
      assert.equal(streams.length - said.length, most, method);
      for (const { code, details } of said) {
        assert.equal(code, "RESOURCE_EXHAUSTED");
        assert.match(
          details,
          /128 watchers without credentials from other hosts already connected/,
        );
      }
      const watch = home.stream(method);
      await watch.seen(() => true);
      await watch.cancel();
      for (const stream of streams) await stream.cancel();
    }
  } finally {
    for (const client of clients) await client[Symbol.asyncDispose]();
  }
}

async function tryEverything(client: GrpcClient, daemon: Daemon): Promise<void> {
  // No server responds for b: it is down from its first probe on, and its last result keeps changing.
  await daemon.transition("b", "down");
  const states = async () => {
    const { message } = await client.call("ListBackends", { details: true });
    return [0, 1].map((at) =>
      ["name", "state", "enabled", "intent"].map((key) => part(message, "backends", at, key))
    );
  };
  const before = await states();
  assert.deepEqual(before, [["a", "up", true, undefined], ["b", "down", true, undefined]]);
  const refused: string[] = [];
  for (const [method, { needs, changes }] of Object.entries(MAGLEV_RULES)) {
    if (method === "WatchEvents") continue;
    const { code, details, message } = await client.call(method, REQUESTS[method] ?? {});
    if (needs === "viewer") {
      const away = /VPP/.test(method);
      assert.equal(code, away ? "UNAVAILABLE" : "OK", `${method}: ${details}`);
      assert.ok(!JSON.stringify(message ?? {}).includes("c2VjcmV0"), "no secret in it");
      continue;
    }
    assert.equal(code, "PERMISSION_DENIED", method);
    assert.match(
      details,
      new RegExp(
        `^${method} needs role operator; an anonymous caller from ${PAIR_PROBER4}:\\d+ has role ` +
          "viewer: call from maglevd's own host, or start maglevd with " +
          "--grpc-anonymous-role=operator or with --grpc-tokens",
      ),
    );
    if (changes) refused.push(method);
  }
  const watch = client.stream("WatchEvents", { log: true, backend: true, logLevel: "debug" });
  await watch.seen(() => true);
  await watch.cancel();
  assert.deepEqual(await states(), before);
  const actions = await actionsSeen(daemon, refused.length);
  assert.deepEqual(actions.map(({ method }) => method), refused);
  assert.ok(actions.every(({ result }) => result === "permission-denied"));
  const peers = daemon.lines.filter(({ msg }) => msg === "operator-action").map(({ peer }) => peer);
  assert.ok(peers.every((peer) => String(peer).startsWith(`${PAIR_PROBER4}:`)));
  assert.equal(daemon.process.errors, "");
}
