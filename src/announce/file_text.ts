/** Renders and reads the file of announced prefixes. PURE. */
import { parseIp } from "../base/address.ts";

/** The forms of the file. */
export type AnnounceFormat = "bird" | "json" | "text";

const HEAD = "# Written by maglevd; changes are lost.\n";

/** The file's text; `prefixes` in CIDR form, sorted. */
export function announceText(format: AnnounceFormat, prefixes: readonly string[]): string {
  const ipv4 = prefixes.filter((prefix) => !prefix.includes(":"));
  const ipv6 = prefixes.filter((prefix) => prefix.includes(":"));
  switch (format) {
    case "bird":
      return `${HEAD}define MAGLEV_IPV4 = ${birdSet(ipv4)};\n` +
        `define MAGLEV_IPV6 = ${birdSet(ipv6)};\n`;
    case "json":
      return `${JSON.stringify({ ipv4, ipv6 }, undefined, 2)}\n`;
    case "text":
      return prefixes.map((prefix) => `${prefix}\n`).join("");
  }
}

/** A set literal of BIRD 2; the empty one is `[]`. */
function birdSet(prefixes: readonly string[]): string {
  return prefixes.length === 0 ? "[]" : `[\n${prefixes.map((each) => `  ${each}`).join(",\n")}\n]`;
}

/** Length of the longest prefix: IPv6 with an IPv4 address in its last words. */
const MAX_PREFIX = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128".length;

/** The prefixes in a file of any form; anything else in it is ignored. Takes linear time. */
export function announcedIn(text: string): readonly string[] {
  const found = new Set<string>();
  for (const [word] of text.matchAll(/[0-9a-fA-F:./]+/g)) {
    if (word.length > MAX_PREFIX) continue;
    const [address = "", length] = word.split("/", 2);
    const parsed = parseIp(address);
    if (parsed === undefined) continue;
    if (Number(length) === (parsed.family === 4 ? 32 : 128)) found.add(`${parsed.text}/${length}`);
  }
  return [...found].sort();
}
