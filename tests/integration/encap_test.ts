/**
 * Probes through tunnels to a server in a namespace. Goal: they see what a plain check cannot, a VIP
 * or a decapsulation that is missing, and pass again when it is back, in both families and tunnels.
 */
import assert from "node:assert/strict";
import { isEqual } from "../../src/base/equal.ts";
import { EncapServer, Program } from "../support/servers/encap_server.ts";
import {
  netnsTest,
  type Pair,
  PAIR_PROBER4,
  PAIR_SERVER4,
  TestNamespace,
  withPair,
} from "../support/servers/netns.ts";

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
          "(encap-source), does a firewall of this host drop the answer (ct state invalid)?";
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
      // The route to the VIP leads elsewhere, and the filter is strict where the answer arrives. The
      // interfaces stand after many addresses in the kernel's list.
      const many =
        `for i in $(seq 300); do echo "address add 198.18.$((80 + i / 200)).$((i % 200 + ` +
        `2))/32 dev lo"; done | ip -batch -`;
      assert.ok((await prober.spawn("sh", ["-c", many]).status).success);
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

netnsTest(
  "a server without the VIP that forwards packets to another server does not pass",
  async () => {
    await withPair(async ({ prober, server, link, other }) => {
      const beyond = await TestNamespace.make(`mlv-${Deno.pid}-c`);
      const targets = TARGETS.filter(([, address]) => address === PAIR_SERVER4);
      const holder = new EncapServer(beyond.name, VIPS);
      const forwarder = new EncapServer(server.name, VIPS);
      let process: Program | undefined;
      try {
        await server.sysctl("net.ipv4.conf.all.rp_filter=0");
        await server.sysctl(`net.ipv4.conf.${other}.rp_filter=0`);
        await server.sysctl("net.ipv4.ip_forward=1");
        await server.sysctl("net.ipv6.conf.all.forwarding=1");
        await server.ip(`link add inward type veth peer uplink netns ${beyond.name}`);
        await server.ip(`address add ${SERVER6}/64 dev ${other} nodad`);
        await prober.ip(`address add ${PROBER6}/64 dev ${link} nodad`);
        const ends = [[server, "inward", 1], [beyond, "uplink", 2]] as const;
        for (const [namespace, device, number] of ends) {
          await namespace.ip(`link set ${device} up`);
          await namespace.ip(`address add 198.18.80.${number}/24 dev ${device}`);
          await namespace.ip(`address add fd77:80::${number}/64 dev ${device} nodad`);
        }
        for (const vip of VIP_ADDRESSES) {
          const [way, back, next] = vip.includes(":")
            ? [SERVER6, "fd77:80::1", "fd77:80::2"]
            : [PAIR_SERVER4, "198.18.80.1", "198.18.80.2"];
          const family = vip.includes(":") ? "-6" : "-4";
          await prober.ip(`${family} route add ${vip} via ${way}`);
          await server.ip(`${family} route add ${vip} via ${next}`);
          await beyond.ip(`${family} route add default via ${back}`);
        }
        await holder.start(PORT);
        await forwarder.decapsulate(true);
        const args = ["run", "--frozen", "-A", "--no-check", PROCESS, ...targets.flat()];
        process = new Program(prober.name, [Deno.execPath(), ...args]);
        const verdicts = JSON.parse(await process.ask()) as string[];
        for (const [i, verdict] of verdicts.entries()) {
          const [vip, address, source, port] = targets[i]!;
          const forwards = `L3ENCAP the tunnel works, but ${address} forwards packets to ${vip}: ` +
            "is that on its loopback?";
          // Errors of routers about a SYN are not read.
          const silent = `L3ENCAP no answer through the tunnel from ${source}`;
          assert.ok(verdict.startsWith(port === "0" ? forwards : silent), verdict);
        }
      } finally {
        await process?.end();
        await forwarder.end();
        await holder.end();
        await beyond.remove();
      }
    });
  },
);

