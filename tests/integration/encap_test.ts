/**
 * Probes through tunnels to a server in a namespace. Goal: they see what a plain check cannot, a VIP
 * or a decapsulation that is missing, and pass again when it is back, in both families and tunnels.
 */
import assert from "node:assert/strict";
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

/** VIP, server and source of the tunnel, which no host has. */
const TARGETS: readonly (readonly [vip: string, server: string, source: string])[] = [
  ["198.18.79.80", PAIR_SERVER4, "203.0.113.9"],
  ["198.18.79.80", SERVER6, "2001:db8:9::9"],
  ["fd77:79::80", PAIR_SERVER4, "203.0.113.9"],
  ["fd77:79::80", SERVER6, "2001:db8:9::9"],
];

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

async function decapsulate(server: TestNamespace): Promise<Program> {
  const program = new Program(server, ["python3", DECAPSULATOR]);
  assert.equal(await program.line(), "ready");
  return program;
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
    const args = ["run", "--frozen", "-A", "--no-check", PROCESS, ...TARGETS.flat()];
    const process = new Program(prober, [Deno.execPath(), ...args]);
    const verdicts = async () => JSON.parse(await process.ask()) as string[];
    const passes = async () =>
      assert.deepEqual(await verdicts(), TARGETS.map(() => "L7OK"), PAIR_PROBER4);
    const fails = async () => {
      for (const [i, verdict] of (await verdicts()).entries()) {
        const [vip, address, source] = TARGETS[i]!;
        const path = `through the tunnel from ${source}: is GRE decapsulated on ${address}, ` +
          `is ${vip} on its loopback, is rp_filter loose?`;
        // An IPv6 server without the VIP sends an error.
        const possible = [`L7TOUT no answer ${path}`, `L4CON no route to host ${path}`];
        assert.ok(possible.includes(verdict), verdict);
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
      await serveVips("add");
      decapsulator = await decapsulate(server);
      await passes();
    } finally {
      await process.end();
      await decapsulator.end().catch(() => {});
    }
  });
});
