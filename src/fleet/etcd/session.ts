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
import { MAX_VALUE_LENGTH, TOO_LARGE_TEXT } from "../book/values.ts";
import type {
  KeyValue,
  LeaseKeepAliveRequest,
  RangeResponse,
  WatchRequest,
  WatchResponse,
} from "./gen/etcd.ts";

/** Longest time without an answer of the server. */
export const SILENT_MS = 3000;
const ASK_EVERY_MS = 1000;
/** A lease ends 15 s after the last of these. */
export const LEASE_S = 15;
const RENEW_EVERY_MS = 5000;
const REMOVED = 1;
/** Most keys that are followed, and most text: the store may be filled by others. */
export const MAX_KEYS = 20_000;
export const MAX_TEXT = 64 * 1024 * 1024;

export interface SessionOptions {
  readonly calls: Pick<EtcdCalls, "unary" | "duplex" | "close">;
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
  /** Undefined: the lease may be near its end, after a session before this one. */
  #renewedMs: MonotonicMs | undefined;
  #timer: Timer | undefined;
  #open = true;
  /** Length of all texts that were taken. */
  #taken = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#heardMs = options.clock.monotonicMs();
  }

  /** When the server was heard last. */
  get heardMs(): MonotonicMs {
    return this.#heardMs;
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
    const { prefix } = this.#options;
    const values: StoredValue[] = [];
    let revision = 0n;
    let from = prefix;
    for (;;) {
      const page = await this.#page(from, revision);
      this.#hear();
      if (revision === 0n) revision = page.header?.revision ?? 0n;
      for (const kv of page.kvs) values.push(this.#valueOf(kv));
      if (values.length > MAX_KEYS) throw tooMuch(`more than ${MAX_KEYS} keys`, prefix);
      this.#checkTaken();
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return { revision: Number(revision), values };
      from = `${textOf(last.key)}\0`;
    }
  }

  /** A page; a smaller one when that is larger than an answer may be. */
  async #page(from: string, revision: bigint): Promise<RangeResponse> {
    const { calls, prefix, pageKeys } = this.#options;
    for (let limit = pageKeys;; limit = Math.ceil(limit / 10)) {
      try {
        return await calls.unary(KV.Range, {
          key: bytesOf(from),
          rangeEnd: endOf(prefix),
          limit: BigInt(limit),
          revision,
        }, SILENT_MS);
      } catch (error) {
        if (limit === 1 || MaglevError.from(error).code !== "resource-exhausted") throw error;
      }
    }
  }

  #checkTaken(): void {
    if (this.#taken > MAX_TEXT) throw tooMuch(`more than ${MAX_TEXT} bytes`, this.#options.prefix);
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
    // What was taken since the list is listed again, so that what was removed does not count.
    if (this.#taken > MAX_TEXT) {
      return this.#end(new MaglevError("unavailable", "the content of etcd is listed again"));
    }
    // The header's revision is the store's: changes up to it may follow in a further message.
    this.#options.onChanges(changes, Math.max(...changes.map(({ revision }) => revision)));
  }

  #valueOf({ key, value, modRevision }: KeyValue): StoredValue {
    const name = textOf(key).slice(this.#options.prefix.length);
    const isTooLarge = value.length > MAX_VALUE_LENGTH;
    this.#taken += key.length + (isTooLarge ? 0 : value.length);
    const text = isTooLarge ? TOO_LARGE_TEXT : textOf(value);
    return { key: name, text, revision: Number(modRevision) };
  }

  #hear(): void {
    this.#heardMs = this.#options.clock.monotonicMs();
  }

  #arm(): void {
    const { clock } = this.#options;
    // Silence is noticed when it is long enough, and not at the tick after it.
    const restMs = later(this.#heardMs, SILENT_MS) - clock.monotonicMs();
    this.#timer = clock.after(Math.max(Math.min(ASK_EVERY_MS, restMs), 0), () => {
      const nowMs = clock.monotonicMs();
      if (nowMs >= later(this.#heardMs, SILENT_MS)) {
        return this.#end(new MaglevError("unavailable", `etcd was silent for ${SILENT_MS} ms`));
      }
      this.#watch?.send({ requestUnion: { $case: "progressRequest", value: {} } });
      const isDue = this.#renewedMs === undefined ||
        nowMs >= later(this.#renewedMs, RENEW_EVERY_MS);
      if (isDue) this.#renew(nowMs);
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

function tooMuch(what: string, prefix: string): MaglevError {
  return new MaglevError("resource-exhausted", `the store has ${what} below ${prefix}`);
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
