/**
 * The store of a fleet in etcd. It has one session at a time; when one ends, a server that answers is
 * searched (search.ts). Certificates are read for each connection, so that renewed ones are used.
 */
import { BackoffDelays } from "../../async/backoff.ts";
import { MaglevError } from "../../base/errors.ts";
import type { MonotonicMs } from "../../base/instant.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import type { ClientTls } from "../../grpc/client/channel.ts";
import { closeSessionsLater } from "../../grpc/session_close.ts";
import type {
  FleetStore,
  StoredValue,
  StoreListener,
  StoreWrite,
  WriteOutcome,
} from "../book/store.ts";
import { CLOSED, EtcdCalls, KV, LEASE } from "./calls.ts";
import type { Compare, RequestOp, ResponseOp } from "./gen/etcd.ts";
import { ServerSearch } from "./search.ts";
import { bytesOf, EtcdSession, LEASE_S } from "./session.ts";

/** Longest wait for the answer to a write. */
export const WRITE_MS = 2000;
/** How long a stop waits for the end of the lease. */
const REVOKE_MS = 500;
/** Delays before the next search after sessions that followed nothing. */
const FAILED = { firstMs: 500, maxMs: 30_000 };
/** `Compare.target`. */
const MOD_REVISION = 2;
const VALUE = 3;

export interface EtcdStoreOptions {
  /** `host:port` of each server; at least one. */
  readonly servers: readonly string[];
  /** Of all keys, with a slash at its end. */
  readonly prefix: string;
  /** Reads the TLS settings; absent: no TLS. Rejects with MaglevError. */
  readonly readTls?: (() => Promise<ClientTls>) | undefined;
  readonly clock: Clock;
  /** Most keys in an answer to a list; default 500. */
  readonly pageKeys?: number;
}

/** A session with its connection. */
interface Connection {
  readonly session: EtcdSession;
  readonly calls: EtcdCalls;
}

export class EtcdStore implements FleetStore {
  readonly #options: EtcdStoreOptions;
  readonly #delays = new BackoffDelays(FAILED);
  #listener: StoreListener | undefined;
  #connection: Connection | undefined;
  #search: ServerSearch | undefined;
  /** The session lists and watches. */
  #following = false;
  /** Place of the server in use. */
  #at = 0;
  /** Of the sessions before. */
  #heardMs: MonotonicMs | undefined;
  #reason = "not connected yet";
  #lease: bigint | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: EtcdStoreOptions) {
    closeSessionsLater();
    this.#options = options;
  }

  /** `host:port` of the server in use. */
  get server(): string {
    return this.#options.servers[this.#at]!;
  }

  get heardMs(): MonotonicMs | undefined {
    return this.#following ? this.#connection?.session.heardMs : this.#heardMs;
  }

  start(listener: StoreListener): void {
    this.#listener = listener;
    this.#connect();
  }

  async write(write: StoreWrite): Promise<WriteOutcome> {
    const calls = this.#connection?.calls;
    if (calls === undefined || !this.#following) return { kind: "away", reason: this.#reason };
    let sent = false;
    try {
      const lease = write.leased === true ? await this.#leaseOf(calls) : 0n;
      sent = true;
      const { prefix } = this.#options;
      const answer = await calls.unary(KV.Txn, transactionOf(write, { prefix, lease }), WRITE_MS);
      return answer.succeeded
        ? { kind: "done", revision: Number(answer.header?.revision ?? 0n) }
        : { kind: "conflict", present: presentOf(answer.responses, write.key) };
    } catch (caught) {
      const error = MaglevError.from(caught);
      if (/lease not found/.test(error.message)) this.#lease = undefined;
      return sent ? outcomeOf(error) : { kind: "away", reason: error.message };
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#search?.stop();
    const connection = this.#connection;
    const lease = this.#lease;
    this.#listener = undefined;
    if (connection === undefined) return;
    if (lease !== undefined && this.#following) {
      // Otherwise the others take this load balancer for silent, until the lease ends by itself.
      await connection.calls.unary(LEASE.LeaseRevoke, { ID: lease }, REVOKE_MS).catch(() => {});
    }
    connection.session.close();
  }

  #connect(): void {
    const { servers, prefix, clock } = this.#options;
    this.#search = new ServerSearch({
      // The server in use failed, or is the first.
      order: servers.map((_, place) => (this.#at + place) % servers.length),
      open: (at) => this.#open(at),
      key: prefix,
      clock,
      onAway: (at, error) => this.#away(at, error),
      onFound: (at, calls) => this.#begin(at, calls),
    });
  }

  async #open(at: number): Promise<EtcdCalls> {
    const { servers, clock, readTls } = this.#options;
    return new EtcdCalls({ address: servers[at]!, tls: await readTls?.(), clock });
  }

  #begin(at: number, calls: EtcdCalls): void {
    const { prefix, clock, pageKeys = 500 } = this.#options;
    this.#at = at;
    const session = new EtcdSession({
      calls,
      prefix,
      clock,
      pageKeys,
      lease: () => this.#lease,
      onSnapshot: (snapshot) => {
        this.#following = true;
        this.#delays.reset();
        this.#listener?.onSnapshot(snapshot);
      },
      onChanges: (changes, revision) => this.#listener?.onChanges(changes, revision),
      onLeaseGone: () => {
        this.#lease = undefined;
        this.#listener?.onLeaseGone();
      },
      onEnd: (error) => this.#ended(error),
    });
    this.#connection = { calls, session };
    void session.start();
  }

  #ended(error: MaglevError): void {
    const { servers, clock } = this.#options;
    const delayMs = this.#following ? 0 : this.#delays.next();
    this.#heardMs = this.heardMs;
    this.#connection = undefined;
    this.#following = false;
    this.#away(this.#at, error);
    this.#at = (this.#at + 1) % servers.length;
    if (!this.#stopped) this.#timer = clock.after(delayMs, () => this.#connect());
  }

  #away(at: number, { message }: MaglevError): void {
    this.#reason = `${this.#options.servers[at]}: ${message}`;
    this.#listener?.onAway(this.#reason);
  }

  async #leaseOf(calls: EtcdCalls): Promise<bigint> {
    this.#lease ??= (await calls.unary(LEASE.LeaseGrant, { TTL: BigInt(LEASE_S) }, WRITE_MS)).ID;
    return this.#lease;
  }
}

