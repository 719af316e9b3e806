/**
 * The configuration as one table: every key with its type, default, rule and help. The decoder
 * (decode.ts), the types of values (types.ts), the JSON Schema and the reference page (tools/docs/)
 * follow from it. Rules that look at more than one key are in check/.
 *
 * Bounds that the specification does not name are ours. Durations end at 24 hours because timers
 * count 31 bits of milliseconds; the history ends at 1000 because each backend holds one.
 */
import { announce, announceFile } from "./announce.ts";
import { encap } from "./encap.ts";
import { slowStart } from "./slow_start.ts";
import { healthcheck } from "./healthcheck.ts";
import { healthchecker } from "./healthchecker.ts";
import { DAY, type Draft, type Keys, SECOND } from "./types.ts";

const vppLb = {
  "sync-interval": {
    type: "duration",
    unit: "duration",
    default: 30 * SECOND,
    min: 1,
    max: DAY,
    defaultIfNotPositive: true,
    help: "Period of the full reconciliation: all of VPP's lb state is read and drift is " +
      "repaired. Changes of health are programmed immediately and do not wait for it.",
    zero: "or less stands for the default, with a warning",
    raise: "leaves drift (for example a manual change in VPP) unrepaired for longer",
    lower: "reads VPP more often: two dumps for each run",
  },
  "ipv4-src-address": {
    type: "address",
    family: 4,
    required: true,
    help: "Source address of the GRE4 packets that VPP sends to IPv4 application servers.",
  },
  "ipv6-src-address": {
    type: "address",
    family: 6,
    required: true,
    help: "Source address of the GRE6 packets that VPP sends to IPv6 application servers.",
  },
  "sticky-buckets-per-core": {
    type: "integer",
    unit: "buckets",
    default: 65536,
    min: 1,
    max: 2 ** 25,
    powerOfTwo: true,
    help:
      "Size of the table in which each VPP thread remembers the servers of established flows. " +
      "A bucket has room for four flows and takes 64 bytes. A change makes VPP forget " +
      "the flows of all VIPs. More than 4194304 draws a warning, because VPP aborts when its heap " +
      "has no room for the table, and because every flush visits each bucket.",
    zero: "is refused: VPP would accept it, and crash at the first packet",
    raise: "costs VPP memory and makes each flush slower, on every thread",
    lower: "makes flows collide: one that finds no room may change its server when a pool changes",
  },
  "flow-timeout": {
    type: "duration",
    unit: "whole seconds",
    default: 40 * SECOND,
    min: SECOND,
    max: 120 * SECOND,
    wholeSeconds: true,
    help: "How long VPP remembers a flow that has gone silent.",
    zero: "is refused: VPP counts whole seconds from 1",
    raise: "keeps dead flows in the sticky table, which fills it",
    lower: "lets a quiet but living connection be sent to another server after a change",
  },
  "startup-min-delay": {
    type: "duration",
    unit: "duration",
    default: 5 * SECOND,
    min: 0,
    max: DAY,
    help: "Warm-up: time after the daemon's start in which nothing is programmed, while probes " +
      "find the servers that are alive.",
    zero: "lets a frontend be programmed as soon as all its backends are known",
    raise: "leaves VPP as it was for longer after a restart of the daemon",
    lower: "may program a pool before slow servers have answered",
  },
  "startup-max-delay": {
    type: "duration",
    unit: "duration",
    default: 30 * SECOND,
    min: 0,
    max: DAY,
    help: "Warm-up: when this has passed since the start, frontends are programmed even if " +
      "backends are still unknown. Backends with void probes only, because the prober itself " +
      "failed, keep their weight in VPP. Not less than `startup-min-delay`.",
    zero: "in both delays switches the warm-up off",
    raise: "waits longer for backends that never answer",
    lower: "takes servers out that have not had the time to answer",
  },
  "counters-interval": {
    type: "duration",
    unit: "duration",
    default: 5 * SECOND,
    min: 1,
    max: DAY,
    help: "Period of the snapshot of VPP's counters that metrics and API show.",
    zero: "is refused: there would be no counters",
    raise: "shows older figures; keep it below the scrape interval of Prometheus",
    lower: "reads VPP's stats segment more often",
  },
  "max-removal": {
    type: "integer",
    unit: "percent",
    default: 100,
    min: 0,
    max: 100,
    help:
      "A reload that removes a greater share of all VIPs, or of all their servers, is refused " +
      "unless it names its plan (`config reload plan <hash>`). A change of " +
      "`sticky-buckets-per-core` counts as 100. The value in force counts, not the new file's.",
    zero: "asks for the plan whenever a VIP or a server is removed",
    raise: "lets a wrong file remove more; 100 refuses nothing",
    lower: "asks for the plan more often: SIGHUP then reloads less",
  },
  "new-flows-table-length": {
    type: "integer",
    unit: "buckets",
    default: 1024,
    min: 2,
    max: 65536,
    powerOfTwo: true,
    help: "Buckets of the Maglev table of each VIP, over which new flows are spread. A change " +
      "makes VPP delete and create every VIP again.",
    zero: "is refused: VPP would accept it, and crash at the first packet",
    raise: "costs VPP memory and time at each change, and spreads more evenly",
    lower: "spreads coarsely: use at least 100 buckets for each server. A server has no more " +
      "buckets than its weight, so a table shorter than the sum of a pool's weights cuts the " +
      "greatest of them, which draws a warning",
  },
} as const satisfies Keys;

