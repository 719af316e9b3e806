/**
 * The state of all maglevds as compressed JSON, for one audience. It is made on request, once for all
 * requests within half a second, whatever changes meanwhile. A client continues from the number of the
 * state that it got, so an older one is as good.
 */
import type { Clock } from "../../base/ports.ts";
import type { EncodedState } from "../ports.ts";
import type { State } from "../protocol.ts";

/** A state is encoded at most this often, in milliseconds. */
const EVERY_MS = 500;
/** `now_ms` of a state is never older, though nothing changed, in milliseconds. */
const OLDEST_MS = 5000;

export interface StateEncoderOptions {
  readonly clock: Clock;
  /** The state now. */
  readonly state: () => State;
  /** Grows with every change of it. */
  readonly revision: () => number;
  /** Distinguishes entity tags: the audience. */
  readonly tag: string;
}

interface Made {
  readonly revision: number;
  readonly atMs: number;
  readonly encoded: Promise<EncodedState>;
}

export class StateEncoder {
  readonly #options: StateEncoderOptions;
  #made: Made | undefined;
  #count = 0;

  constructor(options: StateEncoderOptions) {
    this.#options = options;
  }

  /** The state, at most OLDEST_MS old, and at most EVERY_MS if something changed. */
  get(): Promise<EncodedState> {
    const { clock, revision } = this.#options;
    const ageMs = clock.monotonicMs() - (this.#made?.atMs ?? -Infinity);
    const isGood = this.#made?.revision === revision() ? ageMs < OLDEST_MS : ageMs < EVERY_MS;
    if (this.#made !== undefined && isGood) return this.#made.encoded;
    const made: Made = {
      revision: revision(),
      atMs: clock.monotonicMs(),
      encoded: this.#encode(),
    };
    this.#made = made;
    made.encoded.catch(() => {
      if (this.#made === made) this.#made = undefined;
    });
    return made.encoded;
  }

  async #encode(): Promise<EncodedState> {
    const { state, tag } = this.#options;
    const { epoch, seq, maglevds, ...rest } = state();
    const head = JSON.stringify({ epoch, seq, ...rest });
    const etag = `"${epoch}-${tag}-${++this.#count}"`;
    // All of one instant; the page's objects are never changed, so they may be written bit by bit.
    function* pieces(): Generator<string> {
      yield `${head.slice(0, -1)},"maglevds":[`;
      for (const [at, maglevd] of maglevds.entries()) {
        yield (at === 0 ? "" : ",") + JSON.stringify(maglevd);
      }
      yield "]}";
    }
    const gzip = ReadableStream.from(pieces()).pipeThrough(new TextEncoderStream())
      .pipeThrough(new CompressionStream("gzip"));
    return { gzip: new Uint8Array(await new Response(gzip).arrayBuffer()), etag };
  }
}
