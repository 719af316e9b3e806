/**
 * Datagrams of the probes of one worker, each from a socket of its own. All sockets are in one set,
 * and one blocking call waits for the set; that call runs in a thread of Deno's pool and gets no
 * buffer (see icmp.ts). Datagrams of one turn of the event loop are sent together.
 */
import { bytesOf, parseIp } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import { errnoName } from "../../base/errno.ts";
import type { KernelMs } from "../icmp/records.ts";
import { errorText } from "../icmp/packet.ts";
import { MOST_RECEIVES } from "../icmp/sockets.ts";
import { connectFailure } from "../net/connect_failure.ts";
import { openThreadShim } from "../net/thread_shim.ts";
import { withZoneNumber } from "../net/zone.ts";
import { failed, inconclusive, type Verdict, verdictOf } from "../outcome.ts";
import { type Cancellation, type ProbeSpec, sourceOf } from "../prober.ts";
import {
  BIND_STEP,
  SEND_STEP,
  StartRecords,
  type UdpRecord,
  UdpRecords,
  type UdpTarget,
} from "./records.ts";

/** Longest wait of one call, and so the longest life of a terminated worker's thread. */
const WAIT_MS = 1000;

/** Time to wait for more answers after the first one, so that one wake-up serves them all. */
const LINGER_US = 1000;

const RECEIVE_BATCH = 64;

/** Datagrams that are sent again because each met a link of a smaller MTU. */
const MOST_RESENDS = 3;

type Shim = Extract<ReturnType<typeof openThreadShim>, { kind: "ok" }>["shim"];

/** One datagram, and what its answers mean. */
export interface Exchange {
  readonly spec: ProbeSpec;
  readonly payload: Uint8Array;
  /** The verdict on an answer; undefined: it is ignored. `length` is that of the whole datagram. */
  readonly judge: (answer: Uint8Array, length: number) => Verdict | undefined;
  /** The verdict at the timeout. */
  readonly timedOut: Verdict;
}

/** An exchange that has not ended. */
interface Pending {
  readonly exchange: Exchange;
  readonly target: UdpTarget;
  readonly cancellation: Cancellation;
  readonly resolve: (verdict: Verdict) => void;
  /** Negative until it is sent. */
  fd: number;
  sentMs: KernelMs;
  ended: boolean;
  resends: number;
}

/** The UDP sockets of one worker. */
export class UdpSockets {
  #shim: Shim | undefined;
  #set = -1;
  #wake = -1;
  readonly #pending = new Map<number, Pending>();
  readonly #received = new UdpRecords(RECEIVE_BATCH);
  #queue: Pending[] = [];
  #listening = false;
  #listened: Promise<void> = Promise.resolve();
  #closing = false;

  /** Sends the datagram and waits for an answer that counts. Never rejects. */
  exchange(exchange: Exchange, cancellation: Cancellation): Promise<Verdict> {
    if (cancellation.cancelled) return Promise.resolve(exchange.timedOut);
    const target = targetOf(exchange.spec);
    if ("code" in target) return Promise.resolve(target);
    const refusal = this.#open();
    if (refusal !== undefined) return Promise.resolve(refusal);
    return new Promise((resolve) => {
      const pending = {
        exchange,
        target,
        cancellation,
        resolve,
        fd: -1,
        sentMs: 0 as KernelMs,
        ended: false,
        resends: 0,
      };
      cancellation.release = () => this.#timeUp(pending);
      this.#enqueue(pending);
    });
  }