const backend = {
  "address": {
    type: "address",
    zone: true,
    required: true,
    help: "Address of the application server: probes go there, and VPP's GRE packets. One IP " +
      "literal; names are not looked up. A link-local address with its interface " +
      "(`fe80::1%eth0`) can be probed, but not be in a frontend: VPP cannot send to it.",
  },
  "healthcheck": {
    type: "reference",
    to: "healthchecks",
    absent: "a static backend, always up",
    help: "Name of the healthcheck that decides whether it is up.",
  },
  "enabled": {
    type: "boolean",
    default: true,
    help: "False starts the backend disabled: no probes, no traffic, flows flushed.",
  },
} as const satisfies Keys;

const poolBackend = {
  "weight": {
    type: "integer",
    unit: "share",
    default: 100,
    min: 0,
    max: 100,
    help: "Share of the new flows, against the weights of the other backends in the pool.",
    zero: "sends no new flows; established ones stay",
    raise: "takes flows from the others in the pool",
    lower: "gives flows to the others in the pool",
  },
} as const satisfies Keys;

const pool = {
  "name": {
    type: "text",
    format: "name",
    required: true,
    help: "Name of the pool, unique in its frontend.",
  },
  "backends": {
    type: "named",
    of: "a backend",
    names: "referred",
    required: true,
    keys: poolBackend,
    help: "The pool's backends, at least one, by name. `{}` or nothing after a name gives it " +
      "all defaults.",
  },
  "max-down": {
    type: "share",
    unit: "servers",
    absent: "no brake",
    min: 1,
    max: 100_000,
    help:
      "How many servers of the pool may be out because of their health at a time: a number, or " +
      "a percentage, rounded down, but at least one. Further ones that fail are held: they keep " +
      "their weight until another one is back. See the policies page.",
    zero: "is refused: one server at least may go out",
    raise: "lets more servers go out; 100% has no effect",
    lower: "keeps more servers in that fail, and sends them new flows",
  },
  ...encap,
} as const satisfies Keys;

