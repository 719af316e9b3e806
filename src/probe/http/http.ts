/** The HTTP probe: an exchange (exchange.ts) over a TCP connection of its own. */
import { invariant } from "../../base/assert.ts";
import type { ByteStream } from "../net/byte_stream.ts";
import { answerVerdict, wasEstablished } from "../established.ts";
import { type Exchange, exchange, exchangeOf } from "./exchange.ts";
import { connectFailure } from "../net/connect_failure.ts";
import { ANSWER_TIMED_OUT, CONNECT_TIMED_OUT, type Verdict } from "../outcome.ts";
import type { Cancellation, Probe, ProbeSpec } from "../prober.ts";
import { connect } from "../net/tcp.ts";

const HTTP_PORT = 80;

/** A Prober for type `http`. */
export function httpProber(spec: ProbeSpec): Probe {
  const { params } = spec.healthcheck;
  invariant(params.type === "http", `httpProber() got a target of type ${params.type}`);
  const prepared = exchangeOf(spec, { params, defaultPort: HTTP_PORT });
  return (cancellation) => probeHttp(spec, prepared, cancellation);
}

async function probeHttp(
  spec: ProbeSpec,
  prepared: Exchange,
  cancellation: Cancellation,
): Promise<Verdict> {
  let connection: ByteStream;
  try {
    connection = await connect(spec, cancellation);
  } catch (error) {
    if (cancellation.cancelled) return CONNECT_TIMED_OUT;
    return wasEstablished(error) ? answerVerdict(error) : connectFailure(error, spec);
  }
  if (cancellation.cancelled) {
    connection.close();
    return CONNECT_TIMED_OUT;
  }
  cancellation.release = () => connection.close();
  try {
    return await exchange(connection, prepared);
  } catch (error) {
    return cancellation.cancelled ? ANSWER_TIMED_OUT : answerVerdict(error);
  } finally {
    // After a cancellation it is closed already.
    if (!cancellation.cancelled) connection.close();
    cancellation.release = undefined;
  }
}
