/** The UDP probe: one datagram, and the first answer to it. */
import { invariant } from "../../base/assert.ts";
import { bytesOfText } from "../../config/schema/bytes_text.ts";
import { ANSWER_TIMED_OUT, failed, type Verdict } from "../outcome.ts";
import type { Probe, ProbeSpec } from "../prober.ts";
import { literal } from "../steps/script.ts";
import type { UdpSockets } from "./sockets.ts";

const WRONG = failed("L7STS", "the answer does not match `expect`");

function passed(detail: string): Verdict {
  return { ok: true, layer: "L7", code: "L7OK", detail, inconclusive: false };
}

const SILENT: Verdict = { ...passed("no answer, and no error"), isSilent: true };

/** A Prober for type `udp`. */
export function udpProber(spec: ProbeSpec, sockets: UdpSockets): Probe {
  const { params } = spec.healthcheck;
  invariant(params.type === "udp", `udpProber() got a target of type ${params.type}`);
  const matcher = params.expect === "" ? undefined : literal(bytesOfText(params.expect));
  const exchange = {
    spec,
    payload: bytesOfText(params.send),
    judge: (answer: Uint8Array, length: number) =>
      matcher === undefined || matcher.endIn(answer) >= 0 ? passed(`${length} bytes`) : WRONG,
    timedOut: params.silence === "pass" ? SILENT : ANSWER_TIMED_OUT,
  };
  return (cancellation) => sockets.exchange(exchange, cancellation);
}
