/**
 * Probes of the path that VPP's packets take: an echo request or a SYN to a VIP, in GRE to a server.
 * The answer comes directly. Needs raw sockets (CAP_NET_RAW).
 */
import { bytesOf, type IpAddress, parseIp } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import { equalBytes } from "../../base/equal.ts";
import { errnoName } from "../../base/errno.ts";
import type { Clock } from "../../base/ports.ts";
import { type EchoProbe, IcmpChannel, type IcmpSocket, SEND_BATCH } from "../icmp/channel.ts";
import { ICMP_NOT_PERMITTED, IcmpProber, RAW_KIND } from "../icmp/icmp.ts";
import { HOPS_EXCEEDED } from "../icmp/packet.ts";
import { ChannelSockets } from "../icmp/sockets.ts";
import { openThreadShim, type ThreadCalls } from "../net/thread_shim.ts";
import { failed, inconclusive, type Verdict, verdictOf } from "../outcome.ts";
import type { Cancellation, Probe, ProbeSpec } from "../prober.ts";
import { FilterDrops, filterProblem, PairAnswers, routeSource, VipAnswers } from "./own_host.ts";
import { TunnelRecords, type TunnelTarget } from "./records.ts";
import { SynChannel, type SynSocket, type SynTarget } from "./syn_channel.ts";

/** One pair of a VIP and a server. */
interface EncapTarget {
  readonly vip: IpAddress;
  /** 0: an echo request. */
  readonly vipPort: number;
  readonly server: IpAddress;
  /** Of the server's family. */
  readonly tunnelSource: IpAddress;
  /** The address of this host to which the server answers; undefined: by the route to the VIP. */
  readonly source: IpAddress | undefined;
  readonly timeoutMs: number;
}

