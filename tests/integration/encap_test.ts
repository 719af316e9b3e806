/**
 * Probes through tunnels to a server in a namespace. Goal: they see what a plain check cannot, a VIP
 * or a decapsulation that is missing, and pass again when it is back, in both families and tunnels.
 */
import assert from "node:assert/strict";
import { isEqual } from "../../src/base/equal.ts";
import { linesOf } from "../../bench/support/lines.ts";
import {
  netnsTest,
  PAIR_PROBER4,
  PAIR_SERVER4,
  type TestNamespace,
  withPair,
} from "../support/servers/netns.ts";

const DECAPSULATOR = new URL("../support/servers/gre_decapsulator.py", import.meta.url).pathname;
const PROCESS = new URL("../support/servers/encap_process.ts", import.meta.url).pathname;
const SERVER6 = "fd77:78::1";
const PROBER6 = "fd77:78::2";
const VIPS = ["198.18.79.80/32", "fd77:79::80/128"];

const TUNNELS: readonly (readonly [server: string, source: string])[] = [
  [PAIR_SERVER4, "203.0.113.9"],
  [SERVER6, "2001:db8:9::9"],
];
const VIP_ADDRESSES = VIPS.map((vip) => vip.split("/")[0]!);
const [PORT, CLOSED_PORT] = ["8080", "8081"];

/** VIP, server, source of the tunnel, which no host has, and port; 0: an echo. */
const TARGETS = VIP_ADDRESSES.flatMap((vip) =>
  TUNNELS.flatMap(([server, source]) => ["0", PORT].map((port) => [vip, server, source, port]))
);
/** The same to a port on which nothing listens. */
const CLOSED = VIP_ADDRESSES.map((vip) => [vip, ...TUNNELS[0]!, CLOSED_PORT]);

const LISTENER = `
import socket, sys
s = socket.create_server(("::", ${PORT}), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
sys.stdin.read()
`;

/** A program in a namespace that writes a line when it is ready, or for each line it gets. */
class Program {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  constructor({ name }: TestNamespace, args: readonly string[]) {
    this.#child = new Deno.Command("ip", {
      args: ["netns", "exec", name, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = linesOf(this.#child.stdout);
    this.#input = this.#child.stdin.getWriter();
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    assert.ok(!done, "the program ended");
    return value;
  }

  async ask(): Promise<string> {
    await this.#input.write(new TextEncoder().encode("\n"));
    return await this.line();
  }

  async end(): Promise<void> {
    await this.#input.close();
    while (!(await this.#lines.next()).done);
    await this.#child.status;
  }
}

async function ready(server: TestNamespace, args: readonly string[]): Promise<Program> {
  const program = new Program(server, ["python3", ...args]);
  assert.equal(await program.line(), "ready");
  return program;
}

function decapsulate(server: TestNamespace): Promise<Program> {
  return ready(server, [DECAPSULATOR]);
}

/** Connections of a server that were not reset. */
async function halfOpen({ name }: TestNamespace): Promise<string> {
  const args = ["netns", "exec", name, "ss", "-Htn", "state", "syn-recv"];
  const { stdout, success } = await new Deno.Command("ip", { args }).output();
  assert.ok(success);
  return new TextDecoder().decode(stdout);
}

netnsTest("a probe through the tunnel sees a missing VIP and a missing decapsulation", async () => {
  await withPair(async ({ prober, server, link, other }) => {
    await server.sysctl("net.ipv4.conf.all.rp_filter=0");
    await server.sysctl(`net.ipv4.conf.${other}.rp_filter=0`);
    await server.ip(`address add ${SERVER6}/64 dev ${other} nodad`);
    await prober.ip(`address add ${PROBER6}/64 dev ${link} nodad`);
    // As the route to VIPs of a host beside VPP.
    await prober.ip(`route add default via ${PAIR_SERVER4}`);
    await prober.ip(`-6 route add default via ${SERVER6}`);
    const serveVips = async (verb: "add" | "del") => {
      for (const vip of VIPS) await server.ip(`address ${verb} ${vip} dev lo`);
    };
    await serveVips("add");
    let decapsulator = await decapsulate(server);
    const listener = await ready(server, ["-c", LISTENER]);
    const targets = [...TARGETS, ...CLOSED].flat();
    const args = ["run", "--frozen", "-A", "--no-check", PROCESS, ...targets];
    const process = new Program(prober, [Deno.execPath(), ...args]);
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
      assert.deepEqual(found, expected, PAIR_PROBER4);
      assert.equal(await halfOpen(server), "");
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
    const isVoid = async (vip: string, reason: string) => {
      for (const [i, verdict] of (await verdicts()).entries()) {
        if ([...TARGETS, ...CLOSED][i]![0] === vip) assert.equal(verdict, `void: ${reason}`);
      }
    };
    try {
      await passes();
      await serveVips("del");
      await fails();
      await serveVips("add");
      await passes();
      await decapsulator.end();
      await fails();
      decapsulator = await decapsulate(server);
      await passes();
      await serveVips("del");
      await decapsulator.end();
      await fails();
      const [vip4] = VIP_ADDRESSES;
      await prober.ip(`address add ${VIPS[0]} dev lo`);
      await isVoid(
        vip4!,
        `L4CON ${vip4} is an address of this host, which takes no answer from it`,
      );
      await prober.ip(`address del ${VIPS[0]} dev lo`);
      await serveVips("add");
      decapsulator = await decapsulate(server);
      await passes();
    } finally {
      await process.end();
      await listener.end();
      await decapsulator.end().catch(() => {});
    }
  });
});