function transactionOf(
  { key, text, ifRevision, ifValue }: StoreWrite,
  { prefix, lease }: { readonly prefix: string; readonly lease: bigint },
): { readonly compare: Compare[]; readonly success: RequestOp[]; readonly failure: RequestOp[] } {
  const name = bytesOf(prefix + key);
  const compare: Compare[] = [{
    result: 0,
    target: MOD_REVISION,
    key: name,
    targetUnion: { $case: "modRevision", value: BigInt(ifRevision) },
  }];
  if (ifValue !== undefined) {
    compare.push({
      result: 0,
      target: VALUE,
      key: bytesOf(prefix + ifValue.key),
      targetUnion: { $case: "value", value: bytesOf(ifValue.text) },
    });
  }
  const change: RequestOp = text === undefined
    ? { request: { $case: "requestDeleteRange", value: { key: name } } }
    : { request: { $case: "requestPut", value: { key: name, value: bytesOf(text), lease } } };
  const look: RequestOp = {
    request: {
      $case: "requestRange",
      value: { key: name, rangeEnd: new Uint8Array(), limit: 1n, revision: 0n },
    },
  };
  return { compare, success: [change], failure: [look] };
}

function presentOf(responses: readonly ResponseOp[], key: string): StoredValue | undefined {
  const [first] = responses;
  if (first?.response?.$case !== "responseRange") return undefined;
  const [kv] = first.response.value.kvs;
  if (kv === undefined) return undefined;
  const text = new TextDecoder().decode(kv.value);
  return { key, text, revision: Number(kv.modRevision) };
}

/** Errors with which etcd refuses a write before it does it. */
const REFUSALS: readonly string[] = [
  "invalid-argument",
  "not-found",
  "permission-denied",
  "unauthenticated",
  "failed-precondition",
  "resource-exhausted",
];

function outcomeOf({ code, message }: MaglevError): WriteOutcome {
  if (REFUSALS.includes(code)) return { kind: "refused", reason: message };
  const isKnown = message === CLOSED || /no leader|No connection established/.test(message);
  return { kind: isKnown ? "away" : "unknown", reason: message };
}
