/** The servers that probes are measured against, as programs. */
import { certificates } from "../../tests/support/servers/certificates.ts";
import { type Child, start } from "./child.ts";
import { startUdpFarm } from "./udp_program.ts";

export interface Farm {
  readonly child: Child;
  readonly port: number;
}

/** Servers for probes of a kind: http, https, http2, grpc, udp, else ones that only accept. */
export async function startFarm(count: number, kind: string): Promise<Farm> {
  const child = await farmOf(count, kind);
  const { port } = await child.next((record) => record.port !== undefined);
  return { child, port: port! };
}

async function farmOf(count: number, kind: string): Promise<Child> {
  if (kind === "https") return start("farm_tls.ts", [`${count}`, (await certificates()).folder]);
  if (kind === "udp") return await startUdpFarm();
  return start("farm.ts", [`${count}`, ["http", "http2", "grpc"].includes(kind) ? kind : "tcp"]);
}
