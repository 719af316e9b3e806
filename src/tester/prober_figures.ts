/** PURE. Figures about the prober itself, which are never taken for those of a VIP. */
import { Histogram } from "./record/histogram.ts";

export class ProberFigures {
  /** Milliseconds by which probes were sent after they were due. */
  readonly lateness = new Histogram();
  sent = 0;
  /** Missed, or beyond the bound of probes in flight. */
  notSent = 0;
  standstills = 0;
  standstillMs = 0;
}
