/** Gathers changes of states for a moment, so that readers hear one sentence instead of many. */
import type { DashboardEvent } from "../protocol.ts";
import { announcementOf, type Change } from "./model/announce.ts";

/** Changes within this time are announced together. */
const ANNOUNCE_MS = 2000;

export class Announcer {
  /** A clock that no one sets, in milliseconds. */
  readonly #nowMs: () => number;
  #changes: Change[] = [];
  #atMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Remembers the change of state that the event reports, if it does. */
  note(event: Extract<DashboardEvent, { type: "backend" | "frontend" }>): void {
    if (event.transition === undefined) return;
    const name = event.type === "backend" ? event.backend.name : event.frontend.name;
    if (this.#changes.length === 0) this.#atMs = this.#nowMs() + ANNOUNCE_MS;
    this.#changes.push({ lb: event.maglevd, name, to: event.transition.to });
  }

  /** The sentence, when it is due. `several`: there is more than one load balancer. */
  due(several: boolean): string | undefined {
    if (this.#changes.length === 0 || this.#nowMs() < this.#atMs) return undefined;
    const text = announcementOf(this.#changes, { several });
    this.#changes = [];
    return text;
  }
}
