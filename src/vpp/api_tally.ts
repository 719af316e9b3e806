/** Counts VPP's messages in all, next to the observer that counts them by name. */
import type { ApiObserver, ApiTotals } from "./ports.ts";

export class ApiTally implements ApiObserver, ApiTotals {
  readonly #next: ApiObserver | undefined;
  sent = 0;
  errors = 0;

  /** `next`: is called with each message too. */
  constructor(next: ApiObserver | undefined) {
    this.#next = next;
  }

  message(name: string, direction: "send" | "recv", result: string): void {
    if (direction === "send") this.sent++;
    // "ignored": a message that answers nothing.
    else if (result !== "ok" && result !== "ignored") this.errors++;
    this.#next?.message(name, direction, result);
  }
}
