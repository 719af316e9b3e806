/** The ICMP prober. Sockets are raw, or unprivileged where raw ones are not permitted. */
import { openShim, type ShimCalls, type ShimResult } from "../../../ffi/open.ts";
import { ICMP_DATAGRAM, ICMP_RAW } from "../../../ffi/symbols.ts";
import { bytesOf, parseIp } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import { errnoName } from "../../base/errno.ts";
import { type EchoProbe, IcmpChannel, type IcmpSocket } from "./channel.ts";
import type { IpFamily } from "./packet.ts";
import { ChannelSockets } from "./sockets.ts";
import { inconclusive, type Verdict, verdictOf } from "../outcome.ts";
import type { Cancellation, Probe, ProbeSpec } from "../prober.ts";
import { zoneError } from "../net/zone.ts";

const ANY_KIND = ICMP_RAW | ICMP_DATAGRAM;

/** IcmpProberOptions.kinds for sockets that need CAP_NET_RAW. */
export const RAW_KIND = ICMP_RAW;

export interface IcmpProberOptions {
  /** Kinds of sockets to try, bits of ffi/symbols.ts; default: raw, then unprivileged. */
  readonly kinds?: number;
  /** Opens the shim; default: openShim. */
  readonly open?: () => ShimResult;
  /** Makes the channel of a socket; default: one that sends plain echo requests. */
  readonly channel?: (socket: IcmpSocket, onWaiting: () => void) => IcmpChannel;
}

/** ICMP probes of one worker. */
export class IcmpProber {
  readonly #sockets: ChannelSockets<IcmpChannel>;

  constructor(
    { kinds = ANY_KIND, open = openShim, channel = plainChannel }: IcmpProberOptions = {},
  ) {
    this.#sockets = new ChannelSockets({
      shim: open,
      open(calls, family, onWaiting) {
        const socket = openSocket(calls, family, kinds);
        if (typeof socket === "number") return socket;
        return { fd: socket.fd, channel: channel(socket, onWaiting) };
      },
      refused: openFailure,
    });
  }

  /** A Prober for type `icmp`. */
  readonly prober = (spec: ProbeSpec): Probe => {
    const address = parseIp(spec.address, { allowZone: true });
    invariant(address !== undefined, `${spec.address} is not an address`);
    const { family, zone } = address;
    const destination = bytesOf(address);
    const { probeIpv4Src, probeIpv6Src, timeoutMs } = spec.healthcheck;
    const from = family === 4 ? probeIpv4Src : probeIpv6Src;
    const source = from && bytesOf(from);
    return (cancellation) => {
      const opened = this.#sockets.of(family);
      if (opened.kind === "failed") return Promise.resolve(opened.verdict);
      // Looked up each time: an interface that was created again has another index.
      const scope = zone === "" ? 0 : this.#scopeOf(zone);
      if (scope < 0) return Promise.resolve(verdictOf(zoneError(zone, scope), "connect"));
      return opened.channel.run({ destination, scope, source, timeoutMs }, cancellation);
    };
  };

  /** Runs one echo over the socket of `family`. */
  run(family: IpFamily, probe: EchoProbe, cancellation: Cancellation): Promise<Verdict> {
    const opened = this.#sockets.of(family);
    return opened.kind === "failed"
      ? Promise.resolve(opened.verdict)
      : opened.channel.run(probe, cancellation);
  }

  /** Closes the sockets; probes in flight are void. The next probe opens new sockets. */
  reset(reason: string): Promise<void> {
    return this.#sockets.reset(reason);
  }

  /** Closes everything. */
  close(): Promise<void> {
    return this.#sockets.close();
  }

  /** An interface's index by name or number; negative when it does not exist. */
  #scopeOf(zone: string): number {
    if (/^\d+$/.test(zone)) return Number(zone);
    const name = cString(zone);
    return this.#sockets.calls.maglev_interface_index(name, name.length);
  }
}

function plainChannel(socket: IcmpSocket, onWaiting: () => void): IcmpChannel {
  return new IcmpChannel(socket, onWaiting);
}

/** The message for missing permissions, with the fix. */
export const ICMP_NOT_PERMITTED = "ICMP probes are not permitted; give the process CAP_NET_RAW " +
  "(AmbientCapabilities=CAP_NET_RAW of the systemd unit), or its group a place in " +
  "net.ipv4.ping_group_range";

function isForbidden(errno: number): boolean {
  return ["EPERM", "EACCES"].includes(errnoName(errno));
}

/** The verdict for a failure to open a socket, which is always about this host. */
function openFailure(errno: number): Verdict {
  if (isForbidden(errno)) {
    return inconclusive("connect", { lack: "permission", detail: ICMP_NOT_PERMITTED });
  }
  const code = errnoName(errno);
  const error = Object.assign(new Error(`cannot open an ICMP socket: ${code}`), { code });
  const verdict = verdictOf(error, "connect");
  if (verdict.inconclusive) return verdict;
  return inconclusive("connect", { lack: "prober", detail: error.message });
}

/** An open socket, or minus an errno. */
function openSocket(
  calls: ShimCalls,
  family: IpFamily,
  kinds: number,
): IcmpSocket & { fd: number } | number {
  const about = new Uint32Array(2);
  const wanted = crypto.getRandomValues(new Uint16Array(1))[0]!;
  const fd = calls.maglev_icmp_open(family, kinds, wanted, about, about.byteLength);
  if (fd < 0) return fd;
  return {
    fd,
    family,
    id: about[1]!,
    send(records) {
      const sent = calls.maglev_icmp_send(fd, family, records, records.length);
      invariant(sent >= 0, `cannot send ICMP requests: ${errnoName(sent)}`);
    },
    route({ destination, scope }, source) {
      const from = source ?? new Uint8Array(0);
      const size = destination.length;
      const result = calls.maglev_route_check(destination, size, from, from.length, scope);
      return result === 0 ? "" : errnoName(result);
    },
    receive(records) {
      const size = records.length;
      const count = calls.maglev_icmp_receive(fd, family, records, size, about, about.byteLength);
      invariant(count >= 0, `cannot receive ICMP packets: ${errnoName(count)}`);
      return { count, overflow: about[0] !== 0 };
    },
  };
}

/** A text as a C string: bytes with a zero at the end. */
function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
