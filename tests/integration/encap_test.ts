/**
 * Probes through tunnels to a server in a namespace. Goal: they see what a plain check cannot, a VIP
 * or a decapsulation that is missing, and pass again when it is back, in both families and tunnels.
 */
import assert from "node:assert/strict";
import { isEqual } from "../../src/base/equal.ts";
import { EncapServer, Program } from "../support/servers/encap_server.ts";
import { netnsTest, PAIR_SERVER4, withPair } from "../support/servers/netns.ts";

const PROCESS = new URL("../support/servers/encap_process.ts", import.meta.url).pathname;
const SERVER6 = "fd77:78::1";
const PROBER6 = "fd77:78::2";
const VIPS = ["198.18.79.80/32", "fd77:79::80/128"];
const TUNNELS: readonly (readonly [server: string, source: string])[] = [
  [PAIR_SERVER4, "203.0.113.9"],
  [SERVER6, "2001:db8:9::9"],
];
const VIP_ADDRESSES = VIPS.map((vip) => vip.split("/")[0]!);
const PORT = 8080;
const CLOSED_PORT = 8081;

/** VIP, server, source of the tunnel, which no host has, and port; 0: an echo. */
const TARGETS = VIP_ADDRESSES.flatMap((vip) =>
  TUNNELS.flatMap(([server, source]) => [0, PORT].map((port) => [vip, server, source, `${port}`]))
);
/** The same to a port on which nothing listens. */
const CLOSED = VIP_ADDRESSES.map((vip) => [vip, ...TUNNELS[0]!, `${CLOSED_PORT}`]);

netnsTest("a probe through the tunnel sees a missing VIP and a missing decapsulation", async () => {
  await withPair(async ({ prober, server, link, other }) => {
    await server.sysctl("net.ipv4.conf.all.rp_filter=0");
    await server.sysctl(`net.ipv4.conf.${other}.rp_filter=0`);
    await server.ip(`address add ${SERVER6}/64 dev ${other} nodad`);
    await prober.ip(`address add ${PROBER6}/64 dev ${link} nodad`);
    // As the route to VIPs of a host beside VPP.
    await prober.ip(`route add default via ${PAIR_SERVER4}`);
    await prober.ip(`-6 route add default via ${SERVER6}`);
    const vips = new EncapServer(server.name, VIPS);
    await vips.start(PORT);
    const targets = [...TARGETS, ...CLOSED].flat();
    const args = ["run", "--frozen", "-A", "--no-check", PROCESS, ...targets];
    const process = new Program(prober.name, [Deno.execPath(), ...args]);
    const verdicts = async () => JSON.parse(await process.ask()) as string[];
    const expected = [
      ...TARGETS.map(([, , , port]) => port === "0" ? "L7OK" : "L4OK"),
      ...CLOSED.map(([vip, address]) =>
        `L3ENCAP the tunnel works, but port ${CLOSED_PORT} of ${vip} is closed on ${address}: ` +
        "does the service listen on the VIP?"
      ),
    ];
    const passes = async () => {
      // On a busy machine the first answers may be late.
      let found = await verdicts();
      for (let i = 0; i < 20 && !isEqual(found, expected); i++) found = await verdicts();
      assert.deepEqual(found, expected);
      assert.equal(await vips.halfOpen(), "");
    };
    const fails = async () => {
      for (const [i, verdict] of (await verdicts()).entries()) {
        const [vip, address, source] = [...TARGETS, ...CLOSED][i]!;
        const path = `through the tunnel from ${source}: is GRE decapsulated on ${address}, ` +
          `is ${vip} on its loopback, is rp_filter loose, do routers drop this source ` +
          "(encap-source)?";
        // An IPv6 server without the VIP sends an error.
        const possible = [`L3ENCAP no answer ${path}`, `L3ENCAP no route to host ${path}`];
        assert.ok(possible.includes(verdict), verdict);
      }
    };
    try {
      await passes();
      await vips.vips("del");
      await fails();
      await vips.vips("add");
      await passes();
      await vips.decapsulate(false);
      await fails();
      await vips.vips("del");
      await fails();
      const [vip4] = VIP_ADDRESSES;
      await prober.ip(`address add ${VIPS[0]} dev lo`);
      const reason =
        `void: L4CON ${vip4} is an address of this host, which takes no answer from it`;
      for (const [i, verdict] of (await verdicts()).entries()) {
        if ([...TARGETS, ...CLOSED][i]![0] === vip4) assert.equal(verdict, reason);
      }
      await prober.ip(`address del ${VIPS[0]} dev lo`);
      // The route to the VIP leads elsewhere, and the filter is strict where the answer arrives.
      await prober.ip("link add elsewhere type veth peer elsewhere2");
      await prober.ip("link set elsewhere up");
      await prober.ip("address add 198.18.80.1/24 dev elsewhere");
      await prober.ip(`route add ${VIPS[0]} dev elsewhere src 198.18.80.1`);
      await prober.sysctl(`net.ipv4.conf.${link}.rp_filter=1`);
      const filtered = new RegExp(
        `^void: L4CON this host drops answers from ${vip4}, because its route leads to elsewhere, ` +
          `they arrive on ${link}, and rp_filter is strict there`,
      );
      for (const [i, verdict] of (await verdicts()).entries()) {
        const [vip] = [...TARGETS, ...CLOSED][i]!;
        if (vip === vip4) assert.match(verdict, filtered);
      }
      await prober.ip("link del elsewhere");
      await prober.sysctl(`net.ipv4.conf.${link}.rp_filter=0`);
      await vips.vips("add");
      await vips.decapsulate(true);
      await passes();
    } finally {
      await process.end();
      await vips.end();
    }
  });
});
