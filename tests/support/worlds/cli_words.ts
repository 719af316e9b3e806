/**
 * Names and texts of the worlds that maglevc's commands are tested on, and the time there: plain
 * ones, ones of the greatest length, and those of a hostile server.
 */
import { wall } from "../fakes/instants.ts";

/** The instant at which all commands of the tests are given: 2026-03-01 09:30:00Z. */
export const NOW_MS = wall(Date.UTC(2026, 2, 1, 9, 30));

/** Nanoseconds of a Unix time `agoMs` before now. */
export function ago(agoMs: number): bigint {
  return BigInt(Math.round(NOW_MS - agoMs)) * 1_000_000n;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Names and texts of a world. */
export interface Words {
  readonly web: string;
  readonly web1: string;
  readonly web2: string;
  readonly pool: string;
  readonly check: string;
  readonly detail: string;
  readonly reason: string;
  readonly description: string;
  readonly identity: string;
  readonly file: string;
}

export const PLAIN: Words = {
  web: "web",
  web1: "web1",
  web2: "web2",
  pool: "primary",
  check: "https-www",
  detail: "status 503, expected 200-299",
  reason: "new kernel",
  description: "Shop, all countries",
  identity: 'certificate "alice"',
  file: "/etc/vpp-maglev/maglev.yaml",
};

function long(start: string): string {
  return start + "-0123456789".repeat(25).slice(0, 254 - start.length);
}

/** Names of 254 characters. */
export const LONG: Words = {
  web: long("frontend"),
  web1: long("backend"),
  web2: long("other.backend.example.net"),
  pool: long("pool"),
  check: long("check"),
  detail: `no certificate for ${long("name")}`,
  reason: "the mainboard of this machine is to be changed, and nobody knows how long that takes; " +
    "ask the colleagues of the night shift before it is enabled again, they have the spare parts",
  description: `${"a long description of what this frontend is for ".repeat(5)}and so on`,
  identity: `certificate ${JSON.stringify(long("someone"))}`,
  file: `/etc/${long("folder")}/maglev.yaml`,
};

/** Answers of a hostile or broken server. */
export const HOSTILE: Words = {
  web: "web\x1b[2J\x1b[1;31mowned\x1b[0m",
  web1: "web\u202e1bew\u202c",
  web2: "web\r\nshow version\tx",
  pool: "p\u0000o\x07o\x7fl",
  check: "check\x9b31m\u2028next\u2029line",
  detail: "\x1b]0;title\x07 \x1bP+q\x1b\\ \u200bzero\u200dwidth\ufeff",
  reason: "中文字符 cafe\u0301 👍 \u{e0041}tag",
  description: "\x1b[?1049h\x1b[6n",
  identity: "\x08\x08\x08root",
  file: "maglev\n.yaml",
};
