/**
 * Probes of the path that VPP's packets take: an echo request to a VIP, in GRE to a server. The
 * answer comes directly, and is matched as that of any echo (icmp/channel.ts).
 */
import { bytesOf, type IpAddress } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import { errnoName } from "../../base/errno.ts";
import { type EchoProbe, IcmpChannel, type IcmpSocket, SEND_BATCH } from "../icmp/channel.ts";
import { ICMP_NOT_PERMITTED, IcmpProber, RAW_KIND } from "../icmp/icmp.ts";
import { openThreadShim } from "../net/thread_shim.ts";
import { inconclusive, type Verdict, verdictOf } from "../outcome.ts";
import type { Probe } from "../prober.ts";
import { TunnelRecords, type TunnelTarget } from "./records.ts";

/** One pair of a VIP and a server. */
export interface EncapTarget {
  readonly vip: IpAddress;
  readonly server: IpAddress;
  /** VPP's source address, or another one, of the server's family. */
  readonly tunnelSource: IpAddress;
  /** The address of this host to which the server answers; undefined: by the route to the VIP. */
  readonly source: IpAddress | undefined;
  readonly timeoutMs: number;
}

type Calls = Extract<ReturnType<typeof openThreadShim>, { kind: "ok" }>["shim"]["calls"];

/** The probes of one worker. Needs raw sockets (CAP_NET_RAW). */
export class EncapProber {
  /** Has the sockets for the answers. */
  readonly #icmp = new IcmpProber({
    kinds: RAW_KIND,
    channel: (socket, onWaiting) =>
      new IcmpChannel(this.#tunneled(socket), onWaiting, new TunnelRecords(SEND_BATCH)),
  });
  /** Sockets for outer packets by family; undefined: not open. */
  readonly #sockets: Record<4 | 6, number | undefined> = { 4: undefined, 6: undefined };

  /** The probe of one pair. */
  prober(target: EncapTarget): Probe {
    const { vip, server, tunnelSource, source, timeoutMs } = target;
    invariant(tunnelSource.family === server.family, "a tunnel has one family");
    invariant(source === undefined || source.family === vip.family, "an answer has one family");
    const tunnel = { source: bytesOf(tunnelSource), destination: bytesOf(server) };
    return async (cancellation) => {
      const opened = this.#open(server.family);
      if (typeof opened !== "number") return opened;
      // Looked up each time, because addresses and routes change.
      const own = source === undefined ? routeSource(vip) : bytesOf(source);
      if (!(own instanceof Uint8Array)) return own;
      const probe: EchoProbe & TunnelTarget = {
        destination: bytesOf(vip),
        scope: 0,
        source: own,
        timeoutMs,
        tunnel,
      };
      return judged(await this.#icmp.run(vip.family, probe, cancellation), target);
    };
  }

  /** Closes the sockets; probes in flight are void. The next probe opens new ones. */
  async reset(reason: string): Promise<void> {
    await this.#icmp.reset(reason);
    for (const family of [4, 6] as const) {
      const fd = this.#sockets[family];
      if (fd !== undefined) calls().maglev_close(fd);
      this.#sockets[family] = undefined;
    }
  }

  async close(): Promise<void> {
    await this.reset("the prober is being closed");
    await this.#icmp.close();
  }

  /** A socket for outer packets, or the verdict when it cannot be opened. */
  #open(family: 4 | 6): number | Verdict {
    const known = this.#sockets[family];
    if (known !== undefined) return known;
    const result = openThreadShim();
    if (result.kind === "error") {
      return inconclusive("connect", { lack: "shim", detail: result.message });
    }
    const fd = result.shim.calls.maglev_packet_open(family);
    if (fd < 0) return openFailure(fd);
    this.#sockets[family] = fd;
    return fd;
  }

  /** `socket`, but requests leave in tunnels. */
  #tunneled(socket: IcmpSocket): IcmpSocket {
    return {
      ...socket,
      send: (records) => {
        const { 4: fd4 = -1, 6: fd6 = -1 } = this.#sockets;
        const sent = calls().maglev_packet_send(fd4, fd6, records, records.length);
        invariant(sent >= 0, `cannot send packets in tunnels: ${errnoName(sent)}`);
      },
    };
  }
}

function calls(): Calls {
  const result = openThreadShim();
  invariant(result.kind === "ok", "a socket without a shim");
  return result.shim.calls;
}

/** The address of this host on the way to the VIP, or the verdict without one. */
function routeSource(vip: IpAddress): Uint8Array | Verdict {
  const bytes = bytesOf(vip);
  const source = new Uint8Array(bytes.length);
  const result = calls().maglev_route_source(bytes, bytes.length, source, source.length);
  if (result === 0) return source;
  const detail = `this host has no address to which an answer from ${vip.text} ` +
    `could come: ${errnoName(result)}`;
  return inconclusive("connect", { lack: "source-address", detail });
}

function openFailure(errno: number): Verdict {
  const code = errnoName(errno);
  if (code === "EPERM" || code === "EACCES") {
    return inconclusive("connect", { lack: "permission", detail: ICMP_NOT_PERMITTED });
  }
  const verdict = verdictOf({ code }, "connect");
  if (verdict.inconclusive) return verdict;
  const detail = `cannot open a raw socket: ${code}`;
  return inconclusive("connect", { lack: "prober", detail });
}

/** The verdict on an echo, for the path. A server without the VIP may send an ICMP error. */
function judged(verdict: Verdict, { vip, server, tunnelSource }: EncapTarget): Verdict {
  if (verdict.ok || verdict.inconclusive) return verdict;
  const problem = verdict.code === "L7TOUT" ? "no answer" : verdict.detail;
  const detail =
    `${problem} through the tunnel from ${tunnelSource.text}: is GRE decapsulated on ` +
    `${server.text}, is ${vip.text} on its loopback, is rp_filter loose?`;
  return { ...verdict, detail };
}
