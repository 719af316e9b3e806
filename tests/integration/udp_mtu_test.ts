/**
 * Long datagrams over a link of a smaller MTU. Goal: a healthy server passes from the first probe on,
 * although this host does not know the MTU of the path.
 */
import assert from "node:assert/strict";
import { Program } from "../support/servers/encap_server.ts";
import { netnsTest, PAIR_SERVER4, TestNamespace, withPair } from "../support/servers/netns.ts";
import { UDP } from "../support/worlds/healthcheck.ts";
import { withEngine } from "../support/worlds/netns_engine.ts";

const MTU = 1280;
const PORT = 18079;
const ROUTER6 = "fd77:78::1";
const ADDRESSES = { v4: "198.18.80.2", v6: "fd77:80::2" };

/** Answers each datagram with its length. */
const SERVER = `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", ${PORT}))
print("ready", flush=True)
import sys, threading
def serve():
    while True:
        data, peer = s.recvfrom(65535)
        s.sendto(str(len(data)).encode(), peer)
threading.Thread(target=serve, daemon=True).start()
sys.stdin.read()
`;

netnsTest(
  "a datagram above the MTU of a link on the way reaches its server, the first time too",
  async () => {
    await withPair(async ({ prober, server: router, link, other }) => {
      const beyond = await TestNamespace.make(`mlv-${Deno.pid}-c`);
      let server: Program | undefined;
      try {
        await router.sysctl("net.ipv4.ip_forward=1");
        await router.sysctl("net.ipv6.conf.all.forwarding=1");
        await router.ip(`address add ${ROUTER6}/64 dev ${other} nodad`);
        await prober.ip(`address add fd77:78::2/64 dev ${link} nodad`);
        await prober.ip(`route add default via ${PAIR_SERVER4}`);
        await prober.ip(`-6 route add default via ${ROUTER6}`);
        await router.ip(`link add inward type veth peer uplink netns ${beyond.name}`);
        const ends = [[router, "inward", 1], [beyond, "uplink", 2]] as const;
        for (const [namespace, device, number] of ends) {
          await namespace.ip(`link set ${device} mtu ${MTU} up`);
          await namespace.ip(`address add 198.18.80.${number}/24 dev ${device}`);
          await namespace.ip(`address add fd77:80::${number}/64 dev ${device} nodad`);
        }
        await beyond.ip("route add default via 198.18.80.1");
        await beyond.ip("-6 route add default via fd77:80::1");
        server = await Program.ready(beyond.name, ["python3", "-c", SERVER]);
        await withEngine(async (engine) => {
          const params = { ...UDP, send: "x".repeat(1400), expect: "1400" };
          for (const [name, address] of Object.entries(ADDRESSES)) {
            engine.start(name, address, { params, port: PORT, timeoutMs: 20_000 }, prober.name);
          }
          await engine.each(3);
          for (const name of Object.keys(ADDRESSES)) {
            assert.deepEqual(engine.verdicts(name), ["L7OK 4 bytes"], name);
          }
        });
      } finally {
        await server?.end();
        await beyond.remove();
      }
    });
  },
);
