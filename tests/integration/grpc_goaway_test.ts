/**
 * Either end may send GOAWAY after many calls on a connection, as the usual libraries do on close,
 * and the other end continues. The runtime crashed there, depending on the number of calls (see
 * src/grpc/session_close.ts).
 */
import assert from "node:assert/strict";
import { GrpcConnection } from "../../bench/support/grpc_connection.ts";
import { linesOf } from "../../bench/support/lines.ts";
import type { Daemon } from "../support/servers/daemon.ts";
import { FRONTENDS, grpcAddress, SERVERS } from "../support/worlds/grpc_stage.ts";
import { onStage } from "../support/worlds/stage.ts";

const CLIENT = new URL("../support/judges/calling_client.ts", import.meta.url).pathname;

const GET_VERSION = "/maglev.Maglev/GetVersion";
const NOTHING = new Uint8Array(0);

/** The crashing number depended on the layout of memory. */
const COUNTS = [400, 130, 1000, 1];

/** A maglevd that serves gRPC. */
async function onDaemon(fn: (daemon: Daemon, address: string) => Promise<void>): Promise<void> {
  await onStage(SERVERS, async (stage) => {
    await stage.configure(FRONTENDS);
    const daemon = stage.start({ grpcAddr: "127.0.0.1:0" });
    await fn(daemon, await grpcAddress(daemon));
    assert.equal(await daemon.process.stop(), 0);
  });
}

Deno.test("maglevd continues after a client's GOAWAY, for any number of calls", async () => {
  await onDaemon(async (_, address) => {
    for (const count of COUNTS) {
      const connection = await GrpcConnection.open(address);
      for (let i = 0; i < count; i++) await connection.ask(GET_VERSION, NOTHING);
      await connection.leave();
    }
    const connection = await GrpcConnection.open(address);
    assert.ok((await connection.ask(GET_VERSION, NOTHING)).length > 0);
    await connection.close();
  });
});

/**
 * A client that makes `count` calls, then one more after `between`: what that one came to. It has a
 * process of its own: that is what would end.
 */
async function lastOfCalls(
  address: string,
  count: number,
  between: () => Promise<unknown>,
): Promise<string | undefined> {
  const client = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", CLIENT, address, String(count)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  let last: string | undefined;
  for await (const line of linesOf(client.stdout)) {
    last = line;
    if (line !== "called") continue;
    await between();
    await client.stdin.close();
  }
  assert.equal((await client.status).code, 0, `it said ${last}`);
  return last;
}

Deno.test("a client continues after maglevd stops, for any number of calls", async () => {
  for (const count of COUNTS) {
    await onDaemon(async (daemon, address) => {
      const last = await lastOfCalls(address, count, () => daemon.process.stop());
      assert.equal(last, "unavailable", `after ${count} calls`);
    });
  }
});
