/** The standard services: reflection in both versions, and health. */
import assert from "node:assert/strict";
import { FILES } from "../../src/grpc/gen/descriptors.ts";
import { descriptorSet, type Json, part } from "../support/judges/grpc_client.ts";
import { grpcTest, onGrpcStage } from "../support/worlds/grpc_stage.ts";

function descriptorOf(path: string): string | undefined {
  return FILES.find((file) => file.path === path)?.descriptor;
}

grpcTest("reflection, in both its versions, returns the files that protoc reads", async () => {
  const protoc = await Deno.readFile(await descriptorSet());
  await onGrpcStage({}, async ({ client }) => {
    for (const version of ["v1", "v1alpha"]) {
      const stream = client.bidi(
        `grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
        [
          { listServices: "" },
          { fileByFilename: "maglev.proto" },
          { fileContainingSymbol: "maglev.Maglev" },
          { fileContainingSymbol: "maglev.Maglev.WatchEvents" },
          { fileContainingSymbol: "grpc.health.v1.HealthCheckResponse.ServingStatus" },
          { fileContainingSymbol: "maglev.Nothing" },
          { fileByFilename: "nothing.proto" },
          { allExtensionNumbersOfType: "maglev.BackendInfo" },
          { fileContainingExtension: { containingType: "maglev.BackendInfo", extensionNumber: 1 } },
          {},
        ],
      );
      assert.equal((await stream.ended).code, "OK");
      const [list, ...rest] = stream.messages;
      assert.deepEqual(
        (part(list, "listServicesResponse", "service") as Json[]).map((one) => part(one, "name")),
        [
          "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection",
          "maglev.Maglev",
        ],
      );
      const files = rest.map((message) =>
        part(message, "fileDescriptorResponse", "fileDescriptorProto", 0)
      );
      assert.deepEqual(files.slice(0, 4), [
        descriptorOf("maglev.proto"),
        descriptorOf("maglev.proto"),
        descriptorOf("maglev.proto"),
        descriptorOf("grpc/health/v1/health.proto"),
      ]);
      const said = Array.from(protoc, (byte) => String.fromCharCode(byte)).join("");
      assert.ok(said.includes(atob(String(files[0]))), "protoc's own description");
      assert.deepEqual(
        rest.slice(4).map((message) => part(message, "errorResponse", "errorCode")),
        [5, 5, undefined, 5, 3],
      );
      assert.deepEqual(part(rest[6], "allExtensionNumbersResponse"), {
        baseTypeName: "maglev.BackendInfo",
        extensionNumber: [],
      });
    }
  });
});

grpcTest("--reflection=false leaves only reflection out", async () => {
  await onGrpcStage({ flags: ["--reflection=false"] }, async ({ client }) => {
    const stream = client.bidi("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", [
      { listServices: "" },
    ]);
    assert.equal((await stream.ended).code, "UNIMPLEMENTED");
    assert.equal((await client.call("grpc.health.v1.Health/Check")).code, "OK");
    assert.equal((await client.call("ListBackends")).code, "OK");
  });
});

grpcTest("the health service follows readiness", async () => {
  await onGrpcStage({}, async ({ client, simulator, daemon }) => {
    const status = async (service: string) =>
      part((await client.call("grpc.health.v1.Health/Check", { service })).message, "status");
    for (const service of ["", "maglev.Maglev"]) assert.equal(await status(service), "SERVING");
    const unknown = await client.call("grpc.health.v1.Health/Check", { service: "maglev" });
    assert.deepEqual([unknown.code, unknown.details], ["NOT_FOUND", 'no service "maglev"']);
    const list = async () => (await client.call("grpc.health.v1.Health/List")).message;
    const all = (status: string) => ({ statuses: { "": { status }, "maglev.Maglev": { status } } });
    assert.deepEqual(await list(), all("SERVING"));
    const watch = client.stream("grpc.health.v1.Health/Watch", { service: "maglev.Maglev" });
    const stranger = client.stream("grpc.health.v1.Health/Watch", { service: "stranger" });
    await stranger.seen((message) => part(message, "status") === "SERVICE_UNKNOWN");
    await watch.seen((message) => part(message, "status") === "SERVING");
    await simulator.stop();
    await daemon.seen(({ msg }) => msg === "vpp-disconnect");
    await watch.seen((message) => part(message, "status") === "NOT_SERVING");
    assert.equal(await status(""), "NOT_SERVING");
    assert.deepEqual(await list(), all("NOT_SERVING"));
    assert.equal(stranger.messages.length, 1);
    assert.equal((await watch.cancel()).code, "CANCELLED");
  });
});
