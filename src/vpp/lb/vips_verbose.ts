/**
 * Parses `show lb vips verbose`, the only source of a VIP's index in VPP's pool (the index of its
 * counters) and of its src-ip-sticky flag. The grammar is that of format_lb_vip_detailed() and
 * lb_show_vips_command_fn() in VPP's src/plugins/lb/lb.c and cli.c:
 *
 *      ip4-gre4 [1] 198.51.100.11/32 src_ip_sticky removed
 *       new_size:1024
 *       protocol:6 port:443                  unless the VIP is for all ports
 *       dscp:3                               L3DSR
 *       type:nodeport port:80 target_port:8  NAT; VPP does not end this line, so that
 *       counters:                            this one continues it
 *         packet from existing sessions: 0   and three more
 *       #as:1
 *         10.0.0.10 weight:100 buckets:1024 flows:0 dpo:11 used
 *         10.0.0.10 1024 buckets   0 flows  dpo:11 used         up to VPP 26.06
 *
 * The parser is strict: other text is an error with its line, never a guess. It works line by line
 * without regular expressions, because 16,000 servers are 1.3 MB.
 */
import { parseIp } from "../../base/address.ts";
import { finish } from "../../base/finish.ts";
import { FULL_WEIGHT } from "./unweighted.ts";
import type { ActualVip, VipKey } from "./model.ts";

/** One printed VIP, possibly a removed one that VPP has not collected yet. */
export interface VerboseVip extends VipKey {
  readonly poolIndex: number;
  readonly encap: ActualVip["encap"];
  readonly srcIpSticky: boolean;
  readonly removed: boolean;
  readonly newFlowsTableLength: number;
  /** In the order of VPP's pool; removed ones included. */
  readonly servers: readonly VerboseServer[];
}

/** One printed server. */
export interface VerboseServer {
  /** Address as VPP printed it. */
  readonly address: string;
  /** 100 for a VPP without weights. */
  readonly weight: number;
  readonly buckets: number;
  /** Sticky entries that point to this server, over all threads, expired ones included. */
  readonly flows: number;
  /** Load-balance index of its host route. */
  readonly dpo: number;
  /** False: removed, not collected yet. */
  readonly used: boolean;
}

/** The VIPs in the printed order, or the first error. */
export type VerboseResult =
  | { readonly ok: true; readonly vips: readonly VerboseVip[] }
  | {
    readonly ok: false;
    /** 1-based. */
    readonly line: number;
    /** `expected a VIP, found "…"`, the found text cut to 80 characters. */
    readonly message: string;
  };

/** VIPs read between two stops. */
const AT_ONCE = 20;

/** Parses the whole output; text of blank lines only is an empty list. */
export function parseVipsVerbose(text: string): VerboseResult {
  return finish(parsingVipsVerbose(text));
}

/** parseVipsVerbose() in steps. */
export function* parsingVipsVerbose(text: string): Generator<undefined, VerboseResult> {
  const reader = new Reader(text);
  const vips: VerboseVip[] = [];
  try {
    for (reader.skipBlank(); !reader.atEnd; reader.skipBlank()) {
      vips.push(readVip(reader));
      if (vips.length % AT_ONCE === 0) yield;
    }
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    return { ok: false, line: error.line, message: error.message };
  }
  return { ok: true, vips };
}

