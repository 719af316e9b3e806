/** The tcp probe with steps: a conversation over a connection of its own, with or without TLS. */
import { invariant } from "../../base/assert.ts";
import type { Talk } from "../conversation.ts";
import { type ByteStream, writeAll } from "../net/byte_stream.ts";
import { overTcp } from "../net/over_tcp.ts";
import { failed, type Verdict } from "../outcome.ts";
import type { Probe, ProbeSpec } from "../prober.ts";
import { overTls } from "../tls/over_tls.ts";
import { tlsTargetOf } from "../tls/tls.ts";
import { scriptOf, type Step, Unmatched } from "./script.ts";

const READ_BYTES = 4096;

/** A Prober for type `tcp` with `steps`. */
export function stepsProber(spec: ProbeSpec): Probe {
  const { params } = spec.healthcheck;
  invariant(params.type === "tcp", `stepsProber() got a target of type ${params.type}`);
  const script = scriptOf(params.steps ?? []);
  if (!params.ssl) return (cancellation) => overTcp(spec, new Steps(script), cancellation);
  const target = tlsTargetOf(spec, params);
  return (cancellation) => overTls(target, new Steps(script), cancellation);
}

/** One conversation. */
export class Steps implements Talk {
  readonly #script: readonly Step[];
  readonly #unmatched = new Unmatched();
  /** Index of the current step. */
  #index = 0;

  constructor(script: readonly Step[]) {
    this.#script = script;
  }

  async run(stream: ByteStream): Promise<Verdict> {
    let buffer: Uint8Array<ArrayBuffer> | undefined;
    for (const [index, step] of this.#script.entries()) {
      this.#index = index;
      if (step.kind === "send") {
        await writeAll(stream, step.bytes);
        continue;
      }
      while (!this.#unmatched.take(step.matcher)) {
        if (this.#unmatched.isFull) return failed("L7STS", this.#problem("failed"));
        buffer ??= new Uint8Array(READ_BYTES);
        const count = await stream.read(buffer);
        if (count === null) {
          return failed("L7RSP", this.#problem("the server closed the connection"));
        }
        this.#unmatched.add(buffer.subarray(0, count));
      }
    }
    const { length } = this.#script;
    const detail = length === 1 ? "1 step" : `${length} steps`;
    return { ok: true, layer: "L7", code: "L7OK", detail, inconclusive: false };
  }

  timedOut(): Verdict {
    return failed("L7TOUT", this.#problem("not done within the timeout"));
  }

  /** Names the step. The server's own text is not shown: it is untrusted and may be a secret. */
  #problem(problem: string): string {
    const step = this.#script[this.#index]!;
    const place = `step ${this.#index + 1} of ${this.#script.length}`;
    if (step.kind === "send") return `${place} (send): ${problem}`;
    const { size } = this.#unmatched;
    const arrived = size === 0 ? "nothing arrived" : `${size} bytes arrived, without a match`;
    return `${place} (${step.name}): ${problem}; ${arrived}`;
  }
}
