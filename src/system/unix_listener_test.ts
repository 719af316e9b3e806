import assert from "node:assert/strict";
import net from "node:net";
import { bindUnixSocket, UNIX_SOCKET_MODE } from "./unix_listener.ts";

async function withFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-test-" });
  try {
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function closed(server: net.Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("bindUnixSocket: for owner and group; leaves no staging folder", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/s`;
    const server = net.createServer();
    const remove = await bindUnixSocket(server, path);
    assert.equal((await Deno.lstat(path)).mode! & 0o777, UNIX_SOCKET_MODE);
    assert.deepEqual(namesIn(folder), ["s"]);
    (await Deno.connect({ transport: "unix", path })).close();
    await remove();
    assert.deepEqual(namesIn(folder), []);
    await remove();
    await closed(server);
  });
});

Deno.test("bindUnixSocket: refuses other files, and sockets in use", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/s`;
    await Deno.writeTextFile(path, "precious");
    const server = net.createServer();
    await assert.rejects(bindUnixSocket(server, path), /already exists and is not a socket/);
    assert.equal(await Deno.readTextFile(path), "precious");
    await Deno.remove(path);
    await Deno.symlink(`${folder}/elsewhere`, path);
    await assert.rejects(bindUnixSocket(server, path), /is not a socket/);
    await Deno.remove(path);

    const remove = await bindUnixSocket(server, path);
    await assert.rejects(
      bindUnixSocket(net.createServer(), path),
      /another program is listening on it/,
    );
    (await Deno.connect({ transport: "unix", path })).close();
    await remove();
    await closed(server);
  });
});

Deno.test("bindUnixSocket: replaces a stale socket, and removes only its own", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/s`;
    const first = net.createServer();
    const removeFirst = await bindUnixSocket(first, path);
    // As after a kill: the name exists and no process listens.
    await Deno.rename(path, `${folder}/kept`);
    await closed(first);
    await Deno.rename(`${folder}/kept`, path);
    const second = net.createServer();
    const removeSecond = await bindUnixSocket(second, path);
    await removeFirst();
    (await Deno.connect({ transport: "unix", path })).close();
    await removeSecond();
    assert.deepEqual(namesIn(folder), []);
    await closed(second);
  });
});
