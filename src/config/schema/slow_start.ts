/** The keys of a frontend's `slow-start`. */
import { DAY, type Keys, SECOND } from "./types.ts";

export const slowStart = {
  "duration": {
    type: "duration",
    unit: "duration",
    default: 60 * SECOND,
    min: SECOND,
    max: DAY,
    help: "How long a server takes from its first step to its whole weight.",
    zero: "is refused: leave `slow-start` out",
    raise: "leaves more of the load to the other servers for longer",
    lower: "gives a cold server its whole load earlier",
  },
  "steps": {
    type: "integer",
    unit: "steps",
    default: 3,
    min: 2,
    max: 5,
    help: "Number of steps, the whole weight included. They are equal parts of the weight. Where " +
      "the weights of the pool exceed the new-flow table they are equal parts of its buckets.",
    zero: "is refused: leave `slow-start` out",
    raise: "moves more new flows between the other servers, because each step moves some",
    lower: "gives a cold server more load at its first step",
  },
} as const satisfies Keys;
