/** Injected faults of VPP that report when they take effect. */
import { Faults, type Garble } from "../../../src/sim/faults.ts";

/** A fault that has just taken effect. */
export type TakenFault = "refusal" | "withheld" | "cut" | "garbled" | "death";

export class WatchedFaults extends Faults {
  hasRefused = false;
  #isGarbling = false;
  readonly #onTaken: (fault: TakenFault) => void;

  constructor(onTaken: (fault: TakenFault) => void) {
    super();
    this.#onTaken = onTaken;
  }

  override takeRefusal(message: string): number | undefined {
    const retval = super.takeRefusal(message);
    this.hasRefused = retval !== undefined;
    if (this.hasRefused) this.#onTaken("refusal");
    return retval;
  }

  override takeWithheld(message: string): boolean {
    const isWithheld = super.takeWithheld(message);
    if (isWithheld) this.#onTaken("withheld");
    return isWithheld;
  }

  override takeCut(size: number): number {
    const sent = super.takeCut(size);
    if (sent < size) this.#onTaken("cut");
    return sent;
  }

  override garble(garble: Garble): void {
    super.garble(garble);
    this.#isGarbling = garble.frames > 0;
  }

  override corrupt(frame: Uint8Array): void {
    const before = this.#isGarbling ? frame.slice() : frame;
    super.corrupt(frame);
    if (frame === before || frame.every((byte, i) => byte === before[i])) return;
    this.#onTaken("garbled");
  }
}
