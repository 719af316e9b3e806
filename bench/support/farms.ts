/** The servers that probes are measured against, as programs. */
import { certificates } from "../../tests/support/servers/certificates.ts";
import { type Child, start, startProgram } from "./child.ts";
import { startUdpFarm } from "./udp_program.ts";

export interface Farm {
  readonly child: Child;
  readonly port: number;
  /** Network namespace from which they are probed; empty: this one. */
  readonly netns: string;
}

/** Servers for probes of a kind: http, https, http2, grpc, udp, agent, encap, else ones that only accept. */
export async function startFarm(count: number, kind: string): Promise<Farm> {
  const child = await farmOf(count, kind);
  const { port, netns = "" } = await child.next((record) => record.port !== undefined);
  return { child, port: port!, netns };
}

async function farmOf(count: number, kind: string): Promise<Child> {
  if (kind === "https") return start("farm_tls.ts", [`${count}`, (await certificates()).folder]);
  if (kind === "udp") return await startUdpFarm();
  if (kind === "encap") {
    const path = new URL("encap_farm.ts", import.meta.url).pathname;
    const argv = [Deno.execPath(), "run", "--frozen", "-A", "--no-check", path];
    return startProgram("encap_farm.ts", { argv });
  }
  return start("farm.ts", [
    `${count}`,
    ["http", "http2", "grpc", "agent"].includes(kind) ? kind : "tcp",
  ]);
}