/** Thrown and caught inside this file only. */
class Mismatch extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** A cursor over lines, and over the characters of the current line. */
class Reader {
  readonly #text: string;
  #lineNumber = 1;
  #lineStart = 0;
  #lineEnd: number;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#lineEnd = this.#endFrom(0);
  }

  get atEnd(): boolean {
    return this.#lineStart >= this.#text.length;
  }

  nextLine(): void {
    this.#lineStart = this.#at = this.#lineEnd + 1;
    this.#lineEnd = this.#endFrom(this.#lineStart);
    this.#lineNumber++;
  }

  skipBlank(): void {
    while (!this.atEnd && this.#lineEnd === this.#lineStart) this.nextLine();
  }

  /** Skips `literal` if it comes next on this line, and returns true. */
  take(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#at)) return false;
    if (this.#at + literal.length > this.#lineEnd) return false;
    this.#at += literal.length;
    return true;
  }

  expect(literal: string, what: string): void {
    if (!this.take(literal)) this.fail(what);
  }

  /** A decimal number up to `max`, without sign or leading zeros. */
  number(what: string, max: number): number {
    const from = this.#at;
    let value = 0;
    while (this.#at < this.#lineEnd) {
      const digit = this.#text.charCodeAt(this.#at) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      this.#at++;
    }
    const leadingZero = this.#at - from > 1 && this.#text.charCodeAt(from) === 48;
    if (this.#at === from || value > max || leadingZero) this.fail(what);
    return value;
  }

  /** Characters, at least one, up to the next `stop`, which stays, or the end of the line. */
  word(stop: string, what: string): string {
    const stopCode = stop.charCodeAt(0);
    const from = this.#at;
    while (this.#at < this.#lineEnd && this.#text.charCodeAt(this.#at) !== stopCode) this.#at++;
    if (this.#at === from) this.fail(what);
    return this.#text.slice(from, this.#at);
  }

  /** Goes to the next line; fails unless this one was read to its end. */
  endLine(): void {
    if (this.#at !== this.#lineEnd) this.fail("the end of the line");
    this.nextLine();
  }

  fail(what: string): never {
    const found = this.atEnd
      ? "the end of the text"
      : JSON.stringify(this.#text.slice(this.#lineStart, this.#lineEnd).slice(0, 80));
    throw new Mismatch(this.#lineNumber, `expected ${what}, found ${found}`);
  }

  #endFrom(start: number): number {
    const end = this.#text.indexOf("\n", start);
    return end < 0 ? this.#text.length : end;
  }
}

const U32_MAX = 0xffff_ffff;

/** lb_vip_type_strings of lb.c, without the family before the hyphen. */
const ENCAPS: ReadonlyMap<string, ActualVip["encap"]> = new Map([
  ["ip4-gre4", "gre4"],
  ["ip4-gre6", "gre6"],
  ["ip6-gre4", "gre4"],
  ["ip6-gre6", "gre6"],
  ["ip4-l3dsr", "l3dsr"],
  ["ip4-nat4", "nat4"],
  ["ip6-nat6", "nat6"],
]);

const COUNTERS = [
  "packet from existing sessions",
  "first session packet",
  "untracked packet",
  "no server configured",
];

function readVip(reader: Reader): VerboseVip {
  const head = readHead(reader);
  reader.expect("  new_size:", "new_size");
  const newFlowsTableLength = reader.number("a table length", U32_MAX);
  reader.endLine();
  const { protocol, port } = readPort(reader);
  readEncapLine(reader);
  reader.expect("  counters:", "counters");
  reader.endLine();
  for (const counter of COUNTERS) {
    reader.expect(`    ${counter}: `, `counter ${JSON.stringify(counter)}`);
    reader.number("a count", Number.MAX_VALUE);
    reader.endLine();
  }
  const servers = readServers(reader);
  return { ...head, protocol, port, newFlowsTableLength, servers };
}

function readHead(reader: Reader) {
  reader.expect(" ", "a VIP");
  const encap = ENCAPS.get(reader.word(" ", "a VIP type")) ?? reader.fail("a VIP type");
  reader.expect(" [", "a pool index");
  const poolIndex = reader.number("a pool index", U32_MAX);
  reader.expect("] ", "a prefix");
  const address = parseIp(reader.word("/", "a prefix")) ?? reader.fail("an IP address");
  reader.expect("/", "a prefix length");
  const prefixLength = reader.number("a prefix length", address.family === 4 ? 32 : 128);
  const srcIpSticky = reader.take(" src_ip_sticky");
  const removed = reader.take(" removed");
  reader.endLine();
  return { address, prefixLength, poolIndex, encap, srcIpSticky, removed };
}

/** A VIP without this line is for all ports: protocol 255 and port 0. */
function readPort(reader: Reader): { protocol: number; port: number } {
  if (!reader.take("  protocol:")) return { protocol: 255, port: 0 };
  const protocol = reader.number("a protocol", 255);
  reader.expect(" port:", "a port");
  const port = reader.number("a port", 65535);
  reader.endLine();
  return { protocol, port };
}

function readEncapLine(reader: Reader): void {
  if (reader.take("  dscp:")) {
    reader.number("a DSCP", 63);
    reader.endLine();
  } else if (reader.take("  type:")) {
    if (!reader.take("clusterip") && !reader.take("nodeport")) reader.fail("a service type");
    reader.expect(" port:", "a port");
    reader.number("a port", 65535);
    reader.expect(" target_port:", "a target port");
    reader.number("a target port", 65535);
  }
}

function readServers(reader: Reader): VerboseServer[] {
  reader.expect("  #as:", "the number of servers");
  const count = reader.number("the number of servers", U32_MAX);
  reader.endLine();
  const servers: VerboseServer[] = [];
  // Bounded by the text: each iteration takes a line or fails.
  for (let i = 0; i < count; i++) {
    servers.push(readServer(reader));
  }
  return servers;
}

function readServer(reader: Reader): VerboseServer {
  reader.expect("    ", "a server");
  const address = reader.word(" ", "an IP address");
  if (parseIp(address) === undefined) reader.fail("an IP address");
  const { weight, buckets, flows } = reader.take(" weight:")
    ? readWeighted(reader)
    : readUnweighted(reader);
  reader.expect(" dpo:", "a dpo");
  const dpo = reader.number("a dpo", U32_MAX);
  const used = reader.take(" used");
  // VPP prints two blanks before "removed" here.
  if (!used && !reader.take("  removed")) reader.fail('"used" or "removed"');
  reader.endLine();
  return { address, weight, buckets, flows, dpo, used };
}

function readWeighted(reader: Reader): Pick<VerboseServer, "weight" | "buckets" | "flows"> {
  const weight = reader.number("a weight", 255);
  reader.expect(" buckets:", "buckets");
  const buckets = reader.number("buckets", U32_MAX);
  reader.expect(" flows:", "flows");
  return { weight, buckets, flows: reader.number("flows", Number.MAX_VALUE) };
}

/** The form of versions up to VPP 26.06. */
function readUnweighted(reader: Reader): Pick<VerboseServer, "weight" | "buckets" | "flows"> {
  reader.expect(" ", "a weight or buckets");
  const buckets = reader.number("a weight or buckets", U32_MAX);
  reader.expect(" buckets   ", "buckets");
  const flows = reader.number("flows", Number.MAX_VALUE);
  reader.expect(" flows ", "flows");
  return { weight: FULL_WEIGHT, buckets, flows };
}
