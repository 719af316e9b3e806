/**
 * The TCP probe: a connection that is made is a pass, also when the server resets it immediately.
 *
 * Ways of closing. The connection is closed with a FIN, the end that the server's application
 * sees as a client that had nothing to say. A reset would save the TIME_WAIT on our side, but it
 * shows up in servers' logs as an error, and Deno cannot set SO_LINGER. TIME_WAIT costs a local
 * port for 60 s per destination (address, port), so one backend would have to be probed more
 * than 400 times a second to run out of the 28,000 of them. With a source address that reckoning
 * fails, and node_stream.ts says what follows.
 */
import type { ByteStream } from "./byte_stream.ts";
import { wasEstablished } from "../established.ts";
import { connectNode } from "./node_stream.ts";
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

/**
 * A TCP connection to the target. Rejects when it is cancelled, then nothing is left open.
 * `autoSelectFamily` (Happy Eyeballs) is for names; an address literal has one family.
 * Deno.connect knows no source address: with one it is node:net, at about twice the price.
 */
export function connect(spec: ProbeSpec, cancellation: Cancellation): Promise<ByteStream> {
  if (sourceOf(spec) !== undefined) return connectNode(spec, cancellation);
  return Deno.connect({
    hostname: withZoneNumber(spec.address),
    port: spec.healthcheck.port,
    autoSelectFamily: false,
    signal: cancellation.signal,
  });
}
