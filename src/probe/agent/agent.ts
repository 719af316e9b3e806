/** The probe of a server's agent: connects, and reads a line (HAProxy's agent-check). */
import { agentWords } from "../../health/agent.ts";
import type { Talk } from "../conversation.ts";
import type { ByteStream } from "../net/byte_stream.ts";
import { overTcp } from "../net/over_tcp.ts";
import { ANSWER_TIMED_OUT, failed, type Verdict } from "../outcome.ts";
import type { Probe, ProbeSpec } from "../prober.ts";

/** Longest line that is read. */
const MAX_LINE_BYTES = 1024;

/** A Prober for type `agent`. The verdict passes with the words of the line as its detail. */
export function agentProber(spec: ProbeSpec): Probe {
  return (cancellation) => overTcp(spec, TALK, cancellation);
}

const TALK: Talk = {
  async run(stream) {
    const line = await lineOf(stream);
    const words = line === undefined ? "" : agentWords(line);
    if (words === "") return failed("L7RSP", "the agent sent no line with words");
    return { ok: true, layer: "L7", code: "L7OK", detail: words, inconclusive: false };
  },
  timedOut: (): Verdict => ANSWER_TIMED_OUT,
};

/** Text until a line feed or the end; undefined: there is more than a line may have. */
async function lineOf(stream: ByteStream): Promise<string | undefined> {
  const bytes = new Uint8Array(MAX_LINE_BYTES);
  for (let size = 0; size < bytes.length;) {
    const count = await stream.read(bytes.subarray(size));
    const end = count === null ? size : bytes.subarray(0, size + count).indexOf(10);
    if (end >= 0) return String.fromCharCode(...bytes.subarray(0, end));
    size += count!;
  }
  return undefined;
}
