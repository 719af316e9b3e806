import assert from "node:assert/strict";
import { bytesOf, parseIp } from "../../base/address.ts";
import { echoPacket, encapsulate } from "./packet.ts";
import { TunnelRecords, type TunnelTarget } from "./records.ts";

Deno.test("TunnelRecords has the packet of each target, in its own tunnel", () => {
  const bytes = (text: string) => bytesOf(parseIp(text)!);
  const targets: readonly TunnelTarget[] = [["192.0.2.80", "10.0.0.2"], ["2001:db8::80", "fd00::2"]]
    .map(([vip, source], i) => ({
      destination: bytes(vip!),
      source: bytes(source!),
      scope: 0,
      // The second in a tunnel of IPv4, too.
      tunnel: { source: bytes("203.0.113.9"), destination: bytes(`10.0.1.${i}`) },
    }));
  const records = new TunnelRecords(2);
  for (const [index, target] of targets.entries()) {
    const echo = { id: 7, seq: index, token: new Uint8Array(16).fill(index + 1) };
    records.put(index, 4, { target, echo });
    const packet = encapsulate(target.tunnel, echoPacket(target, echo));
    const record = records.first(index + 1).subarray(144 * index);
    assert.equal(new DataView(record.buffer, record.byteOffset).getUint32(12, true), packet.length);
    assert.equal(record.subarray(16, 16 + packet.length).toHex(), packet.toHex());
    assert.deepEqual([records.status(index), records.sentMs(index)], [0, 0]);
  }
  const more = { target: targets[0]!, echo: { id: 7, seq: 2, token: new Uint8Array(16) } };
  assert.throws(() => records.put(2, 4, more), /record 2 of 2/);
});
