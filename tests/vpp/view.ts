/**
 * The state of a VPP by its own CLI client, read without the product's code, as the reference of
 * tests.
 */
import type { RunningVpp } from "./support.ts";

/** One VIP in use. */
export interface ViewedVip {
  /** `192.0.2.1/32 6 80`. */
  readonly key: string;
  /** `ip4-gre4`. */
  readonly type: string;
  readonly sticky: boolean;
  readonly length: number;
  /** Those in use, by address; weight undefined for a VPP without weights. */
  readonly servers: readonly ViewedServer[];
}

/** One server. */
export interface ViewedServer {
  readonly address: string;
  readonly weight: number | undefined;
  readonly buckets: number;
}

/** VIPs in use, by key. */
export async function viewedVips(vpp: Pick<RunningVpp, "cli">): Promise<ViewedVip[]> {
  return parseView(await vpp.cli("show lb vips verbose"));
}

/** VIPs in use in the text of `show lb vips verbose`, by key. */
export function parseView(text: string): ViewedVip[] {
  const vips: ViewedVip[] = [];
  for (const block of text.replaceAll("\r", "").split(/\n(?= ip[46]-)/)) {
    const head = /^\s*(ip\S+) \[\d+\] (\S+)( src_ip_sticky)?( removed)?$/m.exec(block);
    if (head === null || head[4] !== undefined) continue;
    const port = /^ +protocol:(\d+) port:(\d+)/m.exec(block);
    const length = Number(/^ +new_size:(\d+)/m.exec(block)![1]);
    const servers: ViewedServer[] = [];
    const server = /^ +(\S+) (?:weight:(\d+) buckets:(\d+)|(\d+) buckets) .* used$/gm;
    for (const [, address, weight, buckets, bucketsOnly] of block.matchAll(server)) {
      servers.push({
        address: address!,
        weight: weight === undefined ? undefined : Number(weight),
        buckets: Number(buckets ?? bucketsOnly),
      });
    }
    servers.sort((a, b) => (a.address < b.address ? -1 : 1));
    vips.push({
      key: `${head[2]} ${port?.[1] ?? 255} ${port?.[2] ?? 0}`,
      type: head[1]!,
      sticky: head[3] !== undefined,
      length,
      servers,
    });
  }
  return vips.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** `{ "192.0.2.1/32 6 80": ["127.0.42.1 100", …] }` of VIPs and servers in use. */
export async function view(vpp: Pick<RunningVpp, "cli">): Promise<Record<string, string[]>> {
  const vips = await viewedVips(vpp);
  return Object.fromEntries(vips.map(({ key, servers }) => [
    key,
    servers.map(({ address, weight }) => `${address} ${weight ?? "in"}`),
  ]));
}
