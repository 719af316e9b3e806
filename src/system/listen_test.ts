import assert from "node:assert/strict";
import { withFolder } from "../../tests/support/servers/daemon.ts";
import { parseListenAddress } from "../base/listen_address.ts";
import { listenAt } from "./listen.ts";

async function listen(text: string) {
  const address = parseListenAddress(text);
  assert.ok(typeof address !== "string", text);
  return await listenAt(address);
}

async function mustListen(text: string) {
  const result = await listen(text);
  assert.ok(result.kind === "ok", JSON.stringify(result));
  return result;
}

Deno.test("listenAt(): an empty host is both families; port 0 returns the chosen port; a port in use is named", async () => {
  const { listeners: [listener], addresses: [address, ...more] } = await mustListen(":0");
  assert.ok(listener !== undefined && address?.kind === "tcp" && address.port > 0);
  const { port } = address;
  assert.deepEqual(
    [address, ...more],
    ["0.0.0.0", "::"].map((host) => ({ kind: "tcp", host, port })),
  );
  for (const hostname of ["127.0.0.1", "::1"]) {
    const [client, server] = await Promise.all([
      Deno.connect({ hostname, port: address.port }),
      listener.accept(),
    ]);
    client.close();
    server.close();
  }
  const second = await listen(`127.0.0.1:${address.port}`);
  assert.deepEqual(second, {
    kind: "error",
    message: `port ${address.port} is in use (127.0.0.1:${address.port})`,
  });
  assert.equal((await listen(`:${address.port}`)).kind, "error", "no other family is tried");
  listener.close();
});

Deno.test("listenAt() replaces a stale unix socket, and nothing else", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/s`;
    const first = await mustListen(`unix:${path}`);
    const mode = (await Deno.stat(path)).mode ?? 0;
    assert.equal((mode & 0o777).toString(8), "660");
    const taken = await listen(`unix:${path}`);
    assert.ok(taken.kind === "error" && taken.message.includes(path), "somebody listens");
    first.listeners[0]!.close();

    const { code } = await new Deno.Command("python3", {
      args: ["-c", `import socket;s=socket.socket(socket.AF_UNIX);s.bind("${path}")`],
    }).output();
    assert.equal(code, 0);
    const { listeners } = await mustListen(`unix:${path}`);
    listeners[0]!.close();

    await Deno.writeTextFile(path, "precious");
    const refused = await listen(`unix:${path}`);
    assert.ok(
      refused.kind === "error" && refused.message.endsWith("already exists and is not a socket"),
    );
    assert.equal(await Deno.readTextFile(path), "precious");
    const nowhere = await listen(`unix:${folder}/none/s`);
    assert.ok(nowhere.kind === "error" && nowhere.message.startsWith("cannot listen on unix:"));
  });
});
