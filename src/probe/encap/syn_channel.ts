/**
 * Runs connection attempts through tunnels over one socket. SYNs are sent in batches, and each
 * answer is matched to its probe by the VIP, both ports and the sequence number. Others are ignored.
 *
 * A server that accepts is sent a reset in its tunnel. It gets one as well when it repeats its
 * answer, or answers late, because the first one may have been lost.
 */
import { equalBytes } from "../../base/equal.ts";
import { invariant } from "../../base/assert.ts";
import { errnoName } from "../../base/errno.ts";
import { RECEIVE_QUEUE_FULL, SEND_QUEUE_FULL } from "../icmp/channel.ts";
import { type KernelMs, type ReceivedRecord, ReceivedRecords } from "../icmp/records.ts";
import { type Channel, MOST_RECEIVES } from "../icmp/sockets.ts";
import { failed, inconclusive, type Verdict, verdictOf } from "../outcome.ts";
import type { Cancellation } from "../prober.ts";
import {
  acknowledgedSyn,
  encapsulate,
  type Ends,
  resetPacket,
  type Syn,
  synPacket,
  tcpAnswer,
} from "./packet.ts";
import { PacketRecords } from "./records.ts";

/** The sockets for attempts to VIPs of one family. */
export interface SynSocket {
  readonly family: 4 | 6;
  /** The held port, from which SYNs come. */
  readonly port: number;
  /** Sends packets, and fills in the status of each. */
  send(records: Uint8Array<ArrayBuffer>): void;
  /** Receives into records; true when answers may have been lost before. */
  receive(records: Uint8Array<ArrayBuffer>): { readonly count: number; readonly overflow: boolean };
}

/** The probes of a pair share one object, because that of each ended probe is kept for a while. */
export interface SynTarget {
  /** This host and the VIP. */
  readonly ends: Ends;
  /** VPP and the server. */
  readonly tunnel: Ends;
  /** Port of the VIP. */
  readonly port: number;
  readonly timeoutMs: number;
}

interface Pending {
  readonly target: SynTarget;
  readonly syn: Syn;
  readonly cancellation: Cancellation;
  readonly resolve: (verdict: Verdict) => void;
  /** Send time; undefined before. */
  sentMs: KernelMs | undefined;
  /** Count of losses when it was started. */
  readonly overflows: number;
}

const BATCH = 256;
/**
 * Ended probes whose servers may answer again: those of the minute in which a server repeats its
 * answer, at 1,000 probes a second. They take some 4 MB. A server that is not reset keeps the
 * connection half open, and leaves the next SYN without an answer.
 */
const MOST_ENDED = 65_536;

const NO_ANSWER = failed("L3ENCAP", "no answer");
const CLOSED = failed("L3ENCAP", "connection refused");
const ACCEPTED: Verdict = {
  ok: true,
  layer: "L4",
  code: "L4OK",
  detail: "",
  inconclusive: false,
};

export class SynChannel implements Channel {
  readonly #socket: SynSocket;
  readonly #onWaiting: () => void;
  /** By sequence number. */
  readonly #pending = new Map<number, Pending>();
  /** By sequence number; oldest first. */
  readonly #ended = new Map<number, SynTarget>();
  readonly #send = new PacketRecords(BATCH);
  readonly #received = new ReceivedRecords(BATCH);
  #queue: Pending[] = [];
  #resets: Uint8Array[] = [];
  #overflows = 0;

  /** `onWaiting` is called when a probe begins to wait for an answer. */
  constructor(socket: SynSocket, onWaiting: () => void) {
    this.#socket = socket;
    this.#onWaiting = onWaiting;
  }

  get waiting(): number {
    return this.#pending.size;
  }

