/** A server of VIPs in a namespace; a test turns its decapsulation of GRE on and off. */
import assert from "node:assert/strict";
import { linesOf } from "../../../bench/support/lines.ts";

const DECAPSULATOR = new URL("gre_decapsulator.py", import.meta.url).pathname;

const LISTENER = `
import socket, sys
at = ("::", int(sys.argv[1]))
s = socket.create_server(at, family=socket.AF_INET6, backlog=4096, dualstack_ipv6=True)
print("ready", flush=True)
sys.stdin.read()
`;

/** A program in a namespace that writes a line when it is ready, or for each line it gets. */
export class Program {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  constructor(namespace: string, args: readonly string[]) {
    this.#child = new Deno.Command("ip", {
      args: ["netns", "exec", namespace, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = linesOf(this.#child.stdout);
    this.#input = this.#child.stdin.getWriter();
  }

  /** A program whose first line is `ready`, after that line. */
  static async ready(namespace: string, args: readonly string[]): Promise<Program> {
    const program = new Program(namespace, args);
    assert.equal(await program.line(), "ready");
    return program;
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

async function run(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command("ip", { args: [...args] }).output();
  assert.ok(success, `ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** The server; it has its VIPs and takes GRE apart from the start. */
export class EncapServer {
  readonly #namespace: string;
  readonly #vips: readonly string[];
  readonly #delayMs: number;
  #listener: Program | undefined;
  #decapsulator: Program | undefined;

  /** `vips` with the lengths of their prefixes; packets in tunnels are delayed by `delayMs`. */
  constructor(namespace: string, vips: readonly string[], delayMs = 0) {
    this.#namespace = namespace;
    this.#vips = vips;
    this.#delayMs = delayMs;
  }

  /** Accepts connections on `port` of all its addresses. */
  async start(port: number): Promise<void> {
    await this.vips("add");
    await this.decapsulate(true);
    const args = ["python3", "-c", LISTENER, String(port)];
    this.#listener = await Program.ready(this.#namespace, args);
  }

  async vips(verb: "add" | "del"): Promise<void> {
    for (const vip of this.#vips) {
      await run("-n", this.#namespace, "address", verb, vip, "dev", "lo");
    }
  }

  async decapsulate(on: boolean): Promise<void> {
    await this.#decapsulator?.end();
    const args = ["python3", DECAPSULATOR, `${this.#delayMs / 1000}`];
    this.#decapsulator = on ? await Program.ready(this.#namespace, args) : undefined;
  }

  /** Connections that were not reset, a line each. */
  halfOpen(): Promise<string> {
    return run("netns", "exec", this.#namespace, "ss", "-Htn", "state", "syn-recv");
  }

  async end(): Promise<void> {
    await this.decapsulate(false);
    await this.#listener?.end();
  }
}
