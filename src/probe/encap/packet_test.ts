/** Packets of the encapsulated path, against bytes that another program computed (Python). */
import assert from "node:assert/strict";
import { fuzz, mutateBytes, rounds } from "../../../tests/support/fakes/fuzz.ts";
import { bytesOf, parseIp } from "../../base/address.ts";
import { echoPacket, encapsulate, type Ends, type Syn, synPacket, tcpAnswer } from "./packet.ts";

const TOKEN = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const ECHO = { id: 0x1234, seq: 0xfedc, token: TOKEN };
const SYN: Syn = { sourcePort: 40_000, port: 443, sequence: 0xfedcba98 };

function ends(source: string, destination: string): Ends {
  return { source: bytesOf(parseIp(source)!), destination: bytesOf(parseIp(destination)!) };
}

const TO_VIP = { 4: ends("10.77.0.2", "192.0.2.80"), 6: ends("fd77::2", "2001:db8:77::80") };
const TUNNEL = { 4: ends("198.51.100.1", "10.77.0.9"), 6: ends("2001:db8::254", "fd77::9") };

const EXPECTED = {
  echo4: "45000034000040000101ad2a0a4d0002c000025008000b651234fedc6d61676c65766400a0a1a2a3" +
    "a4a5a6a7a8a9aaabacadaeaf",
  syn4: "45000028000040000106ad310a4d0002c00002509c4001bbfedcba98000000005002ffff8bd20000",
  echo6: "6000000000203a01fd77000000000000000000000000000220010db8007700000000000000000080" +
    "800066e01234fedc6d61676c65766400a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
  syn6: "6000000000140601fd77000000000000000000000000000220010db8007700000000000000000080" +
    "9c4001bbfedcba98000000005002ffff2c480000",
};

const OUTER = {
  echo4in4: "4500004c000000007f2f06f9c63364010a4d00090000080045000034000040000101ad2a0a4d0002" +
    "c000025008000b651234fedc6d61676c65766400a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
  syn4in6: "60000000002c2f7f20010db8000000000000000000000254fd770000000000000000000000000009" +
    "0000080045000028000040000106ad310a4d0002c00002509c4001bbfedcba98000000005002ffff" +
    "8bd20000",
  echo6in4: "45000060000000007f2f06e5c63364010a4d0009000086dd6000000000203a01fd77000000000000" +
    "000000000000000220010db8007700000000000000000080800066e01234fedc6d61676c65766400" +
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
  syn6in6: "6000000000402f7f20010db8000000000000000000000254fd770000000000000000000000000009" +
    "000086dd6000000000140601fd77000000000000000000000000000220010db80077000000000000" +
    "000000809c4001bbfedcba98000000005002ffff2c480000",
};

Deno.test("echoPacket() and synPacket() are packets of a client, in both families", () => {
  assert.equal(echoPacket(TO_VIP[4], ECHO).toHex(), EXPECTED.echo4);
  assert.equal(synPacket(TO_VIP[4], SYN).toHex(), EXPECTED.syn4);
  assert.equal(echoPacket(TO_VIP[6], ECHO).toHex(), EXPECTED.echo6);
  assert.equal(synPacket(TO_VIP[6], SYN).toHex(), EXPECTED.syn6);
});

Deno.test("encapsulate() wraps both families in both", () => {
  const wrapped = (tunnel: Ends, hex: string) =>
    encapsulate(tunnel, Uint8Array.fromHex(hex)).toHex();
  assert.equal(wrapped(TUNNEL[4], EXPECTED.echo4), OUTER.echo4in4);
  assert.equal(wrapped(TUNNEL[6], EXPECTED.syn4), OUTER.syn4in6);
  assert.equal(wrapped(TUNNEL[4], EXPECTED.echo6), OUTER.echo6in4);
  assert.equal(wrapped(TUNNEL[6], EXPECTED.syn6), OUTER.syn6in6);
});

/** A segment from the VIP to the client. */
function segment(
  { flags = 0x12, port = SYN.port, sourcePort = SYN.sourcePort, acknowledged = 0xfedcba99 } = {},
): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, port);
  view.setUint16(2, sourcePort);
  view.setUint32(4, 77);
  view.setUint32(8, acknowledged);
  bytes[12] = 6 << 4;
  bytes[13] = flags;
  return bytes;
}

Deno.test("tcpAnswer() accepts a SYN-ACK or a reset that acknowledges the SYN, and nothing else", () => {
  assert.equal(tcpAnswer(segment(), SYN), "accepted");
  // With congestion notification (ECE).
  assert.equal(tcpAnswer(segment({ flags: 0x52 }), SYN), "accepted");
  assert.equal(tcpAnswer(segment({ flags: 0x14 }), SYN), "refused");
  const last = { ...SYN, sequence: 0xffffffff };
  assert.equal(tcpAnswer(segment({ acknowledged: 0 }), last), "accepted");
  for (
    const other of [
      segment({ flags: 0x10 }),
      segment({ flags: 0x02 }),
      segment({ flags: 0x04 }),
      segment({ flags: 0x16 }),
      segment({ flags: 0 }),
      segment({ port: 444 }),
      segment({ sourcePort: 40_001 }),
      segment({ acknowledged: SYN.sequence }),
      segment({ acknowledged: 0xfedcba9a }),
      segment().subarray(0, 19),
      new Uint8Array(0),
    ]
  ) assert.equal(tcpAnswer(other, SYN), undefined, other.toHex());
});

Deno.test("tcpAnswer() reads any bytes to an end, and only the numbers of the SYN pass", () => {
  const { seed, below } = fuzz();
  for (let round = 0; round < rounds(2000); round++) {
    const bytes = mutateBytes(segment(), below);
    if (tcpAnswer(bytes, SYN) === undefined) continue;
    assert.equal(bytes.subarray(0, 4).toHex(), segment().subarray(0, 4).toHex(), `seed ${seed}`);
    assert.equal(bytes.subarray(8, 12).toHex(), "fedcba99", `seed ${seed}`);
  }
});
