/** The servers that probes are measured against, as programs. */
import { certificates } from "../../tests/support/servers/certificates.ts";
import { referenceProgram } from "./compile.ts";
import { type Child, start, startProgram } from "./child.ts";

export interface Farm {
  readonly child: Child;
  readonly port: number;
  /** Network namespace from which they are probed; empty: this one. */
  readonly netns: string;
}

/** Kinds that farm.ts serves; for any other kind its servers only accept. */
const TALKING = ["http", "http2", "grpc", "agent", "dns-tcp"];

/** Servers for probes of a kind: those of farm.ts, https, https-client, udp and encap. */
export async function startFarm(count: number, kind: string): Promise<Farm> {
  const child = await farmOf(count, kind);
  const { port, netns = "" } = await child.next((record) => record.port !== undefined);
  return { child, port: port!, netns };
}

async function farmOf(count: number, kind: string): Promise<Child> {
  if (kind === "https" || kind === "https-client") {
    const { folder } = await certificates();
    const client = kind === "https-client" ? ["client"] : [];
    return start("farm_tls.ts", [`${count}`, folder, ...client]);
  }
  if (kind === "udp") return await startUdpFarm();
  if (kind === "encap") return startEncapFarm();
  return start("farm.ts", [`${count}`, TALKING.includes(kind) ? kind : "tcp"]);
}

/** Servers over UDP at all addresses of the farm. */
export async function startUdpFarm(): Promise<Child> {
  return startProgram("udp.c", { argv: [await referenceProgram("udp"), "farm"] });
}

/** Servers of a VIP in a namespace, whose packets are delayed by so many milliseconds. */
export function startEncapFarm(delayMs = 0): Child {
  const path = new URL("encap_farm.ts", import.meta.url).pathname;
  const argv = [Deno.execPath(), "run", "--frozen", "-A", "--no-check", path, `${delayMs}`];
  return startProgram("encap_farm.ts", { argv });
}
