/** maglevc against what is no maglevd, or no good one: it ends in time, and says what it met. */
import assert from "node:assert/strict";
import { maglevc } from "../support/maglevc.ts";

/** HTTP/2: an empty SETTINGS frame. */
const SETTINGS = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/** GOAWAY for all streams, ENHANCE_YOUR_CALM. */
const GOAWAY = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11];

/** A server that sends `bytes` to whoever connects, and then holds still. */
async function withServer(
  bytes: readonly number[],
  fn: (run: { readonly server: string; readonly home: string }) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "maglevc-home-" });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      connections.push(connection);
      await connection.write(Uint8Array.from(bytes)).catch(() => {});
    }
  })();
  try {
    const { port } = listener.addr as Deno.NetAddr;
    await fn({ server: `127.0.0.1:${port}`, home });
  } finally {
    listener.close();
    await serving.catch(() => {});
    for (const connection of connections) connection.close();
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("a server that says goodbye at once is exit 1 at once, again and again", async () => {
  await withServer([...SETTINGS, ...GOAWAY], async ({ server, home }) => {
    for (const command of [["show", "version"], ["watch", "events"]]) {
      const { code, stdout, stderr } = await maglevc(["--server", server, ...command], { home });
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^maglevc: 127\.0\.0\.1:\d+: .*Connection dropped.*\n$/);
    }
  });
});
