/**
 * Runs the ICMP probes of one address family over one socket. Requests are sent in batches, and
 * each answer is matched to its probe. An answer counts when address, identifier, sequence number
 * and token are those of a pending request, and when it reached this host in time. All others
 * (foreign, forged, late, duplicate) are ignored.
 */
import { ipFromBytes } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import { equalBytes } from "../../base/equal.ts";
import { errnoName } from "../../base/errno.ts";
import { decodeMessage, decodeQuoted, errorText, type IpFamily } from "./packet.ts";
import { TOKEN_BYTES } from "./packet.ts";
import {
  type EchoTarget,
  type KernelMs,
  type ReceivedRecord,
  ReceivedRecords,
  type RequestRecords,
  SendRecords,
} from "./records.ts";
import { connectVerdict, failed, inconclusive, type Verdict, verdictOf } from "../outcome.ts";
import type { Cancellation } from "../prober.ts";
import { type Channel, MOST_RECEIVES } from "./sockets.ts";

/** An open ICMP socket. */
export interface IcmpSocket {
  readonly family: IpFamily;
  /** Identifier of this process's requests. */
  readonly id: number;
  /** Sends records, and fills in the status of each. */
  send(records: Uint8Array<ArrayBuffer>): void;
  /** The errno name with which this host refuses a route from `source`; empty: there is a route. */
  route(target: EchoTarget, source: Uint8Array | undefined): string;
  /** Receives into records; true when answers may have been lost before. */
  receive(records: Uint8Array<ArrayBuffer>): { readonly count: number; readonly overflow: boolean };
}

/** One probe: destination and timeout. */
export interface EchoProbe extends EchoTarget {
  readonly timeoutMs: number;
}

/** A probe in flight. */
interface Pending {
  readonly probe: EchoProbe;
  readonly seq: number;
  readonly token: Uint8Array;
  readonly cancellation: Cancellation;
  readonly resolve: (verdict: Verdict) => void;
  /** Send time; undefined before. */
  sentMs: KernelMs | undefined;
  /** Count of losses when it was started. */
  readonly overflows: number;
}

const SEQUENCES = 65_536;
export const SEND_BATCH = 256;
const RECEIVE_BATCH = 256;

/** Random bytes are fetched for this many probes at a time, the limit of getRandomValues(). */
const TOKENS = 65_536 / TOKEN_BYTES;

const TOO_MANY = {
  lack: "memory",
  detail: `more than ${SEQUENCES} ICMP probes in flight`,
} as const;
/** Of channels that send in batches: the kernel took no more packets. */
export const SEND_QUEUE_FULL = { lack: "memory", detail: "the send queue is full" } as const;
/** The same of answers: one that is missing accuses no server. */
export const RECEIVE_QUEUE_FULL = {
  lack: "memory",
  detail: "the receive queue ran over: an answer may be lost (net.core.rmem_max)",
} as const;

const NO_ANSWER = failed("L7TOUT", "no echo reply within the timeout");

/** ICMP probes over one socket. */
export class IcmpChannel implements Channel {
  readonly #socket: IcmpSocket;
  readonly #onWaiting: () => void;
  readonly #pending = new Map<number, Pending>();
  readonly #send: RequestRecords;
  readonly #received = new ReceivedRecords(RECEIVE_BATCH);
  #queue: Pending[] = [];
  #seq: number;
  #tokens = new Uint8Array(0);
  #tokensAt = 0;
  /** Number of times that this host may have lost answers. */
  #overflows = 0;

  /**
   * `onWaiting` is called when a probe begins to wait for an answer. `send`: the records that the
   * socket sends, at least SEND_BATCH.
   */
  constructor(
    socket: IcmpSocket,
    onWaiting: () => void,
    send: RequestRecords = new SendRecords(SEND_BATCH),
  ) {
    this.#socket = socket;
    this.#send = send;
    this.#onWaiting = onWaiting;
    this.#seq = crypto.getRandomValues(new Uint16Array(1))[0]!;
  }

  /** Probes that wait for an answer. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Runs one probe; see prober.ts. */
  run(probe: EchoProbe, cancellation: Cancellation): Promise<Verdict> {
    return new Promise((resolve) => {
      const seq = this.#freeSequence();
      if (seq === undefined) {
        return resolve(inconclusive("connect", TOO_MANY));
      }
      const token = this.#token();
      const pending: Pending = {
        probe,
        seq,
        token,
        cancellation,
        resolve,
        sentMs: undefined,
        overflows: this.#overflows,
      };
      this.#pending.set(seq, pending);
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
        const record = this.#received.get(i, this.#socket.family);
        this.#take(record);
      }
    }
    return count < capacity;
  }

