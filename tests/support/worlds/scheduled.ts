/** Scheduled intents of a checker in few words, with times after the start of the test. */
import type { Checker } from "../../../src/checker/checker.ts";
import { later } from "../../../src/base/instant.ts";
import type { Intent } from "../../../src/intent/intent.ts";
import { FakeClock } from "../fakes/fake_clock.ts";
import { textOfIntent } from "../fakes/intents.ts";
import { WHO } from "./checker_fixture.ts";

const NOW_MS = new FakeClock().wallMs();

/** Options of a request that begins and ends these milliseconds after the start of the test. */
export function window(fromMs: number, untilMs?: number) {
  const end = untilMs === undefined ? {} : { untilMs: later(NOW_MS, untilMs) };
  return { ...WHO, fromMs: later(NOW_MS, fromMs), ...end };
}

/** The intents in force, in few words. */
export function inForce(checker: Checker): string[] {
  return checker.snapshot().intents.list().map(textOfIntent);
}

/** The scheduled intents likewise. */
export function toCome(checker: Checker): string[] {
  return checker.snapshot().intents.scheduled.map(textOfIntent);
}

/** An intent scheduled for these milliseconds after the start of the test. */
export function planned(intent: Intent, fromMs: number, untilMs?: number): Intent {
  const end = untilMs === undefined ? {} : { untilMs: later(NOW_MS, untilMs) };
  return { ...intent, fromMs: later(NOW_MS, fromMs), ...end, scheduled: true } as Intent;
}

/** A clock whose wall time can be set. */
export class SetClock extends FakeClock {
  setMs = 0;

  override wallMs() {
    return later(super.wallMs(), this.setMs);
  }
}
