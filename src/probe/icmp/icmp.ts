/**
 * The ICMP prober. A worker has one socket for each address family, opened with its first probe,
 * and one blocking call that waits for both. That call runs in a thread of Deno's pool and gets no
 * buffer: if the worker were terminated meanwhile, it would write into freed memory. Packets are
 * then fetched with a call that does not block.
 *
 * Sockets are raw, or unprivileged where raw ones are not permitted.
 */
import { openShim, type Shim, type ShimCalls, type ShimResult } from "../../../ffi/open.ts";
import { ICMP_DATAGRAM, ICMP_RAW } from "../../../ffi/symbols.ts";
import { bytesOf, parseIp } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import { errnoName } from "../../base/errno.ts";
import { type EchoProbe, IcmpChannel, type IcmpSocket } from "./channel.ts";
import type { IpFamily } from "./packet.ts";
import { inconclusive, type Verdict, verdictOf } from "../outcome.ts";
import type { Cancellation, Probe, ProbeSpec } from "../prober.ts";
import { zoneError } from "../net/zone.ts";

/** Longest wait of one call, and so the longest life of a terminated worker's thread. */
const WAIT_MS = 1000;

/** Time to wait for more packets after the first one, so that one wake-up serves them all. */
const LINGER_US = 1000;

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

/** A socket and its probes, or the verdict when the socket cannot be opened. */
type Opened =
  | { readonly kind: "ok"; readonly fd: number; readonly channel: IcmpChannel }
  | { readonly kind: "failed"; readonly verdict: Verdict };

/** ICMP probes of one worker. */
export class IcmpProber {
  readonly #options: Required<IcmpProberOptions>;
  #shim: Shim | undefined;
  readonly #sockets = new Map<IpFamily, Opened & { kind: "ok" }>();
  #wake = -1;
  #listening = false;
  #listened: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(options: IcmpProberOptions = {}) {
    this.#options = { kinds: ANY_KIND, open: openShim, channel: plainChannel, ...options };
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
      const opened = this.#socketOf(family);
      if (opened.kind === "failed") return Promise.resolve(opened.verdict);
      // Looked up each time: an interface that was created again has another index.
      const scope = zone === "" ? 0 : this.#scopeOf(zone);
      if (scope < 0) return Promise.resolve(verdictOf(zoneError(zone, scope), "connect"));
      return opened.channel.run({ destination, scope, source, timeoutMs }, cancellation);
    };
  };

  /** Runs one echo over the socket of `family`. */
  run(family: IpFamily, probe: EchoProbe, cancellation: Cancellation): Promise<Verdict> {
    const opened = this.#socketOf(family);
    return opened.kind === "failed"
      ? Promise.resolve(opened.verdict)
      : opened.channel.run(probe, cancellation);
  }

  /** Closes the sockets; probes in flight are void. The next probe opens new sockets. */
  async reset(reason: string): Promise<void> {
    for (const { channel } of this.#sockets.values()) channel.abandon(reason);
    this.#closing = true;
    if (this.#wake >= 0) this.#calls().maglev_wake(this.#wake);
    await this.#listened;
    for (const { fd } of this.#sockets.values()) this.#calls().maglev_close(fd);
    if (this.#wake >= 0) this.#calls().maglev_close(this.#wake);
    this.#sockets.clear();
    this.#wake = -1;
    this.#closing = false;
  }

  /** Closes everything. */
  async close(): Promise<void> {
    await this.reset("the prober is being closed");
    this.#shim?.close();
    this.#shim = undefined;
  }

  #calls(): ShimCalls {
    invariant(this.#shim !== undefined, "a socket without a shim");
    return this.#shim.calls;
  }

  #socketOf(family: IpFamily): Opened {
    const known = this.#sockets.get(family);
    if (known !== undefined && !this.#closing) return known;
    const opened = this.#closing
      ? { kind: "failed", verdict: RENEWED } as const
      : this.#open(family);
    if (opened.kind === "ok") {
      this.#sockets.set(family, opened);
      // The current wait does not include this socket.
      this.#calls().maglev_wake(this.#wake);
    }
    return opened;
  }

  #open(family: IpFamily): Opened {
    const fail = (verdict: Verdict): Opened => ({ kind: "failed", verdict });
    if (this.#shim === undefined) {
      const result = this.#options.open();
      if (result.kind === "error") {
        return fail(inconclusive("connect", { lack: "shim", detail: result.message }));
      }
      this.#shim = result.shim;
    }
    const calls = this.#calls();
    if (this.#wake < 0) {
      const wake = calls.maglev_wake_open();
      if (wake < 0) return fail(openFailure(wake));
      this.#wake = wake;
    }
    const socket = openSocket(calls, family, this.#options.kinds);
    if (typeof socket === "number") return fail(openFailure(socket));
    const channel = this.#options.channel(socket, () => this.#wait());
    return { kind: "ok", fd: socket.fd, channel };
  }

  /** An interface's index by name or number; negative when it does not exist. */
  #scopeOf(zone: string): number {
    if (/^\d+$/.test(zone)) return Number(zone);
    const name = cString(zone);
    return this.#calls().maglev_interface_index(name, name.length);
  }

  #wait(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#listened = this.#receive();
  }

  /** Receives as long as a probe waits. */
  async #receive(): Promise<void> {
    const calls = this.#calls();
    const fd = (family: IpFamily) => this.#sockets.get(family)?.fd ?? -1;
    const waiting = () => [...this.#sockets.values()].some(({ channel }) => channel.waiting > 0);
    while (!this.#closing && waiting()) {
      const ready = await calls.maglev_icmp_wait(fd(4), fd(6), this.#wake, WAIT_MS, LINGER_US);
      invariant(ready >= 0, `cannot wait for ICMP packets: ${errnoName(ready)}`);
      if ((ready & 4) !== 0) calls.maglev_wake_clear(this.#wake);
      if ((ready & 1) !== 0) this.#sockets.get(4)?.channel.drain();
      if ((ready & 2) !== 0) this.#sockets.get(6)?.channel.drain();
    }
    this.#listening = false;
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

/** The verdict of probes whose sockets are being closed; the next probe opens new ones. */
const RENEWED = inconclusive("connect", {
  lack: "namespace",
  detail: "ICMP sockets are being renewed",
});

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
