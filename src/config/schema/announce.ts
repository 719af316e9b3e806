/** The keys about announcing VIPs: those of the file, and those of a frontend. */
import { DAY, type Keys, SECOND } from "./types.ts";

/** Keys of `maglev.announce`. */
export const announceFile = {
  "file": {
    type: "text",
    format: "file",
    required: true,
    help:
      "Absolute path of the file with the announced prefixes. maglevd replaces it atomically; " +
      "its folder must be writable (`MAGLEV_WRITE_PATHS`, and `ReadWritePaths=` of the unit).",
  },
  "format": {
    type: "word",
    words: ["bird", "json", "text"],
    default: "bird",
    help:
      "`bird`: `define MAGLEV_IPV4` and `MAGLEV_IPV6`, sets of prefixes for BIRD 2. `json`: an " +
      "object with lists `ipv4` and `ipv6`. `text`: a prefix a line.",
  },
  "on-stop": {
    type: "word",
    words: ["keep", "withdraw"],
    default: "keep",
    help: "When maglevd stops, `keep` leaves the file as it is, because VPP goes on. `withdraw` " +
      "empties it.",
  },
  "on-vpp-away": {
    type: "word",
    words: ["keep", "withdraw"],
    default: "keep",
    help: "When VPP cannot be reached, `keep` leaves the file as it is. `withdraw` empties it " +
      "after 5 seconds, until VPP is programmed again.",
  },
} as const satisfies Keys;

/** Keys of a frontend's `announce`. */
export const announce = {
  "min-up": {
    type: "integer",
    unit: "servers",
    default: 1,
    min: 1,
    max: 65536,
    help: "The prefix of the VIP is announced while at least this many servers have weight in VPP.",
    zero: "is refused: a VIP without servers would be announced",
    raise: "withdraws while some servers still serve",
    lower: "leaves more load to few servers",
  },
  "hysteresis": {
    type: "duration",
    unit: "duration",
    default: 10 * SECOND,
    min: 0,
    max: DAY,
    help: "How long the frontend must be above the border without a break before its prefix is " +
      "announced again. It is withdrawn immediately.",
    zero: "announces immediately: each flap at the border changes the routing",
    raise: "leaves the traffic longer at other load balancers",
    lower: "lets the routing flap more often",
  },
} as const satisfies Keys;