  /** Ends all probes as void: the thread has left the namespace of the socket. */
  abandon(reason: string): void {
    for (const pending of [...this.#pending.values()]) {
      this.#settle(pending, inconclusive("connect", { lack: "namespace", detail: reason }));
    }
  }

  #freeSequence(): number | undefined {
    if (this.#pending.size === SEQUENCES) return undefined;
    do this.#seq = (this.#seq + 1) % SEQUENCES; while (this.#pending.has(this.#seq));
    return this.#seq;
  }

  #token(): Uint8Array {
    if (this.#tokensAt === this.#tokens.length) {
      this.#tokens = crypto.getRandomValues(new Uint8Array(TOKENS * TOKEN_BYTES));
      this.#tokensAt = 0;
    }
    const at = this.#tokensAt;
    this.#tokensAt += TOKEN_BYTES;
    return this.#tokens.subarray(at, this.#tokensAt);
  }

  /** Sends the probes that were started in this turn of the event loop. */
  #flush(): void {
    const queue = this.#queue.filter(({ seq, token }) => this.#pending.get(seq)?.token === token);
    this.#queue = [];
    const { family, id } = this.#socket;
    for (let start = 0; start < queue.length; start += SEND_BATCH) {
      const batch = queue.slice(start, start + SEND_BATCH);
      batch.forEach(({ probe, seq, token }, i) =>
        this.#send.put(i, family, { target: probe, echo: { id, seq, token } })
      );
      this.#socket.send(this.#send.first(batch.length));
      batch.forEach((pending, i) => this.#sent(pending, i));
    }
    if (this.#pending.size > 0) this.#onWaiting();
  }

  #sent(pending: Pending, index: number): void {
    const status = this.#send.status(index);
    if (status === 0) pending.sentMs = this.#send.sentMs(index);
    else this.#settle(pending, this.#sendFailure(status, pending.probe));
  }

  /** Uses the messages of the other kinds of probe, whose sockets are bound to a source first. */
  #sendFailure(status: number, probe: EchoProbe): Verdict {
    const { source } = probe;
    if (errnoName(status) === "EAGAIN") return inconclusive("connect", SEND_QUEUE_FULL);
    const { family } = this.#socket;
    return connectVerdict(errnoError(status), {
      source: source === undefined ? undefined : ipFromBytes(source).text,
      family,
      route: (from) => this.#socket.route(probe, from === undefined ? undefined : source),
    });
  }

  #take(record: ReceivedRecord): void {
    const { family, id } = this.#socket;
    const message = record.quoted
      ? decodeQuoted(family, record.packet, { id, ...record.error })
      : decodeMessage(family, record.packet, id);
    if (message === undefined) return;
    const pending = this.#pending.get(message.seq);
    if (pending === undefined) return;
    const from = message.kind === "error" ? message.destination ?? record.address : record.address;
    if (!equalBytes(from, pending.probe.destination)) return;
    if (message.token !== undefined && !equalBytes(message.token, pending.token)) return;
    // It was not sent yet, so this is a guess.
    if (pending.sentMs === undefined) return;
    // Both clocks are this host's; a timestamp of arrival may be a microsecond too early.
    const durationMs = Math.max(0, record.receivedMs - pending.sentMs);
    if (durationMs > pending.probe.timeoutMs) return;
    if (message.kind === "reply") {
      const verdict = {
        ok: true,
        layer: "L7",
        code: "L7OK",
        detail: "",
        inconclusive: false,
      } as const;
      this.#settle(pending, { ...verdict, durationMs });
      return;
    }
    const failure = errorVerdict(family, record);
    if (failure !== undefined) this.#settle(pending, { ...failure, durationMs });
  }

  /** Cancels a probe, unless its answer is in the queue already and was in time. */
  #timeUp(pending: Pending): void {
    const isRead = pending.sentMs === undefined || this.drain();
    if (this.#pending.get(pending.seq) !== pending) return;
    const lost = !isRead || this.#overflows > pending.overflows;
    this.#settle(
      pending,
      lost ? inconclusive("connect", RECEIVE_QUEUE_FULL) : NO_ANSWER,
    );
  }

  #settle(pending: Pending, verdict: Verdict): void {
    invariant(this.#pending.delete(pending.seq), `ICMP sequence ${pending.seq} ended twice`);
    pending.cancellation.release = undefined;
    pending.resolve(verdict);
  }
}

function errorVerdict(family: IpFamily, record: ReceivedRecord): Verdict | undefined {
  const { error, quoted, packet } = record;
  if (quoted && error.local) return verdictOf(errnoError(error.errno), "connect");
  const [type, code] = quoted ? [error.type, error.code] : [packet[0]!, packet[1]!];
  const text = errorText(family, type, code);
  return text === undefined ? undefined : failed("L4CON", text);
}

function errnoError(errno: number): Error {
  const code = errnoName(errno);
  return Object.assign(new Error(`cannot send: ${code}`), { code });
}
