/** Servers in a second network namespace, behind an uplink of the prober that tests cut and join. */
import assert from "node:assert/strict";
import { PAIR_SERVER4, withPair } from "./netns.ts";

/** The servers' port. */
export const UPLINK_PORT = 18081;
/** The servers' network. */
export const UPLINK_NET = "198.18.79.0/24";

/**
 * A server of TCP connections on all addresses of its namespace. The kernel accepts for it, so a busy
 * machine on which the program does not run for a minute is not a server that is down.
 */
const BACKLOG = 65_535;
const SERVER = `
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", ${UPLINK_PORT}))
s.listen(${BACKLOG})
print("listening", flush=True)
while True: s.accept()[0].close()
`;

export interface Uplink {
  /** The namespace to probe from. */
  readonly netns: string;
  cut(): Promise<void>;
  join(): Promise<void>;
  /** All servers end. */
  killServers(): void;
}

/** The address of server `i`, from 0 to 199. */
export function uplinkServer(i: number): string {
  return `198.18.79.${i + 1}`;
}

/** Of the servers' end of the uplink. */
const SERVER_MAC = "02:00:c6:12:4e:01";

/** The settings of isolation: two targets on the other side of the uplink. */
export const UPLINK_ISOLATION = `
    isolation:
      targets:
        - { address: ${PAIR_SERVER4}, type: icmp }
        - { address: 198.18.79.250, type: tcp, port: ${UPLINK_PORT} }`;

export async function withUplink(fn: (uplink: Uplink) => Promise<void>): Promise<void> {
  await withPair(async ({ prober, server, link, other }) => {
    // The kernel keeps packets for a neighbour that it searches, and sends them after the cut.
    await server.ip(`link set ${other} address ${SERVER_MAC}`);
    await prober.ip(
      `neigh replace ${PAIR_SERVER4} lladdr ${SERVER_MAC} dev ${link} nud permanent`,
    );
    const local = `route replace local ${UPLINK_NET} dev lo`;
    await prober.ip(`route add ${UPLINK_NET} via ${PAIR_SERVER4}`);
    await server.ip(local);
    const limit = `net.core.somaxconn=${BACKLOG}`;
    const args = ["netns", "exec", server.name, "sysctl", "-qw", limit];
    assert.ok((await new Deno.Command("ip", { args }).output()).success, limit);
    const program = new Deno.Command("ip", {
      args: ["netns", "exec", server.name, "python3", "-c", SERVER],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = program.stdout.getReader();
    assert.ok(!(await reader.read()).done);
    try {
      await fn({
        netns: prober.name,
        cut: () => server.ip(`link set ${other} down`),
        async join() {
          await server.ip(`link set ${other} up`);
          await server.ip(local);
        },
        killServers: () => program.kill("SIGKILL"),
      });
    } finally {
      try {
        program.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await reader.cancel();
      await program.status;
    }
  });
}