const HAS_IPTABLES = await new Deno.Command("iptables", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

/** Runs `fn` with a server that has the VIP of IPv4, and with an echo and a SYN to it. */
async function withVip4(
  fn: (
    world: Pair & { verdicts(): Promise<readonly string[]>; passes(): Promise<void> },
  ) => Promise<void>,
): Promise<void> {
  await withPair(async (pair) => {
    const { prober, server, other } = pair;
    const targets = TARGETS.filter(([vip, address]) =>
      vip === VIP_ADDRESSES[0] && address === PAIR_SERVER4
    );
    await server.sysctl("net.ipv4.conf.all.rp_filter=0");
    await server.sysctl(`net.ipv4.conf.${other}.rp_filter=0`);
    await prober.ip(`route add default via ${PAIR_SERVER4}`);
    const vips = new EncapServer(server.name, VIPS.slice(0, 1));
    await vips.start(PORT);
    const args = ["run", "--frozen", "-A", "--no-check", PROCESS, ...targets.flat()];
    const process = new Program(prober.name, [Deno.execPath(), ...args]);
    const verdicts = async () => JSON.parse(await process.ask()) as string[];
    const passes = async () => {
      let found = await verdicts();
      for (let i = 0; i < 20 && !isEqual(found, ["L7OK", "L4OK"]); i++) found = await verdicts();
      assert.deepEqual(found, ["L7OK", "L4OK"]);
    };
    try {
      await passes();
      await fn({ ...pair, verdicts, passes });
    } finally {
      await process.end();
      await vips.end();
    }
  });
}

netnsTest(
  "a firewall of this host that drops the answers is named, and the rule of the guide lets them in",
  async () => {
    if (!HAS_IPTABLES) return;
    await withVip4(async ({ prober, verdicts, passes }) => {
      const iptables = async (...args: string[]) =>
        assert.ok((await prober.spawn("iptables", args).status).success, args.join(" "));
      const invalid = ["-m", "conntrack", "--ctstate", "INVALID"];
      await iptables("-A", "INPUT", ...invalid, "-j", "DROP");
      for (const verdict of await verdicts()) {
        assert.match(verdict, /^L3ENCAP no answer .* does a firewall of this host drop the answer/);
      }
      await iptables("-I", "INPUT", "-s", VIP_ADDRESSES[0]!, ...invalid, "-j", "ACCEPT");
      await passes();
    });
  },
);

netnsTest(
  "a probe is void when a strict rp_filter drops its answer on a host whose address is on lo",
  async () => {
    await withVip4(async ({ prober, server, link, verdicts, passes }) => {
      const source = "198.18.80.77";
      await prober.ip(`address add ${source}/32 dev lo`);
      await server.ip(`route add ${source} via ${PAIR_PROBER4}`);
      await prober.ip(`route replace default via ${PAIR_SERVER4} src ${source}`);
      await prober.ip(`route add ${PAIR_SERVER4} dev ${link} src ${source}`);
      await prober.sysctl("net.ipv4.conf.all.rp_filter=0");
      await prober.sysctl(`net.ipv4.conf.${link}.rp_filter=1`);
      await passes();
      // The route to the VIP leads elsewhere, with the same source address.
      await prober.ip("link add elsewhere type veth peer elsewhere2");
      await prober.ip("link set elsewhere up");
      await prober.ip(`route add ${VIPS[0]} dev elsewhere src ${source}`);
      for (const verdict of await verdicts()) {
        assert.match(
          verdict,
          /^void: L4CON rp_filter of this host dropped packets during the probe/,
        );
      }
      await prober.sysctl(`net.ipv4.conf.${link}.rp_filter=2`);
      await passes();
      // Without drops the server is at fault.
      await server.ip(`route del ${source}`);
      for (const verdict of await verdicts()) assert.match(verdict, /^L3ENCAP no answer /);
    });
  },
);

netnsTest(
  "a server that lacks its VIP fails beside another VIP whose answers rp_filter drops",
  async () => {
    await withPair(async ({ prober, server, link, other }) => {
      const [second, own, misrouted] = ["198.18.76.5", "198.18.80.77", "198.18.79.81"];
      await server.sysctl("net.ipv4.conf.all.rp_filter=0");
      await server.sysctl(`net.ipv4.conf.${other}.rp_filter=0`);
      await server.ip(`address add ${second}/32 dev lo`);
      await server.ip(`route add ${own} via ${PAIR_PROBER4}`);
      await prober.ip(`address add ${own}/32 dev lo`);
      await prober.ip(`route add ${PAIR_SERVER4} dev ${link} src ${own}`);
      await prober.ip(`route add default via ${PAIR_SERVER4} src ${own}`);
      await prober.sysctl("net.ipv4.conf.all.rp_filter=0");
      await prober.sysctl(`net.ipv4.conf.${link}.rp_filter=1`);
      const vips = new EncapServer(server.name, [VIPS[0]!, `${misrouted}/32`]);
      await vips.start(PORT);
      const targets = [[VIP_ADDRESSES[0]!, PAIR_SERVER4], [VIP_ADDRESSES[0]!, second], [
        misrouted,
        PAIR_SERVER4,
      ]].flatMap((ends) => [...ends, "203.0.113.9", "0"]);
      const args = ["run", "--frozen", "-A", "--no-check", PROCESS, ...targets];
      const process = new Program(prober.name, [Deno.execPath(), ...args]);
      const codes = async () =>
        (JSON.parse(await process.ask()) as string[]).map((text) => /^(void: )?\S+/.exec(text)![0]);
      /** Asks until a round has these codes. */
      const until = async (wanted: readonly string[]) => {
        let found = await codes();
        for (let i = 0; i < 20 && !isEqual(found, wanted); i++) found = await codes();
        assert.deepEqual(found, wanted);
      };
      try {
        await until(["L7OK", "L7OK", "L7OK"]);
        await prober.ip("link add elsewhere type veth peer elsewhere2");
        await prober.ip("link set elsewhere up");
        await prober.ip(`route add ${misrouted} dev elsewhere src ${own}`);
        await until(["L7OK", "L7OK", "void: L4CON"]);
        await server.ip(`address del ${second}/32 dev lo`);
        await until(["L7OK", "L3ENCAP", "void: L4CON"]);
      } finally {
        await process.end();
        await vips.end();
      }
    });
  },
);
