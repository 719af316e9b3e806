/**
 * A network for a real VPP. It runs in a namespace of its own, with a `host-interface` on one end
 * of a veth. The other end is in a second namespace, which sends packets, and receives those that
 * VPP sends to servers. No packet leaves the two.
 */
import assert from "node:assert/strict";
import { linesOf } from "../../bench/support/lines.ts";
import { NO_NETNS } from "../support/servers/netns.ts";
import { type RunningVpp, SKIP_REASON } from "./support.ts";

const FLOWS = new URL("flows.py", import.meta.url).pathname;

/** Why a Wire is impossible here, to be appended to a test's name; empty when it is possible. */
export const NO_WIRE = SKIP_REASON !== ""
  ? SKIP_REASON
  : NO_NETNS === undefined
  ? ""
  : ` (skipped: ${NO_NETNS})`;

/** Runs a program to its end; its standard output. */
async function run(...args: string[]): Promise<string> {
  const [program, ...rest] = args;
  const { success, stdout, stderr } = await new Deno.Command(program!, {
    args: rest,
    stdin: "null",
  }).output();
  assert.ok(success, `${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Two namespaces joined by a veth; VPP runs in the first. */
export class Wire implements AsyncDisposable {
  readonly inside: string;
  readonly outside: string;

  /** `name`: differs for each Wire of a test. */
  constructor(name = "") {
    this.inside = `mlv-vpp-${Deno.pid}${name}`;
    this.outside = `mlv-cli-${Deno.pid}${name}`;
  }

  async make(): Promise<this> {
    const ends = ["mlv0", "mlv1"] as const;
    for (const name of [this.inside, this.outside]) await run("ip", "netns", "add", name);
    await run(
      ...["ip", "-n", this.inside, "link", "add", ends[0], "type", "veth"],
      ...["peer", "name", ends[1], "netns", this.outside],
    );
    // VPP alone answers on its end.
    const quiet = "net.ipv6.conf.mlv0.disable_ipv6=1";
    await run("ip", "netns", "exec", this.inside, "sysctl", "-qw", quiet);
    await run("ip", "-n", this.inside, "link", "set", ends[0], "up");
    await run("ip", "-n", this.outside, "link", "set", ends[1], "up");
    await run("ip", "-n", this.outside, "addr", "add", "10.77.0.2/24", "dev", ends[1]);
    await run("ip", "-n", this.outside, "addr", "add", "fd77::2/64", "dev", ends[1], "nodad");
    await run("ip", "-n", this.outside, "route", "add", "192.0.2.0/24", "via", "10.77.0.1");
    await run("ip", "-n", this.outside, "route", "add", "2001:db8:77::/64", "via", "fd77::1");
    return this;
  }

  async plug(vpp: RunningVpp): Promise<void> {
    await vpp.cli("create host-interface name mlv0");
    await vpp.cli("set interface state host-mlv0 up");
    await vpp.cli("set interface ip address host-mlv0 10.77.0.1/24");
    await vpp.cli("set interface ip address host-mlv0 fd77::1/64");
    // A VPP that was restarted has another hardware address.
    await run("ip", "-n", this.outside, "neigh", "flush", "all");
  }

  /** Makes VPP route `prefix` to the second namespace, whose address it has. */
  async leadOut(vpp: RunningVpp, prefix: string): Promise<void> {
    const [link] = JSON.parse(await run("ip", "-n", this.outside, "-j", "link", "show", "mlv1"));
    await vpp.cli(`set ip neighbor host-mlv0 10.77.0.2 ${link.address}`);
    await vpp.cli(`ip route add ${prefix} via 10.77.0.2 host-mlv0`);
  }

  /** Sends `flows` flows of `packets` datagrams of 100 bytes each. */
  async send(to: string, port: number, flows: number, packets: number): Promise<void> {
    const family = to.includes(":") ? "AF_INET6" : "AF_INET";
    const script = `import socket, time
for flow in range(${flows}):
    s = socket.socket(socket.${family}, socket.SOCK_DGRAM)
    for packet in range(${packets}):
        s.sendto(b"x" * 100, ("${to}", ${port}))
        time.sleep(0.002)
`;
    await run("ip", "netns", "exec", this.outside, "python3", "-c", script);
  }

  /** Sends datagrams of one flow, that of this source port. */
  async sendFlow(to: string, port: number, packets: number, sourcePort = 40_000): Promise<void> {
    const script = `import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", ${sourcePort}))
for packet in range(${packets}):
    s.sendto(b"x" * 100, ("${to}", ${port}))
    time.sleep(0.01)
time.sleep(0.1)
`;
    await run("ip", "netns", "exec", this.outside, "python3", "-c", script);
  }

  /** Begins to send flows to VIPs over TCP, and to watch to which servers they go. */
  flows(vips: readonly FlowTarget[]): Promise<Flows> {
    return Flows.start(this.outside, vips);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [this.inside, this.outside]) await run("ip", "netns", "del", name);
  }
}

/** A VIP that is sent flows, and how many. */
export interface FlowTarget {
  readonly address: string;
  readonly port: number;
  /** Flows with a packet every 100 ms. */
  readonly steady: number;
  /** Flows with a packet every 3 s. */
  readonly resting: number;
  /** Source port of the first flow; default 10,000. Flows with the same ports are the same flows. */
  readonly first?: number;
}

/** The results of flows. */
export interface FlowReport {
  /** By VIP address: packets sent. */
  readonly sent: Readonly<Record<string, number>>;
  /** By `192.0.2.1 10001`, VIP address and source port: packets that came out, by server. */
  readonly flows: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The servers of a flow in turn, without immediate repeats. */
  readonly paths: Readonly<Record<string, readonly string[]>>;
}

/** Flows under way. */
export class Flows {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;

  private constructor(child: Deno.ChildProcess, lines: AsyncGenerator<string>) {
    this.#child = child;
    this.#lines = lines;
  }

  static async start(namespace: string, vips: readonly FlowTarget[]): Promise<Flows> {
    const args = ["netns", "exec", namespace, "python3", FLOWS, "mlv1", JSON.stringify(vips)];
    const child = new Deno.Command("ip", { args, stdin: "piped", stdout: "piped" }).spawn();
    const flows = new Flows(child, linesOf(child.stdout));
    assert.equal((await flows.#lines.next()).value, "ready");
    return flows;
  }

  /** Sends no more; what became of them. */
  async stop(): Promise<FlowReport> {
    await this.#child.stdin.close();
    const { value } = await this.#lines.next();
    await this.#lines.return(undefined);
    await this.#child.status;
    const report: FlowReport = JSON.parse(value ?? "");
    return report;
  }
}
