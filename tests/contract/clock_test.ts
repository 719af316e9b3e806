/** Runs the contract of Clock against the host's clock and the one of the tests. */
import { setTimeout as sleep } from "node:timers/promises";
import { SystemClock } from "../../src/system/system_clock.ts";
import { FakeClock } from "../support/fakes/fake_clock.ts";
import { clockContract } from "./clock_contract.ts";

clockContract({
  name: "SystemClock",
  open: () => ({ clock: new SystemClock(), pass: (ms) => sleep(ms + 5) }),
});
clockContract({
  name: "FakeClock",
  open() {
    const clock = new FakeClock();
    return { clock, pass: (ms) => clock.advanceAsync(ms) };
  },
});
