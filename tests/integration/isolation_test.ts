/**
 * The prober's own uplink is cut. Goal: no server is called down for it, and a real failure still
 * counts. Method: a maglevd probes 200 servers in a second namespace over a link that the test cuts
 * and joins again; then the servers' program ends.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { netnsTest, PAIR_LINK, PAIR_SERVER4, withPair } from "../support/servers/netns.ts";
import { until } from "../support/judges/until.ts";

const PORT = 18081;
const SERVERS = 200;
const METRICS = "127.0.0.1:19495";

/** A server of TCP connections on all addresses of its namespace. */
const SERVER = `
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", ${PORT}))
s.listen(1024)
print("listening", flush=True)
while True: s.accept()[0].close()
`;

async function run(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(args[0]!, {
    args: args.slice(1),
    stdin: "null",
  }).output();
  assert.ok(success, `${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

function configText(netns: string): string {
  const backends = Array.from(
    { length: SERVERS },
    (_, i) => `    b${i}: { address: 198.18.79.${i + 1}, healthcheck: tcp }`,
  );
  return `maglev:
  healthchecker:
    netns: ${netns}
    isolation:
      targets:
        - { address: ${PAIR_SERVER4}, type: icmp }
        - { address: 198.18.79.250, type: tcp, port: ${PORT} }
  healthchecks:
    tcp: { type: tcp, port: ${PORT}, interval: 200ms, timeout: 150ms, rise: 1, fall: 2 }
  backends:
${backends.join("\n")}
  frontends:
    web:
      address: 192.0.2.1
      pools: [{ name: main, backends: { ${backends.map((_, i) => `b${i}: {}`).join(", ")} } }]
`;
}

netnsTest(
  "with 200 servers, a cut uplink calls none of them down, and a real failure all",
  async () => {
    await withPair(async ({ prober, server }) => {
      await run("ip", "-n", prober.name, "route", "add", "198.18.79.0/24", "via", PAIR_SERVER4);
      await run("ip", "-n", server.name, "route", "add", "local", "198.18.79.0/24", "dev", "lo");
      const program = new Deno.Command("ip", {
        args: ["netns", "exec", server.name, "python3", "-c", SERVER],
        stdin: "null",
        stdout: "piped",
      }).spawn();
      const reader = program.stdout.getReader();
      await reader.read();
      await withFolder(async (folder) => {
        const config = `${folder}/maglev.yaml`;
        await Deno.writeTextFile(config, configText(prober.name));
        const daemon = new Daemon({ config, metricsAddr: METRICS });
        const count = (to: string, from = 0) =>
          daemon.lines.slice(from).filter((line) =>
            line.msg === "backend-transition" && line.to === to
          ).length;
        const ready = async () => {
          const answer = await fetch(`http://${METRICS}/readyz`);
          return { status: answer.status, text: await answer.text() };
        };
        try {
          await until(() => count("up") === SERVERS, { what: "all servers are up" });
          assert.equal((await ready()).status, 200);

          await run("ip", "-n", server.name, "link", "set", `${PAIR_LINK}x`, "down");
          const isolated = await daemon.seen((line) => line.msg === "prober-isolated");
          assert.match(String(isolated.err), /^0 of 2 isolation targets answer, need 1 \(/);
          await sleep(2000);
          assert.equal(count("down"), 0, "no server is called down");
          const { status, text } = await ready();
          assert.equal(status, 503);
          assert.match(text, /cut off: 0 of 2 isolation targets answer/);

          let mark = daemon.mark;
          await run("ip", "-n", server.name, "link", "set", `${PAIR_LINK}x`, "up");
          await run(
            "ip",
            "-n",
            server.name,
            "route",
            "replace",
            "local",
            "198.18.79.0/24",
            "dev",
            "lo",
          );
          await daemon.seen((line) => line.msg === "prober-isolated-ended", { from: mark });
          await until(async () => (await ready()).status === 200, { what: "ready again" });
          assert.equal(daemon.lines.filter(({ msg }) => msg === "prober-isolated").length, 1);

          mark = daemon.mark;
          program.kill("SIGKILL");
          await until(() => count("down", mark) === SERVERS, { what: "all servers are down" });
          assert.equal(daemon.lines.filter(({ msg }) => msg === "prober-isolated").length, 1);
        } finally {
          try {
            program.kill("SIGKILL");
          } catch {
            // It has ended.
          }
          await daemon.stop();
          await reader.cancel();
          await program.status;
        }
      });
    });
  },
);