  /** Runs one probe; see prober.ts. */
  run(target: SynTarget, cancellation: Cancellation): Promise<Verdict> {
    return new Promise((resolve) => {
      const sequence = this.#freeSequence();
      const syn = this.#synOf(target, sequence);
      const overflows = this.#overflows;
      const pending = { target, syn, cancellation, resolve, sentMs: undefined, overflows };
      this.#pending.set(sequence, pending);
      cancellation.release = () => this.#timeUp(pending);
      this.#queue.push(pending);
      if (this.#queue.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  drain(): boolean {
    const { capacity, bytes } = this.#received;
    let count = capacity;
    for (let round = 0; count === capacity && round < MOST_RECEIVES; round++) {
      const received = this.#socket.receive(bytes);
      count = received.count;
      if (received.overflow) this.#overflows++;
      for (let i = 0; i < count; i++) {
        this.#take(this.#received.get(i, this.#socket.family));
      }
    }
    this.#sendPackets(this.#resets, () => {});
    this.#resets = [];
    return count < capacity;
  }

  abandon(reason: string): void {
    for (const pending of [...this.#pending.values()]) {
      this.#settle(pending, inconclusive("connect", { lack: "namespace", detail: reason }));
    }
  }

  #synOf({ port }: SynTarget, sequence: number): Syn {
    return { sourcePort: this.#socket.port, port, sequence };
  }

  #freeSequence(): number {
    for (;;) {
      const sequence = crypto.getRandomValues(new Uint32Array(1))[0]!;
      if (!this.#pending.has(sequence) && !this.#ended.has(sequence)) return sequence;
    }
  }

  /** Sends the probes that were started in this turn of the event loop. */
  #flush(): void {
    const queue = this.#queue.filter((each) => this.#pending.get(each.syn.sequence) === each);
    this.#queue = [];
    const packets = queue.map(({ target: { tunnel, ends }, syn }) =>
      encapsulate(tunnel, synPacket(ends, syn))
    );
    this.#sendPackets(packets, (index, status, sentMs) => {
      const pending = queue[index]!;
      if (status === 0) pending.sentMs = sentMs;
      else this.#settle(pending, sendFailure(status));
    });
    if (this.#pending.size > 0) this.#onWaiting();
  }

  #sendPackets(
    packets: readonly Uint8Array[],
    sent: (index: number, status: number, sentMs: KernelMs) => void,
  ): void {
    for (let start = 0; start < packets.length; start += BATCH) {
      const batch = packets.slice(start, start + BATCH);
      batch.forEach((packet, i) => this.#send.set(i, packet));
      this.#socket.send(this.#send.first(batch.length));
      batch.forEach((_, i) => sent(start + i, this.#send.status(i), this.#send.sentMs(i)));
    }
  }

  #take({ address, packet, receivedMs }: ReceivedRecord): void {
    const sequence = acknowledgedSyn(packet);
    if (sequence === undefined) return;
    const pending = this.#pending.get(sequence);
    const target = pending?.target ?? this.#ended.get(sequence);
    if (target === undefined || !equalBytes(address, target.ends.destination)) return;
    const syn = this.#synOf(target, sequence);
    const answer = tcpAnswer(packet, syn);
    if (answer === "accepted") {
      this.#resets.push(encapsulate(target.tunnel, resetPacket(target.ends, syn)));
    }
    if (answer === undefined || pending?.sentMs === undefined) return;
    // Both clocks are this host's; a timestamp of arrival may be a microsecond too early.
    const durationMs = Math.max(0, receivedMs - pending.sentMs);
    if (durationMs > target.timeoutMs) return;
    this.#settle(pending, { ...(answer === "accepted" ? ACCEPTED : CLOSED), durationMs });
  }

  /** Cancels a probe, unless its answer is in the queue already and was in time. */
  #timeUp(pending: Pending): void {
    const isRead = pending.sentMs === undefined || this.drain();
    if (this.#pending.get(pending.syn.sequence) !== pending) return;
    const lost = !isRead || this.#overflows > pending.overflows;
    this.#settle(pending, lost ? inconclusive("connect", RECEIVE_QUEUE_FULL) : NO_ANSWER);
  }

  #settle(pending: Pending, verdict: Verdict): void {
    const { target, syn, cancellation, resolve } = pending;
    invariant(this.#pending.delete(syn.sequence), `a SYN ${syn.sequence} ended twice`);
    if (this.#ended.size >= MOST_ENDED) this.#ended.delete(this.#ended.keys().next().value!);
    this.#ended.set(syn.sequence, target);
    cancellation.release = undefined;
    resolve(verdict);
  }
}

function sendFailure(status: number): Verdict {
  const code = errnoName(status);
  if (code === "EAGAIN") return inconclusive("connect", SEND_QUEUE_FULL);
  return verdictOf(Object.assign(new Error(`cannot send: ${code}`), { code }), "connect");
}
