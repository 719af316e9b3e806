/** The system's clocks, with fractions of a millisecond in Unix time as well. */
import type { WallMs } from "../../src/base/instant.ts";
import { SystemClock } from "../../src/system/system_clock.ts";

/** Unix times are comparable between processes as long as the system's clock is not set. */
export class FineClock extends SystemClock {
  override wallMs(): WallMs {
    return (performance.timeOrigin + performance.now()) as WallMs;
  }
}
