/**
 * The sockets of one worker on which answers to probes arrive: one for each address family, opened
 * with its first probe, and one blocking call that waits for both. That call runs in a thread of
 * Deno's pool and gets no buffer: if the worker were terminated meanwhile, it would write into freed
 * memory. Packets are then fetched with a call that does not block.
 */
import { openShim, type Shim, type ShimCalls, type ShimResult } from "../../../ffi/open.ts";
import { invariant } from "../../base/assert.ts";
import { errnoName } from "../../base/errno.ts";
import { inconclusive, type Verdict } from "../outcome.ts";
import type { IpFamily } from "./packet.ts";

/** Longest wait of one call, and so the longest life of a terminated worker's thread. */
const WAIT_MS = 1000;

/** Time to wait for more packets after the first one, so that one wake-up serves them all. */
const LINGER_US = 1000;

/** Receives in a row, so that a flood of packets does not hold up the other probes. */
export const MOST_RECEIVES = 16;

/** The probes over one socket. */
export interface Channel {
  /** Probes that wait for an answer. */
  readonly waiting: number;
  /** Processes what has arrived, up to MOST_RECEIVES batches; false: there may be more. */
  drain(): boolean;
  /** Ends all probes as void. */
  abandon(reason: string): void;
}

/** An open socket with its probes. */
export interface OpenSocket<C> {
  readonly fd: number;
  /** Closed with it. */
  readonly more?: readonly number[];
  readonly channel: C;
}

export interface ChannelSocketsOptions<C> {
  /** Opens the shim; default: openShim. */
  readonly shim?: () => ShimResult;
  /** Opens a socket; minus an errno when that fails. */
  readonly open: (
    calls: ShimCalls,
    family: IpFamily,
    onWaiting: () => void,
  ) => OpenSocket<C> | number;
  /** The verdict when a socket cannot be opened, which is always about this host. */
  readonly refused: (errno: number) => Verdict;
}

/** A channel, or the verdict when its socket cannot be opened. */
export type Opened<C> =
  | { readonly kind: "ok"; readonly channel: C }
  | { readonly kind: "failed"; readonly verdict: Verdict };

/** The verdict of probes whose sockets are being closed; the next probe opens new ones. */
const RENEWED = inconclusive("connect", {
  lack: "namespace",
  detail: "raw sockets are being renewed",
});

export class ChannelSockets<C extends Channel> {
  readonly #options: ChannelSocketsOptions<C>;
  #shim: Shim | undefined;
  readonly #sockets = new Map<IpFamily, OpenSocket<C>>();
  #wake = -1;
  #listening = false;
  #listened: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(options: ChannelSocketsOptions<C>) {
    this.#options = options;
  }

  get calls(): ShimCalls {
    invariant(this.#shim !== undefined, "a socket without a shim");
    return this.#shim.calls;
  }

  /** The channel of a family, whose socket is opened if need be. */
  of(family: IpFamily): Opened<C> {
    if (this.#closing) return { kind: "failed", verdict: RENEWED };
    const known = this.#sockets.get(family);
    if (known !== undefined) return { kind: "ok", channel: known.channel };
    const opened = this.#open(family);
    if ("kind" in opened) return opened;
    this.#sockets.set(family, opened);
    // The current wait does not include this socket.
    this.calls.maglev_wake(this.#wake);
    return { kind: "ok", channel: opened.channel };
  }

  /** Closes the sockets; probes in flight are void. The next probe opens new sockets. */
  async reset(reason: string): Promise<void> {
    for (const { channel } of this.#sockets.values()) channel.abandon(reason);
    this.#closing = true;
    if (this.#wake >= 0) this.calls.maglev_wake(this.#wake);
    await this.#listened;
    for (const { fd, more = [] } of this.#sockets.values()) {
      for (const each of [fd, ...more]) this.calls.maglev_close(each);
    }
    if (this.#wake >= 0) this.calls.maglev_close(this.#wake);
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

  #open(family: IpFamily): OpenSocket<C> | Extract<Opened<C>, { kind: "failed" }> {
    const { shim = openShim, open, refused } = this.#options;
    const fail = (verdict: Verdict) => ({ kind: "failed", verdict }) as const;
    if (this.#shim === undefined) {
      const result = shim();
      if (result.kind === "error") {
        return fail(inconclusive("connect", { lack: "shim", detail: result.message }));
      }
      this.#shim = result.shim;
    }
    if (this.#wake < 0) {
      const wake = this.calls.maglev_wake_open();
      if (wake < 0) return fail(refused(wake));
      this.#wake = wake;
    }
    const socket = open(this.calls, family, () => this.#wait());
    return typeof socket === "number" ? fail(refused(socket)) : socket;
  }

  #wait(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#listened = this.#receive();
  }

  /** Receives as long as a probe waits. */
  async #receive(): Promise<void> {
    const { calls } = this;
    const fd = (family: IpFamily) => this.#sockets.get(family)?.fd ?? -1;
    const waiting = () => [...this.#sockets.values()].some(({ channel }) => channel.waiting > 0);
    while (!this.#closing && waiting()) {
      const ready = await calls.maglev_icmp_wait(fd(4), fd(6), this.#wake, WAIT_MS, LINGER_US);
      invariant(ready >= 0, `cannot wait for packets: ${errnoName(ready)}`);
      if ((ready & 4) !== 0) calls.maglev_wake_clear(this.#wake);
      if ((ready & 1) !== 0) this.#sockets.get(4)?.channel.drain();
      if ((ready & 2) !== 0) this.#sockets.get(6)?.channel.drain();
    }
    this.#listening = false;
  }
}
