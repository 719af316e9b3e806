/** The DNS probe: a question over UDP, or over TCP (RFC 7766). */
import { invariant } from "../../base/assert.ts";
import type { DnsParams } from "../../config/model.ts";
import { DNS_TYPES } from "../../config/schema/checks/datagram.ts";
import type { Talk } from "../conversation.ts";
import { type ByteStream, writeAll } from "../net/byte_stream.ts";
import { overTcp } from "../net/over_tcp.ts";
import { ANSWER_TIMED_OUT, failed, type Verdict } from "../outcome.ts";
import type { Cancellation, Probe, ProbeSpec } from "../prober.ts";
import type { UdpSockets } from "../udp/sockets.ts";
import { type DnsWanted, dnsWantedOf, judgeDns } from "./judge.ts";
import { decodeAnswer, type DnsQuestion, encodeQuestion, withRandomCase } from "./message.ts";

/** Ends the exchange over UDP, after which TCP is tried. */
const TRUNCATED = failed("L7RSP", "the answer is truncated");

/** A Prober for type `dns`. */
export function dnsProber(spec: ProbeSpec, sockets: UdpSockets): Probe {
  const { params } = spec.healthcheck;
  invariant(params.type === "dns", `dnsProber() got a target of type ${params.type}`);
  const wanted = dnsWantedOf(params);
  return async (cancellation) => {
    const asked = { spec, wanted, question: questionOf(params) };
    return params.transport === "tcp"
      ? await overStream(asked, cancellation)
      : await overDatagram(asked, sockets, cancellation);
  };
}

/** One probe. */
interface Asked {
  readonly spec: ProbeSpec;
  readonly question: DnsQuestion;
  readonly wanted: DnsWanted;
}

function questionOf({ name, qtype, recursion }: DnsParams): DnsQuestion {
  const [id] = crypto.getRandomValues(new Uint16Array(1));
  const cases = crypto.getRandomValues(new Uint8Array(name.length));
  return { id: id!, name: withRandomCase(name, cases), type: DNS_TYPES[qtype], recursion };
}

/** Asks over UDP, and again over TCP when the answer is truncated. */
async function overDatagram(
  asked: Asked,
  sockets: UdpSockets,
  cancellation: Cancellation,
): Promise<Verdict> {
  const { spec, question, wanted } = asked;
  let truncated = false;
  const verdict = await sockets.exchange({
    spec,
    payload: encodeQuestion(question),
    judge(bytes, length) {
      const reading = decodeAnswer(bytes, question);
      if (reading.kind === "foreign") return undefined;
      truncated = length > bytes.length || (reading.kind === "answer" && reading.truncated);
      return truncated ? TRUNCATED : judgeDns(reading, wanted);
    },
    timedOut: ANSWER_TIMED_OUT,
  }, cancellation);
  if (!truncated) return verdict;
  // The truncated answer was read when the time was up.
  if (cancellation.cancelled) return ANSWER_TIMED_OUT;
  const whole = await overStream(asked, cancellation);
  return whole.ok ? whole : { ...whole, detail: `truncated over UDP; over TCP: ${whole.detail}` };
}

function overStream(
  { spec, question, wanted }: Asked,
  cancellation: Cancellation,
): Promise<Verdict> {
  const talk: Talk = {
    async run(stream) {
      const message = encodeQuestion(question);
      await writeAll(stream, Uint8Array.of(message.length >> 8, message.length & 255, ...message));
      const size = await exactly(stream, 2);
      const answer = size && await exactly(stream, size[0]! * 256 + size[1]!);
      if (answer === undefined) return failed("L7RSP", "closed before the answer was complete");
      const reading = decodeAnswer(answer, question);
      return reading.kind === "foreign"
        ? failed("L7RSP", "the answer does not belong to the question")
        : judgeDns(reading, wanted);
    },
    timedOut: () => ANSWER_TIMED_OUT,
  };
  return overTcp(spec, talk, cancellation);
}

/** The next `count` bytes; undefined when the stream ends before. */
async function exactly(stream: ByteStream, count: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = await stream.read(bytes.subarray(at));
    if (read === null) return undefined;
    at += read;
  }
  return bytes;
}