const frontend = {
  "description": {
    type: "text",
    format: "line",
    default: "",
    help: "Anything that helps people recognise it.",
  },
  "address": {
    type: "address",
    required: true,
    help:
      "The VIP: the address clients connect to. VPP takes every packet to it, as a /32 or /128.",
  },
  "protocol": {
    type: "word",
    words: ["tcp", "udp"],
    together: "port",
    absent: "any protocol",
    help: "Protocol of the VIP. Comes together with `port`, or not at all; with `port: 0` it has " +
      "no effect.",
  },
  "port": {
    type: "port",
    together: "protocol",
    absent: "all ports",
    zero: "all ports, and all protocols, as without the key",
    help: "Port of the VIP. Comes together with `protocol`, or not at all.",
  },
  "pools": {
    type: "list",
    of: "a pool",
    required: true,
    keys: pool,
    help: "Pools in order of preference, at least one: traffic goes to the first that has a " +
      "backend up with a weight above 0.",
  },
  "src-ip-sticky": {
    type: "boolean",
    default: false,
    help: "All flows of one client address go to one server. A change makes VPP delete " +
      "and create the VIP again.",
  },
  "flush-on-down": {
    type: "boolean",
    default: true,
    help:
      "When a backend goes down its established flows move to other servers immediately. False " +
      "leaves them, for servers whose probes fail more often than their service.",
  },
  "on-all-down": {
    type: "word",
    words: ["close", "last-good"],
    default: "close",
    help: "What happens when health takes the last server with weight. `close` gives all of them " +
      "weight 0. `last-good` leaves weights and flows as VPP has them until a server comes up, " +
      "because a check that fails everywhere is often itself at fault; see the policies page.",
  },
  "slow-start": {
    type: "section",
    optional: true,
    keys: slowStart,
    absent: "a server that comes up has its whole weight immediately",
    help: "Raises the weight of a server that comes up in steps, while another server of the " +
      "pool has its whole weight. All steps move more new flows than a single one; see the " +
      "policies page.",
  },
  "announce": {
    type: "section",
    optional: true,
    keys: announce,
    absent: "the VIP is not announced by maglevd",
    help: "Announces the VIP's prefix in the file of `maglev.announce` while enough servers have " +
      "weight. Frontends of one address share a prefix: all with this key must be above their " +
      "border.",
  },
} as const satisfies Keys;

/** Keys below `maglev`. */
export const MAGLEV = {
  "healthchecker": {
    type: "section",
    keys: healthchecker,
    help: "Settings of all health checks.",
  },
  "vpp": {
    type: "section",
    keys: {
      "lb": {
        type: "section",
        optional: true,
        keys: vppLb,
        absent: "an error when VPP is on",
        help: "VPP's lb plugin, and how it is kept in step. Needed unless VPP is switched off " +
          "with `--vpp-api-addr ''`.",
      },
    },
    help: "Settings of VPP.",
  },
  "announce": {
    type: "section",
    optional: true,
    keys: announceFile,
    absent: "no file is written",
    help: "The file from which a routing daemon takes the prefixes to announce.",
  },
  "healthchecks": {
    type: "named",
    of: "a healthcheck",
    names: "defined",
    keys: healthcheck,
    help: "How servers are probed; backends refer to these by name.",
  },
  "backends": {
    type: "named",
    of: "a backend",
    names: "defined",
    keys: backend,
    help: "The application servers; pools refer to these by name.",
  },
  "frontends": {
    type: "named",
    of: "a frontend",
    names: "defined",
    keys: frontend,
    help: "The VIPs, each with its pools.",
  },
} as const satisfies Keys;

/** The file. */
export const ROOT = {
  "maglev": {
    type: "section",
    optional: true,
    keys: MAGLEV,
    help: "Everything is below this key.",
  },
} as const satisfies Keys;

/** The decoded file, typed by the table. */
export type ConfigDraft = Draft<typeof MAGLEV>;
export type HealthcheckDraft = Draft<typeof healthcheck>;
export type VppLbDraft = Draft<typeof vppLb>;
export type FrontendDraft = Draft<typeof frontend>;
export type PoolDraft = Draft<typeof pool>;
export type AnnounceFileDraft = Draft<typeof announceFile>;
export type AnnounceDraft = Draft<typeof announce>;
export type SlowStartDraft = Draft<typeof slowStart>;
export type BackendDraft = Draft<typeof backend>;
