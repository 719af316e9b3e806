/** Flows of one packet to a real VPP at the end of a Wire, and the servers to which it sends them. */
import assert from "node:assert/strict";
import { linesOf } from "../../bench/support/lines.ts";
import type { Flow } from "../support/judges/vpp_flow_hash.ts";
import type { RunningVpp } from "./support.ts";
import type { Wire } from "./wire.ts";

const SHOTS = new URL("shots.py", import.meta.url).pathname;

/** A program that sends the packets. */
export class Shots implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#lines = linesOf(child.stdout);
  }

  /** Starts it at the other end of the VPP's wire. */
  static async at(wire: Wire, vpp: RunningVpp): Promise<Shots> {
    const hardware = await vpp.cli("show hardware-interfaces host-mlv0");
    const [, mac] = /Ethernet address ([0-9a-f:]{17})/.exec(hardware) ?? [];
    assert.ok(mac !== undefined, hardware);
    const args = ["netns", "exec", wire.outside, "python3", SHOTS, "mlv1", mac];
    const child = new Deno.Command("ip", { args, stdin: "piped", stdout: "piped" }).spawn();
    const shots = new Shots(child);
    assert.equal((await shots.#lines.next()).value, "ready");
    return shots;
  }

  /** Sends a packet of each flow; the one server of each. */
  async servers(flows: readonly Flow[]): Promise<readonly string[]> {
    const rows = flows.map(({ source, sourcePort, vip, port }) => [source, sourcePort, vip, port]);
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(rows)}\n`));
    const { value } = await this.#lines.next();
    const found: readonly (readonly string[])[] = JSON.parse(value ?? "[]");
    assert.equal(found.length, flows.length);
    return found.map((servers, at) => {
      const [server, ...others] = servers;
      assert.ok(server !== undefined, `${flowText(flows[at]!)} did not come out of VPP`);
      assert.deepEqual(others, [], flowText(flows[at]!));
      return server;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#lines.return(undefined);
    await this.#child.status;
  }
}

export function flowText({ source, sourcePort, vip, port }: Flow): string {
  return `${source} ${sourcePort} to ${vip} ${port}`;
}
