/** The part of the configuration table (schema.ts) about backends that flap. */
import { DAY, type Draft, type Keys, SECOND } from "../types.ts";

export const damping = {
  "half-life": {
    type: "duration",
    unit: "duration",
    default: 300 * SECOND,
    min: SECOND,
    max: DAY,
    help:
      "Each time the backend goes down its penalty grows by 1. In this time the penalty falls " +
      "to half of what it is.",
    zero: "is refused: a penalty would be gone immediately",
    raise: "remembers earlier failures for longer, and holds for longer",
    lower: "forgives sooner",
  },
  "suppress": {
    type: "decimal",
    unit: "penalty",
    default: 3,
    min: 0.01,
    max: 1000,
    help: "With a penalty of this or more the backend stays down, even when its checks pass. It " +
      "must be greater than `reuse`.",
    zero: "is refused: leave `damping` out instead",
    raise: "lets a backend flap more often",
    lower: "holds after fewer failures; with 1 after the first",
  },
  "reuse": {
    type: "decimal",
    unit: "penalty",
    default: 1,
    min: 0.01,
    max: 1000,
    help: "The penalty at which a backend that is held may come up again.",
    zero: "is refused: a penalty never falls to zero",
    raise: "ends a hold sooner",
    lower: "holds for longer",
  },
  "max-hold": {
    type: "duration",
    unit: "duration",
    default: 1800 * SECOND,
    min: SECOND,
    max: DAY,
    help: "The longest time that a backend is held, whatever its penalty.",
    zero: "is refused: leave `damping` out instead",
    raise: "keeps a server that flaps out for longer",
    lower: "lets a server that flaps back sooner",
  },
} as const satisfies Keys;

export type DampingDraft = Draft<typeof damping>;
