/** The part of the configuration table that describes the steps of a tcp check. */
import type { Keys } from "../types.ts";

/** Maximum number of steps of a check. */
export const MAX_STEPS = 32;

const step = {
  "send": {
    type: "text",
    format: "bytes",
    absent: "the step is another",
    help: 'Bytes that are sent: a text, with line ends as in `"PING\\r\\n"` (double quotes), or ' +
      "`hex:` and pairs of digits, as in `hex:00 ff`. At most 4 KiB.",
  },
  "expect": {
    type: "text",
    format: "bytes",
    absent: "the step is another",
    help: "Bytes, written as in `send`, that must arrive; bytes before them are skipped.",
  },
  "expect-regexp": {
    type: "text",
    format: "regexp",
    absent: "the step is another",
    help:
      "Regular expression (RE2, as in Go) that must match what arrives. `^` is the end of the match " +
      "before, and `$` the end of what has arrived so far.",
  },
} as const satisfies Keys;

/** A key of params of tcp. */
export const steps = {
  type: "list",
  of: "a step",
  keys: step,
  absent: "the connect, or the handshake, is enough",
  help: "A conversation after the connect, or after the handshake with `ssl`: at most 32 steps, " +
    "each with exactly one of the keys below. All must succeed in this order within `timeout`. An " +
    "expectation fails when the server closes, or when 16 KiB arrived without a match.",
} as const;

export type StepKeys = typeof step;
