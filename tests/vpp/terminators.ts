/** Servers that terminate VIPs behind a real VPP: each in a namespace with its own link to VPP. */
import assert from "node:assert/strict";
import { linesOf } from "../../bench/support/lines.ts";
import type { RunningVpp } from "./support.ts";
import type { Wire } from "./wire.ts";

const PROGRAM = new URL("terminator.py", import.meta.url).pathname;

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdin: "null" }).output();
  assert.ok(success, `ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** The program in a namespace, started. */
class Terminator {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;

  constructor(namespace: string, name: string, link: string) {
    const args = ["netns", "exec", namespace, "python3", PROGRAM, name, link];
    this.#child = new Deno.Command("ip", { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#lines = linesOf(this.#child.stdout);
  }

  async line(): Promise<string | undefined> {
    return (await this.#lines.next()).value;
  }

  async send(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${text}\n`));
    writer.releaseLock();
    assert.equal(await this.line(), "done");
  }

  async end(): Promise<void> {
    await this.#child.stdin.close();
    await this.#lines.return(undefined);
    await this.#child.status;
  }
}

/** Servers nginx0, nginx1, … with the addresses 10.79.N.2. */
export class Terminators implements AsyncDisposable {
  readonly #namespaces: string[] = [];
  readonly #terminators: Terminator[] = [];

  /** `vips` are on the loopback device of each server. */
  async make(
    { wire, vpp, count, vips }: {
      readonly wire: Wire;
      readonly vpp: RunningVpp;
      readonly count: number;
      readonly vips: readonly string[];
    },
  ): Promise<this> {
    for (let at = 0; at < count; at++) {
      const namespace = `mlv-s${at}-${Deno.pid}`;
      const [near, far] = [`mlvs${at}`, "eth0"];
      await ip("netns", "add", namespace);
      this.#namespaces.push(namespace);
      await ip(
        ...["-n", wire.inside, "link", "add", near, "type", "veth"],
        ...["peer", "name", far, "netns", namespace],
      );
      await ip("-n", wire.inside, "link", "set", near, "up");
      for (
        const [device, address] of [[far, `10.79.${at}.2/24`], ...vips.map((vip) => ["lo", vip])]
      ) {
        await ip("-n", namespace, "link", "set", device!, "up");
        await ip("-n", namespace, "addr", "add", address!, "dev", device!);
      }
      await ip("-n", namespace, "route", "add", "default", "via", `10.79.${at}.1`);
      await vpp.cli(`create host-interface name ${near}`);
      await vpp.cli(`set interface state host-${near} up`);
      await vpp.cli(`set interface ip address host-${near} 10.79.${at}.1/24`);
      this.#terminators.push(new Terminator(namespace, `nginx${at}`, far));
    }
    await ip("-n", wire.outside, "route", "add", "10.79.0.0/16", "via", "10.77.0.1");
    this.#terminators.push(new Terminator(wire.outside, "client", "mlv1"));
    for (const terminator of this.#terminators) assert.equal(await terminator.line(), "ready");
    return this;
  }

  /** Server `at` refuses connections from now on. */
  close(at: number): Promise<void> {
    return this.#terminators[at]!.send("close");
  }

  open(at: number): Promise<void> {
    return this.#terminators[at]!.send("open");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const terminator of this.#terminators) await terminator.end();
    for (const namespace of this.#namespaces) await ip("netns", "del", namespace);
  }
}
