/**
 * One connection to one etcd server: lists the fleet's keys, then follows their changes, until
 * something is wrong. It never resumes: a new session lists again, because a store that was wiped or
 * restored would leave a resumed watch waiting without a word.
 *
 * An idle watch is silent, and a server that hangs is too. So each second the session requests a
 * report of progress on the watch, and ends when nothing arrives for 3 s.
 */
import { MaglevError } from "../../base/errors.ts";
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import type { StoreChange, StoredValue, StoreSnapshot } from "../book/store.ts";
import { type Duplex, type EtcdCalls, KV, LEASE, WATCH } from "./calls.ts";
import type { KeyValue, LeaseKeepAliveRequest, WatchRequest, WatchResponse } from "./gen/etcd.ts";

/** Longest time without an answer of the server. */
export const SILENT_MS = 3000;
const ASK_EVERY_MS = 1000;
/** A lease ends 15 s after the last of these. */
export const LEASE_S = 15;
const RENEW_EVERY_MS = 5000;
const REMOVED = 1;

export interface SessionOptions {
  readonly calls: EtcdCalls;
  /** Of all keys, with a slash at its end. */
  readonly prefix: string;
  readonly clock: Clock;
  /** Most keys in an answer to a list. */
  readonly pageKeys: number;
  /** The lease to be renewed, if any. */
  readonly lease: () => bigint | undefined;
  readonly onSnapshot: (snapshot: StoreSnapshot) => void;
  readonly onChanges: (changes: readonly StoreChange[], revision: number) => void;
  readonly onLeaseGone: () => void;
  /** Called once, unless close() was called. */
  readonly onEnd: (error: MaglevError) => void;
}

export class EtcdSession {
  readonly #options: SessionOptions;
  #watch: Duplex<Partial<WatchRequest>> | undefined;
  #renewals: Duplex<Partial<LeaseKeepAliveRequest>> | undefined;
  #heardMs: MonotonicMs;
  #renewedMs: MonotonicMs;
  #timer: Timer | undefined;
  #open = true;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#heardMs = this.#renewedMs = options.clock.monotonicMs();
  }

  /** Resolves when the watch has begun, or the session has ended. Never rejects. */
  async start(): Promise<void> {
    this.#arm();
    try {
      const snapshot = await this.#list();
      if (this.#open) this.#follow(snapshot);
    } catch (error) {
      this.#end(MaglevError.from(error));
    }
  }

  close(): void {
    this.#open = false;
    this.#timer?.cancel();
    this.#watch?.close();
    this.#renewals?.close();
    this.#options.calls.close();
  }

  /** All pages at one revision. */
  async #list(): Promise<StoreSnapshot> {
    const { calls, prefix, pageKeys } = this.#options;
    const values: StoredValue[] = [];
    let revision = 0n;
    let from = prefix;
    for (;;) {
      const page = await calls.unary(KV.Range, {
        key: bytesOf(from),
        rangeEnd: endOf(prefix),
        limit: BigInt(pageKeys),
        revision,
      }, SILENT_MS);
      this.#hear();
      if (revision === 0n) revision = page.header?.revision ?? 0n;
      for (const kv of page.kvs) values.push(this.#valueOf(kv));
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return { revision: Number(revision), values };
      from = `${textOf(last.key)}\0`;
    }
  }

  #follow(snapshot: StoreSnapshot): void {
    const { calls, prefix } = this.#options;
    this.#watch = calls.duplex(WATCH.Watch, {
      onMessage: (message) => this.#onWatch(message, snapshot),
      onEnd: (error) => this.#end(error),
    });
    this.#watch.send({
      requestUnion: {
        $case: "createRequest",
        value: {
          key: bytesOf(prefix),
          rangeEnd: endOf(prefix),
          startRevision: BigInt(snapshot.revision + 1),
        },
      },
    });
  }

  #onWatch(message: WatchResponse, snapshot: StoreSnapshot): void {
    this.#hear();
    if (message.canceled) {
      const cause = message.compactRevision > 0n
        ? `its history up to revision ${message.compactRevision} was compacted`
        : message.cancelReason;
      return this.#end(new MaglevError("unavailable", `etcd ended the watch: ${cause}`));
    }
    if (message.created) return this.#options.onSnapshot(snapshot);
    if (message.events.length === 0) return;
    const changes = message.events.flatMap(({ type, kv }): StoreChange[] => {
      if (kv === undefined) return [];
      const { key, text, revision } = this.#valueOf(kv);
      return [{ key, text: type === REMOVED ? undefined : text, revision }];
    });
    this.#options.onChanges(changes, Number(message.header?.revision ?? 0n));
  }

  #valueOf({ key, value, modRevision }: KeyValue): StoredValue {
    const name = textOf(key).slice(this.#options.prefix.length);
    return { key: name, text: textOf(value), revision: Number(modRevision) };
  }

  #hear(): void {
    this.#heardMs = this.#options.clock.monotonicMs();
  }

  #arm(): void {
    this.#timer = this.#options.clock.after(ASK_EVERY_MS, () => {
      const nowMs = this.#options.clock.monotonicMs();
      if (nowMs >= later(this.#heardMs, SILENT_MS)) {
        return this.#end(new MaglevError("unavailable", `etcd was silent for ${SILENT_MS} ms`));
      }
      this.#watch?.send({ requestUnion: { $case: "progressRequest", value: {} } });
      if (nowMs >= later(this.#renewedMs, RENEW_EVERY_MS)) this.#renew(nowMs);
      this.#arm();
    });
  }

  #renew(nowMs: MonotonicMs): void {
    this.#renewedMs = nowMs;
    const lease = this.#options.lease();
    if (lease === undefined) return;
    this.#renewals ??= this.#options.calls.duplex(LEASE.LeaseKeepAlive, {
      onMessage: ({ TTL }) => {
        if (TTL <= 0n) this.#options.onLeaseGone();
      },
      // The watch decides whether the server is there.
      onEnd: () => this.#renewals = undefined,
    });
    this.#renewals.send({ ID: lease });
  }

  #end(error: MaglevError): void {
    if (!this.#open) return;
    this.close();
    this.#options.onEnd(error);
  }
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The first key after all keys with this prefix, which ends in a character of ASCII. */
function endOf(prefix: string): Uint8Array {
  const last = prefix.charCodeAt(prefix.length - 1);
  return bytesOf(prefix.slice(0, -1) + String.fromCharCode(last + 1));
}
