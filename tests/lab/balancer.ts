/** The load balancer of the lab: a real VPP, or a simulated one with a path for packets. */
import assert from "node:assert/strict";
import { linesOf } from "../../bench/support/lines.ts";
import type { Link } from "../vpp/terminators.ts";
import { startVpp } from "../vpp/support.ts";

const PROGRAM = new URL("simulated_balancer.ts", import.meta.url).pathname;

/** Links of a load balancer: the first one leads to the client. */
export interface BalancerOptions {
  readonly namespace: string;
  readonly links: readonly Link[];
  /** Addresses of the VIPs. */
  readonly vips: readonly string[];
  /** A folder of the test's own. */
  readonly folder: string;
}

/** A load balancer that runs in its namespace. */
export interface Balancer extends AsyncDisposable {
  readonly apiAddress: string;
  /** Empty: none. */
  readonly statsAddress: string;
  /** Ends it as by kill -9. */
  kill(): Promise<void>;
  /** Starts it again after kill(); resolves when it answers. */
  restart(): Promise<void>;
}

/** Starts a real VPP. Needs MAGLEV_VPP_PREFIX. */
export async function realBalancer({ namespace, links }: BalancerOptions): Promise<Balancer> {
  // A network card keeps its hardware address when VPP restarts.
  const commands = links.flatMap(({ name, address }, at) => [
    `create host-interface name ${name} hw-addr 02:77:00:00:00:0${at}`,
    `set interface state host-${name} up`,
    `set interface ip address host-${name} ${address}`,
  ]);
  const vpp = await startVpp({ netns: namespace, commands });
  return {
    apiAddress: vpp.apiAddress("socket"),
    statsAddress: vpp.statsSocket,
    kill: () => vpp.kill("SIGKILL"),
    restart: () => vpp.restart(),
    [Symbol.asyncDispose]: () => vpp.stop(),
  };
}

async function ip(line: string): Promise<void> {
  const args = line.split(" ");
  const { success, stderr } = await new Deno.Command("ip", { args, stdin: "null" }).output();
  assert.ok(success, `ip ${line}: ${new TextDecoder().decode(stderr)}`);
}

/** Starts a simulated VPP; the kernel forwards its probes. */
export async function simulatedBalancer(options: BalancerOptions): Promise<Balancer> {
  const { namespace, links, vips, folder } = options;
  for (const { name, address } of links) {
    await ip(`-n ${namespace} addr add ${address} dev ${name}`);
  }
  await ip(`-n ${namespace} link set lo up`);
  for (const vip of vips) await ip(`-n ${namespace} addr add ${vip}/32 dev lo`);
  await ip(`netns exec ${namespace} sysctl -qw net.ipv4.ip_forward=1`);
  const apiAddress = `${folder}/api.sock`;
  const child = new Deno.Command("ip", {
    args: [
      ...["netns", "exec", namespace, Deno.execPath(), "run", "--frozen", "-A", "--no-check"],
      ...[PROGRAM, apiAddress],
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = linesOf(child.stdout);
  const writer = child.stdin.getWriter();
  const expect = async (text: string) => assert.equal((await lines.next()).value, text);
  const send = async (text: string) => {
    await writer.write(new TextEncoder().encode(`${text}\n`));
    await expect("done");
  };
  await expect("ready");
  return {
    apiAddress,
    statsAddress: "",
    kill: () => send("kill"),
    restart: () => send("restart"),
    async [Symbol.asyncDispose]() {
      await writer.close();
      await lines.return(undefined);
      await child.status;
    },
  };
}
