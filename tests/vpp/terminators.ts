/**
 * Servers of VIPs behind a load balancer: each in a namespace with its own link to the namespace of
 * the load balancer, which is a real VPP or a simulated one.
 */
import assert from "node:assert/strict";
import { linesOf } from "../../bench/support/lines.ts";

const PROGRAM = new URL("terminator.py", import.meta.url).pathname;

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdin: "null" }).output();
  assert.ok(success, `ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** The program in a namespace, started. Its first line is `ready`. */
export class Terminator {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;

  constructor(namespace: string, ...words: string[]) {
    const args = ["netns", "exec", namespace, "python3", PROGRAM, ...words];
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

/** The load balancer's end of a link. */
export interface Link {
  /** Of the interface, in the load balancer's namespace. */
  readonly name: string;
  /** The load balancer's address on it, with the length of the network. */
  readonly address: string;
}

export interface TerminatorOptions {
  /** The namespaces of the load balancer, and of the client. */
  readonly wire: { readonly inside: string; readonly outside: string };
  readonly count: number;
  /** On the loopback device of each server. */
  readonly vips: readonly string[];
  /** True: their packets come in GRE, as VPP sends them. Default true. */
  readonly gre?: boolean;
}

/** Servers nginx0, nginx1, … with the addresses 10.79.N.2. */
export class Terminators implements AsyncDisposable {
  readonly #namespaces: string[] = [];
  readonly #terminators: Terminator[] = [];
  /** That the load balancer has to have up, with their addresses. */
  readonly links: Link[] = [];

  async make({ wire, count, vips, gre = true }: TerminatorOptions): Promise<this> {
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
      await this.#route(at);
      this.links.push({ name: near, address: `10.79.${at}.1/24` });
      this.#terminators.push(new Terminator(namespace, `nginx${at}`, far, ...gre ? ["gre"] : []));
    }
    await ip("-n", wire.outside, "route", "add", "10.79.0.0/16", "via", "10.77.0.1");
    this.#terminators.push(new Terminator(wire.outside, "client", "mlv1"));
    for (const terminator of this.#terminators) assert.equal(await terminator.line(), "ready");
    return this;
  }

  async #route(at: number): Promise<void> {
    await ip("-n", this.#namespaces[at]!, "route", "add", "default", "via", `10.79.${at}.1`);
  }

  /** Server `at` ends its connections and refuses new ones from now on. */
  close(at: number): Promise<void> {
    return this.#terminators[at]!.send("close");
  }

  /** Server `at` accepts connections from now on, and answers nothing. */
  hang(at: number): Promise<void> {
    return this.#terminators[at]!.send("hang");
  }

  /** Server `at` serves again, after close() and hang(). */
  open(at: number): Promise<void> {
    return this.#terminators[at]!.send("open");
  }

  /** The cable of server `at`, pulled at its end. */
  async unplug(at: number): Promise<void> {
    await ip("-n", this.#namespaces[at]!, "link", "set", "eth0", "down");
  }

  async plug(at: number): Promise<void> {
    await ip("-n", this.#namespaces[at]!, "link", "set", "eth0", "up");
    await this.#route(at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const terminator of this.#terminators) await terminator.end();
    for (const namespace of this.#namespaces) await ip("netns", "del", namespace);
  }
}
