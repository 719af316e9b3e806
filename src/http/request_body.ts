/** Receives the body of a request when the handler needs it, within a deadline. */
import { orLate } from "../async/deadline.ts";
import type { Clock } from "../base/ports.ts";
import { BodyDecoder } from "./body_decoder.ts";
import type { Incoming } from "./incoming.ts";
import { BODY_DEADLINE_MS } from "./limits.ts";
import { HttpRefusal } from "./ports.ts";
import type { RequestHead } from "./request_head.ts";

export interface RequestBodyOptions {
  readonly incoming: Incoming;
  readonly head: Pick<RequestHead, "body" | "expectsContinue">;
  readonly maxBytes: number;
  readonly clock: Clock;
  /** Sends `100 Continue`. */
  readonly sendContinue: () => Promise<unknown>;
}

export class RequestBody {
  readonly #options: RequestBodyOptions;
  #reading: Promise<Uint8Array> | undefined;
  #complete: boolean;

  constructor(options: RequestBodyOptions) {
    this.#options = options;
    this.#complete = options.head.body.kind === "none";
  }

  /** False while bytes of the body may still come. */
  get complete(): boolean {
    return this.#complete;
  }

  /** See HttpRequest.body. */
  read(): Promise<Uint8Array> {
    if (this.#reading === undefined) {
      this.#reading = this.#read();
      // A handler that stopped waiting does not make it an error of the whole program.
      this.#reading.catch(() => {});
    }
    return this.#reading;
  }

  async #read(): Promise<Uint8Array> {
    const { incoming, head, maxBytes, clock, sendContinue } = this.#options;
    const decoder = new BodyDecoder(head.body, { maxBytes });
    const endMs = clock.monotonicMs() + BODY_DEADLINE_MS;
    if (head.expectsContinue && incoming.bytes.length === 0) await sendContinue();
    for (;;) {
      incoming.consume(decoder.push(incoming.bytes));
      if (decoder.complete) {
        this.#complete = true;
        return decoder.body;
      }
      const deadlineMs = endMs - clock.monotonicMs();
      const received = await orLate(incoming.more(), {
        clock,
        deadlineMs,
        late: () => "late" as const,
      });
      if (received === "late") throw new HttpRefusal(408, "The body was not sent in time");
      if (!received) throw new HttpRefusal(400, "The body is not complete");
    }
  }
}
