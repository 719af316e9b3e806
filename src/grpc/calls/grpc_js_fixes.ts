/**
 * Corrects faults of @grpc/grpc-js 1.14 that matter for a server that untrusted hosts can reach.
 * It has no options for them, so private parts of its calls are changed, here and nowhere else.
 * tests/integration/grpc_hostile_test.ts fails when a new version moves those parts.
 */
import type * as grpc from "@grpc/grpc-js";
import type { WallMs } from "../../base/instant.ts";
import { STATUS } from "../status.ts";

type Call = ConstructorParameters<typeof grpc.ServerInterceptingCall>[0];

/** A deadline that passed longer ago than this, in milliseconds, is an overflow of the library. */
const LONG_AGO_MS = 60_000;

/**
 * Refuses compressed messages. The library decompresses all messages of a frame immediately, even
 * for callers that are not authorised yet: 280 bytes become 256 KiB each, fifty times in a frame of
 * 16 KiB. Requests are small, so compression gains nothing.
 */
export function refuseCompressed(call: Call): void {
  const decompress: unknown = Reflect.get(call, "decompressMessage");
  if (typeof decompress !== "function") return;
  Reflect.set(call, "decompressMessage", (message: Uint8Array, encoding: string) => {
    if (encoding === "identity") return decompress.call(call, message, encoding);
    const details = `cannot read ${JSON.stringify(encoding)} requests; send them uncompressed`;
    return Promise.reject({ code: STATUS.UNIMPLEMENTED, details });
  });
}

/**
 * Removes a deadline that the library misread. It counts in 32 bits, so a deadline more than 24.8
 * days away looks long past. `nowMs`: Unix time in milliseconds.
 */
export function forgetPastDeadline(call: Call, nowMs: WallMs): void {
  if (Number(call.getDeadline()) > nowMs - LONG_AGO_MS) return;
  const timer: unknown = Reflect.get(call, "deadlineTimer");
  if (typeof timer === "object" && timer !== null) clearTimeout(timer as NodeJS.Timeout);
}

/**
 * Closes the stream of a call that was answered before its whole request arrived. Otherwise the
 * part that arrived stays in memory until the client sends the rest.
 */
export function abandon(call: Call): void {
  const stream: unknown = Reflect.get(call, "stream");
  if (typeof stream !== "object" || stream === null || !("close" in stream)) return;
  if (typeof stream.close === "function") stream.close();
}
