/**
 * What @grpc/grpc-js 1.14 does otherwise than a server that strangers can reach should, put right
 * call by call. It has no options for these, so private parts of its calls are touched, here and
 * nowhere else; tests/integration/grpc_hostile_test.ts shows that they still are what they were.
 */
import type * as grpc from "@grpc/grpc-js";
import type { WallMs } from "../../base/instant.ts";
import { STATUS } from "../status.ts";

type Call = ConstructorParameters<typeof grpc.ServerInterceptingCall>[0];

/** A deadline that is longer ago than this, in milliseconds, was never one. */
const LONG_AGO_MS = 60_000;

/**
 * Refuses compressed messages. The library decompresses all messages of a frame at once, before
 * anybody asked for them: 280 bytes become 256 KiB each, fifty times in 16 KiB of a frame, for
 * callers nobody has looked at. Requests are small, so nothing is gained by compressing them.
 */
export function refuseCompressed(call: Call): void {
  const decompress: unknown = Reflect.get(call, "decompressMessage");
  if (typeof decompress !== "function") return;
  Reflect.set(call, "decompressMessage", (message: Uint8Array, encoding: string) => {
    if (encoding === "identity") return decompress.call(call, message, encoding);
    const details = `Send requests uncompressed: maglevd reads no ${JSON.stringify(encoding)}`;
    return Promise.reject({ code: STATUS.UNIMPLEMENTED, details });
  });
}

/**
 * Takes a deadline away that the library mistook: it counts in 32 bits, so that one further than
 * 24.8 days away would have passed long ago. `nowMs`: Unix time in milliseconds.
 */
export function forgetPastDeadline(call: Call, nowMs: WallMs): void {
  if (Number(call.getDeadline()) > nowMs - LONG_AGO_MS) return;
  const timer: unknown = Reflect.get(call, "deadlineTimer");
  if (typeof timer === "object" && timer !== null) clearTimeout(timer as NodeJS.Timeout);
}

/**
 * Closes the stream of a call that has been answered while its request is still on its way: else
 * what came of it stays until the client chooses to send the rest.
 */
export function abandon(call: Call): void {
  const stream: unknown = Reflect.get(call, "stream");
  if (typeof stream !== "object" || stream === null || !("close" in stream)) return;
  if (typeof stream.close === "function") stream.close();
}
