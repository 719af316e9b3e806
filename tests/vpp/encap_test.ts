/**
 * The packets of src/probe/encap against those of a real VPP: both families in both tunnels, byte
 * for byte but for ids and checksums of IPv4 headers.
 */
import assert from "node:assert/strict";
import { bytesOf, parseIp } from "../../src/base/address.ts";
import { echoPacket, encapsulate, type Ends, synPacket } from "../../src/probe/encap/packet.ts";
import { startVpp } from "./support.ts";
import { NO_WIRE, Wire } from "./wire.ts";

const SCRIPT = new URL("encap.py", import.meta.url).pathname;
const SOURCES = { 4: "198.51.100.1", 6: "2001:db8:ff::1" } as const;
/** Addresses of the namespace that sends, which is the server as well. */
const OWN = { 4: "10.77.0.2", 6: "fd77::2" } as const;
const ECHO = { id: 0x1234, seq: 7, token: Uint8Array.from({ length: 16 }, (_, i) => i + 1) };
const SYN = { sourcePort: 40_000, port: 443, sequence: 0x12345678 };

type Family = 4 | 6;

/** A VIP of each family in each tunnel. */
const VIPS: readonly (readonly [vip: string, inner: Family, outer: Family])[] = [
  ["192.0.2.80", 4, 4],
  ["192.0.2.81", 4, 6],
  ["2001:db8:77::80", 6, 4],
  ["2001:db8:77::81", 6, 6],
];

function ends(source: string, destination: string): Ends {
  return { source: bytesOf(parseIp(source)!), destination: bytesOf(parseIp(destination)!) };
}

/** The packet with zeros for the ids and checksums of its IPv4 headers. */
function masked(packet: Uint8Array): string {
  const bytes = packet.slice();
  for (const at of [0, bytes[0]! >> 4 === 4 ? 24 : 44]) {
    if (bytes[at]! >> 4 !== 4) continue;
    bytes.fill(0, at + 4, at + 6);
    bytes.fill(0, at + 10, at + 12);
  }
  return bytes.toHex();
}

Deno.test({
  name: `real VPP: encapsulated probes are the packets that VPP sends${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  async fn() {
    await using wire = await new Wire().make();
    await using vpp = await startVpp({ netns: wire.inside });
    await wire.plug(vpp);
    await vpp.cli(`lb conf ip4-src-address ${SOURCES[4]} ip6-src-address ${SOURCES[6]}`);
    for (const [vip, inner, outer] of VIPS) {
      const prefix = `${vip}/${inner === 4 ? 32 : 128}`;
      await vpp.cli(`lb vip ${prefix} encap gre${outer}`);
      await vpp.cli(`lb as ${prefix} ${OWN[outer]}`);
    }
    const probes = VIPS.flatMap(([vip, inner, outer]) => {
      const path = ends(OWN[inner], vip);
      const tunnel = ends(SOURCES[outer], OWN[outer]);
      return [echoPacket(path, ECHO), synPacket(path, SYN)].map((packet) => ({ tunnel, packet }));
    });
    const { stdout, success } = await new Deno.Command("ip", {
      args: ["netns", "exec", wire.outside, "python3", SCRIPT, "mlv1"]
        .concat(probes.map(({ packet }) => packet.toHex())),
    }).output();
    assert.ok(success);
    const seen: [string | null, string | null][] = JSON.parse(new TextDecoder().decode(stdout));
    for (const [i, { tunnel, packet }] of probes.entries()) {
      const [sent, wrapped] = seen[i]!;
      const what = `probe ${i}`;
      assert.ok(sent !== null && wrapped !== null, `${what} did not come back in GRE`);
      assert.equal(masked(Uint8Array.fromHex(sent)), masked(packet), `${what} as it was sent`);
      assert.equal(
        masked(encapsulate(tunnel, packet)),
        masked(Uint8Array.fromHex(wrapped)),
        `${what} in GRE`,
      );
    }
  },
});
