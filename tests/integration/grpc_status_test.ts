/** `GetStatus` of a running maglevd. */
import assert from "node:assert/strict";
import { type GrpcClient, type Json, part } from "../support/judges/grpc_client.ts";
import { grpcTest, onGrpcStage } from "../support/worlds/grpc_stage.ts";

/** Milliseconds of a field in nanoseconds. */
const ms = (status: Json, field: string) =>
  Number(BigInt(String(part(status, field))) / 1_000_000n);

async function statusOf(client: GrpcClient): Promise<Json> {
  const { code, message } = await client.call("GetStatus");
  assert.equal(code, "OK");
  return message!;
}

grpcTest("the status of a working maglevd", async () => {
  const startedMs = Date.now();
  await onGrpcStage({}, async ({ client, configPath }) => {
    const status = await statusOf(client);
    const { stdout } = await new Deno.Command("sha256sum", { args: [configPath] }).output();
    const words = ["ready", "reason", "vpp", "vppError", "warmup", "warmupHeld", "configFile"];
    assert.deepEqual(words.map((field) => part(status, field)), [
      true,
      "",
      "connected",
      "",
      "off",
      [],
      configPath,
    ]);
    assert.equal(part(status, "warmupUntilUnixNs"), undefined);
    assert.equal(part(status, "configHash"), new TextDecoder().decode(stdout).split(" ")[0]);
    assert.deepEqual(part(status, "backends"), [{ state: "up", count: 3 }]);
    assert.deepEqual(part(status, "frontends"), [{ state: "up", count: 2 }]);
    for (const field of ["vppSinceUnixNs", "configLoadedUnixNs"]) {
      assert.ok(ms(status, field) >= startedMs && ms(status, field) <= Date.now(), field);
    }
    await client.call("PauseBackend", { name: "b0" });
    await client.call("DisableBackend", { name: "b2" });
    assert.deepEqual(part(await statusOf(client), "backends"), [
      { state: "up", count: 1 },
      { state: "paused", count: 1 },
      { state: "disabled", count: 1 },
    ]);
  });
});

grpcTest("the status has the time and reason of VPP's disconnection", async () => {
  await onGrpcStage({}, async ({ client, daemon, simulator }) => {
    const before = await statusOf(client);
    await simulator.stop();
    await daemon.seen(({ msg }) => msg === "vpp-disconnect");
    const away = await statusOf(client);
    assert.deepEqual([part(away, "ready"), part(away, "vpp")], [false, "connecting"]);
    assert.match(String(part(away, "reason")), /^VPP is not connected: ./);
    assert.ok(String(part(away, "vppError")).length > 0);
    assert.ok(ms(away, "vppSinceUnixNs") >= ms(before, "vppSinceUnixNs"));
    await daemon.seen(({ msg }) => msg === "vpp-connect-failed");
    const later = await statusOf(client);
    assert.equal(part(later, "vppSinceUnixNs"), part(away, "vppSinceUnixNs"), "it is still away");
  });
});

grpcTest("the status without VPP", async () => {
  await onGrpcStage({ vppApiAddr: "" }, async ({ client }) => {
    const status = await statusOf(client);
    const fields = ["ready", "vpp", "vppError", "warmup"];
    assert.deepEqual(fields.map((field) => part(status, field)), [true, "off", "", "off"]);
  });
});

grpcTest("the status during warm-up has the held frontends, and the latest end", async () => {
  await onGrpcStage({ warmUp: "30s" }, async ({ client }) => {
    const status = await statusOf(client);
    const fields = ["ready", "warmup", "warmupHeld"];
    assert.deepEqual(fields.map((field) => part(status, field)), [false, "waiting", [
      "web",
      "api",
    ]]);
    const leftMs = ms(status, "warmupUntilUnixNs") - Date.now();
    assert.ok(leftMs > 20_000 && leftMs <= 30_000, String(leftMs));
  });
});
