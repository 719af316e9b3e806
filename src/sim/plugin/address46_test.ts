import assert from "node:assert/strict";
import { parseIp } from "../../base/address.ts";
import {
  address46,
  formatAddress46,
  formatPrefix46,
  isIp4,
  length46,
  normalize,
  toIp,
} from "./address46.ts";

Deno.test("address46: an address with twelve leading zero bytes is IPv4", () => {
  const cases: [string, boolean, string, string][] = [
    ["192.0.2.1", true, "192.0.2.1", "192.0.2.1"],
    ["::c000:201", true, "192.0.2.1", "192.0.2.1"],
    ["::", true, "0.0.0.0", "0.0.0.0"],
    ["2001:db8::", false, "2001:db8::", "2001:db8::"],
    ["1:0:0:2::3", false, "1:0:0:2::3", "1:0:0:2::3"],
    // VPP prints a mapped address in hexadecimal, unlike RFC 5952.
    ["::ffff:192.0.2.1", false, "::ffff:192.0.2.1", "::ffff:c000:201"],
  ];
  for (const [text, ip4, ip, printed] of cases) {
    const address = address46(parseIp(text)!);
    assert.deepEqual([isIp4(address), toIp(address).text, formatAddress46(address)], [
      ip4,
      ip,
      printed,
    ]);
  }
});

Deno.test("normalize and formatPrefix46 return VPP's text for a prefix", () => {
  const cases: [string, number, string][] = [
    ["192.0.2.99", 32, "192.0.2.99/32"],
    ["192.0.2.99", 24, "192.0.2.0/24"],
    ["192.0.2.99", 0, "0.0.0.0/0"],
    ["2001:db8:1:2:3::", 64, "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff::", 65, "2001:db8:1:2:8000::/65"],
    ["2001:db8::1", 127, "2001:db8::/127"],
    ["2001:db8::1", 0, "::/0"],
    ["::192.0.2.1", 128, "192.0.2.1/32"],
    ["::192.0.2.1", 64, "::/64"],
    // No such IPv4 prefix exists; this is what VPP makes of it.
    ["192.0.2.79", 33, "0.0.0.0/33"],
  ];
  for (const [text, len, want] of cases) {
    const ip = parseIp(text)!;
    const length = length46(ip, len);
    assert.equal(formatPrefix46(normalize(address46(ip), length), length), want, `${text}/${len}`);
  }
});