  /** Closes all sockets; exchanges in flight are void. The next one opens a new set. */
  async reset(reason: string): Promise<void> {
    const lost = inconclusive("connect", { lack: "namespace", detail: reason });
    for (const pending of [...this.#queue, ...this.#pending.values()]) this.#settle(pending, lost);
    this.#queue = [];
    this.#closing = true;
    if (this.#wake >= 0) this.#calls().maglev_wake(this.#wake);
    await this.#listened;
    if (this.#set >= 0) this.#calls().maglev_udp_close(this.#set);
    if (this.#wake >= 0) this.#calls().maglev_close(this.#wake);
    this.#set = this.#wake = -1;
    this.#closing = false;
  }

  #calls(): Shim["calls"] {
    invariant(this.#shim !== undefined, "a UDP socket without a shim");
    return this.#shim.calls;
  }

  /** The verdict when the set cannot be opened. */
  #open(): Verdict | undefined {
    if (this.#closing) return RENEWED;
    if (this.#set >= 0) return undefined;
    const result = openThreadShim();
    if (result.kind === "error") {
      return inconclusive("connect", { lack: "shim", detail: result.message });
    }
    this.#shim = result.shim;
    if (this.#wake < 0) this.#wake = this.#calls().maglev_wake_open();
    if (this.#wake >= 0) this.#set = this.#calls().maglev_udp_open();
    return this.#set < 0 ? voidVerdict(Math.min(this.#set, this.#wake)) : undefined;
  }

  /** Sends the datagrams of this turn of the event loop. */
  #flush(): void {
    const queue = this.#queue.filter(({ ended }) => !ended);
    this.#queue = [];
    if (queue.length === 0) return;
    const size = queue.reduce((sum, { exchange }) => sum + exchange.payload.length, 0);
    const payloads = new Uint8Array(size);
    const records = new StartRecords(queue.length);
    let offset = 0;
    for (const [index, { target, exchange: { payload } }] of queue.entries()) {
      payloads.set(payload, offset);
      records.put(index, target, { offset, length: payload.length });
      offset += payload.length;
    }
    const { bytes } = records;
    const sent = this.#calls()
      .maglev_udp_start(this.#set, bytes, bytes.length, payloads, payloads.length);
    invariant(sent >= 0, `cannot send datagrams: ${errnoName(sent)}`);
    for (const [index, pending] of queue.entries()) {
      const fd = records.fd(index);
      if (fd < 0) {
        this.#settle(pending, startFailure(fd, records.step(index), pending.exchange.spec));
        continue;
      }
      pending.fd = fd;
      pending.sentMs = records.sentMs(index);
      this.#pending.set(fd, pending);
    }
    if (this.#pending.size > 0 && !this.#listening) {
      this.#listening = true;
      this.#listened = this.#listen();
    }
  }

  /** Receives as long as an exchange waits. */
  async #listen(): Promise<void> {
    const calls = this.#calls();
    while (!this.#closing && this.#pending.size > 0) {
      const ready = await calls.maglev_icmp_wait(this.#set, -1, this.#wake, WAIT_MS, LINGER_US);
      invariant(ready >= 0, `cannot wait for datagrams: ${errnoName(ready)}`);
      if ((ready & 4) !== 0) calls.maglev_wake_clear(this.#wake);
      if ((ready & 1) !== 0) this.#drain();
    }
    this.#listening = false;
  }

  /** Processes what has arrived. */
  #drain(): void {
    const { bytes, capacity } = this.#received;
    for (let round = 0, count = capacity; count === capacity && round < MOST_RECEIVES; round++) {
      count = this.#calls().maglev_udp_receive(this.#set, bytes, bytes.length);
      invariant(count >= 0, `cannot receive datagrams: ${errnoName(count)}`);
      for (let index = 0; index < count; index++) this.#take(this.#received.get(index));
    }
  }

  #take(record: UdpRecord): void {
    const pending = this.#pending.get(record.fd);
    if (pending === undefined) return;
    const { spec, judge } = pending.exchange;
    // Both clocks are this host's; a time stamp may be a microsecond too early.
    const durationMs = Math.max(0, record.receivedMs - pending.sentMs);
    if (durationMs > spec.healthcheck.timeoutMs) return;
    if (isTooBig(record) && pending.resends < MOST_RESENDS) return this.#resend(pending);
    const verdict = record.status === 0
      ? judge(record.packet, record.length)
      : errorVerdict(record, spec);
    if (verdict !== undefined) this.#settle(pending, { ...verdict, durationMs });
  }

  /** The kernel has learned the MTU of the path, and sends fragments now. */
  #resend(pending: Pending): void {
    this.#pending.delete(pending.fd);
    this.#calls().maglev_udp_end(this.#set, pending.fd);
    pending.fd = -1;
    pending.resends++;
    this.#enqueue(pending);
  }

  #enqueue(pending: Pending): void {
    this.#queue.push(pending);
    if (this.#queue.length === 1) queueMicrotask(() => this.#flush());
  }

  /** Ends an exchange, unless its answer has arrived already and in time. */
  #timeUp(pending: Pending): void {
    if (pending.fd >= 0) this.#drain();
    if (!pending.ended) this.#settle(pending, pending.exchange.timedOut);
  }

  #settle(pending: Pending, verdict: Verdict): void {
    if (pending.ended) return;
    pending.ended = true;
    pending.cancellation.release = undefined;
    if (pending.fd >= 0) {
      this.#pending.delete(pending.fd);
      this.#calls().maglev_udp_end(this.#set, pending.fd);
    }
    pending.resolve(verdict);
  }
}

/** The verdict of exchanges while the sockets are being closed; the next one opens new ones. */
const RENEWED = inconclusive("connect", {
  lack: "namespace",
  detail: "UDP sockets are being renewed",
});

/** The target of a probe, or the verdict when its interface cannot be looked up. */
function targetOf(spec: ProbeSpec): UdpTarget | Verdict {
  let address: string;
  try {
    address = withZoneNumber(spec.address);
  } catch (error) {
    return connectFailure(error, spec);
  }
  const parsed = parseIp(address, { allowZone: true });
  invariant(parsed !== undefined, `${address} is not an address`);
  const source = sourceOf(spec);
  const from = source === undefined ? undefined : parseIp(source);
  return {
    destination: bytesOf(parsed),
    port: spec.healthcheck.port,
    scope: parsed.zone === "" ? 0 : Number(parsed.zone),
    source: from && bytesOf(from),
  };
}

/** The verdict for a socket that could not be opened, or not send. */
function startFailure(errno: number, step: number, spec: ProbeSpec): Verdict {
  // EAGAIN of connect() is a lack of local ports, and that of send() one of buffers.
  const full = step === SEND_STEP && errnoName(errno) === "EAGAIN";
  const error = full ? { code: "ENOBUFS" } : errnoError(errno);
  const syscall = step === BIND_STEP ? "bind" : "connect";
  return connectFailure(Object.assign(error, { syscall }), spec);
}

/** True when a router of IPv6 reports that the datagram is longer than the MTU of a link. */
function isTooBig({ status, error }: UdpRecord): boolean {
  return status !== 0 && errnoName(status) === "EMSGSIZE" && !error.local;
}

/** The verdict for an error that the datagram met on its way. */
function errorVerdict({ status, error }: UdpRecord, spec: ProbeSpec): Verdict | undefined {
  const family = spec.address.includes(":") ? 6 : 4;
  const text = error.local ? undefined : errorText(family, error.type, error.code);
  return text === undefined ? connectFailure(errnoError(status), spec) : failed("L4CON", text);
}

/** The verdict for a failure to open the set, which is always about this host. */
function voidVerdict(errno: number): Verdict {
  const verdict = verdictOf(errnoError(errno), "connect");
  if (verdict.inconclusive) return verdict;
  const detail = `cannot open UDP sockets: ${errnoName(errno)}`;
  return inconclusive("connect", { lack: "prober", detail });
}

function errnoError(errno: number): Error & { readonly code: string } {
  const code = errnoName(errno);
  return Object.assign(new Error(`cannot send: ${code}`), { code });
}
