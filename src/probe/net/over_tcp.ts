/** Talks over a TCP connection: opens it, and closes it with the verdict of the stage it reached. */
import type { Talk } from "../conversation.ts";
import { answerVerdict, wasEstablished } from "../established.ts";
import { CONNECT_TIMED_OUT, type Verdict } from "../outcome.ts";
import type { Cancellation, ProbeSpec } from "../prober.ts";
import type { ByteStream } from "./byte_stream.ts";
import { connectFailure } from "./connect_failure.ts";
import { connect } from "./tcp.ts";

/** Talks over a TCP connection to the target. */
export async function overTcp(
  spec: ProbeSpec,
  talk: Talk,
  cancellation: Cancellation,
): Promise<Verdict> {
  let stream: ByteStream;
  try {
    stream = await connect(spec, cancellation);
  } catch (error) {
    if (cancellation.cancelled) return CONNECT_TIMED_OUT;
    return wasEstablished(error) ? answerVerdict(error) : connectFailure(error, spec);
  }
  if (cancellation.cancelled) {
    stream.close();
    return CONNECT_TIMED_OUT;
  }
  cancellation.release = () => stream.close();
  try {
    return await talk.run(stream);
  } catch (error) {
    return cancellation.cancelled ? talk.timedOut() : answerVerdict(error);
  } finally {
    // After a cancellation it is closed already.
    if (!cancellation.cancelled) stream.close();
    cancellation.release = undefined;
  }
}
