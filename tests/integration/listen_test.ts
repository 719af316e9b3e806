/** Listening on all addresses, on hosts of both kinds. */
import assert from "node:assert/strict";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { NO_NETNS } from "../support/servers/netns.ts";

/** Sends the beginning of HTTP/2 and of HTTP/1 to each family, and prints what comes back. */
const CALLER = `
import socket
for host in "127.0.0.1", "::1":
    for port, hello in (19490, b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\4\\0\\0\\0\\0\\0"), (19491, b"GET /healthz HTTP/1.0\\r\\n\\r\\n"):
        try:
            with socket.create_connection((host, port), 5) as s:
                s.sendall(hello)
                answer = s.recv(9)
                print(host, port, "settings" if answer[3:4] == b"\\4" else answer.decode().strip())
        except OSError as error: print(host, port, error)
`;

/** Runs maglevd in a network namespace of its own, set up by \`shell\`. */
async function answersIn(shell: string): Promise<{ answers: string[]; logged: string[] }> {
  return await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, "maglev:\n  backends:\n    a: { address: 127.0.0.1 }\n");
    const daemon = new Daemon({
      config,
      grpcAddr: ":19490",
      metricsAddr: ":19491",
      prefix: ["unshare", "-n", "sh", "-c", `ip link set lo up; ${shell}; exec "$@"`, "sh"],
    });
    try {
      await daemon.seen(({ msg }) => msg === "metrics-listen");
      const { stdout } = await new Deno.Command("nsenter", {
        args: ["-t", `${daemon.process.pid}`, "-n", "python3", "-c", CALLER],
      }).output();
      return {
        answers: new TextDecoder().decode(stdout).trim().split("\n"),
        logged: daemon.lines.filter(({ msg }) => /^(grpc|metrics)-listen$/.test(msg))
          .map(({ address }) => String(address)),
      };
    } finally {
      await daemon.stop();
    }
  });
}

for (const bindv6only of [0, 1]) {
  Deno.test({
    name:
      `:port is all addresses of both families under net.ipv6.bindv6only=${bindv6only}, and the log names both${
        NO_NETNS === undefined ? "" : ` (skipped: ${NO_NETNS})`
      }`,
    ignore: NO_NETNS !== undefined,
    fn: async () => {
      const { answers, logged } = await answersIn(`sysctl -qw net.ipv6.bindv6only=${bindv6only}`);
      assert.deepEqual(answers, [
        "127.0.0.1 19490 settings",
        "127.0.0.1 19491 HTTP/1.1",
        "::1 19490 settings",
        "::1 19491 HTTP/1.1",
      ]);
      assert.deepEqual(logged, [
        "0.0.0.0:19490",
        "[::]:19490",
        "0.0.0.0:19491",
        "[::]:19491",
      ]);
    },
  });
}

Deno.test({
  name: `:port is all addresses of IPv4 on a host whose IPv6 is off${
    NO_NETNS === undefined ? "" : ` (skipped: ${NO_NETNS})`
  }`,
  ignore: NO_NETNS !== undefined,
  fn: async () => {
    const { answers } = await answersIn("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
    assert.deepEqual(answers.slice(0, 2), [
      "127.0.0.1 19490 settings",
      "127.0.0.1 19491 HTTP/1.1",
    ]);
  },
});
