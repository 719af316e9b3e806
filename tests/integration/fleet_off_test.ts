/**
 * A maglevd without a store of a fleet. Goal: it opens no socket for one. Judge: the
 * descriptors of the process, next to one with a store.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";

/** A server without a check, so that nothing is probed. */
const CONFIG = `maglev:
  vpp: { lb: { ipv4-src-address: 192.0.2.254, ipv6-src-address: "2001:db8::254" } }
  backends: { a: { address: 192.0.2.7 } }
  frontends:
    web:
      address: 192.0.2.9
      protocol: tcp
      port: 80
      pools: [{ name: main, backends: { a: {} } }]
`;

/** Sockets of IP that a process has, without those between its own threads. */
function ipSockets(pid: number): readonly string[] {
  const own = new Set<string>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`)) ??
        [];
      if (inode !== undefined) own.add(inode);
    } catch (error) {
      // It was closed meanwhile.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  const rows = ["tcp", "tcp6", "udp", "udp6"].flatMap((kind) =>
    Deno.readTextFileSync(`/proc/${pid}/net/${kind}`).split("\n").slice(1)
      .map((line) => line.trim().split(/ +/))
      .filter((fields) => own.has(fields[9] ?? ""))
      .map(([, local, remote]) => ({ kind, local, remote }))
  );
  const locals = new Set(rows.map(({ local }) => local));
  return rows.filter(({ remote }) => !locals.has(remote))
    .map(({ kind, local, remote }) => `${kind} ${local} ${remote}`);
}

Deno.test("without --fleet-store maglevd has no socket; with it one to the store", async () => {
  await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, CONFIG);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const off = new Daemon({ config });
    const on = new Daemon({
      config,
      flags: [`--fleet-store=etcd:127.0.0.1:${port}`, "--fleet-lb=lb1"],
    });
    try {
      const isUp = ({ msg, backend, to }: { msg: string; backend?: unknown; to?: unknown }) =>
        msg === "backend-transition" && backend === "a" && to === "up";
      await Promise.all([off.seen(isUp), on.seen(isUp)]);
      await readUntil(() => ipSockets(on.process.pid), (sockets) => sockets.length > 0);
      assert.deepEqual(ipSockets(off.process.pid), []);
    } finally {
      await Promise.all([off.stop(), on.stop()]);
      listener.close();
    }
  });
});
