import assert from "node:assert/strict";
import fc from "fast-check";
import { executeOn } from "../../../tests/support/worlds/plugin_lb.ts";
import { fuzz, mutateText, rounds } from "../../../tests/support/fakes/fuzz.ts";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { arbitraryDesired, ip } from "../../../tests/support/fakes/vips.ts";
import { parseIp } from "../../base/address.ts";
import { LbPlugin } from "../../sim/plugin/plugin.ts";
import { showVipsVerbose } from "../../sim/plugin/show.ts";
import { vipKeyText } from "./model.ts";
import { plan } from "../../../tests/support/worlds/plans.ts";
import { operationsOf } from "./plan.ts";
import { parseVipsVerbose } from "./vips_verbose.ts";

/** The output of a running VPP. */
const TEXT = ` ip4-gre4 [1] 198.51.100.11/32
  new_size:1024
  protocol:6 port:443
  counters:
    packet from existing sessions: 0
    first session packet: 12
    untracked packet: 0
    no server configured: 0
  #as:3
    10.0.0.10 weight:100 buckets:1024 flows:7 dpo:11 used
    10.0.0.2 weight:0 buckets:0 flows:0 dpo:12 used
    10.0.0.3 weight:0 buckets:0 flows:0 dpo:13  removed

 ip6-gre6 [2] 2001:db8:1::10/128 src_ip_sticky removed
  new_size:65536
  counters:
    packet from existing sessions: 0
    first session packet: 0
    untracked packet: 0
    no server configured: 0
  #as:0

 ip4-nat4 [3] 198.51.100.0/24
  new_size:2
  protocol:17 port:53
  type:nodeport port:13568 target_port:8080  counters:
    packet from existing sessions: 0
    first session packet: 0
    untracked packet: 0
    no server configured: 18446744073709551615
  #as:0

 ip4-l3dsr [4] 198.51.100.12/32 src_ip_sticky
  new_size:1024
  protocol:6 port:80
  dscp:63
  counters:
    packet from existing sessions: 0
    first session packet: 0
    untracked packet: 0
    no server configured: 0
  #as:1
    10.0.0.1 weight:255 buckets:1024 flows:0 dpo:11 used

`;

Deno.test("parseVipsVerbose() reads all fields that the plugin prints", () => {
  const result = parseVipsVerbose(TEXT);
  assert.ok(result.ok);
  const [first, second, third, fourth] = result.vips;
  assert.deepEqual(first, {
    address: ip("198.51.100.11"),
    prefixLength: 32,
    protocol: 6,
    port: 443,
    poolIndex: 1,
    encap: "gre4",
    srcIpSticky: false,
    removed: false,
    newFlowsTableLength: 1024,
    servers: [
      { address: "10.0.0.10", weight: 100, buckets: 1024, flows: 7, dpo: 11, used: true },
      { address: "10.0.0.2", weight: 0, buckets: 0, flows: 0, dpo: 12, used: true },
      { address: "10.0.0.3", weight: 0, buckets: 0, flows: 0, dpo: 13, used: false },
    ],
  });
  assert.deepEqual(second, {
    address: ip("2001:db8:1::10"),
    prefixLength: 128,
    protocol: 255,
    port: 0,
    poolIndex: 2,
    encap: "gre6",
    srcIpSticky: true,
    removed: true,
    newFlowsTableLength: 65536,
    servers: [],
  });
  assert.equal(third!.encap, "nat4");
  assert.equal(third!.prefixLength, 24);
  assert.equal(fourth!.encap, "l3dsr");
  assert.equal(fourth!.srcIpSticky, true);
  assert.equal(result.vips.length, 4);
});

Deno.test("parseVipsVerbose() returns an empty list for a VPP without VIPs", () => {
  for (const text of ["", "\n", "\n\n"]) {
    assert.deepEqual(parseVipsVerbose(text), { ok: true, vips: [] });
  }
});