/** The probes of one worker. */
export class EncapProber {
  readonly #drops: FilterDrops;
  readonly #answers = new VipAnswers();
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #icmp = new IcmpProber({
    kinds: RAW_KIND,
    channel: (socket, onWaiting) =>
      new IcmpChannel(this.#tunneled(socket), onWaiting, new TunnelRecords(SEND_BATCH)),
  });
  readonly #syns = new ChannelSockets<SynChannel>({
    open: (calls, family, onWaiting) => {
      const opened = openSyn(calls, family, (records) => this.#send(records));
      if (typeof opened === "number") return opened;
      const { fd, hold, socket } = opened;
      return { fd, more: [hold], channel: new SynChannel(socket, onWaiting) };
    },
    refused: openFailure,
  });
  /** Sockets for outer packets by family; undefined: not open. */
  readonly #sockets: Record<4 | 6, number | undefined> = { 4: undefined, 6: undefined };

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#drops = new FilterDrops(calls, clock);
    this.#clock = clock;
  }

  /** A Prober for type `encap`. */
  readonly prober = (spec: ProbeSpec): Probe => {
    const target = targetOf(spec);
    const { vip, server, source } = target;
    const destination = bytesOf(vip);
    let probe: SynTarget = {
      ends: { source: new Uint8Array(0), destination },
      tunnel: { source: bytesOf(target.tunnelSource), destination: bytesOf(server) },
      port: target.vipPort,
      timeoutMs: target.timeoutMs,
    };
    const configured = source && bytesOf(source);
    const answers = new PairAnswers(this.#answers.of(vip));
    return async (cancellation) => {
      const opened = this.#open(server.family);
      if (typeof opened !== "number") return opened;
      // Looked up each time, because addresses and routes change.
      const route = routeSource(calls(), vip);
      if (typeof route !== "number" && equalBytes(route, destination)) return ownVip(vip);
      const own = configured ?? route;
      if (typeof own === "number") return noSource(vip, own);
      if (!equalBytes(own, probe.ends.source)) {
        probe = { ...probe, ends: { source: own, destination } };
      }
      const drops = vip.family === 4 ? this.#drops.before() : undefined;
      const verdict = await this.#run(vip.family, probe, cancellation);
      const comeIn = answers.ended(outcomeOf(verdict), this.#clock.monotonicMs());
      return judged(verdict, target, () => !comeIn && this.#drops.since(drops));
    };
  };

  /** Closes the sockets; probes in flight are void. The next probe opens new ones. */
  async reset(reason: string): Promise<void> {
    await Promise.all([this.#icmp.reset(reason), this.#syns.reset(reason)]);
    this.#closeSockets();
  }

  async close(): Promise<void> {
    await Promise.all([this.#icmp.close(), this.#syns.close()]);
    this.#closeSockets();
  }

  #closeSockets(): void {
    for (const family of [4, 6] as const) {
      const fd = this.#sockets[family];
      if (fd !== undefined) calls().maglev_close(fd);
      this.#sockets[family] = undefined;
    }
  }

  #run(family: 4 | 6, target: SynTarget, cancellation: Cancellation): Promise<Verdict> {
    const { ends, tunnel, port, timeoutMs } = target;
    if (port > 0) {
      const opened = this.#syns.of(family);
      if (opened.kind === "failed") return Promise.resolve(opened.verdict);
      return opened.channel.run(target, cancellation);
    }
    const probe: EchoProbe & TunnelTarget = { ...ends, scope: 0, timeoutMs, tunnel };
    return this.#icmp.run(family, probe, cancellation);
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
    return { ...socket, send: (records) => this.#send(records) };
  }

  #send(records: Uint8Array<ArrayBuffer>): void {
    const { 4: fd4 = -1, 6: fd6 = -1 } = this.#sockets;
    const sent = calls().maglev_packet_send(fd4, fd6, records, records.length);
    invariant(sent >= 0, `cannot send packets in tunnels: ${errnoName(sent)}`);
  }
}

function targetOf({ address, healthcheck }: ProbeSpec): EncapTarget {
  const { params, timeoutMs, probeIpv4Src, probeIpv6Src } = healthcheck;
  invariant(params.type === "encap", `EncapProber got a target of type ${params.type}`);
  const { vip, vipPort, tunnelSource } = params;
  const server = parseIp(address);
  invariant(server?.family === tunnelSource.family, "a tunnel has one family");
  const source = vip.family === 4 ? probeIpv4Src : probeIpv6Src;
  return { vip, vipPort, server, tunnelSource, source, timeoutMs };
}

function calls(): ThreadCalls {
  const result = openThreadShim();
  invariant(result.kind === "ok", "a socket without a shim");
  return result.shim.calls;
}

/** Opens the sockets for answers to SYNs; minus an errno when that fails. */
function openSyn(
  calls: ThreadCalls,
  family: 4 | 6,
  send: SynSocket["send"],
): { readonly fd: number; readonly hold: number; readonly socket: SynSocket } | number {
  const about = new Uint32Array(2);
  const fd = calls.maglev_syn_open(family, about, about.byteLength);
  if (fd < 0) return fd;
  const [hold, port] = about;
  const receive: SynSocket["receive"] = (records) => {
    const size = records.length;
    const count = calls.maglev_icmp_receive(fd, family, records, size, about, about.byteLength);
    invariant(count >= 0, `cannot receive answers to SYNs: ${errnoName(count)}`);
    return { count, overflow: about[0] !== 0 };
  };
  return { fd, hold: hold!, socket: { family, port: port!, send, receive } };
}

function ownVip({ text }: IpAddress): Verdict {
  const detail = `${text} is an address of this host, which takes no answer from it`;
  return inconclusive("connect", { lack: "source-address", detail });
}

function noSource({ text }: IpAddress, errno: number): Verdict {
  const detail = `this host has no address to which an answer from ${text} could come: ` +
    errnoName(errno);
  return inconclusive("connect", { lack: "source-address", detail });
}

function openFailure(errno: number): Verdict {
  const code = errnoName(errno);
  if (code === "EPERM" || code === "EACCES") {
    return inconclusive("connect", { lack: "permission", detail: ENCAP_NOT_PERMITTED });
  }
  const verdict = verdictOf({ code }, "connect");
  if (verdict.inconclusive) return verdict;
  const detail = `cannot open a raw socket: ${code}`;
  return inconclusive("connect", { lack: "prober", detail });
}

/** Datagram sockets of ICMP, which need no permission, cannot send these packets. */
export const ENCAP_NOT_PERMITTED =
  "checks through VPP's tunnel are not permitted; give the process CAP_NET_RAW " +
  "(AmbientCapabilities=CAP_NET_RAW of the systemd unit)";

/** What a verdict shows of the way of answers: also a closed port answers. */
function outcomeOf(verdict: Verdict): "answered" | "failed" | "void" {
  if (verdict.ok || verdict.detail === REFUSED) return "answered";
  return verdict.inconclusive ? "void" : "failed";
}

const REFUSED = "connection refused";

/** The verdict on an answer, for the path; void when this host would not have taken an answer. */
function judged(verdict: Verdict, target: EncapTarget, dropped: () => boolean): Verdict {
  const { vip, vipPort, server, tunnelSource } = target;
  if (verdict.ok) return verdict;
  if (verdict.inconclusive) {
    return verdict.detail === ICMP_NOT_PERMITTED
      ? { ...verdict, detail: ENCAP_NOT_PERMITTED }
      : verdict;
  }
  const { durationMs } = verdict;
  const took = durationMs === undefined ? {} : { durationMs };
  if (verdict.detail === REFUSED) {
    const detail = `the tunnel works, but port ${vipPort} of ${vip.text} is closed on ` +
      `${server.text}: does the service listen on the VIP?`;
    return { ...failed("L3ENCAP", detail), ...took };
  }
  if (verdict.detail === HOPS_EXCEEDED) {
    // Of the inner packet: an error about the outer one goes to VPP.
    const detail = `the tunnel works, but ${server.text} forwards packets to ${vip.text}: ` +
      "is that on its loopback?";
    return { ...failed("L3ENCAP", detail), ...took };
  }
  const lack = filterProblem(calls(), { ...target, dropped });
  if (lack !== undefined) return inconclusive("connect", { lack: "interface", detail: lack });
  const problem = verdict.code === "L7TOUT" || verdict.code === "L3ENCAP"
    ? "no answer"
    : verdict.detail;
  const detail =
    `${problem} through the tunnel from ${tunnelSource.text}: is GRE decapsulated on ` +
    `${server.text}, is ${vip.text} on its loopback, is rp_filter loose, do routers drop this ` +
    "source (encap-source), does a firewall of this host drop the answer (ct state invalid)?";
  return { ...failed("L3ENCAP", detail), ...took };
}
