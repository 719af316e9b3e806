/**
 * Streaming calls: many answers to one request, or streams in both directions. See calls.ts for the
 * parts that all calls share.
 */
import type { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";
import { MaglevError } from "../../base/errors.ts";
import {
  admit,
  type CallEnvironment,
  failure,
  holderOf,
  OpenCall,
  type Parsed,
  STOPPING,
  type StreamHandler,
  UNREAD,
} from "./calls.ts";
import { asBuffer } from "./buffer.ts";
import type { ServedMethod } from "./methods.ts";
import { type QuotaLimits, StreamQuota } from "./quota.ts";
import { encode } from "../messages/codec.ts";
import type { MethodInfo } from "../messages/methods.ts";
import { statusOf } from "../status.ts";

/** A handler for streams of answers. */
export function serverStream<Req, Res>(
  method: ServedMethod & { readonly info: MethodInfo<Req, Res> },
  handler: StreamHandler<Req>,
  environment: CallEnvironment,
): grpc.handleServerStreamingCall<Parsed<Req>, Buffer> {
  const { active, clock, logger } = environment;
  return (call) => {
    const fail = (error: MaglevError) => call.emit("error", statusOf(error));
    const { caller, refused } = admit(method, call, environment);
    if (refused !== undefined) return fail(refused);
    if (!call.request.ok) return fail(call.request.error);
    let items: AsyncIterableIterator<Uint8Array> | MaglevError | undefined;
    // One turn later, so that the last items, for example NOT_SERVING, are written first.
    const stop = () => void clock.after(0, () => fail(STOPPING));
    const open = new OpenCall(holderOf(call, caller), active, stop);
    const close = () => {
      open.end();
      if (items !== undefined && !(items instanceof MaglevError)) void items.return?.();
    };
    call.on("cancelled", close);
    call.on("close", close);
    try {
      items = handler(call.request.message, { caller, signal: open.signal });
    } catch (error) {
      items = failure(error, method, logger);
    }
    if (items instanceof MaglevError) {
      close();
      return fail(items);
    }
    // From now on the watcher misses nothing: the metadata is sent even before there is an item.
    call.sendMetadata(new grpc.Metadata());
    pump(items, call, open.signal).then(
      () => call.end(),
      (error) => {
        close();
        fail(failure(error, method, logger));
      },
    );
  };
}

/** Writes at the reader's pace; returns when either side has ended. */
async function pump(
  items: AsyncIterable<Uint8Array>,
  call: grpc.ServerWritableStream<unknown, Buffer>,
  signal: AbortSignal,
): Promise<void> {
  for await (const item of items) {
    if (signal.aborted) return;
    if (!call.write(asBuffer(item))) await drained(call, signal);
  }
}

/** Resolves when more can be written, or the call has ended. */
function drained(
  call: grpc.ServerWritableStream<unknown, Buffer>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    call.on("drain", done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

/** Maximum number of bidirectional streams: a tool keeps one open while it sends requests. */
const BIDI_LIMITS: QuotaLimits = { trusted: 64, untrusted: 16 };
const FULL = new MaglevError("resource-exhausted", "too many open streams");

/** A handler for bidirectional streams; each request has one answer, available immediately. */
export function bidiStream<Req, Res>(
  method: ServedMethod & { readonly info: MethodInfo<Req, Res> },
  handler: (request: Req) => Res,
  environment: CallEnvironment,
): grpc.handleBidiStreamingCall<Parsed<Req>, Buffer> {
  const { active, logger } = environment;
  const quota = new StreamQuota(BIDI_LIMITS);
  return (call) => {
    const fail = (error: MaglevError) => call.emit("error", statusOf(error));
    const { caller, refused } = admit(method, call, environment);
    if (refused !== undefined) return fail(refused);
    const leave = quota.take(caller);
    if (leave === undefined) return fail(FULL);
    let ended = false;
    const end = (error: MaglevError) => {
      if (!ended) fail(error);
      close();
    };
    const open = new OpenCall(holderOf(call, caller), active, () => end(STOPPING));
    const close = () => {
      ended = true;
      open.end();
      leave();
    };
    call.on("cancelled", close);
    call.on("close", close);
    call.on("data", (request: Parsed<Req>) => {
      if (ended) return;
      if (!request.ok) return end(request.error);
      try {
        const bytes = encode(method.info.response, handler(request.message));
        if (!open.hold(bytes.length)) return end(UNREAD);
        // The next request is read when the client has read this answer.
        call.pause();
        call.write(asBuffer(bytes), () => {
          open.release(bytes.length);
          call.resume();
        });
      } catch (error) {
        end(failure(error, method, logger));
      }
    });
    call.on("end", () => call.end());
  };
}
