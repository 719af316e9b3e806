/** PURE. maglevt's flags; the usage text is derived from this table. */
import { type IpAddress, parseIp } from "../base/address.ts";
import { formatDuration, parseDuration } from "../base/duration.ts";
import { textProblem } from "../config/schema/text_rules.ts";
import { type FlagTable, readSettings, type Settings } from "../system/settings.ts";
import { ABOUT_FLAGS } from "../system/shared_flags.ts";
import type { Rules } from "./rules.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const MAGLEVT_FLAGS = {
  config: {
    kind: "string",
    list: true,
    default: "/etc/vpp-maglev/maglev.yaml",
    env: "MAGLEV_CONFIG",
    grants: "configs",
    placeholder: "PATH",
    help: "configuration file with the VIPs; several with commas, or by several flags",
  },
  interval: {
    kind: "duration",
    default: 100,
    min: 10,
    max: MINUTE_MS,
    placeholder: "TIME",
    help: "time between two probes of a VIP; each VIP draws its own within 10 % of it",
  },
  timeout: {
    kind: "duration",
    default: 2000,
    min: 10,
    max: 5 * MINUTE_MS,
    placeholder: "TIME",
    help: "longest wait for an answer",
  },
  host: {
    kind: "string",
    default: "",
    placeholder: "NAME",
    help: "Host header, and the name in TLS; empty: that of the health check, else the VIP",
  },
  uri: {
    kind: "string",
    default: "/.well-known/ipng/healthz",
    placeholder: "URI",
    help: "path of the request; --path is the same",
  },
  path: {
    kind: "string",
    default: "",
    placeholder: "URI",
    help: "the same as --uri",
    hidden: true,
  },
  header: {
    kind: "string",
    default: "X-IPng-Frontend",
    placeholder: "NAME",
    help: "response header that names the server, for the tally; empty: no tally",
  },
  "response-code": {
    kind: "string",
    default: "200-399",
    placeholder: "CODES",
    help: "status codes that pass, such as 200-299,404",
  },
  insecure: {
    kind: "boolean",
    default: true,
    help: "accept any certificate; --insecure=false verifies them",
  },
  keepalive: {
    kind: "boolean",
    default: false,
    help: "use connections again; each probe is otherwise a new one, and is hashed again",
  },
  filter: {
    kind: "string",
    default: "",
    placeholder: "REGEX",
    help: "probe only VIPs whose name or address:port matches (RE2)",
  },
  source: {
    kind: "string",
    list: true,
    default: "",
    placeholder: "IP",
    help: "address of this host to probe from; one of each family",
  },
  duration: {
    kind: "duration",
    default: 0,
    min: 0,
    max: 366 * DAY_MS,
    placeholder: "TIME",
    help: "end after this time; 0s: run until a signal or q",
  },
  grace: {
    kind: "duration",
    default: 0,
    min: 0,
    max: DAY_MS,
    placeholder: "TIME",
    help: "failures of this time after the start do not count",
  },
  "outage-after": {
    kind: "integer",
    default: 2,
    min: 1,
    max: 1000,
    placeholder: "N",
    help: "failures in a row that are an outage; fewer are loss",
  },
  "max-outage": {
    kind: "string",
    default: "",
    placeholder: "TIME",
    help: "rule: exit 3 when a VIP had a longer outage",
  },
  "max-p99": {
    kind: "string",
    default: "",
    placeholder: "TIME",
    help: "rule: exit 3 when a VIP's 99th percentile is higher",
  },
  "min-ok": {
    kind: "string",
    default: "",
    placeholder: "PERCENT",
    help: "rule: exit 3 when fewer of a VIP's probes passed",
  },
  output: {
    kind: "string",
    default: "auto",
    choices: ["auto", "tui", "json"],
    placeholder: "FORM",
    help: "tui, or a line of json per second; auto: tui on a terminal, else json",
  },
  log: {
    kind: "string",
    default: "",
    grants: "output",
    placeholder: "PATH",
    help: "append the JSON lines to this file, also beside the screen",
  },
  ...ABOUT_FLAGS,
} as const satisfies FlagTable;

export type MaglevtSettings = Settings<typeof MAGLEVT_FLAGS>;

