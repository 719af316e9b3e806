/**
 * The TCP probe. It passes when the connection is made, even if the server then resets it.
 *
 * Ways of closing. The connection is closed with a FIN, which the server's application sees as a
 * client that sent nothing. A reset would avoid the TIME_WAIT on this host, but it appears in
 * servers' logs as an error, and Deno cannot set SO_LINGER. TIME_WAIT holds a local port for 60 s
 * per destination (address, port), so one backend would have to be probed more than 400 times a
 * second to use up all 28,000. With a source address this does not hold; see node_stream.ts.
 */
import type { ByteStream } from "./byte_stream.ts";
import { wasEstablished } from "../established.ts";
import { connectFailure } from "./connect_failure.ts";
import { CONNECT_TIMED_OUT, CONNECTED, type Verdict } from "../outcome.ts";
import { withZoneNumber } from "./zone.ts";
import { type Cancellation, type Probe, type ProbeSpec, sourceOf } from "../prober.ts";

/** A Prober for type `tcp` (without `ssl`). */
export function tcpProber(spec: ProbeSpec): Probe {
  return (cancellation) => probeTcp(spec, cancellation);
}

async function probeTcp(spec: ProbeSpec, cancellation: Cancellation): Promise<Verdict> {
  try {
    const connection = await connect(spec, cancellation);
    connection.close();
    return CONNECTED;
  } catch (error) {
    if (cancellation.cancelled) return CONNECT_TIMED_OUT;
    return wasEstablished(error) ? CONNECTED : connectFailure(error, spec);
  }
}

/** Loaded at the first use: node:net would delay the start of a program without it. */
let nodeStream: Promise<typeof import("./node_stream.ts")> | undefined;

/**
 * A TCP connection to the target. Rejects when cancelled, and then leaves nothing open.
 * `autoSelectFamily` (Happy Eyeballs) is for names; an address literal has one family.
 * Deno.connect does not support a source address: with one, node:net is used at twice the cost.
 */
export function connect(spec: ProbeSpec, cancellation: Cancellation): Promise<ByteStream> {
  // Deno.connect goes on for minutes with a signal that was aborted before (Deno 2.9.6).
  if (cancellation.cancelled) return Promise.reject(new DOMException("cancelled", "AbortError"));
  if (sourceOf(spec) !== undefined) {
    nodeStream ??= import("./node_stream.ts");
    return nodeStream.then(({ connectNode }) => connectNode(spec, cancellation));
  }
  return Deno.connect({
    hostname: withZoneNumber(spec.address),
    port: spec.healthcheck.port,
    autoSelectFamily: false,
    signal: cancellation.signal,
  });
}
