import assert from "node:assert/strict";
import net from "node:net";
import { withFolder } from "../../tests/support/servers/daemon.ts";
import { openPeerUsers } from "./peer_users.ts";

/** Connects many times in parallel, as users 1 and 2 in turn, and sends its user id. */
const CROWD = `
import os, socket, sys, time
path, count = sys.argv[1], int(sys.argv[2])
for i in range(count):
    if os.fork() == 0:
        uid = 1 + i % 2
        if os.getuid() == 0: os.setresuid(uid, uid, uid)
        s = socket.socket(socket.AF_UNIX); s.connect(path)
        s.sendall(b"%d" % os.getuid()); s.recv(1)
        os._exit(0)
for i in range(count): os.wait()
`;

const ROOT = Deno.uid() === 0;

Deno.test({
  name: "users of a unix socket are the connected ones, even with many in parallel" +
    (ROOT ? "" : " (as one user: others need root)"),
  fn: async () => {
    const users = openPeerUsers();
    const seen: { user: string | undefined; says: string }[] = [];
    await withFolder(async (folder) => {
      await Deno.chmod(folder, 0o755);
      const path = `${folder}/s`;
      const all = Promise.withResolvers<void>();
      const server = net.createServer((socket) => {
        const user = users.of(socket);
        socket.on("data", (data) => {
          seen.push({ user, says: String(data) });
          if (seen.length === 40) all.resolve();
          socket.end("x");
        });
      });
      await new Promise<void>((resolve) => server.listen(path, resolve));
      await Deno.chmod(path, 0o777);
      const { success } = await new Deno.Command("python3", { args: ["-c", CROWD, path, "40"] })
        .output();
      assert.ok(success);
      await all.promise;
      await new Promise((resolve) => server.close(resolve));
    });
    users.close();
    const passwd = Deno.readTextFileSync("/etc/passwd").split("\n").map((line) => line.split(":"));
    for (const { user, says } of seen) {
      const name = passwd.find(([, , uid]) => uid === says)?.[0] ?? `uid ${says}`;
      assert.equal(user, name);
    }
    assert.equal(new Set(seen.map(({ says }) => says)).size, ROOT ? 2 : 1);
  },
});

Deno.test("the user is unknown without a shim, and for a TCP connection", async () => {
  const none = openPeerUsers(() => ({ kind: "error", reason: "absent", message: "" }));
  const users = openPeerUsers();
  const server = net.createServer((socket) => {
    found.resolve([none.of(socket), users.of(socket)]);
    socket.destroy();
  });
  const found = Promise.withResolvers<unknown>();
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const { port } = server.address() as net.AddressInfo;
  const client = await Deno.connect({ port });
  assert.deepEqual(await found.promise, [undefined, undefined]);
  client.close();
  await new Promise((resolve) => server.close(resolve));
  users.close();
});