const BAD: readonly { name: string; from: string; to: string; line: number; expected: string }[] = [
  {
    name: "an unknown type",
    from: " ip4-gre4",
    to: " _WRONG_TYPE_",
    line: 1,
    expected: "a VIP type",
  },
  { name: "no leading blank", from: " ip4-gre4", to: "ip4-gre4", line: 1, expected: "a VIP" },
  { name: "a bad index", from: "[1]", to: "[x]", line: 1, expected: "a pool index" },
  {
    name: "an index beyond 32 bits",
    from: "[1]",
    to: "[4294967296]",
    line: 1,
    expected: "a pool index",
  },
  {
    name: "a bad address",
    from: "198.51.100.11",
    to: "198.51.100.256",
    line: 1,
    expected: "an IP address",
  },
  { name: "a bad prefix length", from: "11/32", to: "11/33", line: 1, expected: "a prefix length" },
  {
    name: "a new flag",
    from: "11/32",
    to: "11/32 shiny",
    line: 1,
    expected: "the end of the line",
  },
  {
    name: "a missing table size",
    from: "  new_size:1024\n",
    to: "",
    line: 2,
    expected: "new_size",
  },
  { name: "an empty table size", from: "1024", to: "", line: 2, expected: "a table length" },
  { name: "a leading zero", from: "1024", to: "01024", line: 2, expected: "a table length" },
  { name: "a port out of range", from: "443", to: "65536", line: 3, expected: "a port" },
  { name: "an unknown line", from: "  counters", to: "  colours", line: 4, expected: "counters" },
  {
    name: "a new counter name",
    from: "first",
    to: "last",
    line: 6,
    expected: 'counter "first session packet"',
  },
  {
    name: "a negative counter",
    from: "packet: 12",
    to: "packet: -12",
    line: 6,
    expected: "a count",
  },
  {
    name: "fewer servers than announced",
    from: "#as:3",
    to: "#as:4",
    line: 13,
    expected: "a server",
  },
  {
    name: "more servers than announced",
    from: "#as:3",
    to: "#as:2",
    line: 12,
    expected: "a VIP type",
  },
  {
    name: "a weight beyond 8 bits",
    from: "weight:100",
    to: "weight:256",
    line: 10,
    expected: "a weight",
  },
  {
    name: "an unknown state",
    from: "dpo:12 used",
    to: "dpo:12 lost",
    line: 11,
    expected: '"used" or "removed"',
  },
  {
    name: "one blank before removed",
    from: "  removed",
    to: " removed",
    line: 12,
    expected: '"used" or "removed"',
  },
];

for (const { name, from, to, line, expected } of BAD) {
  Deno.test(`parseVipsVerbose() rejects ${name} and names the line`, () => {
    const result = parseVipsVerbose(TEXT.replace(from, to));
    assert.ok(!result.ok);
    assert.equal(result.line, line);
    assert.equal(result.message.split(", found")[0], `expected ${expected}`);
  });
}

Deno.test("parseVipsVerbose() truncates quoted text", () => {
  const result = parseVipsVerbose("x".repeat(5000));
  assert.ok(!result.ok);
  assert.ok(result.message.length < 130, result.message);
});

