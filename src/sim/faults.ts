/**
 * Faults that the simulator injects: a set of switches that may be changed at any time and that the
 * sockets read. Counts and offsets decide, never chance, so that a failure can be repeated.
 * PURE.
 */

import type { StatsFault } from "./stats_faults.ts";

/** Bytes flipped in the frames to come. */
export interface Garble {
  /** How many frames. */
  readonly frames: number;
  /** Which byte of each, its 16-byte header counted; past the end: the last one. */
  readonly offset: number;
  /** How many frames are sent unharmed before; default 0. */
  readonly after?: number;
}

/** A request refused without being carried out, if its reply has a retval. */
export interface Refusal {
  /** Name of the request, without CRC: `lb_add_del_as_v2`. */
  readonly message: string;
  readonly retval: number;
  /** How many of them from now on. */
  readonly times: number;
}

/** A request carried out and not answered. */
export interface Withheld {
  /** Name of the request, without CRC: `lb_add_del_as_v2`. */
  readonly message: string;
  /** How many of them from now on. */
  readonly times: number;
}

/** The switches. Those of one shot turn themselves off. */
export class Faults {
  /** Milliseconds by which every reply is late. */
  delayMs = 0;
  /** Cuts the connection after this many more bytes of output, of any client; one shot. */
  cutAfterBytes: number | undefined;
  /** Names (without CRC) that new connections do not find in the message table. */
  omit: ReadonlySet<string> = new Set();
  #garble: Garble = { frames: 0, offset: 0 };
  readonly #refusals = new Map<string, Refusal>();
  readonly #withheld = new Map<string, number>();
  #refuseConnections = false;
  #frozen = false;
  #stats: StatsFault = "sound";
  #onChange: () => void = () => {};

  /** True: connects fail as if no VPP ran; connections there are stay. */
  get refuseConnections(): boolean {
    return this.#refuseConnections;
  }

  set refuseConnections(value: boolean) {
    this.#refuseConnections = value;
    this.#onChange();
  }

  /** True: connects succeed and nothing is answered; requests are answered after the thaw. */
  get frozen(): boolean {
    return this.#frozen;
  }

  set frozen(value: boolean) {
    this.#frozen = value;
    this.#onChange();
  }

  /** The fault of the stats segment. */
  get stats(): StatsFault {
    return this.#stats;
  }

  set stats(value: StatsFault) {
    this.#stats = value;
    this.#onChange();
  }

  /** Flips every bit of one byte in each of the next frames sent. */
  garble(garble: Garble): void {
    this.#garble = garble;
  }

  /** Refuses requests of one name; `times` 0 takes an earlier refusal back. */
  refuse(refusal: Refusal): void {
    if (refusal.times > 0) this.#refusals.set(refusal.message, refusal);
    else this.#refusals.delete(refusal.message);
  }

  /** Leaves requests of one name without an answer; `times` 0 takes that back. */
  withhold({ message, times }: Withheld): void {
    if (times > 0) this.#withheld.set(message, times);
    else this.#withheld.delete(message);
  }

  /** All switches off; refused and frozen connections come back. */
  reset(): void {
    this.delayMs = 0;
    this.cutAfterBytes = undefined;
    this.omit = new Set();
    this.#garble = { frames: 0, offset: 0 };
    this.#refusals.clear();
    this.#withheld.clear();
    this.#refuseConnections = false;
    this.#frozen = false;
    this.#stats = "sound";
    this.#onChange();
  }

  /** Called whenever refuseConnections, frozen or stats was set; for the simulator. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** The retval to refuse a request with, counted; undefined: carry it out. */
  takeRefusal(message: string): number | undefined {
    const refusal = this.#refusals.get(message);
    if (refusal === undefined) return undefined;
    this.refuse({ ...refusal, times: refusal.times - 1 });
    return refusal.retval;
  }

  /** True when a request is to have no answer, counted. */
  takeWithheld(message: string): boolean {
    const times = this.#withheld.get(message) ?? 0;
    if (times > 0) this.withhold({ message, times: times - 1 });
    return times > 0;
  }

  /** Garbles a frame about to be sent, in place, when it is to be. */
  corrupt(frame: Uint8Array): void {
    if (this.#garble.frames === 0 || frame.length === 0) return;
    const { after = 0 } = this.#garble;
    if (after > 0) {
      this.#garble = { ...this.#garble, after: after - 1 };
      return;
    }
    const at = Math.min(this.#garble.offset, frame.length - 1);
    frame[at] = frame[at]! ^ 0xff;
    this.#garble = { ...this.#garble, frames: this.#garble.frames - 1 };
  }

  /**
   * How many of the next `size` bytes may be sent, counted: fewer than `size` means that the
   * connection is to be cut after them.
   */
  takeCut(size: number): number {
    if (this.cutAfterBytes === undefined) return size;
    if (this.cutAfterBytes >= size) {
      this.cutAfterBytes -= size;
      return size;
    }
    const send = this.cutAfterBytes;
    this.cutAfterBytes = undefined;
    return send;
  }
}
