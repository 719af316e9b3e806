/** The part of the configuration table that describes dns and udp checks. */
import type { Keys } from "../types.ts";

/** Types of records by name. */
export const DNS_TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DS: 43,
  DNSKEY: 48,
  CAA: 257,
} as const;

export type DnsType = keyof typeof DNS_TYPES;

/** Names of answer codes by number (RFC 1035, RFC 2136). */
export const DNS_RCODES = [
  "NOERROR",
  "FORMERR",
  "SERVFAIL",
  "NXDOMAIN",
  "NOTIMP",
  "REFUSED",
  "YXDOMAIN",
  "YXRRSET",
  "NXRRSET",
  "NOTAUTH",
  "NOTZONE",
] as const;

export type DnsRcode = typeof DNS_RCODES[number];

/** Keys of params of dns. */
export const dns = {
  "name": {
    type: "text",
    format: "dns-name",
    required: true,
    help:
      "Name that is asked for, such as `www.example.com`, or `.` for the root. Its letters are " +
      "sent in random case, which the answer must repeat.",
  },
  "qtype": {
    type: "word",
    words: Object.keys(DNS_TYPES) as DnsType[],
    default: "A",
    help: "Type of the records that are asked for.",
  },
  "transport": {
    type: "word",
    words: ["udp", "tcp"],
    default: "udp",
    help: "Protocol of the question. After a truncated answer over UDP, TCP is tried.",
  },
  "rcode": {
    type: "word",
    words: DNS_RCODES,
    default: "NOERROR",
    help: "Code that the answer must have.",
  },
  "answer": {
    type: "text",
    format: "regexp",
    absent: "any records, or none",
    help:
      "Regular expression (RE2, as in Go) that must match the records of the answer, at most 256. " +
      "Each is a line with type and value, names in lower case: `A 192.0.2.1`, " +
      "`MX 10 mail.example.com.`; `^` and `$` are the ends of a line.",
  },
  "recursion": {
    type: "boolean",
    default: true,
    help: "Asks the server to resolve names that it does not serve itself (RD). An authoritative " +
      "server ignores it.",
  },
} as const satisfies Keys;

/** Keys of params of udp. */
export const udp = {
  "send": {
    type: "text",
    format: "bytes",
    required: true,
    help: "Bytes of the datagram: a text, or `hex:` and pairs of digits. Datagrams of more than " +
      "some 1,400 bytes are sent in fragments, which a firewall may drop.",
  },
  "expect": {
    type: "text",
    format: "bytes",
    absent: "any answer passes",
    help: "Bytes, written as in `send`, that must be in the first answer, within its first 1,472 " +
      "bytes.",
  },
  "silence": {
    type: "word",
    words: ["fail", "pass"],
    default: "fail",
    help:
      "Result without an answer. A pass proves little: no error was reported, but a host that " +
      "is down and a firewall that drops report none either.",
  },
} as const satisfies Keys;