Deno.test("parseVipsVerbose() rejects a text that is cut at any place", () => {
  // A text cut after a VIP is valid; cut anywhere else it is an error.
  const whole = new Set(
    [...TEXT.matchAll(/\n\n/g)].flatMap((m) => [m.index, m.index + 1, m.index + 2]),
  );
  for (let length = 1; length < TEXT.length; length++) {
    const result = parseVipsVerbose(TEXT.slice(0, length));
    // Digits and words at the end of the last line may be cut and still be valid.
    const inside = /(#as:|used|removed)$/.test(TEXT.slice(0, length)) ||
      /#as:0$/.test(TEXT.slice(0, length));
    if (!whole.has(length) && !inside) {
      assert.ok(!result.ok, JSON.stringify(TEXT.slice(length - 20, length)));
    }
  }
});

Deno.test("parseVipsVerbose() returns the VIPs that the plugin was programmed with", () => {
  fc.assert(
    fc.property(arbitraryDesired(), (vips) => {
      const plugin = new LbPlugin(monotonic(0));
      for (const operation of operationsOf(plan(vips, [], { remove: true, weights: true }))) {
        executeOn(plugin, operation);
      }
      const result = parseVipsVerbose(showVipsVerbose(plugin));
      assert.ok(result.ok);
      const shown = result.vips.map((vip) => ({
        key: vipKeyText(vip),
        encap: vip.encap,
        sticky: vip.srcIpSticky,
        length: vip.newFlowsTableLength,
        servers: vip.servers.map((server) => `${server.address} ${server.weight}`).sort(),
      }));
      const wanted = vips.map((vip) => ({
        key: vipKeyText(vip),
        encap: vip.encap,
        sticky: vip.srcIpSticky,
        length: vip.newFlowsTableLength,
        servers: vip.servers.map((server) => `${server.address.text} ${server.weight}`).sort(),
      }));
      const byKey = (a: { key: string }, b: { key: string }) => a.key < b.key ? -1 : 1;
      assert.deepEqual(shown.sort(byKey), wanted.sort(byKey));
    }),
  );
});

const OLDER_TEXT = ` ip4-gre4 [2] 192.0.2.2/32 src_ip_sticky
  new_size:1024
  protocol:6 port:80
  counters:
    packet from existing sessions: 0
    first session packet: 0
    untracked packet: 0
    no server configured: 0
  #as:2
    10.0.0.1 1024 buckets   0 flows  dpo:9 used
    10.0.0.2 0 buckets   18446744073709551615 flows  dpo:11  removed

`;

Deno.test("parseVipsVerbose() reads what 26.06 printed", () => {
  const result = parseVipsVerbose(OLDER_TEXT);
  assert.ok(result.ok);
  assert.deepEqual(result.vips.map(vipKeyText), ["192.0.2.2/32 6 80"]);
  assert.deepEqual(result.vips[0]!.servers, [
    { address: "10.0.0.1", weight: 100, buckets: 1024, flows: 0, dpo: 9, used: true },
    { address: "10.0.0.2", weight: 100, buckets: 0, flows: 2 ** 64, dpo: 11, used: false },
  ]);
  const bad = parseVipsVerbose(OLDER_TEXT.replace("10.0.0.2 0", "10.0.0.256 0"));
  assert.ok(!bad.ok);
  assert.match(bad.message, /^expected an IP address, found /);
});

const ROUNDS = rounds(20_000);

Deno.test(`parseVipsVerbose() survives ${ROUNDS} mutations of the text`, () => {
  const { seed, below } = fuzz();
  for (let i = 0; i < ROUNDS; i++) {
    const text = mutateText(below(2) === 0 ? TEXT : OLDER_TEXT, below);
    const what = `seed ${seed}, round ${i}: ${JSON.stringify(text)}`;
    const result = parseVipsVerbose(text);
    if (!result.ok) {
      assert.ok(result.line >= 1 && result.line <= text.split("\n").length + 1, what);
      assert.ok(result.message.length < 200, what);
      continue;
    }
    for (const vip of result.vips) {
      assert.ok(Number.isSafeInteger(vip.poolIndex) && vip.port <= 65535, what);
      for (const { address, weight } of vip.servers) {
        assert.ok(weight <= 255 && parseIp(address) !== undefined, what);
      }
    }
  }
});

const TRANSCRIPT = new URL(
  "../../../../shared/vpp/transcripts/show-lb-vips-verbose.json",
  import.meta.url,
);
const recorded = await Deno.readTextFile(TRANSCRIPT).catch(() => undefined);

Deno.test({
  // Skipped without the recordings of a real VPP next to the checkout.
  name: "parseVipsVerbose() reads the recording of a real VPP",
  ignore: recorded === undefined,
  fn() {
    const messages: { dir: string; hex: string }[] = JSON.parse(recorded!);
    const hex = messages.find((message) => message.dir === "recv")!.hex;
    // After u16 id, u32 context, i32 retval, u32 length.
    const bytes = Uint8Array.from(hex.slice(28).match(/../g)!, (byte) => parseInt(byte, 16));
    const result = parseVipsVerbose(new TextDecoder().decode(bytes));
    assert.ok(result.ok);
    assert.deepEqual(
      result.vips.map((vip) => [vip.poolIndex, vipKeyText(vip), vip.encap, vip.srcIpSticky]),
      [
        [1, "198.51.100.11/32 6 443", "gre4", false],
        [2, "2001:db8:1::10/128 17 53", "gre6", true],
        [3, "198.51.100.12/32 255 0", "gre6", false],
      ],
    );
  },
});
