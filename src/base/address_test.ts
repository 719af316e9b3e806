import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addressKind,
  bytesOf,
  compareIp,
  embeddedIpv4,
  ipFromBytes,
  parseIp,
  plainAddress,
} from "./address.ts";

const bytes4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Many zero bytes, so that runs of zero groups of every length and place come up. */
const bytes16 = fc.array(
  fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 255 })),
  {
    minLength: 16,
    maxLength: 16,
  },
).map((list) => Uint8Array.from(list));
const anyBytes = fc.oneof(bytes4, bytes16);

Deno.test("parseIp: canonical text of accepted addresses", () => {
  const cases: [text: string, canonical: string][] = [
    ["0.0.0.0", "0.0.0.0"],
    ["192.0.2.1", "192.0.2.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["::ffff:c000:201", "::ffff:192.0.2.1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
    ["ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ];
  for (const [text, canonical] of cases) assert.equal(parseIp(text)?.text, canonical, text);
});

Deno.test("parseIp: rejects texts that are not address literals", () => {
  const cases = [
    "",
    " ",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.04",
    "0x1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4\n",
    "1.2.3.4/32",
    "1.2.3.4%eth0",
    "+1.2.3.4",
    "१.2.3.4",
    ":",
    ":::",
    ":1",
    "1:",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "1::2:3:4:5:6:7:8",
    "12345::",
    "g::",
    "::1.2.3",
    "::1.2.3.256",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "[::1]",
    "::1\n",
    "-1::",
  ];
  for (const text of cases) assert.equal(parseIp(text), undefined, JSON.stringify(text));
});

Deno.test("parseIp accepts a zone on request, on IPv6 only", () => {
  assert.equal(parseIp("fe80::1%eth0"), undefined);
  const scoped = parseIp("FE80::1%eth0", { allowZone: true });
  assert.deepEqual([scoped?.text, scoped?.zone], ["fe80::1%eth0", "eth0"]);
  for (const text of ["fe80::1%", "fe80::1%a b", "1.2.3.4%eth0", "fe80::1%0123456789abcdef"]) {
    assert.equal(parseIp(text, { allowZone: true }), undefined, text);
  }
});

Deno.test("parseIp reads back the text of any bytes, and the text is canonical", () => {
  fc.assert(fc.property(anyBytes, (bytes) => {
    const address = ipFromBytes(bytes);
    const parsed = parseIp(address.text);
    assert.deepEqual(parsed, address);
    assert.equal(address.family, bytes.length === 4 ? 4 : 6);
  }));
});

Deno.test("ipFromBytes of 16 bytes writes the URL parser's text (RFC 5952), except for mapped IPv4", () => {
  fc.assert(fc.property(bytes16, (bytes) => {
    const { text } = ipFromBytes(bytes);
    if (text.includes(".")) {
      assert.deepEqual([...bytes.slice(0, 12)], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]);
      return;
    }
    assert.equal(`[${text}]`, new URL(`http://[${text}]/`).hostname);
  }));
});

Deno.test("parseIp accepts the same IPv6 literals as the URL parser", () => {
  const pieces = fc.constantFrom("0", "1", "ffff", "12345", ":", "::", ".", "1.2.3.4", "g", "0db8");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 17, size: "max" }), (parts) => {
      const text = parts.join("");
      const mine = parseIp(text);
      if (mine?.family === 4) return;
      assert.equal(mine !== undefined, URL.canParse(`http://[${text}]/`), text);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("ipFromBytes copies the bytes and refuses other lengths", () => {
  const bytes = Uint8Array.of(10, 0, 0, 1);
  const address = ipFromBytes(bytes);
  bytes[0] = 11;
  assert.deepEqual([...bytesOf(address)], [10, 0, 0, 1]);
  for (const length of [0, 3, 5, 15, 17]) {
    assert.throws(() => ipFromBytes(new Uint8Array(length)), /need 4 or 16 bytes/);
  }
});

Deno.test("compareIp: IPv4 before IPv6, then by number, then by zone", () => {
  const sorted = [
    "0.0.0.0",
    "9.255.255.255",
    "10.0.0.9",
    "10.0.0.10",
    "10.0.0.100",
    "255.0.0.0",
    "::",
    "::ffff:1.2.3.4",
    "2001:db8::1",
    "2001:db8::a",
    "2001:db8::10",
    "fe80::1",
    "fe80::1%a",
    "fe80::1%b",
  ];
  const parse = (text: string) => parseIp(text, { allowZone: true })!;
  const shuffled = [...sorted].reverse().map(parse).sort(compareIp);
  assert.deepEqual(shuffled.map((address) => address.text), sorted);
  for (const text of sorted) assert.equal(compareIp(parse(text), parse(text)), 0);
});

Deno.test("compareIp is a total order that agrees with equality of texts", () => {
  fc.assert(fc.property(anyBytes, anyBytes, anyBytes, (x, y, z) => {
    const [a, b, c] = [ipFromBytes(x), ipFromBytes(y), ipFromBytes(z)];
    assert.equal(Math.sign(compareIp(a, b)) + Math.sign(compareIp(b, a)), 0);
    assert.equal(compareIp(a, b) === 0, a.text === b.text);
    if (compareIp(a, b) <= 0 && compareIp(b, c) <= 0) assert.ok(compareIp(a, c) <= 0);
  }));
});

Deno.test("addressKind() detects addresses of more than one host, and IPv4 addresses in the form of IPv6", () => {
  const cases: readonly (readonly [text: string, kind: string])[] = [
    ["10.0.0.1", "host"],
    ["223.255.255.255", "host"],
    ["169.254.1.1", "host"],
    ["2001:db8::1", "host"],
    ["64:ff9b::10.0.0.1", "host"],
    ["fc00::1", "host"],
    ["fec0::1", "host"],
    ["0:0:0:0:0:1::", "host"],
    ["::ffff:0:10.0.0.1", "host"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["::1", "loopback"],
    ["fe80::1", "link-local"],
    ["febf::1", "link-local"],
    ["0.0.0.0", "unspecified"],
    ["::", "unspecified"],
    ["0.0.0.1", "this-network"],
    ["255.255.255.255", "broadcast"],
    ["224.0.0.1", "multicast"],
    ["239.255.255.255", "multicast"],
    ["ff02::1", "multicast"],
    ["::ffff:10.0.0.10", "ipv4-mapped"],
    ["::ffff:0:0", "ipv4-mapped"],
    ["::10.0.0.1", "ipv4-compatible"],
    ["::2", "ipv4-compatible"],
    ["::1:1", "ipv4-compatible"],
  ];
  for (const [text, kind] of cases) assert.equal(addressKind(parseIp(text)!), kind, text);
  assert.equal(addressKind(parseIp("fe80::1%eth0", { allowZone: true })!), "link-local");
});

Deno.test("embeddedIpv4() is the IPv4 address that a mapped address stands for", () => {
  for (const text of ["::ffff:10.0.0.10", "::10.0.0.10"]) {
    assert.equal(embeddedIpv4(parseIp(text)!).text, "10.0.0.10");
  }
});

Deno.test("plainAddress() removes the prefix of an IPv4-mapped address", () => {
  assert.equal(plainAddress("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(plainAddress("2001:db8::1"), "2001:db8::1");
});
