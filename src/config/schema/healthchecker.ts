/** The part of the configuration table (schema.ts) that describes the prober. */
import { DAY, type Draft, type Keys, SECOND } from "./types.ts";

const isolationTarget = {
  "address": {
    type: "address",
    zone: true,
    required: true,
    help: "Address of the target. Probes of it run in the namespace of the other probes.",
  },
  "type": {
    type: "word",
    words: ["icmp", "tcp"],
    required: true,
    help: "Kind of probe: an ICMP echo, or a TCP connect.",
  },
  "port": {
    type: "port",
    requiredUnless: { key: "type", is: "icmp" },
    help: "Port of a TCP connect.",
  },
} as const satisfies Keys;

const isolation = {
  "targets": {
    type: "list",
    of: "a target",
    required: true,
    keys: isolationTarget,
    help: "At least two neighbours that answer as long as this host has a network, such as the " +
      "routers next to it. Each is probed twice a second, by each probing thread.",
  },
  "quorum": {
    type: "integer",
    unit: "targets",
    default: 1,
    min: 1,
    max: 100,
    help: "How many targets must answer. While fewer do, failed probes of backends do not count.",
    zero: "is refused: it could never be missed",
    raise: "takes this host to be cut off when some targets fail",
    lower: "takes this host to be cut off only when most targets fail",
  },
  "max-hold": {
    type: "duration",
    unit: "duration",
    default: 60 * SECOND,
    min: SECOND,
    max: DAY,
    help:
      "How long failures do not count at the most; after it they do, until the targets are back.",
    zero: "is refused: leave `isolation` out instead",
    raise: "keeps dead servers in for longer when the targets die, and not the network",
    lower: "takes all servers out earlier when this host is cut off",
  },
} as const satisfies Keys;

export const healthchecker = {
  "transition-history": {
    type: "integer",
    unit: "transitions",
    default: 5,
    min: 1,
    max: 1000,
    help:
      "How many of its newest state changes each backend keeps for `show backends` and the API.",
    zero: "is refused: the newest change is always kept",
    raise: "costs memory, about 200 bytes for each backend and change",
    lower: "forgets sooner how a backend has been",
  },
  "netns": {
    type: "text",
    format: "netns",
    default: "",
    absent: "the daemon's own namespace",
    help:
      "Named network namespace (`/run/netns/NAME`, as `ip netns` makes it) the probes run in. " +
      "The daemon needs CAP_SYS_ADMIN to enter it. One that is missing or cannot be entered is a " +
      "warning at `--check`, and is refused at the start and at a reload. When it vanishes later, " +
      "probes are void until it is back: states and weights stay, and `prober-blind` is logged.",
  },
  "isolation": {
    type: "section",
    optional: true,
    keys: isolation,
    absent: "every failure counts",
    help: "Targets by which the prober finds out that it is cut off itself. See the policies page.",
  },
} as const satisfies Keys;
export type IsolationDraft = Draft<typeof isolation>;