/** Status codes as closed ranges. */
type CodeRanges = readonly (readonly [from: number, to: number])[];

/** The settings in the form in which they are used. */
export interface CommandLine {
  readonly kind: "ok";
  readonly settings: MaglevtSettings;
  readonly configs: readonly string[];
  readonly uri: string;
  readonly codes: CodeRanges;
  readonly sources: readonly IpAddress[];
  readonly rules: Rules;
}

interface Mistake {
  readonly kind: "error";
  readonly message: string;
}

/** Reads the arguments. */
export function readCommandLine(
  args: readonly string[],
  env: (name: string) => string | undefined,
): CommandLine | Mistake {
  const read = readSettings(MAGLEVT_FLAGS, { args, env });
  if (read.kind === "error") return read;
  const { settings, given } = read;
  try {
    if (given.has("uri") && given.has("path") && settings.uri !== settings.path) {
      throw new FlagProblem("path", "--uri is given too; use one of the two");
    }
    const uri = given.has("path") ? settings.path : settings.uri;
    checkText("uri", textProblem("path", uri));
    checkText("host", textProblem("host", settings.host));
    checkText("header", headerNameProblem(settings.header));
    return {
      kind: "ok",
      settings,
      configs: partsOf(settings.config),
      uri,
      codes: readCodes(settings["response-code"]),
      sources: readSources(settings.source),
      rules: {
        maxOutageMs: readLimit("max-outage", settings["max-outage"]),
        maxP99Ms: readLimit("max-p99", settings["max-p99"]),
        minOkPercent: readPercent(settings["min-ok"]),
      },
    };
  } catch (error) {
    if (!(error instanceof FlagProblem)) throw error;
    return { kind: "error", message: `flag --${error.flag}: ${error.message}` };
  }
}

/** A value that the flag does not accept. */
class FlagProblem extends Error {
  readonly flag: string;

  constructor(flag: string, message: string) {
    super(message);
    this.flag = flag;
  }
}

function partsOf(list: string): readonly string[] {
  return list.split(",").map((part) => part.replace(/^[ \t]+|[ \t]+$/g, "")).filter((part) =>
    part !== ""
  );
}

function checkText(flag: string, problem: string | undefined): void {
  if (problem !== undefined) throw new FlagProblem(flag, problem);
}

/** RFC 9110, 5.1. */
function headerNameProblem(name: string): string | undefined {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]{0,128}$/.test(name)) return undefined;
  return `cannot use "${name}": need the name of a header, without its colon`;
}

function readCodes(text: string): CodeRanges {
  const ranges = partsOf(text).map((part) => {
    const match = /^(\d{3})(?:-(\d{3}))?$/.exec(part);
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (match !== null && from >= 100 && to >= from && to < 600) return [from, to] as const;
    throw new FlagProblem(
      "response-code",
      `cannot use "${part}": need a code such as 200, or a range such as 200-299`,
    );
  });
  if (ranges.length > 0) return ranges;
  throw new FlagProblem("response-code", "the list is empty: no answer could pass");
}

function readSources(text: string): readonly IpAddress[] {
  const sources = partsOf(text).map((part) => {
    const address = parseIp(part);
    if (address !== undefined) return address;
    throw new FlagProblem("source", `cannot use "${part}": need an IP address`);
  });
  if (new Set(sources.map(({ family }) => family)).size < sources.length) {
    throw new FlagProblem("source", "give at most one address of each family");
  }
  return sources;
}

/** A duration of at least 0 in milliseconds; undefined: not given. */
function readLimit(flag: string, text: string): number | undefined {
  if (text === "") return undefined;
  const value = parseDuration(text);
  if (value !== undefined && value >= 0) return value;
  throw new FlagProblem(
    flag,
    `cannot use "${text}": need a duration such as ${formatDuration(500)}`,
  );
}

function readPercent(text: string): number | undefined {
  if (text === "") return undefined;
  const match = /^(\d{1,3}(?:\.\d{1,6})?)%?$/.exec(text);
  const value = Number(match?.[1]);
  if (value <= 100) return value;
  throw new FlagProblem("min-ok", `cannot use "${text}": need a percentage such as 99.9`);
}
