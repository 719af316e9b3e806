/** Its end at any moment. An address without a zone does as well, and needs no link of its own. */
import assert from "node:assert/strict";
import { healthcheck } from "../../../tests/support/worlds/healthcheck.ts";
import { serve, stall } from "../../../tests/support/servers/nasty_servers.ts";
import { until } from "../../../tests/support/judges/until.ts";
import { sockets } from "../../../tests/support/servers/sockets.ts";
import { ScopedSocket } from "./scoped_socket.ts";

function scoped(port: number): ScopedSocket {
  const socket = new ScopedSocket({ address: "127.0.0.1", healthcheck: healthcheck({ port }) });
  socket.on("error", () => {});
  return socket;
}

Deno.test("ScopedSocket.destroy() at any moment of connecting leaves nothing open", async () => {
  const server = serve(async (connection) => {
    await connection.read(new Uint8Array(1));
  });
  try {
    const before = sockets();
    for (let i = 0; i < 200; i++) {
      const socket = scoped(server.port);
      for (let turn = 0; turn < i % 20; turn++) await Promise.resolve();
      if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, i % 2));
      socket.destroy();
    }
    await until(() => server.open() === 0 && sockets() === before);
  } finally {
    await server.close();
  }
});

Deno.test("ScopedSocket.destroy() frees a connection attempt that never completes", async () => {
  const server = await stall();
  try {
    const before = sockets();
    const socket = scoped(server.port);
    await until(() => sockets() === before + 1);
    socket.destroy();
    await until(() => sockets() === before);
    assert.ok(socket.destroyed);
  } finally {
    server.close();
  }
});
