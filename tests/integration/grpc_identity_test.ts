/** Names of operators in the log and next to intents, with and without proof. */
import assert from "node:assert/strict";
import { withFolder } from "../support/servers/daemon.ts";
import { type Json, part } from "../support/judges/grpc_client.ts";
import { actionsSeen, grpcTest, onGrpcStage } from "../support/worlds/grpc_stage.ts";
import { maglevc } from "../support/terminals/maglevc.ts";

const ME = (await new Deno.Command("id", { args: ["-un"] }).output()).stdout;
/** The user of these tests, from `id`. */
const USER = new TextDecoder().decode(ME).trim();

const PAUSE = "set backend b0 pause reason disk".split(" ");

const identityOf = (answer: Json | undefined) => part(answer, "intent", "identity");

grpcTest("over TCP an operator has maglevc's name, marked as unverified", async () => {
  await withFolder(async (home) => {
    await onGrpcStage({}, async ({ client, daemon, address }) => {
      const env = { USER: "alice" };
      const done = await maglevc(["--server", address, ...PAUSE], { home, env });
      assert.equal(done.code, 0, done.stderr);
      assert.match(
        done.stdout,
        /will not survive the end of maglevd: no state directory is configured/,
      );
      const [action] = await actionsSeen(daemon, 1);
      assert.deepEqual([action!.identity, action!.result], ["alice (unverified)", "ok"]);
      const { message } = await client.call("GetBackend", { name: "b0" });
      assert.equal(identityOf(message), "alice (unverified)");
      const shown = await maglevc(["--server", address, "show", "backend", "b0"], { home, env });
      assert.match(shown.stdout, /alice \(unverified\) \(127\.0\.0\.1:\d+\)/);
    });
  });
});

grpcTest("over a unix socket an operator has the name of the user, from the kernel", async () => {
  await withFolder(async (home) => {
    const address = `unix:${home}/grpc.sock`;
    await onGrpcStage({ grpcAddr: address }, async ({ client, daemon }) => {
      const run = (user: string) =>
        maglevc(["--server", address, ...PAUSE], {
          home,
          env: { USER: user },
        });
      for (const user of [USER, "mallory"]) {
        const { code, stderr } = await run(user);
        assert.equal(code, 0, stderr);
      }
      await client.call("PauseBackend", { name: "b1" });
      assert.deepEqual((await actionsSeen(daemon, 3)).map(({ identity }) => identity), [
        `user "${USER}"`,
        `user "${USER}" for mallory (unverified)`,
        `user "${USER}"`,
      ]);
    });
  });
});

grpcTest("a name without proof gives no right", async () => {
  await withFolder(async (folder) => {
    const tokens = `${folder}/tokens`;
    await Deno.writeTextFile(tokens, "operator sesame night\n", { mode: 0o600 });
    const options = { flags: [`--grpc-tokens=${tokens}`], files: [tokens] };
    await onGrpcStage(options, async ({ client, daemon }) => {
      const says = (...more: [string, string][]) => ({
        metadata: [["x-maglev-user", 'root" (proved)'], ...more] as [string, string][],
      });
      const refused = await client.call("PauseBackend", { name: "b0" }, says());
      assert.equal(refused.code, "UNAUTHENTICATED");
      const wrong = says(["authorization", "Bearer wrong"]);
      assert.equal(
        (await client.call("PauseBackend", { name: "b0" }, wrong)).code,
        "UNAUTHENTICATED",
      );
      const right = says(["authorization", "Bearer sesame"]);
      assert.equal((await client.call("PauseBackend", { name: "b0" }, right)).code, "OK");
      assert.deepEqual((await actionsSeen(daemon, 3)).map(({ identity }) => identity), [
        "root___proved_ (unverified)",
        "root___proved_ (unverified)",
        'token "night" for root___proved_ (unverified)',
      ]);
    });
  });
});
