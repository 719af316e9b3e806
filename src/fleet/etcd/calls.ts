/**
 * Calls of etcd over one connection. Each has a deadline, and none is repeated.
 *
 * All calls require a leader (`hasleader`): a member of a minority would otherwise answer reads and
 * watches as if nothing had happened.
 */
import type { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";
import { MaglevError } from "../../base/errors.ts";
import type { Clock } from "../../base/ports.ts";
import { bufferOf, type ClientTls, fromLibrary, openChannel } from "../../grpc/client/channel.ts";
import { create, decode, encode } from "../../grpc/messages/codec.ts";
import { type MethodInfo, methodsOf } from "../../grpc/messages/methods.ts";
import { KVDefinition, LeaseDefinition, WatchDefinition } from "./gen/etcd.ts";

export const KV = methodsOf(KVDefinition);
export const LEASE = methodsOf(LeaseDefinition);
export const WATCH = methodsOf(WatchDefinition);

/** The error of a call after close(); it was not sent. */
export const CLOSED = "the connection to etcd was closed before the call";

/** A stream of messages in both directions. */
export interface Duplex<Req> {
  send(request: Req): void;
  /** No callback is called any longer. */
  close(): void;
}

export interface DuplexOptions<Res> {
  readonly onMessage: (message: Res) => void;
  /** Called once, unless the stream was closed. */
  readonly onEnd: (error: MaglevError) => void;
}

export interface EtcdCallsOptions {
  /** `host:port`. */
  readonly address: string;
  readonly tls?: ClientTls | undefined;
  readonly clock: Clock;
}

export class EtcdCalls {
  readonly #client: grpc.Client;
  readonly #clock: Clock;
  /** Calls under way, which the library does not end with the connection. */
  readonly #pending = new Set<{ cancel(): void }>();
  #closed = false;

  /** @throws {MaglevError} `invalid-argument`: an invalid address or certificate */
  constructor({ address, tls, clock }: EtcdCallsOptions) {
    this.#client = openChannel({ address, tls });
    this.#clock = clock;
  }

  /** Rejects with MaglevError; `deadline-exceeded`: the outcome is not known. */
  unary<Req, Res>(
    method: MethodInfo<Req, Res>,
    request: Partial<Req>,
    deadlineMs: number,
  ): Promise<Res> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new MaglevError("unavailable", CLOSED));
      let late = false;
      const call = this.#client.makeUnaryRequest(
        method.path,
        (bytes: Buffer) => bytes,
        (bytes) => decode(method.response, bytes),
        bufferOf(encode(method.request, create(method.request, request))),
        metadata(),
        (error, answer) => {
          timer.cancel();
          this.#pending.delete(call);
          if (late) {
            const message = `etcd did not answer within ${deadlineMs} ms`;
            reject(new MaglevError("deadline-exceeded", message));
          } else if (error !== null) reject(fromLibrary(error));
          else if (answer === undefined) reject(new MaglevError("internal", "no answer"));
          else resolve(answer);
        },
      );
      this.#pending.add(call);
      // After the request, which throws when it cannot be made: then there is nothing to cancel.
      const timer = this.#clock.after(deadlineMs, () => {
        late = true;
        call.cancel();
      });
    });
  }

  duplex<Req, Res>(
    method: MethodInfo<Req, Res>,
    { onMessage, onEnd }: DuplexOptions<Res>,
  ): Duplex<Partial<Req>> {
    const call = this.#client.makeBidiStreamRequest(
      method.path,
      (bytes: Buffer) => bytes,
      (bytes) => decode(method.response, bytes),
      metadata(),
    );
    let open = true;
    const end = (error: MaglevError): void => {
      if (!open) return;
      open = false;
      onEnd(error);
    };
    call.on("data", (message: Res) => open && onMessage(message));
    call.on("error", (error) => end(fromLibrary(error)));
    call.on("end", () => end(new MaglevError("unavailable", "etcd ended the stream")));
    return {
      send: (request) => {
        if (open) call.write(bufferOf(encode(method.request, create(method.request, request))));
      },
      close() {
        open = false;
        call.cancel();
      },
    };
  }

  close(): void {
    this.#closed = true;
    for (const call of this.#pending) call.cancel();
    this.#client.close();
  }
}

function metadata(): grpc.Metadata {
  const pairs = new grpc.Metadata();
  pairs.set("hasleader", "true");
  return pairs;
}
